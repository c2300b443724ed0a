//! A feed's thread: it reads, hands over, and does what the worker asks between two readings.
//!
//! Invariant: one delivery is outstanding at most (the channel is bounded), so the worker's pace is the backpressure.
//! A delivery carries the epoch it was read in; after a rewind older ones no longer count.

use banyan_adapter::{Ask, BlockingFeed, Call, Class, Delivery, Fault, Memory, Stop, UnitMemo, UnitState};
use banyan_store::{Reader, Store, Unit};
use banyan_words::UnitRef;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a feed is doing, for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum FeedState {
    /// Opening the source.
    Starting,
    /// Waiting for something new.
    Idle,
    /// Reading a unit.
    Reading {
        /// Its name.
        unit: String,
    },
    /// Waiting for a person: `banyan accept`.
    Paused,
    /// The source cannot be used now; tried again.
    Failing {
        /// Code.
        code: String,
        /// What is wrong.
        message: String,
    },
    /// Stopped.
    Stopped,
}

/// From the worker to a feed.
pub(super) enum Order {
    /// The unit is durable: carry out its `after`.
    Acknowledge(Arc<UnitRef>, String),
    /// Begin again with the first unit that is not done.
    Rewind { epoch: u64, pause: bool },
    /// Go on after a pause.
    Resume,
}

/// From feeds, and from people, to the worker.
pub(super) enum Message {
    Delivery {
        feed: usize,
        epoch: u64,
        delivery: Delivery,
    },
    Acknowledged {
        feed: usize,
        unit: Arc<UnitRef>,
    },
    /// What was begun failed, for that reason: it comes again from its start.
    Broken {
        feed: usize,
        epoch: u64,
        code: String,
        message: String,
    },
    Call(Box<dyn FnOnce(&mut super::worker::Desk<'_>) + Send>),
}

/// A feed as the worker knows it.
pub(super) struct FeedLine {
    pub source: String,
    pub dataset: String,
    pub orders: std::sync::mpsc::Sender<Order>,
    pub epoch: u64,
}

impl FeedLine {
    /// Its full name, as in `crm.contacts`.
    pub(super) fn full(&self) -> String {
        format!("{}.{}", self.source, self.dataset)
    }
}

/// How much a feed is asked for at once.
const ASK: Ask = Ask { rows: 4_096, bytes: 4 << 20, wait: Duration::from_millis(500) };

/// How long until what could not be done with a file that was read is tried again.
const ACKNOWLEDGE_AGAIN: Duration = Duration::from_secs(5);

/// Runs a feed until it is stopped.
pub(super) fn run(
    feed_no: usize,
    mut feed: Box<dyn BlockingFeed>,
    orders: Receiver<Order>,
    out: SyncSender<Message>,
    state: Arc<Mutex<FeedState>>,
    mut paused: bool,
    stop: Stop,
) {
    let call = Call { stop: stop.clone(), deadline: None };
    let mut epoch = 0;
    // A unit was begun and not ended.
    let mut open = false;
    let mut pause = Duration::from_millis(200);
    // Units that are durable, and whose `after` is still to be carried out; and when.
    let mut late: Vec<(Arc<UnitRef>, String)> = Vec::new();
    let mut again_at = Instant::now();
    let show = |s: FeedState| {
        if let Ok(mut shown) = state.lock() {
            *shown = s;
        }
    };
    let acknowledged = |feed: &mut dyn BlockingFeed, unit: &Arc<UnitRef>, token: &str| {
        let done = feed.acknowledge(unit, token);
        match &done {
            Ok(()) => drop(out.send(Message::Acknowledged { feed: feed_no, unit: unit.clone() })),
            Err(fault) => show(failing(fault)),
        }
        done.is_ok()
    };
    while !stop.stopped() {
        if !late.is_empty() && Instant::now() >= again_at {
            // One that fails stands for all: they ask the same folder.
            let done = late.iter().take_while(|(unit, token)| acknowledged(&mut *feed, unit, token)).count();
            late.drain(..done);
            again_at = Instant::now() + ACKNOWLEDGE_AGAIN;
        }
        let order = if paused { orders.recv_timeout(ASK.wait).ok() } else { orders.try_recv().ok() };
        match order {
            Some(Order::Acknowledge(unit, token)) => {
                if !acknowledged(&mut *feed, &unit, &token) {
                    late.retain(|(other, _)| other.name != unit.name || other.version != unit.version);
                    late.push((unit, token));
                    again_at = Instant::now() + ACKNOWLEDGE_AGAIN;
                }
                continue;
            }
            Some(Order::Rewind { epoch: new, pause }) => {
                feed.rewind();
                (epoch, paused) = (new, pause);
                continue;
            }
            Some(Order::Resume) => {
                paused = false;
                feed.again();
                continue;
            }
            None if paused => {
                show(FeedState::Paused);
                continue;
            }
            None => {}
        }
        match feed.next(ASK, &call) {
            // What could not be carried out stays told until it can.
            Ok(Delivery::Idle) if late.is_empty() => show(FeedState::Idle),
            Ok(Delivery::Idle) => {}
            Ok(delivery) => {
                // What was only begun may fail at once again.
                if !matches!(delivery, Delivery::Begin { .. } | Delivery::Columns { .. }) {
                    pause = Duration::from_millis(200);
                }
                match &delivery {
                    Delivery::Begin { unit, .. } => {
                        open = true;
                        show(FeedState::Reading { unit: unit.name.clone() });
                    }
                    Delivery::Done(_) | Delivery::Refused(_) => open = false,
                    _ => {}
                }
                if out.send(Message::Delivery { feed: feed_no, epoch, delivery }).is_err() {
                    break;
                }
            }
            Err(fault) => {
                tracing::warn!(code = %fault.code, class = ?fault.class, "source cannot be read: {}", fault.message);
                show(failing(&fault));
                feed.rewind();
                if std::mem::take(&mut open) {
                    let Fault { code, message, .. } = fault.clone();
                    drop(out.send(Message::Broken { feed: feed_no, epoch, code, message }));
                }
                wait(&stop, pause);
                pause = (pause * 2).min(Duration::from_secs(if fault.class == Class::Transient { 30 } else { 300 }));
            }
        }
    }
    show(FeedState::Stopped);
}

fn failing(fault: &Fault) -> FeedState {
    FeedState::Failing { code: fault.code.clone(), message: fault.message.clone() }
}

fn wait(stop: &Stop, how_long: Duration) {
    let until = Instant::now() + how_long;
    while !stop.stopped() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The store's units as an adapter may ask for them.
pub struct StoreMemory {
    reader: Mutex<Box<dyn Reader>>,
    datasets: BTreeMap<String, u32>,
}

impl StoreMemory {
    /// For the datasets of one source: name within the source, and the store's number.
    pub fn new(store: &dyn Store, datasets: BTreeMap<String, u32>) -> banyan_store::Result<StoreMemory> {
        Ok(StoreMemory { reader: Mutex::new(store.reader()?), datasets })
    }

    fn ask<T>(&self, dataset: &str, ask: impl FnOnce(&mut dyn Reader, u32) -> banyan_store::Result<T>) -> Option<T> {
        let number = *self.datasets.get(dataset)?;
        let mut reader = self.reader.lock().ok()?;
        let answer = ask(&mut **reader, number);
        // Feeds ask now and then: held on to, the commit looked at would keep the store from reusing its log.
        reader.rest();
        match answer {
            Ok(found) => Some(found),
            Err(e) => {
                // Answering "unknown" makes the unit be read again, which changes nothing that was applied.
                tracing::error!("the store cannot say what is known of {dataset}: {e}");
                None
            }
        }
    }
}

fn memo(u: Unit) -> UnitMemo {
    UnitMemo { name: u.key.name, version: u.key.version, token: u.key.token, order: u.key.order, state: u.state }
}

impl Memory for StoreMemory {
    fn unit(&self, dataset: &str, name: &str) -> Option<UnitMemo> {
        self.ask(dataset, |r, d| r.unit_named(d, name)).flatten().map(memo)
    }

    fn with_content(&self, dataset: &str, version: &str) -> Option<UnitMemo> {
        self.ask(dataset, |r, d| r.unit_with_content(d, version)).flatten().map(memo)
    }

    fn unacknowledged(&self, dataset: &str) -> Vec<UnitMemo> {
        let units = self.ask(dataset, |r, d| r.unacknowledged(d)).unwrap_or_default();
        units.into_iter().filter(|u| u.state == UnitState::Unacknowledged).map(memo).collect()
    }

    fn newest(&self, dataset: &str) -> Option<String> {
        self.ask(dataset, |r, d| r.newest_order(d)).flatten()
    }

    fn position(&self, dataset: &str) -> Option<String> {
        let document = self.ask(dataset, |r, d| r.dataset(d)).flatten()?;
        serde_json::from_str::<super::state::DatasetState>(&document).ok()?.position
    }
}
