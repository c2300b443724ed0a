//! The evidence of a route as it is looked at.

use super::RouteInfo;
use banyan_migration::account::{Account, Judged as Verdict, Note};
use banyan_migration::census::Census;
use banyan_migration::compare::{Cluster, Outcome};
use banyan_migration::gate::{self, Basis};
use banyan_migration::score::{Counts, Policy};
use banyan_migration::watch::{CusumPolicy, Watch};

/// Open clusters that are named where they speak against a step.
const NAMED: usize = 10;

/// The evidence of a route.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it says.
    pub verdict: gate::Verdict,
    /// The same, and the distance to a promotion, in words.
    pub told: String,
    /// What counted.
    pub counts: Counts,
    /// The score.
    pub score: f64,
    /// Where it suffices.
    pub threshold: f64,
    /// How many clean distinct comparisons are missing by the score alone.
    pub missing: u64,
    /// Wilson's interval of the parity at 95 %; for display only.
    pub parity: Option<(f64, f64)>,
    /// Why it is held back whatever the score.
    pub held: Vec<String>,
    /// Under what it was gathered.
    pub basis: Basis,
    /// Since when it counts, in milliseconds since 1970.
    pub since_ms: i64,
    /// The last comparison.
    pub last_ms: Option<i64>,
    /// Comparisons that repeated another.
    pub repeats: u64,
    /// Exchanges that could not be compared.
    pub unanswered: u64,
    /// Comparisons that did not count for want of room.
    pub overflow: u64,
    /// The sweep, if there was one.
    pub census: Option<Census>,
    /// The clusters, open ones first.
    pub clusters: Vec<ClusterLook>,
    /// Places where legacy disagrees with itself.
    pub noisy: Vec<String>,
    /// What happened to the evidence, oldest first.
    pub notes: Vec<Note>,
    /// It came back, and does not go forward by itself until something changes.
    pub barred: bool,
    /// What legacy is still asked in a day.
    pub legacy_a_day: u64,
    /// The scores of failures, as logarithms; at 6.91 the route comes back.
    pub failures: [f64; 2],
    /// The sum of parity after promotion; at 11.5 it comes back.
    pub drift: f64,
    /// Where that sum gives an alarm.
    pub drift_limit: f64,
    /// The score of latency, as a logarithm, and the frozen threshold in milliseconds.
    pub latency: Option<(f64, u64)>,
}

/// A cluster of mismatches.
#[derive(Clone, Debug)]
pub struct ClusterLook {
    /// Its number.
    pub number: u64,
    /// Where and how.
    pub cluster: Cluster,
    /// It waits: seen under this basis, neither accepted nor noise.
    pub open: bool,
    /// A difference of it was at a critical place.
    pub critical: bool,
    /// It was seen under this basis.
    pub current: bool,
    /// Distinct comparisons it made a mismatch, under the basis it was last seen under.
    pub mismatches: u64,
    /// The same that say nothing.
    pub indeterminate: u64,
    /// All there ever were.
    pub total: u64,
    /// When first and last seen, in milliseconds since 1970.
    pub seen_ms: (i64, i64),
    /// What a person says of it.
    pub judged: Option<Verdict>,
}

impl Judged {
    pub(super) fn of(route: &RouteInfo, account: &Account, watch: &Watch, now_ms: i64) -> Judged {
        let verdict = account.verdict(&route.policy, &route.wanted, now_ms);
        let counts = account.counts;
        let held = match &verdict {
            gate::Verdict::Held(reasons) => reasons.clone(),
            _ => Vec::new(),
        };
        let missing = counts.missing(&route.policy);
        Judged {
            told: told(&verdict, missing, account),
            counts,
            score: counts.score(&route.policy),
            threshold: route.policy.threshold(),
            missing,
            parity: counts.wilson(),
            held,
            basis: account.effective(),
            since_ms: account.since_ms,
            last_ms: account.last_ms,
            repeats: account.repeats,
            unanswered: account.unanswered,
            overflow: account.overflow,
            census: account.census(),
            clusters: clusters(account),
            noisy: account.noisy().map(str::to_owned).collect(),
            notes: account.notes.clone(),
            barred: account.barred,
            legacy_a_day: watch.legacy_a_day(now_ms),
            failures: watch.failures.scores(),
            drift: account.cusum.sum,
            drift_limit: CusumPolicy::default().between_false_alarms.ln(),
            latency: watch.threshold.map(|t| (watch.latency.score(), t.0 / 1_000)),
            verdict,
        }
    }
}

/// All that speaks against a promotion, in sentences, the open clusters at critical places by name.
pub(super) fn against(verdict: &gate::Verdict, account: &Account, policy: &Policy) -> Vec<String> {
    let gate::Verdict::Held(reasons) = verdict else { return vec![alone(verdict, account)] };
    let critical = account.clusters().into_iter().filter(|(_, g)| account.is_open(g) && g.critical);
    let named = critical.take(NAMED).map(|(c, g)| format!("{c} (cluster {}) is open and critical", g.number));
    let missing = account.counts.missing(policy);
    let score = (missing > 0).then(|| gate::Verdict::NotYet(missing).told());
    reasons.iter().cloned().chain(named).chain(score).collect()
}

fn alone(verdict: &gate::Verdict, account: &Account) -> String {
    match verdict {
        gate::Verdict::Insufficient if account.counts != Counts::default() => {
            "insufficient evidence: nothing was compared for a day; what was compared before waits".to_owned()
        }
        other => other.told(),
    }
}

fn told(verdict: &gate::Verdict, missing: u64, account: &Account) -> String {
    let mut told = alone(verdict, account);
    if matches!(verdict, gate::Verdict::Held(_)) && missing > 0 {
        told.push_str(&format!("; besides, {}", gate::Verdict::NotYet(missing).told()));
    }
    told
}

fn clusters(account: &Account) -> Vec<ClusterLook> {
    let looks = account.clusters().into_iter().map(|(cluster, g)| ClusterLook {
        number: g.number,
        cluster: cluster.clone(),
        open: account.is_open(g),
        critical: g.critical,
        current: g.epoch == account.epoch,
        mismatches: g.mismatches,
        indeterminate: g.indeterminate,
        total: g.total,
        seen_ms: (g.first_ms, g.last_ms),
        judged: g.judged.clone(),
    });
    looks.collect()
}

/// The word for what a comparison says.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Match => "match",
        Outcome::Mismatch => "mismatch",
        Outcome::Indeterminate => "indeterminate",
    }
}
