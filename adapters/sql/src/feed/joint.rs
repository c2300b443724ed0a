//! The feed of several datasets that are read and committed as one.
//!
//! A pass reads each of them as a whole, in the order of the configuration, in one state of the database where the server
//! promises that. It is handed over only once all of it was read: so the gateway commits it in one go without waiting for
//! the source in between, and a pass that fails midway was never begun.
//! Invariant: what is named later is read later; where the server promises no common state, whoever refers to others is
//! still never older than they are. Not here: what changed, and what is gone (the gateway compares).

use super::pass::{Pass, Read};
use super::plan::{Described, Plan};
use super::position::Position;
use super::turns::{Bench, Turns, due, newest, start_after};
use crate::config::spec::{DatasetSpec, Mode, SyncSpec};
use crate::lane::Desk;
use banyan_adapter::{Ask, Call, Delivery, Fault, Purpose, Scope, UnitDone};
use banyan_words::codec;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a pass holds back at most until it was read to its end, in bytes …
const MOST_BYTES: usize = 256 << 20;
/// … and in records. What is larger is handed over as it comes, and committed in parts.
const MOST_ROWS: u64 = 2_000_000;

/// See the module.
pub(crate) struct Joint {
    desk: Arc<Desk>,
    members: Vec<Arc<DatasetSpec>>,
    sync: SyncSpec,
    bench: Bench,
    due: Instant,
    newest: Option<Timestamp>,
    logged: bool,
    run: Option<Run>,
}

/// A pass under way.
struct Run {
    plans: Vec<Arc<Plan>>,
    started: Timestamp,
    /// The member that is being read.
    at: usize,
    pass: Pass,
    rows: u64,
    bytes: usize,
    held: VecDeque<Delivery>,
    /// It is too large to be held back.
    flows: bool,
}

impl Joint {
    /// The feed of those datasets, in that order.
    pub(crate) fn new(desk: Arc<Desk>, members: Vec<Arc<DatasetSpec>>, sync: SyncSpec) -> Joint {
        let bench = Bench::new(desk.clone());
        Joint { desk, members, sync, bench, due: Instant::now(), newest: None, logged: false, run: None }
    }

    fn every(&self) -> Duration {
        self.sync.every.unwrap_or(Mode::Full.every())
    }

    fn load(&mut self) {
        let Some(first) = self.members.first() else { return };
        let cx = &self.desk.cx;
        self.newest = newest(cx, &first.name);
        self.due = due(cx, cx.memory.position(&first.name).as_deref(), self.every());
        self.bench.loaded = true;
    }

    /// A member is read page by page where it can be.
    fn plan(&self, member: &DatasetSpec, table: Described) -> Result<Plan, Fault> {
        let paged = !member.key.is_empty() && table.pages_well();
        let mode = self.sync.mode.unwrap_or(if paged { Mode::Keyset } else { Mode::Full });
        let sync = SyncSpec { mode: Some(mode), ..self.sync.clone() };
        Plan::make(member, &sync, table, &self.desk.cx)
    }

    fn begin(&mut self, call: &Call) -> Result<(), Fault> {
        let started = start_after(&self.desk.cx, self.newest);
        self.newest = Some(started);
        self.due = Instant::now() + self.every();
        let promised = self.bench.lane.one_state(true, Purpose::Sync, call)?;
        let mut plans = Vec::new();
        for member in &self.members {
            let table = Described::ask(&mut self.bench.lane, member, Purpose::Sync, call)?;
            let plan = self.plan(member, table)?;
            self.desk.told().modes.insert(member.name.clone(), plan.mode);
            plans.push(Arc::new(plan));
        }
        let Some(pass) = plans.first().map(|p| whole(p, started)) else { return Ok(()) };
        if !self.logged {
            self.logged = true;
            let (source, names) = (&self.desk.cx.source, self.sync.together.join(", "));
            let how = if promised { "one state of the database" } else { "one after the other" };
            tracing::info!(source, "{names} are committed together; they are read as {how}");
        }
        let mut held = VecDeque::new();
        held.push_back(Delivery::Begin {
            unit: pass.unit.clone(),
            token: String::new(),
            scope: Scope::Everything,
            columns: None,
        });
        for (member, plan) in self.members.iter().zip(&plans) {
            held.push_back(Delivery::Columns { dataset: member.name.clone(), columns: plan.table.columns() });
        }
        let gone = self.members.iter().zip(&plans).find_map(|(m, p)| p.gone(&m.name));
        if let Some(fault) = gone {
            // The gateway compares the columns first; if it does not stop for them, this does.
            self.bench.outbox = held;
            self.bench.fault = Some(fault);
            return Ok(());
        }
        self.run = Some(Run { plans, started, at: 0, pass, rows: 0, bytes: 0, held, flows: false });
        Ok(())
    }

    /// One request more.
    fn advance(&mut self, mut run: Run, ask: Ask, call: &Call) -> Result<(), Fault> {
        let Some(member) = self.members.get(run.at).cloned() else { return Ok(()) };
        let before = run.pass.rows;
        let (batch, more) = run.pass.step(&mut self.bench.lane, &member, ask, call)?;
        run.rows += run.pass.rows - before;
        if !batch.is_empty() {
            run.pass.shown = true;
            run.bytes += batch.weight();
            run.held.push_back(Delivery::Records(batch));
        }
        if !more {
            if !run.pass.shown {
                run.held.push_back(Delivery::Records(run.pass.empty()));
            }
            run.at += 1;
            let Some(plan) = run.plans.get(run.at) else { return self.end(run, call) };
            run.pass = whole(plan, run.started);
        }
        if !run.flows && (run.bytes > MOST_BYTES || run.rows > MOST_ROWS) {
            run.flows = true;
            let (source, names) = (&self.desk.cx.source, self.sync.together.join(", "));
            tracing::warn!(
                source,
                "{names} are too large to be committed together (more than {MOST_ROWS} records or 256 MiB): this pass is \
                 committed in parts, and readers may see some of it before the rest"
            );
        }
        if run.flows {
            self.bench.outbox.append(&mut run.held);
        }
        self.run = Some(run);
        Ok(())
    }

    fn end(&mut self, mut run: Run, call: &Call) -> Result<(), Fault> {
        self.bench.lane.one_state(false, Purpose::Sync, call)?;
        if !run.flows {
            // After `Begin`, before all else.
            run.held.insert(1, Delivery::Together);
        }
        let of = run.plans.iter().fold(0, |of, plan| codec::hash(&plan.of.to_le_bytes(), of));
        let mut position = Position::new(of, run.started);
        position.keys_at = Some(run.started);
        let done = UnitDone { records: run.rows, part: None, position: Some(position.text()) };
        run.held.push_back(Delivery::Done(done));
        self.bench.outbox.append(&mut run.held);
        Ok(())
    }
}

fn whole(plan: &Arc<Plan>, started: Timestamp) -> Pass {
    let read = if plan.mode == Mode::Full || plan.table.whole { Read::Whole } else { Read::Pages };
    Pass::new(plan.clone(), read, Scope::Everything, started)
}

impl Turns for Joint {
    fn bench(&mut self) -> &mut Bench {
        &mut self.bench
    }

    fn rests(&mut self) -> Option<Instant> {
        if self.run.is_some() {
            return None;
        }
        if !self.bench.loaded {
            self.load();
        }
        let closed = self.desk.cx.budget.closed_until().is_some();
        if closed && self.bench.lane.is_open() {
            self.bench.lane.hang_up();
        }
        (Instant::now() < self.due || closed).then_some(self.due)
    }

    fn work(&mut self, ask: Ask, call: &Call) -> Result<(), Fault> {
        match self.run.take() {
            Some(run) => self.advance(run, ask, call),
            None => self.begin(call),
        }
    }

    fn forget(&mut self) {
        self.run = None;
    }

    fn hurry(&mut self) {
        self.load();
        self.due = Instant::now();
    }
}
