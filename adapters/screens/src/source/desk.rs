//! A transaction: leave, a session, the run, and the session's way home.
//!
//! Invariant: one transaction at a time in a session; a run is tried a second time only if it certainly sent no commit; a
//! session that does not get home is closed; every key is in the audit, whatever became of the run.
//! Not here: which flow is run ([`super::feed`], [`super::lookup`], [`super::write`]), what it does ([`crate::engine`]).

use super::Spec;
use super::hold::Hold;
use super::leave::{HOME, Leave};
use super::pool::Pool;
use super::rows::Collect;
use super::told::Told;
use super::traces::Traces;
use super::turn::Turn;
use crate::engine;
use crate::map::{End, FlowNo, Map};
use crate::refusals;
use banyan_adapter::{Call, Class, Context, Fault, Probed, Purpose};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// What all sessions of a source share.
pub(super) struct Desk {
    pub spec: Spec,
    pub cx: Context,
    pub hold: Hold,
    pub pool: Pool,
    pub traces: Traces,
    /// One session at a time logs in: a wrong password is tried once.
    pub login: Turn,
    pub keeping: AtomicBool,
}

/// What is to be done.
#[derive(Clone, Copy)]
pub(super) struct Job<'j> {
    pub flow: FlowNo,
    pub given: &'j [(String, String)],
    pub purpose: Purpose,
    /// The dataset, or what else it is for.
    pub about: &'j str,
    /// All of it may be long, so that only the last of it is kept as a trace.
    pub long: bool,
}

impl Desk {
    pub(super) fn new(spec: Spec, cx: Context) -> Desk {
        let pool = &spec.map.pool;
        let lus = if pool.lu.is_empty() { usize::MAX } else { pool.lu.len() };
        cx.budget.at_most(u32::try_from(pool.max.min(lus)).unwrap_or(u32::MAX).max(1));
        let folder = cx.folder.as_deref();
        let (hold, traces) =
            (Hold::new(folder, &spec.login, &spec.transport.login()), Traces::new(folder, spec.traces));
        let pool = Pool::new(&pool.lu);
        Desk { spec, cx, hold, pool, traces, login: Turn::default(), keeping: AtomicBool::new(false) }
    }

    pub(super) fn map(&self) -> &Map {
        &self.spec.map
    }

    /// Leave to use a session, unless something waits for a person.
    pub(super) fn enter(&self, purpose: Purpose, call: &Call) -> Result<Leave<'_>, Fault> {
        self.hold.check(self.map())?;
        let permit = self.cx.budget.permit(purpose, call).map_err(|fault| match fault.code.as_str() {
            "budget-timeout" => Fault::transient(refusals::BUSY, "all sessions are in use, and the time was over"),
            _ => fault,
        })?;
        let leave = Leave::new(self, permit, purpose);
        // While it waited, another may have found out.
        self.hold.check(self.map())?;
        Ok(leave)
    }

    /// Does what logs in, when no other session does, unless a login was refused, also by the one that was waited for. A
    /// refusal is remembered.
    pub(super) fn login_alone<T>(
        &self,
        verifies: bool,
        call: &Call,
        log_in: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.login.alone(call, || {
            if verifies { self.hold.check_login() } else { self.hold.check(self.map()) }?;
            log_in().inspect_err(|fault| {
                if fault.code == refusals::LOGIN_REFUSED {
                    self.hold.refuse((self.cx.clock)(), fault);
                }
            })
        })
    }

    /// Runs a flow. Records count only with [`End::Done`]. The session goes home when the leave is dropped: the answer may
    /// be given before. The path is that of the trace.
    pub(super) fn run(&self, job: &Job<'_>, into: &mut dyn Collect, call: &Call) -> Answered<'_> {
        let mut leave = match self.enter(job.purpose, call) {
            Ok(leave) => leave,
            Err(fault) => return Answered { end: Err(fault), trace: None, leave: None },
        };
        let begun = Instant::now();
        let (mut end, mut trace) = self.attempt(&mut leave, job, into, call);
        let again = |fault: &Fault| fault.class == Class::Transient && !NOT_AGAIN.contains(&fault.code.as_str());
        if end.as_ref().is_err_and(again) && !call.is_over() {
            // A new session: what is wrong with one that rested may be wrong with all that rest.
            leave.destroy();
            while let Some(seat) = self.pool.stale(Duration::ZERO) {
                self.pool.close(seat);
            }
            (end, trace) = self.attempt(&mut leave, job, into, call);
        }
        if let Ok(End::Unknown { message }) = &end {
            let message = message.clone();
            leave.verifies();
            end = Ok(self.verified(&mut leave, job, message));
        }
        if job.purpose == Purpose::Live {
            leave.answered();
        }
        self.count(job, &end, begun.elapsed());
        Answered { end, trace, leave: Some(leave) }
    }

    /// One try.
    fn attempt(
        &self,
        leave: &mut Leave<'_>,
        job: &Job<'_>,
        into: &mut dyn Collect,
        call: &Call,
    ) -> (Result<End, Fault>, Option<PathBuf>) {
        into.clear();
        let mut rows = 0;
        let flow = self.map().flows.get(job.flow).map_or("", |f| f.name.as_str());
        let mut told = Told::new(self, (job.about, job.purpose), flow, job.given, !job.long);
        told.verifies = leave.is_verifying();
        let end = leave.sit(call).and_then(|seat| {
            told.means(call, |means| {
                if self.map().flows.get(job.flow).is_some_and(|f| f.verify.is_some()) {
                    let ran = engine::run(&mut *seat.session, means, job.flow, job.given)?;
                    rows = ran.records.len() as u64;
                    into.take(self.map(), ran.records)?;
                    return Ok(ran.end);
                }
                let mut sink = |page: Vec<engine::Record>| {
                    rows += page.len() as u64;
                    if job.purpose == Purpose::Sync
                        && let Some(opens) = self.cx.budget.closed_until()
                    {
                        let message = format!("the source is left alone until {opens}, as its budget says");
                        return Err(Fault::transient("source-closed", message));
                    }
                    into.take(self.map(), page)
                };
                engine::run_into(&mut *seat.session, means, job.flow, job.given, &mut sink)
            })
        });
        let trace = told.close(rows, end.as_ref().err()).or(leave.astray());
        if let Err(fault) = &end
            && LOST.contains(&fault.code.as_str())
        {
            leave.destroy();
        }
        (end, trace)
    }

    /// A commit is in doubt and its session is gone: a new one is asked.
    fn verified(&self, leave: &mut Leave<'_>, job: &Job<'_>, message: String) -> End {
        match self.probed(leave, job, &Call { deadline: Instant::now().checked_add(HOME * 2), ..Call::default() }) {
            Ok(Probed::Happened) => End::Done,
            Ok(Probed::NotHappened) => {
                End::NotDone { message: format!("{message}; a new session looked: it was not done") }
            }
            Ok(Probed::CannotTell(why)) => End::Unknown { message: format!("{message}; {why}") },
            Err(fault) => End::Unknown { message: format!("{message}; and it cannot be verified: {fault}") },
        }
    }

    /// Whether the commit of a flow happened.
    pub(super) fn probed(&self, leave: &mut Leave<'_>, job: &Job<'_>, call: &Call) -> Result<Probed, Fault> {
        let flow = self.map().flows.get(job.flow).map_or("", |f| f.name.as_str());
        let mut told = Told::new(self, (job.about, job.purpose), &format!("verify {flow}"), job.given, true);
        told.verifies = leave.is_verifying();
        let probed = leave
            .sit(call)
            .and_then(|seat| told.means(call, |means| engine::verify(&mut *seat.session, means, job.flow, job.given)));
        told.close(0, probed.as_ref().err());
        probed
    }

    fn count(&self, job: &Job<'_>, end: &Result<End, Fault>, took: Duration) {
        let outcome = match end {
            Ok(End::Done) => "done",
            Ok(End::Absent) => "absent",
            Ok(End::Rejected { .. }) => "rejected",
            Ok(End::NotDone { .. }) => "not-done",
            Ok(End::Unknown { .. }) => "unknown",
            Err(fault) => fault.code.as_str(),
        };
        let flow = self.map().flows.get(job.flow).map_or("", |f| f.name.as_str());
        let (source, flow) = (self.cx.source.clone(), flow.to_owned());
        let labels = [("source", source), ("flow", flow)];
        metrics::histogram!("banyan_screens_run_seconds", &labels).record(took.as_secs_f64());
        let [(_, source), (_, flow)] = labels;
        metrics::counter!("banyan_screens_runs_total", "source" => source, "flow" => flow, "outcome" => outcome.to_owned())
            .increment(1);
        self.gauges();
    }

    /// Shows sessions and whether anything waits for a person.
    pub(super) fn gauges(&self) {
        let (open, resting) = self.pool.count();
        let source = || self.cx.source.clone();
        metrics::gauge!("banyan_screens_sessions", "source" => source(), "state" => "working")
            .set((open - resting.min(open)) as f64);
        metrics::gauge!("banyan_screens_sessions", "source" => source(), "state" => "resting").set(resting as f64);
        let halted = self.hold.check(self.map()).is_err();
        metrics::gauge!("banyan_screens_halted", "source" => source()).set(f64::from(u8::from(halted)));
    }
}

/// After these the same session is not taken home: it is gone, or would have to log in again.
const LOST: [&str; 6] = [
    refusals::LOGIN_REFUSED,
    refusals::SESSION_EXPIRED,
    refusals::DISCONNECTED,
    refusals::HOST_DOWN,
    refusals::UNTRUSTED,
    refusals::PROGRAM_MISSING,
];

/// Transient, but a second try at once would not help, or is not wanted.
const NOT_AGAIN: [&str; 5] =
    [refusals::HOST_DOWN, refusals::BUSY, refusals::GIVEN_UP, "source-closed", "budget-timeout"];

/// What came of a transaction.
pub(super) struct Answered<'d> {
    pub end: Result<End, Fault>,
    /// Its trace, where one was written.
    pub trace: Option<PathBuf>,
    /// When this is dropped, the session goes home.
    #[expect(dead_code, reason = "held for its end")]
    pub leave: Option<Leave<'d>>,
}
