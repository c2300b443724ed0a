//! Places where the legacy side disagrees with itself.
//!
//! For a small share of requests legacy is asked twice, around modern. Where the two legacy answers differ, a difference of
//! the same kind between legacy and modern says nothing.
//! Invariant: noise never turns a difference elsewhere, or of another kind, into a match: a list in random order hides no
//! wrong price in it. A status is never noise: a legacy that failed once would hide a modern that fails again and again.

use super::{Cluster, Compared, Difference, Kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Clusters kept at most; a legacy that is noisier than this cannot be compared, and says so by the indeterminate share.
const MOST: usize = 1_000;

/// After so many double reads that agreed there, a place counts as quiet again: one update that came between two reads
/// must not hide differences for long.
const QUIET: u32 = 50;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// When legacy last disagreed, in milliseconds since 1970.
    at: i64,
    /// Double reads since then that agreed.
    quiet: u32,
}

/// Clusters where legacy was seen to disagree with itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noise {
    #[serde(with = "crate::pairs")]
    seen: BTreeMap<Cluster, Seen>,
}

impl Noise {
    /// Learns from two answers of legacy to one request. Tells whether a place became noisy that was not.
    pub fn learn(&mut self, twice: &Compared, now_ms: i64) -> bool {
        let disagreed: Vec<Cluster> =
            twice.differences.iter().filter(|d| d.kind != Kind::Status).map(|d| sided(d.cluster())).collect();
        self.seen.retain(|cluster, seen| {
            seen.quiet += u32::from(!disagreed.contains(cluster));
            seen.quiet < QUIET
        });
        let before = self.seen.len();
        for cluster in disagreed {
            if self.seen.len() < MOST || self.seen.contains_key(&cluster) {
                self.seen.insert(cluster, Seen { at: now_ms, quiet: 0 });
            }
        }
        self.seen.len() > before
    }

    /// Forgets what was last seen before then: a noise that ended must not hide differences.
    pub fn forget_before(&mut self, then_ms: i64) {
        self.seen.retain(|_, seen| seen.at >= then_ms);
    }

    /// The noisy places.
    pub fn clusters(&self) -> impl Iterator<Item = &str> {
        self.seen.keys().map(|c| c.at.as_str())
    }

    /// Whether differences of that cluster say nothing.
    pub fn holds(&self, cluster: &Cluster) -> bool {
        self.seen.contains_key(&sided(cluster.clone()))
    }

    /// What a comparison of legacy and modern counts as, and the differences that made it so.
    pub fn judge(&self, compared: &Compared) -> (Outcome, Vec<Difference>) {
        if compared.is_equal() {
            return (Outcome::Match, Vec::new());
        }
        let plain: Vec<Difference> =
            compared.differences.iter().filter(|d| !self.holds(&d.cluster())).cloned().collect();
        match plain.is_empty() {
            // Differences that were not kept might lie anywhere.
            true if compared.is_whole() => (Outcome::Indeterminate, compared.differences.clone()),
            true => (Outcome::Mismatch, compared.differences.clone()),
            false => (Outcome::Mismatch, plain),
        }
    }
}

/// Which of two legacy answers lacks something is chance.
fn sided(mut cluster: Cluster) -> Cluster {
    if cluster.kind == Kind::Extra {
        cluster.kind = Kind::Missing;
    }
    cluster
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(cluster: &str, kind: Kind) -> Difference {
        let at = cluster.to_owned();
        Difference { cluster: at.clone(), at, kind, legacy: None, modern: None, critical: false, personal: false }
    }

    fn compared(differences: &[(&str, Kind)]) -> Compared {
        let differences: Vec<Difference> = differences.iter().map(|(c, k)| difference(c, *k)).collect();
        Compared { count: differences.len() as u64, differences }
    }

    #[test]
    fn an_order_that_changes_hides_no_wrong_value_and_a_status_is_never_noise() {
        let mut noise = Noise::default();
        noise.learn(&compared(&[("/items", Kind::Order), ("status 200/503", Kind::Status), ("/x", Kind::Extra)]), 0);
        for (found, expected) in [
            (("/items", Kind::Order), Outcome::Indeterminate),
            (("/x", Kind::Missing), Outcome::Indeterminate),
            (("/items", Kind::Type), Outcome::Mismatch),
            (("/items/*/price", Kind::Value), Outcome::Mismatch),
            (("status 200/503", Kind::Status), Outcome::Mismatch),
        ] {
            assert_eq!(noise.judge(&compared(&[found])).0, expected, "{found:?}");
        }
    }

    #[test]
    fn a_place_that_was_quiet_for_long_is_compared_again() {
        let mut noise = Noise::default();
        let once = compared(&[("/credit", Kind::Value)]);
        assert!(noise.learn(&once, 0));
        (0..QUIET - 1).for_each(|_| assert!(!noise.learn(&compared(&[]), 1)));
        assert_eq!(noise.judge(&once).0, Outcome::Indeterminate);
        noise.learn(&compared(&[]), 2);
        assert_eq!(noise.judge(&once).0, Outcome::Mismatch);
    }
}
