//! Units from their beginning to their end: drift, snapshots, deletions.
//!
//! Invariant: deletions are applied only at the end of a whole snapshot in which every record's key could be read, and
//! never beyond the shrink guard; else they wait for a person, with the reason.

use super::engine::Engine;
use super::marks::Marks;
use super::session::{Incoming, Known, Session, unchanged_seed};
use super::state::{DatasetState, Drift, Suspended, columns_of, differences};
use super::touch::Before;
use super::unit::{OpenFeed, OpenUnit};
use banyan_adapter::{SnapshotPart, UnitDone, UnitRefused};
use banyan_model::instance::RawAt;
use banyan_model::mapping::{Draft, Fate, Refusal, Splitter};
use banyan_model::model::{DatasetNo, MappingNo};
use banyan_store::{Result, Tally, UnitChange, UnitKey};
use banyan_words::{Batch, BatchBuilder, Id, Place, Row, Shape, UnitRef, UnitState, codec};
use std::sync::Arc;

/// Records deleted in one go between looks at the clock.
const PAGE: usize = 1_000;

/// The code of records with one key in one snapshot.
const DUPLICATE_KEY: &str = "duplicate-key";
const DUPLICATE: &str = "its key stands more than once in this snapshot; all its records are refused";

/// Whether a batch could be taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// It was.
    Yes,
    /// Its columns are not those that were accepted: nothing of it was, and the dataset stands still.
    Drifted(Drift),
}

impl Session<'_> {
    /// Opens a unit for all datasets of its feed.
    pub fn begin(
        &mut self,
        datasets: &[DatasetNo],
        unit: &Arc<UnitRef>,
        token: &str,
        states: &States,
    ) -> Result<OpenFeed> {
        let mut parts = Vec::new();
        for no in datasets {
            let d = &self.engine.catalog.datasets[*no];
            let key = unit_key(unit, token);
            let now = self.now;
            let number = self.tx.with(|tx| tx.begin_unit(d.stored, &key, now))?;
            self.tallies.retain(|((u, _, _), _)| *u != number);
            self.tx.know_order(number, &unit.order);
            let newest = states.0[*no].newest_snapshot.as_deref();
            let stale = d.content == banyan_model::model::Content::Snapshot && newest.is_some_and(|n| *unit.order < *n);
            parts.push(OpenUnit::new(self.engine, *no, number, unit.clone(), stale));
        }
        let token = token.to_owned();
        Ok(OpenFeed { parts, splitter: None, token, records: 0, shape_checked: false })
    }

    /// Takes a batch of an open unit.
    pub fn take(&mut self, open: &mut OpenFeed, batch: &Batch, states: &mut States) -> Result<Taken> {
        for shape in batch.shapes() {
            if open.shape_checked {
                break;
            }
            if let Some(drift) = self.drift(open, shape, states)? {
                return Ok(Taken::Drifted(drift));
            }
            open.shape_checked = true;
        }
        open.records += batch.len() as u64;
        let kinds: Vec<DatasetNo> = open.parts.iter().map(|p| p.dataset).collect();
        let has_kinds = self.engine.catalog.datasets[kinds[0]].kind.is_some();
        if !has_kinds {
            self.batch(&mut open.parts[0], batch)?;
            return Ok(Taken::Yes);
        }
        let Some(base) = batch.shapes().first() else { return Ok(Taken::Yes) };
        if !open.splitter.as_ref().is_some_and(|s| s.fits(base)) {
            open.splitter = Splitter::new(&self.engine.catalog, &kinds, base);
        }
        let Some(splitter) = &mut open.splitter else { return Ok(Taken::Yes) };
        for split in splitter.split(batch) {
            if let Some(part) = open.parts.iter_mut().find(|p| p.dataset == split.dataset) {
                self.batch(part, &split.batch)?;
            }
        }
        Ok(Taken::Yes)
    }

    /// Compares the columns with those accepted. The first ones ever seen are accepted as the baseline.
    fn drift(&mut self, open: &OpenFeed, shape: &Shape, states: &mut States) -> Result<Option<Drift>> {
        let dataset = open.parts[0].dataset;
        let found = columns_of(shape);
        let state = &mut states.0[dataset];
        if state.columns.is_empty() {
            state.columns = found;
            self.keep(dataset, states)?;
            return Ok(None);
        }
        let differences = differences(&state.columns, &found);
        if differences.is_empty() {
            return Ok(None);
        }
        let drift = Drift { unit: open.parts[0].unit.name.clone(), differences, columns: found };
        state.drift = Some(drift.clone());
        self.keep(dataset, states)?;
        for part in &open.parts {
            let message = format!("the columns changed: {}", drift.differences.join("; "));
            let change = UnitChange {
                state: UnitState::Open,
                records: 0,
                code: Some("drift".into()),
                message: Some(message),
                at: self.now,
            };
            self.tx.with(|tx| tx.put_unit(part.number, &change))?;
        }
        Ok(Some(drift))
    }

    /// Writes a dataset's state.
    pub fn keep(&mut self, dataset: DatasetNo, states: &States) -> Result<()> {
        let stored = self.engine.catalog.datasets[dataset].stored;
        let document = serde_json::to_string(&states.0[dataset]).unwrap_or_default();
        self.tx.with(|tx| tx.put_dataset(stored, &document))
    }

    /// Ends a unit that was read to its end.
    pub fn done(&mut self, mut open: OpenFeed, done: &UnitDone, states: &mut States) -> Result<()> {
        for part in &mut open.parts {
            if part.snapshot && !part.stale {
                self.end_snapshot(part, done.part.as_ref(), states)?;
            }
            let state = &mut states.0[part.dataset];
            state.last_unit = Some(part.unit.name.clone());
            if !part.stale {
                let as_of = part.unit.as_of.as_millisecond();
                state.as_of = Some(state.as_of.map_or(as_of, |old| old.max(as_of)));
            }
            self.keep(part.dataset, states)?;
            let change = UnitChange {
                state: UnitState::Unacknowledged,
                records: done.records,
                code: None,
                message: None,
                at: self.now,
            };
            self.tx.with(|tx| tx.put_unit(part.number, &change))?;
        }
        self.settle()
    }

    fn end_snapshot(&mut self, part: &mut OpenUnit, of: Option<&SnapshotPart>, states: &mut States) -> Result<()> {
        let mappings = self.engine.mappings_of[part.dataset].clone();
        let engine = self.engine;
        if let Some(of) = of
            && !self.gather_parts(part, of, &mappings)?
        {
            return Ok(());
        }
        let state = &mut states.0[part.dataset];
        let accepted = state.suspended.take().is_some_and(|s| s.accepted && s.unit == part.unit.name);
        let mut missing = Vec::new();
        for mapping in &mappings {
            missing.push(self.missing(*mapping, part)?);
        }
        let (gone, all) = missing.iter().copied().max_by_key(|(gone, _)| *gone).unwrap_or((0, 0));
        let guard = engine.catalog.datasets[part.dataset].shrink_guard;
        let too_many = guard.is_some_and(|g| gone * 1000 > all * u64::from(g.permille));
        let reason = match &part.unreadable {
            Some(why) if gone > 0 => {
                Some(format!("a record's key could not be read, so it is not known who is gone: {why}"))
            }
            None if gone > 0 && too_many => {
                Some(format!("{gone} of {all} records would be deleted, more than the shrink guard allows"))
            }
            _ => None,
        };
        if let Some(reason) = reason.filter(|_| !accepted) {
            let unit = part.unit.name.clone();
            states.0[part.dataset].suspended =
                Some(Suspended { unit, reason, missing: gone, of: all, accepted: false });
        } else {
            for mapping in &mappings {
                self.delete_missing(*mapping, part)?;
            }
        }
        states.0[part.dataset].newest_snapshot = Some(part.unit.order.clone());
        Ok(())
    }

    /// Adds the marks of the other parts; true when all are there. Until then this part's marks are kept.
    fn gather_parts(&mut self, part: &mut OpenUnit, of: &SnapshotPart, mappings: &[MappingNo]) -> Result<bool> {
        let dataset = self.engine.catalog.datasets[part.dataset].stored;
        let name = |p: &str| format!("marks:{dataset}:{}:{p}", of.snapshot);
        let mut mine = serde_json::Map::new();
        for mapping in mappings {
            let text = part.marks.entry(*mapping).or_default().to_text();
            mine.insert(self.engine.catalog.mappings[*mapping].name.clone(), text.into());
        }
        mine.insert("unreadable".into(), part.unreadable.clone().into());
        let document = serde_json::Value::Object(mine).to_string();
        self.tx.with(|tx| tx.put_meta(&name(&of.part), &document))?;
        for other in of.parts.iter().filter(|p| **p != of.part) {
            let Some(text) = self.tx.with(|tx| tx.meta(&name(other)))? else { return Ok(false) };
            let theirs: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            for mapping in mappings {
                let marks = theirs.get(&self.engine.catalog.mappings[*mapping].name).and_then(|t| t.as_str());
                part.marks.entry(*mapping).or_default().add_text(marks.unwrap_or(""));
            }
            if let Some(why) = theirs.get("unreadable").and_then(|t| t.as_str()) {
                part.unreadable.get_or_insert_with(|| why.to_owned());
            }
        }
        Ok(true)
    }

    /// How many records a snapshot no longer shows, and how many there are.
    fn missing(&mut self, mapping: MappingNo, part: &OpenUnit) -> Result<(u64, u64)> {
        let m = &self.engine.catalog.mappings[mapping];
        let entity = self.engine.catalog.entities[m.entity].stored;
        let all = self.tx.with(|tx| tx.count_records(entity, (!m.direct).then_some(m.stored)))?;
        let marks = part.marks.get(&mapping);
        if marks.map_or(0, |m| m.count) >= all {
            return Ok((0, all));
        }
        // Marks may also stand on records that were refused or withdrawn, so the difference itself is counted.
        let empty = Marks::default();
        let marks = marks.unwrap_or(&empty);
        let (mut gone, mut after) = (0, 0);
        loop {
            let page = self.unmarked(mapping, marks, after)?;
            gone += page.len() as u64;
            match page.last() {
                Some(last) if page.len() == PAGE => after = last.0,
                _ => return Ok((gone, all)),
            }
        }
    }

    fn unmarked(&mut self, mapping: MappingNo, marks: &Marks, after: u64) -> Result<Vec<(u64, Id, u64)>> {
        let m = &self.engine.catalog.mappings[mapping];
        let entity = self.engine.catalog.entities[m.entity].stored;
        let marked = |n: u64| marks.has(n);
        if m.direct {
            let page = self.tx.with(|tx| tx.unmarked(entity, &marked, after, PAGE))?;
            return Ok(page.into_iter().map(|(n, id)| (n, id, n)).collect());
        }
        self.tx.with(|tx| tx.unmarked_records(m.stored, &marked, after, PAGE))
    }

    fn delete_missing(&mut self, mapping: MappingNo, part: &OpenUnit) -> Result<()> {
        let m = &self.engine.catalog.mappings[mapping];
        let marks = part.marks.get(&mapping).cloned().unwrap_or_default();
        let mut after = 0;
        loop {
            let page = self.unmarked(mapping, &marks, after)?;
            for (mark, record, n) in &page {
                after = *mark;
                let (id, mut i) = self.load(m.entity, *n)?;
                let before = Before::of(&i);
                let book = &self.engine.book;
                for o in &mut i.observations {
                    if o.record == *record && book.plan(o.plan).and_then(|p| p.mapping) == Some(mapping) {
                        o.withdrawn = true;
                        o.says.clear();
                        o.aliases.clear();
                        (o.unit, o.place) = (part.number, Place::default());
                    }
                }
                self.write(m.entity, id, Some(*n), before, &mut i)?;
                if !m.direct {
                    self.tx.with(|tx| tx.remove_record(m.stored, *record))?;
                }
                self.tally(part.number, part.dataset, m.stored).deleted += 1;
            }
            self.settle()?;
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// A key that stands twice in one snapshot: all its records are refused, and what the first one did is undone.
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
        let mark = known.mark.unwrap_or(0);
        if !open.marks.entry(mapping).or_default().twice.insert(mark) {
            return Ok(());
        }
        let Some(n) = known.n else { return Ok(()) };
        let (id, mut i) = self.load(m.entity, n)?;
        let Some(first) = i
            .observations
            .iter()
            .position(|o| o.record == record && engine.book.plan(o.plan).and_then(|p| p.mapping) == Some(mapping))
        else {
            return Ok(());
        };
        let o = i.observations[first].clone();
        if o.unit != open.number {
            // The first one said what was known: it changed nothing, and counts as refused from now on.
            self.tally(open.number, open.dataset, m.stored).unchanged -= 1;
            self.tally(open.number, open.dataset, m.stored).rejected += 1;
            return Ok(());
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
        self.write(m.entity, id, Some(n), before, &mut i)?;
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
        self.letter(mapping, open, &row, Some(record), &Refusal { message, ..refusal.clone() }, &cells)
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

    /// A unit that cannot be used.
    pub fn refused(&mut self, open: Option<&OpenFeed>, datasets: &[DatasetNo], refused: &UnitRefused) -> Result<()> {
        for no in datasets {
            let d = &self.engine.catalog.datasets[*no];
            let part = open.and_then(|o| o.parts.iter().find(|p| p.dataset == *no));
            let number = match part {
                Some(p) => p.number,
                None => {
                    let (key, now) = (unit_key(&refused.unit, &refused.token), self.now);
                    self.tx.with(|tx| tx.begin_unit(d.stored, &key, now))?
                }
            };
            let change = UnitChange {
                state: UnitState::Refused,
                records: open.map_or(0, |o| o.records),
                code: Some(refused.code.clone()),
                message: Some(refused.message.clone()),
                at: self.now,
            };
            self.tx.with(|tx| tx.put_unit(number, &change))?;
        }
        Ok(())
    }

    /// A unit whose content was read before: remembered, and nothing else.
    pub fn identical(&mut self, datasets: &[DatasetNo], unit: &UnitRef, token: &str, first: &str) -> Result<()> {
        for no in datasets {
            let d = &self.engine.catalog.datasets[*no];
            let (key, now) = (unit_key(unit, token), self.now);
            let number = self.tx.with(|tx| tx.begin_unit(d.stored, &key, now))?;
            let change = UnitChange {
                state: UnitState::Unacknowledged,
                records: 0,
                code: Some("identical".into()),
                message: Some(format!("the same content was read as {first}; nothing changed")),
                at: self.now,
            };
            self.tx.with(|tx| tx.put_unit(number, &change))?;
        }
        Ok(())
    }

    /// Derives a kept raw record again, after something it rests on changed.
    pub(super) fn derive_again(&mut self, mapping: MappingNo, at: RawAt) -> Result<()> {
        let Some((batch, cells)) = self.raw_batch(at)? else { return Ok(()) };
        let Some(raw) = self.tx.with(|tx| tx.raw(at))? else { return Ok(()) };
        self.again_from(mapping, &batch, raw.unit, at, &cells, false).map(drop)
    }

    /// Takes one kept record through a mapping again, as if it had just come in its old unit. Counts move only where
    /// the caller moves them. True unless it is refused. Of several records with one key none is taken unless a person
    /// `asked` for that one: no change of mapping or lookup tells which of them is right.
    pub(super) fn again_from(
        &mut self,
        mapping: MappingNo,
        batch: &Batch,
        unit: u32,
        at: RawAt,
        cells: &[u8],
        asked: bool,
    ) -> Result<bool> {
        let engine = self.engine;
        let m = &engine.catalog.mappings[mapping];
        let mut open = OpenUnit::new(engine, m.dataset, unit, batch.unit.clone(), false);
        let row = batch.row(0);
        let runner = open.runner(engine, mapping, row.shape());
        let record = match runner.record_id(&row) {
            Some(Ok(id)) => id,
            _ => return Ok(false),
        };
        if !asked && self.tx.with(|tx| tx.refused_as(m.stored, record, unit, DUPLICATE_KEY))? {
            return Ok(false);
        }
        let known = self.known_one(mapping, record)?;
        let hash = codec::hash(cells, unchanged_seed(row.shape(), m.hash));
        let incoming = Incoming { mapping, record, hash, known, row, raw: at };
        self.quiet = Some(Tally::default());
        let done = self.record(&incoming, &runner, &open);
        let counted = self.quiet.take().unwrap_or_default();
        done.map(|_| counted.rejected == 0)
    }

    fn known_one(&mut self, mapping: MappingNo, record: Id) -> Result<Known> {
        Ok(self.known(mapping, &[Some(record)])?.pop().flatten().unwrap_or_default())
    }
}

/// The states of all datasets, by position.
#[derive(Clone, Debug, Default)]
pub struct States(pub Vec<DatasetState>);

impl States {
    /// Reads them.
    pub fn read(engine: &Engine, reader: &mut dyn banyan_store::Reader) -> Result<States> {
        let mut out = Vec::new();
        for d in &engine.catalog.datasets {
            let document = reader.dataset(d.stored)?;
            out.push(document.and_then(|d| serde_json::from_str(&d).ok()).unwrap_or_default());
        }
        Ok(States(out))
    }
}

fn unit_key(unit: &UnitRef, token: &str) -> UnitKey {
    UnitKey {
        name: unit.name.clone(),
        version: unit.version.clone(),
        order: unit.order.clone(),
        as_of: unit.as_of.as_millisecond(),
        token: token.to_owned(),
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
