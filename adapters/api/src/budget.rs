//! What a source may be asked to bear: how much at once, how often, and when not at all.
//!
//! Invariant: one budget a source, shared by sync, live reads and probes; whoever waits for a live read goes first, and
//! among equals who came first.
//! Not here: reading it from the configuration, or what is done with a permit.

use crate::{Call, Fault};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why the source is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Somebody waits for the answer.
    Live,
    /// Whether a write arrived, whether the source can be used.
    Probe,
    /// Datasets are brought up to date.
    Sync,
    /// A person looks at what there is.
    Discover,
}

/// The limits, as configured. The default sets none.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// Least time between the beginnings of two requests (`20/s` is 50 ms).
    pub pace: Option<Duration>,
    /// How long one request may take.
    pub timeout: Option<Duration>,
    /// Times of day, in `zone`, when the source is left alone: from and to in minutes after midnight, the latter up to 1440
    /// and not part of the window. A window may pass midnight.
    pub closed: Vec<(u16, u16)>,
    /// The zone of the windows; UTC where none is set.
    pub zone: Option<TimeZone>,
}

/// See the module.
pub struct Budget {
    limits: Limits,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    busy: u32,
    /// No more at once than this, whatever is configured.
    most: Option<u32>,
    /// Who waits, in the order they came; live reads apart, for everybody else stands back while there are any.
    live: VecDeque<u64>,
    others: VecDeque<u64>,
    came: u64,
    next: Option<Instant>,
    /// Typical and lately seen time of a request, in microseconds: what slowing down is judged by.
    usual: f64,
    lately: f64,
}

/// Leave to make one request; dropping it gives the place back.
pub struct Permit<'b> {
    budget: &'b Budget,
    begun: Instant,
}

/// A source that answers so many times slower than usual is given pauses …
const SLOWER: f64 = 3.0;
/// … of at most so much.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Budget {
    /// A budget of those limits.
    pub fn new(limits: Limits, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Budget {
        Budget { limits, clock, state: Mutex::default(), freed: Condvar::new() }
    }

    /// How long one request may take.
    pub fn timeout(&self) -> Option<Duration> {
        self.limits.timeout
    }

    /// No more than so many at once, whatever is configured: told by an adapter whose source can bear no more, such as one
    /// with that many sessions. Who has leave then finds one free.
    pub fn at_most(&self, most: u32) {
        self.lock().most = Some(most);
    }

    /// When the window that is closed now opens again; `None` while the source may be asked.
    pub fn closed_until(&self) -> Option<Timestamp> {
        let zone = self.limits.zone.clone().unwrap_or(TimeZone::UTC);
        let now = (self.clock)().to_zoned(zone);
        let time = u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs());
        self.limits.closed.iter().find_map(|(from, to)| {
            let within = if from <= to { *from <= time && time < *to } else { *from <= time || time < *to };
            let day = if time < *to { now.date() } else { now.date().tomorrow().ok()? };
            let opens = day.at(0, 0, 0, 0).checked_add(jiff::Span::new().minutes(i64::from(*to))).ok()?;
            within.then(|| opens.to_zoned(now.time_zone().clone()).map(|z| z.timestamp()).ok())?
        })
    }

    /// Waits for leave. A closed window is refused at once (`source-closed`), for nobody should hang on it for hours; a
    /// call that is stopped or past its deadline is refused as `budget-timeout`.
    pub fn permit(&self, purpose: Purpose, call: &Call) -> Result<Permit<'_>, Fault> {
        if let Some(opens) = self.closed_until() {
            return Err(Fault::transient(
                "source-closed",
                format!("the source is left alone until {opens}, as its budget says"),
            ));
        }
        let live = purpose == Purpose::Live;
        let mut state = self.lock();
        state.came += 1;
        let ticket = state.came;
        state.queue(live).push_back(ticket);
        loop {
            let now = Instant::now();
            let most = [self.limits.concurrency, state.most].into_iter().flatten().min();
            let free = most.is_none_or(|most| state.busy < most.max(1));
            let due = state.next.is_none_or(|at| at <= now);
            let turn = (live || state.live.is_empty()) && state.queue(live).front() == Some(&ticket);
            if free && due && turn {
                break;
            }
            if call.is_over() {
                state.queue(live).retain(|t| *t != ticket);
                self.freed.notify_all();
                return Err(Fault::transient("budget-timeout", "the source's budget left no room in time"));
            }
            let until_due = state.next.map_or(Duration::from_millis(50), |at| at.saturating_duration_since(now));
            let wait = until_due.clamp(Duration::from_millis(1), Duration::from_millis(50));
            state = self.freed.wait_timeout(state, wait).map_or_else(|e| e.into_inner().0, |(s, _)| s);
        }
        state.queue(live).pop_front();
        state.busy += 1;
        // Who is next may have room as well.
        self.freed.notify_all();
        let begun = Instant::now();
        let pause = self.limits.pace.unwrap_or_default() + if live { Duration::ZERO } else { state.back_off() };
        state.next = (!pause.is_zero()).then(|| begun + pause);
        Ok(Permit { budget: self, begun })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn queue(&mut self, live: bool) -> &mut VecDeque<u64> {
        if live { &mut self.live } else { &mut self.others }
    }

    /// How long to stand back because the source has become slow: as long as its requests take now.
    fn back_off(&self) -> Duration {
        let slow = self.usual > 0.0 && self.lately > self.usual * SLOWER && self.lately > 20_000.0;
        if slow { Duration::from_micros(self.lately as u64).min(LONGEST_PAUSE) } else { Duration::ZERO }
    }

    fn learn(&mut self, took: Duration) {
        let took = took.as_micros() as f64;
        if self.usual == 0.0 {
            (self.usual, self.lately) = (took, took);
        }
        self.lately += (took - self.lately) * 0.3;
        // What is usual changes slowly, and faster downwards: a slow start must not excuse slowness for ever.
        self.usual += (took - self.usual) * if took < self.usual { 0.1 } else { 0.005 };
    }
}

impl Permit<'_> {
    /// Tells how long the source took to begin its answer: what backing off is judged by. Not told for answers whose
    /// length says nothing of the source's state, such as whole tables.
    pub fn answered(&self) {
        self.budget.lock().learn(self.begun.elapsed());
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.lock().busy -= 1;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let now: Timestamp = text.parse().unwrap();
        Arc::new(move || now)
    }

    fn brief() -> Call {
        Call { deadline: Some(Instant::now() + Duration::from_millis(20)), ..Call::default() }
    }

    #[test]
    fn closed_windows_are_in_the_zone_of_the_source_and_may_pass_midnight() {
        let limits = Limits {
            closed: vec![(23 * 60, 3 * 60 + 30)],
            zone: Some(TimeZone::get("Europe/London").unwrap()),
            ..Limits::default()
        };
        let open = |now: &str| Budget::new(limits.clone(), at(now)).closed_until().map(|t| t.to_string());
        assert_eq!(open("2026-07-01T21:59:59Z"), None);
        assert_eq!(open("2026-07-01T22:00:00Z").as_deref(), Some("2026-07-02T02:30:00Z"), "23:00 in London's summer");
        assert_eq!(open("2026-07-02T02:29:59Z").as_deref(), Some("2026-07-02T02:30:00Z"));
        assert_eq!(open("2026-07-02T02:30:00Z"), None);
        let closed = Budget::new(limits.clone(), at("2026-07-01T23:00:00Z"));
        assert_eq!(closed.permit(Purpose::Live, &Call::default()).err().unwrap().code, "source-closed");
    }

    #[test]
    fn no_more_at_once_than_allowed_and_a_dropped_permit_is_given_back() {
        let budget = Budget::new(Limits { concurrency: Some(1), ..Limits::default() }, at("2026-07-01T00:00:00Z"));
        let first = budget.permit(Purpose::Sync, &Call::default()).unwrap();
        assert_eq!(budget.permit(Purpose::Live, &brief()).err().unwrap().code, "budget-timeout");
        drop(first);
        assert!(budget.permit(Purpose::Sync, &brief()).is_ok(), "a live read that gave up holds nobody back");
    }

    #[test]
    fn who_waits_for_a_live_read_goes_first() {
        let budget = Budget::new(Limits { concurrency: Some(1), ..Limits::default() }, at("2026-07-01T00:00:00Z"));
        let order = Mutex::new(Vec::new());
        let held = budget.permit(Purpose::Sync, &Call::default()).unwrap();
        std::thread::scope(|s| {
            let ask = |purpose| {
                let permit = budget.permit(purpose, &Call::default()).unwrap();
                order.lock().unwrap().push(purpose);
                drop(permit);
            };
            s.spawn(move || ask(Purpose::Sync));
            s.spawn(move || ask(Purpose::Live));
            while budget.lock().live.is_empty() {
                std::thread::yield_now();
            }
            drop(held);
        });
        assert_eq!(*order.lock().unwrap(), [Purpose::Live, Purpose::Sync]);
    }

    #[test]
    fn among_equals_who_came_first_goes_first_and_who_gave_up_holds_nobody_back() {
        let budget = Budget::new(Limits::default(), at("2026-07-01T00:00:00Z"));
        budget.at_most(1);
        let order = Mutex::new(Vec::new());
        let held = budget.permit(Purpose::Sync, &Call::default()).unwrap();
        std::thread::scope(|s| {
            for n in 0..20 {
                let (budget, order) = (&budget, &order);
                let call = if n % 5 == 3 { brief() } else { Call::default() };
                s.spawn(move || {
                    let permit = budget.permit(Purpose::Sync, &call);
                    if permit.is_ok() {
                        order.lock().unwrap().push(n);
                    }
                });
                while budget.lock().came != n + 2 {
                    std::thread::yield_now();
                }
            }
            while budget.lock().others.len() != 16 {
                std::thread::yield_now();
            }
            drop(held);
        });
        let came: Vec<u64> = (0..20).filter(|n| n % 5 != 3).collect();
        assert_eq!(*order.lock().unwrap(), came);
    }

    #[test]
    fn a_source_that_slows_down_is_given_pauses() {
        let mut state = State::default();
        (0..50).for_each(|_| state.learn(Duration::from_millis(10)));
        assert_eq!(state.back_off(), Duration::ZERO);
        (0..10).for_each(|_| state.learn(Duration::from_millis(200)));
        assert!(state.back_off() > Duration::from_millis(100), "{:?}", state.back_off());
        (0..30).for_each(|_| state.learn(Duration::from_millis(10)));
        assert_eq!(state.back_off(), Duration::ZERO, "and no longer than it is slow");
    }
}
