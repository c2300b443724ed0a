//! Walks through an XML document from mark-up to mark-up, without holding what it passes over.
//!
//! Invariant: only one tag or one record is ever held; text and comments of any length are passed over in pieces.
//! Start and end tags must match. A document type that declares entities refuses the file.

use crate::format::input::Input;
use crate::format::trouble::Trouble;
use banyan_words::Place;

/// How deep elements may nest.
const DEPTH: usize = 256;

/// Longest document type declaration.
const DOCTYPE: usize = 1 << 20;

/// What was passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// A start tag: its text between the angle brackets, without a closing `/`.
    Start {
        /// `name attribute="value"…`
        tag: String,
        /// It ends at once.
        empty: bool,
    },
    /// An end tag that matches.
    End,
    /// The document's end.
    Finished,
}

/// The walk.
pub struct Scan {
    /// The window; what is held of a record stands at its front.
    pub input: Input,
    /// Bytes of the window already walked over (only while a record is held).
    pos: usize,
    hold: bool,
    max: usize,
    dropped: Option<Vec<u8>>,
    names: String,
    starts: Vec<usize>,
    had_root: bool,
}

impl Scan {
    /// Starts before the document. No tag and no record may be longer than `max`.
    pub fn new(input: Input, max: usize) -> Scan {
        Scan {
            input,
            pos: 0,
            hold: false,
            max,
            dropped: None,
            names: String::new(),
            starts: Vec::new(),
            had_root: false,
        }
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.starts.len()
    }

    /// A refusal that names the place.
    pub fn malformed(&self, what: &str) -> Trouble {
        let held = &self.input.text()[..self.pos];
        let line = self.input.line() + memchr::memchr_iter(b'\n', held).count() as u64;
        let offset = self.input.offset() + self.pos as u64;
        Trouble::refused("xml-malformed", format!("line {line}, byte {offset}: {what}"))
    }

    /// From the next mark-up on, nothing is let go: a record begins with the tag that follows.
    pub fn place(&self) -> Place {
        Place { line: self.input.line(), offset: self.input.offset() }
    }

    /// Ends a record: how many bytes of the window it has, or its first bytes if it was too long to hold.
    pub fn release(&mut self) -> Result<usize, Vec<u8>> {
        self.hold = false;
        let len = std::mem::take(&mut self.pos);
        self.dropped.take().map_or(Ok(len), Err)
    }

    fn view(&self) -> &[u8] {
        &self.input.text()[self.pos..]
    }

    fn advance(&mut self, n: usize) {
        if !self.hold {
            self.input.take(n);
            return;
        }
        self.pos += n;
        if self.pos > self.max {
            self.dropped = Some(self.input.raw(0..self.max));
            self.input.take(self.pos);
            (self.pos, self.hold) = (0, false);
        }
    }

    /// Makes sure that `n` bytes are in view, or that the document ends before.
    fn want(&mut self, n: usize) -> Result<(), Trouble> {
        while self.view().len() < n && self.input.more()? {}
        Ok(())
    }

    /// Walks over everything up to and including `end`.
    fn through(&mut self, end: &[u8], what: &str) -> Result<(), Trouble> {
        loop {
            if let Some(n) = memchr::memmem::find(self.view(), end) {
                self.advance(n + end.len());
                return Ok(());
            }
            let keep = self.view().len().min(end.len() - 1);
            self.advance(self.view().len() - keep);
            if !self.input.more()? {
                return Err(self.malformed(&format!("{what} does not end")));
            }
        }
    }

    /// Walks over text up to the next `<`; false at the document's end.
    fn text(&mut self) -> Result<bool, Trouble> {
        loop {
            let view = self.view();
            let found = memchr::memchr(b'<', view);
            let text = &view[..found.unwrap_or(view.len())];
            if self.starts.is_empty() && !text.iter().all(u8::is_ascii_whitespace) {
                let what = if self.had_root { "text follows the document" } else { "text stands before the document" };
                return Err(self.malformed(what));
            }
            self.advance(text.len());
            if found.is_some() {
                return Ok(true);
            }
            if !self.input.more()? {
                return Ok(false);
            }
        }
    }

    /// Walks to behind the next start or end tag. `hold_from`: asked with a start tag that was not walked over yet;
    /// if it says so, the window holds everything from that tag on.
    pub fn next(&mut self, mut hold_from: impl FnMut(&Scan, &str) -> bool) -> Result<Passed, Trouble> {
        loop {
            if !self.text()? {
                return self.finish();
            }
            self.want(9)?;
            let view = self.view();
            if view.starts_with(b"<!--") {
                self.advance(4);
                self.through(b"-->", "a comment")?;
            } else if view.starts_with(b"<![CDATA[") {
                if self.starts.is_empty() {
                    return Err(self.malformed("text stands outside the document"));
                }
                self.advance(9);
                self.through(b"]]>", "a CDATA section")?;
            } else if view.starts_with(b"<?") {
                self.advance(2);
                self.through(b"?>", "a processing instruction")?;
            } else if view.starts_with(b"<!DOCTYPE") {
                self.doctype()?;
            } else if view.starts_with(b"</") {
                let n = self.tag_len()?;
                self.end_tag(n)?;
                self.advance(n);
                return Ok(Passed::End);
            } else {
                let n = self.tag_len()?;
                let (tag, empty) = self.start_tag(n)?;
                if hold_from(self, &tag) {
                    self.hold = true;
                }
                if !empty {
                    self.open(name_of(&tag))?;
                }
                self.had_root = true;
                self.advance(n);
                return Ok(Passed::Start { tag, empty });
            }
        }
    }

    fn finish(&mut self) -> Result<Passed, Trouble> {
        if let Some(start) = self.starts.last() {
            return Err(self.malformed(&format!("the file ends inside <{}>", &self.names[*start..])));
        }
        if !self.had_root {
            return Err(self.malformed("the file holds no element"));
        }
        Ok(Passed::Finished)
    }

    /// The length of the tag at the front, `<` and `>` included.
    fn tag_len(&mut self) -> Result<usize, Trouble> {
        let (mut at, mut quote) = (1, None);
        loop {
            let view = self.view();
            while at < view.len() {
                let b = view[at];
                at += 1;
                match quote {
                    Some(q) if b == q => quote = None,
                    _ if b == b'<' => return Err(self.malformed("`<` inside a tag")),
                    Some(_) => {}
                    None if b == b'"' || b == b'\'' => quote = Some(b),
                    None if b == b'>' => return Ok(at),
                    None => {}
                }
                if at > self.max {
                    return Err(self.malformed("a tag is longer than `max_record`"));
                }
            }
            if !self.input.more()? {
                return Err(self.malformed("the file ends inside a tag"));
            }
        }
    }

    /// The tag of `n` bytes at the front, and whether it ends at once.
    fn start_tag(&self, n: usize) -> Result<(String, bool), Trouble> {
        let inner = &self.view()[1..n - 1];
        let (inner, empty) = match inner.strip_suffix(b"/") {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        // Bytes that are no UTF-8 make the record bad, which is found out when it is read.
        let tag = String::from_utf8_lossy(inner);
        if self.starts.is_empty() && self.had_root {
            return Err(self.malformed("a second element follows the document's"));
        }
        let sound = name_of(&tag).starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':');
        if sound { Ok((tag.into_owned(), empty)) } else { Err(self.malformed("a tag without a name")) }
    }

    fn open(&mut self, name: &str) -> Result<(), Trouble> {
        if self.starts.len() == DEPTH {
            return Err(self.malformed(&format!("elements nest more than {DEPTH} deep")));
        }
        self.starts.push(self.names.len());
        self.names.push_str(name);
        Ok(())
    }

    fn end_tag(&mut self, n: usize) -> Result<(), Trouble> {
        let found = self.view()[2..n - 1].trim_ascii_end();
        let Some(start) = self.starts.last().copied() else {
            return Err(self.malformed("an end tag without a start"));
        };
        if found != &self.names.as_bytes()[start..] {
            let what = format!(
                "</{}> ends <{}>",
                String::from_utf8_lossy(found).chars().take(60).collect::<String>(),
                &self.names[start..]
            );
            return Err(self.malformed(&what));
        }
        self.names.truncate(start);
        self.starts.pop();
        Ok(())
    }

    /// Walks over a document type. It may name an external one, which is never fetched; it may declare no entity.
    fn doctype(&mut self) -> Result<(), Trouble> {
        let (mut at, mut quote, mut inside) = (9, None, false);
        loop {
            let view = self.view();
            while at < view.len() {
                let b = view[at];
                at += 1;
                match (quote, b) {
                    (Some(q), b) if b == q => quote = None,
                    (Some(_), _) => {}
                    (None, b'"' | b'\'') => quote = Some(b),
                    (None, b'[') => inside = true,
                    (None, b']') => inside = false,
                    (None, b'>') if !inside => {
                        let declared = &view[..at];
                        if memchr::memmem::find(declared, b"<!ENTITY").is_some() || declared.contains(&b'%') {
                            return Err(self.entities());
                        }
                        self.advance(at);
                        return Ok(());
                    }
                    (None, _) => {}
                }
                if at > DOCTYPE {
                    return Err(self.malformed("the document type is longer than 1 MiB"));
                }
            }
            if !self.input.more()? {
                return Err(self.malformed("the file ends inside its document type"));
            }
        }
    }

    fn entities(&self) -> Trouble {
        let what = format!(
            "line {}: the document type declares entities, which are never expanded. Have the file exported without a \
             document type",
            self.input.line()
        );
        Trouble::refused("xml-doctype", what)
    }
}

/// The name at the front of a tag.
pub fn name_of(tag: &str) -> &str {
    tag.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default()
}
