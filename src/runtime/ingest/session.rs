//! One write transaction: records become rows.
//!
//! Invariant: for every unit and mapping, `in = applied + unchanged + superseded + skipped + held + rejected`; each record
//! read adds one to the left and one to exactly one term of the right.
//! Not here: how one record is mapped and applied (`apply`), what a touched instance drags along (`touch`), how a refused
//! record is kept (`letters`), units and snapshots (`units`), threads (`worker`).

use super::engine::Engine;
use super::unit::OpenUnit;
use super::world::Tx;
use banyan_model::instance::{Fragments, RawAt};
use banyan_model::mapping::{Draft, Refusal, Runner};
use banyan_model::model::MappingNo;
use banyan_store::{Receipt, Result, Tally};
use banyan_words::{Batch, Id, Row, Shape, codec};
use std::collections::HashMap;
use std::sync::Arc;

/// See the module.
pub struct Session<'s> {
    pub(super) engine: &'s Engine,
    pub(super) tx: Tx<'s>,
    pub(super) now: i64,
    /// Counts by (unit, dataset, mapping), written at commit. Few at a time, and the last one is asked for next.
    pub(super) tallies: Vec<((u32, u32, u32), Tally)>,
    /// What parts add to the hashes of their parents.
    pub(super) parts: HashMap<(usize, Id), u64>,
    /// Raw records to derive again, because a lookup row they rest on changed.
    pub(super) again: Vec<(u32, RawAt)>,
    /// Where records that are derived again count: nowhere, for they were counted when they came.
    pub(super) quiet: Option<Tally>,
    /// By entity the first instance that this transaction made: from there on, nobody has seen one yet.
    pub(super) made: HashMap<usize, u64>,
    /// By dataset the units of its newest whole snapshot, as far as it was asked for; empty where none is known.
    pub(super) current: HashMap<usize, Vec<u32>>,
    /// Buffers that are used again for every record.
    pub(super) draft: Draft,
    pub(super) canonical: Fragments,
    pub(super) facts: Vec<u8>,
    cells: Vec<u8>,
    ends: Vec<u32>,
}

/// Ids are hashes already: eight of their bytes will do.
#[derive(Clone, Copy, Default)]
pub struct ById(u64);

impl std::hash::BuildHasher for ById {
    type Hasher = ById;
    fn build_hasher(&self) -> ById {
        ById(0)
    }
}

impl std::hash::Hasher for ById {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(front) = bytes.first_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*front);
        }
    }
    fn write_usize(&mut self, _: usize) {}
    fn finish(&self) -> u64 {
        self.0
    }
}

/// What became of a record, beside the counts.
pub(super) enum Done {
    /// Its instance knows what it says.
    Said(Known),
    /// Refused, for another reason than its key.
    Refused,
    /// Not meant.
    Skipped,
}

/// What is known of a record before it is mapped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// The number a snapshot's bitmap marks.
    pub mark: Option<u64>,
    /// The instance it speaks about.
    pub n: Option<u64>,
    /// The unchanged test.
    pub hash: u64,
}

/// A record on its way.
pub(super) struct Incoming<'r> {
    pub mapping: MappingNo,
    pub record: Id,
    pub hash: u64,
    pub known: Known,
    pub row: Row<'r>,
    pub raw: RawAt,
}

impl<'s> Session<'s> {
    /// Begins one. `now` is in milliseconds since 1970.
    pub fn new(engine: &'s Engine, tx: Box<dyn banyan_store::Ingest + 's>, now: i64) -> Session<'s> {
        Session {
            engine,
            tx: Tx::new(engine, tx),
            now,
            tallies: Vec::new(),
            parts: HashMap::new(),
            again: Vec::new(),
            quiet: None,
            made: HashMap::new(),
            current: HashMap::new(),
            draft: Draft::default(),
            canonical: Fragments::default(),
            facts: Vec::new(),
            cells: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Where a record counts.
    pub(super) fn tally(&mut self, unit: u32, dataset: usize, mapping: u32) -> &mut Tally {
        if self.quiet.is_some() { self.quiet.get_or_insert_default() } else { self.moved(unit, dataset, mapping) }
    }

    /// Where counts move that were made earlier.
    pub(super) fn moved(&mut self, unit: u32, dataset: usize, mapping: u32) -> &mut Tally {
        let key = (unit, self.engine.catalog.datasets[dataset].stored, mapping);
        let at = match self.tallies.iter().rposition(|(k, _)| *k == key) {
            Some(at) => at,
            None => {
                self.tallies.push((key, Tally::default()));
                self.tallies.len() - 1
            }
        };
        &mut self.tallies[at].1
    }

    /// Takes a batch of one dataset through all its mappings and lookups.
    pub fn batch(&mut self, open: &mut OpenUnit, batch: &Batch) -> Result<()> {
        let engine = self.engine;
        if open.keys_only {
            return self.keys(open, batch);
        }
        self.encode(open, batch);
        let mut raws = vec![RawAt::default(); batch.len()];
        for lookup in &engine.lookups_of[open.dataset] {
            self.fill_lookup(*lookup, open, batch)?;
        }
        let mappings = &engine.mappings_of[open.dataset];
        for mapping in mappings {
            self.mapping(*mapping, open, batch, &mut raws)?;
        }
        for row in batch.rows() {
            if let banyan_words::Fate::Bad(bad) = row.fate() {
                self.unreadable(open, &row, bad)?;
            }
        }
        self.derive_dependents()?;
        self.settle()?;
        self.tx.check()
    }

    /// Takes a batch of keys: those that are known are there, and nothing else is learnt.
    fn keys(&mut self, open: &mut OpenUnit, batch: &Batch) -> Result<()> {
        let engine = self.engine;
        // A key that cannot be read becomes a dead letter, which keeps its cells.
        self.encode(open, batch);
        for mapping in &engine.mappings_of[open.dataset] {
            let keys = self.record_ids(*mapping, open, batch)?;
            let known = self.known(*mapping, &keys)?;
            let marks = known.iter().flatten().filter_map(|k| k.mark);
            let there = open.marks.entry(*mapping).or_default();
            for mark in marks {
                there.mark(mark);
            }
            let unreadable = keys.iter().filter(|k| k.is_none()).count() as i64;
            let read = batch.len() as i64;
            let counts = Tally { read, rejected: unreadable, unchanged: read - unreadable, ..Tally::default() };
            self.tally(open.number, open.dataset, engine.catalog.mappings[*mapping].stored).add(&counts);
        }
        self.keys_of_lookups(open, batch)?;
        self.tx.check()
    }

    /// Commits, with the ledger.
    pub fn commit(mut self) -> Result<Receipt> {
        for ((unit, dataset, mapping), delta) in std::mem::take(&mut self.tallies) {
            if delta != Tally::default() {
                self.tx.with(|tx| tx.tally(unit, dataset, mapping, &delta))?;
            }
        }
        self.tx.check()?;
        let now = self.now;
        self.tx.into_inner().commit(now)
    }

    /// The durable form of every row, less the columns that must not be stored.
    pub(super) fn encode(&mut self, open: &OpenUnit, batch: &Batch) {
        let discard = &self.engine.catalog.datasets[open.dataset].discard;
        self.cells.clear();
        self.ends.clear();
        for row in batch.rows() {
            row.encode_without(|name| !discard.is_empty() && discard.iter().any(|d| d == name), &mut self.cells);
            self.ends.push(self.cells.len() as u32);
        }
    }

    pub(super) fn cells_of(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.cells[start..self.ends[i] as usize]
    }

    /// Keeps a row's raw record, once for all mappings.
    fn keep_raw(&mut self, i: usize, open: &mut OpenUnit, row: &Row<'_>, raws: &mut [RawAt]) -> Result<RawAt> {
        if raws[i].block == 0 {
            let shape = self.raw_shape(open, row)?;
            let dataset = self.engine.catalog.datasets[open.dataset].stored;
            let (unit, place) = (open.number, row.place());
            let cells = self.cells_of(i);
            raws[i] = self.tx.with(|tx| tx.put_raw(dataset, unit, shape, place, cells))?;
        }
        Ok(raws[i])
    }

    fn raw_shape(&mut self, open: &mut OpenUnit, row: &Row<'_>) -> Result<u32> {
        if let Some(n) = open.raw_shape(row.shape()) {
            return Ok(n);
        }
        let columns = serde_json::to_string(&super::state::columns_of(row.shape())).unwrap_or_default();
        let n = self.tx.with(|tx| tx.raw_shape(&columns))?;
        open.set_raw_shape(row.shape(), n);
        Ok(n)
    }

    fn mapping(&mut self, mapping: MappingNo, open: &mut OpenUnit, batch: &Batch, raws: &mut [RawAt]) -> Result<()> {
        let engine = self.engine;
        let m = &engine.catalog.mappings[mapping];
        let keys = self.record_ids(mapping, open, batch)?;
        let known = self.known(mapping, &keys)?;
        // Records that are new in this batch are known to later ones of it.
        let mut fresh: HashMap<Id, Known, ById> = HashMap::default();
        // Counted here and added once: a look into the ledger for every record would cost as much as mapping it.
        let mut counts = Tally { read: batch.len() as i64, ..Tally::default() };
        let seeds: Vec<u64> = batch.shapes().iter().map(|s| unchanged_seed(s, m.hash)).collect();
        let runners: Vec<Arc<Runner>> = batch.shapes().iter().map(|s| open.runner(engine, mapping, s)).collect();
        for (i, row) in batch.rows().enumerate() {
            let Some(record) = keys[i] else {
                counts.rejected += 1;
                continue;
            };
            if open.stale {
                counts.superseded += 1;
                continue;
            }
            let mut known = known[i].unwrap_or_default();
            if known.n.is_none()
                && let Some(k) = fresh.get(&record)
            {
                known = *k;
            }
            let hash = codec::hash(self.cells_of(i), seeds[row.shape_index()]);
            if open.snapshot {
                let again = !open.refused.is_empty() && open.refused.contains(&(mapping, record));
                if again || known.mark.is_some_and(|mark| open.marks.entry(mapping).or_default().mark(mark)) {
                    self.duplicate(i, mapping, open, &row, record, known)?;
                    continue;
                }
            }
            // A record that came by itself may be older than what is known, unless it was read live just now.
            if (open.snapshot || open.live) && known.hash == hash && known.n.is_some() {
                counts.unchanged += 1;
                continue;
            }
            let raw = self.keep_raw(i, open, &row, raws)?;
            let incoming = Incoming { mapping, record, hash, known, row, raw };
            match self.record(&incoming, &runners[row.shape_index()], open)? {
                Done::Said(k) if known.n.is_none() => {
                    fresh.insert(record, k);
                    if open.snapshot
                        && let Some(mark) = k.mark
                    {
                        open.marks.entry(mapping).or_default().mark(mark);
                    }
                }
                Done::Said(_) => {}
                // It says nothing, but has its key: a second one is one too many.
                Done::Refused if open.snapshot => drop(open.refused.insert((mapping, record))),
                Done::Skipped if open.snapshot && known.n.is_some() => drop(open.refused.insert((mapping, record))),
                Done::Refused | Done::Skipped => {}
            }
        }
        self.tally(open.number, open.dataset, m.stored).add(&counts);
        Ok(())
    }

    /// The record ids of a batch; `None` for rows that have none: those are refused here.
    pub(super) fn record_ids(
        &mut self,
        mapping: MappingNo,
        open: &mut OpenUnit,
        batch: &Batch,
    ) -> Result<Vec<Option<Id>>> {
        let engine = self.engine;
        let mut out = Vec::with_capacity(batch.len());
        let runners: Vec<Arc<Runner>> = batch.shapes().iter().map(|s| open.runner(engine, mapping, s)).collect();
        for (i, row) in batch.rows().enumerate() {
            if *row.fate() != banyan_words::Fate::Record {
                out.push(None);
                continue;
            }
            match runners[row.shape_index()].record_id(&row) {
                Some(Ok(id)) => out.push(Some(id)),
                Some(Err(fault)) => {
                    let place = row.place();
                    let why = format!("line {}: {}", place.line, fault.message);
                    open.unreadable.get_or_insert_with(|| why.clone());
                    let refusal = Refusal { code: "bad-key".into(), field: Some(fault.column), message: why };
                    self.refuse(i, mapping, open, &row, None, &refusal)?;
                    out.push(None);
                }
                None => {
                    let content = codec::hash(self.cells_of(i), 0);
                    let times = open.occurrences.entry(content).or_default();
                    *times += 1;
                    let full = &engine.catalog.datasets[open.dataset].id_name;
                    out.push(Some(Id::derive("\u{0}keyless", full, &[format!("{content:016x}"), times.to_string()])));
                }
            }
        }
        Ok(out)
    }

    pub(super) fn known(&mut self, mapping: MappingNo, keys: &[Option<Id>]) -> Result<Vec<Option<Known>>> {
        let m = &self.engine.catalog.mappings[mapping];
        let entity = self.engine.catalog.entities[m.entity].stored;
        let ids: Vec<Id> = keys.iter().flatten().copied().collect();
        let known: Vec<Option<Known>> = if m.direct {
            let mut found = Vec::with_capacity(ids.len());
            self.tx.with(|tx| tx.find(entity, &ids, &mut found))?;
            found.into_iter().map(|f| f.map(|(n, hash)| Known { mark: Some(n), n: Some(n), hash })).collect()
        } else {
            let mut found = Vec::with_capacity(ids.len());
            self.tx.with(|tx| tx.records(m.stored, &ids, &mut found))?;
            found.into_iter().map(|f| f.map(|r| Known { mark: Some(r.o), n: Some(r.n), hash: r.hash })).collect()
        };
        let mut known = known.into_iter();
        Ok(keys.iter().map(|k| k.and_then(|_| known.next().flatten())).collect())
    }
}

/// What the unchanged test is seeded with: the plan, and which cell is which. Cells alone would say that nothing changed
/// when two columns were swapped.
pub(super) fn unchanged_seed(shape: &Shape, plan: u64) -> u64 {
    shape.columns.iter().fold(plan, |h, c| codec::hash(c.name.as_bytes(), h))
}
