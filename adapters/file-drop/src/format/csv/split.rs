//! Splits the front of a text into one delimited record.
//!
//! The rule for quotes: a field that begins with the quote character runs to the next single quote character, over
//! delimiters and record ends; a doubled one stands for itself. What follows the closing quote must be a delimiter or
//! a record end. Where that does not hold, where the quote is not closed within `max_record`, or where a record over
//! several lines has the wrong number of fields, the quote is taken to be an error of its line: that line alone is
//! bad, and reading goes on with the next one. A quote character further inside a field is an ordinary character.

use crate::format::lines::LineEnd;

/// What separates and quotes, in the bytes the parser sees.
#[derive(Clone, Debug)]
pub struct Dialect {
    /// Between fields; not empty.
    pub delimiter: Vec<u8>,
    /// After a record.
    pub end: LineEnd,
    /// Around fields.
    pub quote: Option<u8>,
    /// No record is longer.
    pub max: usize,
}

/// A field: where it stands in the text, and whether it holds doubled quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// Quotes inside are doubled.
    pub doubled: bool,
}

/// What stands at the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Cannot tell without more bytes.
    Need,
    /// Nothing is left.
    End,
    /// A record: its bytes without and with its end, and the line ends in it.
    Record {
        /// Without its end.
        content: usize,
        /// With its end.
        len: usize,
        /// Line feeds in `len`.
        lines: u64,
    },
    /// A quote that is not closed as it must be; this is the first line of it.
    Broken {
        /// Without its end.
        content: usize,
        /// With its end.
        len: usize,
        /// What is wrong with the quote.
        why: &'static str,
    },
    /// Longer than `max`, and no quote to blame.
    TooLong,
}

/// What stands right behind a field.
enum After {
    Delimiter,
    End(usize),
    Neither,
    Need,
}

impl Dialect {
    /// Splits the first record. `expect`: how many fields it should have, for the rule on quotes.
    pub fn split(&self, text: &[u8], ended: bool, expect: Option<usize>, spans: &mut Vec<Span>) -> Split {
        spans.clear();
        if text.is_empty() {
            return if ended { Split::End } else { Split::Need };
        }
        if let ([delimiter], LineEnd::Newline) = (self.delimiter.as_slice(), &self.end) {
            self.fast(*delimiter, text, ended, expect, spans)
        } else {
            self.general(text, ended, expect, spans)
        }
    }

    /// One-byte delimiter, line feed at the end: what nearly all files are.
    fn fast(&self, delimiter: u8, text: &[u8], ended: bool, expect: Option<usize>, spans: &mut Vec<Span>) -> Split {
        let mut at = 0;
        loop {
            if self.quote.is_some() && text.get(at).copied() == self.quote {
                return self.general(text, ended, expect, spans);
            }
            match memchr::memchr2(delimiter, b'\n', &text[at..]) {
                Some(n) if text[at + n] == delimiter => {
                    spans.push(Span { start: at, end: at + n, doubled: false });
                    at += n + 1;
                }
                Some(n) => {
                    let len = at + n + 1;
                    let content = if at + n > 0 && text[at + n - 1] == b'\r' { at + n - 1 } else { at + n };
                    spans.push(Span { start: at, end: content.max(at), doubled: false });
                    let content = content.max(at);
                    return if content > self.max { Split::TooLong } else { Split::Record { content, len, lines: 1 } };
                }
                None => return self.last(text, at, ended, spans),
            }
        }
    }

    /// No end in sight: the file's last record, or not all there yet.
    fn last(&self, text: &[u8], at: usize, ended: bool, spans: &mut Vec<Span>) -> Split {
        if !ended {
            return if text.len() > self.max + 2 { Split::TooLong } else { Split::Need };
        }
        let strip = self.end == LineEnd::Newline && text.last() == Some(&b'\r') && text.len() > at;
        let content = text.len() - usize::from(strip);
        spans.push(Span { start: at, end: content, doubled: false });
        if content > self.max { Split::TooLong } else { Split::Record { content, len: text.len(), lines: 0 } }
    }

    fn general(&self, text: &[u8], ended: bool, expect: Option<usize>, spans: &mut Vec<Span>) -> Split {
        spans.clear();
        let mut at = 0;
        loop {
            let quoted = self.quote.filter(|q| text.get(at) == Some(q));
            let (span, after) = match quoted {
                Some(quote) => match self.quoted(quote, text, at, ended) {
                    Ok(found) => found,
                    Err(why) => return self.broken(text, ended, why),
                },
                None => self.plain(text, at, ended),
            };
            match after {
                After::Need if text.len() > self.max + self.slack() => return self.overlong(text, ended),
                After::Need => return Split::Need,
                After::Delimiter => {
                    spans.push(span);
                    at = span.end + self.delimiter.len() + usize::from(quoted.is_some());
                }
                // No field ends before nothing at all: `Neither` is met and dealt with inside fields.
                found @ (After::End(_) | After::Neither) => {
                    let end = if let After::End(n) = found { n } else { 0 };
                    spans.push(span);
                    let content = span.end + usize::from(quoted.is_some());
                    return self.whole(text, ended, expect, spans, content, content + end);
                }
            }
        }
    }

    /// Bytes past `max` that may be needed to tell where a record of `max` bytes ends.
    fn slack(&self) -> usize {
        2 + self.delimiter.len() + if let LineEnd::Exact(end) = &self.end { end.len() } else { 2 }
    }

    fn whole(
        &self,
        text: &[u8],
        ended: bool,
        expect: Option<usize>,
        spans: &[Span],
        content: usize,
        len: usize,
    ) -> Split {
        let several = self.spans_lines(&text[..content]);
        if content > self.max {
            return if several { self.broken(text, ended, UNCLOSED) } else { Split::TooLong };
        }
        if several && expect.is_some_and(|n| n != spans.len()) {
            return self.broken(text, ended, "it runs over several lines and gives the wrong number of fields");
        }
        let lines = memchr::memchr_iter(b'\n', &text[..len]).count() as u64;
        Split::Record { content, len, lines }
    }

    fn spans_lines(&self, content: &[u8]) -> bool {
        match &self.end {
            LineEnd::Newline => memchr::memchr(b'\n', content).is_some(),
            LineEnd::Exact(end) => memchr::memmem::find(content, end).is_some(),
        }
    }

    /// Past `max` and still no end.
    fn overlong(&self, text: &[u8], ended: bool) -> Split {
        let first = self.end.first(&text[..self.max.min(text.len())], false);
        // A line that ends within `max` can only have been overrun by a quote.
        if first.is_some() && self.quote.is_some() {
            return self.broken(text, ended, UNCLOSED);
        }
        Split::TooLong
    }

    fn broken(&self, text: &[u8], ended: bool, why: &'static str) -> Split {
        match self.end.first(text, ended) {
            Some(line) if line.content > self.max => Split::TooLong,
            Some(line) => Split::Broken { content: line.content, len: line.len, why },
            None if text.len() > self.max + self.slack() => Split::TooLong,
            None => Split::Need,
        }
    }

    fn plain(&self, text: &[u8], from: usize, ended: bool) -> (Span, After) {
        let first = match &self.end {
            LineEnd::Newline => b'\n',
            LineEnd::Exact(end) => end[0],
        };
        let mut at = from;
        while let Some(n) = memchr::memchr2(self.delimiter[0], first, &text[at..]) {
            at += n;
            match self.behind(text, at, ended) {
                After::Neither => at += 1,
                After::End(_) if self.end == LineEnd::Newline => {
                    let end = if at > from && text[at - 1] == b'\r' { at - 1 } else { at };
                    return (Span { start: from, end, doubled: false }, After::End(at + 1 - end));
                }
                found => return (Span { start: from, end: at, doubled: false }, found),
            }
        }
        let strip = self.end == LineEnd::Newline && text.len() > from && text.last() == Some(&b'\r');
        if !ended {
            return (Span { start: from, end: text.len(), doubled: false }, After::Need);
        }
        let end = text.len() - usize::from(strip);
        (Span { start: from, end, doubled: false }, After::End(text.len() - end))
    }

    /// A quoted field from `from`; its span is what the quotes enclose.
    fn quoted(&self, quote: u8, text: &[u8], from: usize, ended: bool) -> Result<(Span, After), &'static str> {
        let mut at = from + 1;
        let mut doubled = false;
        loop {
            let limit = text.len().min(self.max + 1);
            let Some(n) = text.get(at..limit).and_then(|rest| memchr::memchr(quote, rest)) else {
                if ended || text.len() > self.max {
                    return Err(UNCLOSED);
                }
                return Ok((Span { start: from + 1, end: text.len(), doubled }, After::Need));
            };
            at += n;
            let span = Span { start: from + 1, end: at, doubled };
            match text.get(at + 1) {
                None if ended => return Ok((span, After::End(0))),
                None => return Ok((span, After::Need)),
                Some(q) if *q == quote => {
                    doubled = true;
                    at += 2;
                }
                Some(_) => {
                    return match self.behind(text, at + 1, ended) {
                        After::Neither => Err("text follows the closing quote"),
                        found => Ok((span, found)),
                    };
                }
            }
        }
    }

    /// What begins at `at`: a record end is looked for first, so that it may begin with the delimiter.
    fn behind(&self, text: &[u8], at: usize, ended: bool) -> After {
        let rest = &text[at..];
        match &self.end {
            LineEnd::Newline => match rest {
                [b'\n', ..] => return After::End(1),
                [b'\r', b'\n', ..] => return After::End(2),
                [b'\r'] if ended => return After::End(1),
                [b'\r'] => return After::Need,
                _ => {}
            },
            LineEnd::Exact(end) => {
                if rest.starts_with(end) {
                    return After::End(end.len());
                }
                if !ended && end.starts_with(rest) {
                    return After::Need;
                }
            }
        }
        if rest.starts_with(&self.delimiter) {
            return After::Delimiter;
        }
        if !ended && self.delimiter.starts_with(rest) { After::Need } else { After::Neither }
    }
}

const UNCLOSED: &str = "it is not closed";
