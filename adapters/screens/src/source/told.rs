//! What is told while a session is used: the audit's entry, and the trace.
//!
//! Invariant: every key is in the audit, whatever became of the run; a screen that drifted holds the map back.

use super::desk::Desk;
use super::keys::Keys;
use crate::drift::Breaker;
use crate::engine::{Both, Log, Means};
use crate::trace::Trace;
use banyan_adapter::{Call, Fault, Purpose, Sent};
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Instant;

/// See the module.
pub(super) struct Told {
    pub(super) keys: Keys,
    trace: Trace,
    begun: Instant,
    used: bool,
}

impl Told {
    pub(super) fn new(desk: &Desk, given: &[(String, String)], whole: bool) -> Told {
        let user = &desk.spec.login.user.plain;
        Told { keys: Keys::new(given, user), trace: Trace::new(whole), begun: Instant::now(), used: false }
    }

    /// Lends the engine what it needs.
    pub(super) fn means<T>(&mut self, desk: &Desk, call: &Call, ask: impl FnOnce(&mut Means<'_>) -> T) -> T {
        self.used = true;
        let mut both = Both(&mut self.keys, &mut self.trace);
        let log: &mut dyn Log = &mut both;
        let clock: &dyn Fn() -> Timestamp = &*desk.cx.clock;
        ask(&mut Means { map: desk.map(), login: &desk.spec.login, clock, call, log })
    }

    /// Writes down what was sent; opens the breaker if a screen drifted; keeps the trace.
    pub(super) fn close(
        self,
        desk: &Desk,
        (about, purpose): (&str, Purpose),
        flow: &str,
        rows: u64,
        fault: Option<&Fault>,
    ) -> Option<PathBuf> {
        let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let entries = self.keys.entries();
        let last = entries.len().saturating_sub(1);
        for (no, keys) in entries.iter().enumerate() {
            desk.cx.audit.sent(&Sent {
                source: desk.cx.source.clone(),
                dataset: about.to_owned(),
                purpose,
                what: format!("{flow}: {keys}"),
                millis: if no == last { millis } else { 0 },
                rows: if no == last { rows } else { 0 },
                fault: fault.filter(|_| no == last).map(|f| f.code.clone()),
            });
        }
        if let Some(stopped) = self.trace.stopped()
            && let Some(breaker) = Breaker::of(desk.map(), stopped, (desk.cx.clock)())
        {
            tracing::error!(source = %desk.cx.source, code = %breaker.code, "the map {} is not used until a person has looked: {}", breaker.map, breaker.message);
            desk.hold.open(breaker, desk.map());
        }
        // Going home and keeping alive are no runs of their own, unless they fail.
        let worth = self.used && (fault.is_some() || !flow.starts_with('('));
        worth.then(|| desk.traces.write(&self.trace, fault.is_some())).flatten()
    }
}
