//! Calls as they are counted on the request path.
//!
//! Invariant: a call costs one look into a table of its thread and a few additions that no other thread makes: each
//! thread has cells of its own, which [`super::Callers`] empties every second.
//! Not here: what becomes of the counts (`table`).

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Names of fields that one cell takes between two emptyings.
const FIELDS: usize = 256;

/// All fields were asked for.
pub const ALL_FIELDS: &str = "*";

/// Why legacy had to answer although modern might have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Modern failed.
    FellBack,
    /// The caller is bound to legacy, by the configuration or by a header.
    Pinned,
    /// Legacy had made the token by which a list goes on.
    Token,
}

/// What one thread counts of a consumer at a route that stands at a stage.
#[derive(Debug)]
pub struct Cell {
    pub(super) consumer: String,
    pub(super) route: String,
    pub(super) stage: &'static str,
    pub(super) counter: metrics::Counter,
    calls: AtomicU64,
    needs: [AtomicU64; 3],
    whole: AtomicU64,
    fields: Mutex<BTreeSet<String>>,
}

/// What was taken out of a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Drained {
    pub(super) calls: u64,
    pub(super) needs: [u64; 3],
    pub(super) fields: BTreeSet<String>,
}

impl Cell {
    pub(super) fn new(consumer: &str, route: &str, stage: &'static str) -> Cell {
        let counter = metrics::counter!("banyan_consumer_requests_total", "consumer" => consumer.to_owned(),
            "route" => route.to_owned(), "stage" => stage);
        Cell {
            consumer: consumer.to_owned(),
            route: route.to_owned(),
            stage,
            counter,
            calls: AtomicU64::new(0),
            needs: Default::default(),
            whole: AtomicU64::new(0),
            fields: Mutex::default(),
        }
    }

    /// Counts a call.
    pub fn count(&self, need: Option<Need>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(need) = need {
            self.needs[need as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says that a call asked for all fields.
    pub fn asked_all(&self) {
        // Looking costs less than writing.
        if self.whole.load(Ordering::Relaxed) == 0 {
            self.whole.store(1, Ordering::Relaxed);
        }
    }

    /// Says that a call asked for a field. It must be one that there is: callers must not fill the memory.
    pub fn asked(&self, field: &str) {
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        if !fields.contains(field) && fields.len() < FIELDS {
            fields.insert(field.to_owned());
        }
    }

    pub(super) fn drain(&self) -> Drained {
        let take = |n: &AtomicU64| n.swap(0, Ordering::Relaxed);
        let mut fields = std::mem::take(&mut *self.fields.lock().unwrap_or_else(PoisonError::into_inner));
        if take(&self.whole) > 0 {
            fields.insert(ALL_FIELDS.to_owned());
        }
        Drained { calls: take(&self.calls), needs: [0, 1, 2].map(|n| take(&self.needs[n])), fields }
    }
}

/// By what a thread finds a cell again: the consumer's place, the route's or operation's number, the stage's.
pub type Key = (u32, u64, u8);

/// The cells of one thread, under one version of the configuration.
#[derive(Debug, Default)]
pub struct Tally(HashMap<Key, Arc<Cell>>);

impl Tally {
    /// The cell of that key; made once.
    pub fn cell(&mut self, key: Key, make: impl FnOnce() -> Arc<Cell>) -> &Arc<Cell> {
        self.0.entry(key).or_insert_with(make)
    }
}
