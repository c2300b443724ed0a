//! What live reads found, on its way into the store: a live answer is an observation like any other.
//!
//! Invariant: nothing waits here for the store. What is lost here (the process is killed, the queue is full) was answered
//! all the same, and comes again with the next pass or the next live read.

use super::engine::Engine;
use super::session::Session;
use super::touch::Before;
use super::unit::OpenUnit;
use super::units::States;
use banyan_adapter::Scope;
use banyan_model::model::{DatasetNo, MappingNo};
use banyan_model::ownership::World;
use banyan_store::{Reader, Result, UnitChange};
use banyan_words::{Batch, Id, Place, UnitRef, UnitState};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Records that wait at most; what comes on top is answered and not kept.
const MOST_WAITING: usize = 10_000;
/// Readings remembered at most.
const MOST_REMEMBERED: usize = 100_000;

/// What one live read found.
#[derive(Clone, Debug)]
pub struct LiveRead {
    /// The dataset.
    pub dataset: DatasetNo,
    /// The records that were there.
    pub batch: Batch,
    /// Records that were asked for and were not there, by mapping.
    pub absent: Vec<(MappingNo, Id)>,
    /// The instances it was about.
    pub instances: Vec<Id>,
}

/// From requests to the worker that writes; and back, what it has written.
#[derive(Default)]
pub struct LiveQueue {
    waiting: Mutex<Vec<LiveRead>>,
    /// When an instance was last read from a dataset, milliseconds since 1970; only what the store holds.
    stored: Mutex<HashMap<(DatasetNo, Id), i64>>,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LiveQueue {
    /// Queues a read.
    pub fn put(&self, read: LiveRead) {
        let mut waiting = lock(&self.waiting);
        // One that found nothing has something to say as well.
        let records: usize = waiting.iter().map(|r| r.batch.len().max(1)).sum();
        if records < MOST_WAITING {
            waiting.push(read);
        }
    }

    /// When the store's copy of an instance was read live from that dataset.
    pub fn as_of(&self, dataset: DatasetNo, instance: Id) -> Option<i64> {
        lock(&self.stored).get(&(dataset, instance)).copied()
    }

    pub(super) fn take(&self) -> Vec<LiveRead> {
        std::mem::take(&mut *lock(&self.waiting))
    }

    /// Told after the commit.
    pub(super) fn is_stored(&self, reads: &[LiveRead]) {
        let mut stored = lock(&self.stored);
        let instances: usize = reads.iter().map(|r| r.instances.len()).sum();
        if stored.len() + instances > MOST_REMEMBERED {
            stored.clear();
        }
        for r in reads {
            let as_of = r.batch.unit.as_of.as_millisecond();
            for instance in &r.instances {
                let kept = stored.entry((r.dataset, *instance)).or_insert(as_of);
                *kept = as_of.max(*kept);
            }
        }
    }
}

/// What names of units begin with that hold live reads: no pass is among them.
const PREFIX: &str = "live ";

/// An order between a pass and the next one. `~` sorts above everything that an order is made of.
fn order_after(newest: Option<&str>, start: &str) -> String {
    let pass = newest.and_then(|o| o.split('~').next()).unwrap_or("0");
    format!("{pass}~{start}")
}

/// When a live read began, by the order of its unit; `None` for other units.
pub(super) fn live_since(order: &str) -> Option<&str> {
    order.split_once('~').map(|(_, start)| start)
}

impl Session<'_> {
    /// Takes live reads: those of one dataset make one unit, or two where a pass over it began between them; `open` knows the
    /// orders of passes that are open.
    ///
    /// Its order is just above the newest pass that has ended, below any that is open or comes: such a pass may read a
    /// record after the live read did, though it began before it, and what it reads must count. `passes` knows the orders
    /// of the passes that have ended.
    pub(super) fn live(
        &mut self,
        reads: &[LiveRead],
        open: &HashMap<DatasetNo, String>,
        passes: &mut dyn Reader,
        states: &States,
    ) -> Result<()> {
        let mut by_dataset: BTreeMap<(DatasetNo, bool), Vec<&LiveRead>> = BTreeMap::new();
        for r in reads {
            let since = open.get(&r.dataset).is_some_and(|begun| r.batch.unit.order >= *begun);
            by_dataset.entry((r.dataset, since)).or_default().push(r);
        }
        for ((dataset, _), reads) in by_dataset {
            let Some(oldest) = reads.iter().map(|r| &r.batch.unit).min_by(|a, b| a.order.cmp(&b.order)) else {
                continue;
            };
            let newest = passes.newest_order(self.engine.catalog.datasets[dataset].stored)?;
            let order = order_after(newest.as_deref(), &oldest.order);
            let name = format!("{PREFIX}{}", oldest.order);
            let unit = Arc::new(UnitRef { name, order, ..UnitRef::clone(oldest) });
            let mut open = self.begin(&[dataset], &unit, "", Scope::Changes, states)?;
            let mut records = 0;
            for part in &mut open.parts {
                // Where the age of a stored copy decides, that it was read again is news.
                part.live = self.engine.catalog.datasets[dataset].stale_if_error.is_none();
                for r in &reads {
                    records += r.batch.len() as u64;
                    self.batch(part, &r.batch)?;
                    for (mapping, record) in &r.absent {
                        self.absent(*mapping, *record, part)?;
                    }
                }
                let (code, message) = (None, None);
                let change = UnitChange { state: UnitState::Done, records, code, message, at: self.now };
                self.tx.with(|tx| tx.put_unit(part.number, &change))?;
            }
        }
        self.settle()
    }

    /// A record that was asked for by its key and is not there: what it said is withdrawn, unless that is newer.
    pub(super) fn absent(&mut self, mapping: MappingNo, record: Id, open: &OpenUnit) -> Result<()> {
        let Some(n) = self.known_one(mapping, record)?.n else { return Ok(()) };
        let engine: &Engine = self.engine;
        let m = &engine.catalog.mappings[mapping];
        let (id, mut i) = self.load(m.entity, n)?;
        let before = Before::of(&i);
        let Some(own) = i.observations.iter_mut().find(|o| self.made_by(o, mapping, record)) else { return Ok(()) };
        if own.withdrawn || self.tx.compare_units(own.unit, open.number).is_gt() {
            return self.tx.check();
        }
        own.withdraw((open.number, Place::default()));
        self.write(m.entity, id, Some(n), before, &mut i)?;
        if !m.direct {
            self.tx.with(|tx| tx.remove_record(m.stored, record))?;
        }
        self.tally(open.number, open.dataset, m.stored).deleted += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{live_since, order_after};

    #[test]
    fn a_live_read_counts_more_than_the_pass_before_it_and_less_than_any_after_it() {
        let (pass, next) = ("2026-07-01T10:00:00.000Z", "2026-07-01T10:05:00.000Z");
        let first = order_after(Some(pass), "2026-07-01T10:04:00.000Z");
        let second = order_after(Some(&first), "2026-07-01T10:06:00.000Z");
        assert!(pass < first.as_str() && first < second && second.as_str() < next);
        assert!(order_after(None, pass).as_str() < pass);
        assert_eq!((live_since(&second), live_since(pass)), (Some("2026-07-01T10:06:00.000Z"), None));
    }
}
