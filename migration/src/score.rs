//! What comparisons are worth: Wald's sequential probability ratio as a running score.
//!
//! Each match adds ln(p1/p0), each mismatch ln((1−p1)/(1−p0)); at ln(1/α) the route may be promoted. Under a true parity of
//! p0 or less e^score is a supermartingale that starts at 1, so by Ville's inequality it ever reaches 1/α with probability
//! at most α, however often one looks (J. Ville 1939; A. Wald 1945).
//! Invariant: the score depends on the counts alone, so anyone can compute it again.

use serde::{Deserialize, Serialize};

/// What is asked of a route before it is promoted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// p1: the parity hoped for.
    pub parity: f64,
    /// p0: the parity that must not pass.
    pub against: f64,
    /// α: how probable it may be that a route of parity p0 is ever promoted.
    pub alpha: f64,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { parity: 0.999, against: 0.995, alpha: 0.01 }
    }
}

/// Why a policy is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPolicy {
    /// The two parities.
    #[error("`parity` must be above `against`, and both between 0% and 100%, exclusive")]
    Parities,
    /// Alpha.
    #[error("`alpha` must be above 0% and below 50%")]
    Alpha,
}

impl Policy {
    /// Whether it can be used.
    pub fn check(&self) -> Result<(), NoPolicy> {
        let inside = |p: f64| p > 0.0 && p < 1.0;
        if !(inside(self.parity) && inside(self.against) && self.against < self.parity) {
            return Err(NoPolicy::Parities);
        }
        if self.alpha > 0.0 && self.alpha < 0.5 { Ok(()) } else { Err(NoPolicy::Alpha) }
    }

    /// What a match adds.
    pub fn per_match(&self) -> f64 {
        (self.parity / self.against).ln()
    }

    /// What a mismatch adds: it is negative.
    pub fn per_mismatch(&self) -> f64 {
        ((1.0 - self.parity) / (1.0 - self.against)).ln()
    }

    /// Where a route may be promoted.
    pub fn threshold(&self) -> f64 {
        -self.alpha.ln()
    }
}

/// Comparisons that counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Both said the same.
    pub matches: u64,
    /// They differed.
    pub mismatches: u64,
    /// They differed only where legacy disagrees with itself.
    pub indeterminate: u64,
}

impl Counts {
    /// The score.
    pub fn score(&self, policy: &Policy) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "2^53 comparisons are not reached")]
        let (matches, mismatches) = (self.matches as f64, self.mismatches as f64);
        matches * policy.per_match() + mismatches * policy.per_mismatch()
    }

    /// Whether the score suffices.
    pub fn suffices(&self, policy: &Policy) -> bool {
        self.score(policy) >= policy.threshold()
    }

    /// How many clean distinct comparisons are missing.
    pub fn missing(&self, policy: &Policy) -> u64 {
        let left = policy.threshold() - self.score(policy);
        if left <= 0.0 {
            return 0;
        }
        // The quotient may come out a hair under the whole number that is meant, so the answer is tried.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^53")]
        let mut n = (left / policy.per_match()).floor() as u64;
        while !(Counts { matches: self.matches + n, ..*self }).suffices(policy) {
            n += 1;
        }
        n
    }

    /// The share that could not be judged.
    pub fn indeterminate_share(&self) -> f64 {
        let all = self.matches + self.mismatches + self.indeterminate;
        #[allow(clippy::cast_precision_loss, reason = "2^53 comparisons are not reached")]
        let share = self.indeterminate as f64 / (all.max(1)) as f64;
        share
    }

    /// Wilson's interval for the parity, at 95 %; for display only, never for decisions. `None` without comparisons.
    pub fn wilson(&self) -> Option<(f64, f64)> {
        const Z: f64 = 1.959_964;
        let n = self.matches + self.mismatches;
        if n == 0 {
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "2^53 comparisons are not reached")]
        let (n, p) = (n as f64, self.matches as f64 / n as f64);
        let centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        Some(((centre - half).max(0.0), (centre + half).min(1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_rules() {
        let policy = Policy::default();
        assert!((policy.per_match() - 0.00401).abs() < 0.00001);
        assert!((policy.per_mismatch() + 1.609).abs() < 0.001);
        assert!((policy.threshold() - 4.605).abs() < 0.001);
        assert_eq!(Counts::default().missing(&policy), 1_148);
        let one_wrong = Counts { mismatches: 1, ..Counts::default() };
        assert_eq!(one_wrong.missing(&policy), 1_148 + 401);
        assert!(!Counts { matches: 1_147, ..Counts::default() }.suffices(&policy));
        assert!(Counts { matches: 1_148, ..Counts::default() }.suffices(&policy));
    }

    #[test]
    fn policies_that_are_none() {
        let with = |parity, against, alpha| Policy { parity, against, alpha }.check();
        assert_eq!(with(0.999, 0.995, 0.01), Ok(()));
        for (p1, p0) in [(0.995, 0.999), (1.0, 0.9), (0.9, 0.0), (f64::NAN, 0.5)] {
            assert_eq!(with(p1, p0, 0.01), Err(NoPolicy::Parities));
        }
        for alpha in [0.0, 0.5, f64::NAN] {
            assert_eq!(with(0.999, 0.995, alpha), Err(NoPolicy::Alpha));
        }
    }

    #[test]
    fn the_interval_holds_the_share() {
        let (low, high) = Counts { matches: 995, mismatches: 5, indeterminate: 9 }.wilson().unwrap();
        assert!(low < 0.995 && 0.995 < high && low > 0.98 && high < 0.999);
        assert_eq!(Counts::default().wilson(), None);
    }
}
