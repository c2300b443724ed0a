//! What feeds of one dataset and of several have in common: when a pass is due, and how deliveries are handed over.
//!
//! Invariant: what is in the outbox goes before the fault that came after it; after a fault the pass begins anew.

use super::position::Position;
use crate::lane::{Desk, Lane};
use banyan_adapter::{Ask, BlockingFeed, Call, Context, Delivery, Fault};
use banyan_words::UnitRef;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The budget's window is closed: nothing is wrong, nothing is sent.
pub(super) const CLOSED: &str = "source-closed";
/// Longest and shortest nap while there is nothing to do.
const NAPS: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(5)];

/// What every feed that works in turns has.
pub(crate) struct Bench {
    /// The way to the server.
    pub(super) lane: Lane,
    /// What is handed over, in order.
    pub(super) outbox: VecDeque<Delivery>,
    /// What comes after the outbox.
    pub(super) fault: Option<Fault>,
    /// Whether the feed knows where to go on, and when.
    pub(super) loaded: bool,
}

impl Bench {
    pub(super) fn new(desk: Arc<Desk>) -> Bench {
        Bench { lane: Lane::new(desk), outbox: VecDeque::new(), fault: None, loaded: false }
    }
}

/// What a feed does in its turns.
pub(crate) trait Turns: Send {
    /// What it works at.
    fn bench(&mut self) -> &mut Bench;
    /// Until when there is nothing to do, at least; `None`: there is.
    fn rests(&mut self) -> Option<Instant>;
    /// One request more, or a new pass.
    fn work(&mut self, ask: Ask, call: &Call) -> Result<(), Fault>;
    /// Forgets the pass that is open.
    fn forget(&mut self);
    /// The next pass is due now: a person waits for it.
    fn hurry(&mut self);

    /// Gives up what is open.
    fn drop_pass(&mut self) {
        self.forget();
        let bench = self.bench();
        bench.lane.give_up();
        bench.outbox.clear();
        bench.fault = None;
        bench.loaded = false;
    }
}

/// A feed that works in turns.
pub(crate) struct InTurns<F>(pub(crate) F);

impl<F: Turns> BlockingFeed for InTurns<F> {
    fn next(&mut self, ask: Ask, call: &Call) -> Result<Delivery, Fault> {
        next(&mut self.0, ask, call)
    }

    fn acknowledge(&mut self, _: &UnitRef, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn rewind(&mut self) {
        self.0.drop_pass();
    }

    fn again(&mut self) {
        self.0.drop_pass();
        self.0.hurry();
    }
}

/// The next delivery of a feed.
fn next(feed: &mut impl Turns, ask: Ask, call: &Call) -> Result<Delivery, Fault> {
    let deadline = Instant::now() + ask.wait;
    loop {
        if let Some(delivery) = feed.bench().outbox.pop_front() {
            return Ok(delivery);
        }
        if let Some(fault) = feed.bench().fault.take() {
            feed.drop_pass();
            return Err(fault);
        }
        if call.stop.stopped() {
            return Ok(Delivery::Idle);
        }
        if let Some(until) = feed.rests() {
            let now = Instant::now();
            if now >= deadline {
                return Ok(Delivery::Idle);
            }
            let [longest, shortest] = NAPS;
            let until = deadline.min(until.max(now + shortest));
            std::thread::sleep(until.saturating_duration_since(now).min(longest));
            continue;
        }
        if let Err(fault) = feed.work(ask, call) {
            feed.drop_pass();
            if fault.code == CLOSED {
                // What was begun begins again when the window opens; the server is left alone until then.
                feed.bench().lane.hang_up();
                continue;
            }
            // A call that was told to stop failed because of that.
            return if call.stop.stopped() { Ok(Delivery::Idle) } else { Err(fault) };
        }
    }
}

/// When the newest pass over a dataset began.
pub(super) fn newest(cx: &Context, dataset: &str) -> Option<Timestamp> {
    cx.memory.newest(dataset).and_then(|o| o.get(..24)?.parse::<Timestamp>().ok())
}

/// When the next pass is due, after the one that ended with that position.
pub(super) fn due(cx: &Context, told: Option<&str>, every: Duration) -> Instant {
    let mut due = Instant::now();
    // Where it goes on is only known with the plan; when, the text alone tells.
    let at = told.and_then(|t| serde_json::from_str::<Position>(t).ok());
    if let Some(at) = at.filter(|p| !p.more) {
        let since = (cx.clock)().duration_since(at.at);
        // A clock that was set back is no reason to wait for it.
        if since >= SignedDuration::ZERO {
            due += every.saturating_sub(Duration::try_from(since).unwrap_or_default());
        }
    }
    due
}

/// A start for a pass, now, and later than the one before it.
pub(super) fn start_after(cx: &Context, newest: Option<Timestamp>) -> Timestamp {
    let now = (cx.clock)();
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    let after = newest.and_then(|t| t.checked_add(Duration::from_millis(1)).ok());
    after.map_or(now, |after| now.max(after))
}
