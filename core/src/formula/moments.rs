//! Dates, times and points in time: from text or number, to text, and between zones.
//!
//! Invariant: a two-digit year needs a pivot and a local time a zone; nothing is guessed.

use super::eval::{Cx, R};
use super::numbers::overflow;
use super::outcome::{Code, brief};
pub(crate) use super::pattern::Pattern;
use super::plan::Unit;
use banyan_words::Value;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp, civil};
use std::borrow::Cow;

/// What is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Date,
    Time,
    DateTime,
}

impl Moment {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Moment::Date => "date",
            Moment::Time => "time",
            Moment::DateTime => "datetime",
        }
    }
}

/// `DATE`, `TIME` and `DATETIME`: of text, of a number written by the pattern, or of another moment.
pub(crate) fn read<'r>(what: Moment, pattern: &Pattern, v: Value<'r>, cx: &Cx<'r>) -> R<'r> {
    let digits;
    let text = match &v {
        Value::Text(t) => t.trim(),
        Value::Integer(_) | Value::Decimal(_) => {
            let Some(n) = super::numbers::decimal(&v).and_then(|d| d.to_i64()).filter(|n| *n >= 0) else {
                return Err(cx.bad(&v, what.word()));
            };
            let width = pattern.digits().unwrap_or(0);
            digits = format!("{n:0width$}");
            digits.as_str()
        }
        other => {
            let part = match (what, other) {
                (Moment::Date, Value::Date(d)) => Value::Date(*d),
                (Moment::Date, Value::DateTime(t)) => Value::Date(t.date()),
                (Moment::Time, Value::Time(t)) => Value::Time(*t),
                (Moment::Time, Value::DateTime(t)) => Value::Time(t.time()),
                (Moment::DateTime, Value::DateTime(t)) => Value::DateTime(*t),
                _ => return Err(cx.bad(other, what.word())),
            };
            return Ok(nulled(part, cx));
        }
    };
    if what != Moment::Time && cx.plan.null_dates.iter().any(|n| n == text) {
        return Ok(Value::Null);
    }
    match pattern.read(what, text) {
        Some(m) => Ok(nulled(m, cx)),
        None => {
            Err(cx.fail(Code::BadType, || {
                format!("{} is no {} of the form {}", brief(&v), what.word(), pattern.source())
            }))
        }
    }
}

/// Null where the date is one that the source writes for "none".
fn nulled<'r>(m: Value<'r>, cx: &Cx<'r>) -> Value<'r> {
    let day = match &m {
        Value::Date(d) => *d,
        Value::DateTime(t) => t.date(),
        _ => return m,
    };
    if cx.plan.null_days.contains(&day) { Value::Null } else { m }
}

/// The days that null dates written in ISO form stand for.
pub(crate) fn null_days(texts: &[String]) -> Vec<civil::Date> {
    let iso = Pattern::iso();
    texts
        .iter()
        .filter_map(|t| match iso.read(Moment::Date, t.trim()) {
            Some(Value::Date(d)) => Some(d),
            _ => None,
        })
        .collect()
}

/// The point in time that a local time is in a zone. A time that the clocks skipped fails; of one that came twice the
/// earlier is taken.
pub(crate) fn instant<'r>(zone: &TimeZone, v: Value<'r>, cx: &Cx<'r>) -> R<'r> {
    let local = match &v {
        Value::Instant(t) => return Ok(Value::Instant(*t)),
        Value::DateTime(t) => *t,
        Value::Text(t) => {
            return match t.trim().parse::<Timestamp>() {
                Ok(t) => Ok(Value::Instant(t)),
                Err(_) => Err(cx.bad(&v, "point in time such as 2026-01-31T09:30:00Z")),
            };
        }
        other => return Err(cx.bad(other, "datetime")),
    };
    let found = zone.to_ambiguous_timestamp(local);
    if let AmbiguousOffset::Gap { .. } = found.offset() {
        let zone = zone.iana_name().unwrap_or("the zone");
        return Err(cx.fail(Code::BadType, || format!("{local} does not exist in {zone}: the clocks were put forward")));
    }
    found.earlier().map(Value::Instant).map_err(|_| overflow(cx))
}

/// `v` and `n` units; a month's end stays within the month.
pub(crate) fn add<'r>(unit: Unit, v: &Value<'r>, n: i64, cx: &Cx<'r>) -> R<'r> {
    let span = match unit {
        Unit::Day => Span::new().try_days(n),
        Unit::Week => Span::new().try_weeks(n),
        Unit::Month => Span::new().try_months(n),
        Unit::Year => Span::new().try_years(n),
    };
    let span = span.map_err(|_| overflow(cx))?;
    match v {
        Value::Date(d) => d.checked_add(span).map(Value::Date).map_err(|_| overflow(cx)),
        Value::DateTime(t) => t.checked_add(span).map(Value::DateTime).map_err(|_| overflow(cx)),
        other => Err(cx.bad(other, "date")),
    }
}

/// `DATETIME(date, time)`
pub(crate) fn joined<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    match args {
        [Value::Date(d), Value::Time(t)] => Ok(nulled(Value::DateTime(d.to_datetime(*t)), cx)),
        [Value::Date(_), other] => Err(cx.bad(other, "time")),
        [other, ..] => Err(cx.bad(other, "date")),
        [] => Ok(Value::Null),
    }
}

/// `TEXT` without a pattern.
pub(crate) fn plain_text<'r>(args: &mut [Value<'r>], cx: &Cx<'r>) -> R<'r> {
    let Some(v) = args.first_mut() else { return Ok(Value::Null) };
    match std::mem::replace(v, Value::Null) {
        Value::Text(t) => Ok(Value::Text(t)),
        other => match other.to_text() {
            Some(t) => Ok(Value::Text(Cow::Owned(t.into_owned()))),
            None => Err(cx.bad(&other, "single value")),
        },
    }
}
