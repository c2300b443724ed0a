//! The durable form of a record's cells: what the unchanged test hashes and what is kept for replay.
//!
//! Invariant: equal cells have equal bytes, and the form is frozen: stores in the field hold it. A cell is a varint
//! head (0 missing, 1 null, 2 a typed value, else text of `head - 3` bytes) and its payload.

use crate::{Decimal, Id, Value};
use jiff::{Timestamp, civil};
use std::borrow::Cow;

/// Appends an unsigned LEB128 number.
#[inline]
pub fn put_varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Takes an unsigned LEB128 number off the front; `None` where the bytes end early or run over 64 bits.
#[inline]
pub fn take_varint(at: &mut &[u8]) -> Option<u64> {
    let mut n = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&b, rest) = at.split_first()?;
        *at = rest;
        n |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            return Some(n);
        }
    }
    None
}

/// Appends a length and the bytes.
#[inline]
pub fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Takes a length and that many bytes.
#[inline]
pub fn take_bytes<'a>(at: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take_varint(at)?).ok()?;
    take(at, len)
}

/// Takes `len` bytes.
#[inline]
pub fn take<'a>(at: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, rest) = at.split_at_checked(len)?;
    *at = rest;
    Some(head)
}

/// Takes an array.
#[inline]
pub fn take_array<const N: usize>(at: &mut &[u8]) -> Option<[u8; N]> {
    take(at, N)?.try_into().ok()
}

/// A missing cell.
pub fn put_missing(out: &mut Vec<u8>) {
    out.push(0);
}

/// A null cell.
pub fn put_null(out: &mut Vec<u8>) {
    out.push(1);
}

/// A text cell.
#[inline]
pub fn put_text(text: &[u8], out: &mut Vec<u8>) {
    put_varint(text.len() as u64 + 3, out);
    out.extend_from_slice(text);
}

/// Any value.
pub fn put_value(v: &Value<'_>, out: &mut Vec<u8>) {
    match v {
        Value::Missing => put_missing(out),
        Value::Null => put_null(out),
        Value::Text(t) => put_text(t.as_bytes(), out),
        other => put_typed(other, out),
    }
}

/// A value that is neither text nor absent (those have shorter forms).
pub fn put_typed(v: &Value<'_>, out: &mut Vec<u8>) {
    out.push(2);
    match v {
        Value::Missing | Value::Null | Value::Text(_) => {
            out.push(0);
            put_value(v, out);
        }
        Value::Integer(i) => {
            out.push(1);
            out.extend_from_slice(&i.to_le_bytes());
        }
        Value::Decimal(d) => {
            out.push(2);
            out.push(d.scale());
            out.extend_from_slice(&d.coefficient().to_le_bytes());
        }
        Value::Float(f, narrow) => {
            out.push(3);
            out.push(u8::from(*narrow));
            out.extend_from_slice(&f.to_bits().to_le_bytes());
        }
        Value::Boolean(b) => {
            out.push(4);
            out.push(u8::from(*b));
        }
        // The ISO texts are exact and need no layout of our own.
        Value::Date(d) => put_tagged(5, d.to_string().as_bytes(), out),
        Value::Time(t) => put_tagged(6, t.to_string().as_bytes(), out),
        Value::DateTime(t) => put_tagged(7, t.to_string().as_bytes(), out),
        Value::Instant(t) => put_tagged(8, t.to_string().as_bytes(), out),
        Value::Bytes(b) => put_tagged(9, b, out),
        Value::Ref(id) => put_tagged(10, &id.0, out),
        Value::List(items) => {
            out.push(11);
            put_varint(items.len() as u64, out);
            items.iter().for_each(|v| put_value(v, out));
        }
        Value::Object(members) => {
            out.push(12);
            put_varint(members.len() as u64, out);
            for (k, v) in members {
                put_bytes(k.as_bytes(), out);
                put_value(v, out);
            }
        }
    }
}

fn put_tagged(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    put_bytes(bytes, out);
}

/// Takes a cell's value off the front; `None` where the bytes are damaged. Nesting deeper than 64 is damage.
pub fn take_value<'a>(at: &mut &'a [u8]) -> Option<Value<'a>> {
    take_nested(at, 64)
}

fn take_nested<'a>(at: &mut &'a [u8], depth: u8) -> Option<Value<'a>> {
    match take_varint(at)? {
        0 => Some(Value::Missing),
        1 => Some(Value::Null),
        2 => take_typed(at, depth.checked_sub(1)?),
        n => {
            let bytes = take(at, usize::try_from(n - 3).ok()?)?;
            Some(Value::Text(Cow::Borrowed(std::str::from_utf8(bytes).ok()?)))
        }
    }
}

fn take_typed<'a>(at: &mut &'a [u8], depth: u8) -> Option<Value<'a>> {
    fn text<T: std::str::FromStr>(at: &mut &[u8]) -> Option<T> {
        std::str::from_utf8(take_bytes(at)?).ok()?.parse().ok()
    }
    let (&tag, rest) = at.split_first()?;
    *at = rest;
    Some(match tag {
        0 => take_nested(at, depth)?,
        1 => Value::Integer(i64::from_le_bytes(take_array(at)?)),
        2 => {
            let [scale] = take_array::<1>(at)?;
            Value::Decimal(Decimal::new(i128::from_le_bytes(take_array(at)?), scale).ok()?)
        }
        3 => {
            let [narrow] = take_array::<1>(at)?;
            Value::Float(f64::from_bits(u64::from_le_bytes(take_array(at)?)), narrow != 0)
        }
        4 => Value::Boolean(take_array::<1>(at)? != [0]),
        5 => Value::Date(text::<civil::Date>(at)?),
        6 => Value::Time(text::<civil::Time>(at)?),
        7 => Value::DateTime(text::<civil::DateTime>(at)?),
        8 => Value::Instant(text::<Timestamp>(at)?),
        9 => Value::Bytes(Cow::Borrowed(take_bytes(at)?)),
        10 => Value::Ref(Id(take_bytes(at)?.try_into().ok()?)),
        11 => {
            let n = take_varint(at)?;
            let mut items = Vec::new();
            for _ in 0..n {
                items.push(take_nested(at, depth)?);
            }
            Value::List(items)
        }
        12 => {
            let n = take_varint(at)?;
            let mut members = Vec::new();
            for _ in 0..n {
                let key = std::str::from_utf8(take_bytes(at)?).ok()?;
                members.push((Cow::Borrowed(key), take_nested(at, depth)?));
            }
            Value::Object(members)
        }
        _ => return None,
    })
}

/// The hash of the unchanged test (XXH3, 64 bits), over the record's durable form; `seed` covers the plan.
pub fn hash(bytes: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value<'static>> {
        let leaf = prop_oneof![
            Just(Value::Missing),
            Just(Value::Null),
            ".*".prop_map(|s| Value::Text(Cow::Owned(s))),
            any::<i64>().prop_map(Value::Integer),
            (any::<i64>(), 0_u8..20).prop_map(|(c, s)| Value::Decimal(Decimal::new(i128::from(c), s).unwrap())),
            any::<bool>().prop_map(Value::Boolean),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(|b| Value::Bytes(Cow::Owned(b))),
        ];
        leaf.prop_recursive(3, 20, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                proptest::collection::vec(("[a-z]{0,5}".prop_map(Cow::Owned), inner), 0..4).prop_map(Value::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_round_trip(v in any_value()) {
            let mut out = Vec::new();
            put_value(&v, &mut out);
            let mut at = out.as_slice();
            prop_assert_eq!(take_value(&mut at), Some(v));
            prop_assert!(at.is_empty());
        }

        #[test]
        fn damaged_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = take_value(&mut bytes.as_slice());
        }
    }
}
