//! Units from their beginning to their end, and the drift that stops them.
//!
//! Invariant: columns are compared with those accepted before a record of the unit is taken; where they differ, nothing of
//! it is. Not here: what a snapshot deletes (`snapshots`).

use super::engine::Engine;
use super::session::Session;
use super::state::{ColumnState, DatasetState, Drift, columns_of, differences};
use super::unit::{OpenFeed, OpenUnit};
use banyan_adapter::{Scope, UnitDone, UnitRefused};
use banyan_model::mapping::Splitter;
use banyan_model::model::DatasetNo;
use banyan_store::{Result, Unit, UnitChange, UnitKey};
use banyan_words::{Batch, Column, Shape, UnitRef, UnitState};
use std::sync::Arc;

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
        scope: Scope,
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
            let mut part = OpenUnit::new(self.engine, *no, number, unit.clone(), scope);
            let newest = states.0[*no].newest_snapshot.as_deref();
            part.stale = part.snapshot && newest.is_some_and(|n| *unit.order < *n);
            parts.push(part);
        }
        let token = token.to_owned();
        let begun = std::time::Instant::now();
        let feeds = parts.iter().map(|p| &self.engine.catalog.datasets[p.dataset].feed);
        let several = feeds.collect::<std::collections::BTreeSet<_>>().len() > 1;
        let (shape_checked, together) = (false, false);
        Ok(OpenFeed { parts, splitter: None, token, records: 0, begun, shape_checked, several, together })
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
        let feed = batch.shapes().first().map_or("", |s| s.dataset.as_str());
        let of = |part: &OpenUnit| !open.several || self.engine.catalog.datasets[part.dataset].feed == feed;
        let kinds: Vec<DatasetNo> = open.parts.iter().filter(|p| of(p)).map(|p| p.dataset).collect();
        if kinds.is_empty() {
            return Ok(Taken::Yes);
        }
        let has_kinds = self.engine.catalog.datasets[kinds[0]].kind.is_some();
        if !has_kinds {
            let at = self.part_of(open, batch);
            open.parts[at].records += batch.len() as u64;
            self.batch(&mut open.parts[at], batch)?;
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

    /// A pass that began at `as_of` found nothing new.
    pub fn current(&mut self, datasets: &[DatasetNo], as_of: jiff::Timestamp, states: &mut States) -> Result<()> {
        for no in datasets {
            let state = &mut states.0[*no];
            state.as_of = state.as_of.max(Some(as_of.as_millisecond()));
            self.keep(*no, states)?;
        }
        Ok(())
    }

    /// Compares a table's own columns with those accepted: by name, and only those that are `wanted` (none named: all),
    /// for databases gain columns every day. The first ones ever seen are accepted as the baseline, unless a schema is
    /// kept: then that is it. Columns that are new are accepted. `of`: the dataset, where the feed has several.
    pub fn table_drift(
        &mut self,
        open: &OpenFeed,
        of: Option<&str>,
        found: &[Column],
        states: &mut States,
    ) -> Result<Option<Drift>> {
        let named = |p: &&OpenUnit| of.is_none_or(|name| self.engine.catalog.datasets[p.dataset].feed == name);
        let Some(dataset) = open.parts.iter().find(named).map(|p| p.dataset) else { return Ok(None) };
        let wanted = &self.engine.wanted[dataset];
        let is_wanted = |c: &&ColumnState| wanted.is_empty() || wanted.contains(&c.name);
        let state = &mut states.0[dataset];
        let as_state = |c: &Column| ColumnState { name: c.name.clone(), ty: c.ty.clone() };
        let kept: Vec<ColumnState>;
        let baseline = match state.columns.is_empty() {
            true => {
                kept = self.engine.catalog.datasets[dataset].kept.iter().map(as_state).collect();
                &kept
            }
            false => &state.columns,
        };
        let accepted: Vec<ColumnState> = baseline.iter().filter(is_wanted).cloned().collect();
        let columns: Vec<ColumnState> = found.iter().map(as_state).collect();
        let known: Vec<ColumnState> =
            accepted.iter().filter_map(|a| columns.iter().find(|c| c.name == a.name)).cloned().collect();
        let differences = differences(&accepted, &known);
        if !differences.is_empty() {
            let drift = Drift { unit: String::new(), differences, columns };
            return self.stop_for(open, dataset, drift, states).map(Some);
        }
        if state.columns != columns {
            state.columns = columns;
            self.keep(dataset, states)?;
        }
        Ok(None)
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
        self.stop_for(open, dataset, Drift { unit: String::new(), differences, columns: found }, states).map(Some)
    }

    /// The dataset stands still until a person accepts.
    fn stop_for(&mut self, open: &OpenFeed, dataset: DatasetNo, drift: Drift, states: &mut States) -> Result<Drift> {
        let drift = Drift { unit: open.parts[0].unit.name.clone(), ..drift };
        states.0[dataset].drift = Some(drift.clone());
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
        Ok(drift)
    }

    /// Writes a dataset's state.
    pub fn keep(&mut self, dataset: DatasetNo, states: &States) -> Result<()> {
        let stored = self.engine.catalog.datasets[dataset].stored;
        let document = serde_json::to_string(&states.0[dataset]).unwrap_or_default();
        self.tx.with(|tx| tx.put_dataset(stored, &document))
    }

    /// Ends a unit that was read to its end. True if its file is done with: one whose deletions wait for a person is read
    /// once more when they are accepted, and must still be there then.
    pub fn done(&mut self, mut open: OpenFeed, done: &UnitDone, states: &mut States) -> Result<bool> {
        for part in &mut open.parts {
            if part.snapshot && !part.stale {
                self.end_snapshot(part, done.part.as_ref(), states)?;
            }
        }
        let waits = |p: &OpenUnit| {
            let suspended = states.0[p.dataset].suspended.as_ref();
            !self.engine.is_table(p.dataset) && suspended.is_some_and(|s| !s.accepted && s.unit == p.unit.name)
        };
        let done_with = !open.parts.iter().any(waits);
        for part in &mut open.parts {
            let state = &mut states.0[part.dataset];
            state.last_unit = Some(part.unit.name.clone());
            if done.position.is_some() {
                state.position.clone_from(&done.position);
            }
            if !part.stale {
                let as_of = part.unit.as_of.as_millisecond();
                state.as_of = Some(state.as_of.map_or(as_of, |old| old.max(as_of)));
            }
            self.keep(part.dataset, states)?;
            let change = UnitChange {
                state: if done_with { UnitState::Unacknowledged } else { UnitState::Done },
                records: if open.several { part.records } else { done.records },
                code: None,
                message: None,
                at: self.now,
            };
            self.tx.with(|tx| tx.put_unit(part.number, &change))?;
            if !self.engine.is_table(part.dataset) {
                self.tx.with(|tx| tx.supersede_earlier_readings(part.number))?;
            }
        }
        self.settle()?;
        Ok(done_with)
    }

    /// A unit whose deletions waited, and wait no more since a newer one has ended: its file is done with after all.
    pub(super) fn waits_no_more(&mut self, unit: &Unit) -> Result<()> {
        let change = UnitChange {
            state: UnitState::Unacknowledged,
            records: unit.records,
            code: unit.code.clone(),
            message: unit.message.clone(),
            at: self.now,
        };
        self.tx.with(|tx| tx.put_unit(unit.number, &change))
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
