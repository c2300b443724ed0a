//! Header fields on their way through, in one piece of memory.
//!
//! Invariant: names are tokens in lower case, values hold no line break and no NUL (RFC 9110, 5.1 and 5.5): whatever is
//! written from here is what it looks like. The order is that in which fields came.
//! Here too: which fields end at a hop (`hop`), and which are added at it (`stamp`).

mod hop;
mod stamp;

pub use hop::end_hop;
pub use stamp::{Caller, stamp};

use bytes::{Bytes, BytesMut};
use std::fmt;
use std::ops::Range;

/// Fields of a message.
#[derive(Clone, Default)]
pub struct Fields {
    /// Names and values, wherever the lines say. Between them may stand what belongs to neither.
    text: BytesMut,
    lines: Vec<Line>,
}

/// One field: places in the text.
#[derive(Clone, Copy, Default)]
pub(crate) struct Line {
    name: (u32, u32),
    value: (u32, u32),
}

impl Line {
    /// `None`: the places are beyond what is counted here.
    pub(crate) fn at(name: Range<usize>, value: Range<usize>) -> Option<Line> {
        let range = |r: Range<usize>| Some((u32::try_from(r.start).ok()?, u32::try_from(r.end).ok()?));
        Some(Line { name: range(name)?, value: range(value)? })
    }

    fn name(&self) -> Range<usize> {
        self.name.0 as usize..self.name.1 as usize
    }

    fn value(&self) -> Range<usize> {
        self.value.0 as usize..self.value.1 as usize
    }
}

impl Fields {
    /// None yet, with room for so many and for so much text.
    pub fn with_capacity(fields: usize, text: usize) -> Fields {
        Fields { text: BytesMut::with_capacity(text), lines: Vec::with_capacity(fields) }
    }

    /// Those. What is no field is left out.
    pub fn of(all: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in all {
            fields.append(name, value.as_bytes());
        }
        fields
    }

    /// A head that was read: its text, and where the fields stand in it. Who calls has checked them.
    pub(crate) fn read(mut text: BytesMut, lines: Vec<Line>) -> Fields {
        for line in &lines {
            if let Some(name) = text.get_mut(line.name()) {
                name.make_ascii_lowercase();
            }
        }
        Fields { text, lines }
    }

    /// Adds one, beside others of that name. What cannot be a field is not taken, and that is said.
    pub fn append(&mut self, name: &str, value: &[u8]) -> bool {
        self.append_pieces(name, &[value])
    }

    /// The same; the value is these, one after another.
    pub fn append_pieces(&mut self, name: &str, value: &[&[u8]]) -> bool {
        if name.is_empty() || !value.iter().all(|piece| is_value(piece)) {
            return false;
        }
        let begin = self.text.len();
        self.text.extend_from_slice(name.as_bytes());
        let named = self.text.len();
        let mut is_token = true;
        for byte in self.text.get_mut(begin..).unwrap_or_default() {
            *byte = LOWER[usize::from(*byte)];
            is_token &= *byte != 0;
        }
        value.iter().for_each(|piece| self.text.extend_from_slice(piece));
        match Line::at(begin..named, named..self.text.len()).filter(|_| is_token) {
            Some(line) => self.lines.push(line),
            None => {
                self.text.truncate(begin);
                return false;
            }
        }
        true
    }

    /// Puts one in the place of all of that name.
    pub fn set(&mut self, name: &str, value: &[u8]) -> bool {
        self.remove(name);
        self.append(name, value)
    }

    /// Removes all of that name, which is in lower case.
    pub fn remove(&mut self, name: &str) {
        if self.contains(name) {
            self.retain(|n| n != name.as_bytes());
        }
    }

    /// Keeps those whose names that is true of.
    pub fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) {
        let text = &self.text;
        self.lines.retain(|line| keep(name(text, line)));
    }

    /// The first value under that name, which is in lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let its = |line: &&Line| self.text.get(line.name()) == Some(name.as_bytes());
        self.lines.iter().find(its).map(|line| value(&self.text, line))
    }

    /// The same, where it is ASCII.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|v| v.is_ascii()).and_then(|v| std::str::from_utf8(v).ok())
    }

    /// All values under that name, which is in lower case.
    pub fn get_all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f [u8]> {
        let its = move |line: &&Line| self.text.get(line.name()) == Some(name.as_bytes());
        self.lines.iter().filter(its).map(|line| value(&self.text, line))
    }

    /// Whether there is one of that name, which is in lower case.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.iter().map(|line| (name(&self.text, line), value(&self.text, line)))
    }

    /// Names, and those values that are ASCII.
    pub fn texts(&self) -> Vec<(String, String)> {
        let text = |v: &[u8]| v.is_ascii().then(|| String::from_utf8_lossy(v).into_owned());
        self.iter().filter_map(|(n, v)| Some((text(n)?, text(v)?))).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Gives each away: its name, and its value as a part of what all of them share.
    pub fn give(self, mut to: impl FnMut(&[u8], Bytes)) {
        let text = self.text.freeze();
        for line in self.lines.iter().filter(|line| line.value().end <= text.len()) {
            to(name(&text, line), text.slice(line.value()));
        }
    }

    /// Writes those of which that is true as a message bears them (RFC 9112, 5), without the line that ends them.
    pub(crate) fn write(&self, to: &mut Vec<u8>, those: impl Fn(&[u8]) -> bool) {
        for (name, value) in self.iter().filter(|(name, _)| those(name)) {
            [name, b": ", value, b"\r\n"].into_iter().for_each(|piece| to.extend_from_slice(piece));
        }
    }

    /// Bytes that [`Fields::write`] adds at most.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + 4 * self.lines.len()
    }
}

fn name<'t>(text: &'t [u8], line: &Line) -> &'t [u8] {
    text.get(line.name()).unwrap_or_default()
}

fn value<'t>(text: &'t [u8], line: &Line) -> &'t [u8] {
    text.get(line.value()).unwrap_or_default()
}

/// What may stand in a name (RFC 9110, 5.6.2), in lower case; 0: it may not.
const LOWER: [u8; 256] = {
    let (mut table, mut at) = ([0; 256], 0);
    while at < 128 {
        let byte = at as u8;
        if byte.is_ascii_alphanumeric() {
            table[at] = byte.to_ascii_lowercase();
        }
        at += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    at = 0;
    while at < others.len() {
        table[others[at] as usize] = others[at];
        at += 1;
    }
    table
};

/// What may stand in a value: no control characters but the tab (RFC 9110, 5.5).
fn is_value(value: &[u8]) -> bool {
    // Without a way out: so several bytes are looked at at once.
    value.iter().fold(true, |fine, b| fine & (*b >= b' ' && *b != 0x7f || *b == b'\t'))
}

impl fmt::Debug for Fields {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| String::from_utf8_lossy(name))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_kept_in_order_and_found_by_name() {
        let mut fields = Fields::of(&[("Accept", "a"), ("x-b", "1"), ("accept", "b")]);
        assert_eq!(fields.get_all("accept").collect::<Vec<_>>(), [b"a", b"b"]);
        assert!(fields.set("x-b", b"\xff\t2") && fields.append_pieces("x-c", &[b"", b"3", b"4"]));
        assert_eq!(
            (fields.get("x-b"), fields.text("x-b"), fields.text("x-c")),
            (Some(&b"\xff\t2"[..]), None, Some("34"))
        );
        fields.remove("accept");
        let mut written = Vec::new();
        assert!(fields.append("x-d", b""));
        fields.write(&mut written, |name| name != b"x-d");
        fields.remove("x-d");
        assert_eq!(written, b"x-b: \xff\t2\r\nx-c: 34\r\n");
        assert!(written.len() <= fields.size());
        let mut given = Vec::new();
        fields.clone().give(|name, value| given.push((name.to_vec(), value)));
        assert_eq!(
            given,
            [(b"x-b".to_vec(), Bytes::from_static(b"\xff\t2")), (b"x-c".to_vec(), Bytes::from_static(b"34"))]
        );
        assert_eq!(
            (fields.texts(), format!("{fields:?}").as_str()),
            (vec![("x-c".into(), "34".into())], r#"["x-b", "x-c"]"#)
        );
    }

    #[test]
    fn what_is_no_field_is_not_taken() {
        let mut fields = Fields::default();
        for (name, value) in
            [("", "a"), ("a b", "a"), ("a:", "a"), ("a", "b\r\nc: d"), ("a", "b\nc"), ("a", "\0"), ("\u{e9}", "a")]
        {
            assert!(!fields.append(name, value.as_bytes()), "{name:?}: {value:?}");
        }
        assert!(fields.is_empty() && fields.append("a", b"") && fields.len() == 1);
    }
}
