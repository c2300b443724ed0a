//! The way to a screen: in by the login flow, out by exits.
//!
//! Invariant: no screen is left twice and the login is tried once: every way ends.

use super::hands::{Hands, LoginSent};
use super::run::Task;
use super::wait::{Arrived, Want};
use crate::drift;
use crate::map::{End, ScreenNo};
use crate::refusals;
use banyan_adapter::Fault;

impl Hands<'_, '_> {
    /// Goes to a screen, from wherever the session is.
    pub(crate) fn go(&mut self, target: ScreenNo) -> Result<(), Fault> {
        let mut left: Vec<ScreenNo> = Vec::new();
        let mut logged_in = false;
        loop {
            self.transients = 0;
            self.awaited = vec![target];
            let now = self.here()?;
            if now.screen == target {
                return Ok(());
            }
            if let Some((login, start)) = self.login().filter(|(_, start)| *start == now.screen) {
                if std::mem::replace(&mut logged_in, true) {
                    let what = format!("`{}` came again after the login; it is not tried again", self.name(start));
                    let fault = Fault::permanent(refusals::LOGIN_REFUSED, what);
                    self.means.door.refused(&fault);
                    return Err(fault);
                }
                let (door, call) = (self.means.door, self.means.call);
                door.pass(call, &mut || self.log_in(login))?;
                continue;
            }
            let exit = self.map.screens.get(now.screen).and_then(|s| s.exit.as_ref());
            let exit = exit.filter(|_| now.screen != self.map.rest && !left.contains(&now.screen));
            let Some(exit) = exit else { return Err(self.no_way(now.screen, target)) };
            left.push(now.screen);
            let before = self.press(&exit.press, &[now.screen], now, false)?;
            if self.wait(&before, Want::These(&exit.expect, None), None)? == Arrived::Disconnected {
                return Err(Fault::transient(refusals::DISCONNECTED, "the way off the screen ended the session"));
            }
        }
    }

    fn log_in(&mut self, login: usize) -> Result<(), Fault> {
        let login_was = std::mem::replace(&mut self.logging_in, true);
        let done = Task::new(self.map, login, &[], self.means.login, false)
            .and_then(|task| self.steps(&task, &mut |_| Ok(())));
        self.logging_in = login_was;
        let sent = std::mem::take(&mut self.login_sent) == LoginSent::Submitted;
        match done.map_err(|fault| if sent { in_doubt(fault) } else { fault })? {
            End::Done => Ok(()),
            End::Rejected { code, message } => Err(Fault::permanent(
                refusals::LOGIN_REFUSED,
                format!("the far side refuses the login: {message} [{code}]; it is not tried again"),
            )),
            end => Err(Fault::permanent(refusals::LOGIN_REFUSED, format!("the login ended as {end:?}"))),
        }
    }

    fn no_way(&self, from: ScreenNo, to: ScreenNo) -> Fault {
        let what = format!("no way leads from `{}` to `{}`", self.name(from), self.name(to));
        Fault::transient(refusals::NO_WAY_HOME, what)
    }
}

/// A login was submitted and did not come to its end. A far side that hangs up, or says nothing, may have refused it, and
/// counts: after three tries most lock the user. What drifted is held back as such.
fn in_doubt(fault: Fault) -> Fault {
    if fault.code == refusals::LOGIN_REFUSED || drift::is_drift(&fault.code) {
        return fault;
    }
    let why = format!("the login was sent, and nothing said that it was taken: {fault}; it is not tried again");
    Fault::permanent(refusals::LOGIN_REFUSED, why)
}
