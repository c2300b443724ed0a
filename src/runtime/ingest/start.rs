//! Ingest begins and ends: a thread for each feed, and the one that writes.
//!
//! Invariant: what was committed before the last stop is acknowledged again before anything is read. Not here: what the
//! threads do (`feeds`, `worker`).

use super::engine::Engine;
use super::feeds::{self, FeedLine, FeedState, Message, Order};
use super::live::LiveQueue;
use super::passes::Folding;
use super::units::States;
use super::worker::{Desk, Worker};
use crate::runtime::clock::Clock;
use crate::runtime::sources::Sources;
use banyan_adapter::{Connected, Stop};
use banyan_model::model::DatasetNo;
use banyan_store::{Store, StoreError, Unit};
use banyan_words::UnitRef;
use std::collections::HashMap;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Told after each commit, with the states of all datasets.
pub type OnCommit = Arc<dyn Fn(&States) + Send + Sync>;

/// Ingest at work. Dropping it does not stop it; [`Ingest::stop`] does.
pub struct Ingest {
    stop: Stop,
    messages: SyncSender<Message>,
    threads: Vec<JoinHandle<()>>,
    /// What each feed is doing, by source and dataset.
    pub feeds: Vec<(String, String, Arc<Mutex<FeedState>>)>,
}

impl Ingest {
    /// Runs `act` on the worker's thread between two transactions, and returns what it returns.
    pub fn call<T: Send + 'static>(&self, act: impl FnOnce(&mut Desk<'_>) -> T + Send + 'static) -> Option<T> {
        let (tx, rx) = std::sync::mpsc::channel();
        let call = Box::new(move |desk: &mut Desk<'_>| drop(tx.send(act(desk))));
        self.messages.send(Message::Call(call)).ok()?;
        rx.recv().ok()
    }

    /// Stops all threads, after the transaction at work. What was not committed will come again.
    pub fn stop(self) {
        self.stop.stop();
        let Ingest { messages, threads, .. } = self;
        drop(messages);
        for t in threads {
            let _ = t.join();
        }
    }
}

/// Starts a thread for each feed, and the one that writes.
pub fn start(
    engine: Arc<Engine>,
    sources: &Sources,
    store: Arc<dyn Store>,
    clock: Clock,
    live: Arc<LiveQueue>,
    on_commit: OnCommit,
) -> Result<Ingest, StoreError> {
    let stop = Stop::default();
    let (messages, inbox) = sync_channel(2);
    let mut states = States::read(&engine, &mut *store.reader()?)?;
    super::rederive::check_reading(&engine, &mut states);
    on_commit(&states);
    let mut worker = Worker {
        engine: engine.clone(),
        store: store.clone(),
        clock: clock.clone(),
        stop: stop.clone(),
        states,
        lines: Vec::new(),
        datasets: Vec::new(),
        open: HashMap::new(),
        finished: Vec::new(),
        on_commit,
        live,
        folding: Folding::default(),
    };
    let mut threads = Vec::new();
    let mut shown = Vec::new();
    for (name, source) in &sources.0 {
        let of_source = engine.feeds.iter().filter(|((s, _), _)| s == name);
        for ((_, dataset), nos) in of_source {
            if !engine.sources[name].feeds(dataset) {
                continue;
            }
            let nos = nos.clone();
            let feed_no = worker.lines.len();
            let state = Arc::new(Mutex::new(FeedState::Starting));
            let (orders, order_box) = std::sync::mpsc::channel();
            let paused = nos.iter().any(|d| worker.states.0[*d].drift.is_some());
            match &source.connected {
                Ok(c) => {
                    if let Some(feed) = feed_of(&**c, dataset) {
                        let (out, state, stop) = (messages.clone(), state.clone(), stop.clone());
                        let thread = std::thread::Builder::new().name(format!("feed {name}.{dataset}"));
                        let spawned =
                            thread.spawn(move || feeds::run(feed_no, feed, order_box, out, state, paused, stop));
                        threads.push(spawned.map_err(|e| StoreError::Database(format!("no thread for a feed: {e}")))?);
                    }
                }
                Err(fault) => {
                    if let Ok(mut s) = state.lock() {
                        *s = FeedState::Failing { code: fault.code.clone(), message: fault.message.clone() };
                    }
                }
            }
            acknowledge_again(&*store, &engine, nos[0], &orders)?;
            let of_feed: std::collections::BTreeSet<&String> =
                nos.iter().map(|d| &engine.catalog.datasets[*d].feed).collect();
            shown.extend(of_feed.into_iter().map(|d| (name.clone(), d.clone(), state.clone())));
            worker.lines.push(FeedLine { source: name.clone(), dataset: dataset.clone(), orders, epoch: 0 });
            worker.datasets.push(nos);
        }
    }
    let spawned = std::thread::Builder::new().name("ingest".into()).spawn(move || worker.run(&inbox));
    threads.push(spawned.map_err(|e| StoreError::Database(format!("no thread for ingest: {e}")))?);
    Ok(Ingest { stop, messages, threads, feeds: shown })
}

/// Units that were committed before the last stop, or the last failed transaction, and whose `after` may not have been
/// carried out since.
pub(super) fn acknowledge_again(
    store: &dyn Store,
    engine: &Engine,
    dataset: DatasetNo,
    orders: &std::sync::mpsc::Sender<Order>,
) -> Result<(), StoreError> {
    for unit in store.reader()?.unacknowledged(engine.catalog.datasets[dataset].stored)? {
        let token = unit.key.token.clone();
        let _ = orders.send(Order::Acknowledge(Arc::new(unit_of(unit)), token));
    }
    Ok(())
}

/// A unit of the store as its feed knows it.
pub(super) fn unit_of(unit: Unit) -> UnitRef {
    let as_of = jiff::Timestamp::from_millisecond(unit.key.as_of).unwrap_or_default();
    UnitRef { name: unit.key.name, version: unit.key.version, order: unit.key.order, as_of }
}

fn feed_of(connected: &dyn Connected, dataset: &str) -> Option<Box<dyn banyan_adapter::BlockingFeed>> {
    connected.feed(dataset)
}
