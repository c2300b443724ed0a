//! Places where the legacy side disagrees with itself.
//!
//! For a small share of requests legacy is asked twice, around modern. Where the two legacy answers differ, a difference
//! between legacy and modern says nothing.
//! Invariant: noise never turns a difference elsewhere into a match.

use super::{Compared, Difference};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Clusters kept at most; a legacy that is noisier than this cannot be compared, and says so by the indeterminate share.
const MOST: usize = 1_000;

/// What a comparison counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Both say the same.
    Match,
    /// They differ.
    Mismatch,
    /// They differ only where legacy disagrees with itself.
    Indeterminate,
}

/// Clusters where legacy was seen to disagree with itself, and when last (milliseconds since 1970).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noise {
    seen: BTreeMap<String, i64>,
}

impl Noise {
    /// Learns from two answers of legacy to one request.
    pub fn learn(&mut self, twice: &Compared, now_ms: i64) {
        for difference in &twice.differences {
            if self.seen.len() < MOST || self.seen.contains_key(&difference.cluster) {
                self.seen.insert(difference.cluster.clone(), now_ms);
            }
        }
    }

    /// Forgets what was last seen before then: a noise that ended must not hide differences.
    pub fn forget_before(&mut self, then_ms: i64) {
        self.seen.retain(|_, at| *at >= then_ms);
    }

    /// The noisy clusters.
    pub fn clusters(&self) -> impl Iterator<Item = &str> {
        self.seen.keys().map(String::as_str)
    }

    /// What a comparison of legacy and modern counts as, and the differences that made it so.
    pub fn judge(&self, compared: &Compared) -> (Outcome, Vec<Difference>) {
        if compared.is_equal() {
            return (Outcome::Match, Vec::new());
        }
        let noisy = |d: &Difference| self.seen.keys().any(|c| covers(c, &d.cluster));
        let plain: Vec<Difference> = compared.differences.iter().filter(|d| !noisy(d)).cloned().collect();
        let all_kept = u64::try_from(compared.differences.len()).is_ok_and(|n| n == compared.count);
        match plain.is_empty() {
            // Differences that were not kept might lie anywhere.
            true if all_kept => (Outcome::Indeterminate, compared.differences.clone()),
            true => (Outcome::Mismatch, compared.differences.clone()),
            false => (Outcome::Mismatch, plain),
        }
    }
}

/// Whether noise at `noisy` explains a difference at `cluster`: there, or within.
fn covers(noisy: &str, cluster: &str) -> bool {
    cluster == noisy || cluster.strip_prefix(noisy).is_some_and(|rest| rest.starts_with('/') && !noisy.is_empty())
}
