//! JSON: the elements of one array of a document, or one value a line.
//!
//! Invariant: a document is passed through once and never held; only one element is. What follows the array is
//! passed over too, so that a document cut short is noticed. Not here: what a value is ([`value`]).

pub mod scan;
pub mod value;

use super::charset::Declared;
use super::input::{Input, Sight};
use super::lines::{self, LineEnd};
use super::trouble::Trouble;
use super::{Limit, Reader};
use banyan_words::{Bad, BatchBuilder, Column, Place, Shape, Type, Value};
use scan::Scan;
use std::io::Read;
use std::sync::Arc;

/// What the configuration says of a JSON file.
#[derive(Clone, Debug)]
pub struct Json {
    /// Its encoding.
    pub encoding: Declared,
    /// `Some`: a document whose records are the elements of the array there. `None`: a record a line.
    pub record: Option<Vec<String>>,
    /// Column names, and where in a record their values stand.
    pub fields: Vec<(String, Vec<String>)>,
    /// Bytes.
    pub max_record: usize,
}

impl Json {
    /// The columns.
    pub fn columns(&self) -> Vec<Column> {
        self.fields.iter().map(|(n, _)| Column { name: n.clone(), ty: Type::Any }).collect()
    }
}

/// Where in the document the reader stands.
enum At {
    Front,
    Elements { first: bool },
    Behind,
}

/// Reads a JSON file.
pub struct JsonReader {
    json: Arc<Json>,
    input: Input,
    shape: Arc<Shape>,
    at: At,
}

/// An element that was passed over or can be read.
enum Found {
    /// In the window, from its front.
    Held(usize),
    /// It was longer than may be held; its first bytes and its place.
    Dropped(Vec<u8>, Place),
}

impl JsonReader {
    /// Looks at the file's front and settles its encoding.
    pub fn open(json: Arc<Json>, dataset: &str, src: Box<dyn Read + Send>) -> Result<JsonReader, Trouble> {
        let input = Input::open(src, &json.encoding, Sight::Unicode, |_| Ok(None))?;
        let shape = Arc::new(Shape { dataset: dataset.to_owned(), columns: json.columns() });
        Ok(JsonReader { json, input, shape, at: At::Front })
    }

    fn malformed(&self, what: &str) -> Trouble {
        let message = format!("line {}, byte {}: {what}", self.input.line(), self.input.offset());
        Trouble::refused("json-malformed", message)
    }

    /// The next byte that is not blank; `None` at the end.
    fn next(&mut self) -> Result<Option<u8>, Trouble> {
        loop {
            let text = self.input.text();
            let n = text.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(text.len());
            let found = text.get(n).copied();
            self.input.take(n);
            if found.is_some() || !self.input.more()? {
                return Ok(found);
            }
        }
    }

    fn expect(&mut self, b: u8, what: &str) -> Result<(), Trouble> {
        if self.next()? != Some(b) {
            return Err(self.malformed(what));
        }
        self.input.take(1);
        Ok(())
    }

    /// Finds the end of the value at the front, holding it unless it is too long.
    fn element(&mut self, hold: bool) -> Result<Found, Trouble> {
        let place = self.place();
        let (mut scan, mut held, mut head) = (Scan::default(), 0, None);
        loop {
            let bytes = &self.input.text()[held..];
            let fed = bytes.len();
            let end = match scan.feed(bytes) {
                Err(what) => return Err(self.malformed(what)),
                Ok(end) => end,
            };
            let through = held + end.unwrap_or(fed);
            let too_long = hold && through > self.json.max_record;
            if too_long && head.is_none() {
                head = Some(self.input.raw(0..self.json.max_record));
            }
            held = if head.is_some() || !hold {
                self.input.take(through);
                0
            } else {
                through
            };
            if end.is_none() && self.input.more()? {
                continue;
            }
            if end.is_none() && !scan.finish() {
                return Err(self.malformed("the document ends in the middle of a value"));
            }
            return Ok(match head {
                Some(raw) => Found::Dropped(raw, place),
                None => Found::Held(held),
            });
        }
    }

    fn place(&self) -> Place {
        Place { line: self.input.line(), offset: self.input.offset() }
    }

    /// Takes a member's name.
    fn name(&mut self) -> Result<String, Trouble> {
        if self.next()? != Some(b'"') {
            return Err(self.malformed("a member's name was expected"));
        }
        let Found::Held(n) = self.element(true)? else {
            return Err(self.malformed("a member's name is longer than `max_record`"));
        };
        let text = std::str::from_utf8(&self.input.text()[..n]).unwrap_or_default();
        let name = match value::parse(text) {
            Ok(Value::Text(name)) => name.into_owned(),
            _ => return Err(self.malformed("a member's name was expected")),
        };
        self.input.take(n);
        self.expect(b':', "`:` was expected")?;
        Ok(name)
    }

    /// Goes down to the array of records.
    fn descend(&mut self) -> Result<(), Trouble> {
        let tokens = self.json.record.clone().unwrap_or_default();
        for (depth, token) in tokens.iter().enumerate() {
            let gone = || {
                let at = tokens[..=depth].join("/");
                Trouble::refused("json-record-not-found", format!("the document has no `/{at}`"))
            };
            match self.next()? {
                Some(b'{') => {
                    self.input.take(1);
                    if !self.seek(token, true)? {
                        return Err(gone());
                    }
                }
                None if depth > 0 => return Err(self.malformed("the document ends before the list of records")),
                None => return Err(Trouble::refused("empty-file", "the file holds no JSON value")),
                Some(_) => return Err(gone()),
            }
        }
        match self.next()? {
            Some(b'[') => {
                self.input.take(1);
                Ok(())
            }
            None if tokens.is_empty() => Err(Trouble::refused("empty-file", "the file holds no JSON value")),
            None => Err(self.malformed("the document ends before the list of records")),
            Some(_) => Err(Trouble::refused(
                "json-record-not-found",
                format!("`/{}` is no list: `record` points at the list of records", tokens.join("/")),
            )),
        }
    }

    /// Passes over members until the one of that name; false at the end of the object, which is taken.
    /// `first`: no member was passed yet.
    fn seek(&mut self, token: &str, mut first: bool) -> Result<bool, Trouble> {
        loop {
            match self.next()? {
                Some(b'}') => {
                    self.input.take(1);
                    return Ok(false);
                }
                Some(b',') if !first => self.input.take(1),
                Some(_) if first => {}
                Some(_) => return Err(self.malformed("`,` or `}` was expected")),
                None => return Err(self.malformed("the document ends inside an object")),
            }
            first = false;
            if self.name()? == token {
                return Ok(true);
            }
            self.next()?;
            self.element(false)?;
        }
    }

    /// Passes over what follows the array of records.
    fn ascend(&mut self) -> Result<(), Trouble> {
        for token in self.json.record.clone().unwrap_or_default().iter().rev() {
            if self.seek(token, false)? {
                let message = format!("line {}: the member `{token}` stands there twice", self.input.line());
                return Err(Trouble::refused("json-malformed", message));
            }
        }
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(self.malformed("something follows the document")),
        }
    }

    /// The next element of the array; false behind it.
    fn next_element(&mut self, out: &mut BatchBuilder, shape: u16, first: bool) -> Result<bool, Trouble> {
        match (self.next()?, first) {
            (None, _) => return Err(self.malformed("the document ends inside the list of records")),
            (Some(b']'), _) => {
                self.input.take(1);
                self.ascend()?;
                return Ok(false);
            }
            (Some(b','), false) => {
                self.input.take(1);
                if matches!(self.next()?, Some(b']') | None) {
                    return Err(self.malformed("a record was expected behind `,`"));
                }
            }
            (Some(_), true) => {}
            (Some(_), false) => return Err(self.malformed("`,` or `]` was expected")),
        }
        match self.element(true)? {
            Found::Held(n) => {
                self.record(out, shape, n);
                self.input.take(n);
            }
            Found::Dropped(raw, place) => {
                let max = self.json.max_record;
                let message = format!("line {}: the record is longer than `max_record` ({max} bytes)", place.line);
                out.end_bad(shape, place, Bad { code: "record-too-large".into(), message, raw });
            }
        }
        Ok(true)
    }

    /// Appends the record in the window's first `n` bytes.
    fn record(&self, out: &mut BatchBuilder, shape: u16, n: usize) {
        let place = self.place();
        let bad = |code: &str, what: String| Bad {
            code: code.into(),
            message: format!("line {}: {what}", place.line),
            raw: self.input.raw(0..n),
        };
        let Some(text) = self.input.decode(0..n) else {
            let what = self.input.malformed(0..n).unwrap_or_default();
            return out.end_bad(shape, place, bad("bad-encoding", what));
        };
        match value::parse(&text) {
            Err(flaw) => {
                let line = text.as_bytes()[..flaw.at.min(n)].iter().filter(|b| **b == b'\n').count();
                let start = text[..flaw.at.min(n)].rfind('\n').map_or(0, |i| i + 1);
                let at = if line == 0 {
                    format!("after {} bytes of the record", flaw.at)
                } else {
                    format!("{line} lines on, after {} bytes", flaw.at - start)
                };
                out.end_bad(shape, place, bad(flaw.code, format!("{}, {at}", flaw.what)));
            }
            Ok(Value::Object(mut members)) => {
                out.begin(shape);
                for (_, pointer) in &self.json.fields {
                    out.value(pick(&mut members, pointer));
                }
                out.raw(&self.input.source(0..n));
                out.end(place);
            }
            Ok(other) => {
                let what = format!("the record is no object but a value of type {}", other.word());
                out.end_bad(shape, place, bad("json-not-an-object", what));
            }
        }
    }

    fn read_lines(&mut self, out: &mut BatchBuilder, limit: Limit) -> Result<bool, Trouble> {
        let shape = out.shape(self.shape.clone());
        let (end, max) = (LineEnd::Newline, self.json.max_record);
        while !limit.reached(out) {
            let text = self.input.text();
            match end.first(text, self.input.ended()) {
                None if text.len() <= max + 2 => {
                    self.input.more()?;
                }
                Some(line) if line.len == 0 => return Ok(false),
                Some(line) if line.content <= max => {
                    let blank = text[..line.content].iter().all(u8::is_ascii_whitespace);
                    if !blank && !lines::is_dos_end(text, self.input.ended()) {
                        self.record(out, shape, line.content);
                    }
                    self.input.take(line.len);
                }
                _ => {
                    lines::too_large(&self.input, out, shape, max);
                    lines::skip_line(&mut self.input, &end)?;
                }
            }
        }
        Ok(true)
    }
}

/// Takes a value out of a record: missing where the record has none.
fn pick<'v>(members: &mut [(std::borrow::Cow<'v, str>, Value<'v>)], pointer: &[String]) -> Value<'v> {
    let Some((token, rest)) = pointer.split_first() else {
        return Value::Missing;
    };
    let Some((_, value)) = members.iter_mut().find(|(name, _)| name == token) else {
        return Value::Missing;
    };
    if rest.is_empty() {
        // Two fields may show the same member, so it stays where it is.
        return value.clone();
    }
    pick_in(value, rest)
}

fn pick_in<'v>(value: &mut Value<'v>, pointer: &[String]) -> Value<'v> {
    match (value, pointer.split_first()) {
        (value, None) => value.clone(),
        (Value::Object(members), Some(_)) => pick(members, pointer),
        (Value::List(items), Some((token, rest))) => {
            let item = token.parse::<usize>().ok().and_then(|i| items.get_mut(i));
            item.map_or(Value::Missing, |v| pick_in(v, rest))
        }
        _ => Value::Missing,
    }
}

impl Reader for JsonReader {
    fn read(&mut self, out: &mut BatchBuilder, limit: Limit) -> Result<bool, Trouble> {
        if self.json.record.is_none() {
            return self.read_lines(out, limit);
        }
        let shape = out.shape(self.shape.clone());
        while !limit.reached(out) {
            match self.at {
                At::Front => {
                    self.descend()?;
                    self.at = At::Elements { first: true };
                }
                At::Elements { first } => {
                    let more = self.next_element(out, shape, first)?;
                    self.at = if more { At::Elements { first: false } } else { At::Behind };
                }
                At::Behind => return Ok(false),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
