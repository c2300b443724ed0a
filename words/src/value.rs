//! A value on its way from a legacy cell to a canonical field.
//!
//! Invariant: null, empty and missing are three different things. `Null` says "the source says there is none",
//! empty text is a text, and `Missing` says nothing at all, so the next owner speaks (DESIGN section 6).

use crate::{Decimal, Id, Type};
use jiff::{Timestamp, civil};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A value. Borrowed from the batch it came in wherever that saves a copy.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// The record says nothing about it.
    Missing,
    /// The record says there is none.
    Null,
    /// Unicode text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// An exact decimal.
    Decimal(Decimal),
    /// A float and whether it is a single (32-bit) one; shown as the shortest decimal at its width.
    Float(f64, bool),
    /// True or false.
    Boolean(bool),
    /// A calendar date.
    Date(civil::Date),
    /// A time of day.
    Time(civil::Time),
    /// A date and time without a zone.
    DateTime(civil::DateTime),
    /// A point on the time line.
    Instant(Timestamp),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// A canonical id.
    Ref(Id),
    /// Several values.
    List(Vec<Value<'a>>),
    /// Named values, in their order.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// Text, borrowed.
    pub fn text(t: &'a str) -> Value<'a> {
        Value::Text(Cow::Borrowed(t))
    }

    /// True for null and missing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Value::Null | Value::Missing)
    }

    /// The same value, owning all it holds.
    #[inline]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Text(t) => Value::Text(Cow::Owned(t.into_owned())),
            Value::Bytes(b) => Value::Bytes(Cow::Owned(b.into_owned())),
            Value::List(l) => Value::List(l.into_iter().map(Value::into_owned).collect()),
            Value::Object(o) => {
                Value::Object(o.into_iter().map(|(k, v)| (Cow::Owned(k.into_owned()), v.into_owned())).collect())
            }
            Value::Missing => Value::Missing,
            Value::Null => Value::Null,
            Value::Integer(i) => Value::Integer(i),
            Value::Decimal(d) => Value::Decimal(d),
            Value::Float(f, w) => Value::Float(f, w),
            Value::Boolean(b) => Value::Boolean(b),
            Value::Date(d) => Value::Date(d),
            Value::Time(t) => Value::Time(t),
            Value::DateTime(t) => Value::DateTime(t),
            Value::Instant(t) => Value::Instant(t),
            Value::Ref(id) => Value::Ref(id),
        }
    }

    /// The word of its type, for messages.
    pub fn word(&self) -> &'static str {
        match self {
            Value::Missing => "missing",
            Value::Null => "null",
            Value::Text(_) => "text",
            Value::Integer(_) => "integer",
            Value::Decimal(_) => "decimal",
            Value::Float(..) => "float",
            Value::Boolean(_) => "boolean",
            Value::Date(_) => "date",
            Value::Time(_) => "time",
            Value::DateTime(_) => "datetime",
            Value::Instant(_) => "instant",
            Value::Bytes(_) => "bytes",
            Value::Ref(_) => "ref",
            Value::List(_) => "list",
            Value::Object(_) => "object",
        }
    }

    /// The text a person would write for a scalar; `None` for absent and nested values.
    pub fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::Text(t) => Cow::Borrowed(t),
            Value::Integer(i) => Cow::Owned(i.to_string()),
            Value::Decimal(d) => Cow::Owned(d.to_string()),
            Value::Float(f, narrow) => Cow::Owned(float_text(*f, *narrow)),
            Value::Boolean(b) => Cow::Borrowed(if *b { "true" } else { "false" }),
            Value::Date(d) => Cow::Owned(d.to_string()),
            Value::Time(t) => Cow::Owned(t.to_string()),
            Value::DateTime(t) => Cow::Owned(t.to_string()),
            Value::Instant(t) => Cow::Owned(t.to_string()),
            Value::Bytes(b) => Cow::Owned(base64(b)),
            Value::Ref(id) => Cow::Owned(id.to_string()),
            Value::Missing | Value::Null | Value::List(_) | Value::Object(_) => return None,
        })
    }

    /// Appends the JSON the facade shows for this value (DESIGN section 7): decimals and 64-bit integers as
    /// strings, times in RFC 3339, bytes in base 64. A missing value is shown as null.
    /// The type decides only for nested values; a scalar carries its own.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Value::Missing | Value::Null => out.extend_from_slice(b"null"),
            Value::Boolean(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Value::Text(t) => write_json_text(t, out),
            Value::Float(f, narrow) if f.is_finite() => out.extend_from_slice(float_text(*f, *narrow).as_bytes()),
            Value::Float(..) => out.extend_from_slice(b"null"),
            Value::Integer(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::DateTime(_)
            | Value::Instant(_)
            | Value::Bytes(_)
            | Value::Ref(_) => {
                // None of these texts holds a character that JSON escapes.
                out.push(b'"');
                out.extend_from_slice(self.to_text().unwrap_or_default().as_bytes());
                out.push(b'"');
            }
            Value::List(items) => {
                out.push(b'[');
                for (i, v) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    v.write_json(out);
                }
                out.push(b']');
            }
            Value::Object(members) => {
                out.push(b'{');
                for (i, (k, v)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_json_text(k, out);
                    out.push(b':');
                    v.write_json(out);
                }
                out.push(b'}');
            }
        }
    }

    /// Whether this value may stand in a field of that type without conversion.
    pub fn fits(&self, ty: &Type) -> bool {
        match (self, ty) {
            (Value::Missing | Value::Null, _) | (_, Type::Any) => true,
            (Value::Text(t), Type::Enum(values)) => values.iter().any(|v| v == t),
            (Value::Text(_), Type::Text)
            | (Value::Integer(_), Type::Integer)
            | (Value::Float(..), Type::Float)
            | (Value::Boolean(_), Type::Boolean)
            | (Value::Date(_), Type::Date)
            | (Value::Time(_), Type::Time)
            | (Value::DateTime(_), Type::DateTime)
            | (Value::Instant(_), Type::Instant)
            | (Value::Bytes(_), Type::Bytes)
            | (Value::Ref(_), Type::Ref(_)) => true,
            (Value::Decimal(d), Type::Decimal { precision, scale }) => d.fits(*precision, *scale),
            (Value::List(items), Type::List(of)) => items.iter().all(|v| v.fits(of)),
            (Value::Object(ms), Type::Object(types)) => {
                ms.iter().all(|(k, v)| types.iter().any(|(n, t)| n == k && v.fits(t)))
            }
            _ => false,
        }
    }
}

/// The shortest decimal that reads back as the same float at its width.
pub fn float_text(f: f64, narrow: bool) -> String {
    if narrow { format!("{}", f as f32) } else { format!("{f}") }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut s = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        let _ = write!(s, "{b:02x}");
    }
    s
}

/// Base 64 with padding (RFC 4648 section 4).
pub fn base64(bytes: &[u8]) -> String {
    const A: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let n = u32::from(chunk[0]) << 16
            | u32::from(*chunk.get(1).unwrap_or(&0)) << 8
            | u32::from(*chunk.get(2).unwrap_or(&0));
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(A[(n >> (18 - 6 * i) & 63) as usize] as char);
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Appends `text` as a JSON string (RFC 8259 section 7), escaping only what must be escaped.
pub fn write_json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (i, b) in bytes.iter().enumerate() {
        if *b >= 0x20 && *b != b'"' && *b != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[from..i]);
        from = i + 1;
        match *b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            c => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(hex(&[c]).as_bytes());
            }
        }
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_is_what_serde_json_writes() {
        for t in ["", "plain", "a\"b\\c", "\u{0}\u{1f}\n\r\t", "Grüße 🌳", "\u{7f}"] {
            let mut out = Vec::new();
            write_json_text(t, &mut out);
            let back: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(back, t);
        }
    }

    #[test]
    fn base64_follows_rfc_4648() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn numbers_keep_their_digits_in_json() {
        let mut out = Vec::new();
        Value::Integer(i64::MAX).write_json(&mut out);
        Value::Decimal("12345678901234567890.1200".parse().unwrap()).write_json(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "\"9223372036854775807\"\"12345678901234567890.1200\"");
    }

    #[test]
    fn floats_show_the_shortest_decimal_at_their_width() {
        assert_eq!(float_text(0.1, false), "0.1");
        assert_eq!(float_text(f64::from(0.1_f32), true), "0.1");
    }
}
