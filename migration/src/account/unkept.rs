//! What goes on where nothing can be kept: a way back waits for no disk.
//!
//! Invariant: nothing here lets a route go forward. Counts, clusters and coverage are what was kept; where the route stands,
//! what it rests on and the sum of parity are what is known.

use super::{Account, moved};
use crate::compare::Outcome;
use crate::distinct::rank;
use crate::watch::CusumPolicy;

impl Account {
    /// Parity takes a comparison, unless it has taken it before as no better.
    pub(super) fn watches(&mut self, outcome: Outcome, before: Option<Outcome>) {
        let known = before.is_some_and(|b| rank(b) >= rank(outcome));
        if !known && outcome != Outcome::Indeterminate && self.standing.is_some_and(|(s, _)| moved(s)) {
            self.cusum.compared(outcome == Outcome::Match, &CusumPolicy::default());
        }
    }

    /// Takes over from what this account was, before it went back to what is kept of it. Else a route would seem to move
    /// again and again, and a build that is told each time would begin parity anew with each.
    pub fn goes_on_from(&mut self, was: &Account) {
        if let Some((standing, since_ms)) = was.standing {
            self.stands(standing, since_ms);
        }
        self.rebase(was.basis.clone(), was.since_ms);
        self.barred = was.barred;
        self.cusum = was.cusum.clone();
    }
}
