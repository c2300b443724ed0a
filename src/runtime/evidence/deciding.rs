//! Evidence where routes are moved: it judges a person's step, and takes the steps that a route takes by itself.
//!
//! Invariant: a step that evidence takes is journaled like any other, and its bundle is kept. A way back needs the journal
//! alone: that its bundle cannot be kept does not stop it.

use super::Evidence;
use crate::runtime::routes::{Judge, Refused, Route, Routes, Standings, gives_to_modern, needs_evidence};
use banyan_migration::bundle::{Cause, Stood};
use banyan_migration::gate::Verdict;
use banyan_migration::stage::{Stage, Standing};
use std::sync::PoisonError;

/// Judges by the evidence there is.
pub struct EvidenceJudge {
    evidence: Evidence,
    now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl EvidenceJudge {
    /// By that evidence.
    pub fn new(evidence: Evidence) -> EvidenceJudge {
        let clock = evidence.0.clock.clone();
        EvidenceJudge { evidence, now_ms: Box::new(move || clock.now_ms()) }
    }
}

impl Judge for EvidenceJudge {
    fn judge(&self, route: &Route, from: Standing, to: Standing) -> Result<Cause, Vec<String>> {
        if !needs_evidence(route, from, to) {
            return match self.evidence.untried(route, from, to) {
                Some(why) => Err(vec![why]),
                None => Ok(Cause::person()),
            };
        }
        let info = self.evidence.info(&route.name);
        let info = info.ok_or_else(|| vec![Verdict::Insufficient.told()])?;
        self.evidence.cause(&info, (self.now_ms)())
    }

    fn stood(&self, route: &Route) -> Option<Stood> {
        self.evidence.stood(&*self.evidence.info(&route.name)?)
    }
}

impl Evidence {
    /// Of a write nothing can be compared. What its canary shows is that modern answers, and not only with failures. `None`:
    /// it does, or that is not asked yet.
    fn untried(&self, route: &Route, from: Standing, to: Standing) -> Option<String> {
        if from.stage != Stage::Canary || !gives_to_modern(from, to) {
            return None;
        }
        let watch = self.0.watch(&route.name);
        let watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = watch.answers_of_modern();
        let failed: u64 = watch.failures.runs.iter().map(|run| run.modern).sum();
        match answers {
            0 => Some("modern answered no request of it since its last step: wait for some".to_owned()),
            _ if failed >= answers => {
                Some(format!("modern failed each of the {answers} it was given since the last step"))
            }
            _ => None,
        }
    }
}

/// Takes the steps that are due now. To be called every second or so.
pub fn decide(evidence: &Evidence, routes: &Routes, standings: &Standings) {
    let now_ms = evidence.0.clock.now_ms();
    for route in &routes.all {
        let Some(info) = evidence.info(&route.name) else { continue };
        let Some(bundle) = evidence.due(&info, route.standing(), now_ms) else { continue };
        match standings.apply(route, &bundle) {
            Ok(_) => {
                if let Err(e) = evidence.keep(&bundle) {
                    tracing::error!(route = route.name, "the bundle of a decision could not be kept: {e}");
                }
                let _ = evidence.moved(&route.name, route.standing(), now_ms);
            }
            // Whoever holds it back says so; this is asked twice a second.
            Err(Refused::Held(_)) => {}
            Err(e) => tracing::warn!(route = route.name, "a step that is due could not be taken: {e}"),
        }
    }
}
