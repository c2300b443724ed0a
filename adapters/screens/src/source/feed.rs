//! The feed of a dataset: passes, each one run of its flow.
//!
//! Invariant: a pass is handed over when its run came to its end, all of it or nothing; so a pass that failed deletes
//! nothing. Not here: what is deleted (the gateway knows from the scope).

use super::desk::{Desk, Job};
use super::keeper::look_after;
use super::rows::Rows;
use super::{DatasetSpec, PassSpec, place};
use crate::map::End;
use crate::refusals;
use banyan_adapter::{Ask, BlockingFeed, Call, Delivery, Fault, Purpose, Scope, UnitDone};
use banyan_words::{Shape, UnitRef, codec};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where a feed goes on: when the last pass began, and of what it was.
#[derive(Serialize, Deserialize)]
struct Position {
    v: u32,
    of: u64,
    at: Timestamp,
}

/// See the module.
pub(super) struct Feed {
    desk: Arc<Desk>,
    spec: Arc<DatasetSpec>,
    pass: PassSpec,
    due: Option<Instant>,
    newest: Option<Timestamp>,
    /// A person waits for the next pass.
    hurried: bool,
    outbox: VecDeque<Delivery>,
}

impl Feed {
    pub(super) fn new(desk: Arc<Desk>, spec: Arc<DatasetSpec>, pass: PassSpec) -> Feed {
        Feed { desk, spec, pass, due: None, newest: None, hurried: false, outbox: VecDeque::new() }
    }

    /// What positions are of: another flow, or another map, is read at once.
    fn of(&self) -> u64 {
        let map = self.desk.map();
        let flow = map.flows.get(self.pass.flow).map_or("", |f| f.name.as_str());
        codec::hash(format!("{flow} {:?}", self.pass.given).as_bytes(), map.hash)
    }

    /// When the next pass is due.
    fn due(&mut self) -> Instant {
        if let Some(due) = self.due {
            return due;
        }
        let memory = &self.desk.cx.memory;
        self.newest = memory.newest(&self.spec.name).and_then(|o| o.parse().ok());
        let position = memory.position(&self.spec.name).and_then(|t| serde_json::from_str::<Position>(&t).ok());
        let mut due = Instant::now();
        if let Some(last) = position.filter(|p| p.v == 1 && p.of == self.of() && !self.hurried) {
            let since = (self.desk.cx.clock)().duration_since(last.at);
            // A clock that was set back is no reason to wait for it.
            if since >= SignedDuration::ZERO {
                due += self.pass.every.saturating_sub(Duration::try_from(since).unwrap_or_default());
            }
        }
        *self.due.insert(due)
    }

    /// A start for a pass, later than all before it.
    fn start(&mut self) -> Timestamp {
        let now = (self.desk.cx.clock)();
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let after = self.newest.and_then(|t| t.checked_add(Duration::from_millis(1)).ok());
        let start = after.map_or(now, |after| now.max(after));
        self.newest = Some(start);
        start
    }

    /// Runs the flow and gets the unit ready.
    fn read(&mut self, call: &Call) -> Result<(), Fault> {
        let (started, begun) = (self.start(), Instant::now());
        let map = self.desk.map();
        let order = order(started);
        let name = format!("pass {order}");
        let unit = Arc::new(UnitRef { name, version: place::version(map), order, as_of: started });
        let columns = map.flows.get(self.pass.flow).map(|f| f.columns(map)).unwrap_or_default();
        let shape = Arc::new(Shape::of_text(&self.spec.name, columns));
        let mut rows = Rows::new(unit.clone(), shape, Vec::new());
        let job = Job {
            flow: self.pass.flow,
            given: &self.pass.given,
            purpose: Purpose::Sync,
            about: &self.spec.name,
            long: true,
        };
        let answered = self.desk.run(&job, &mut rows, call);
        let end = answered.end.clone();
        drop(answered);
        look_after(&self.desk);
        match end? {
            End::Done => {}
            // There is nothing to be listed, the system says: a pass without records.
            End::Absent => rows = Rows::new(unit.clone(), rows.shape(), Vec::new()),
            other => return Err(refused(other)),
        }
        self.due = begun.checked_add(self.pass.every);
        self.hurried = false;
        let records = rows.len();
        self.outbox.push_back(Delivery::Begin { unit, token: String::new(), scope: Scope::Everything, columns: None });
        self.outbox.push_back(Delivery::Together);
        self.outbox.extend(rows.finish().into_iter().map(Delivery::Records));
        let position = serde_json::to_string(&Position { v: 1, of: self.of(), at: started }).ok();
        self.outbox.push_back(Delivery::Done(UnitDone { records, part: None, position }));
        Ok(())
    }

    fn give_up(&mut self) {
        self.outbox.clear();
        self.due = None;
    }
}

/// The fault of a reading flow that did not come to its end.
pub(super) fn refused(end: End) -> Fault {
    match end {
        // The system's own words, under the code that the map gives them.
        End::Rejected { code, message } => Fault::transient(&code, format!("the system refuses: {message}")),
        End::NotDone { message } | End::Unknown { message } => Fault::transient(refusals::FAILED, message),
        End::Done | End::Absent => Fault::transient(refusals::FAILED, "the flow ended without an answer"),
    }
}

/// A time as text that orders as times do.
pub(super) fn order(time: Timestamp) -> String {
    format!("{time:.3}")
}

impl BlockingFeed for Feed {
    fn next(&mut self, ask: Ask, call: &Call) -> Result<Delivery, Fault> {
        let deadline = Instant::now() + ask.wait;
        loop {
            if let Some(delivery) = self.outbox.pop_front() {
                return Ok(delivery);
            }
            if call.stop.stopped() {
                return Ok(Delivery::Idle);
            }
            let (due, now) = (self.due(), Instant::now());
            let closed = self.desk.cx.budget.closed_until().is_some();
            if closed || now < due {
                if now >= deadline {
                    return Ok(Delivery::Idle);
                }
                let until = deadline.min(due.max(now + Duration::from_millis(5)));
                std::thread::sleep(until.saturating_duration_since(now).min(Duration::from_millis(20)));
                continue;
            }
            if let Err(fault) = self.read(call) {
                // Begun again when the window opens; a call that was told to stop failed because of that.
                if fault.code == "source-closed" {
                    continue;
                }
                return if call.stop.stopped() { Ok(Delivery::Idle) } else { Err(fault) };
            }
        }
    }

    fn acknowledge(&mut self, _: &UnitRef, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn rewind(&mut self) {
        // What failed before it was handed over stays due; what was handed over is looked up.
        self.give_up();
    }

    fn again(&mut self) {
        self.hurried = true;
        self.give_up();
    }
}
