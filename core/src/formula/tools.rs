//! What is done to one value with something prepared at compile time, and how values become text.

use super::eval::{Cx, R, Stop, eval};
use super::fit;
use super::moments;
use super::numbers;
use super::outcome::{Code, brief};
use super::plan::Tool;
use super::{xml, zoned};
use banyan_words::Value;
use regex::Regex;
use std::borrow::Cow;

/// Applies a tool to a value that is neither null nor missing.
pub(crate) fn apply<'r>(tool: &'r Tool, v: Value<'r>, cx: &Cx<'r>) -> R<'r> {
    match tool {
        Tool::Fit(f) => fit::apply(f, v, cx),
        Tool::ReadMoment(what, pattern) => moments::read(*what, pattern, v, cx),
        Tool::ShowMoment(pattern) => match pattern.show(&v) {
            Some(t) => Ok(Value::Text(Cow::Owned(t))),
            None => Err(cx.bad(&v, "date or time with the parts that the pattern shows")),
        },
        Tool::ShowNumber(pattern) => Ok(Value::Text(Cow::Owned(pattern.show(&v, cx)?))),
        Tool::Instant(zone) => moments::instant(zone, v, cx),
        Tool::DateAdd(unit, n) => match eval(n, cx)? {
            gone @ (Value::Null | Value::Missing) => Ok(gone),
            n => moments::add(*unit, &v, numbers::whole(&n, cx)?, cx),
        },
        Tool::Zoned(scale) => {
            let t = text(v, cx)?;
            match zoned::read(&t, *scale) {
                Some(d) => Ok(Value::Decimal(d)),
                None => Err(cx.bad(&Value::Text(t), "zoned decimal")),
            }
        }
        Tool::RegexExtract(regex, group) => extract(regex, *group, text(v, cx)?, cx),
        Tool::RegexMatch(regex) => Ok(Value::Boolean(regex.is_match(&text(v, cx)?))),
        Tool::RegexReplace(regex, with) => {
            let t = text(v, cx)?;
            let changed = match regex.replace_all(&t, with.as_ref()) {
                Cow::Borrowed(_) => None,
                Cow::Owned(new) => Some(new),
            };
            Ok(Value::Text(changed.map_or(t, Cow::Owned)))
        }
        Tool::Xml(path) => {
            let t = text(v, cx)?;
            let found = match &t {
                Cow::Borrowed(t) => xml::find(t, path),
                Cow::Owned(t) => xml::find(t, path).map(Value::into_owned),
            };
            found.map_err(|e| cx.fail(Code::BadType, || format!("{} is not readable XML: {e}", brief(&Value::Text(t)))))
        }
        Tool::Member(name) => match v {
            Value::Object(members) => {
                Ok(members.into_iter().find(|(n, _)| n.as_ref() == name.as_ref()).map_or(Value::Missing, |(_, v)| v))
            }
            other => Err(cx.bad(&other, "object")),
        },
    }
}

/// Whether a tool would give the value back as it is.
#[inline]
pub(crate) fn leaves(tool: &Tool, v: &Value<'_>) -> bool {
    matches!(tool, Tool::Fit(f) if fit::fits(f, v))
}

/// The text of a scalar, borrowed where it is text.
pub(crate) fn scalar_text<'v, 'r>(v: &'v Value<'r>, cx: &Cx<'r>) -> Result<Cow<'v, str>, Stop<'r>> {
    match v {
        Value::Bytes(_) => Err(cx.bad(v, "text")),
        v => v.to_text().ok_or_else(|| cx.bad(v, "text")),
    }
}

/// The text of a scalar, keeping it borrowed from the record where it is.
#[inline]
pub(crate) fn text<'r>(v: Value<'r>, cx: &Cx<'r>) -> Result<Cow<'r, str>, Stop<'r>> {
    match v {
        Value::Text(t) => Ok(t),
        other => Ok(Cow::Owned(scalar_text(&other, cx)?.into_owned())),
    }
}

/// A part of a text without copying it; the range lies on character boundaries.
pub(crate) fn slice(t: Cow<'_, str>, from: usize, to: usize) -> Cow<'_, str> {
    match t {
        Cow::Borrowed(s) => Cow::Borrowed(s.get(from..to).unwrap_or("")),
        Cow::Owned(s) if from == 0 && to == s.len() => Cow::Owned(s),
        Cow::Owned(s) => Cow::Owned(s.get(from..to).unwrap_or("").to_owned()),
    }
}

fn extract<'r>(regex: &Regex, group: usize, t: Cow<'r, str>, cx: &Cx<'r>) -> R<'r> {
    let range = if group == 0 {
        regex.find(&t).map(|m| m.range())
    } else {
        regex.captures(&t).and_then(|c| c.get(group)).map(|m| m.range())
    };
    match range {
        Some(r) => Ok(Value::Text(slice(t, r.start, r.end))),
        None => Err(cx.fail(Code::NoMatch, || format!("{} does not match", brief(&Value::Text(t))))),
    }
}
