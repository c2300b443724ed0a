//! The compiled form of a formula: a tree with columns numbered, patterns compiled and lookups resolved.
//!
//! Invariant: nothing in a plan depends on the record; one plan serves any number of threads and batches.
//! Not here: how a plan is made (`check`) or run (`eval`).

use super::ast::{Op, Span};
use super::eval::{Cx, R};
use super::moments::{Moment, Pattern};
use super::numbers::{NumberPattern, Rounding};
use super::xml::Path;
use banyan_words::id::IdHasher;
use banyan_words::{Type, Value};
use jiff::tz::TimeZone;
use regex::Regex;

/// One step of a plan and the part of the formula's text it stands for.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) step: Step,
}

/// A function that needs its evaluated arguments only; none of them is null or missing.
pub(crate) type Run = for<'a, 'r> fn(&'a mut [Value<'r>], &'a Cx<'r>) -> R<'r>;
/// A function that sees null and missing arguments.
pub(crate) type Gather = for<'a, 'r> fn(&'r [Node], &'a Cx<'r>) -> R<'r>;

/// How many arguments a [`Step::Call`] may have.
pub(crate) const MOST_ARGS: usize = 4;
/// How many keys a lookup or reference may have.
pub(crate) const MOST_KEYS: usize = 8;

/// What a node does.
pub(crate) enum Step {
    Column(u32),
    Text(Box<str>),
    /// Any constant but text.
    Const(Value<'static>),
    Keep(Box<str>),
    Reject(Box<str>),
    Else(Box<(Node, Node)>),
    Neg(Box<Node>),
    /// `+ - * /`
    Arithmetic(Op, Box<(Node, Node)>),
    /// A quotient rounded as it is made: `ROUND(a / b, n)`.
    Quotient(Rounding, Box<[Node; 3]>),
    Compare(Comparison, Box<(Node, Node)>),
    Concat(Box<[Node]>),
    And(Box<[Node]>),
    Or(Box<[Node]>),
    If(Box<[Node; 3]>),
    Ifs(Box<[(Node, Node)]>),
    Switch(Box<Switch>),
    Coalesce(Box<[Node]>),
    Call(Run, Box<[Node]>),
    Gather(Gather, Box<[Node]>),
    /// Something prepared at compile time, done to one value.
    With(Box<Node>, Box<Tool>),
    Lookup(Box<LookupStep>),
    Ref(Box<(IdHasher, Box<[Node]>)>),
    Object(Box<[(Box<str>, Node)]>),
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("step")
    }
}

/// A comparison; `as_text` where one side is known to be text and the other is not known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparison {
    pub(crate) op: Op,
    pub(crate) as_text: bool,
}

/// `SWITCH`.
pub(crate) struct Switch {
    pub(crate) on: Node,
    pub(crate) cases: Box<[(Comparison, Node, Node)]>,
    pub(crate) default: Option<Node>,
}

/// `LOOKUP`.
pub(crate) struct LookupStep {
    /// The caller's number of the table.
    pub(crate) table: usize,
    pub(crate) name: Box<str>,
    pub(crate) from_dataset: bool,
    pub(crate) keys: Box<[Node]>,
}

/// What [`Step::With`] does to its value.
pub(crate) enum Tool {
    /// Text or number to a date, time or both.
    ReadMoment(Moment, Pattern),
    /// A date, time or both to text.
    ShowMoment(Pattern),
    ShowNumber(NumberPattern),
    Instant(TimeZone),
    DateAdd(Unit, Node),
    Zoned(u8),
    RegexExtract(Regex, usize),
    RegexMatch(Regex),
    RegexReplace(Regex, Box<str>),
    Xml(Path),
    Member(Box<str>),
    Fit(Fit),
}

/// What `DATEADD` counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// What a value must be to stand in its field.
pub(crate) struct Fit {
    pub(crate) ty: Type,
    /// Longest text, in characters.
    pub(crate) max: Option<u32>,
    pub(crate) format: Option<TextFormat>,
}

/// A form that texts of a field must have.
#[derive(Clone, Copy, Debug)]
pub struct TextFormat {
    /// Its name, such as `email`.
    pub name: &'static str,
    /// Whether a text has it.
    pub check: fn(&str) -> bool,
}

/// A compiled formula's plan.
pub(crate) struct Plan {
    pub(crate) root: Node,
    /// Column names, by slot.
    pub(crate) columns: Vec<String>,
    pub(crate) null_texts: Vec<String>,
    pub(crate) null_dates: Vec<String>,
    /// The days among them that are written in ISO form.
    pub(crate) null_days: Vec<jiff::civil::Date>,
    /// True if some lookup's rows come from a dataset, so that the caller must fetch them first.
    pub(crate) fetches: bool,
}
