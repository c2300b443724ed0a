//! What a watermark pass has seen at the upper end of its column: where the next one begins, and what that one will see
//! again.
//!
//! Invariant: the next pass begins at or below the highest value seen, so that none of the records that share it is lost;
//! what it sees again is told from what is new by number and hash. A value from the future moves nothing.

use banyan_words::{Batch, Fate, Type, Value, codec};
use jiff::{Timestamp, civil, tz::TimeZone};
use std::collections::VecDeque;
use std::time::Duration;

/// More records at the upper end are not remembered one by one.
const MOST: usize = 200_000;
/// A value so far ahead of the clock (any zone, any drift) is a mistake of whoever wrote it.
const AHEAD: Duration = Duration::from_secs(26 * 3600);

/// See the module.
pub(crate) struct Window {
    lag: i128,
    cap: i128,
    highest: Option<(i128, Value<'static>)>,
    /// Highest value of a column that only the server can compare.
    last: Option<Value<'static>>,
    seen: VecDeque<(Option<i128>, u64)>,
    overflowed: bool,
    /// All records of the pass.
    rows: u64,
    sum: u64,
}

/// Whether a column of that type holds times.
pub(crate) fn is_time(ty: &Type) -> bool {
    matches!(ty, Type::Date | Type::DateTime | Type::Instant)
}

impl Window {
    pub(crate) fn new(lag: Duration, started: Timestamp) -> Window {
        let nanos = |d: Duration| i128::try_from(d.as_nanos()).unwrap_or(i128::MAX);
        Window {
            lag: nanos(lag),
            cap: started.as_nanosecond().saturating_add(nanos(AHEAD)),
            highest: None,
            last: None,
            seen: VecDeque::new(),
            overflowed: false,
            rows: 0,
            sum: 0,
        }
    }

    /// Takes note of a batch; `at` is the column's place in its shape.
    pub(crate) fn note(&mut self, batch: &Batch, at: usize) {
        let mut bytes = Vec::new();
        for row in batch.rows() {
            bytes.clear();
            row.encode(&mut bytes);
            if let Fate::Bad(bad) = row.fate() {
                bytes.extend_from_slice(&bad.raw);
            }
            let hash = codec::hash(&bytes, 0x5153_4c57);
            self.rows += 1;
            self.sum = self.sum.wrapping_add(hash);
            let value = row.value(at);
            if value.is_absent() {
                continue;
            }
            self.see(value, hash);
        }
    }

    fn see(&mut self, value: Value<'_>, hash: u64) {
        match number(&value) {
            Some((n, time)) => {
                let future = time && n > self.cap;
                if !future && self.highest.as_ref().is_none_or(|(h, _)| *h < n) {
                    let value = value.into_owned();
                    // As `next` will ask: of a date, from the whole day on.
                    let from = number(&back_by(&value, n, if time { self.lag } else { 0 })).map_or(n, |(from, _)| from);
                    self.highest = Some((n, value));
                    while self.seen.front().is_some_and(|(n, _)| n.is_some_and(|n| n < from)) {
                        self.seen.pop_front();
                    }
                }
                self.seen.push_back((Some(n), hash));
            }
            None => {
                if self.last.as_ref() != Some(&value) {
                    self.seen.clear();
                    self.last = Some(value.into_owned());
                }
                self.seen.push_back((None, hash));
            }
        }
        if self.seen.len() > MOST {
            self.overflowed = true;
            self.seen.pop_front();
        }
    }

    /// Number and hash of all records of the pass.
    pub(crate) fn all(&self) -> (u64, u64) {
        (self.rows, self.sum)
    }

    /// Where the next pass begins, and what it will see again, if that is known. `took`: how long this pass read; what
    /// was committed meanwhile, below what was seen last, is as late as that.
    pub(crate) fn next(&self, took: Duration) -> (Option<Value<'static>>, Option<(u64, u64)>) {
        let Some((n, value)) = &self.highest else {
            // Without any value the next pass has no lower end, and sees all of it again.
            let known = if self.last.is_none() { self.all() } else { self.sum_from(None) };
            return (self.last.clone(), (!self.overflowed).then_some(known));
        };
        let long = took > Duration::from_secs(10);
        let back = if is_time_value(value) {
            let took = if long && self.lag > 0 { i128::try_from(took.as_nanos()).unwrap_or(0) } else { 0 };
            self.lag.saturating_add(took)
        } else {
            0
        };
        let from = back_by(value, *n, back);
        let known = (!self.overflowed && !long).then(|| self.sum_from(number(&from).map(|(n, _)| n)));
        (Some(from), known)
    }

    fn sum_from(&self, from: Option<i128>) -> (u64, u64) {
        let within = self.seen.iter().filter(|(n, _)| n.is_none() || *n >= from);
        within.fold((0, 0), |(rows, sum), (_, hash)| (rows + 1, sum.wrapping_add(*hash)))
    }
}

fn is_time_value(value: &Value<'_>) -> bool {
    matches!(value, Value::Date(_) | Value::DateTime(_) | Value::Instant(_))
}

/// A value as a number that orders as the server does, and whether it is a time (then it counts nanoseconds).
fn number(value: &Value<'_>) -> Option<(i128, bool)> {
    let nanos = |t: civil::DateTime| t.to_zoned(TimeZone::UTC).ok().map(|z| (z.timestamp().as_nanosecond(), true));
    match value {
        Value::Integer(i) => Some((i128::from(*i), false)),
        Value::Instant(t) => Some((t.as_nanosecond(), true)),
        Value::DateTime(t) => nanos(*t),
        Value::Date(d) => nanos(d.at(0, 0, 0, 0)),
        _ => None,
    }
}

/// A time, so much earlier; of a date the day that falls into.
fn back_by(value: &Value<'static>, n: i128, back: i128) -> Value<'static> {
    if back == 0 {
        return value.clone();
    }
    let Ok(earlier) = Timestamp::from_nanosecond(n.saturating_sub(back)) else { return value.clone() };
    let civil = earlier.to_zoned(TimeZone::UTC).datetime();
    match value {
        Value::Instant(_) => Value::Instant(earlier),
        Value::Date(_) => Value::Date(civil.date()),
        Value::DateTime(_) => Value::DateTime(civil),
        other => other.clone(),
    }
}
