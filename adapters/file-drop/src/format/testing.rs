//! Reading a format from bytes that arrive in pieces of any size, for tests.

use super::trouble::Trouble;
use super::{Format, Limit};
use banyan_words::{BatchBuilder, Fate, Place, UnitRef, Value};
use std::io::{self, Read};
use std::sync::Arc;

/// Gives at most `chunk` bytes at a time.
pub struct Dribble {
    bytes: Vec<u8>,
    at: usize,
    chunk: usize,
}

impl Read for Dribble {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.chunk.min(buf.len()).min(self.bytes.len() - self.at);
        buf[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub place: Place,
    pub cells: Vec<Value<'static>>,
    pub bad: Option<(String, Vec<u8>)>,
    pub message: String,
}

impl Row {
    /// Its cells as one text; `∅` for null, `–` for missing.
    pub fn text(&self) -> String {
        let cell = |v: &Value<'_>| match v {
            Value::Missing => "–".into(),
            Value::Null => "∅".into(),
            Value::List(items) => format!("{:?}", items.iter().map(|i| i.to_text().unwrap()).collect::<Vec<_>>()),
            v => v.to_text().map_or_else(|| format!("{v:?}"), |t| t.into_owned()),
        };
        match &self.bad {
            Some((code, raw)) => format!("!{code} {}", String::from_utf8_lossy(raw)),
            None => self.cells.iter().map(cell).collect::<Vec<_>>().join("|"),
        }
    }
}

/// All that was read, and why reading ended early.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Outcome {
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    pub refused: Option<(&'static str, String)>,
}

impl Outcome {
    pub fn texts(&self) -> Vec<String> {
        self.rows.iter().map(Row::text).collect()
    }

    pub fn code(&self) -> Option<&'static str> {
        self.refused.as_ref().map(|(code, _)| *code)
    }
}

/// Reads `bytes` in pieces of `chunk`, `rows` records a call.
pub fn read(format: &Format, bytes: &[u8], chunk: usize, rows: usize) -> Outcome {
    let src = Dribble { bytes: bytes.to_vec(), at: 0, chunk };
    let mut out = Outcome::default();
    let refuse = |out: &mut Outcome, trouble: Trouble| match trouble {
        Trouble::Refused(r) => out.refused = Some((r.code, r.message)),
        Trouble::Io(e) => panic!("{e}"),
    };
    let mut reader = match format.open("d", Box::new(src)) {
        Ok(reader) => reader,
        Err(trouble) => {
            refuse(&mut out, trouble);
            return out;
        }
    };
    loop {
        let mut batch = BatchBuilder::new(Arc::new(UnitRef {
            name: "f".into(),
            version: String::new(),
            order: String::new(),
            as_of: jiff::Timestamp::UNIX_EPOCH,
        }));
        let more = reader.read(&mut batch, Limit { rows, bytes: usize::MAX });
        let batch = batch.finish();
        if let Some(shape) = batch.shapes().first() {
            out.columns = shape.columns.iter().map(|c| c.name.clone()).collect();
        }
        for row in batch.rows() {
            let cells = (0..row.shape().columns.len()).map(|i| row.value(i).into_owned()).collect();
            let (bad, message) = match row.fate() {
                Fate::Record => (None, String::new()),
                Fate::Bad(b) => (Some((b.code.clone(), b.raw.clone())), b.message.clone()),
            };
            out.rows.push(Row { place: row.place(), cells, bad, message });
        }
        match more {
            Ok(true) => {}
            Ok(false) => return out,
            Err(trouble) => {
                refuse(&mut out, trouble);
                return out;
            }
        }
    }
}

/// Reads at once, and makes sure that pieces of other sizes give the same.
pub fn all(format: &Format, bytes: &[u8]) -> Outcome {
    let whole = read(format, bytes, usize::MAX, usize::MAX);
    for chunk in [1, 2, 3, 7, 64] {
        assert_eq!(read(format, bytes, chunk, 2), whole, "in pieces of {chunk}");
    }
    whole
}

/// A format from its configuration, as JSON.
pub fn format(config: serde_json::Value) -> Format {
    let raw = banyan_adapter::RawDataset {
        name: "d".into(),
        path: "d".into(),
        config: serde_json::json!({ "files": "*", "format": config }).into(),
        snapshot: false,
            key: Vec::new(),
    };
    crate::config::check::dataset(&raw).unwrap().format
}
