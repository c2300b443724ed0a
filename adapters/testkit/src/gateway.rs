//! Takes in deliveries as the gateway does, and keeps what came.

use crate::Store;
use banyan_adapter::{Ask, BlockingFeed, Budget, Call, Context, Delivery, Fault, Limits, NoAudit, Task, UnitState};
use banyan_words::{Batch, Column, Fate, Place, UnitRef, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// A cell's value, owned.
pub type Cell = Value<'static>;

/// A record that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Where it stood.
    pub place: Place,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Code, message and raw bytes of a bad one.
    pub bad: Option<(String, String, Vec<u8>)>,
}

impl Record {
    /// Its cells as texts; absent ones as `∅`.
    pub fn texts(&self) -> Vec<String> {
        self.cells.iter().map(|c| c.to_text().map_or_else(|| "∅".to_owned(), |t| t.into_owned())).collect()
    }
}

/// A unit that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Its name and version.
    pub unit: UnitRef,
    /// The adapter's token.
    pub token: String,
    /// The columns of its batches.
    pub columns: Vec<Column>,
    /// Its records.
    pub records: Vec<Record>,
    /// Keys of records that it says are deleted.
    pub deleted: Vec<Vec<String>>,
    /// How it ended.
    pub end: End,
}

/// How a unit ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Read to its end, with the records it counted, and the part of a snapshot it is.
    Done(u64, Option<banyan_adapter::SnapshotPart>),
    /// Refused, with code and message.
    Refused(String, String),
    /// Known already under that name.
    Identical(String),
    /// Not ended: the feed went idle or failed in the middle.
    Open,
}

impl Unit {
    /// Its good records as texts.
    pub fn texts(&self) -> Vec<Vec<String>> {
        self.records.iter().filter(|r| r.bad.is_none()).map(Record::texts).collect()
    }

    /// The codes of its bad records.
    pub fn bad_codes(&self) -> Vec<&str> {
        self.records.iter().filter_map(|r| r.bad.as_ref()).map(|(code, ..)| code.as_str()).collect()
    }

    /// The code it was refused with.
    pub fn refusal(&self) -> Option<&str> {
        match &self.end {
            End::Refused(code, _) => Some(code),
            _ => None,
        }
    }

    /// True if it was read to its end.
    pub fn is_done(&self) -> bool {
        matches!(self.end, End::Done(..))
    }
}

/// The smallest gateway: reads a feed, remembers units, acknowledges.
pub struct Gateway {
    /// What it remembers.
    pub store: Arc<Store>,
    /// The dataset.
    pub dataset: String,
    /// How much it asks for at once.
    pub ask: Ask,
    /// Its stop token.
    pub call: Call,
    /// What went wrong in the order of calls.
    pub protocol: Vec<String>,
}

impl Gateway {
    /// A gateway that remembers in `store`.
    pub fn new(store: Arc<Store>, dataset: &str) -> Gateway {
        let ask = Ask { rows: 1000, bytes: 1 << 20, wait: Duration::ZERO };
        Gateway { store, dataset: dataset.to_owned(), ask, call: Call::default(), protocol: Vec::new() }
    }

    /// A context for the adapter: the clock stands at `now`.
    pub fn context(&self, source: &str, now: Timestamp) -> Context {
        let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(move || now);
        let budget = Arc::new(Budget::new(Limits::default(), clock.clone()));
        let memory = self.store.clone();
        Context {
            source: source.to_owned(),
            clock,
            memory,
            budget,
            audit: Arc::new(NoAudit),
            wanted: BTreeMap::new(),
            folder: None,
        }
    }

    /// Takes deliveries until the feed is idle; each unit is remembered as soon as it ends, and acknowledged.
    /// On a fault, the units so far are lost to the caller but not to the store.
    pub fn drain(&mut self, feed: &mut dyn BlockingFeed) -> Result<Vec<Unit>, Fault> {
        let mut units = Vec::new();
        while let Some(unit) = self.next_unit(feed)? {
            units.push(unit);
        }
        Ok(units)
    }

    /// Takes deliveries until a unit has ended; `None` when the feed is idle.
    pub fn next_unit(&mut self, feed: &mut dyn BlockingFeed) -> Result<Option<Unit>, Fault> {
        let mut open: Option<Unit> = None;
        loop {
            match feed.next(self.ask, &self.call)? {
                Delivery::Idle | Delivery::Current { .. } => {
                    if open.is_some() {
                        self.protocol.push("Idle in the middle of a unit".into());
                    }
                    return Ok(open);
                }
                Delivery::Begin { unit, token, .. } => {
                    if open.is_some() {
                        self.protocol.push(format!("Begin of {} before the unit before it ended", unit.name));
                    }
                    self.store.note(&self.dataset, &unit, &token, UnitState::Open);
                    open = Some(begun(&unit, &token));
                }
                Delivery::Records(batch) => match &mut open {
                    Some(unit) => self.records(unit, &batch),
                    None => self.protocol.push("Records without Begin".into()),
                },
                Delivery::Deleted(batch) => match &mut open {
                    Some(unit) => self.deleted(unit, &batch),
                    None => self.protocol.push("Deleted without Begin".into()),
                },
                Delivery::Columns { .. } | Delivery::Together => {
                    if open.is_none() {
                        self.protocol.push("Columns or Together without Begin".into());
                    }
                }
                Delivery::Done(done) => {
                    let Some(mut unit) = open.take() else {
                        self.protocol.push("Done without Begin".into());
                        continue;
                    };
                    unit.end = End::Done(done.records, done.part);
                    if let Some(position) = &done.position {
                        self.store.note_position(&self.dataset, position);
                    }
                    self.store.note(&self.dataset, &unit.unit, &unit.token, UnitState::Unacknowledged);
                    feed.acknowledge(&unit.unit, &unit.token)?;
                    self.store.note(&self.dataset, &unit.unit, &unit.token, UnitState::Done);
                    return Ok(Some(unit));
                }
                Delivery::Refused(refused) => {
                    let mut unit = open.take().unwrap_or_else(|| begun(&refused.unit, &refused.token));
                    if unit.unit != refused.unit {
                        self.protocol.push(format!("{} refused while {} was open", refused.unit.name, unit.unit.name));
                    }
                    unit.end = End::Refused(refused.code, refused.message);
                    self.store.note(&self.dataset, &unit.unit, &unit.token, UnitState::Refused);
                    return Ok(Some(unit));
                }
                Delivery::Identical { unit, token, first } => {
                    if open.is_some() {
                        self.protocol.push("Identical in the middle of a unit".into());
                    }
                    self.store.note(&self.dataset, &unit, &token, UnitState::Done);
                    return Ok(Some(Unit { end: End::Identical(first), ..begun(&unit, &token) }));
                }
            }
        }
    }

    fn deleted(&mut self, unit: &mut Unit, batch: &Batch) {
        if *batch.unit != unit.unit {
            self.protocol.push(format!("deletions of {} while {} was open", batch.unit.name, unit.unit.name));
        }
        for row in batch.rows() {
            let cell = |i| row.value(i).to_text().map_or_else(|| "∅".to_owned(), |t| t.into_owned());
            unit.deleted.push((0..row.shape().columns.len()).map(cell).collect());
        }
    }

    fn records(&mut self, unit: &mut Unit, batch: &Batch) {
        if *batch.unit != unit.unit {
            self.protocol.push(format!("a batch of {} while {} was open", batch.unit.name, unit.unit.name));
        }
        if let Some(shape) = batch.shapes().first() {
            unit.columns = shape.columns.clone();
        }
        for row in batch.rows() {
            let columns = row.shape().columns.clone();
            let cells = (0..columns.len()).map(|i| row.value(i).into_owned()).collect();
            let bad = match row.fate() {
                Fate::Record => None,
                Fate::Bad(bad) => Some((bad.code.clone(), bad.message.clone(), bad.raw.clone())),
            };
            unit.records.push(Record { place: row.place(), columns, cells, bad });
        }
    }
}

fn begun(unit: &UnitRef, token: &str) -> Unit {
    let (columns, records, deleted) = (Vec::new(), Vec::new(), Vec::new());
    Unit { unit: unit.clone(), token: token.to_owned(), columns, records, deleted, end: End::Open }
}

/// Runs a task that needs no runtime.
pub fn block_on<T>(task: Task<'_, T>) -> T {
    let mut task = pin!(task);
    let mut context = std::task::Context::from_waker(Waker::noop());
    loop {
        match task.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}
