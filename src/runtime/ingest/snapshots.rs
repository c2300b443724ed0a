//! The end of a snapshot: who is no longer in it, and whether that may be believed.
//!
//! Invariant: deletions are applied only at the end of a whole snapshot in which every record's key could be read, and
//! never beyond the shrink guard; else they wait for a person, with the reason. A snapshot that became whole after a part
//! of a newer one was read deletes nothing. What a unit of the snapshot, or a newer one, said is there, marked or not: a
//! record may be refused when its row comes, and be derived again before the end, when the lookup it rests on has arrived.

use super::live::live_since;
use super::session::Session;
use super::state::Suspended;
use super::touch::Before;
use super::unit::OpenUnit;
use super::units::States;
use banyan_adapter::SnapshotPart;
use banyan_model::model::MappingNo;
use banyan_model::ownership::World;
use banyan_store::Result;
use banyan_words::{Id, Place};

/// Records deleted in one go between looks at the clock.
const PAGE: usize = 1_000;

impl Session<'_> {
    pub(super) fn end_snapshot(
        &mut self,
        part: &mut OpenUnit,
        of: Option<&SnapshotPart>,
        states: &mut States,
    ) -> Result<()> {
        let mappings = self.engine.mappings_of[part.dataset].clone();
        let engine = self.engine;
        if let Some(of) = of {
            let state = &mut states.0[part.dataset];
            let newer = state.newest_part.as_ref().is_none_or(|(order, _)| **order < *part.unit.order);
            if newer {
                state.newest_part = Some((part.unit.order.clone(), of.snapshot.clone()));
            }
            if !self.gather_parts(part, of, &mappings)? {
                return Ok(());
            }
            // A newer snapshot has begun, and what it showed so far must not be taken away: it will tell what is gone.
            let state = &mut states.0[part.dataset];
            if !newer && state.newest_part.as_ref().is_some_and(|(_, snapshot)| *snapshot != of.snapshot) {
                state.newest_snapshot = Some(part.unit.order.clone());
                return Ok(());
            }
        }
        let state = &mut states.0[part.dataset];
        let accepted = state.suspended.take().filter(|s| s.accepted);
        let mut missing = Vec::new();
        for mapping in &mappings {
            missing.push(self.missing(*mapping, part)?);
        }
        let lookups = self.told_lookups(part);
        for lookup in &lookups {
            missing.push(self.missing_rows(*lookup, part)?);
        }
        let (gone, all) = missing.iter().copied().max_by_key(|(gone, _)| *gone).unwrap_or((0, 0));
        let guard = engine.catalog.datasets[part.dataset].shrink_guard;
        let too_many = guard.is_some_and(|g| gone * 1000 > all * u64::from(g.permille));
        // A file is read again; a table is read anew, and what was accepted holds for as many.
        let accepted =
            accepted.is_some_and(|s| s.unit == part.unit.name || (engine.is_table(part.dataset) && gone <= s.missing));
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
            for lookup in &lookups {
                self.delete_missing_rows(*lookup, part)?;
            }
            self.is_current(part)?;
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
        for (lookup, shown) in &part.shown {
            let name = format!("lookup {}", self.engine.catalog.lookups[*lookup].name);
            mine.insert(name, shown.to_text().into());
        }
        mine.insert("unreadable".into(), part.unreadable.clone().into());
        mine.insert("unit".into(), part.number.into());
        let document = serde_json::Value::Object(mine).to_string();
        self.tx.with(|tx| tx.put_meta(&name(&of.part), &document))?;
        for other in of.parts.iter().filter(|p| **p != of.part) {
            let Some(text) = self.tx.with(|tx| tx.meta(&name(other)))? else { return Ok(false) };
            let theirs: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            for mapping in mappings {
                let marks = theirs.get(&self.engine.catalog.mappings[*mapping].name).and_then(|t| t.as_str());
                part.marks.entry(*mapping).or_default().add_text(marks.unwrap_or(""));
            }
            for lookup in &self.engine.lookups_of[part.dataset] {
                let name = format!("lookup {}", self.engine.catalog.lookups[*lookup].name);
                let shown = theirs.get(&name).and_then(|t| t.as_str());
                part.shown.entry(*lookup).or_default().add_text(shown.unwrap_or(""));
            }
            part.siblings.extend(theirs.get("unit").and_then(|n| n.as_u64()).and_then(|n| u32::try_from(n).ok()));
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
        let (mut gone, mut after) = (0, Some(0));
        while let Some(from) = after {
            let page = self.gone(mapping, part, from)?;
            gone += page.records.len() as u64;
            after = page.next;
        }
        Ok((gone, all))
    }

    /// Records that the snapshot does not show, from a number on.
    fn gone(&mut self, mapping: MappingNo, part: &OpenUnit, after: u64) -> Result<Gone> {
        let m = &self.engine.catalog.mappings[mapping];
        let entity = self.engine.catalog.entities[m.entity].stored;
        let marks = part.marks.get(&mapping);
        let marked = |n: u64| marks.is_some_and(|m| m.has(n));
        let page: Vec<(u64, Id, u64)> = if m.direct {
            let page = self.tx.with(|tx| tx.unmarked(entity, &marked, after, PAGE))?;
            page.into_iter().map(|(n, id)| (n, id, n)).collect()
        } else {
            self.tx.with(|tx| tx.unmarked_records(m.stored, &marked, after, PAGE))?
        };
        let next = page.last().filter(|_| page.len() == PAGE).map(|last| last.0);
        let mut records = Vec::with_capacity(page.len());
        for (_, record, n) in page {
            let (_, i) = self.load(m.entity, n)?;
            let said = i.observations.iter().find(|o| self.made_by(o, mapping, record));
            if !said.is_some_and(|o| !o.withdrawn && self.is_of(o.unit, part)) {
                records.push((record, n));
            }
        }
        self.tx.check()?;
        Ok(Gone { records, next })
    }

    /// Whether that unit is one of the snapshot's, or newer than it, or a live read that came after the snapshot began:
    /// what is new behind the place where a pass reads is seen by live reads only.
    fn is_of(&self, unit: u32, part: &OpenUnit) -> bool {
        let own = unit == part.number || part.siblings.contains(&unit);
        own || self.tx.compare_units(unit, part.number).is_gt()
            || live_since(&self.tx.order(unit)).is_some_and(|start| start >= part.unit.order.as_str())
    }

    fn delete_missing(&mut self, mapping: MappingNo, part: &OpenUnit) -> Result<()> {
        let m = &self.engine.catalog.mappings[mapping];
        let mut after = Some(0);
        while let Some(from) = after {
            let page = self.gone(mapping, part, from)?;
            after = page.next;
            for (record, n) in page.records {
                let (id, mut i) = self.load(m.entity, n)?;
                let before = Before::of(&i);
                for o in &mut i.observations {
                    if self.made_by(o, mapping, record) {
                        o.withdraw((part.number, Place::default()));
                    }
                }
                self.write(m.entity, id, Some(n), before, &mut i)?;
                if !m.direct {
                    self.tx.with(|tx| tx.remove_record(m.stored, record))?;
                }
                self.tally(part.number, part.dataset, m.stored).deleted += 1;
            }
            self.settle()?;
        }
        Ok(())
    }
}

/// A page of records that a snapshot no longer shows, with the numbers of their instances.
struct Gone {
    records: Vec<(Id, u64)>,
    /// Where it goes on.
    next: Option<u64>,
}
