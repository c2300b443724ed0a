//! Bytes that compare in the order of the values they stand for: what index tables hold.
//!
//! Invariant: for values of one type, byte order is value order; null sorts after everything. The form is frozen, since
//! stores in the field hold it.

use super::json_scalar_text;
use banyan_words::{Decimal, Id, Type, Value};
use std::str::FromStr;

const NULL: u8 = 0xff;
const VALUE: u8 = 0x01;

/// The key of a canonical fragment of that type. Nested values have no order: they are treated as null.
pub fn key_of_fragment(ty: &Type, fragment: &[u8], out: &mut Vec<u8>) {
    let text = json_scalar_text(fragment);
    match text.as_deref().and_then(|t| parse(ty, t)) {
        Some(v) => key_of_value(&v, out),
        None => out.push(NULL),
    }
}

/// Reads the text of a scalar of that type, as the facade shows it; `None` where it is none.
pub fn parse<'t>(ty: &Type, text: &'t str) -> Option<Value<'t>> {
    Some(match ty {
        Type::Text => Value::text(text),
        Type::Enum(values) => values.iter().any(|v| v == text).then(|| Value::text(text))?,
        Type::Integer => Value::Integer(text.parse().ok()?),
        Type::Decimal { precision, scale } => {
            let d = Decimal::from_str(text).ok()?;
            d.fits(*precision, *scale).then(|| d.with_scale(*scale).ok().map(Value::Decimal))??
        }
        Type::Float => Value::Float(text.parse().ok()?, false),
        Type::Boolean => Value::Boolean(text.parse().ok()?),
        Type::Date => Value::Date(text.parse().ok()?),
        Type::Time => Value::Time(text.parse().ok()?),
        Type::DateTime => match text.parse::<jiff::civil::DateTime>() {
            // A text with an offset means a point on the time line.
            Ok(civil) if !has_offset(text) => Value::DateTime(civil),
            _ => Value::Instant(text.parse().ok()?),
        },
        Type::Instant => Value::Instant(text.parse().ok()?),
        Type::Ref(_) => Value::Ref(Id::parse(text)?),
        Type::Bytes | Type::List(_) | Type::Object(_) | Type::Any => return None,
    })
}

fn has_offset(text: &str) -> bool {
    text.ends_with('Z') || text.get(19..).is_some_and(|t| t.contains(['+', '-']))
}

/// The key of a value.
pub fn key_of_value(v: &Value<'_>, out: &mut Vec<u8>) {
    if v.is_absent() || matches!(v, Value::List(_) | Value::Object(_)) {
        out.push(NULL);
        return;
    }
    out.push(VALUE);
    match v {
        Value::Text(t) => out.extend_from_slice(t.as_bytes()),
        Value::Integer(i) => put_integer(i128::from(*i), out),
        Value::Decimal(d) => put_integer(d.coefficient(), out),
        Value::Boolean(b) => out.push(u8::from(*b)),
        Value::Float(f, _) => {
            // IEEE 754 orders like integers once the sign is folded in.
            let bits = f.to_bits();
            let folded = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
            out.extend_from_slice(&folded.to_be_bytes());
        }
        Value::Date(d) => put_integer(days(*d), out),
        Value::Time(t) => out.extend_from_slice(&nanos(*t).to_be_bytes()),
        Value::DateTime(t) => {
            put_integer(days(t.date()), out);
            out.extend_from_slice(&nanos(t.time()).to_be_bytes());
        }
        Value::Instant(t) => put_integer(t.as_nanosecond(), out),
        Value::Bytes(b) => out.extend_from_slice(b),
        Value::Ref(id) => out.extend_from_slice(&id.0),
        Value::Missing | Value::Null | Value::List(_) | Value::Object(_) => {}
    }
}

/// The value of a type that a key stands for: the other way round from [`key_of_value`]. `None` for keys of null, for types
/// whose values have no order, and for bytes that are no key of that type.
pub fn value_of_key(ty: &Type, key: &[u8]) -> Option<Value<'static>> {
    let (first, body) = key.split_first()?;
    if *first != VALUE {
        return None;
    }
    Some(match ty {
        Type::Text | Type::Enum(_) => Value::text(std::str::from_utf8(body).ok()?).into_owned(),
        Type::Integer => Value::Integer(i64::try_from(take_integer(body)?.0).ok()?),
        Type::Decimal { scale, .. } => Value::Decimal(Decimal::new(take_integer(body)?.0, *scale).ok()?),
        Type::Date => Value::Date(date_of(take_integer(body)?.0)?),
        Type::DateTime => match take_integer(body)? {
            (ns, []) => Value::Instant(jiff::Timestamp::from_nanosecond(ns).ok()?),
            (days, rest) => {
                Value::DateTime(date_of(days)?.to_datetime(time_of(u64::from_be_bytes(rest.try_into().ok()?))?))
            }
        },
        Type::Instant => Value::Instant(jiff::Timestamp::from_nanosecond(take_integer(body)?.0).ok()?),
        Type::Ref(_) => Value::Ref(Id(body.try_into().ok()?)),
        _ => return None,
    })
}

fn date_of(days: i128) -> Option<jiff::civil::Date> {
    let part = |n: i128| i8::try_from(n).ok();
    let year = i16::try_from(days.div_euclid(10_000)).ok()?;
    let rest = days.rem_euclid(10_000);
    jiff::civil::Date::new(year, part(rest / 100)?, part(rest % 100)?).ok()
}

fn time_of(nanos: u64) -> Option<jiff::civil::Time> {
    let (seconds, subsec) = (nanos / 1_000_000_000, i32::try_from(nanos % 1_000_000_000).ok()?);
    let part = |n: u64| i8::try_from(n).ok();
    jiff::civil::Time::new(part(seconds / 3600)?, part(seconds / 60 % 60)?, part(seconds % 60)?, subsec).ok()
}

fn days(d: jiff::civil::Date) -> i128 {
    i128::from(d.year()) * 10_000 + i128::from(d.month()) * 100 + i128::from(d.day())
}

fn nanos(t: jiff::civil::Time) -> u64 {
    let seconds = u64::from(t.hour().unsigned_abs()) * 3600
        + u64::from(t.minute().unsigned_abs()) * 60
        + u64::from(t.second().unsigned_abs());
    seconds * 1_000_000_000 + u64::from(t.subsec_nanosecond().unsigned_abs())
}

/// A byte that holds sign and length, then the digits of base 256; negatives complemented.
fn put_integer(n: i128, out: &mut Vec<u8>) {
    let bytes = n.unsigned_abs().to_be_bytes();
    let skip = bytes.iter().take_while(|b| **b == 0).count();
    let len = (16 - skip) as u8;
    if n < 0 {
        out.push(0x80 - len);
        out.extend(bytes[skip..].iter().map(|b| !b));
    } else {
        out.push(0x80 + len);
        out.extend_from_slice(&bytes[skip..]);
    }
}

/// What [`put_integer`] wrote, and what follows it.
fn take_integer(at: &[u8]) -> Option<(i128, &[u8])> {
    let (first, rest) = at.split_first()?;
    let negative = *first < 0x80;
    let len = usize::from(if negative { 0x80 - first } else { first - 0x80 });
    if len > 16 || rest.len() < len {
        return None;
    }
    let (digits, rest) = rest.split_at(len);
    let n = digits.iter().fold(0_u128, |n, b| n << 8 | u128::from(if negative { !b } else { *b }));
    let n = i128::try_from(n).ok()?;
    Some((if negative { -n } else { n }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(v: &Value<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        key_of_value(v, &mut out);
        out
    }

    proptest! {
        #[test]
        fn bytes_compare_as_values_do(a in any::<i64>(), b in any::<i64>(), x in any::<f64>(), y in any::<f64>()) {
            prop_assert_eq!(key(&Value::Integer(a)).cmp(&key(&Value::Integer(b))), a.cmp(&b));
            let small = (a % 1000, b % 1000);
            prop_assert_eq!(key(&Value::Integer(small.0)).cmp(&key(&Value::Integer(small.1))), small.0.cmp(&small.1));
            if let Some(order) = x.partial_cmp(&y) && x != 0.0 {
                prop_assert_eq!(key(&Value::Float(x, false)).cmp(&key(&Value::Float(y, false))), order);
            }
            prop_assert!(key(&Value::Integer(a)) < key(&Value::Null));
        }

        #[test]
        fn a_key_tells_its_value(n: i64, t in ".{0,12}", s in -60_000_000_000_i64..200_000_000_000, ns in 0_i64..1_000_000_000,
                                 id: [u8; 16], bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
            let at = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
            let at = at.checked_add(jiff::SignedDuration::new(s, ns as i32)).unwrap();
            let decimal = Type::Decimal { precision: 38, scale: 3 };
            for (ty, v) in [
                (Type::Integer, Value::Integer(n)),
                (decimal, Value::Decimal(Decimal::new(i128::from(n) * 7, 3).unwrap())),
                (Type::Text, Value::text(&t)),
                (Type::Date, Value::Date(at.date())),
                (Type::DateTime, Value::DateTime(at)),
                (Type::DateTime, Value::Instant(jiff::Timestamp::new(s, ns as i32).unwrap())),
                (Type::Ref("customer".into()), Value::Ref(Id(id))),
            ] {
                prop_assert_eq!(value_of_key(&ty, &key(&v)), Some(v));
                let _ = value_of_key(&ty, &bytes);
            }
        }

        #[test]
        fn a_fragment_has_the_key_of_its_value(c in any::<i64>()) {
            let ty = Type::Decimal { precision: 38, scale: 2 };
            let v = Value::Decimal(Decimal::new(i128::from(c), 2).unwrap());
            let (mut json, mut from_fragment) = (Vec::new(), Vec::new());
            v.write_json(&mut json);
            key_of_fragment(&ty, &json, &mut from_fragment);
            prop_assert_eq!(from_fragment, key(&v));
        }
    }

    #[test]
    fn instants_compare_by_time_not_by_text() {
        let k = |t: &str| {
            let mut out = Vec::new();
            key_of_fragment(&Type::Instant, format!("\"{t}\"").as_bytes(), &mut out);
            out
        };
        assert!(k("2020-01-01T00:00:00Z") < k("2020-01-01T00:00:00.5Z"));
    }
}
