//! What a session's two sides share: who takes in what comes, and who waits for it.
//!
//! Invariant: quiet counts from the last byte received. Waiting blocks; it wakes when something came, and four times a
//! second to see whether its call was ended. Where a wire is, who waits listens to it meanwhile.

use super::screen::{Modes, Screen};
use super::wire::Wire;
use crate::picture::{At, Picture, Shown};
use banyan_adapter::Call;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How soon an ended call is noticed.
const GLANCE: Duration = Duration::from_millis(250);

/// A session's terminal, shared.
pub(super) struct Line {
    state: Mutex<State>,
    changed: Condvar,
    quiet: Duration,
    wire: OnceLock<Arc<Wire>>,
}

struct State {
    screen: Screen,
    revision: u64,
    last: Instant,
    ended: Option<String>,
    /// Someone waits for a revision after this one. Told once: from then on they wait for rest, by the clock.
    awaited: Option<u64>,
}

impl Line {
    pub(super) fn new(screen: Screen, quiet: Duration) -> Line {
        let state = State { screen, revision: 0, last: Instant::now(), ended: None, awaited: None };
        Line { state: Mutex::new(state), changed: Condvar::new(), quiet, wire: OnceLock::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who waits listens to that wire by themselves.
    pub(super) fn hears_by_itself(&self, wire: Arc<Wire>) {
        let _ = self.wire.set(wire);
    }

    /// Its state, with what has come so far.
    fn now(&self) -> MutexGuard<'_, State> {
        if let Some(wire) = self.wire.get() {
            wire.glance(self);
        }
        self.lock()
    }

    /// Takes in what came, and gives back what the terminal answers.
    pub(super) fn arrived(&self, bytes: &[u8]) -> Vec<u8> {
        let mut answers = Vec::new();
        let mut state = self.lock();
        state.screen.feed(bytes, &mut answers);
        state.revision += bytes.len() as u64;
        state.last = Instant::now();
        let told = state.awaited.is_some_and(|since| state.revision > since);
        if told {
            state.awaited = None;
        }
        drop(state);
        if told {
            self.changed.notify_all();
        }
        answers
    }

    /// The far side ended the session, or cannot be heard any more.
    pub(super) fn end(&self, why: &str) {
        let mut state = self.lock();
        if state.ended.is_none() {
            state.ended = Some(why.to_owned());
            state.revision += 1;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Why it ended, if it did.
    pub(super) fn ended(&self) -> Option<String> {
        self.lock().ended.clone()
    }

    pub(super) fn modes(&self) -> Modes {
        self.now().screen.modes()
    }

    pub(super) fn cursor(&self) -> At {
        self.now().screen.cursor()
    }

    /// What is shown now.
    pub(super) fn picture(&self) -> Picture {
        let state = self.now();
        self.taken(&state)
    }

    fn taken(&self, state: &State) -> Picture {
        let shown = match state.ended {
            Some(_) => Shown::Disconnected,
            None => Shown::Grid(state.screen.grid()),
        };
        Picture { revision: state.revision, at_rest: self.rests_in(state).is_some_and(|left| left.is_zero()), shown }
    }

    /// How long until it is at rest if nothing comes; `None` in the midst of a sequence.
    fn rests_in(&self, state: &State) -> Option<Duration> {
        match state.ended {
            Some(_) => Some(Duration::ZERO),
            None if state.screen.midway() => None,
            None => Some(self.quiet.saturating_sub(state.last.elapsed())),
        }
    }

    /// Waits for something newer than `since` and for rest, until then or until the call is over.
    pub(super) fn settle(&self, since: u64, until: Instant, call: &Call) -> Picture {
        let driving = self.wire.get().map(|wire| wire.drive());
        if let Some(driving) = &driving {
            driving.hear(self, Duration::ZERO);
        }
        let mut state = self.lock();
        loop {
            let rests = self.rests_in(&state);
            let newer = state.revision > since || state.ended.is_some();
            let now = Instant::now();
            let over = now >= until || call.is_over();
            if over || (newer && rests.is_some_and(|left| left.is_zero())) {
                return self.taken(&state);
            }
            let mut pause = until.saturating_duration_since(now).min(GLANCE);
            if let Some(deadline) = call.deadline {
                pause = pause.min(deadline.saturating_duration_since(now));
            }
            if newer {
                pause = pause.min(rests.unwrap_or(self.quiet));
            }
            if let Some(driving) = driving.as_ref().filter(|d| d.hears()) {
                drop(state);
                driving.hear(self, pause);
                state = self.lock();
                continue;
            }
            if !newer {
                state.awaited = Some(since);
            }
            state = self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
