//! The feed of a dataset: passes over its table, each a unit or several.
//!
//! Invariant: what is handed over as done carries the position from which nothing is lost; whatever goes wrong in between,
//! the pass begins again from the last position that was committed. A pass that finds nothing new makes no unit. Keys are
//! read apart from records, so that deletions are found without reading everything.
//! Not here: what is new to the gateway (it compares), what is deleted (it knows from the scope).

mod joint;
mod pass;
mod plan;
mod position;
mod turns;
mod window;

pub(crate) use joint::Joint;
pub(crate) use pass::order;
pub(crate) use plan::Described;
pub(crate) use turns::InTurns;

use crate::config::spec::{DatasetSpec, Mode, SyncSpec};
use crate::lane::Desk;
use crate::text::{ReadFrom, Text, quoted_table};
use banyan_adapter::{Ask, Call, Delivery, Fault, Purpose, Scope, UnitDone};
use banyan_words::{BatchBuilder, Shape, UnitRef, Value};
use jiff::Timestamp;
use pass::{Pass, Read};
use plan::Plan;
use position::Position;
use std::sync::Arc;
use std::time::{Duration, Instant};
use turns::{Bench, CLOSED, Turns, due, newest, start_after};

/// A pass over changes is cut into units of about so many rows, so that a restart does not begin it anew.
const UNIT_ROWS: u64 = 250_000;
/// What a pass holds back at most until it knows whether any of it is new, in bytes.
const HELD: usize = 8 << 20;

/// The feed.
pub(crate) struct Feed {
    desk: Arc<Desk>,
    spec: Arc<DatasetSpec>,
    sync: SyncSpec,
    bench: Bench,
    /// The position text the gateway has, once asked for; read when the plan is known.
    told: Option<String>,
    position: Option<Position>,
    due: Instant,
    newest: Option<Timestamp>,
    /// A person waits for the next pass.
    hurried: bool,
    logged: Option<Mode>,
    pass: Option<Pass>,
}

impl Feed {
    /// The feed of a dataset that is synced.
    pub(crate) fn new(desk: Arc<Desk>, spec: Arc<DatasetSpec>, sync: SyncSpec) -> Feed {
        let bench = Bench::new(desk.clone());
        Feed {
            desk,
            spec,
            sync,
            bench,
            told: None,
            position: None,
            due: Instant::now(),
            newest: None,
            hurried: false,
            logged: None,
            pass: None,
        }
    }

    /// Looks up where to go on, and when.
    fn load(&mut self) {
        self.told = self.desk.cx.memory.position(&self.spec.name);
        // A pass that was given up may have the same start again: it is the same pass.
        self.newest = newest(&self.desk.cx, &self.spec.name);
        self.position = None;
        self.bench.loaded = true;
        let every = self.sync.every.or(self.logged.or(self.sync.mode).map(Mode::every));
        let every = every.unwrap_or(Duration::from_secs(60));
        self.due = match self.hurried {
            true => Instant::now(),
            false => due(&self.desk.cx, self.told.as_deref(), every),
        };
    }

    /// A start for a pass, later than all before it.
    fn start(&mut self) -> Timestamp {
        let start = start_after(&self.desk.cx, self.newest);
        self.newest = Some(start);
        start
    }

    /// Plans a pass and gets it ready.
    fn begin(&mut self, call: &Call) -> Result<(), Fault> {
        let started = self.start();
        self.due = Instant::now();
        let table = Described::ask(&mut self.bench.lane, &self.spec, Purpose::Sync, call)?;
        let plan = Arc::new(Plan::make(&self.spec, &self.sync, table, &self.desk.cx)?);
        if self.logged != Some(plan.mode) {
            self.logged = Some(plan.mode);
            plan.log(&self.desk.cx.source, &self.spec.name, self.sync.mode.is_none());
            self.desk.told().modes.insert(self.spec.name.clone(), plan.mode);
        }
        if self.position.is_none() {
            self.position = self.told.as_deref().and_then(|t| Position::read(t, plan.of));
            if self.position.is_none() && self.told.is_some() {
                let dataset = &self.spec.name;
                tracing::warn!(dataset, "what is read, or how, has changed: everything is read again");
            }
        }
        self.due += plan.every;
        if let Some(fault) = plan.gone(&self.spec.name) {
            // The gateway compares the columns first; if it does not stop for them, this does.
            let mut pass = Pass::new(plan, Read::Whole, Scope::Changes, started);
            self.announce(&mut pass);
            self.bench.fault = Some(fault);
            return Ok(());
        }
        self.pass = self.prepared(plan, started, call)?;
        self.hurried = false;
        Ok(())
    }

    /// The pass that is due; `None` where the server says at once that nothing changed.
    fn prepared(&mut self, plan: Arc<Plan>, started: Timestamp, call: &Call) -> Result<Option<Pass>, Fault> {
        let from = self.position.as_ref().and_then(Position::from);
        let everything = |plan: Arc<Plan>| {
            let read = if plan.mode == Mode::Full || plan.table.whole { Read::Whole } else { Read::Pages };
            Pass::new(plan, read, Scope::Everything, started)
        };
        if self.keys_due(&plan, started) {
            return Ok(Some(Pass::new(plan, Read::Keys, Scope::Keys, started)));
        }
        Ok(Some(match plan.mode {
            Mode::Full | Mode::Keyset => everything(plan),
            Mode::Watermark => {
                let read = Read::Column { from, below: None };
                Pass::new(plan, read, Scope::Changes, started)
            }
            Mode::Rowversion => {
                let text = Text::own(plan.table.dialect, "SELECT min_active_rowversion() AS rv");
                let upper = self.one_row(text, call)?.into_iter().next().filter(|v| !v.is_absent());
                let Some(upper) = upper else {
                    return Err(Fault::transient("bad-answer", "the server gave no min_active_rowversion()"));
                };
                if from.as_ref() == Some(&upper) {
                    self.bench.outbox.push_back(Delivery::Current { as_of: started });
                    return Ok(None);
                }
                let read = Read::Column { from, below: Some(upper.clone()) };
                let mut pass = Pass::new(plan, read, Scope::Changes, started);
                pass.upper = Some(upper);
                pass
            }
            Mode::ChangeTracking => return self.tracked(plan, from, started, call).map(Some),
        }))
    }

    /// What change tracking can tell; everything, where it has forgotten too much.
    fn tracked(
        &mut self,
        plan: Arc<Plan>,
        from: Option<Value<'static>>,
        started: Timestamp,
        call: &Call,
    ) -> Result<Pass, Fault> {
        let (current, oldest) = self.versions(&plan, call)?;
        let from = match from {
            Some(Value::Integer(from)) => Some(from),
            _ => None,
        };
        if let Some(from) = from.filter(|f| *f < oldest || *f > current) {
            let (source, dataset) = (&self.desk.cx.source, &self.spec.name);
            tracing::warn!(
                source,
                dataset,
                "change tracking goes back to version {oldest} only, and {from} was read last: everything is read again"
            );
            self.desk.told().gaps.insert(dataset.clone(), started);
        }
        let known = from.filter(|f| *f >= oldest && *f <= current);
        let Some(known) = known else {
            let mut pass = Pass::new(plan, Read::Pages, Scope::Everything, started);
            pass.upper = Some(Value::Integer(current));
            return Ok(pass);
        };
        let read = Read::Changes { from: Value::Integer(known) };
        let mut pass = Pass::new(plan, read, Scope::Changes, started);
        pass.upper = Some(Value::Integer(current));
        Ok(pass)
    }

    /// The version of change tracking, and the oldest one from which it still knows every change.
    fn versions(&mut self, plan: &Plan, call: &Call) -> Result<(i64, i64), Fault> {
        let dialect = plan.table.dialect;
        let ReadFrom::Table(table) = &self.spec.from else {
            return Err(Fault::permanent("mode-not-possible", "change tracking is of tables, not of queries"));
        };
        let name = quoted_table(dialect, table).replace('\'', "''");
        let versions = format!(
            "SELECT CHANGE_TRACKING_CURRENT_VERSION() AS v, CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(N'{name}')) AS m"
        );
        let told = self.one_row(Text::own(dialect, &versions), call)?;
        let [Value::Integer(current), Value::Integer(oldest)] = told.as_slice() else {
            let message = format!("{}: the server does not tell the versions of change tracking", self.spec.name);
            return Err(Fault::permanent("mode-not-possible", message));
        };
        Ok((*current, *oldest))
    }

    /// What was read of change tracking is whole only if the server had forgotten none of it by then.
    fn still_tracked(&mut self, pass: &Pass, call: &Call) -> Result<(), Fault> {
        let Read::Changes { from: Value::Integer(from) } = pass.read else { return Ok(()) };
        let (_, oldest) = self.versions(&pass.plan, call)?;
        let message = format!(
            "{}: change tracking was trimmed to version {oldest} while changes since {from} were read; everything is read again",
            self.spec.name
        );
        if oldest > from { Err(Fault::transient("bad-answer", message)) } else { Ok(()) }
    }

    fn keys_due(&self, plan: &Plan, now: Timestamp) -> bool {
        let Some(position) = &self.position else { return false };
        if position.more || plan.key.is_empty() {
            return false;
        }
        let last = position.keys_at.unwrap_or(position.at);
        let since = Duration::try_from(now.duration_since(last)).unwrap_or_default();
        plan.deletes.is_some_and(|every| self.hurried || since >= every)
    }

    /// The cells of an answer's only row.
    fn one_row(&mut self, text: Text, call: &Call) -> Result<Vec<Value<'static>>, Fault> {
        let columns = self.bench.lane.select(text, &self.spec.name, Purpose::Sync, call)?;
        let width = columns.len();
        let unit =
            UnitRef { name: String::new(), version: String::new(), order: String::new(), as_of: Timestamp::UNIX_EPOCH };
        let mut builder = BatchBuilder::new(Arc::new(unit));
        let no = builder.shape(Arc::new(Shape { dataset: self.spec.name.clone(), columns }));
        let mut sink = crate::Sink::new(&mut builder, no, 0);
        while sink.rows() == 0 && self.bench.lane.fetch((1, 1), &mut sink, Purpose::Sync, call)? {}
        self.bench.lane.enough();
        let batch = builder.finish();
        let row = (!batch.is_empty()).then(|| batch.row(0));
        Ok(row.map(|row| (0..width).map(|i| row.value(i).into_owned()).collect()).unwrap_or_default())
    }

    fn announce(&mut self, pass: &mut Pass) {
        pass.begun = true;
        self.bench.outbox.push_back(Delivery::Begin {
            unit: pass.unit.clone(),
            token: String::new(),
            scope: pass.scope,
            columns: Some(pass.plan.table.columns()),
        });
    }

    /// Hands over what was held back.
    fn release(&mut self, pass: &mut Pass) {
        if !pass.begun {
            self.announce(pass);
        }
        for batch in pass.held.drain(..) {
            pass.shown = true;
            self.bench.outbox.push_back(Delivery::Records(batch));
        }
    }

    /// One request more of the open pass.
    fn advance(&mut self, mut pass: Pass, ask: Ask, call: &Call) -> Result<(), Fault> {
        let sure = matches!(pass.read, Read::Whole | Read::Pages | Read::Keys);
        if sure && !pass.begun {
            // The columns are compared before a row is read.
            self.announce(&mut pass);
            self.pass = Some(pass);
            return Ok(());
        }
        let deleted = pass.reads_deletions();
        let (batch, more) = match pass.step(&mut self.bench.lane, &self.spec, ask, call) {
            Err(fault) if fault.code == CLOSED => {
                self.pass = Some(pass);
                self.pause();
                return Ok(());
            }
            other => other?,
        };
        if !batch.is_empty() {
            if deleted {
                self.release(&mut pass);
                self.bench.outbox.push_back(Delivery::Deleted(batch));
            } else {
                pass.held.push(batch);
            }
        }
        // A watermark sees the same again and again: it waits until it knows whether there is anything else.
        let known = self.position.as_ref().and_then(|p| p.known).filter(|_| pass.window.is_some() && !pass.begun);
        let held: usize = pass.held.iter().map(banyan_words::Batch::weight).sum();
        let same = match (known, &pass.window) {
            (Some((rows, _)), Some(window)) if more => window.all().0 <= rows && held < HELD,
            (Some(known), Some(window)) => window.all() == known,
            _ => false,
        };
        if !same && !pass.held.is_empty() {
            self.release(&mut pass);
        }
        if !more {
            self.still_tracked(&pass, call)?;
            self.end(pass, same);
            return Ok(());
        }
        let cuts = matches!(pass.read, Read::Column { .. }) && pass.begun && pass.rows >= UNIT_ROWS;
        if cuts {
            self.cut(&mut pass);
        }
        self.pass = Some(pass);
        Ok(())
    }

    /// Ends a unit in the midst of a pass, with a position from which the pass goes on.
    fn cut(&mut self, pass: &mut Pass) {
        // As at the end of a pass: what was committed late, below what was read, must not be left out by whoever goes on.
        let from = pass.window.as_ref().map_or(pass.column_last.clone(), |w| w.next(pass.clock.elapsed()).0);
        let Some(from) = from else { return };
        let mut position = self.next_position(pass);
        position.more = true;
        position.set_from(Some(&from));
        self.done(pass, position);
        pass.next_part();
    }

    fn next_position(&self, pass: &Pass) -> Position {
        let mut position = Position::new(pass.plan.of, pass.started);
        position.keys_at = self.position.as_ref().map_or(Some(pass.started), |p| p.keys_at);
        position
    }

    fn done(&mut self, pass: &Pass, position: Position) {
        let done = UnitDone { records: pass.rows, part: None, position: Some(position.text()) };
        self.bench.outbox.push_back(Delivery::Done(done));
        self.position = Some(position);
    }

    /// The pass was read to its end.
    fn end(&mut self, mut pass: Pass, same: bool) {
        let first = self.position.as_ref().is_none_or(|p| p.more);
        let changes = pass.scope == Scope::Changes;
        if changes && !pass.begun && pass.deleted == 0 && (same || (pass.rows == 0 && !first)) {
            if let (Some(position), Some(upper)) = (&mut self.position, &pass.upper) {
                position.set_from(Some(upper));
            }
            self.bench.outbox.push_back(Delivery::Current { as_of: pass.started });
            return;
        }
        self.release(&mut pass);
        if !pass.shown {
            pass.shown = true;
            self.bench.outbox.push_back(Delivery::Records(pass.empty()));
        }
        let mut position = self.next_position(&pass);
        match pass.read {
            Read::Keys => {
                let known = self.position.as_ref();
                position = known.cloned().unwrap_or(position);
                position.keys_at = Some(pass.started);
                // Records wait no longer for their turn because keys had it.
                self.due = Instant::now();
            }
            Read::Whole | Read::Pages => {
                position.keys_at = Some(pass.started);
                position.set_from(pass.upper.as_ref());
            }
            Read::Column { .. } | Read::Changes { .. } => match &pass.window {
                Some(window) => {
                    let (from, known) = window.next(pass.clock.elapsed());
                    let old = self.position.as_ref().and_then(Position::from);
                    position.set_from(from.or(old).as_ref());
                    position.known = known;
                }
                None => position.set_from(pass.upper.as_ref()),
            },
        }
        self.done(&pass, position);
    }

    /// The window closed: a pass over pages waits for it to open, any other begins again then. The server is left alone.
    fn pause(&mut self) {
        if self.pass.as_mut().is_some_and(|pass| !pass.pause()) {
            self.drop_pass();
        }
        self.bench.lane.hang_up();
    }
}

impl Turns for Feed {
    fn bench(&mut self) -> &mut Bench {
        &mut self.bench
    }

    fn rests(&mut self) -> Option<Instant> {
        if self.pass.is_none() && !self.bench.loaded {
            self.load();
        }
        let closed = self.desk.cx.budget.closed_until().is_some();
        if closed && self.bench.lane.is_open() {
            self.pause();
        }
        (closed || (self.pass.is_none() && Instant::now() < self.due)).then_some(self.due)
    }

    fn work(&mut self, ask: Ask, call: &Call) -> Result<(), Fault> {
        match self.pass.take() {
            Some(pass) => self.advance(pass, ask, call),
            None => self.begin(call),
        }
    }

    fn forget(&mut self) {
        self.pass = None;
    }

    fn hurry(&mut self) {
        self.hurried = true;
    }
}
