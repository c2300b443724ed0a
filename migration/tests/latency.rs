//! The stated error rate of the watch over latency: an equal side is sent back with probability 1/1000 at most, although the
//! threshold is an estimate, whatever the tail, and however long it lasts; a side that is really slow is found, from the
//! beginning or after a long good time. Histories are seeded.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use banyan_migration::watch::{ALARM, Latency, SAMPLES, Threshold, martingale, share};

const HISTORIES: u64 = 5_000;

/// Answers of modern in a history.
const ANSWERS: usize = 3_000;

const TAILS: usize = 8;

/// How many quantiles make a tail.
const QUANTILES: usize = 1 << 12;

/// SplitMix64 (G. Steele, D. Lea, C. Flood 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// The inverse of the normal distribution, by bisection of its series: good to 1e-9 where it is needed.
fn normal(p: f64) -> f64 {
    let below = |x: f64| {
        // Φ by the integral's Taylor series around 0.
        let (mut term, mut sum, mut k) = (x, x, 1.0);
        while term.abs() > 1e-14 {
            term *= -x * x / (2.0 * k);
            sum += term / (2.0 * k + 1.0);
            k += 1.0;
        }
        0.5 + sum / (2.0 * std::f64::consts::PI).sqrt()
    };
    let (mut low, mut high) = (-5.0, 5.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if below(middle) < p { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// A tail by its quantiles, in microseconds; so slow that 5 ms are nothing.
fn tail(at: impl Fn(f64) -> f64) -> Vec<u64> {
    (0..QUANTILES).map(|n| (at((n as f64 + 0.5) / QUANTILES as f64) * 1e7) as u64).collect()
}

/// A probability there, and its latency.
type Quantile = Box<dyn Fn(f64) -> f64>;

fn tails() -> Vec<(&'static str, Vec<u64>)> {
    let all: [(&str, Quantile); TAILS] = [
        ("exponential", Box::new(|p| -(1.0 - p).ln())),
        ("lognormal 0.5", Box::new(|p| (0.5 * normal(p)).exp())),
        ("lognormal 1", Box::new(|p| normal(p).exp())),
        ("lognormal 2", Box::new(|p| (2.0 * normal(p)).exp())),
        ("pareto 2", Box::new(|p| (1.0 - p).powf(-0.5))),
        ("pareto 1", Box::new(|p| 1.0 / (1.0 - p))),
        // So heavy that a tenth more hardly changes how often it is exceeded.
        ("pareto 0.25", Box::new(|p| (1.0 - p).powf(-4.0))),
        // A cache that misses a little more often than one time in twenty.
        ("two values", Box::new(|p| if p < 0.949 { 1.0 } else { 50.0 })),
    ];
    all.into_iter().map(|(name, at)| (name, tail(at))).collect()
}

/// For each beginning and number of answers since then: with how many slow ones among them the route comes back.
struct Limits(Vec<Vec<u64>>);

impl Limits {
    /// For so many answers in all.
    fn new(most: usize) -> Limits {
        let of = |number: usize| limits(number, most - (number * EVERY).min(most));
        Limits((0..=most / EVERY).map(of).collect())
    }

    /// What `Latency::alarm` says, at a hundredth of its cost.
    fn alarm(&self, latency: &Latency) -> bool {
        let reached = |number: usize, slow: u64, fast: u64| self.0[number][(slow + fast) as usize] <= slow;
        let alarm = |s: &banyan_migration::watch::Since| reached(s.number as usize, s.slow, s.fast);
        reached(0, latency.slow, latency.fast) || latency.later().iter().any(alarm)
    }
}

/// A score begins after so many answers.
const EVERY: usize = 100;

fn limits(number: usize, most: usize) -> Vec<u64> {
    let mut slow = 0;
    let enough = ALARM.ln() - share(number as u64).ln();
    let limit = |n: u64| {
        while slow <= n && martingale(slow, n - slow) < enough {
            slow += 1;
        }
        slow
    };
    (0..=most as u64).map(limit).collect()
}

/// After how many answers a modern side comes back that is so many times as slow as legacy; `None`: it does not.
fn came_back(draw: &mut Draw, tail: &[u64], times: f64, limits: &Limits) -> Option<usize> {
    came_back_above(draw, tail, (0, times, ANSWERS), &|l| limits.alarm(l), |samples| {
        Threshold::freeze(samples).unwrap()
    })
}

/// The same where it is as fast at first. Falsely: before it was slow.
fn came_back_above(
    draw: &mut Draw,
    tail: &[u64],
    (good, times, answers): (usize, f64, usize),
    alarm: &dyn Fn(&Latency) -> bool,
    freeze: impl Fn(&[u64]) -> Threshold,
) -> Option<usize> {
    let mut took = || tail[(draw.next() >> 52) as usize];
    let samples: Vec<u64> = (0..SAMPLES).map(|_| took()).collect();
    let threshold = freeze(&samples);
    let mut latency = Latency::default();
    (1..=answers).find(|n| {
        let micros = (took() as f64 * if *n > good { times } else { 1.0 }) as u64;
        latency.answered(micros, threshold);
        // No score grows with an answer that is not slow.
        micros > threshold.0 && alarm(&latency)
    })
}

/// The limits of a probability of which `k` of `n` were seen (C. Clopper, E. Pearson 1934), at 95 %.
fn clopper_pearson(k: u64, n: u64) -> (f64, f64) {
    // P(X <= k) for a small k.
    let at_most = |k: u64, p: f64| {
        let mut term = n as f64 * (1.0 - p).ln();
        let mut sum = term.exp();
        for i in 1..=k {
            term += ((n - i + 1) as f64 / i as f64 * p / (1.0 - p)).ln();
            sum += term.exp();
        }
        sum
    };
    let bisect = |below: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (1e-12, 0.5);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if below(middle) { low = middle } else { high = middle }
        }
        low
    };
    let low = if k == 0 { 0.0 } else { bisect(&|p| 1.0 - at_most(k - 1, p) < 0.025) };
    (low, bisect(&|p| at_most(k, p) > 0.025))
}

#[test]
fn an_equal_side_is_hardly_ever_sent_back_whatever_the_tail() {
    let limits = Limits::new(ANSWERS);
    let mut all = 0;
    for (n, (name, tail)) in tails().iter().enumerate() {
        let history = |h: u64| Draw(h.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n as u64) << 57);
        let back = (0..HISTORIES).filter(|h| came_back(&mut history(*h), tail, 1.0, &limits).is_some()).count() as u64;
        let (low, high) = clopper_pearson(back, HISTORIES);
        println!("{name}: {back} of {HISTORIES} came back falsely: {low:.5} to {high:.5}");
        assert!(low <= 1.0 / ALARM, "{name}: {back} of {HISTORIES}");
        all += back;
    }
    let (_, high) = clopper_pearson(all, TAILS as u64 * HISTORIES);
    assert!(high <= 1.0 / ALARM, "{all} of all: up to {high}");
    // The same with the bare percentile, so that it is seen that these histories can alarm at all.
    let bare = |samples: &[u64]| {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        Threshold(sorted[950])
    };
    let (_, tail) = &tails()[2];
    let back =
        |h: &u64| came_back_above(&mut Draw(h << 20), tail, (0, 1.0, ANSWERS), &|l| limits.alarm(l), bare).is_some();
    let back = (0..2 * HISTORIES).filter(back).count() as u64;
    let (low, high) = clopper_pearson(back, 2 * HISTORIES);
    println!("without the tenth and the 5 ms: {back} of {} came back: {low:.5} to {high:.5}", 2 * HISTORIES);
    assert!(back > 0 && low <= 1.0 / ALARM, "{back}");
}

/// The probability that a score that begins so reaches 1,000 within so many answers, where the threshold is the percentile
/// itself, without its tenth and its 5 ms.
fn at_worst(number: usize, answers: usize) -> f64 {
    let mut with = vec![0.0; 1_000];
    with[0] = 1.0;
    let mut back = 0.0;
    for (n, limit) in limits(number, answers).iter().enumerate().skip(1) {
        for slow in (0..with.len() - 1).rev() {
            let next = (50.0 + slow as f64) / (1_001.0 + (n - 1) as f64);
            with[slow + 1] += with[slow] * next;
            with[slow] *= 1.0 - next;
            // What came from below was moved up already: each place is left before it is entered.
        }
        for gone in with.iter_mut().skip(*limit as usize) {
            back += std::mem::take(gone);
        }
    }
    back
}

/// Not drawn but computed: the worst there is. Whichever scores are kept, one of them reaches 1,000 at most as often as all
/// together do.
#[test]
fn at_worst_it_is_less_than_one_in_a_thousand() {
    const COMPUTED: usize = 8;
    let mut sum = 0.0;
    for number in 0..COMPUTED {
        let back = at_worst(number, 10_000);
        assert!(back > 0.0 && back <= share(number as u64) / ALARM, "{number}: {back}");
        sum += back;
    }
    // The others by their shares, which is more than it comes to; for ever.
    let rest = (COMPUTED..1_000_000).map(|n| share(n as u64)).sum::<f64>() / ALARM;
    println!("{sum:.6} for the first {COMPUTED}, {rest:.6} at most for all others: {:.6}", sum + rest);
    assert!(sum + rest < 1.0 / ALARM, "{sum} and {rest}");
    assert!(sum > 0.0006, "{sum}: that is no bound that is used");
}

/// Long histories: as many beginnings as there are kept, and more.
#[test]
fn an_equal_side_is_not_sent_back_however_long_it_lasts() {
    const LONG: usize = 20_000;
    let limits = Limits::new(LONG);
    let (_, tail) = &tails()[2];
    let bare = |samples: &[u64]| {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        Threshold(sorted[950])
    };
    let back =
        |h: &u64| came_back_above(&mut Draw(h << 21), tail, (0, 1.0, LONG), &|l| limits.alarm(l), bare).is_some();
    let back = (0..HISTORIES).filter(back).count() as u64;
    let (low, high) = clopper_pearson(back, HISTORIES);
    println!("{LONG} answers, the bare percentile: {back} of {HISTORIES} came back: {low:.5} to {high:.5}");
    assert!(low <= 1.0 / ALARM, "{back}");
}

/// A good time is no credit: what becomes slow after 10,000 good answers comes back.
#[test]
fn a_side_that_becomes_slow_after_a_long_good_time_is_found() {
    const GOOD: usize = 10_000;
    let limits = Limits::new(GOOD + ANSWERS);
    let freeze = |samples: &[u64]| Threshold::freeze(samples).unwrap();
    let first = {
        let alone = (0..=(GOOD + ANSWERS) as u64).scan(0, |slow, n| {
            while *slow <= n && martingale(*slow, n - *slow) < ALARM.ln() {
                *slow += 1;
            }
            Some(*slow)
        });
        alone.collect::<Vec<u64>>()
    };
    for n in [0, 1, 2, 4] {
        let (name, tail) = &tails()[n];
        let after = |alarm: &dyn Fn(&Latency) -> bool| {
            let found = (0..200_u64).map(|h| {
                let mut draw = Draw(h.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n as u64) << 57);
                let at = came_back_above(&mut draw, tail, (GOOD, 2.0, GOOD + ANSWERS), alarm, freeze);
                assert!(at.is_none_or(|at| at > GOOD), "{name}: falsely");
                at.map_or(usize::MAX, |at| at - GOOD)
            });
            let mut found: Vec<usize> = found.collect();
            found.sort_unstable();
            (found[100], found[179])
        };
        let (median, most) = after(&|l| limits.alarm(l));
        let (alone, _) = after(&|l| first[(l.slow + l.fast) as usize] <= l.slow);
        println!("{name}, twice as slow after {GOOD}: {median} (median), {most} (nine of ten); by one score {alone}");
        assert!(most < 600 && alone > 2 * median, "{name}: {median}, {most}, {alone}");
    }
}

#[test]
fn a_side_that_is_really_slow_is_found() {
    let limits = Limits::new(ANSWERS);
    // The share that is found when answers take half as long again, and twice as long. Of the heaviest tails a threshold at
    // the 95th percentile sees next to nothing: nearly as many answers lie above twice the percentile as above it.
    let found = [(0.99, 1.0), (0.99, 1.0), (0.95, 1.0), (0.0, 0.2), (0.9, 1.0), (0.0, 0.5), (0.0, 0.0), (0.3, 0.3)];
    for (n, ((name, tail), (half, twice))) in tails().iter().zip(found).enumerate() {
        for (times, wanted) in [(1.5, half), (2.0, twice)] {
            let mut after: Vec<usize> = Vec::new();
            for h in 0..500_u64 {
                let mut draw = Draw(h.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n as u64) << 57);
                after.extend(came_back(&mut draw, tail, times, &limits));
            }
            after.sort_unstable();
            let share = after.len() as f64 / 500.0;
            let (median, most) = (after.get(250), after.get(449));
            println!("{name}, {times} times as slow: {share} after {median:?} (median), {most:?} (nine of ten)");
            assert!(share >= wanted, "{name}, {times} times as slow: {share}");
        }
    }
}
