//! What the text functions do. Text that is not changed stays borrowed from the record.

use super::super::eval::{Cx, R, Stop, eval};
use super::super::outcome::{Code, brief};
use super::super::plan::Node;
use super::super::tools::{scalar_text, slice};
use super::{count, take, text};
use banyan_words::Value;
use std::borrow::Cow;

/// Longest text that padding makes.
const LONGEST: usize = 10_000;

fn owned<'r>(t: String) -> R<'r> {
    Ok(Value::Text(Cow::Owned(t)))
}

pub(super) fn trim<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let t = text(args, 0, cx)?;
    let from = t.len() - t.trim_start().len();
    let to = t.trim_end().len().max(from);
    Ok(Value::Text(slice(t, from, to)))
}

pub(super) fn ltrim<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let t = text(args, 0, cx)?;
    let (from, to) = (t.len() - t.trim_start().len(), t.len());
    Ok(Value::Text(slice(t, from, to)))
}

pub(super) fn rtrim<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let t = text(args, 0, cx)?;
    let to = t.trim_end().len();
    Ok(Value::Text(slice(t, 0, to)))
}

pub(super) fn upper<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let t = text(args, 0, cx)?;
    if !t.is_ascii() {
        return owned(t.to_uppercase());
    }
    if !t.bytes().any(|b| b.is_ascii_lowercase()) {
        return Ok(Value::Text(t));
    }
    let mut t = t.into_owned();
    t.make_ascii_uppercase();
    owned(t)
}

pub(super) fn lower<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let t = text(args, 0, cx)?;
    if !t.is_ascii() {
        return owned(t.to_lowercase());
    }
    if !t.bytes().any(|b| b.is_ascii_uppercase()) {
        return Ok(Value::Text(t));
    }
    let mut t = t.into_owned();
    t.make_ascii_lowercase();
    owned(t)
}

pub(super) fn proper<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let t = text(args, 0, cx)?;
    let mut out = String::with_capacity(t.len());
    let mut within = false;
    let mut chars = t.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() {
            if within {
                push_lower(c, &mut out);
            } else {
                push_upper(c, &mut out);
            }
            within = true;
        } else {
            out.push(c);
            // O'Brien begins a word after its apostrophe, John's does not: one letter is not a name.
            within = within && matches!(c, '\'' | '’') && {
                let mut ahead = chars.clone();
                ahead.next().is_some_and(char::is_alphabetic) && !ahead.next().is_some_and(char::is_alphabetic)
            };
        }
    }
    owned(out)
}

fn push_lower(c: char, out: &mut String) {
    if c.is_ascii() { out.push(c.to_ascii_lowercase()) } else { out.extend(c.to_lowercase()) }
}

fn push_upper(c: char, out: &mut String) {
    if c.is_ascii() { out.push(c.to_ascii_uppercase()) } else { out.extend(c.to_uppercase()) }
}

/// The byte at which character `n` (from 0) begins, or the text's end.
fn offset(t: &str, n: usize) -> usize {
    if n >= t.len() {
        t.len()
    } else if t.is_ascii() {
        n
    } else {
        t.char_indices().nth(n).map_or(t.len(), |(i, _)| i)
    }
}

/// A position, which counts from 1.
fn position<'r>(args: &[Value<'r>], i: usize, default: i64, cx: &Cx<'r>) -> Result<usize, Stop<'r>> {
    match count(args, i, default, cx)? {
        0 => Err(cx.fail(Code::BadType, || "positions count from 1".to_owned())),
        n => Ok(n - 1),
    }
}

pub(super) fn left<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let n = count(args, 1, 1, cx)?;
    let t = text(args, 0, cx)?;
    let to = offset(&t, n);
    Ok(Value::Text(slice(t, 0, to)))
}

pub(super) fn right<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let n = count(args, 1, 1, cx)?;
    let t = text(args, 0, cx)?;
    let all = if t.is_ascii() { t.len() } else { t.chars().count() };
    let (from, to) = (offset(&t, all.saturating_sub(n)), t.len());
    Ok(Value::Text(slice(t, from, to)))
}

pub(super) fn mid<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let (start, n) = (position(args, 1, 1, cx)?, count(args, 2, 0, cx)?);
    let t = text(args, 0, cx)?;
    let from = offset(&t, start);
    let to = from + offset(t.get(from..).unwrap_or(""), n);
    Ok(Value::Text(slice(t, from, to)))
}

pub(super) fn len<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let t = text(args, 0, cx)?;
    Ok(Value::Integer(t.chars().count() as i64))
}

pub(super) fn replace<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let (start, n) = (position(args, 1, 1, cx)?, count(args, 2, 0, cx)?);
    let (t, new) = (text(args, 0, cx)?, text(args, 3, cx)?);
    let from = offset(&t, start);
    let (head, tail) = t.split_at_checked(from).unwrap_or((&t, ""));
    let rest = tail.get(offset(tail, n)..).unwrap_or("");
    owned([head, &new, rest].concat())
}

pub(super) fn substitute<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let nth = if args.len() > 3 { Some(position(args, 3, 1, cx)?) } else { None };
    let (t, old, new) = (text(args, 0, cx)?, text(args, 1, cx)?, text(args, 2, cx)?);
    if old.is_empty() || !t.contains(old.as_ref()) {
        return Ok(Value::Text(t));
    }
    match nth {
        None => owned(t.replace(old.as_ref(), &new)),
        Some(n) => match t.match_indices(old.as_ref()).nth(n) {
            Some((at, found)) => {
                let (head, tail) = (t.get(..at).unwrap_or(""), t.get(at + found.len()..).unwrap_or(""));
                owned([head, &new, tail].concat())
            }
            None => Ok(Value::Text(t)),
        },
    }
}

pub(super) fn split<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let n = position(args, 2, 1, cx)?;
    let (t, separator) = (text(args, 0, cx)?, text(args, 1, cx)?);
    if separator.is_empty() {
        return Err(cx.fail(Code::BadType, || "an empty text separates nothing".to_owned()));
    }
    let found = t.split(separator.as_ref()).nth(n).map(|part| {
        // Parts are slices of the text, so their place in it is the difference of the addresses.
        let from = part.as_ptr() as usize - t.as_ptr() as usize;
        (from, from + part.len())
    });
    Ok(found.map_or(Value::Null, |(from, to)| Value::Text(slice(t, from, to))))
}

pub(super) fn find<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let start = position(args, 2, 1, cx)?;
    let (part, t) = (text(args, 0, cx)?, text(args, 1, cx)?);
    let from = offset(&t, start);
    match t.get(from..).and_then(|rest| rest.find(part.as_ref())) {
        Some(at) => Ok(Value::Integer(t.get(..from + at).map_or(0, |head| head.chars().count()) as i64 + 1)),
        None => Err(cx
            .fail(Code::NoMatch, || format!("{} does not hold {}", brief(&Value::Text(t)), brief(&Value::Text(part))))),
    }
}

pub(super) fn contains<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let (t, part) = (text(args, 0, cx)?, text(args, 1, cx)?);
    Ok(Value::Boolean(t.contains(part.as_ref())))
}

pub(super) fn starts_with<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let (t, part) = (text(args, 0, cx)?, text(args, 1, cx)?);
    Ok(Value::Boolean(t.starts_with(part.as_ref())))
}

pub(super) fn ends_with<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let (t, part) = (text(args, 0, cx)?, text(args, 1, cx)?);
    Ok(Value::Boolean(t.ends_with(part.as_ref())))
}

/// The text and what must be added to bring it to its width.
fn padding<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> Result<(Cow<'r, str>, String), Stop<'r>> {
    let width = count(args, 1, 0, cx)?;
    let fill = if args.len() > 2 { text(args, 2, cx)? } else { Cow::Borrowed(" ") };
    let t = text(args, 0, cx)?;
    if fill.is_empty() || width > LONGEST {
        return Err(
            cx.fail(Code::BadType, || format!("a text is padded to at most {LONGEST}, with at least one character"))
        );
    }
    let lacks = width.saturating_sub(t.chars().count());
    Ok((t, fill.chars().cycle().take(lacks).collect()))
}

pub(super) fn pad_left<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let (t, mut more) = padding(args, cx)?;
    if more.is_empty() {
        return Ok(Value::Text(t));
    }
    more.push_str(&t);
    owned(more)
}

pub(super) fn pad_right<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let (t, more) = padding(args, cx)?;
    if more.is_empty() { Ok(Value::Text(t)) } else { owned(t.into_owned() + &more) }
}

pub(super) fn clean<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let t = text(args, 0, cx)?;
    if t.chars().any(char::is_control) {
        owned(t.chars().filter(|c| !c.is_control()).collect())
    } else {
        Ok(Value::Text(t))
    }
}

pub(super) fn blank_null<'r>(args: &mut [Value<'r>], _: &Cx<'r>) -> R<'r> {
    Ok(match take(args, 0) {
        Value::Text(t) if t.trim().is_empty() => Value::Null,
        other => other,
    })
}

/// `TEXTJOIN(separator, skip, …)`: absent counts as empty; lists give their items.
pub(super) fn join<'r>(nodes: &'r [Node], cx: &Cx<'r>) -> R<'r> {
    let [separator, skip, rest @ ..] = nodes else { return Ok(Value::Null) };
    let (separator, skip) = (eval(separator, cx)?, eval(skip, cx)? == Value::Boolean(true));
    let separator = if separator.is_absent() { Cow::Borrowed("") } else { scalar_text(&separator, cx)? };
    let mut out = String::new();
    let mut first = true;
    let mut add = |v: &Value<'r>| -> Result<(), Stop<'r>> {
        let t = if v.is_absent() { Cow::Borrowed("") } else { scalar_text(v, cx)? };
        if skip && t.trim().is_empty() {
            return Ok(());
        }
        if !first {
            out.push_str(&separator);
        }
        first = false;
        out.push_str(&t);
        Ok(())
    };
    for node in rest {
        match eval(node, cx)? {
            Value::List(items) => items.iter().try_for_each(&mut add)?,
            v => add(&v)?,
        }
    }
    owned(out)
}
