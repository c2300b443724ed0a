//! References within a document.

use super::place::join;
use serde_json::Value;

/// References that follow one another at most.
const LONGEST_CHAIN: usize = 32;

/// A document.
#[derive(Clone, Copy)]
pub(super) struct Doc<'a> {
    pub(super) root: &'a Value,
}

/// A place in a document.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl<'a> At<'a> {
    /// A member of it.
    pub(super) fn get(&self, name: &str) -> Option<At<'a>> {
        Some(At { pointer: join(&self.pointer, name), value: self.value.get(name)? })
    }

    /// A text that is a member of it.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }

    /// Whether a member is `true`.
    pub(super) fn is(&self, name: &str) -> bool {
        self.value.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Its members, or elements, in order.
    pub(super) fn each(&self) -> Vec<(String, At<'a>)> {
        let at = |name: String, value| (name.clone(), At { pointer: join(&self.pointer, &name), value });
        match self.value {
            Value::Object(members) => members.iter().map(|(n, v)| at(n.clone(), v)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(n, v)| at(n.to_string(), v)).collect(),
            _ => Vec::new(),
        }
    }
}

impl<'a> Doc<'a> {
    /// The root's member of that name.
    pub(super) fn get(&self, name: &str) -> Option<At<'a>> {
        At { pointer: String::new(), value: self.root }.get(name)
    }

    /// What a place refers to, if it does; else the place itself. An error is why it cannot be followed.
    pub(super) fn follow(&self, at: At<'a>) -> Result<At<'a>, String> {
        let mut at = at;
        for _ in 0..LONGEST_CHAIN {
            let Some(to) = at.text("$ref") else { return Ok(at) };
            let missing = || format!("`{to}` leads nowhere within the document");
            let pointer = to.strip_prefix('#').ok_or_else(|| format!("`{to}` leads out of the document"))?;
            let pointer = unescape(pointer);
            let value = self.root.pointer(&pointer).ok_or_else(missing)?;
            at = At { pointer, value };
        }
        Err("references lead in a circle".to_owned())
    }
}

/// In an address the pointer's odd characters are percent-encoded.
fn unescape(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
