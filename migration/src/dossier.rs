//! A decision to be taken elsewhere: its bundle with the score's trace, the clusters and samples it rests on, as one file.
//!
//! Invariant: [`verify`] needs nothing but the file.

use crate::account::{Gathered, Note, Point};
use crate::bundle::{self, Bundle, Cause};
use crate::compare::Cluster;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Names the format.
pub const FORMAT: &str = "banyan-evidence-1";

/// A decision and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    /// [`FORMAT`].
    pub format: String,
    /// The decision.
    pub bundle: Bundle,
    /// Which basis of the route it was, counted from 1.
    pub epoch: u64,
    /// Since when that basis counted, in milliseconds since 1970.
    pub since_ms: i64,
    /// How the counts came about.
    pub trace: Vec<Point>,
    /// What happened to the evidence.
    pub notes: Vec<Note>,
    /// The clusters of mismatches, with the verdicts of people.
    pub clusters: Vec<(Cluster, Gathered)>,
    /// Mismatches that gave no cluster for want of room, critical ones included.
    pub without_room: u64,
    /// Redacted samples.
    pub samples: Vec<Value>,
}

/// Computes the decision again; what does not fit, in sentences.
pub fn verify(dossier: &Dossier) -> Vec<String> {
    let mut doubts = Vec::new();
    if dossier.format != FORMAT {
        doubts.push(format!("the format is {:?}, this version knows {FORMAT:?}", dossier.format));
    }
    if let Err(doubt) = bundle::verify(&dossier.bundle) {
        doubts.push(doubt.to_string());
    }
    let Some(evidence) = dossier.bundle.cause.evidence() else { return doubts };
    match dossier.trace.last() {
        Some(last) if last.counts == evidence.counts => {}
        Some(_) => doubts.push("the trace of the score ends at other counts than the decision rests on".to_owned()),
        None if evidence.counts == Default::default() => {}
        None => doubts.push("the trace of the score is missing".to_owned()),
    }
    if dossier.trace.windows(2).any(|w| w.first().map(|p| p.at_ms) > w.last().map(|p| p.at_ms)) {
        doubts.push("the trace of the score goes back in time".to_owned());
    }
    if let Cause::Person { .. } = dossier.bundle.cause {
        // What a person overrode may have grown until it was kept.
        return doubts;
    }
    let open: Vec<_> = dossier.clusters.iter().filter(|(_, g)| g.is_open_under(dossier.epoch)).collect();
    let counted = u64::try_from(open.len()).unwrap_or(u64::MAX).saturating_add(dossier.without_room);
    if counted != evidence.open {
        doubts.push(format!("{} clusters were told to be open, and {counted} are", evidence.open));
    }
    if dossier.without_room == 0 && open.iter().filter(|(_, g)| g.critical).count() as u64 != evidence.open_critical {
        doubts.push("another number of critical clusters is open than was told".to_owned());
    }
    doubts
}
