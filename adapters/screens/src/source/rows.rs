//! Records of a run, as batches.
//!
//! Invariant: a record that lacks a cell is a bad one, with what could be read of it; none is dropped.

use super::place;
use crate::engine::Record;
use crate::map::Map;
use crate::refusals;
use banyan_adapter::Fault;
use banyan_words::{Bad, Batch, BatchBuilder, Shape, UnitRef};
use std::sync::Arc;

/// A batch holds about so many bytes.
const WEIGHT: usize = 1 << 20;

/// Takes what a run reads.
pub(crate) trait Collect {
    /// Forgets everything: the run begins again.
    fn clear(&mut self);
    /// The records of a page.
    fn take(&mut self, map: &Map, page: Vec<Record>) -> Result<(), Fault>;
}

impl Collect for Vec<Record> {
    fn clear(&mut self) {
        Vec::clear(self);
    }

    fn take(&mut self, _: &Map, page: Vec<Record>) -> Result<(), Fault> {
        self.extend(page);
        Ok(())
    }
}

/// See the module.
pub(super) struct Rows {
    unit: Arc<UnitRef>,
    shape: Arc<Shape>,
    /// Values that every record gets behind its own: the key it was asked for by, where the screen does not show it.
    more: Vec<String>,
    full: Vec<Batch>,
    open: BatchBuilder,
    rows: u64,
}

impl Rows {
    /// Of that unit; `shape` has a column for each value of a record, and for each of `more`.
    pub(super) fn new(unit: Arc<UnitRef>, shape: Arc<Shape>, more: Vec<String>) -> Rows {
        let open = BatchBuilder::new(unit.clone());
        Rows { unit, shape, more, full: Vec::new(), open, rows: 0 }
    }

    /// Its columns.
    pub(super) fn shape(&self) -> Arc<Shape> {
        self.shape.clone()
    }

    /// How many records there are.
    pub(super) fn len(&self) -> u64 {
        self.rows
    }

    /// The batches, at least one, which shows the columns.
    pub(super) fn finish(mut self) -> Vec<Batch> {
        if self.full.is_empty() || self.open.weight() > 0 {
            self.open.shape(self.shape.clone());
            self.full.push(self.open.finish());
        }
        self.full
    }

    fn put(&mut self, map: &Map, record: &Record) {
        let shape = self.open.shape(self.shape.clone());
        self.rows += 1;
        let place = place::pack(map, &record.place, self.rows);
        self.open.begin(shape);
        for value in &record.values {
            match value {
                Some(text) => self.open.text(text),
                None => self.open.value(banyan_words::Value::Missing),
            }
        }
        self.more.iter().for_each(|text| self.open.text(text));
        let Some(lacking) = record.values.iter().position(Option::is_none) else {
            return self.open.end(place);
        };
        let column = self.shape.columns.get(lacking).map_or("", |c| c.name.as_str());
        let shown: Vec<&str> = record.values.iter().map(|v| v.as_deref().unwrap_or("")).collect();
        let bad = Bad {
            code: refusals::MISSING_VALUE.to_owned(),
            message: format!("the screen {} lacks the cell of {column}", record.place.screen),
            raw: shown.join("\t").into_bytes(),
        };
        self.open.end_bad(shape, place, bad);
    }
}

impl Collect for Rows {
    fn clear(&mut self) {
        (self.full, self.rows) = (Vec::new(), 0);
        self.open = BatchBuilder::new(self.unit.clone());
    }

    fn take(&mut self, map: &Map, page: Vec<Record>) -> Result<(), Fault> {
        for record in &page {
            self.put(map, record);
            if self.open.weight() > WEIGHT {
                let open = std::mem::replace(&mut self.open, BatchBuilder::new(self.unit.clone()));
                self.full.push(open.finish());
            }
        }
        Ok(())
    }
}
