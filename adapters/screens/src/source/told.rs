//! What is told while a session is used: the audit's entries, and the trace.
//!
//! Invariant: every key is in the audit, whatever became of the run, and a commit before it is sent: a kill loses the keys
//! of the last second at most, and never a commit's. A screen that drifted holds the map back.

use super::desk::Desk;
use super::keys::Keys;
use crate::drift::Breaker;
use crate::engine::{Both, Door, Event, Log, Means};
use crate::trace::Trace;
use banyan_adapter::{Call, Fault, Purpose, Sent};
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Keys are written down at the latest after that time.
const LATEST: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Told<'d> {
    desk: &'d Desk,
    /// The dataset, or what else it is for.
    about: &'d str,
    purpose: Purpose,
    /// The flow, or what else is done.
    flow: String,
    pub(super) keys: Keys,
    trace: Trace,
    begun: Instant,
    used: bool,
    /// It looks what became of a commit: a screen that drifted does not hold it back.
    pub(super) verifies: bool,
    /// Some of it is written down.
    written: bool,
}

impl<'d> Told<'d> {
    /// Of what is done for that; `whole`: the trace keeps all of it, however long.
    pub(super) fn new(
        desk: &'d Desk,
        (about, purpose): (&'d str, Purpose),
        flow: &str,
        given: &[(String, String)],
        whole: bool,
    ) -> Told<'d> {
        let keys = Keys::new(given, &desk.spec.login.user.plain);
        let (flow, trace, begun) = (flow.to_owned(), Trace::new(whole), Instant::now());
        Told { desk, about, purpose, flow, keys, trace, begun, used: false, verifies: false, written: false }
    }

    /// Lends the engine what it needs.
    pub(super) fn means<T>(&mut self, call: &Call, ask: impl FnOnce(&mut Means<'_>) -> T) -> T {
        self.used = true;
        let desk = self.desk;
        let (about, purpose, flow) = (self.about, self.purpose, &self.flow);
        let write = |entry: &str| desk.cx.audit.sent(&line(desk, (about, purpose), flow, entry));
        let mut audited =
            Audited { keys: &mut self.keys, last: Instant::now(), write: &write, written: &mut self.written };
        let mut both = Both(&mut audited, &mut self.trace);
        let log: &mut dyn Log = &mut both;
        let clock: &dyn Fn() -> Timestamp = &*desk.cx.clock;
        let door = &OneByOne { desk, verifies: self.verifies };
        ask(&mut Means { map: desk.map(), login: &desk.spec.login, door, clock, call, log })
    }

    /// Writes down what was sent and what came of it; opens the breaker if a screen drifted; keeps the trace.
    pub(super) fn close(mut self, rows: u64, fault: Option<&Fault>) -> Option<PathBuf> {
        let desk = self.desk;
        let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut entries = self.keys.take();
        if entries.is_empty() && self.written {
            entries.push("(ended)".to_owned());
        }
        let last = entries.len().saturating_sub(1);
        for (no, keys) in entries.iter().enumerate() {
            let mut sent = line(desk, (self.about, self.purpose), &self.flow, keys);
            if no == last {
                (sent.millis, sent.rows, sent.fault) = (millis, rows, fault.map(|f| f.code.clone()));
            }
            desk.cx.audit.sent(&sent);
        }
        if let Some(stopped) = self.trace.stopped()
            && let Some(breaker) = Breaker::of(desk.map(), stopped, (desk.cx.clock)())
        {
            tracing::error!(source = %desk.cx.source, code = %breaker.code, "the map {} is not used until a person has looked: {}", breaker.map, breaker.message);
            desk.hold.open(breaker, desk.map());
        }
        // Going home and keeping alive are no runs of their own, unless they fail.
        let worth = self.used && (fault.is_some() || !self.flow.starts_with('('));
        worth.then(|| desk.traces.write(&self.trace, fault.is_some())).flatten()
    }
}

/// One session of the source at a time logs in, none after a refusal, and a refusal is remembered wherever it comes up.
struct OneByOne<'d> {
    desk: &'d Desk,
    verifies: bool,
}

impl Door for OneByOne<'_> {
    fn pass(&self, call: &Call, log_in: &mut dyn FnMut() -> Result<(), Fault>) -> Result<(), Fault> {
        self.desk.login_alone(self.verifies, call, log_in)
    }

    fn refused(&self, fault: &Fault) {
        self.desk.hold.refuse((self.desk.cx.clock)(), fault);
    }
}

fn line(desk: &Desk, (about, purpose): (&str, Purpose), flow: &str, keys: &str) -> Sent {
    Sent {
        source: desk.cx.source.clone(),
        dataset: about.to_owned(),
        purpose,
        what: format!("{flow}: {keys}"),
        millis: 0,
        rows: 0,
        fault: None,
    }
}

/// Keys on their way to the audit. It is told of each before it is sent.
struct Audited<'t> {
    keys: &'t mut Keys,
    last: Instant,
    write: &'t dyn Fn(&str),
    written: &'t mut bool,
}

impl Log for Audited<'_> {
    fn tell(&mut self, at: Timestamp, event: &Event<'_>) {
        self.keys.tell(at, event);
        let Event::Acts { commit, .. } = event else { return };
        if *commit || self.last.elapsed() >= LATEST {
            self.keys.take().iter().for_each(|entry| (self.write)(entry));
            *self.written = true;
            self.last = Instant::now();
        }
    }
}
