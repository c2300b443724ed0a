//! Drives a census: asks both sides for everything a route can show, at a bounded rate, under one basis.
//!
//! Invariant: it goes on where it ended, under the same plan and basis; another basis ends it. Every request is asked once.
//! Not here: what the plan consists of (`banyan_migration::census`), how the sides are asked.

use super::{Evidence, Exchange};
use banyan_migration::census::{Census, Plan};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// What is asked of both sides next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'p> {
    /// Path and query; for the second and later pages of a list that of the first one.
    pub target: &'p str,
    /// Which page of that list, from 0. From 1 on each side is asked for what its own `next` names.
    pub page: u64,
    /// The instance that is asked for, if it is one.
    pub entity: Option<&'p str>,
}

/// How a sweep ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything was asked.
    Whole(Census),
    /// It was stopped; it goes on where it is.
    Stopped(Census),
    /// Rules, mappings, adapters or the modern build changed meanwhile: it begins again.
    Rebased,
}

/// Runs a sweep of that plan. `ask` asks both sides (an error: one of them could not be asked at all); `wait` waits that
/// long before the next request, and may stop the sweep.
pub fn sweep(
    evidence: &Evidence,
    route: &str,
    plan: &Plan,
    rate: f64,
    mut ask: impl FnMut(Question<'_>) -> Result<Exchange, String>,
    mut wait: impl FnMut(Duration) -> ControlFlow<()>,
) -> banyan_store::Result<Ended> {
    let now = || evidence.0.clock.now_ms();
    let hash = plan.hash();
    let done = evidence.with(route, |a| a.sweep(&hash, plan.len(), now()))?;
    // A clock that was told nonsense must not hurry.
    let between = Duration::from_secs_f64(1.0 / rate.clamp(0.01, 10_000.0));
    let census = |e: &Evidence| e.with(route, |a| a.census().unwrap_or_default());
    // Pages are followed from their first one, which is asked again where the sweep ended among them.
    for (number, question) in plan.from(done) {
        let begun = Instant::now();
        let question = Question { target: question.target, page: question.page, entity: question.entity };
        let outcome = ask(question).ok().and_then(|exchange| evidence.observe(&exchange).found);
        let stands = number < done
            || evidence.with(route, |a| {
                // The first answer may tell a build that was not known: the sweep begins with it.
                if number == 0 {
                    a.sweep(&hash, plan.len(), now());
                }
                a.swept(&hash, outcome, now())
            })?;
        if !stands {
            return Ok(Ended::Rebased);
        }
        if number + 1 < plan.len() && wait(between.saturating_sub(begun.elapsed())).is_break() {
            evidence.flush();
            return Ok(Ended::Stopped(census(evidence)?));
        }
    }
    evidence.flush();
    Ok(Ended::Whole(census(evidence)?))
}
