//! The sessions of a source: which rest, and which logical units are free.
//!
//! Invariant: who has a permit of the source's budget finds a session or may open one, for the budget gives no more permits
//! than there may be sessions; each logical unit is in one session at most.
//! Not here: what is done in a session ([`super::desk`]).

use crate::transport::Session;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A session that rests, or is worked in.
pub(super) struct Seat {
    pub session: Box<dyn Session>,
    lu: Option<String>,
    /// Since when it rests.
    pub rested: Instant,
    /// When it was last kept alive, or worked in.
    pub touched: Instant,
}

/// A place for a session that is not open yet; its logical unit is free again when this is dropped.
pub(super) struct Vacant<'p> {
    pool: &'p Pool,
    lu: Option<String>,
    taken: bool,
}

impl Vacant<'_> {
    /// The logical unit to ask for.
    pub(super) fn lu(&self) -> Option<&str> {
        self.lu.as_deref()
    }

    /// It was opened.
    pub(super) fn taken(mut self, session: Box<dyn Session>) -> Seat {
        self.taken = true;
        let now = Instant::now();
        Seat { session, lu: self.lu.take(), rested: now, touched: now }
    }
}

impl Drop for Vacant<'_> {
    fn drop(&mut self) {
        if !self.taken {
            let mut state = self.pool.state();
            state.open -= 1;
            state.free.extend(self.lu.take());
        }
    }
}

/// See the module.
pub(super) struct Pool {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The one used last is at the end.
    idle: Vec<Seat>,
    free: Vec<String>,
    open: usize,
}

impl Pool {
    /// With those logical units.
    pub(super) fn new(lus: &[String]) -> Pool {
        let free = lus.iter().rev().cloned().collect();
        Pool { state: Mutex::new(State { free, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session that rests. The caller has leave.
    pub(super) fn rested(&self) -> Option<Seat> {
        self.state().idle.pop()
    }

    /// Room for a session. The caller has leave.
    pub(super) fn vacant(&self) -> Vacant<'_> {
        let mut state = self.state();
        state.open += 1;
        Vacant { pool: self, lu: state.free.pop(), taken: false }
    }

    /// A session that is at rest again.
    pub(super) fn put(&self, mut seat: Seat, worked: bool) {
        seat.touched = Instant::now();
        if worked {
            seat.rested = seat.touched;
        }
        self.state().idle.push(seat);
    }

    /// Ends a session.
    pub(super) fn close(&self, seat: Seat) {
        seat.session.close();
        let mut state = self.state();
        state.open -= 1;
        // Asked for last: the host may not have noticed yet that it is free.
        if let Some(lu) = seat.lu {
            state.free.insert(0, lu);
        }
    }

    /// One that rested for too long.
    pub(super) fn stale(&self, longest: Duration) -> Option<Seat> {
        let mut state = self.state();
        let at = state.idle.iter().position(|s| s.rested.elapsed() >= longest)?;
        Some(state.idle.remove(at))
    }

    /// One that nothing was pressed in for so long.
    pub(super) fn quiet(&self, every: Duration) -> Option<Seat> {
        let mut state = self.state();
        let at = state.idle.iter().position(|s| s.touched.elapsed() >= every)?;
        Some(state.idle.remove(at))
    }

    /// Whether one is due to be kept alive.
    pub(super) fn is_quiet(&self, every: Duration) -> bool {
        self.state().idle.iter().any(|s| s.touched.elapsed() >= every)
    }

    /// Open sessions, and how many of them rest.
    pub(super) fn count(&self) -> (usize, usize) {
        let state = self.state();
        (state.open, state.idle.len())
    }
}
