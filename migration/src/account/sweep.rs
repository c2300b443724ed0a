//! A census under way: where it stands, so that it goes on after a restart.

use super::Account;
use crate::census::Census;
use crate::compare::Outcome;
use serde::{Deserialize, Serialize};

/// A sweep over everything a route can show, under one basis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// Names the plan: another set of requests is another sweep.
    pub plan: String,
    /// How far it came.
    pub census: Census,
    /// When it began, in milliseconds since 1970.
    pub begun_ms: i64,
    /// When it ended.
    pub ended_ms: Option<i64>,
}

impl Sweep {
    /// How many of its requests are done.
    pub fn done(&self) -> u64 {
        let Census { equal, open, indeterminate, failed, .. } = self.census;
        equal + open + indeterminate + failed
    }
}

impl Account {
    /// Begins a sweep, or goes on with the one of the same plan; how many requests are done already.
    pub fn sweep(&mut self, plan: &str, planned: u64, now_ms: i64) -> u64 {
        match &self.sweep {
            Some(sweep) if sweep.plan == plan && sweep.ended_ms.is_none() => sweep.done(),
            _ => {
                let census = Census { planned, ..Census::default() };
                self.sweep = Some(Sweep { plan: plan.to_owned(), census, begun_ms: now_ms, ended_ms: None });
                0
            }
        }
    }

    /// One of its requests was asked; `None`: it could not be compared. Whether the sweep still stands: a new basis ends
    /// it.
    pub fn swept(&mut self, plan: &str, outcome: Option<Outcome>, now_ms: i64) -> bool {
        let Some(sweep) = self.sweep.as_mut().filter(|s| s.plan == plan && s.ended_ms.is_none()) else { return false };
        match outcome {
            Some(Outcome::Match) => sweep.census.equal += 1,
            Some(Outcome::Mismatch) => sweep.census.open += 1,
            Some(Outcome::Indeterminate) => sweep.census.indeterminate += 1,
            None => sweep.census.failed += 1,
        }
        if sweep.done() >= sweep.census.planned {
            sweep.ended_ms = Some(now_ms);
        }
        true
    }
}
