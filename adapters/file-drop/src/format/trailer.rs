//! A trailer: the last record, which says how many there are, or what they sum up to.
//!
//! Invariant: a file whose trailer is missing, does not stand last, or does not agree is never read to its end: it is
//! refused, and whoever waits for readiness tries again.

use super::charset::Charset;
use super::trouble::Trouble;
use banyan_words::Decimal;
use std::borrow::Cow;
use std::sync::Arc;

/// Where in the trailer a number stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// In the field of that number, from 0.
    Field(usize),
    /// In those characters of the line, from 0.
    Chars {
        /// The first.
        at: usize,
        /// How many.
        length: usize,
    },
}

/// What a trailer must look like.
#[derive(Clone, Debug)]
pub struct TrailerRule {
    /// How its line begins.
    pub starts: String,
    /// Where the count stands.
    pub count: Option<Where>,
    /// The count is by so many higher than the number of records (header and trailer counted in).
    pub extra: u64,
    /// The column summed up, its position, and where the total stands.
    pub total: Option<(String, Where)>,
}

/// Follows one file to its trailer.
pub struct Tail {
    rule: Arc<TrailerRule>,
    needle: Vec<u8>,
    column: Option<usize>,
    records: u64,
    sum: Decimal,
    seen: Option<u64>,
}

fn mismatch(message: String) -> Trouble {
    Trouble::refused("trailer-mismatch", message)
}

impl Tail {
    /// Begins before the first record.
    pub fn new(rule: Arc<TrailerRule>, charset: &Charset) -> Result<Tail, Trouble> {
        let needle = charset.needle(&rule.starts).ok_or_else(|| {
            Trouble::refused("wrong-encoding", format!("`{}` does not exist in {}", rule.starts, charset.name()))
        })?;
        Ok(Tail { rule, needle, column: None, records: 0, sum: Decimal::ZERO, seen: None })
    }

    /// Says which column is summed up, once the columns are known.
    pub fn columns<'c>(&mut self, mut names: impl Iterator<Item = &'c str>) -> Result<(), Trouble> {
        if let (None, Some((total, _))) = (self.column, &self.rule.total) {
            let found = names.position(|n| n == total);
            self.column = Some(found.ok_or_else(|| mismatch(format!("there is no column `{total}` to sum up")))?);
        }
        Ok(())
    }

    /// True if that record is the trailer.
    pub fn begins(&self, content: &[u8], quote: Option<u8>) -> bool {
        let unquoted = match content.split_first() {
            Some((first, rest)) if Some(*first) == quote => rest,
            _ => content,
        };
        unquoted.starts_with(&self.needle)
    }

    /// Before a record that is not the trailer.
    pub fn before_record(&self, line: u64) -> Result<(), Trouble> {
        match self.seen {
            Some(at) => Err(mismatch(format!("line {line}: records follow the trailer of line {at}"))),
            None => Ok(()),
        }
    }

    /// A record that could be read.
    pub fn record<'t>(&mut self, text: impl FnOnce(usize) -> Option<Cow<'t, str>>, line: u64) -> Result<(), Trouble> {
        self.records += 1;
        if let Some(column) = self.column {
            let text = text(column).unwrap_or_default();
            let number = number(text.trim()).ok_or_else(|| {
                mismatch(format!("line {line}: `{text}` is no number and cannot be part of the control total"))
            })?;
            self.sum = self.sum.checked_add(number).map_err(|e| mismatch(format!("line {line}: the total: {e}")))?;
        }
        Ok(())
    }

    /// A record that could not be read: it counts.
    pub fn bad_record(&mut self) {
        self.records += 1;
    }

    /// The trailer itself.
    pub fn seen(&mut self, line: u64, fields: &[String], text: &str) -> Result<(), Trouble> {
        self.before_record(line)?;
        self.seen = Some(line);
        let at = |place: &Where| match place {
            Where::Field(i) => fields.get(*i).map(|f| f.trim().to_owned()).unwrap_or_default(),
            Where::Chars { at, length } => text.chars().skip(*at).take(*length).collect::<String>().trim().to_owned(),
        };
        if let Some(place) = &self.rule.count {
            let text = at(place);
            let said = text.parse::<u64>().map_err(|_| mismatch(format!("line {line}: `{text}` is no count")))?;
            let found = self.records + self.rule.extra;
            if said != found {
                return Err(mismatch(format!("line {line}: the trailer counts {said} records, there are {found}")));
            }
        }
        if let Some((column, place)) = &self.rule.total {
            let text = at(place);
            let said = number(&text).ok_or_else(|| mismatch(format!("line {line}: `{text}` is no total")))?;
            if said != self.sum {
                let message =
                    format!("line {line}: the trailer's total of `{column}` is {said}, the records' {}", self.sum);
                return Err(mismatch(message));
            }
        }
        Ok(())
    }

    /// The file has ended.
    pub fn finish(&self) -> Result<(), Trouble> {
        match self.seen {
            Some(_) => Ok(()),
            None => Err(mismatch(format!("no line begins with `{}`: the file is not complete", self.rule.starts))),
        }
    }
}

/// A number as files write it: blank is zero, a sign may stand at either end.
fn number(text: &str) -> Option<Decimal> {
    if text.is_empty() {
        return Some(Decimal::ZERO);
    }
    match text.strip_suffix('-') {
        Some(rest) => format!("-{rest}").parse().ok(),
        None => text.strip_suffix('+').unwrap_or(text).parse().ok(),
    }
}
