//! The stated error rates, against 5,000 simulated histories each. Histories are seeded: a run repeats exactly.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use banyan_migration::score::{Counts, Policy};
use banyan_migration::sticky::Weight;
use banyan_migration::watch::{Cusum, CusumPolicy, Failures};

const HISTORIES: u64 = 5_000;

/// SplitMix64 (G. Steele, D. Lea, C. Flood 2014): small, seeded, good enough to draw histories.
struct Draw(u64);

impl Draw {
    fn history(n: u64) -> Draw {
        Draw(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xB5AD_4ECE_DA1C_E2A9)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn happens(&mut self, probability: f64) -> bool {
        #[allow(clippy::cast_precision_loss)]
        let drawn = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < probability
    }
}

/// How many histories end so, and the greatest number that a probability of `at_most` allows: its mean and 3.1 standard
/// deviations of a binomial (one in a thousand).
#[allow(clippy::cast_precision_loss)]
fn allowed(at_most: f64) -> f64 {
    let n = HISTORIES as f64;
    n * at_most + 3.1 * (n * at_most * (1.0 - at_most)).sqrt()
}

#[allow(clippy::cast_precision_loss)]
fn count(end: impl Fn(&mut Draw) -> bool) -> f64 {
    (0..HISTORIES).filter(|n| end(&mut Draw::history(*n))).count() as f64
}

fn ever_promoted(draw: &mut Draw, parity: f64, most: u32) -> bool {
    let policy = Policy::default();
    let (threshold, up, down) = (policy.threshold(), policy.per_match(), policy.per_mismatch());
    let mut score = 0.0;
    for _ in 0..most {
        score += if draw.happens(parity) { up } else { down };
        // Looked at after every single comparison.
        if score >= threshold {
            return true;
        }
    }
    false
}

#[test]
fn a_route_at_the_parity_that_must_not_pass_is_hardly_ever_promoted() {
    let promoted = count(|draw| ever_promoted(draw, 0.995, 20_000));
    assert!(promoted <= allowed(0.01), "{promoted} of {HISTORIES}");
    let worse = count(|draw| ever_promoted(draw, 0.99, 20_000));
    assert!(worse <= allowed(0.01), "{worse} of {HISTORIES}");
}

#[test]
fn a_good_route_is_promoted() {
    let promoted = count(|draw| ever_promoted(draw, 0.9995, 20_000));
    assert!(promoted >= 0.99 * 5_000.0, "{promoted} of {HISTORIES}");
}

/// Why the score is needed: "at least 99.5 % after 500 comparisons", looked at after each, promotes nearly all of them.
#[test]
fn the_naive_rule_promotes_nearly_every_bad_route() {
    let promoted = count(|draw| {
        let mut matches = 0_u32;
        (1..=20_000_u32).any(|n| {
            matches += u32::from(draw.happens(0.995));
            n >= 500 && f64::from(matches) >= 0.995 * f64::from(n)
        })
    });
    assert!(promoted >= 0.95 * 5_000.0, "{promoted} of {HISTORIES}");
}

#[test]
fn the_running_score_is_the_one_of_the_counts() {
    let policy = Policy::default();
    let mut draw = Draw::history(7);
    let mut counts = Counts::default();
    let mut score = 0.0;
    for _ in 0..5_000 {
        if draw.happens(0.99) {
            counts.matches += 1;
            score += policy.per_match();
        } else {
            counts.mismatches += 1;
            score += policy.per_mismatch();
        }
    }
    assert!((counts.score(&policy) - score).abs() < 1e-6);
}

fn rolled_back_for_failures(draw: &mut Draw, share: f64, weight: Weight) -> bool {
    let mut failures = Failures::default();
    for _ in 0..600 {
        failures.failed(draw.happens(share), weight);
        if failures.alarm() {
            return true;
        }
    }
    false
}

#[test]
fn failures_roll_back_a_bad_canary_and_not_a_fair_one() {
    for (text, w) in [("5%", 0.05), ("25%", 0.25), ("50%", 0.5)] {
        let weight: Weight = text.parse().unwrap();
        // Two scores, each a martingale: one of them alarms falsely with probability 2/1000 at most.
        let false_alarms = count(|draw| rolled_back_for_failures(draw, w, weight));
        assert!(false_alarms <= allowed(0.002), "{text}: {false_alarms} of {HISTORIES}");
        let tripled = 3.0 * w / (1.0 - w + 3.0 * w);
        let found = count(|draw| rolled_back_for_failures(draw, tripled, weight));
        assert!(found >= 0.99 * 5_000.0, "{text}: {found} of {HISTORIES}");
    }
}

#[test]
fn parity_that_falls_after_promotion_is_noticed_soon_whatever_the_credit() {
    let policy = CusumPolicy::default();
    let mut delays = 0_u64;
    for n in 0..500 {
        let mut draw = Draw::history(n);
        let mut cusum = Cusum::default();
        (0..2_000).for_each(|_| cusum.compared(draw.happens(0.9995), &policy));
        let mut delay = 0;
        while !cusum.alarm(&policy) {
            cusum.compared(draw.happens(0.95), &policy);
            delay += 1;
        }
        delays += delay;
    }
    // 5 % of 160 comparisons are 8 mismatches.
    assert!(delays / 500 < 250, "{}", delays / 500);
}

#[test]
fn parity_that_holds_gives_few_false_alarms() {
    let policy = CusumPolicy::default();
    let mut alarms = 0_u32;
    let mut draw = Draw::history(1);
    let mut cusum = Cusum::default();
    for _ in 0..5_000_000 {
        cusum.compared(draw.happens(0.999), &policy);
        if cusum.alarm(&policy) {
            alarms += 1;
            cusum = Cusum::default();
        }
    }
    // One in 100,000 comparisons at most, so 50 of five million, and chance.
    assert!(alarms <= 50 + 22, "{alarms}");
}
