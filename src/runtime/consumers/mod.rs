//! Who calls which route at which stage, and what still needs legacy.
//!
//! Purpose: [`Tally`] counts on the request path, [`Callers`] gathers that every second, keeps it beside the evidence and
//! tells it.
//! Invariant: a call that was answered is gathered within a second and survives a restart; a kill loses the last second at
//! most. Memory is bounded, whatever callers send.
//! Not here: who a caller is (`banyan_migration::consumer`), whether a route may be retired (`routes`).

mod brownout;
pub mod plan;
mod retiring;
mod table;
mod tally;

pub use brownout::Brownout;
pub use retiring::Retiring;
pub use table::{About, Counts, KEPT, MOST, OTHERS, Pair};
pub use tally::{ALL_FIELDS, Cell, Key, Need, Tally};

use crate::runtime::clock::Clock;
use crate::runtime::evidence::Evidence;
use banyan_store::Result;
use banyan_store::evidence::EvidenceStore;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use table::{DAY_MS, Table};

/// How often counts are gathered.
const EVERY: Duration = Duration::from_secs(1);

/// What is known of a consumer and a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The consumer's name, [`banyan_migration::consumer::ANONYMOUS`] or [`OTHERS`].
    pub consumer: String,
    /// The route's name; where no route leads elsewhere: the collection's path and the operation.
    pub route: String,
    /// What is known of the two.
    pub pair: Pair,
}

struct Inner {
    table: Table,
    cells: Vec<Arc<Cell>>,
    tidied: i64,
    failing: bool,
}

struct Room {
    inner: Mutex<Inner>,
    evidence: Evidence,
    clock: Clock,
    /// Dropped with the room: the thread that gathers ends.
    _alive: Sender<()>,
}

/// Who calls what. A cheap handle; the last one that is dropped writes down what is left.
#[derive(Clone)]
pub struct Callers(Arc<Room>);

impl Callers {
    /// Takes up what is kept beside that evidence.
    pub fn open(evidence: Evidence, clock: Clock) -> Result<Callers> {
        let (pairs, days) = evidence.read_beside(EvidenceStore::consumers)?;
        let (alive, ended) = channel();
        let inner = Inner { table: Table::of(pairs, days), cells: Vec::new(), tidied: 0, failing: false };
        let room = Arc::new(Room { inner: Mutex::new(inner), evidence, clock, _alive: alive });
        let weak = Arc::downgrade(&room);
        let gather = move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(EVERY) {
                let Some(room) = weak.upgrade() else { return };
                room.gather();
            }
        };
        let spawned = std::thread::Builder::new().name("consumers".to_owned()).spawn(gather);
        spawned.map_err(|e| banyan_store::StoreError::Database(format!("cannot start a thread: {e}")))?;
        Ok(Callers(room))
    }

    /// A cell of the calling thread's own.
    pub fn cell(&self, consumer: &str, route: &str, stage: &'static str) -> Arc<Cell> {
        let now_ms = self.0.clock.now_ms();
        let mut inner = self.0.inner();
        let admitted = inner.table.admits(&(consumer.to_owned(), route.to_owned()), now_ms);
        let cell = Arc::new(Cell::new(if admitted { consumer } else { OTHERS }, route, stage));
        inner.cells.push(cell.clone());
        cell
    }

    /// Gathers what was counted and keeps it.
    pub fn flush(&self) {
        self.0.gather();
    }

    /// All that is known.
    pub fn look(&self) -> Vec<Caller> {
        self.0.collect();
        callers(&self.0.inner().table)
    }

    /// The same, read from a store that no gateway need work with.
    pub fn read(store: &EvidenceStore) -> Result<Vec<Caller>> {
        let (pairs, days) = store.consumers()?;
        Ok(callers(&Table::of(pairs, days)))
    }

    fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }
}

fn callers(table: &Table) -> Vec<Caller> {
    let caller = |((consumer, route), pair): (&(String, String), &Pair)| Caller {
        consumer: consumer.clone(),
        route: route.clone(),
        pair: pair.clone(),
    };
    table.pairs.iter().map(caller).collect()
}

impl Pair {
    /// The first of the last so many days, today included: days since 1970.
    pub fn first_day(now_ms: i64, days: u32) -> i64 {
        now_ms.div_euclid(DAY_MS) - i64::from(days) + 1
    }

    /// Calls, and calls that needed legacy, in the last so many days, today included.
    pub fn since(&self, now_ms: i64, days: u32) -> (u64, u64) {
        let first = Pair::first_day(now_ms, days);
        let counts = self.days.iter().filter(|((day, _), _)| *day >= first).map(|(_, c)| c);
        counts.fold((0, 0), |(calls, needs), c| (calls + c.calls, needs + c.needs.iter().sum::<u64>()))
    }
}

impl Room {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what the threads counted.
    fn collect(&self) {
        let now_ms = self.clock.now_ms();
        let mut inner = self.inner();
        let cells = std::mem::take(&mut inner.cells);
        for cell in cells {
            // Asked first: a thread that lets go of it counts nothing afterwards.
            let held = Arc::strong_count(&cell) > 1;
            let drained = cell.drain();
            if drained.calls > 0 {
                cell.counter.increment(drained.calls);
                inner.table.add((cell.consumer.clone(), cell.route.clone()), cell.stage, drained, now_ms);
            }
            if held {
                inner.cells.push(cell);
            }
        }
    }

    fn gather(&self) {
        self.collect();
        let now_ms = self.clock.now_ms();
        let (rows, before) = {
            let mut inner = self.inner();
            let day = now_ms.div_euclid(DAY_MS);
            let before = (std::mem::replace(&mut inner.tidied, day) != day).then(|| inner.table.tidy(now_ms));
            (inner.table.changed(), before)
        };
        if rows.pairs.is_empty() && rows.gone.is_empty() && before.is_none() {
            return;
        }
        // Not under the lock: requests that meet a new pair must not wait for a disk.
        let done = self.evidence.keep_beside(|store| {
            rows.gone.iter().try_for_each(|(consumer, route)| store.forget_consumer(consumer, route))?;
            before.map_or(Ok(()), |day| store.forget_days(day))?;
            store.put_consumers(&rows.pairs, &rows.days)
        });
        let mut inner = self.inner();
        match done {
            Ok(()) => inner.failing = false,
            Err(e) => {
                inner.table.not_written(rows);
                inner.tidied = 0;
                if !std::mem::replace(&mut inner.failing, true) {
                    tracing::error!("who calls cannot be kept ({e}); it is tried again every second");
                }
            }
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.gather();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_gathered_kept_and_told_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.db");
        let open = || Callers::open(Evidence::open(&path, Clock::system()).unwrap(), Clock::system()).unwrap();
        let callers = open();
        let (mut one, mut two) = (Tally::default(), Tally::default());
        for tally in [&mut one, &mut two] {
            let cell = tally.cell((0, 0, 3), || callers.cell("shop", "/a", "modern"));
            cell.count(None);
            cell.count(Some(Need::Token));
            cell.asked("name");
        }
        one.cell((0, 0, 4), || callers.cell("shop", "/a", "retired")).asked_all();
        one.cell((0, 0, 4), || unreachable!()).count(None);
        drop((one, two));
        let told = callers.look();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].pair.since(Clock::system().now_ms(), 1), (5, 2));
        assert_eq!(told[0].pair.about.fields.keys().map(String::as_str).collect::<Vec<_>>(), ["*", "name"]);
        assert!(callers.0.inner().cells.is_empty(), "threads that ended leave nothing behind");
        drop(callers);
        assert_eq!(open().look(), told);
    }

    #[test]
    fn nothing_is_lost_between_threads_and_the_one_who_gathers() {
        let dir = tempfile::tempdir().unwrap();
        let evidence = Evidence::open(&dir.path().join("e.db"), Clock::system()).unwrap();
        let callers = Callers::open(evidence, Clock::system()).unwrap();
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    let mut tally = Tally::default();
                    for n in 0..10_000_u64 {
                        let key = (0, n % 3, 0);
                        tally.cell(key, || callers.cell("shop", &format!("/{}", n % 3), "legacy")).count(None);
                    }
                });
            }
            (0..50).for_each(|_| drop(callers.look()));
        });
        let calls = |c: &Caller| c.pair.days.values().map(|d| d.calls).sum::<u64>();
        assert_eq!(callers.look().iter().map(calls).sum::<u64>(), 40_000);
    }
}
