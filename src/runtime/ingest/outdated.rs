//! What a newer whole snapshot of files has settled: records of older ones that never said anything, and dead letters.
//!
//! Invariant: a record that is in no file of the newest whole snapshot does not come to life by a changed mapping or lookup, or
//! a replay; who is still there was in that snapshot, or has come since. Not here: tables, which are read anew each time; who
//! is deleted (`snapshots`).

use super::session::{Incoming, Session};
use super::unit::OpenUnit;
use banyan_model::identity::compare_seen;
use banyan_model::model::{DatasetNo, MappingNo};
use banyan_model::ownership::World;
use banyan_store::Result;
use banyan_words::{Id, Place};

impl Session<'_> {
    /// A whole snapshot has ended and is believed: its units are what there is. What older ones left open is settled.
    pub(super) fn is_current(&mut self, part: &OpenUnit) -> Result<()> {
        // A record whose key could not be read may be any of those that wait.
        if self.engine.is_table(part.dataset) || part.unreadable.is_some() {
            return Ok(());
        }
        let units: Vec<u32> = std::iter::once(part.number).chain(part.siblings.iter().copied()).collect();
        let stored = self.engine.catalog.datasets[part.dataset].stored;
        let document = serde_json::to_string(&units).unwrap_or_default();
        self.tx.with(|tx| tx.put_meta(&mark(stored), &document))?;
        self.current.insert(part.dataset, units);
        for unit in self.tx.with(|tx| tx.units_with_letters(stored))? {
            if self.is_outdated(part.dataset, unit)? {
                self.tx.with(|tx| tx.supersede_letters_of(stored, unit))?;
            }
        }
        Ok(())
    }

    /// Whether a newer whole snapshot has taken that unit's place.
    pub(super) fn is_outdated(&mut self, dataset: DatasetNo, unit: u32) -> Result<bool> {
        if self.engine.is_table(dataset) {
            return Ok(false);
        }
        if !self.current.contains_key(&dataset) {
            let stored = self.engine.catalog.datasets[dataset].stored;
            let document = self.tx.with(|tx| tx.meta(&mark(stored)))?;
            let units = document.and_then(|d| serde_json::from_str(&d).ok()).unwrap_or_default();
            self.current.insert(dataset, units);
        }
        let Some(units) = self.current.get(&dataset) else { return Ok(false) };
        let Some(newest) = units.first().copied() else { return Ok(false) };
        let outdated = !units.contains(&unit) && !self.tx.compare_units(unit, newest).is_gt();
        self.tx.check()?;
        Ok(outdated)
    }

    /// Whether that record says nothing, and stands in a snapshot that is not the newest.
    pub(super) fn is_gone(&mut self, mapping: MappingNo, record: Id, n: Option<u64>, unit: u32) -> Result<bool> {
        let m = &self.engine.catalog.mappings[mapping];
        if !self.is_outdated(m.dataset, unit)? {
            return Ok(false);
        }
        let Some(n) = n else { return Ok(true) };
        let (_, i) = self.load(m.entity, n)?;
        Ok(!i.observations.iter().any(|o| self.made_by(o, mapping, record)))
    }

    /// Whether something newer of the same record is known than this.
    pub(super) fn is_overtaken(&mut self, r: &Incoming<'_>, open: &OpenUnit) -> Result<bool> {
        let Some(n) = r.known.n else { return Ok(false) };
        let entity = self.engine.catalog.mappings[r.mapping].entity;
        let (_, i) = self.load(entity, n)?;
        let own = i.observations.iter().find(|o| self.made_by(o, r.mapping, r.record));
        let overtaken = own.is_some_and(|o| self.is_newer((o.unit, o.place), (open.number, r.row.place())));
        self.tx.check()?;
        Ok(overtaken)
    }

    /// Whether the one was seen after the other.
    pub(super) fn is_newer(&self, one: (u32, Place), other: (u32, Place)) -> bool {
        compare_seen(one, other, &self.tx).is_gt()
    }
}

fn mark(dataset: u32) -> String {
    format!("current:{dataset}")
}
