//! The one table of functions: what the compiler knows, what the reference page prints, and what the tests run.
//!
//! Invariant: every function's examples are executed by a test, so the page cannot say what is not so.

pub(crate) mod convert;
mod dates;
mod logic;
mod matching;
mod nested;
mod number;
mod similarity;
mod tables;
mod text;
mod text_run;

use super::check::{Arg, Call, Checked, Checker, Weight};
use super::eval::{Cx, Stop};
use super::outcome::Code;
use super::plan::Run;
use super::scope::Target;
use super::tools;
use banyan_words::{Type, Value};
use std::borrow::Cow;

/// A function of the formula language.
pub struct Function {
    /// Its name, in capitals.
    pub name: &'static str,
    /// How it is called: `LEFT(text [, n])`.
    pub signature: &'static str,
    /// The word of its result's type.
    pub result: &'static str,
    /// What it does.
    pub about: &'static str,
    /// What null and missing arguments do.
    pub absent: &'static str,
    /// How it can fail.
    pub fails: &'static [Fault],
    /// Formulas over the sample record, and what they come to.
    pub examples: &'static [(&'static str, &'static str)],
    /// Least and most arguments.
    pub(crate) arity: (usize, usize),
    pub(crate) body: Body,
}

/// One way in which a function can fail.
pub struct Fault {
    /// Its code.
    pub code: Code,
    /// When it happens.
    pub when: &'static str,
    pub(crate) weight: Weight,
}

impl Fault {
    const fn new(code: Code, weight: Weight, when: &'static str) -> Fault {
        Fault { code, when, weight }
    }
}

/// A check of its own.
pub(crate) type Check = for<'a, 's, 'c, 'e> fn(&'a mut Checker<'s>, &'c Call<'e>) -> Checked;
/// The same for functions whose branches go into the field one by one.
pub(crate) type BranchCheck =
    for<'a, 's, 'c, 'e, 't> fn(&'a mut Checker<'s>, &'c Call<'e>, Option<&'t Target<'t>>) -> Checked;

/// How a function is checked and run.
pub(crate) enum Body {
    /// Arguments of fixed kinds; null and missing pass through.
    Strict {
        params: &'static [Arg],
        gives: Gives,
        run: Run,
    },
    Special(Check),
    Branching(BranchCheck),
}

/// The type of a strict function's result.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gives {
    Text,
    Integer,
    Boolean,
    Decimal(u8),
    /// That of the first argument.
    Same,
}

impl Gives {
    pub(crate) fn of(self, first: Option<Type>) -> Option<Type> {
        Some(match self {
            Gives::Text => Type::Text,
            Gives::Integer => Type::Integer,
            Gives::Boolean => Type::Boolean,
            Gives::Decimal(scale) => Type::Decimal { precision: 38, scale },
            Gives::Same => return first,
        })
    }
}

/// What most functions do with null and missing.
const PASSES: &str = "a null argument gives NULL, a missing one MISSING";
/// Weightless failures of arguments that are out of range.
const RANGE: Fault = Fault::new(Code::BadType, Weight::Silent, "a count or position is out of range");

const GROUPS: [(&str, &[Function]); 8] = [
    ("Text", text::TABLE),
    ("Conditions and absent values", logic::TABLE),
    ("Numbers", number::TABLE),
    ("Conversions", convert::TABLE),
    ("Dates and times", dates::TABLE),
    ("Lookups and references", tables::TABLE),
    ("Patterns and likeness", matching::TABLE),
    ("Lists, objects and XML", nested::TABLE),
];

/// The functions, by group.
pub fn functions() -> impl Iterator<Item = (&'static str, &'static [Function])> {
    GROUPS.into_iter()
}

pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.iter().flat_map(|(_, table)| table.iter())
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|f| f.name == name)
}

/// What to say instead of a spreadsheet function that is not there.
pub(crate) fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "IFERROR" | "IFNA" | "ISERROR" | "ISNA" => "a step that fails is caught with: … ELSE value",
        "VLOOKUP" | "XLOOKUP" | "HLOOKUP" | "INDEX" | "MATCH" => "declare a lookup and say LOOKUP(\"name\", key)",
        "VALUE" | "NUMBERVALUE" => "say DECIMAL(text) or INTEGER(text)",
        "DATEVALUE" => "say DATE(text, \"pattern\")",
        "CONCATENATE" => "say CONCAT(…) or a & b",
        "SEARCH" => "say FIND(part, text)",
        "EXACT" => "say a = b, which is exact",
        "TODAY" | "NOW" => "a formula has no clock: the same record always gives the same value",
        "RAND" | "RANDBETWEEN" => "a formula draws nothing: the same record always gives the same value",
        "NVL" | "IFNULL" => "say COALESCE(a, b)",
        "SUBSTR" | "SUBSTRING" => "say MID(text, start, n)",
        "LENGTH" => "say LEN(text)",
        "NULLIF" => "say IF(a = b, NULL, a), or BLANKNULL(a)",
        "TRUNC" => "say ROUNDDOWN(x, 0)",
        "REJECT" | "KEEP" => "it takes its code without parentheses: REJECT \"code\"",
        _ => return None,
    })
}

/// Argument `i`, taken.
fn take<'r>(args: &mut [Value<'r>], i: usize) -> Value<'r> {
    args.get_mut(i).map_or(Value::Null, |v| std::mem::replace(v, Value::Null))
}

/// Argument `i` as text.
fn text<'r>(args: &mut [Value<'r>], i: usize, cx: &Cx<'r>) -> Result<Cow<'r, str>, Stop<'r>> {
    match args.get_mut(i) {
        Some(Value::Text(t)) => Ok(std::mem::take(t)),
        _ => tools::text(take(args, i), cx),
    }
}

/// Argument `i` as a count; `default` if it was not written.
fn count<'r>(args: &[Value<'r>], i: usize, default: i64, cx: &Cx<'r>) -> Result<usize, Stop<'r>> {
    let n = match args.get(i) {
        Some(v) => super::numbers::whole(v, cx)?,
        None => default,
    };
    usize::try_from(n).map_err(|_| cx.fail(Code::BadType, || format!("{n} is below zero")))
}
