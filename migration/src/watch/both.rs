//! What the request path tells of a route: who answered, whether that failed, how long it took.
//!
//! Invariant: it is small, and taking an answer costs a few additions: it is done on the request path.

use super::{Failures, Latency, SAMPLES, Threshold};
use crate::stage::Side;
use crate::sticky::Weight;
use serde::{Deserialize, Serialize};

/// Days of calls kept.
const DAYS: usize = 8;

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What the request path told of a route since it last moved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watch {
    /// Failures of both sides.
    pub failures: Failures,
    /// Answers of modern against the threshold.
    pub latency: Latency,
    /// The threshold, once it is frozen.
    pub threshold: Option<Threshold>,
    /// Latencies of legacy until then, in microseconds.
    samples: Vec<u64>,
    /// Answers of legacy and of modern, failed ones included.
    answers: [u64; 2],
    /// What legacy was asked, by day since 1970, oldest first.
    days: Vec<(i64, u64)>,
    /// Something was added since it was last kept.
    #[serde(skip)]
    changed: bool,
}

impl Watch {
    /// A side answered a request while the canary carried `weight`; not a mirrored one.
    pub fn answered(&mut self, side: Side, failed: bool, micros: u64, weight: Weight, now_ms: i64) {
        self.changed = true;
        let modern = side == Side::Modern;
        if let Some(n) = self.answers.get_mut(usize::from(modern)) {
            *n += 1;
        }
        if failed {
            self.failures.failed(modern, self.share(weight));
        }
        if !modern {
            self.asked_legacy(now_ms);
            self.legacy_took(micros);
            return;
        }
        // Failed ones count on both sides, by how long they took: left out on one of them the two were not alike.
        if let Some(threshold) = self.threshold {
            self.latency.answered(micros, threshold);
        }
    }

    /// The canary's share of what was asked, in whole percents, rounded up; its weight where that is more. Callers are
    /// chosen, not requests: one busy caller may bring far more than the weight says, and its failures then say less.
    fn share(&self, weight: Weight) -> Weight {
        let [legacy, modern] = self.answers;
        if weight == Weight::NONE || weight == Weight::ALL {
            return weight;
        }
        let percent = modern.saturating_mul(100).div_ceil((legacy + modern).max(1)).min(99);
        let real = u32::try_from(percent).ok().and_then(|p| Weight::millionths(p * 10_000));
        real.map_or(weight, |r| r.max(weight))
    }

    /// Legacy answered somebody in that time: once there are enough, the threshold is frozen.
    pub fn legacy_took(&mut self, micros: u64) {
        if self.threshold.is_some() {
            return;
        }
        self.changed = true;
        self.samples.push(micros);
        if self.samples.len() >= SAMPLES {
            self.threshold = Threshold::freeze(&self.samples);
            self.samples = Vec::new();
        }
    }

    /// Legacy was asked, for a caller or beside modern.
    pub fn asked_legacy(&mut self, now_ms: i64) {
        self.changed = true;
        let today = now_ms.div_euclid(DAY_MS);
        match self.days.last_mut() {
            // A clock that went back adds to the newest day.
            Some((day, n)) if *day >= today => *n += 1,
            _ => {
                self.days.push((today, 1));
                if self.days.len() > DAYS {
                    self.days.remove(0);
                }
            }
        }
    }

    /// What legacy is still asked in a day: the mean of the last seven whole days, else what today had so far.
    pub fn legacy_a_day(&self, now_ms: i64) -> u64 {
        let today = now_ms.div_euclid(DAY_MS);
        let whole: Vec<_> = self.days.iter().filter(|(day, _)| (today - 7..today).contains(day)).collect();
        match whole.first() {
            Some((first, _)) => {
                let days = u64::try_from(today - first).unwrap_or(1).max(1);
                whole.iter().map(|(_, n)| n).sum::<u64>().div_ceil(days)
            }
            None => self.days.iter().filter(|(day, _)| *day == today).map(|(_, n)| n).sum(),
        }
    }

    /// Whether something was added since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// How often modern answered since the route last moved.
    pub fn answers_of_modern(&self) -> u64 {
        self.answers[1]
    }

    /// The route moved: what was watched before says nothing about now. The threshold stays while it is on its way, and is
    /// taken anew for each new way (`afresh`).
    pub fn begins(&mut self, afresh: bool) {
        self.changed = true;
        self.failures = Failures::default();
        self.latency = Latency::default();
        self.answers = [0; 2];
        if afresh {
            self.threshold = None;
            self.samples.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_share_counts_where_it_is_greater_than_the_weight() {
        let weight: Weight = "5%".parse().unwrap();
        let mut watch = Watch::default();
        // One busy caller of three: a third of the requests, and of the failures. Nothing is wrong.
        for n in 0..30_000 {
            let side = if n % 3 == 0 { Side::Modern } else { Side::Legacy };
            watch.answered(side, n % 50 < 3, 1_000, weight, 0);
        }
        assert!(!watch.failures.alarm(), "{:?}", watch.failures.scores());
        assert!(watch.failures.runs.len() < 100);
        // The same failures at a share that is really 5 % would be an alarm.
        let mut naive = Failures::default();
        (0..600).for_each(|n| naive.failed(n % 3 == 0, weight));
        assert!(naive.alarm());
    }

    #[test]
    fn calls_of_a_day() {
        let mut watch = Watch::default();
        for day in 0..20_i64 {
            (0..10).for_each(|_| watch.asked_legacy(day * DAY_MS + 5));
        }
        assert_eq!(watch.legacy_a_day(20 * DAY_MS), 10);
        assert_eq!(watch.legacy_a_day(40 * DAY_MS), 0);
        assert_eq!(watch.days.len(), DAYS);
    }

    #[test]
    fn the_threshold_is_frozen_once() {
        let mut watch = Watch::default();
        (0..1_000).for_each(|_| watch.legacy_took(10_000));
        assert_eq!(watch.threshold, Some(Threshold(16_000)));
        (0..1_000).for_each(|_| watch.legacy_took(90_000));
        assert_eq!(watch.threshold, Some(Threshold(16_000)));
        (0..12).for_each(|_| watch.answered(Side::Modern, false, 17_000, Weight::ALL, 0));
        assert!(watch.latency.alarm());
        watch.begins(true);
        assert_eq!((watch.threshold, watch.latency.clone()), (None, Latency::default()));
    }
}
