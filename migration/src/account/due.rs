//! What would be done with a route now, if nobody but the evidence decides.
//!
//! Invariant: whatever holds a person's promotion back holds this one back too; a route that came back goes forward again
//! only after something changed, so that it never swings.

use super::Account;
use crate::bundle::Cause;
use crate::coverage::Wanted;
use crate::gate::Verdict;
use crate::ramp;
use crate::score::Policy;
use crate::stage::{Stage, Standing};
use crate::sticky::Weight;
use crate::watch::{CusumPolicy, Watch};

/// A route stays this long where it is before it goes further by itself, where its configuration says nothing else: an
/// hour, in milliseconds.
pub const DWELL_MS: i64 = 3_600_000;

/// In canary modern must have answered so often since the last step: the watches need something to see.
pub const ENOUGH_ANSWERS: u64 = 100;

/// What a route does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autos {
    /// It goes forward.
    pub promote: bool,
    /// It comes back.
    pub rollback: bool,
    /// How long it stays where it is before it goes further, in milliseconds.
    pub dwell_ms: i64,
    /// The share its canary begins with.
    pub first: Weight,
    /// Nothing of it can be mirrored.
    pub writes_only: bool,
}

/// A step, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Where to.
    pub to: Standing,
    /// What it rests on.
    pub cause: Cause,
    /// Why, in words.
    pub reason: String,
}

/// The step that is due now, if any. `account` knows where the route stands ([`Account::stands`]).
pub fn due(
    account: &Account,
    watch: &Watch,
    policy: &Policy,
    wanted: &Wanted,
    autos: Autos,
    now_ms: i64,
) -> Option<Due> {
    let (standing, since_ms) = account.standing?;
    if let Some(to) = ramp::back(standing, autos.writes_only).filter(|_| autos.rollback)
        && let Some((cause, reason)) = alarm(account, watch, standing)
    {
        return Some(Due { to, cause, reason });
    }
    let waited = now_ms.saturating_sub(since_ms) >= autos.dwell_ms;
    let seen = standing.stage != Stage::Canary || watch.answers_of_modern() >= ENOUGH_ANSWERS;
    if !autos.promote || account.barred || !waited || !seen {
        return None;
    }
    let to = ramp::next(standing, autos.first)?;
    match account.verdict(policy, wanted, now_ms) {
        Verdict::Promote(ground) => {
            let evidence = account.evidence(wanted);
            let score = evidence.counts.score(policy);
            let reason = Verdict::Promote(ground).told();
            Some(Due { to, cause: Cause::Evidence { ground, evidence, policy: *policy, score }, reason })
        }
        _ => None,
    }
}

fn alarm(account: &Account, watch: &Watch, standing: Standing) -> Option<(Cause, String)> {
    if standing.stage == Stage::Canary && watch.failures.alarm() {
        let (failures, scores) = (watch.failures.clone(), watch.failures.scores());
        return Some((Cause::Failures { failures, scores }, "modern fails more often than legacy".to_owned()));
    }
    let policy = CusumPolicy::default();
    if account.cusum.alarm(&policy) {
        let cause = Cause::Parity { cusum: account.cusum.clone(), policy };
        return Some((cause, "the answers of the two sides differ more than they did".to_owned()));
    }
    match watch.threshold {
        Some(threshold) if watch.latency.alarm() => {
            let (latency, score) = (watch.latency.clone(), watch.latency.score());
            let limit = threshold.0 / 1_000;
            Some((Cause::Latency { latency, threshold, score }, format!("modern is slow: too often above {limit} ms")))
        }
        _ => None,
    }
}
