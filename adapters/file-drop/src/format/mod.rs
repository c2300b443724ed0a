//! Bytes to records: pure and streaming.
//!
//! Invariant: memory is bounded by one record (`max_record`) and one window, whatever the file's size; the records
//! are the same for every way the bytes may arrive in. A bad record is delivered as one, with its raw bytes, and
//! reading goes on behind it. Not here: folders, files, readiness (`folder`); what records mean.

pub mod charset;
pub mod csv;
pub mod fixed;
pub mod input;
pub mod json;
pub mod lines;
pub mod pointer;
pub mod suspicion;
#[cfg(test)]
pub mod testing;
pub mod trailer;
pub mod transcode;
pub mod trouble;
pub mod unpack;
pub mod xml;

use banyan_words::{BatchBuilder, Column};
use std::io::Read;
use std::sync::Arc;
use trouble::Trouble;

/// How much one call may read.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Rows.
    pub rows: usize,
    /// Bytes of batch.
    pub bytes: usize,
}

impl Limit {
    /// True once the batch holds that much.
    #[inline]
    pub fn reached(&self, out: &BatchBuilder) -> bool {
        out.len() >= self.rows || out.weight() >= self.bytes
    }
}

/// Reads records off a file.
pub trait Reader: Send {
    /// Appends records to `out` until the limit. False once the file has ended. After an error the records appended
    /// so far stay valid, and the reader is of no further use.
    fn read(&mut self, out: &mut BatchBuilder, limit: Limit) -> Result<bool, Trouble>;
}

/// A format, checked and compiled.
#[derive(Clone, Debug)]
pub enum Format {
    /// Delimited text.
    Csv(Arc<csv::Csv>),
    /// Columns by position.
    Fixed(Arc<fixed::Fixed>),
    /// A JSON document or lines of JSON.
    Json(Arc<json::Json>),
    /// XML.
    Xml(Arc<xml::Xml>),
}

impl Format {
    /// Starts reading unpacked bytes.
    pub fn open(&self, dataset: &str, src: Box<dyn Read + Send>) -> Result<Box<dyn Reader>, Trouble> {
        Ok(match self {
            Format::Csv(f) => Box::new(csv::CsvReader::open(f.clone(), dataset, src)?),
            Format::Fixed(f) => Box::new(fixed::FixedReader::open(f.clone(), dataset, src)?),
            Format::Json(f) => Box::new(json::JsonReader::open(f.clone(), dataset, src)?),
            Format::Xml(f) => Box::new(xml::XmlReader::open(f.clone(), dataset, src)?),
        })
    }

    /// The columns, where the configuration alone tells them.
    pub fn columns(&self) -> Option<Vec<Column>> {
        match self {
            Format::Csv(f) => f.columns(),
            Format::Fixed(f) => Some(f.columns()),
            Format::Json(f) => Some(f.columns()),
            Format::Xml(f) => Some(f.columns()),
        }
    }
}
