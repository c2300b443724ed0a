//! Looks after sessions that rest: closes those that rested too long, keeps the others alive.
//!
//! Invariant: one thread a source, and only while a session is open.

use super::desk::Desk;
use super::leave::HOME;
use super::pool::Seat;
use super::told::Told;
use crate::engine::{self, Event, Log, Seen, recognise};
use crate::map::{Exit, Expected, Press};
use crate::picture::Shown;
use crate::transport::Act;
use banyan_adapter::{Call, Purpose};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Exits that lead out of a system, at most.
const MOST_EXITS: usize = 4;

/// Sees to it that somebody looks.
pub(super) fn look_after(desk: &Arc<Desk>) {
    if desk.pool.count().0 == 0 || !desk.take_keeping() {
        return;
    }
    let pool = &desk.map().pool;
    let shortest = pool.keep_alive.as_ref().map_or(pool.idle, |(_, every)| pool.idle.min(*every));
    let tick = (shortest / 4).clamp(Duration::from_millis(20), Duration::from_secs(1));
    let weak = Arc::downgrade(desk);
    let spawned = std::thread::Builder::new().name("banyan-keeper".into()).spawn(move || watch(&weak, tick));
    if let Err(e) = spawned {
        desk.keeping.store(false, Ordering::SeqCst);
        tracing::error!(source = %desk.cx.source, "there is no thread to look after sessions: {e}");
    }
}

fn watch(desk: &Weak<Desk>, tick: Duration) {
    loop {
        std::thread::sleep(tick);
        let Some(desk) = desk.upgrade() else { return };
        if desk.keep() {
            continue;
        }
        desk.keeping.store(false, Ordering::SeqCst);
        // One may have been opened meanwhile, by somebody who saw that we look.
        if desk.pool.count().0 == 0 || !desk.take_keeping() {
            return;
        }
    }
}

impl Desk {
    /// Ends sessions that rested too long, and keeps others alive; false once none is open.
    pub(super) fn keep(&self) -> bool {
        let pool = &self.map().pool;
        let longest = if self.cx.budget.closed_until().is_some() { Duration::ZERO } else { pool.idle };
        while let Some(seat) = self.pool.stale(longest) {
            self.sign_off(seat);
        }
        if let Some((_, every)) = &pool.keep_alive {
            while self.pool.is_quiet(*every) {
                if !self.keep_one(*every) {
                    break;
                }
            }
        }
        self.gauges();
        self.pool.count().0 > 0
    }

    fn keep_one(&self, every: Duration) -> bool {
        let call = Call { deadline: Instant::now().checked_add(Duration::from_secs(1)), ..Call::default() };
        // Without leave somebody works, and what rests is soon used.
        let Ok(permit) = self.cx.budget.permit(Purpose::Probe, &call) else { return false };
        let Some(mut seat) = self.pool.quiet(every) else { return false };
        // While something waits for a person no key is pressed.
        if self.hold.check(self.map()).is_err() {
            self.pool.close(seat);
            return true;
        }
        let call = Call { deadline: Instant::now().checked_add(HOME), ..Call::default() };
        let mut told = Told::new(self, ("", Purpose::Probe), "(keep alive)", &[], true);
        let kept = told.means(&call, |means| engine::keep_alive(&mut *seat.session, means));
        told.close(0, kept.as_ref().err());
        match kept {
            Ok(()) => self.pool.put(seat, false),
            Err(_) => self.pool.close(seat),
        }
        drop(permit);
        true
    }

    /// A session that rested was thrown out meanwhile: logging in is a new session's business, one at a time.
    pub(super) fn asks_for_login(&self, seat: &mut Seat) -> bool {
        let Some(login) = self.map().login.and_then(|no| self.map().flows.get(no)) else { return false };
        if seat.touched.elapsed() < Duration::from_millis(500) {
            return false;
        }
        match seat.session.look() {
            Ok(picture) => match recognise(self.map(), &picture) {
                Seen::One(screen) => screen == login.start,
                Seen::Disconnected => true,
                _ => false,
            },
            Err(_) => true,
        }
    }

    /// Leaves all sessions that rest.
    pub(super) fn sign_off_all(&self) {
        while let Some(seat) = self.pool.stale(Duration::ZERO) {
            self.sign_off(seat);
        }
    }

    /// Leaves as a person would, where the exits lead to the end of the session, and closes it; without a key while
    /// something waits for a person.
    fn sign_off(&self, mut seat: Seat) {
        let mut told = Told::new(self, ("", Purpose::Probe), "(sign off)", &[], false);
        let exits = if self.hold.check(self.map()).is_ok() { MOST_EXITS } else { 0 };
        for _ in 0..exits {
            let Ok(picture) = seat.session.look() else { break };
            let Seen::One(screen) = recognise(self.map(), &picture) else { break };
            let Some(screen) = self.map().screens.get(screen) else { break };
            let Some(Exit { press: Press::Key(key), expect }) = &screen.exit else { break };
            let act = Act::Press(*key);
            let before = engine::picture_hash(&picture);
            let event = Event::Acts { act: &act, screen: &screen.name, before, commit: false };
            told.keys.tell((self.cx.clock)(), &event);
            let until = Instant::now() + Duration::from_secs(3);
            let sent = seat.session.act(&act);
            let Ok(after) = sent.and_then(|()| seat.session.settle(picture.revision, until, &Call::default())) else {
                break;
            };
            let led = |to: &Expected| matches!((to, recognise(self.map(), &after)), (Expected::Screen(a), Seen::One(b)) if *a == b);
            if after.shown == Shown::Disconnected || !expect.iter().any(led) {
                break;
            }
        }
        told.close(0, None);
        self.pool.close(seat);
    }

    /// Whether somebody looks after resting sessions; the caller does from now on, if not.
    pub(super) fn take_keeping(&self) -> bool {
        !self.keeping.swap(true, Ordering::SeqCst)
    }
}
