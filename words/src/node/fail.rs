//! Why a reading stopped; becomes a [`Problem`].
//!
//! A type that reads itself gives its message with `Error::custom`; what follows a line break in it is the hint.

use crate::problem::nearest;
use crate::{Problem, Spot};
use serde::de::{self, Expected, Unexpected};
use std::fmt;

/// What a reading stumbled over; boxed, since every reader returns it.
#[derive(Debug)]
pub(super) struct Fail(Box<Detail>);

#[derive(Debug)]
pub(super) struct Detail {
    pub(super) code: &'static str,
    pub(super) path: Option<String>,
    pub(super) spot: Option<Spot>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// The key that is missing from the map at `path`.
    pub(super) missing: Option<String>,
    /// The path of the made-up value that could not be read either.
    pub(super) phantom: Option<String>,
}

impl Fail {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Fail {
        let (path, spot, hint, missing, phantom) = (None, None, None, None, None);
        Fail(Box::new(Detail { code, path, spot, message: message.into(), hint, missing, phantom }))
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Fail {
        self.hint = Some(hint.into());
        self
    }

    /// Says where, unless an inner reader already has.
    pub(super) fn place(mut self, path: &str, spot: &Spot, secret: bool) -> Fail {
        if self.path.is_none() {
            if secret {
                self.message = "the secret given here is not what is expected".into();
                self.hint = Some("look at what the variable or the file holds".into());
            }
            self.path = Some(path.to_owned());
            // A missing key has no place; its map is best shown by its own key, which only the whole tree knows.
            self.spot = (spot.line > 0 && self.missing.is_none()).then(|| spot.clone());
        }
        self
    }

    pub(super) fn into_problem(self) -> Problem {
        let Detail { code, path, spot, message, hint, .. } = *self.0;
        let mut problem = Problem::error(code, path.unwrap_or_default(), message);
        problem.spot = spot;
        problem.hint = hint;
        problem
    }
}

impl std::ops::Deref for Fail {
    type Target = Detail;
    fn deref(&self) -> &Detail {
        &self.0
    }
}

impl std::ops::DerefMut for Fail {
    fn deref_mut(&mut self) -> &mut Detail {
        &mut self.0
    }
}

/// `a, b, c`.
pub(super) fn listed(words: &[&str]) -> String {
    words.join(", ")
}

/// A key nobody knows.
pub(super) fn unknown_key(path: &str, spot: &Spot, key: &str, known: &[&str]) -> Problem {
    let mut p = Problem::error("unknown-key", path, format!("there is no key `{key}` here"));
    p.spot = (spot.line > 0).then(|| spot.clone());
    p.hint(meant(key, known))
}

/// "did you mean" and all that is valid.
fn meant(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        _ if known.is_empty() => "nothing may be given here".to_owned(),
        Some(k) => format!("did you mean `{k}`? valid are: {}", listed(known)),
        None => format!("valid are: {}", listed(known)),
    }
}

/// Serde's words for what was expected, in ours.
pub(super) fn expected(exp: &dyn Expected) -> String {
    let text = exp.to_string();
    match text.as_str() {
        "a string" => "text".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        "i8" | "i16" | "i32" | "i64" | "i128" => "a whole number".into(),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number, not negative".into(),
        "f32" | "f64" => "a number".into(),
        other => match other.strip_prefix("struct ") {
            Some(_) => "a map".into(),
            None => text,
        },
    }
}

fn found(unexp: Unexpected<'_>) -> String {
    match unexp {
        Unexpected::Str(s) => format!("`{}`", super::scalar::shown(s)),
        Unexpected::Bool(b) => format!("`{b}`"),
        Unexpected::Unsigned(n) => format!("`{n}`"),
        Unexpected::Signed(n) => format!("`{n}`"),
        Unexpected::Float(n) => format!("`{n}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::Map => "a map".into(),
        other => other.to_string(),
    }
}

impl de::Error for Fail {
    fn custom<T: fmt::Display>(msg: T) -> Self {
        let text = msg.to_string();
        match text.split_once('\n') {
            Some((message, hint)) => Fail::new("invalid-value", message).hint(hint),
            None => Fail::new("invalid-value", text),
        }
    }

    fn invalid_type(unexp: Unexpected<'_>, exp: &dyn Expected) -> Self {
        Fail::new("wrong-type", format!("expected {}, found {}", expected(exp), found(unexp)))
    }

    fn invalid_value(unexp: Unexpected<'_>, exp: &dyn Expected) -> Self {
        Fail::new("invalid-value", format!("expected {}, found {}", expected(exp), found(unexp)))
    }

    fn invalid_length(len: usize, exp: &dyn Expected) -> Self {
        Fail::new("invalid-value", format!("expected {}, found {len}", expected(exp)))
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Fail::new("unknown-word", format!("`{}` is not known here", super::scalar::shown(variant)))
            .hint(meant(variant, known))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Fail::new("unknown-key", format!("there is no key `{field}` here")).hint(meant(field, known))
    }

    fn missing_field(field: &'static str) -> Self {
        let mut fail = Fail::new("missing-key", format!("the key `{field}` is missing"));
        fail.hint = Some(format!("add `{field}: …`"));
        fail.missing = Some(field.to_owned());
        fail
    }

    fn duplicate_field(field: &'static str) -> Self {
        Fail::new("duplicate-key", format!("the key `{field}` is given twice"))
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fail {}
