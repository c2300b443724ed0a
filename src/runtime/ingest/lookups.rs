//! Datasets that fill lookups, and records that rest on them.

use super::session::Session;
use super::unit::OpenUnit;
use super::world::lookup_key;
use banyan_model::model::LookupSource;
use banyan_store::{Result, Tally};
use banyan_words::{Batch, Row, id::key_text};

/// Dependents derived again at once; more are taken in further rounds, so that memory stays flat.
const ROUND: usize = 10_000;

impl Session<'_> {
    /// Takes the rows of a batch into a lookup.
    pub(super) fn fill_lookup(&mut self, lookup: usize, open: &OpenUnit, batch: &Batch) -> Result<()> {
        let engine = self.engine;
        let table = &engine.catalog.lookups[lookup];
        let LookupSource::Dataset { stored, .. } = table.rows else { return Ok(()) };
        // A dataset that no mapping reads still has a ledger.
        let alone = engine.mappings_of[open.dataset].is_empty();
        let (mut applied, mut unchanged, mut superseded, mut rejected) = (0, 0, 0, 0);
        for row in batch.rows().filter(|r| *r.fate() == banyan_words::Fate::Record) {
            if open.stale {
                superseded += 1;
                continue;
            }
            let Some(key) = key_of(&row, &table.keys) else {
                rejected += 1;
                continue;
            };
            let value = row.shape().position(&table.value).map(|at| row.value(at));
            let text = value.as_ref().and_then(|v| v.to_text());
            if !self.tx.with(|tx| tx.put_lookup(stored, &key, text.as_deref()))? {
                unchanged += 1;
                continue;
            }
            applied += 1;
            self.tx.forget_lookup(lookup, &key);
            self.changed_lookup(stored, &key)?;
        }
        if alone {
            let tally = Tally {
                read: applied + unchanged + superseded + rejected,
                applied,
                unchanged,
                superseded,
                rejected,
                ..Tally::default()
            };
            self.tally(open.number, open.dataset, 0).add(&tally);
        }
        Ok(())
    }

    fn changed_lookup(&mut self, lookup: u32, key: &[u8]) -> Result<()> {
        loop {
            let page = self.tx.with(|tx| tx.dependents(lookup, key, ROUND))?;
            let last = page.len() < ROUND;
            self.again.extend(page);
            if last {
                return Ok(());
            }
            self.derive_dependents()?;
        }
    }

    /// Derives again what rests on changed lookup rows.
    pub(super) fn derive_dependents(&mut self) -> Result<()> {
        for (mapping, at) in std::mem::take(&mut self.again) {
            let no = self.engine.catalog.mappings.iter().position(|m| m.stored == mapping);
            if let Some(no) = no {
                self.derive_again(no, at)?;
            }
        }
        Ok(())
    }
}

fn key_of(row: &Row<'_>, columns: &[String]) -> Option<Vec<u8>> {
    let mut parts = Vec::with_capacity(columns.len());
    for column in columns {
        let value = row.value(row.shape().position(column)?);
        parts.push(key_text(&value)?.into_owned());
    }
    Some(lookup_key(&parts))
}
