//! Failures alone tell whether the canary fails more often: where it carries a share w and nothing is wrong, a failure
//! comes from it with probability w.
//!
//! Against failing f times as often the share would be q = f·w / (1 − w + f·w): each canary failure multiplies the score by
//! q/w, each legacy failure by (1−q)/(1−w). Two factors are watched: 3, which sees a break at once, and 1.5, which catches
//! the slow drift.
//! Invariant: requests that succeed change nothing, so the score needs no denominator that could be measured wrongly.

use super::ALARM;
use crate::sticky::Weight;
use serde::{Deserialize, Serialize};

const FACTORS: [f64; 2] = [3.0, 1.5];

/// Failures that happened while the weight was the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The canary's share.
    pub weight: Weight,
    /// Failures of requests that modern answered.
    pub modern: u64,
    /// Failures of requests that legacy answered.
    pub legacy: u64,
}

/// Failures since the watch began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// One run for each weight there was: the score is a sum, so their order says nothing.
    pub runs: Vec<Run>,
}

impl Failures {
    /// A request failed while the canary carried `weight`. At no or full weight a failure tells nothing.
    pub fn failed(&mut self, modern: bool, weight: Weight) {
        if weight == Weight::NONE || weight == Weight::ALL {
            return;
        }
        let at = self.runs.iter().position(|r| r.weight == weight).unwrap_or_else(|| {
            self.runs.push(Run { weight, modern: 0, legacy: 0 });
            self.runs.len() - 1
        });
        if let Some(run) = self.runs.get_mut(at) {
            if modern { run.modern += 1 } else { run.legacy += 1 }
        }
    }

    /// The scores against each factor, as logarithms.
    pub fn scores(&self) -> [f64; 2] {
        FACTORS.map(|factor| self.runs.iter().map(|run| logarithm(run, factor)).sum())
    }

    /// Whether the route shall be rolled back.
    pub fn alarm(&self) -> bool {
        self.scores().iter().any(|s| *s >= ALARM.ln())
    }
}

fn logarithm(run: &Run, factor: f64) -> f64 {
    let w = run.weight.fraction();
    let q = factor * w / (1.0 - w + factor * w);
    #[allow(clippy::cast_precision_loss, reason = "2^53 failures are not reached")]
    let (modern, legacy) = (run.modern as f64, run.legacy as f64);
    modern * (q / w).ln() + legacy * ((1.0 - q) / (1.0 - w)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_the_canary_alone_bring_it_back() {
        let weight: Weight = "5%".parse().unwrap();
        let mut failures = Failures::default();
        let mut n = 0;
        while !failures.alarm() {
            failures.failed(true, weight);
            n += 1;
        }
        // ln 1000 / ln(q/w) with q = 0.15/1.1: a handful.
        assert_eq!(n, 7);
        let mut fair = Failures::default();
        for n in 0..2_000 {
            fair.failed(n % 20 == 0, weight);
        }
        assert!(!fair.alarm());
    }

    #[test]
    fn at_no_or_full_share_failures_tell_nothing() {
        let mut failures = Failures::default();
        for weight in [Weight::NONE, Weight::ALL] {
            (0..100).for_each(|_| failures.failed(true, weight));
        }
        assert_eq!(failures, Failures::default());
    }
}
