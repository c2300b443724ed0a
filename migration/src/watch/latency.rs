//! Whether the canary is slow: its answers against a threshold that was frozen before they came.
//!
//! The threshold is 1.1 × legacy's 95th percentile + 5 ms, so that at most one answer in twenty of an equally fast side lies
//! above it. Each slow answer doubles the score, each other one multiplies it by 0.947: 0.05 · 2 + 0.95 · 0.947 < 1, a
//! supermartingale.

use super::ALARM;
use serde::{Deserialize, Serialize};

/// Samples of legacy that a threshold needs.
pub const SAMPLES: usize = 1_000;
const SLOW: f64 = 2.0;
const FAST: f64 = 0.947;

/// A frozen threshold, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold(pub u64);

impl Threshold {
    /// From the latencies of legacy, in microseconds. `None` before there are enough.
    pub fn freeze(samples: &[u64]) -> Option<Threshold> {
        if samples.len() < SAMPLES {
            return None;
        }
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        // The smallest value that at least 95 % do not exceed.
        let p95 = *sorted.get((sorted.len() * 95).div_ceil(100).saturating_sub(1))?;
        Some(Threshold(p95.saturating_mul(11) / 10 + 5_000))
    }
}

/// The canary's answers since the threshold was frozen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Answers above it.
    pub slow: u64,
    /// The others.
    pub fast: u64,
}

impl Latency {
    /// One answer more.
    pub fn answered(&mut self, micros: u64, threshold: Threshold) {
        if micros > threshold.0 { self.slow += 1 } else { self.fast += 1 }
    }

    /// The score, as a logarithm.
    pub fn score(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "2^53 answers are not reached")]
        let (slow, fast) = (self.slow as f64, self.fast as f64);
        slow * SLOW.ln() + fast * FAST.ln()
    }

    /// Whether the route shall be rolled back.
    pub fn alarm(&self) -> bool {
        self.score() >= ALARM.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_needs_its_samples() {
        assert_eq!(Threshold::freeze(&vec![1_000; 999]), None);
        let samples: Vec<u64> = (1..=1_000).map(|n| n * 1_000).collect();
        assert_eq!(Threshold::freeze(&samples), Some(Threshold(950_000 * 11 / 10 + 5_000)));
    }

    #[test]
    fn ten_slow_answers_bring_it_back_and_a_fast_one_in_between_does_not() {
        let threshold = Threshold(1_000);
        let mut latency = Latency::default();
        (0..9).for_each(|_| latency.answered(2_000, threshold));
        assert!(!latency.alarm());
        latency.answered(2_000, threshold);
        assert!(latency.alarm(), "2^10 > 1000");
    }
}
