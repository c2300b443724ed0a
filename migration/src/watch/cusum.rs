//! Parity after promotion: Page's cumulative sum (E. S. Page 1954).
//!
//! The promotion score banks credit: after a million matches it would take thousands of mismatches to notice that a route
//! broke. This sum never falls below zero, so that it starts afresh at every moment.
//! Invariant: while parity is p1 or better an alarm comes, on average, after e^limit comparisons at the earliest (G. Lorden
//! 1971).

use crate::score::Policy;
use serde::{Deserialize, Serialize};

/// When an alarm is given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CusumPolicy {
    /// The parities; its alpha is not used.
    pub parity: Policy,
    /// The mean number of comparisons until a false alarm, at least.
    pub between_false_alarms: f64,
}

impl Default for CusumPolicy {
    fn default() -> CusumPolicy {
        CusumPolicy { parity: Policy::default(), between_false_alarms: 100_000.0 }
    }
}

impl CusumPolicy {
    fn limit(&self) -> f64 {
        self.between_false_alarms.ln()
    }
}

/// The sum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    /// Where it stands.
    pub sum: f64,
    /// What happened since it was last zero, as runs: matches, then mismatches. Enough to compute it again.
    pub since_zero: Vec<(u64, u64)>,
}

impl Cusum {
    /// One comparison more.
    pub fn compared(&mut self, matched: bool, policy: &CusumPolicy) {
        let step = if matched { -policy.parity.per_match() } else { -policy.parity.per_mismatch() };
        self.sum = (self.sum + step).max(0.0);
        if self.sum == 0.0 {
            self.since_zero.clear();
            return;
        }
        match (self.since_zero.last_mut(), matched) {
            (Some((matches, 0)), true) => *matches += 1,
            (Some((_, mismatches)), false) => *mismatches += 1,
            (_, true) => self.since_zero.push((1, 0)),
            (None, false) => self.since_zero.push((0, 1)),
        }
    }

    /// Whether the route shall be rolled back.
    pub fn alarm(&self, policy: &CusumPolicy) -> bool {
        self.sum >= policy.limit()
    }

    /// The sum that those runs make.
    pub fn recomputed(&self, policy: &CusumPolicy) -> f64 {
        let mut again = Cusum::default();
        for (matches, mismatches) in &self.since_zero {
            (0..*matches).for_each(|_| again.compared(true, policy));
            (0..*mismatches).for_each(|_| again.compared(false, policy));
        }
        again.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_is_not_banked() {
        let policy = CusumPolicy::default();
        let mut cusum = Cusum::default();
        (0..1_000_000).for_each(|_| cusum.compared(true, &policy));
        assert_eq!(cusum, Cusum::default());
        let mut n = 0;
        while !cusum.alarm(&policy) {
            cusum.compared(false, &policy);
            n += 1;
        }
        assert_eq!(n, 8, "ln 100,000 / 1.609, and one for the fraction");
        assert!((cusum.recomputed(&policy) - cusum.sum).abs() < 1e-9);
    }
}
