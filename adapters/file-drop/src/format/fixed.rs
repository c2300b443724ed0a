//! Records of fixed width: columns by position.
//!
//! Invariant: positions count bytes in single-byte pages (where a byte is a character) and multi-byte pages, and
//! characters in UTF-16; in UTF-8 they count bytes unless `positions: characters` says otherwise. Not here: packed and
//! zoned numbers (formulas), EBCDIC (a later issue).

use super::charset::{Charset, Declared};
use super::input::{Input, Sight};
use super::lines::{self, Line, LineEnd};
use super::suspicion::Suspicion;
use super::trailer::{Tail, TrailerRule};
use super::trouble::Trouble;
use super::{Limit, Reader};
use banyan_words::{Bad, BatchBuilder, Column, Decimal, Place, Shape, Type, Value};
use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

/// What a column's characters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// A whole number; blank is null.
    Integer,
    /// A decimal; without a point, the last `scale` digits stand after it. Blank is null.
    Decimal {
        /// Digits after the point.
        scale: u8,
    },
}

/// A column.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its first position, from 0.
    pub at: usize,
    /// Its width.
    pub length: usize,
    /// What it holds.
    pub ty: FieldType,
}

/// What the configuration says of a file of fixed width.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Its encoding.
    pub encoding: Declared,
    /// Its columns.
    pub fields: Vec<Field>,
    /// `Some`: records are lines that end so. `None`: records follow each other without an end.
    pub lines: Option<LineEnd>,
    /// The width of a record, filler included.
    pub length: usize,
    /// A short record lacks blanks at its end; else it is bad.
    pub pad: bool,
    /// Trailing blanks of text are no part of it.
    pub trim: bool,
    /// Positions count characters in UTF-8 too.
    pub characters: bool,
    /// Bytes.
    pub max_record: usize,
    /// The last record is no data.
    pub trailer: Option<Arc<TrailerRule>>,
}

impl Fixed {
    /// The columns.
    pub fn columns(&self) -> Vec<Column> {
        let ty = |t: FieldType| match t {
            FieldType::Text => Type::Text,
            FieldType::Integer => Type::Integer,
            FieldType::Decimal { scale } => Type::Decimal { precision: 38, scale },
        };
        self.fields.iter().map(|f| Column { name: f.name.clone(), ty: ty(f.ty) }).collect()
    }

    fn needed(&self) -> usize {
        self.fields.iter().map(|f| f.at + f.length).max().unwrap_or(0)
    }
}

/// Reads a file of fixed width.
pub struct FixedReader {
    fixed: Arc<Fixed>,
    input: Input,
    shape: Arc<Shape>,
    by_char: bool,
    records: u64,
    tail: Option<Tail>,
    suspicion: Suspicion,
}

impl FixedReader {
    /// Looks at the file's front and settles its encoding.
    pub fn open(fixed: Arc<Fixed>, dataset: &str, src: Box<dyn Read + Send>) -> Result<FixedReader, Trouble> {
        let input = Input::open(src, &fixed.encoding, Sight::Bytes, |_| Ok(None))?;
        let wide = matches!(input.charset(), Charset::Utf16 { .. });
        if wide && fixed.lines.is_none() {
            let message = "the file is UTF-16, which `lines: false` cannot read; declare the file's `encoding`";
            return Err(Trouble::refused("wrong-encoding", message));
        }
        let mut tail = match &fixed.trailer {
            Some(rule) => Some(Tail::new(rule.clone(), input.charset())?),
            None => None,
        };
        let shape = Arc::new(Shape { dataset: dataset.to_owned(), columns: fixed.columns() });
        if let Some(tail) = &mut tail {
            tail.columns(shape.columns.iter().map(|c| c.name.as_str()))?;
        }
        let by_char = wide || (fixed.characters && matches!(input.charset(), Charset::Utf8));
        Ok(FixedReader { fixed, input, shape, by_char, records: 0, tail, suspicion: Suspicion::default() })
    }

    /// The next record's extent; `None` at the end.
    fn find(&mut self) -> Result<Option<Result<Line, ()>>, Trouble> {
        loop {
            let (text, ended) = (self.input.text(), self.input.ended());
            match &self.fixed.lines {
                Some(end) => {
                    if text.is_empty() && ended {
                        return Ok(None);
                    }
                    match end.first(text, ended) {
                        Some(line) if line.content > self.fixed.max_record => return Ok(Some(Err(()))),
                        Some(line) => return Ok(Some(Ok(line))),
                        None if text.len() > self.fixed.max_record + 16 => return Ok(Some(Err(()))),
                        None => {}
                    }
                }
                None if text.len() >= self.fixed.length => {
                    return Ok(Some(Ok(Line { content: self.fixed.length, len: self.fixed.length })));
                }
                None if ended => {
                    // What a transfer may leave behind the last record.
                    let rest = text.iter().all(|b| matches!(b, b' ' | b'\r' | b'\n' | 0x1a | 0));
                    return Ok((!rest).then_some(Ok(Line { content: text.len(), len: text.len() })));
                }
                None => {}
            }
            self.input.more()?;
        }
    }

    fn place(&self) -> Place {
        let line = if self.fixed.lines.is_some() { self.input.line() } else { self.records + 1 };
        Place { line, offset: self.input.offset() }
    }

    fn record(&mut self, out: &mut BatchBuilder, shape: u16, line: Line) -> Result<(), Trouble> {
        let place = self.place();
        if let Some(tail) = &mut self.tail {
            if tail.begins(&self.input.text()[..line.content], None) {
                let text = self.input.decode(0..line.content).unwrap_or_default();
                tail.seen(place.line, &[], &text)?;
                drop(text);
                self.input.take(line.len);
                return Ok(());
            }
            tail.before_record(place.line)?;
        }
        self.records += 1;
        out.begin(shape);
        match self.cells(out, line.content) {
            Ok(()) => {
                if let Some(tail) = &mut self.tail {
                    let (input, fields, by_char) = (&self.input, &self.fixed.fields, self.by_char);
                    tail.record(|i| fields.get(i).and_then(|f| text_at(input, f, line.content, by_char)), place.line)?;
                }
                out.raw(&self.input.source(0..line.content));
                out.end(place);
            }
            Err((code, what)) => {
                let raw = self.input.raw(0..line.content);
                let message = format!("line {}: {what}", place.line);
                out.end_bad(shape, place, Bad { code: code.into(), message, raw });
                if let Some(tail) = &mut self.tail {
                    tail.bad_record();
                }
                if code == "bad-encoding" {
                    self.suspicion.bad(self.input.charset().name())?;
                }
            }
        }
        self.input.take(line.len);
        Ok(())
    }

    /// Appends the cells; on failure those that could be read.
    fn cells(&mut self, out: &mut BatchBuilder, content: usize) -> Result<(), (&'static str, String)> {
        let text = &self.input.text()[..content];
        let starts = if self.by_char { Some(char_starts(text)) } else { None };
        let width = starts.as_ref().map_or(content, |s| s.len() - 1);
        let byte = |n: usize| starts.as_ref().map_or(n, |s| s[n]);
        let mut fault = self.length_fault(text, width, byte(width.min(self.fixed.length)));
        let mut all_ascii = true;
        for field in &self.fixed.fields {
            let (from, to) = (field.at.min(width), (field.at + field.length).min(width));
            if to < field.at + field.length && !self.fixed.pad {
                out.value(Value::Missing);
                continue;
            }
            let range = byte(from)..byte(to);
            all_ascii &= text[range.clone()].is_ascii();
            match self.input.decode(range.clone()) {
                None => {
                    out.value(Value::Missing);
                    let what = self.input.malformed(range).unwrap_or_else(|| "half a character".into());
                    fault.get_or_insert(("bad-encoding", format!("column {}: {what}", field.name)));
                }
                Some(t) => match typed(&t, field.ty, self.fixed.trim) {
                    Some(value) => out.value(value),
                    None => {
                        out.value(Value::Missing);
                        let word = if field.ty == FieldType::Integer { "whole number" } else { "decimal" };
                        fault.get_or_insert((
                            "fixed-bad-number",
                            format!("column {}: `{}` is no {word}", field.name, t.trim()),
                        ));
                    }
                },
            }
        }
        if !all_ascii && fault.is_none() {
            self.suspicion.good("\u{80}");
        }
        fault.map_or(Ok(()), Err)
    }

    fn length_fault(&self, text: &[u8], width: usize, end: usize) -> Option<(&'static str, String)> {
        let unit = if self.by_char { "characters" } else { "bytes" };
        let needed = self.fixed.needed();
        if width < needed && !self.fixed.pad {
            return Some(("fixed-short", format!("{width} {unit} where the columns need {needed}")));
        }
        let excess = text.get(end..).unwrap_or_default();
        if width > self.fixed.length && excess.iter().any(|b| *b != b' ') {
            return Some(("fixed-long", format!("{width} {unit} where the record has {}", self.fixed.length)));
        }
        None
    }
}

/// A field's text, for the control total.
fn text_at<'i>(input: &'i Input, field: &Field, content: usize, by_char: bool) -> Option<Cow<'i, str>> {
    if by_char {
        return Some(input.decode(0..content)?.chars().skip(field.at).take(field.length).collect());
    }
    input.decode(field.at.min(content)..(field.at + field.length).min(content))
}

/// Where each character of UTF-8 begins, and the end. Malformed bytes count one each.
fn char_starts(text: &[u8]) -> Vec<usize> {
    let mut starts: Vec<usize> =
        text.iter().enumerate().filter(|(_, b)| (**b & 0xc0) != 0x80).map(|(i, _)| i).collect();
    starts.push(text.len());
    starts
}

fn typed<'t>(text: &'t str, ty: FieldType, trim: bool) -> Option<Value<'t>> {
    match ty {
        FieldType::Text if trim => Some(Value::text(text.trim_end_matches(' '))),
        FieldType::Text => Some(Value::text(text)),
        FieldType::Integer | FieldType::Decimal { .. } if text.trim().is_empty() => Some(Value::Null),
        FieldType::Integer => signed(text)?.to_i64().map(Value::Integer),
        FieldType::Decimal { scale } => {
            let d = signed(text)?;
            let d = if text.contains('.') { d.with_scale(scale) } else { Decimal::new(d.coefficient(), scale) };
            d.ok().map(Value::Decimal)
        }
    }
}

/// A number with its sign at either end and blanks around it.
fn signed(text: &str) -> Option<Decimal> {
    let text = text.trim();
    match text.strip_suffix(['-', '+']) {
        Some(rest) if rest.starts_with(['-', '+']) => None,
        Some(rest) if text.ends_with('-') => format!("-{rest}").parse().ok(),
        Some(rest) => rest.parse().ok(),
        None => text.parse().ok(),
    }
}

impl Reader for FixedReader {
    fn read(&mut self, out: &mut BatchBuilder, limit: Limit) -> Result<bool, Trouble> {
        let shape = out.shape(self.shape.clone());
        while !limit.reached(out) {
            let Some(found) = self.find()? else {
                if let Some(tail) = &self.tail {
                    tail.finish()?;
                }
                return Ok(false);
            };
            match (found, &self.fixed.lines) {
                (Ok(line), Some(_))
                    if line.content == 0 || lines::is_dos_end(self.input.text(), self.input.ended()) =>
                {
                    self.input.take(line.len);
                }
                (Ok(line), _) => self.record(out, shape, line)?,
                (Err(()), Some(end)) => {
                    let end = end.clone();
                    lines::too_large(&self.input, out, shape, self.fixed.max_record);
                    lines::skip_line(&mut self.input, &end)?;
                    if let Some(tail) = &mut self.tail {
                        tail.bad_record();
                    }
                }
                (Err(()), None) => return Ok(false),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
