//! The one thread that writes.
//!
//! Invariant: what a feed delivered is acknowledged only after its transaction is durable; after a failed transaction
//! every feed begins again with its first unit that is not done, so nothing is lost, and what was applied before counts
//! as unchanged, so nothing is doubled.

use super::engine::Engine;
use super::feeds::{FeedLine, Message, Order};
use super::live::LiveQueue;
use super::passes::{self, Folding};
use super::session::Session;
use super::start::{OnCommit, acknowledge_again, unit_of};
use super::state::Drift;
use super::unit::OpenFeed;
use super::units::{States, Taken};
use crate::runtime::clock::Clock;
use banyan_adapter::{Delivery, Stop};
use banyan_model::model::DatasetNo;
use banyan_store::{Store, StoreError, Unit, UnitChange};
use banyan_words::{UnitRef, UnitState};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// A transaction ends after so many records (ENGINE: big transactions are what buys speed) …
const COMMIT_ROWS: u64 = 500_000;
/// … or after so long …
const COMMIT_AFTER: Duration = Duration::from_secs(2);
/// … or when nothing more has come for so long.
const COMMIT_IDLE: Duration = Duration::from_millis(15);

/// How long the rest of a unit that is committed as a whole may take to come: it was read before it was begun.
const TOGETHER_PATIENCE: Duration = Duration::from_secs(30);

/// How often raw records past their retention are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(3600);

/// Quiet moments that the store gets after something was written: two seconds' worth, longer than any reader holds on.
const RESTS: u32 = 10;

/// What quiet moments are for.
struct Quiet {
    /// How many more the store gets: readers that still look at an older commit leave some of its work undone.
    rests: u32,
    tidied: Option<Instant>,
}

impl Default for Quiet {
    /// A store that was not closed in good order has much to put away; and the first look for old records waits its turn.
    fn default() -> Quiet {
        Quiet { rests: RESTS, tidied: Some(Instant::now()) }
    }
}

/// What a call on the worker's thread may use.
pub struct Desk<'w> {
    /// The engine.
    pub engine: &'w Engine,
    /// The store.
    pub store: &'w dyn Store,
    /// The states of the datasets.
    pub states: &'w mut States,
    /// Now, milliseconds since 1970.
    pub now: i64,
    /// Datasets whose feeds go on after the call.
    pub resume: Vec<DatasetNo>,
}

/// The thread's own: what it writes from, to and with.
pub(super) struct Worker {
    pub(super) engine: Arc<Engine>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) stop: Stop,
    pub(super) states: States,
    pub(super) lines: Vec<FeedLine>,
    pub(super) datasets: Vec<Vec<DatasetNo>>,
    pub(super) open: HashMap<usize, OpenFeed>,
    pub(super) finished: Vec<Finished>,
    pub(super) on_commit: OnCommit,
    pub(super) live: Arc<LiveQueue>,
    pub(super) folding: Folding,
}

/// A unit that is told to its feed once it is durable.
pub(super) struct Finished {
    feed: usize,
    unit: Arc<UnitRef>,
    token: String,
    /// When it was begun; `None` for one that had no records to read.
    begun: Option<Instant>,
}

impl Worker {
    /// Works until it is told to stop.
    pub(super) fn run(mut self, inbox: &Receiver<Message>) {
        let standing: Vec<bool> = self.states.0.iter().map(|s| s.drift.is_some()).collect();
        if let Err(e) = passes::close_left_open(&self.engine, &*self.store, &standing, self.clock.now_ms()) {
            tracing::warn!("passes that were open when the gateway stopped are still listed as open: {e}");
        }
        if let Err(e) = super::rederive::run(&self.engine, &*self.store, &self.clock, &self.stop) {
            tracing::error!("re-derivation failed, it goes on at the next start: {e}");
        }
        let mut pause = Duration::from_millis(100);
        let mut quiet = Quiet::default();
        loop {
            self.take_live();
            self.folding.go(&self.engine, &*self.store);
            match inbox.recv_timeout(Duration::from_millis(200)) {
                Ok(Message::Call(call)) => self.call(call),
                Ok(first) => match self.transaction(first, inbox) {
                    Ok(()) => {
                        pause = Duration::from_millis(100);
                        quiet.rests = RESTS;
                    }
                    Err(e) => {
                        tracing::error!("ingest: {e}; nothing of this transaction is kept, it begins again");
                        self.begin_again();
                        std::thread::sleep(pause);
                        pause = (pause * 2).min(Duration::from_secs(10));
                    }
                },
                Err(RecvTimeoutError::Timeout) if self.stop.stopped() => return,
                Err(RecvTimeoutError::Timeout) => self.quiet_moment(&mut quiet),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// What requests have read meanwhile. If it cannot be kept it was answered all the same, and comes again.
    fn take_live(&mut self) {
        let reads = self.live.take();
        if reads.is_empty() {
            return;
        }
        let (engine, store) = (self.engine.clone(), self.store.clone());
        let parts = self.open.values().flat_map(|open| &open.parts);
        let open = parts.map(|p| (p.dataset, p.unit.order.clone())).collect();
        let written = store.ingest().and_then(|tx| {
            let mut session = Session::new(&engine, tx, self.clock.now_ms());
            session.live(&reads, &open, &mut *store.reader()?, &self.states)?;
            session.commit()
        });
        match written {
            Ok(_) => {
                self.live.is_stored(&reads);
                self.folding.ended();
            }
            Err(e) => tracing::warn!("live reads were answered but could not be kept: {e}"),
        }
    }

    /// Nothing came for a while: the store may put its house in order.
    fn quiet_moment(&self, quiet: &mut Quiet) {
        if quiet.rests > 0 {
            quiet.rests -= 1;
            if let Err(e) = self.store.rest() {
                tracing::warn!("the store could not use a quiet moment: {e}");
            }
        }
        if quiet.tidied.is_none_or(|at| at.elapsed() >= TIDY_EVERY) {
            quiet.tidied = Some(Instant::now());
            match self.store.tidy(self.clock.now_ms(), &self.engine.catalog) {
                Ok(0) => {}
                Ok(freed) => tracing::info!(freed, "raw records past their retention were dropped"),
                Err(e) => tracing::warn!("raw records past their retention could not be dropped: {e}"),
            }
        }
    }

    /// One transaction: from its first message until it is full, old, or nothing more comes.
    fn transaction(&mut self, first: Message, inbox: &Receiver<Message>) -> Result<(), StoreError> {
        let (engine, store) = (self.engine.clone(), self.store.clone());
        let begun = Instant::now();
        let mut session = Session::new(&engine, store.ingest()?, self.clock.now_ms());
        let mut rows = 0;
        let mut next = Some(first);
        let mut calls = Vec::new();
        while let Some(message) = next.take() {
            match message {
                Message::Delivery { feed, epoch, delivery } if epoch == self.lines[feed].epoch => {
                    rows += self.deliver(&mut session, feed, delivery)?;
                }
                Message::Broken { feed, epoch, code, message } if epoch == self.lines[feed].epoch => {
                    self.broken(&mut session, feed, (code, message))?;
                }
                Message::Delivery { .. } | Message::Broken { .. } => {}
                Message::Acknowledged { feed, unit } => self.acknowledged(&mut session, feed, &unit)?,
                Message::Call(call) => calls.push(call),
            }
            if self.open.values().any(|o| o.together) {
                // It was read to its end already: what is missing comes at once.
                match self.rest_of_unit(inbox)? {
                    Some(message) => next = Some(message),
                    None => return Ok(()),
                }
                continue;
            }
            if rows >= COMMIT_ROWS || begun.elapsed() >= COMMIT_AFTER || !calls.is_empty() {
                break;
            }
            next = inbox.recv_timeout(COMMIT_IDLE).ok();
        }
        let receipt = session.commit()?;
        self.store.durable(receipt)?;
        (self.on_commit)(&self.states);
        metrics::histogram!("banyan_ingest_commit_seconds").record(begun.elapsed().as_secs_f64());
        for Finished { feed, unit, token, begun } in std::mem::take(&mut self.finished) {
            if let Some(begun) = begun {
                let dataset = self.lines[feed].full();
                metrics::histogram!("banyan_ingest_unit_seconds", "dataset" => dataset)
                    .record(begun.elapsed().as_secs_f64());
            }
            let _ = self.lines[feed].orders.send(Order::Acknowledge(unit, token));
        }
        calls.into_iter().for_each(|c| self.call(c));
        Ok(())
    }

    /// The next message of a unit that is committed as a whole. `None`: everything stops, and nothing is kept of it.
    fn rest_of_unit(&self, inbox: &Receiver<Message>) -> Result<Option<Message>, StoreError> {
        let begun = Instant::now();
        while begun.elapsed() < TOGETHER_PATIENCE {
            match inbox.recv_timeout(Duration::from_millis(200)) {
                Ok(message) => return Ok(Some(message)),
                Err(_) if self.stop.stopped() => return Ok(None),
                Err(_) => {}
            }
        }
        Err(StoreError::Database("a feed did not deliver the rest of what is committed together".into()))
    }

    fn deliver(&mut self, session: &mut Session<'_>, feed: usize, delivery: Delivery) -> Result<u64, StoreError> {
        let datasets = self.datasets[feed].clone();
        match delivery {
            Delivery::Begin { unit, token, scope, columns } => {
                session.abandon(&datasets)?;
                let mut open = session.begin(&datasets, &unit, &token, scope, &self.states)?;
                let drift = match &columns {
                    Some(columns) => session.table_drift(&open, None, columns, &mut self.states)?,
                    None => None,
                };
                open.shape_checked = columns.is_some();
                match drift {
                    Some(drift) => self.drifted(feed, &drift),
                    None => drop(self.open.insert(feed, open)),
                }
            }
            Delivery::Records(batch) => {
                let Some(open) = self.open.get_mut(&feed) else { return Ok(0) };
                let (rows, several) = (batch.len() as u64, open.several);
                if let Taken::Drifted(drift) = session.take(open, &batch, &mut self.states)? {
                    self.drifted(feed, &drift);
                }
                let line = &self.lines[feed];
                let of = batch.shapes().first().filter(|_| several).map(|s| format!("{}.{}", line.source, s.dataset));
                let of = of.unwrap_or_else(|| line.full());
                metrics::counter!("banyan_ingest_records_total", "dataset" => of).increment(rows);
                return Ok(rows);
            }
            Delivery::Columns { dataset, columns } => {
                let Some(open) = self.open.get_mut(&feed) else { return Ok(0) };
                open.shape_checked = true;
                if let Some(drift) = session.table_drift(open, Some(&dataset), &columns, &mut self.states)? {
                    self.drifted(feed, &drift);
                }
            }
            Delivery::Together => {
                if let Some(open) = self.open.get_mut(&feed) {
                    open.together = true;
                }
            }
            Delivery::Deleted(batch) => {
                let Some(open) = self.open.get_mut(&feed) else { return Ok(0) };
                session.deleted(open, &batch)?;
                return Ok(batch.len() as u64);
            }
            Delivery::Done(done) => {
                let Some(open) = self.open.remove(&feed) else { return Ok(0) };
                let (unit, token, begun) = (open.parts[0].unit.clone(), open.token.clone(), Some(open.begun));
                let waited = self.waiting(&datasets)?.filter(|w| w.key.name != unit.name);
                if session.done(open, &done, &mut self.states)? {
                    self.finished.push(Finished { feed, unit, token, begun });
                }
                self.folding.ended();
                if let Some(waited) = waited.filter(|w| !self.waits_for(&datasets, &w.key.name)) {
                    session.waits_no_more(&waited)?;
                    let token = waited.key.token.clone();
                    self.finished.push(Finished { feed, unit: Arc::new(unit_of(waited)), token, begun: None });
                }
            }
            Delivery::Refused(refused) => {
                let open = self.open.remove(&feed);
                tracing::warn!(unit = %refused.unit.name, code = %refused.code, "refused: {}", refused.message);
                session.refused(open.as_ref(), &datasets, &refused)?;
                let line = &self.lines[feed];
                metrics::counter!("banyan_ingest_refused_units_total", "dataset" => line.full()).increment(1);
            }
            Delivery::Identical { unit, token, first } => {
                session.identical(&datasets, &unit, &token, &first)?;
                self.finished.push(Finished { feed, unit, token, begun: None });
            }
            Delivery::Current { as_of } => session.current(&datasets, as_of, &mut self.states)?,
            Delivery::Idle => {}
        }
        Ok(0)
    }

    /// Whether deletions of a unit of that name wait.
    fn waits_for(&self, datasets: &[DatasetNo], name: &str) -> bool {
        datasets.iter().any(|d| self.states.0[*d].suspended.as_ref().is_some_and(|s| s.unit == name))
    }

    /// The file whose deletions wait, if there is one.
    fn waiting(&self, datasets: &[DatasetNo]) -> Result<Option<Unit>, StoreError> {
        let first = datasets.first().filter(|d| !self.engine.is_table(**d));
        let Some(dataset) = first else { return Ok(None) };
        let Some(name) = datasets.iter().find_map(|d| Some(self.states.0[*d].suspended.as_ref()?.unit.clone())) else {
            return Ok(None);
        };
        let unit = self.store.reader()?.unit_named(self.engine.catalog.datasets[*dataset].stored, &name)?;
        Ok(unit.filter(|u| u.state == UnitState::Done))
    }

    /// Nothing of the unit is taken, and the feed waits for a person.
    fn drifted(&mut self, feed: usize, drift: &Drift) {
        tracing::warn!(unit = %drift.unit, "the columns changed: {}", drift.differences.join("; "));
        self.open.remove(&feed);
        self.rewind(feed, true);
    }

    /// What a feed had begun failed. A file is begun again under its own number, a pass is given up.
    fn broken(&mut self, session: &mut Session<'_>, feed: usize, why: (String, String)) -> Result<(), StoreError> {
        let is_table = self.datasets[feed].iter().all(|no| self.engine.is_table(*no));
        match self.open.remove(&feed).filter(|_| is_table) {
            Some(open) => session.broken(&open, why),
            None => Ok(()),
        }
    }

    fn acknowledged(&mut self, session: &mut Session<'_>, feed: usize, unit: &UnitRef) -> Result<(), StoreError> {
        for no in &self.datasets[feed] {
            session.acknowledged(*no, unit)?;
        }
        Ok(())
    }

    fn rewind(&mut self, feed: usize, pause: bool) {
        let line = &mut self.lines[feed];
        line.epoch += 1;
        let _ = line.orders.send(Order::Rewind { epoch: line.epoch, pause });
    }

    /// After a failed transaction: what is in memory is what the store says, and every feed starts over.
    fn begin_again(&mut self) {
        self.open.clear();
        self.finished.clear();
        if let Ok(mut reader) = self.store.reader()
            && let Ok(states) = States::read(&self.engine, &mut *reader)
        {
            self.states = states;
        }
        for feed in 0..self.lines.len() {
            let drifted = self.datasets[feed].iter().any(|d| self.states.0[*d].drift.is_some());
            self.rewind(feed, drifted);
            // What was to be said, or was said, of units that are done may have been lost with the transaction.
            let said = acknowledge_again(&*self.store, &self.engine, self.datasets[feed][0], &self.lines[feed].orders);
            if let Err(e) = said {
                tracing::warn!("what is done with files that were read waits for the next start: {e}");
            }
        }
    }

    fn call(&mut self, call: Box<dyn FnOnce(&mut Desk<'_>) + Send>) {
        let (engine, store) = (self.engine.clone(), self.store.clone());
        let now = self.clock.now_ms();
        let mut desk = Desk { engine: &engine, store: &*store, states: &mut self.states, now, resume: Vec::new() };
        call(&mut desk);
        let resume = desk.resume;
        for (feed, datasets) in self.datasets.iter().enumerate() {
            if datasets.iter().any(|d| resume.contains(d)) {
                let _ = self.lines[feed].orders.send(Order::Resume);
                self.open.remove(&feed);
            }
        }
        (self.on_commit)(&self.states);
    }
}

impl Session<'_> {
    /// A unit's `after` was carried out.
    fn acknowledged(&mut self, dataset: DatasetNo, unit: &UnitRef) -> Result<(), StoreError> {
        let stored = self.engine.catalog.datasets[dataset].stored;
        let at = self.now;
        self.tx.with(|tx| {
            let Some(u) = tx.unit_named(stored, &unit.name, &unit.version)? else { return Ok(()) };
            if u.state != UnitState::Unacknowledged {
                return Ok(());
            }
            let change =
                UnitChange { state: UnitState::Done, records: u.records, code: u.code, message: u.message, at };
            tx.put_unit(u.number, &change)
        })
    }
}
