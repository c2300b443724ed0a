//! Where a feed goes on, in words of its own that the gateway keeps.
//!
//! Invariant: a position of another table, mode or column, or of a version that is not known, is no position: the feed
//! begins anew, which costs time and loses nothing.

use banyan_words::{Value, codec, value::hex};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    v: u32,
    /// What it is a position of.
    of: u64,
    /// Start of the pass.
    pub at: Timestamp,
    /// When all keys were last compared.
    #[serde(default)]
    pub keys_at: Option<Timestamp>,
    /// The lowest value of the column the next pass reads; change tracking: the version.
    #[serde(default)]
    from: Option<String>,
    /// Records from there on that are known, and a sum of their hashes.
    #[serde(default)]
    pub known: Option<(u64, u64)>,
    /// The pass is not over: the next unit belongs to it.
    #[serde(default)]
    pub more: bool,
}

impl Position {
    /// Of a pass that began then.
    pub(crate) fn new(of: u64, at: Timestamp) -> Position {
        Position { v: 1, of, at, keys_at: None, from: None, known: None, more: false }
    }

    /// Reads one; `None` if it is not one of `of`.
    pub(crate) fn read(text: &str, of: u64) -> Option<Position> {
        let position: Position = serde_json::from_str(text).ok()?;
        let sound = position.v == 1 && position.of == of && position.from.is_none() == position.from().is_none();
        sound.then_some(position)
    }

    /// Its text.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// See the field.
    pub(crate) fn from(&self) -> Option<Value<'static>> {
        let text = self.from.as_deref()?;
        let digits = text.as_bytes();
        if digits.len() % 2 != 0 {
            return None;
        }
        let nibble = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(|p| Some(nibble(p[0])? << 4 | nibble(p[1])?)).collect();
        Some(codec::take_value(&mut bytes?.as_slice())?.into_owned())
    }

    /// See the field.
    pub(crate) fn set_from(&mut self, value: Option<&Value<'_>>) {
        self.from = value.map(|value| {
            let mut bytes = Vec::new();
            codec::put_value(value, &mut bytes);
            hex(&bytes)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_exactly_and_strangers_are_no_positions() {
        for value in [
            Value::DateTime("2026-11-22T14:03:00.1234567".parse().unwrap()),
            Value::Bytes(vec![0, 0, 0, 0, 0, 0, 7, 0xd1].into()),
            Value::Decimal("12345678901234567890.123".parse().unwrap()),
            Value::Text("zähler ".into()),
            Value::Integer(i64::MAX),
        ] {
            let mut position = Position::new(7, Timestamp::UNIX_EPOCH);
            position.set_from(Some(&value));
            let again = Position::read(&position.text(), 7).unwrap();
            assert_eq!(again.from(), Some(value));
            assert_eq!(Position::read(&position.text(), 8), None);
        }
        assert_eq!(Position::read("{}", 7), None);
        assert_eq!(Position::read(r#"{"v":2,"of":7,"at":"1970-01-01T00:00:00Z"}"#, 7), None);
        assert_eq!(Position::read(r#"{"v":1,"of":7,"at":"1970-01-01T00:00:00Z","from":"xyz"}"#, 7), None);
    }
}
