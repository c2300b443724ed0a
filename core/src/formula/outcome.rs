//! What evaluating a formula may come to.

use super::ast::quote;
use banyan_words::Value;
use std::borrow::Cow;
use std::fmt;

/// Why a step of a formula failed, where no `ELSE` of the author gives a code. Permanent, as all codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A value is not what a conversion, a function or the field needs.
    BadType,
    /// A result has more than 38 digits, or a whole number more than 64 bits.
    Overflow,
    /// A quotient has endless digits.
    Inexact,
    /// Division by zero.
    ByZero,
    /// A lookup has no row for its keys.
    NotFound,
    /// No condition of `IFS` or case of `SWITCH` holds.
    NoCase,
    /// A part of a key is empty or cannot be part of a key.
    BadKey,
    /// A text is not one of the field's values.
    BadEnum,
    /// A text is longer than the field allows.
    TooLong,
    /// A text has not the form the field demands.
    BadFormat,
    /// A search found nothing.
    NoMatch,
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 11] = [
        Code::BadType,
        Code::Overflow,
        Code::Inexact,
        Code::ByZero,
        Code::NotFound,
        Code::NoCase,
        Code::BadKey,
        Code::BadEnum,
        Code::TooLong,
        Code::BadFormat,
        Code::NoMatch,
    ];

    /// The code as it stands in dead letters.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::BadType => "bad-type",
            Code::Overflow => "overflow",
            Code::Inexact => "inexact",
            Code::ByZero => "division-by-zero",
            Code::NotFound => "not-found",
            Code::NoCase => "no-case",
            Code::BadKey => "bad-key",
            Code::BadEnum => "bad-enum",
            Code::TooLong => "too-long",
            Code::BadFormat => "bad-format",
            Code::NoMatch => "no-match",
        }
    }

    /// What it says, for reference pages.
    pub fn meaning(self) -> &'static str {
        match self {
            Code::BadType => "a value is not what a conversion, a function or the field needs",
            Code::Overflow => "a result has more than 38 digits, or a whole number more than 64 bits",
            Code::Inexact => "a quotient has endless digits, or digits would be lost without rounding",
            Code::ByZero => "something is divided by zero",
            Code::NotFound => "a lookup has no row for its keys",
            Code::NoCase => "no condition of IFS and no case of SWITCH holds",
            Code::BadKey => "a part of a key is empty, or is of a kind that can be no key",
            Code::BadEnum => "a text is not one of the values its field lists",
            Code::TooLong => "a text is longer than its field allows",
            Code::BadFormat => "a text has not the form its field demands",
            Code::NoMatch => "a search or pattern finds nothing",
        }
    }
}

/// The code of a record that was evaluated before its lookup rows were fetched. No `ELSE` catches it: it would answer
/// for rows that nobody has looked at.
pub const NOT_LOADED: &str = "lookup-not-loaded";

/// What a formula says about its field.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// This value; [`Value::Missing`] says nothing, so that the next owner speaks.
    Value(Value<'a>),
    /// The field keeps its last good value, with a warning of that code.
    Keep(&'a str),
    /// The record becomes a dead letter.
    Reject {
        /// Declared by the formula, or one of [`Code`].
        code: &'a str,
        /// What happened, with the value concerned.
        message: String,
    },
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Value(v) => f.write_str(&show(v)),
            Outcome::Keep(code) => {
                f.write_str("KEEP ")?;
                quote(code, f)
            }
            Outcome::Reject { code, .. } => {
                f.write_str("REJECT ")?;
                quote(code, f)
            }
        }
    }
}

/// A value as a formula would spell it: texts in quotes, dates plain, lists in brackets.
pub fn show(v: &Value<'_>) -> String {
    let mut out = String::new();
    write_value(v, &mut out);
    out
}

fn write_value(v: &Value<'_>, out: &mut String) {
    match v {
        Value::Missing => out.push_str("MISSING"),
        Value::Null => out.push_str("NULL"),
        Value::Boolean(b) => out.push_str(if *b { "TRUE" } else { "FALSE" }),
        Value::Text(t) => {
            let _ = quote(t, out);
        }
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (name, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_str(name);
                out.push_str(": ");
                write_value(member, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_text().unwrap_or(Cow::Borrowed(""))),
    }
}

/// The same, cut to what fits into a message.
pub(crate) fn brief(v: &Value<'_>) -> String {
    let full = show(v);
    match full.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", full.get(..at).unwrap_or("")),
        None => full,
    }
}
