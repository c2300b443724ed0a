//! Whether the canary is slow: its answers against a threshold that was frozen before they came.
//!
//! The threshold is 1.1 × legacy's 95th percentile + 5 ms. That percentile is an estimate: of 1,000 answers it is the 951st
//! in order. How often an equally fast side lies above it nobody knows; but whatever the shape of the
//! latencies, that share is distributed as Beta(50, 951), so that after s slow answers and f others the next one is slow
//! with probability (50 + s) / (1001 + s + f) at most (Pólya's urn; S. S. Wilks 1941). Against twice as many, a slow answer
//! multiplies the score by (100 + s) / (50 + s), any other one by (901 + f) / (951 + f): at first 2 and 0.947, and less as
//! they come in and tell where the threshold lies.
//! Invariant: the score is a martingale where both sides are equally fast and the threshold is that percentile itself; it
//! grows with each slow answer, so that a higher threshold makes an alarm only rarer. An equal side is sent back with
//! probability 1/1000 at most, the estimate included.
//! Not here: latencies that change with the hour. Those 1,000 answers must be like the ones that come after them.

use super::ALARM;
use serde::{Deserialize, Serialize};

/// Samples of legacy that a threshold needs.
pub const SAMPLES: usize = 1_000;
/// How many of them are not below the percentile.
const ABOVE: usize = 50;

/// A frozen threshold, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold(pub u64);

impl Threshold {
    /// From the latencies of legacy, in microseconds. `None` before there are enough.
    pub fn freeze(samples: &[u64]) -> Option<Threshold> {
        let mut sorted = samples.get(..SAMPLES)?.to_vec();
        sorted.sort_unstable();
        let p95 = *sorted.get(SAMPLES - ABOVE)?;
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
        // All factors of either kind, multiplied: what stands above and below the line cancels but for so many.
        let step = |k: f64| ((50.0 + slow + k) / (50.0 + k) * (901.0 + k) / (901.0 + fast + k)).ln();
        (0..ABOVE as u32).map(|k| step(f64::from(k))).sum()
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
        assert_eq!(Threshold::freeze(&samples), Some(Threshold(951_000 * 11 / 10 + 5_000)));
    }

    #[test]
    fn the_score_is_the_product_of_its_factors() {
        let mut latency = Latency::default();
        let mut product = 0.0;
        for n in 0..3_000_u32 {
            let (slow, fast) = (latency.slow as f64, latency.fast as f64);
            let is_slow = n % 7 == 3;
            product += if is_slow { (100.0 + slow) / (50.0 + slow) } else { (901.0 + fast) / (951.0 + fast) }.ln();
            latency.answered(u64::from(is_slow), Threshold(0));
            assert!((latency.score() - product).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn eleven_slow_answers_bring_it_back() {
        let threshold = Threshold(1_000);
        let mut latency = Latency::default();
        (0..10).for_each(|_| latency.answered(2_000, threshold));
        assert!(!latency.alarm());
        latency.answered(2_000, threshold);
        assert!(latency.alarm(), "{}", latency.score());
    }
}
