//! Leave to use a session: permit, session, and its way home.
//!
//! Invariant: a session is at rest before anybody else gets it, else it is closed; one session at a time logs in.

use super::desk::Desk;
use super::pool::{Seat, Vacant};
use super::told::Told;
use crate::engine;
use crate::refusals;
use banyan_adapter::{Call, Fault, Permit, Purpose};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a session may take to get home.
pub(super) const HOME: Duration = Duration::from_secs(30);

/// Leave to use a session, and the session, once it is needed.
pub(super) struct Leave<'d> {
    desk: &'d Desk,
    permit: Option<Permit<'d>>,
    seat: Option<Seat>,
    purpose: Purpose,
    /// It looks what became of a commit: the screen that came instead holds back everybody else.
    verifies: bool,
    /// What was seen on a way in that led nowhere.
    astray: Option<PathBuf>,
}

impl<'d> Leave<'d> {
    /// Of somebody who has a permit.
    pub(super) fn new(desk: &'d Desk, permit: Permit<'d>, purpose: Purpose) -> Leave<'d> {
        Leave { desk, permit: Some(permit), seat: None, purpose, verifies: false, astray: None }
    }

    /// Whether it looks what became of a commit.
    pub(super) fn is_verifying(&self) -> bool {
        self.verifies
    }

    /// From now on it looks what became of a commit.
    pub(super) fn verifies(&mut self) {
        self.destroy();
        self.verifies = true;
    }

    /// The far side answered somebody who waited: how long that took is what slowing down is judged by.
    pub(super) fn answered(&self) {
        if let Some(permit) = &self.permit {
            permit.answered();
        }
    }

    /// The session: the one at hand, one that rests, or a new one, logged in.
    pub(super) fn sit(&mut self, call: &Call) -> Result<&mut Seat, Fault> {
        while self.seat.is_none() {
            let Some(mut seat) = self.desk.pool.rested() else {
                let whose = (self.purpose, self.verifies);
                self.seat = Some(open(self.desk, whose, &mut self.astray, call)?);
                break;
            };
            match self.desk.asks_for_login(&mut seat) {
                true => self.desk.pool.close(seat),
                false => self.seat = Some(seat),
            }
        }
        self.seat.as_mut().ok_or_else(gone)
    }

    /// The trace of a way in that led nowhere, if that was why there is no session.
    pub(super) fn astray(&mut self) -> Option<PathBuf> {
        self.astray.take()
    }

    /// Ends the session at hand.
    pub(super) fn destroy(&mut self) {
        if let Some(seat) = self.seat.take() {
            self.desk.pool.close(seat);
        }
    }
}

/// A new session, at home.
fn open(
    desk: &Desk,
    (purpose, verifies): (Purpose, bool),
    astray: &mut Option<PathBuf>,
    call: &Call,
) -> Result<Seat, Fault> {
    let map = desk.map();
    let vacant = desk.pool.vacant();
    let mut seat = match desk.spec.transport.login().is_empty() {
        true => vacant_open(desk, vacant, call)?,
        false => desk.login_alone(verifies, call, || vacant_open(desk, vacant, call))?,
    };
    if map.login.is_none() {
        return Ok(seat);
    }
    let mut told = Told::new(desk, ("", purpose), "(log in)", &[], true);
    told.verifies = verifies;
    let home = told.means(call, |means| engine::go_home(&mut *seat.session, means));
    let trace = told.close(0, home.as_ref().err());
    if let Err(fault) = home {
        strayed(desk, &fault, trace.as_deref());
        *astray = trace;
        desk.pool.close(seat);
        return Err(fault);
    }
    Ok(seat)
}

fn strayed(desk: &Desk, fault: &Fault, trace: Option<&Path>) {
    let seen = trace.map(|t| format!("; what was seen: {}", t.display())).unwrap_or_default();
    tracing::warn!(source = %desk.cx.source, code = %fault.code, "a session is closed: {}{seen}", fault.message);
}

fn gone() -> Fault {
    Fault::transient(refusals::DISCONNECTED, "the session is gone")
}

fn vacant_open(desk: &Desk, vacant: Vacant<'_>, call: &Call) -> Result<Seat, Fault> {
    let session = desk.spec.transport.open(desk.map(), vacant.lu(), call)?;
    Ok(vacant.taken(session))
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let Some(mut seat) = self.seat.take() else { return };
        let desk = self.desk;
        // What waits for a person may be this very session's login or screen: nothing more is typed.
        if desk.hold.check(desk.map()).is_err() {
            desk.pool.close(seat);
            return;
        }
        let call = Call { deadline: Instant::now().checked_add(HOME), ..Call::default() };
        let mut told = Told::new(desk, ("", self.purpose), "(home)", &[], true);
        let home = told.means(&call, |means| engine::go_home(&mut *seat.session, means));
        let trace = told.close(0, home.as_ref().err());
        match home {
            Ok(()) => desk.pool.put(seat, true),
            Err(fault) => {
                strayed(desk, &fault, trace.as_deref());
                desk.pool.close(seat);
            }
        }
        drop(self.permit.take());
        desk.gauges();
    }
}
