//! What the gateway lends an adapter.

use banyan_words::UnitState;
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Lent to an adapter when it connects.
#[derive(Clone)]
pub struct Context {
    /// The source's name.
    pub source: String,
    /// Tells the time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// What is already known of the source's units.
    pub memory: Arc<dyn Memory>,
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
}
