//! Which clusters together made comparisons what they are, so that noise that is learned later explains them too.
//!
//! Invariant: a comparison moves from mismatch to indeterminate when noise explains all of its differences, and never
//! back. Beyond the bound comparisons stay mismatches.

use crate::compare::{Cluster, Difference, Noise, Outcome};
use crate::distinct::{Remembered, print};
use crate::score::Counts;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Signatures of a route at most.
const MOST: usize = 1_000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Signature {
    clusters: BTreeSet<Cluster>,
    mismatches: u64,
    indeterminate: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Signatures(#[serde(with = "crate::pairs")] BTreeMap<u64, Signature>);

impl Signatures {
    /// Counts a comparison that differs; the number of its signature, 0 where it has none.
    pub(super) fn count(&mut self, outcome: Outcome, found: &[Difference], whole: bool) -> u64 {
        if !whole {
            return 0;
        }
        let clusters: BTreeSet<Cluster> = found.iter().map(Difference::cluster).collect();
        let number = number(&clusters);
        if self.0.len() >= MOST && !self.0.contains_key(&number) {
            return 0;
        }
        let signature = self.0.entry(number).or_insert_with(|| Signature { clusters, ..Signature::default() });
        match outcome {
            Outcome::Mismatch => signature.mismatches += 1,
            _ => signature.indeterminate += 1,
        }
        number
    }

    /// As what a remembered comparison counts now: noise may have explained it meanwhile.
    pub(super) fn now(&self, before: Remembered) -> Remembered {
        let explained = self.0.get(&before.signature).is_some_and(|s| s.mismatches == 0);
        match before.outcome {
            Outcome::Mismatch if explained => Remembered { outcome: Outcome::Indeterminate, ..before },
            _ => before,
        }
    }

    /// One of these counts as something else now.
    pub(super) fn uncount(&mut self, before: Remembered) {
        if let Some(signature) = self.0.get_mut(&before.signature) {
            match before.outcome {
                Outcome::Mismatch => signature.mismatches = signature.mismatches.saturating_sub(1),
                _ => signature.indeterminate = signature.indeterminate.saturating_sub(1),
            }
        }
    }

    /// The counts, after noise was learned.
    pub(super) fn learned(&mut self, noise: &Noise, mut counts: Counts) -> Counts {
        for signature in self.0.values_mut().filter(|s| s.mismatches > 0) {
            if signature.clusters.iter().all(|c| noise.holds(c)) {
                let explained = std::mem::take(&mut signature.mismatches);
                signature.indeterminate += explained;
                counts.mismatches = counts.mismatches.saturating_sub(explained);
                counts.indeterminate += explained;
            }
        }
        counts
    }
}

fn number(clusters: &BTreeSet<Cluster>) -> u64 {
    let text = clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let print = print(&text, "", "signature");
    print.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b)).max(1)
}
