//! What the gateway lends an adapter.

use crate::{Budget, Purpose};
use banyan_words::UnitState;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Lent to an adapter when it connects.
#[derive(Clone)]
pub struct Context {
    /// The source's name.
    pub source: String,
    /// Tells the time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// What is already known of the source's units.
    pub memory: Arc<dyn Memory>,
    /// What the source may be asked to bear. Adapters that only read files have no use for it.
    pub budget: Arc<Budget>,
    /// Where everything that is sent to the source is written down.
    pub audit: Arc<dyn Audit>,
    /// For each dataset the columns that its key, mappings and lookups use; a dataset that is not named wants all.
    pub wanted: BTreeMap<String, BTreeSet<String>>,
    /// A folder of the source's own, beside the store, for what the adapter keeps over restarts; made by who first
    /// writes there. `None`: nothing is kept.
    pub folder: Option<PathBuf>,
}

/// Something that was sent to a source: a statement, or keys to a screen. Its owner will ask.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Sent {
    /// The source.
    pub source: String,
    /// The dataset, or what else it was for.
    pub dataset: String,
    /// Why.
    pub purpose: Purpose,
    /// What was sent, with places for the parameters; their values are not written down.
    pub what: String,
    /// How long the source took until the answer ended, in milliseconds.
    pub millis: u64,
    /// Rows that came back.
    pub rows: u64,
    /// A fault's code, where it did not end well.
    pub fault: Option<String>,
}

/// Where everything that is sent to sources is written down.
pub trait Audit: Send + Sync {
    /// Told when the answer ended, whether well or not.
    fn sent(&self, sent: &Sent);
}

/// Writes nothing down: for tools and tests whose statements nobody will ask about.
pub struct NoAudit;

impl Audit for NoAudit {
    fn sent(&self, _: &Sent) {}
}

/// What the store remembers of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitMemo {
    /// Name within the dataset.
    pub name: String,
    /// Hex digest of the content.
    pub version: String,
    /// The adapter's own quick test for "the same file as then" (size, modification time, inode).
    pub token: String,
    /// See [`banyan_words::UnitRef::order`].
    pub order: String,
    /// What became of it.
    pub state: UnitState,
}

/// What is known of units, read by adapters. Written only by the gateway, in the transaction that commits the unit.
pub trait Memory: Send + Sync {
    /// The newest version of the unit of that name.
    fn unit(&self, dataset: &str, name: &str) -> Option<UnitMemo>;
    /// A unit of that dataset with that content, whatever its name, that was read to its end.
    fn with_content(&self, dataset: &str, version: &str) -> Option<UnitMemo>;
    /// Units whose `after` is still to be carried out.
    fn unacknowledged(&self, dataset: &str) -> Vec<UnitMemo>;
    /// The highest order among units read to their end.
    fn newest(&self, dataset: &str) -> Option<String>;
    /// Where the last committed pass left off ([`crate::UnitDone::position`]).
    fn position(&self, dataset: &str) -> Option<String>;
}

/// Tells a blocking call to come back.
#[derive(Clone, Default, Debug)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks every holder to stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// True once asked.
    pub fn stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The terms of one call.
#[derive(Clone, Default, Debug)]
pub struct Call {
    /// Come back soon after this says so.
    pub stop: Stop,
    /// Come back by then.
    pub deadline: Option<Instant>,
}

impl Call {
    /// True once it is stopped or past its deadline.
    pub fn is_over(&self) -> bool {
        self.stop.stopped() || self.deadline.is_some_and(|at| at <= Instant::now())
    }
}
