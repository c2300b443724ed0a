//! What a replay hears, as evidence.

use super::Asked;
use super::replay::Saw;
use crate::runtime::evidence::{Evidence, Origin, evidence_of};
use banyan_migration::compare::Outcome;
use std::sync::Arc;

/// Tells that evidence. Without any nothing counts.
pub fn to_evidence(evidence: Option<Evidence>) -> Arc<Saw> {
    Arc::new(move |exchange| {
        let Some(evidence) = &evidence else { return Asked::NotCounted };
        let outcome = evidence_of(evidence, exchange, Origin::Replay).map(|e| evidence.observe(&e));
        match outcome.filter(|o| o.counted).and_then(|o| o.found) {
            Some(Outcome::Match) => Asked::Matched,
            Some(Outcome::Mismatch) => Asked::Mismatched,
            Some(Outcome::Indeterminate) | None => Asked::NotCounted,
        }
    })
}
