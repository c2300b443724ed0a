//! Datasets that fill lookups, and records that rest on them.
//!
//! Invariant: a row of a lookup lasts as long as the record that gave it: it goes when that record is deleted, stands under
//! another key, or is not in a snapshot, and what rests on it is derived again.

use super::session::Session;
use super::unit::OpenUnit;
use super::world::lookup_key;
use banyan_model::mapping::Refusal;
use banyan_model::model::{LookupSource, LookupTable};
use banyan_store::{Result, Tally};
use banyan_words::{Batch, Id, Place, Row, id::key_text};

/// Dependents derived again at once; more are taken in further rounds, so that memory stays flat.
const ROUND: usize = 10_000;

impl Session<'_> {
    /// Takes the rows of a batch into a lookup.
    pub(super) fn fill_lookup(&mut self, lookup: usize, open: &mut OpenUnit, batch: &Batch) -> Result<()> {
        let engine = self.engine;
        let table = &engine.catalog.lookups[lookup];
        let LookupSource::Dataset { stored, .. } = table.rows else { return Ok(()) };
        // A dataset that no mapping reads still has a ledger.
        let alone = engine.mappings_of[open.dataset].is_empty();
        open.shown.entry(lookup).or_default();
        let mut counts = Tally::default();
        for (i, row) in batch.rows().enumerate().filter(|(_, r)| *r.fate() == banyan_words::Fate::Record) {
            counts.read += 1;
            if open.stale {
                counts.superseded += 1;
                continue;
            }
            let record = self.lookup_record(&table.keys, open, &row);
            if self.is_late_row(stored, record, key_of(&row, &table.keys).as_deref(), open)? {
                counts.superseded += 1;
                continue;
            }
            if self.means_deletion(&row, open) {
                let key = key_of(&row, &table.keys);
                let gone = self.withdraw_row(lookup, stored, record, key.as_deref())?;
                *if gone { &mut counts.applied } else { &mut counts.unchanged } += 1;
                counts.deleted += i64::from(gone);
                continue;
            }
            let Some(key) = key_of(&row, &table.keys) else {
                counts.rejected += 1;
                self.withdraw_row(lookup, stored, record, None)?;
                if alone {
                    self.without_lookup_key(i, open, &row, table)?;
                }
                continue;
            };
            let value = row.shape().position(&table.value).map(|at| row.value(at));
            let changed = match value.as_ref().and_then(|v| v.to_text()) {
                None => self.withdraw_row(lookup, stored, record, Some(&key))?,
                Some(value) => {
                    let put = self.tx.with(|tx| tx.put_lookup(stored, &key, record, &value))?;
                    if open.snapshot {
                        open.shown.entry(lookup).or_default().mark(put.n);
                    }
                    if let Some(left) = &put.left {
                        self.changed_lookup(lookup, stored, left)?;
                    }
                    if put.changed {
                        self.changed_lookup(lookup, stored, &key)?;
                    }
                    put.changed || put.left.is_some()
                }
            };
            *if changed { &mut counts.applied } else { &mut counts.unchanged } += 1;
        }
        if alone {
            self.tally(open.number, open.dataset, 0).add(&counts);
        }
        Ok(())
    }

    /// Whether a newer file has spoken of that row, or of the record behind it. A snapshot, and a pass over a table, is known
    /// to be newer than what is there.
    fn is_late_row(&mut self, stored: u32, record: Option<Id>, key: Option<&[u8]>, open: &OpenUnit) -> Result<bool> {
        let who = match (record, key) {
            _ if open.snapshot || open.live || self.engine.is_table(open.dataset) => return Ok(false),
            (Some(record), _) => [&b"r"[..], &record.0].concat(),
            (None, Some(key)) => [b"k", key].concat(),
            (None, None) => return Ok(false),
        };
        if let Some(unit) = self.tx.with(|tx| tx.lookup_seen(stored, &who))? {
            let late = self.is_newer((unit, Place::default()), (open.number, Place::default()));
            self.tx.check()?;
            if late || unit == open.number {
                return Ok(late);
            }
        }
        self.tx.with(|tx| tx.see_lookup(stored, &who, open.number)).map(|()| false)
    }

    /// Names the record behind a lookup's row, where the dataset's key does not tell the lookup's: so that what it said
    /// under another key can be found.
    fn lookup_record(&self, keys: &[String], open: &OpenUnit, row: &Row<'_>) -> Option<Id> {
        let d = &self.engine.catalog.datasets[open.dataset];
        if d.key.is_empty() || keys.iter().all(|k| d.key.contains(k)) {
            return None;
        }
        let parts = d.key.iter().map(|column| {
            let value = row.value(row.shape().position(column)?);
            Some(key_text(&value)?.into_owned())
        });
        Some(Id::derive("\u{0}lookup", &d.id_name, &parts.collect::<Option<Vec<_>>>()?))
    }

    /// Removes what a record says in a lookup; whether there was anything.
    fn withdraw_row(&mut self, lookup: usize, stored: u32, record: Option<Id>, key: Option<&[u8]>) -> Result<bool> {
        let gone = match (record, key) {
            (Some(record), _) => self.tx.with(|tx| tx.remove_lookup_of(stored, record))?,
            (None, Some(key)) => self.tx.with(|tx| tx.remove_lookup(stored, key))?.then(|| key.to_vec()),
            (None, None) => None,
        };
        match &gone {
            Some(key) => self.changed_lookup(lookup, stored, key).map(|()| true),
            None => Ok(false),
        }
    }

    /// Removes what deleted records said in a lookup, by their keys.
    pub(super) fn deleted_rows(&mut self, lookup: usize, open: &OpenUnit, batch: &Batch) -> Result<()> {
        let engine = self.engine;
        let table = &engine.catalog.lookups[lookup];
        let LookupSource::Dataset { stored, .. } = table.rows else { return Ok(()) };
        let mut gone = 0;
        for row in batch.rows().filter(|r| *r.fate() == banyan_words::Fate::Record) {
            let record = self.lookup_record(&table.keys, open, &row);
            let key = key_of(&row, &table.keys);
            gone += i64::from(self.withdraw_row(lookup, stored, record, key.as_deref())?);
        }
        if engine.mappings_of[open.dataset].is_empty() {
            self.tally(open.number, open.dataset, 0).deleted += gone;
        }
        Ok(())
    }

    /// A record of a dataset that fills lookups alone, and that no lookup can hold.
    fn without_lookup_key(&mut self, i: usize, open: &mut OpenUnit, row: &Row<'_>, table: &LookupTable) -> Result<()> {
        let why = format!(
            "line {}: {} is without a value, the key of lookup {}",
            row.place().line,
            table.keys.join(", "),
            table.name
        );
        open.unreadable.get_or_insert_with(|| why.clone());
        let refusal = Refusal { code: "bad-key".into(), field: None, message: why };
        let cells = self.cells_of(i).to_vec();
        self.letter(None, open, row, None, &refusal, &cells)
    }

    /// Takes a batch of keys: rows of lookups that have all their keys in it are there.
    pub(super) fn keys_of_lookups(&mut self, open: &mut OpenUnit, batch: &Batch) -> Result<()> {
        let engine = self.engine;
        for lookup in &engine.lookups_of[open.dataset] {
            let table = &engine.catalog.lookups[*lookup];
            let LookupSource::Dataset { stored, .. } = table.rows else { continue };
            if batch.shapes().iter().any(|s| table.keys.iter().any(|k| s.position(k).is_none())) {
                continue;
            }
            for row in batch.rows() {
                let Some(key) = key_of(&row, &table.keys) else { continue };
                let n = self.tx.with(|tx| tx.lookup_row(stored, &key))?;
                let shown = open.shown.entry(*lookup).or_default();
                if let Some(n) = n {
                    shown.mark(n);
                }
            }
        }
        Ok(())
    }

    /// The lookups that a snapshot tells everything about: one of keys only those whose keys it shows.
    pub(super) fn told_lookups(&self, part: &OpenUnit) -> Vec<usize> {
        let all = self.engine.lookups_of[part.dataset].iter().copied();
        all.filter(|l| !part.keys_only || part.shown.contains_key(l)).collect()
    }

    /// How many rows of a lookup a snapshot no longer shows, and how many there are.
    pub(super) fn missing_rows(&mut self, lookup: usize, part: &OpenUnit) -> Result<(u64, u64)> {
        let LookupSource::Dataset { stored, .. } = self.engine.catalog.lookups[lookup].rows else { return Ok((0, 0)) };
        let all = self.tx.with(|tx| tx.count_lookup(stored))?;
        let (mut gone, mut after) = (0, 0);
        loop {
            let page = self.unmarked_rows(lookup, stored, part, after)?;
            gone += page.len() as u64;
            match page.last() {
                Some((n, _)) if page.len() == ROUND => after = *n,
                _ => return Ok((gone, all)),
            }
        }
    }

    fn unmarked_rows(
        &mut self,
        lookup: usize,
        stored: u32,
        part: &OpenUnit,
        after: u64,
    ) -> Result<Vec<(u64, Vec<u8>)>> {
        let marks = part.shown.get(&lookup);
        let marked = |n: u64| marks.is_some_and(|m| m.has(n));
        self.tx.with(|tx| tx.unmarked_lookup(stored, &marked, after, ROUND))
    }

    /// Removes the rows of a lookup that a snapshot no longer shows.
    pub(super) fn delete_missing_rows(&mut self, lookup: usize, part: &OpenUnit) -> Result<()> {
        let LookupSource::Dataset { stored, .. } = self.engine.catalog.lookups[lookup].rows else { return Ok(()) };
        let alone = self.engine.mappings_of[part.dataset].is_empty();
        let mut after = 0;
        loop {
            let page = self.unmarked_rows(lookup, stored, part, after)?;
            for (n, key) in &page {
                after = *n;
                self.withdraw_row(lookup, stored, None, Some(key))?;
            }
            if alone {
                self.tally(part.number, part.dataset, 0).deleted += page.len() as i64;
            }
            self.derive_dependents()?;
            if page.len() < ROUND {
                return Ok(());
            }
        }
    }

    fn changed_lookup(&mut self, table: usize, lookup: u32, key: &[u8]) -> Result<()> {
        self.tx.forget_lookup(table, key);
        loop {
            let page = self.tx.with(|tx| tx.dependents(lookup, key, ROUND))?;
            let last = page.len() < ROUND;
            self.again.extend(page);
            if self.again.len() >= ROUND {
                self.derive_dependents()?;
            }
            if last {
                return Ok(());
            }
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
