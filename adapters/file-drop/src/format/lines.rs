//! Where a record ends in a file of lines.

use super::input::Input;
use super::trouble::Trouble;
use banyan_words::{Bad, BatchBuilder, Place};

/// What ends a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// A line feed, with or without a carriage return before it.
    Newline,
    /// Exactly these bytes.
    Exact(Vec<u8>),
}

/// A line found at the front of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes without the end.
    pub content: usize,
    /// Its bytes with the end.
    pub len: usize,
}

impl LineEnd {
    /// The first line of `text`; `None` if its end is not there (yet). With `ended`, the end of the text ends it too.
    pub fn first(&self, text: &[u8], ended: bool) -> Option<Line> {
        match self {
            LineEnd::Newline => match memchr::memchr(b'\n', text) {
                Some(n) => Some(Line { content: strip_return(text, n), len: n + 1 }),
                None => ended.then(|| Line { content: strip_return(text, text.len()), len: text.len() }),
            },
            LineEnd::Exact(end) => match memchr::memmem::find(text, end) {
                Some(n) => Some(Line { content: n, len: n + end.len() }),
                None => ended.then_some(Line { content: text.len(), len: text.len() }),
            },
        }
    }

    /// How many bytes at the end of a text may be the beginning of a line end.
    fn overlap(&self) -> usize {
        match self {
            LineEnd::Newline => 0,
            LineEnd::Exact(end) => end.len() - 1,
        }
    }
}

fn strip_return(text: &[u8], n: usize) -> usize {
    if n > 0 && text[n - 1] == b'\r' { n - 1 } else { n }
}

/// Only a DOS end-of-file mark is left.
pub fn is_dos_end(text: &[u8], ended: bool) -> bool {
    ended && text == [0x1a]
}

/// Drops the rest of a line that is longer than the window may grow.
pub fn skip_line(input: &mut Input, end: &LineEnd) -> Result<(), Trouble> {
    loop {
        if let Some(line) = end.first(input.text(), input.ended()) {
            input.take(line.len);
            return Ok(());
        }
        input.take(input.text().len().saturating_sub(end.overlap()));
        input.more()?;
    }
}

/// Delivers a record that is longer than `max_record` as bad, with its first bytes.
pub fn too_large(input: &Input, out: &mut BatchBuilder, shape: u16, max: usize) {
    let place = Place { line: input.line(), offset: input.offset() };
    let message = format!("line {}: the record is longer than `max_record` ({max} bytes)", place.line);
    let raw = input.raw(0..input.text().len().min(max));
    out.end_bad(shape, place, Bad { code: "record-too-large".into(), message, raw });
}
