//! Delimited text.
//!
//! Invariant: every line of the file is a record, a bad record, a blank line, the header or the trailer; none is
//! lost. Fields are text as it stands: blanks are kept, and what a field means is the mapping's business.
//! How quotes are read, and what happens where they are wrong: [`split`].

pub mod split;

use super::charset::Declared;
use super::input::{Input, Sight};
use super::lines::{self, LineEnd};
use super::suspicion::Suspicion;
use super::trailer::{Tail, TrailerRule};
use super::trouble::Trouble;
use super::{Limit, Reader};
use banyan_words::{Bad, BatchBuilder, Column, Place, Shape, Type, Value};
use split::{Dialect, Span, Split};
use std::io::Read;
use std::sync::Arc;

/// What the configuration says of a delimited file.
#[derive(Clone, Debug)]
pub struct Csv {
    /// Its encoding.
    pub encoding: Declared,
    /// Between fields.
    pub delimiter: String,
    /// After a record; `None`: a line feed, with or without a carriage return.
    pub record_end: Option<String>,
    /// Around fields.
    pub quote: Option<char>,
    /// The first record holds names.
    pub header: bool,
    /// The columns; `None`: the header's.
    pub columns: Option<Vec<String>>,
    /// Lines without content are no records.
    pub skip_blank: bool,
    /// Bytes.
    pub max_record: usize,
    /// The last record is no data.
    pub trailer: Option<Arc<TrailerRule>>,
}

impl Csv {
    /// The columns, if declared.
    pub fn columns(&self) -> Option<Vec<Column>> {
        let names = self.columns.as_ref()?;
        Some(names.iter().map(|n| Column { name: n.clone(), ty: Type::Text }).collect())
    }

    fn dialect(&self, input: &Input) -> Result<Dialect, Trouble> {
        let bytes = |text: &str, what: &str| {
            input.charset().needle(text).ok_or_else(|| {
                Trouble::refused(
                    "wrong-encoding",
                    format!("`{what}: {text}` does not exist in {}", input.charset().name()),
                )
            })
        };
        let quote = self.quote.map(|q| bytes(q.encode_utf8(&mut [0; 4]), "quote")).transpose()?;
        let end = match &self.record_end {
            Some(end) => LineEnd::Exact(bytes(end, "record_end")?),
            None => LineEnd::Newline,
        };
        let quote = quote.and_then(|q| q.first().copied());
        Ok(Dialect { delimiter: bytes(&self.delimiter, "delimiter")?, end, quote, max: self.max_record })
    }
}

/// Reads a delimited file.
pub struct CsvReader {
    csv: Arc<Csv>,
    dataset: String,
    input: Input,
    dialect: Dialect,
    shape: Option<Arc<Shape>>,
    spans: Vec<Span>,
    tail: Option<Tail>,
    suspicion: Suspicion,
}

impl CsvReader {
    /// Looks at the file's front and settles its encoding.
    pub fn open(csv: Arc<Csv>, dataset: &str, src: Box<dyn Read + Send>) -> Result<CsvReader, Trouble> {
        let input = Input::open(src, &csv.encoding, Sight::SingleBytes, |_| Ok(None))?;
        let dialect = csv.dialect(&input)?;
        let tail = match &csv.trailer {
            Some(rule) => Some(Tail::new(rule.clone(), input.charset())?),
            None => None,
        };
        let dataset = dataset.to_owned();
        let spans = Vec::new();
        Ok(CsvReader { csv, dataset, input, dialect, shape: None, spans, tail, suspicion: Suspicion::default() })
    }

    fn split(&mut self, expect: Option<usize>) -> Result<Split, Trouble> {
        loop {
            match self.dialect.split(self.input.text(), self.input.ended(), expect, &mut self.spans) {
                Split::Need => {
                    self.input.more()?;
                }
                found => return Ok(found),
            }
        }
    }

    fn is_blank(&self, content: usize) -> bool {
        (content == 0 && self.csv.skip_blank) || lines::is_dos_end(self.input.text(), self.input.ended())
    }

    /// Settles the columns; `None` if the file ends before it has any.
    fn begin(&mut self) -> Result<Option<Arc<Shape>>, Trouble> {
        if !self.csv.header {
            let shape = Shape::of_text(&self.dataset, self.csv.columns.iter().flatten().cloned());
            return Ok(Some(Arc::new(shape)));
        }
        loop {
            match self.split(None)? {
                Split::End | Split::Need => return Ok(None),
                Split::TooLong => return Err(header_problem("longer than `max_record`")),
                Split::Broken { why, .. } => {
                    return Err(header_problem(&format!("not readable: a quote is wrong ({why})")));
                }
                Split::Record { content, len, .. } if self.is_blank(content) => self.input.take(len),
                Split::Record { content, len, .. } => {
                    let Some(names) = self.texts() else {
                        let what = self.input.malformed(0..content).unwrap_or_default();
                        return Err(Trouble::refused("wrong-encoding", format!("the header cannot be read: {what}")));
                    };
                    self.input.take(len);
                    let names = header(names, self.csv.columns.as_deref())?;
                    return Ok(Some(Arc::new(Shape::of_text(&self.dataset, names))));
                }
            }
        }
    }

    /// The fields of the record just split; `None` if one is not in the encoding.
    fn texts(&self) -> Option<Vec<String>> {
        self.spans.iter().map(|s| self.text_of(s)).collect()
    }

    fn text_of(&self, span: &Span) -> Option<String> {
        let text = self.input.decode(span.start..span.end)?;
        Some(match self.csv.quote {
            Some(q) if span.doubled => text.replace(&format!("{q}{q}"), &q.to_string()),
            _ => text.into_owned(),
        })
    }

    /// Appends the record just split, and takes it.
    fn record(&mut self, out: &mut BatchBuilder, shape: u16, r: (usize, usize, u64)) -> Result<(), Trouble> {
        let (content, len, lines) = r;
        let place = Place { line: self.input.line(), offset: self.input.offset() };
        if let Some(tail) = &mut self.tail {
            if tail.begins(&self.input.text()[..content], self.dialect.quote) {
                let fields = self.texts().unwrap_or_default();
                let line = self.input.decode(0..content).unwrap_or_default().into_owned();
                if let Some(tail) = &mut self.tail {
                    tail.seen(place.line, &fields, &line)?;
                }
                self.input.take_lines(len, lines);
                return Ok(());
            }
            tail.before_record(place.line)?;
        }
        let width = self.shape.as_ref().map_or(0, |s| s.columns.len());
        out.begin(shape);
        if self.spans.len() != width {
            let message = format!(
                "line {}: {} fields where the {} columns need {width}",
                place.line,
                self.spans.len(),
                if self.csv.columns.is_some() { "declared" } else { "header's" }
            );
            let raw = self.input.raw(0..content);
            out.end_bad(shape, place, Bad { code: "csv-field-count".into(), message, raw });
        } else if self.cells(out, content) {
            if let Some(tail) = &mut self.tail {
                tail.record(|i| out.open_text(i).map(Into::into), place.line)?;
            }
            out.raw(&self.input.source(0..content));
            out.end(place);
            self.input.take_lines(len, lines);
            return Ok(());
        } else {
            let what = self.input.malformed(0..content).unwrap_or_default();
            let message = format!("line {}: {what}", place.line);
            let raw = self.input.raw(0..content);
            out.end_bad(shape, place, Bad { code: "bad-encoding".into(), message, raw });
            self.suspicion.bad(self.input.charset().name())?;
        }
        if let Some(tail) = &mut self.tail {
            tail.bad_record();
        }
        self.input.take_lines(len, lines);
        Ok(())
    }

    /// Appends the cells of the record just split. False if one is not in the encoding; that cell is missing.
    fn cells(&mut self, out: &mut BatchBuilder, content: usize) -> bool {
        let bytes = &self.input.text()[..content];
        // ASCII is the same in all pages that are read as they are.
        let direct = if self.input.is_unicode() { self.input.wide_is_sound(0..content) } else { bytes.is_ascii() };
        if let (true, Ok(text)) = (direct, std::str::from_utf8(bytes)) {
            for span in &self.spans {
                let field = text.get(span.start..span.end).unwrap_or_default();
                match self.csv.quote {
                    Some(q) if span.doubled => out.text_with(|cell| undouble(field, q, cell)),
                    _ => out.text(field),
                }
            }
            self.suspicion.good(text);
            return true;
        }
        let mut sound = true;
        for span in &self.spans {
            sound &= self.cell(out, span);
        }
        sound
    }

    fn cell(&self, out: &mut BatchBuilder, span: &Span) -> bool {
        let bytes = &self.input.text()[span.start..span.end];
        if let (Some(table), false) = (self.input.table(), span.doubled) {
            if bytes.is_ascii() {
                out.text(std::str::from_utf8(bytes).unwrap_or_default());
                return true;
            }
            if table.is_complete() {
                // Cannot fail: every byte means something.
                out.text_with(|cell| table.push(bytes, cell).unwrap_or_default());
                return true;
            }
        }
        if let Some(text) = self.text_of(span) {
            out.text(&text);
            return true;
        }
        out.value(Value::Missing);
        false
    }

    fn bad_quote(&mut self, out: &mut BatchBuilder, shape: u16, content: usize, len: usize, why: &str) {
        let place = Place { line: self.input.line(), offset: self.input.offset() };
        let message = format!("line {}: a quote is wrong: {why}; the line alone is refused", place.line);
        let raw = self.input.raw(0..content);
        out.end_bad(shape, place, Bad { code: "csv-quote".into(), message, raw });
        self.input.take(len);
        if let Some(tail) = &mut self.tail {
            tail.bad_record();
        }
    }
}

impl Reader for CsvReader {
    fn read(&mut self, out: &mut BatchBuilder, limit: Limit) -> Result<bool, Trouble> {
        if self.shape.is_none() {
            self.shape = self.begin()?;
        }
        let Some(shape) = self.shape.clone() else {
            return Ok(false);
        };
        let width = shape.columns.len();
        if let Some(tail) = &mut self.tail {
            tail.columns(shape.columns.iter().map(|c| c.name.as_str()))?;
        }
        let shape = out.shape(shape);
        while !limit.reached(out) {
            match self.split(Some(width))? {
                Split::End | Split::Need => {
                    if let Some(tail) = &self.tail {
                        tail.finish()?;
                    }
                    return Ok(false);
                }
                Split::Record { content, len, lines } if self.is_blank(content) => self.input.take_lines(len, lines),
                Split::Record { content, len, lines } => self.record(out, shape, (content, len, lines))?,
                Split::Broken { content, len, why } => self.bad_quote(out, shape, content, len, why),
                Split::TooLong => {
                    lines::too_large(&self.input, out, shape, self.csv.max_record);
                    lines::skip_line(&mut self.input, &self.dialect.end)?;
                    if let Some(tail) = &mut self.tail {
                        tail.bad_record();
                    }
                }
            }
        }
        Ok(true)
    }
}

fn undouble(field: &str, quote: char, out: &mut String) {
    let mut rest = field;
    while let Some(n) = rest.find(quote) {
        let through = n + quote.len_utf8();
        out.push_str(&rest[..through]);
        rest = rest.get(through + quote.len_utf8()..).unwrap_or_default();
    }
    out.push_str(rest);
}

fn header_problem(what: &str) -> Trouble {
    Trouble::refused("csv-header", format!("the header is {what}. Is `header: true` right for this file?"))
}

/// The columns that a header and the declared ones give together.
fn header(found: Vec<String>, declared: Option<&[String]>) -> Result<Vec<String>, Trouble> {
    let Some(declared) = declared else {
        if let Some(at) = found.iter().position(String::is_empty) {
            let message = format!("column {} of the header has no name. Name all columns with `columns: […]`", at + 1);
            return Err(Trouble::refused("csv-header-empty", message));
        }
        for (i, name) in found.iter().enumerate() {
            if let Some(first) = found[..i].iter().position(|n| n == name) {
                let message = format!(
                    "columns {} and {} of the header are both named `{name}`. Name all columns with `columns: […]`",
                    first + 1,
                    i + 1
                );
                return Err(Trouble::refused("csv-header-duplicate", message));
            }
        }
        return Ok(found);
    };
    if found.len() != declared.len() {
        let message = format!(
            "the header has {} columns, `columns:` declares {}: {}",
            found.len(),
            declared.len(),
            found.join(", ")
        );
        return Err(Trouble::refused("csv-header-mismatch", message));
    }
    for (i, (name, want)) in found.iter().zip(declared).enumerate() {
        let home = declared.iter().position(|d| d == name);
        if name != want && home.is_some_and(|home| found[home] != *name) {
            let message = format!(
                "column {} of the header is `{name}`, which `columns:` declares elsewhere; there it says `{want}`. \
                 Columns seem to have moved",
                i + 1
            );
            return Err(Trouble::refused("csv-header-mismatch", message));
        }
    }
    Ok(declared.to_vec())
}

#[cfg(test)]
mod tests;
