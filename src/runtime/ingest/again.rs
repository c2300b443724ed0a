//! Kept records that are mapped again, and keys that stand twice in a snapshot, whose first record is undone that way.
//!
//! Invariant: a record that is mapped again counts nowhere; only what the caller says moves in the ledger.

use super::session::{Incoming, Known, Session, unchanged_seed};
use super::touch::Before;
use super::unit::OpenUnit;
use banyan_adapter::Scope;
use banyan_model::instance::RawAt;
use banyan_model::mapping::{Draft, Fate, Refusal};
use banyan_model::model::MappingNo;
use banyan_store::{Result, Tally};
use banyan_words::{Batch, BatchBuilder, Id, Row, Shape, UnitRef, codec};
use std::sync::Arc;

/// The code of records with one key in one snapshot.
const DUPLICATE_KEY: &str = "duplicate-key";
const DUPLICATE: &str = "its key stands more than once in this snapshot; all its records are refused";

/// What became of a kept record that was mapped again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It went through.
    Good,
    /// It was refused.
    Refused,
    /// A newer whole snapshot no longer has it: nothing was done.
    Gone,
}

impl Session<'_> {
    /// A key that stands twice in one snapshot: all its records are refused, and what the first one did is undone. An
    /// instance that it made in this very transaction was never there; one of an earlier transaction is gone from now on.
    pub(super) fn duplicate(
        &mut self,
        at: usize,
        mapping: MappingNo,
        open: &mut OpenUnit,
        row: &Row<'_>,
        record: Id,
        known: Known,
    ) -> Result<()> {
        let engine = self.engine;
        let m = &engine.catalog.mappings[mapping];
        let message = format!("line {}: {DUPLICATE}", row.place().line);
        let refusal = Refusal { code: DUPLICATE_KEY.into(), field: None, message };
        self.refuse(at, mapping, open, row, Some(record), &refusal)?;
        self.tally(open.number, open.dataset, m.stored).rejected += 1;
        let second = open.refused.insert((mapping, record));
        // What the caller knows may be undone since.
        let known = if second { known } else { self.known_one(mapping, record)? };
        let Some(n) = known.n else { return Ok(()) };
        let (id, mut i) = self.load(m.entity, n)?;
        let Some(first) = i.observations.iter().position(|o| self.made_by(o, mapping, record)) else {
            return Ok(());
        };
        let o = i.observations[first].clone();
        if o.unit != open.number {
            if second {
                // The first one said what was known: it changed nothing, and counts as refused from now on.
                self.tally(open.number, open.dataset, m.stored).unchanged -= 1;
                self.tally(open.number, open.dataset, m.stored).rejected += 1;
            }
            return Ok(());
        }
        if !second && o.withdrawn {
            return Ok(());
        }
        // One that was refused when it came may have been derived again since: it is marked only now.
        if let Some(mark) = known.mark {
            open.marks.entry(mapping).or_default().mark(mark);
        }
        let before = Before::of(&i);
        i.observations.remove(first);
        let t = self.tally(open.number, open.dataset, m.stored);
        if o.held {
            t.held -= 1;
        } else {
            t.applied -= 1;
        }
        t.rejected += 1;
        self.letter_of_raw(mapping, open, record, o.raw, &refusal)?;
        if let Some(prior) = self.observe_again(mapping, record, o.prior)? {
            i.observations.push(prior);
        }
        let unknown = i.observations.is_empty() && self.is_new(m.entity, n);
        self.write(m.entity, id, Some(n), before, &mut i)?;
        if unknown && !m.direct {
            self.tx.with(|tx| tx.remove_record(m.stored, record))?;
        }
        Ok(())
    }

    /// Writes a dead letter for a record that is kept as a raw one.
    fn letter_of_raw(
        &mut self,
        mapping: MappingNo,
        open: &OpenUnit,
        record: Id,
        at: RawAt,
        refusal: &Refusal,
    ) -> Result<()> {
        let Some((batch, cells)) = self.raw_batch(at)? else { return Ok(()) };
        let row = batch.row(0);
        let message = format!("line {}: {DUPLICATE}", row.place().line);
        self.letter(Some(mapping), open, &row, Some(record), &Refusal { message, ..refusal.clone() }, &cells)
    }

    /// Reads a raw record back as a batch of one row, with its cells.
    pub(super) fn raw_batch(&mut self, at: RawAt) -> Result<Option<(Batch, Vec<u8>)>> {
        if at.block == 0 {
            return Ok(None);
        }
        let Some(raw) = self.tx.with(|tx| tx.raw(at))? else { return Ok(None) };
        Ok(batch_of(&raw).map(|b| (b, raw.cells)))
    }

    /// Maps a kept raw record again: the observation it makes now, with its old place.
    fn observe_again(
        &mut self,
        mapping: MappingNo,
        record: Id,
        at: RawAt,
    ) -> Result<Option<banyan_model::instance::Observation>> {
        let Some((batch, cells)) = self.raw_batch(at)? else { return Ok(None) };
        let Some(raw) = self.tx.with(|tx| tx.raw(at))? else { return Ok(None) };
        let m = &self.engine.catalog.mappings[mapping];
        let row = batch.row(0);
        let runner = banyan_model::mapping::Runner::new(&self.engine.catalog, mapping, row.shape());
        let mut draft = Draft::default();
        let fate = runner.run(&row, record, &self.tx, &mut draft);
        self.tx.check()?;
        let hash = codec::hash(&cells, unchanged_seed(row.shape(), m.hash));
        Ok((fate == Fate::Says).then(|| draft.observation(m.plan, record, (raw.unit, row.place()), at, hash)))
    }

    /// Derives a kept raw record again, after something it rests on changed.
    pub(super) fn derive_again(&mut self, mapping: MappingNo, at: RawAt) -> Result<()> {
        let Some((batch, cells)) = self.raw_batch(at)? else { return Ok(()) };
        let Some(raw) = self.tx.with(|tx| tx.raw(at))? else { return Ok(()) };
        self.again_from(mapping, &batch, raw.unit, at, &cells, false).map(drop)
    }

    /// Takes one kept record through a mapping again, as if it had just come in its old unit. Counts move only where
    /// the caller moves them. Of several records with one key none is taken unless a person `asked` for that one: no
    /// change of mapping or lookup tells which of them is right.
    pub(super) fn again_from(
        &mut self,
        mapping: MappingNo,
        batch: &Batch,
        unit: u32,
        at: RawAt,
        cells: &[u8],
        asked: bool,
    ) -> Result<Again> {
        let engine = self.engine;
        let m = &engine.catalog.mappings[mapping];
        let mut open = OpenUnit::new(engine, m.dataset, unit, batch.unit.clone(), Scope::Declared);
        let row = batch.row(0);
        let runner = open.runner(engine, mapping, row.shape());
        let record = match runner.record_id(&row) {
            Some(Ok(id)) => id,
            _ => return Ok(Again::Refused),
        };
        if !asked && self.tx.with(|tx| tx.refused_as(m.stored, record, unit, DUPLICATE_KEY))? {
            return Ok(Again::Refused);
        }
        let known = self.known_one(mapping, record)?;
        if self.is_gone(mapping, record, known.n, unit)? {
            return Ok(Again::Gone);
        }
        let hash = codec::hash(cells, unchanged_seed(row.shape(), m.hash));
        let incoming = Incoming { mapping, record, hash, known, row, raw: at };
        self.quiet = Some(Tally::default());
        let done = self.record(&incoming, &runner, &open);
        let counted = self.quiet.take().unwrap_or_default();
        done.map(|_| if counted.rejected == 0 { Again::Good } else { Again::Refused })
    }

    pub(super) fn known_one(&mut self, mapping: MappingNo, record: Id) -> Result<Known> {
        Ok(self.known(mapping, &[Some(record)])?.pop().flatten().unwrap_or_default())
    }
}

/// A raw record as a batch of one row; `None` if it is damaged.
pub fn batch_of(raw: &banyan_store::RawRow) -> Option<Batch> {
    let columns: Vec<super::state::ColumnState> = serde_json::from_str(&raw.shape).ok()?;
    let columns = columns.into_iter().map(|c| banyan_words::Column { name: c.name, ty: c.ty }).collect();
    let unit = UnitRef {
        name: String::new(),
        version: String::new(),
        order: String::new(),
        as_of: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut b = BatchBuilder::new(Arc::new(unit));
    let shape = b.shape(Arc::new(Shape { dataset: String::new(), columns }));
    b.decode(shape, &raw.cells, raw.place)?;
    Some(b.finish())
}
