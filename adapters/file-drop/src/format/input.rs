//! A file's bytes as the parsers see them: a window that grows while a record is incomplete.
//!
//! Invariant: what a parser sees depends on the content alone, never on how many bytes one read happened to give.
//! UTF-8 and single-byte pages are seen as they are; everything else is transcoded to UTF-8, and the window still
//! knows the source's own bytes and offsets. Not here: records.

use super::charset::{self, Charset, Declared, Table};
use super::transcode::Transcoder;
use super::trouble::Trouble;
use std::borrow::Cow;
use std::io::{ErrorKind, Read};
use std::ops::Range;

/// How many bytes one read asks for.
const CHUNK: usize = 256 * 1024;

/// How much of a file's front is looked at before anything is delivered.
const FRONT: usize = 64 * 1024;

/// Bytes of a record that are kept of it.
const MOST_RAW: usize = 64 * 1024;

/// What a reader can work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Single-byte pages as they are; multi-byte ones as UTF-8.
    SingleBytes,
    /// Every page as it is, save UTF-16.
    Bytes,
    /// UTF-8 only.
    Unicode,
}

/// The window.
pub struct Input {
    src: Box<dyn Read + Send>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    offset: u64,
    line: u64,
    charset: Charset,
    wide: Option<Transcoder>,
}

impl Input {
    /// Opens a file: looks at its front, settles its encoding, and refuses what is plainly encoded otherwise.
    /// `of_front` is the format's own rule (an XML declaration), asked where neither configuration nor mark decide.
    pub fn open(
        src: Box<dyn Read + Send>,
        declared: &Declared,
        sight: Sight,
        of_front: impl FnOnce(&[u8]) -> Result<Option<Charset>, Trouble>,
    ) -> Result<Input, Trouble> {
        let mut input = Input {
            src,
            buf: Vec::new(),
            start: 0,
            end: 0,
            ended: false,
            offset: 0,
            line: 1,
            charset: Charset::Utf8,
            wide: None,
        };
        while input.text().len() < FRONT && input.more()? {}
        let front = input.text();
        let (charset, skip) = settle(declared, front, of_front)?;
        let front = &front[skip..front.len().min(FRONT)];
        plausible(front, &charset, skip > 0)?;
        input.start += skip;
        input.offset = skip as u64;
        let through = match (&charset, sight) {
            (Charset::Utf16 { .. }, _) | (Charset::Multi(_), Sight::SingleBytes | Sight::Unicode) => true,
            (Charset::Table(_), Sight::Unicode) => true,
            (Charset::Utf8 | Charset::Table(_) | Charset::Multi(_), _) => false,
        };
        if through {
            let raw = input.text().to_vec();
            (input.start, input.end) = (0, 0);
            let mut wide = Transcoder::new(&charset);
            wide.feed(&raw, input.ended, &mut input.buf, &mut input.end);
            input.wide = Some(wide);
        }
        input.charset = charset;
        Ok(input)
    }

    /// The encoding.
    pub fn charset(&self) -> &Charset {
        &self.charset
    }

    /// True if the window holds UTF-8 or what was transcoded to it.
    pub fn is_unicode(&self) -> bool {
        self.wide.is_some() || matches!(self.charset, Charset::Utf8)
    }

    /// What was read and not yet taken.
    pub fn text(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    /// True once nothing follows [`Input::text`].
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Reads on. False at the end.
    pub fn more(&mut self) -> Result<bool, Trouble> {
        if self.ended {
            return Ok(false);
        }
        // A long record is looked at again after each read: asking for as much again keeps that linear.
        let want = CHUNK.max(self.end - self.start);
        match &mut self.wide {
            None => {
                make_room(&mut self.buf, &mut self.start, &mut self.end, want);
                let n = read(&mut self.src, &mut self.buf[self.end..])?;
                self.end += n;
                self.ended = n == 0;
            }
            Some(wide) => {
                make_room(&mut self.buf, &mut self.start, &mut self.end, 0);
                let mut raw = vec![0; CHUNK];
                let n = read(&mut self.src, &mut raw)?;
                self.ended = n == 0;
                wide.feed(&raw[..n], self.ended, &mut self.buf, &mut self.end);
            }
        }
        Ok(true)
    }

    /// Takes `n` bytes of text off the front.
    pub fn take(&mut self, n: usize) {
        let lines = memchr::memchr_iter(b'\n', &self.text()[..n]).count() as u64;
        self.take_lines(n, lines);
    }

    /// Takes `n` bytes of text that hold `lines` line ends.
    pub fn take_lines(&mut self, n: usize, lines: u64) {
        self.line += lines;
        self.offset += match &mut self.wide {
            None => n as u64,
            Some(wide) => wide.take(&self.buf[self.start..self.start + n]) as u64,
        };
        self.start += n;
    }

    /// The line of the text's first byte, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The offset of the text's first byte in the unpacked file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The source's own bytes for a range of the text, at most 64 KiB of them.
    pub fn raw(&self, range: Range<usize>) -> Vec<u8> {
        self.source(range).into_owned()
    }

    /// The same; borrowed where nothing was transcoded.
    pub fn source(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        match &self.wide {
            None => Cow::Borrowed(&self.text()[range.start..range.end.min(range.start + MOST_RAW)]),
            Some(wide) => {
                let mut raw = wide.raw(self.text(), range);
                raw.truncate(MOST_RAW);
                Cow::Owned(raw)
            }
        }
    }

    /// Where in the range stands the first thing the encoding gives no meaning to: told for a person.
    pub fn malformed(&self, range: Range<usize>) -> Option<String> {
        if let Some(wide) = &self.wide {
            let at = wide.malformed(range.clone())?;
            return Some(self.place_of(range.start, at));
        }
        match &self.charset {
            Charset::Utf8 => {
                let at = std::str::from_utf8(&self.text()[range.clone()]).err()?.valid_up_to() + range.start;
                Some(self.place_of(range.start, at))
            }
            Charset::Table(t) => {
                let at = self.text()[range.clone()].iter().position(|b| t.char(*b).is_none())? + range.start;
                Some(self.place_of(range.start, at))
            }
            _ => None,
        }
    }

    fn place_of(&self, from: usize, at: usize) -> String {
        let text = self.text();
        let byte = if self.wide.is_some() {
            String::from("the bytes")
        } else {
            text.get(at).map_or_else(String::new, |b| format!("byte 0x{b:02X}"))
        };
        format!("{byte} after {} characters is not {}", self.chars(from..at), self.charset.name())
    }

    fn chars(&self, range: Range<usize>) -> usize {
        let bytes = &self.text()[range];
        if self.is_unicode() { String::from_utf8_lossy(bytes).chars().count() } else { bytes.len() }
    }

    /// True unless the transcoder marked something in the range.
    pub fn wide_is_sound(&self, range: Range<usize>) -> bool {
        self.wide.as_ref().is_none_or(|w| w.malformed(range).is_none())
    }

    /// The page, where the text holds its bytes.
    pub fn table(&self) -> Option<&Table> {
        match &self.charset {
            Charset::Table(t) if self.wide.is_none() => Some(t),
            _ => None,
        }
    }

    /// A range of the text as characters; `None` where it has bytes without meaning.
    pub fn decode(&self, range: Range<usize>) -> Option<Cow<'_, str>> {
        if self.wide.as_ref().is_some_and(|w| w.malformed(range.clone()).is_some()) {
            return None;
        }
        let bytes = &self.text()[range];
        match &self.charset {
            Charset::Table(t) if self.wide.is_none() => {
                let mut out = String::with_capacity(bytes.len());
                t.push(bytes, &mut out).ok()?;
                Some(Cow::Owned(out))
            }
            Charset::Multi(e) if self.wide.is_none() => e.decode_without_bom_handling_and_without_replacement(bytes),
            _ => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        }
    }
}

fn read(src: &mut dyn Read, into: &mut [u8]) -> Result<usize, Trouble> {
    loop {
        match src.read(into) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => return Ok(other?),
        }
    }
}

/// Makes `want` bytes of room after `end`, moving what is unread to the front.
fn make_room(buf: &mut Vec<u8>, start: &mut usize, end: &mut usize, want: usize) {
    if *start > 0 {
        buf.copy_within(*start..*end, 0);
        *end -= *start;
        *start = 0;
    }
    if buf.len() < *end + want {
        buf.resize(*end + want, 0);
    }
}

fn settle(
    declared: &Declared,
    front: &[u8],
    of_front: impl FnOnce(&[u8]) -> Result<Option<Charset>, Trouble>,
) -> Result<(Charset, usize), Trouble> {
    let mark = charset::mark(front);
    match (declared, mark) {
        (Declared::Auto, Some(found)) => Ok(found),
        (Declared::Auto, None) => Ok((of_front(front)?.unwrap_or(Charset::Utf8), 0)),
        (Declared::Utf16, Some((c @ Charset::Utf16 { .. }, n))) => Ok((c, n)),
        (Declared::Utf16, None) => Ok((Charset::Utf16 { big: false }, 0)),
        (Declared::Is(c), None) => Ok((c.clone(), 0)),
        (Declared::Is(c), Some((found, n))) if c.name() == found.name() => Ok((found, n)),
        (Declared::Is(_) | Declared::Utf16, Some((found, _))) => {
            let said = if let Declared::Is(c) = declared { c.name() } else { "utf-16" };
            Err(Trouble::refused(
                "wrong-encoding",
                format!(
                    "the file begins with the byte order mark of {}, but `encoding: {said}` is declared. Correct \
                     `encoding`, or leave it out: the mark then decides",
                    found.name()
                ),
            ))
        }
    }
}

/// Refuses a file whose front is plainly encoded otherwise.
fn plausible(front: &[u8], charset: &Charset, marked: bool) -> Result<(), Trouble> {
    let refuse = |what: String| Err(Trouble::refused("wrong-encoding", what));
    let nulls = memchr::memchr_iter(0, front).count();
    if let Charset::Utf16 { .. } = charset {
        if !marked && front.len() >= 8 && nulls == 0 && front.is_ascii() {
            return refuse(format!("the file is plain ASCII, but `encoding: {}` is declared", charset.name()));
        }
        return Ok(());
    }
    if nulls * 10 > front.len() && front.len() >= 8 && looks_wide(front) {
        return refuse(format!(
            "every second byte is zero: the file seems to be UTF-16, not {}. Declare `encoding: utf-16le` or `utf-16be`",
            charset.name()
        ));
    }
    if matches!(charset, Charset::Utf8) {
        let complete = memchr::memrchr(b'\n', front).map_or(front, |n| &front[..n]);
        let lines = complete.split(|b| *b == b'\n').filter(|l| !l.is_ascii());
        let (mut all, mut bad) = (0, 0);
        for line in lines {
            all += 1;
            bad += usize::from(std::str::from_utf8(line).is_err());
        }
        if all >= 4 && bad == all {
            return refuse(format!(
                "none of the first {all} lines with characters beyond ASCII is UTF-8. Declare the file's `encoding`, \
                 such as windows-1252"
            ));
        }
    }
    Ok(())
}

/// The zeros of UTF-16 stand at odd or at even places; those of binary fields at both.
fn looks_wide(front: &[u8]) -> bool {
    let odd = front.iter().skip(1).step_by(2).filter(|b| **b == 0).count();
    let even = front.iter().step_by(2).filter(|b| **b == 0).count();
    odd.max(even) > 8 * odd.min(even)
}
