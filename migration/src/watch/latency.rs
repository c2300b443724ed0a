//! Whether the canary is slow: its answers against a threshold that was frozen before they came.
//!
//! The threshold is 1.1 × legacy's 95th percentile + 5 ms. That percentile is an estimate: of 1,000 answers it is the 951st
//! in order. How often an equally fast side lies above it nobody knows; but whatever the shape of the
//! latencies, that share is distributed as Beta(50, 951), so that after s slow answers and f others the next one is slow
//! with probability (50 + s) / (1001 + s + f) at most (Pólya's urn; S. S. Wilks 1941). Against twice as many, a slow answer
//! multiplies the score by (100 + s) / (50 + s), any other one by (901 + f) / (951 + f): at first 2 and 0.947, and less as
//! they come in and tell where the threshold lies.
//! A score alone banks credit: after a long good time it is far below one, and a canary that became slow would stay. So a
//! score begins with every hundredth answer, and each begins low: the first with a share of 1/2, the j-th later one with
//! 1/(2j(j+1)), which make one together. The greatest counts. Of the later ones the sixteen most promising are kept.
//! Invariant: each score is a martingale where both sides are equally fast and the threshold is that percentile itself; it
//! grows with each slow answer, so that a higher threshold makes an alarm only rarer. It reaches 1,000 with probability
//! share/1000 at most (Ville), so one of them does with 1/1000 at most, the estimate included, whichever are kept and
//! however long it lasts.
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

/// A later score begins after so many answers.
const EVERY: u64 = 100;
/// Later scores that are kept at most.
const MOST: usize = 16;

/// The canary's answers since the threshold was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Answers above it.
    pub slow: u64,
    /// The others.
    pub fast: u64,
    /// The same since later moments. `None`: it is a decision from before there were any, and the first score is the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    later: Option<Vec<Since>>,
}

impl Default for Latency {
    fn default() -> Latency {
        Latency { slow: 0, fast: 0, later: Some(Vec::new()) }
    }
}

/// Answers since a later moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// Which beginning it was, from 1.
    pub number: u64,
    /// Answers above the threshold.
    pub slow: u64,
    /// The others.
    pub fast: u64,
}

impl Since {
    /// How promising it is, by the first factors alone: cheap, and only a choice between those to keep.
    #[allow(clippy::cast_precision_loss, reason = "2^53 answers are not reached")]
    fn promises(&self) -> f64 {
        self.slow as f64 * std::f64::consts::LN_2 - self.fast as f64 * 0.054
    }
}

impl Latency {
    /// One answer more.
    pub fn answered(&mut self, micros: u64, threshold: Threshold) {
        let answers = self.slow + self.fast;
        // What was watched before there were later scores goes on with them.
        let later = self.later.get_or_insert_default();
        if answers > 0 && answers.is_multiple_of(EVERY) {
            if later.len() >= MOST {
                let worst = later.iter().enumerate().min_by(|(_, a), (_, b)| a.promises().total_cmp(&b.promises()));
                worst.map(|(at, _)| at).map(|at| later.remove(at));
            }
            later.push(Since { number: answers / EVERY, slow: 0, fast: 0 });
        }
        let slow = u64::from(micros > threshold.0);
        self.slow += slow;
        self.fast += 1 - slow;
        for since in later {
            since.slow += slow;
            since.fast += 1 - slow;
        }
    }

    /// Later moments since which answers are counted, the oldest first.
    pub fn later(&self) -> &[Since] {
        self.later.as_deref().unwrap_or_default()
    }

    /// The greatest score, as a logarithm.
    pub fn score(&self) -> f64 {
        let Some(later) = &self.later else { return martingale(self.slow, self.fast) };
        let first = share(0).ln() + martingale(self.slow, self.fast);
        later.iter().map(|s| share(s.number).ln() + martingale(s.slow, s.fast)).fold(first, f64::max)
    }

    /// Whether the route shall be rolled back.
    pub fn alarm(&self) -> bool {
        self.score() >= ALARM.ln()
    }
}

/// What the score of that beginning begins with, from 0 for the first one: all together make one.
#[allow(clippy::cast_precision_loss, reason = "2^53 beginnings are not reached")]
pub fn share(number: u64) -> f64 {
    let j = number as f64;
    if number == 0 { 0.5 } else { 0.5 / (j * (j + 1.0)) }
}

/// The score of so many answers, as a logarithm, before its share.
pub fn martingale(slow: u64, fast: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "2^53 answers are not reached")]
    let (slow, fast) = (slow as f64, fast as f64);
    // All factors of either kind, multiplied: what stands above and below the line cancels but for so many.
    let step = |k: f64| ((50.0 + slow + k) / (50.0 + k) * (901.0 + k) / (901.0 + fast + k)).ln();
    (0..ABOVE as u32).map(|k| step(f64::from(k))).sum()
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
        let (mut slow, mut fast, mut product) = (0_u32, 0_u32, 0.0);
        for n in 0..3_000_u32 {
            let (s, f) = (f64::from(slow), f64::from(fast));
            let is_slow = n % 7 == 3;
            product += if is_slow { (100.0 + s) / (50.0 + s) } else { (901.0 + f) / (951.0 + f) }.ln();
            if is_slow {
                slow += 1
            } else {
                fast += 1
            }
            assert!((martingale(slow.into(), fast.into()) - product).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn twelve_slow_answers_bring_it_back() {
        let threshold = Threshold(1_000);
        let mut latency = Latency::default();
        (0..11).for_each(|_| latency.answered(2_000, threshold));
        assert!(!latency.alarm());
        latency.answered(2_000, threshold);
        assert!(latency.alarm(), "{}", latency.score());
    }

    #[test]
    fn credit_is_not_banked() {
        let threshold = Threshold(1_000);
        let mut latency = Latency::default();
        (0..1_000_000).for_each(|_| latency.answered(500, threshold));
        let mut slow = 0;
        while !latency.alarm() {
            latency.answered(2_000, threshold);
            slow += 1;
        }
        // With the first score alone it takes this many: more than all that came before.
        let alone = (0..u64::MAX).step_by(10_000).find(|s| martingale(*s, 1_000_000) >= ALARM.ln()).unwrap();
        println!("after a million good answers {slow} slow ones in a row, {alone} without the later scores");
        assert!(slow < 60 && alone > 20_000, "{slow}, {alone}");
        assert!(latency.later().len() <= MOST);
    }

    #[test]
    fn the_shares_make_one() {
        let sum: f64 = (0..1_000_000).map(share).sum();
        assert!((0.999_999..=1.0).contains(&sum), "{sum}");
    }

    #[test]
    fn decisions_from_before_there_were_later_scores_are_computed_as_they_were() {
        let old: Latency = serde_json::from_str(r#"{"slow":11,"fast":0}"#).unwrap();
        assert!(old.alarm());
        assert!((old.score() - martingale(11, 0)).abs() < 1e-12);
        let mut goes_on = old;
        goes_on.answered(1, Threshold(1_000));
        assert!(!goes_on.alarm(), "{}", goes_on.score());
        let text = serde_json::to_string(&goes_on).unwrap();
        assert_eq!(serde_json::from_str::<Latency>(&text).unwrap(), goes_on);
    }
}
