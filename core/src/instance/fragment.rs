//! JSON fragments, many in one buffer.

use std::borrow::Cow;

/// A list of byte strings that share one buffer, so that rendering a record allocates nothing once warm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragments {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Fragments {
    /// Forgets all, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Appends one, written by `write`.
    pub fn push_with<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let r = write(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
        r
    }

    /// Appends one.
    pub fn push(&mut self, fragment: &[u8]) {
        self.push_with(|b| b.extend_from_slice(fragment));
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Number `i`; empty if there is none.
    pub fn get(&self, i: usize) -> &[u8] {
        let Some(end) = self.ends.get(i) else { return &[] };
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start as usize..*end as usize]
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// The text of a scalar's JSON fragment: a string's content, or a number or boolean as it stands.
pub fn json_scalar_text(fragment: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(fragment).ok()?;
    if let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        if !inner.contains('\\') {
            return Some(Cow::Borrowed(inner));
        }
        return serde_json::from_str::<String>(text).ok().map(Cow::Owned);
    }
    (!matches!(text, "" | "null") && !text.starts_with(['[', '{'])).then_some(Cow::Borrowed(text))
}
