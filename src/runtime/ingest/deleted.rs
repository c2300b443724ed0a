//! Records that a source says are deleted, by their keys alone.
//!
//! Invariant: what such a record said is withdrawn, unless a newer unit has said something since. A key that is not known is
//! no error: the record came and went between two passes. Not here: deletions that follow from what a snapshot no longer
//! shows (`snapshots`), or from a record's own mark (`session`).

use super::session::Session;
use super::unit::{OpenFeed, OpenUnit};
use banyan_store::Result;
use banyan_words::Batch;

impl Session<'_> {
    /// Takes a batch of keys whose records are gone.
    pub fn deleted(&mut self, open: &mut OpenFeed, batch: &Batch) -> Result<()> {
        let at = self.part_of(open, batch);
        let Some(part) = open.parts.get_mut(at) else { return Ok(()) };
        self.encode(part, batch);
        let engine = self.engine;
        for lookup in &engine.lookups_of[part.dataset] {
            self.deleted_rows(*lookup, part, batch)?;
        }
        for mapping in &engine.mappings_of[part.dataset] {
            for record in self.record_ids(*mapping, part, batch)?.into_iter().flatten() {
                self.absent(*mapping, record, part)?;
            }
        }
        self.derive_dependents()?;
        self.settle()?;
        self.tx.check()
    }

    /// Which part of a feed a batch belongs to: where it has several datasets, its shape names the one it is of.
    pub(super) fn part_of(&self, open: &OpenFeed, batch: &Batch) -> usize {
        let Some(shape) = batch.shapes().first().filter(|_| open.several) else { return 0 };
        let named = |part: &OpenUnit| self.engine.catalog.datasets[part.dataset].feed == shape.dataset;
        open.parts.iter().position(named).unwrap_or(0)
    }
}
