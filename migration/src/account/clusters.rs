//! Mismatches gathered by place and kind, and what people say of them.
//!
//! Invariant: what is open under the present basis is never dropped to make room; what finds no room is counted, and a
//! critical one holds back like one that found it.

use crate::compare::{Cluster, Difference, Noise, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Clusters of a route at most.
const MOST: usize = 1_000;

/// What a person says of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// Modern is wrong. It stays open until modern differs no more.
    ModernBug,
    /// Legacy is wrong, and modern right: from now on it counts as equal.
    LegacyBug,
    /// It does not matter: from now on it counts as equal.
    Accepted,
}

impl Judgement {
    /// Whether such a difference counts as equal.
    pub fn accepts(self) -> bool {
        self != Judgement::ModernBug
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Judgement::ModernBug => "modern-bug",
            Judgement::LegacyBug => "legacy-bug",
            Judgement::Accepted => "accepted",
        }
    }
}

/// A verdict of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// What.
    pub verdict: Judgement,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What is known of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// Its number: samples are kept by it.
    pub number: u64,
    /// A difference of it was at a critical place.
    pub critical: bool,
    /// The basis under which it was last seen.
    pub epoch: u64,
    /// Distinct comparisons under that basis which it made a mismatch.
    pub mismatches: u64,
    /// The same that say nothing, since legacy disagrees with itself there.
    pub indeterminate: u64,
    /// All there ever were.
    pub total: u64,
    /// When it was first seen, in milliseconds since 1970.
    pub first_ms: i64,
    /// When last.
    pub last_ms: i64,
    /// What a person says of it.
    pub judged: Option<Judged>,
}

impl Gathered {
    /// Whether it is open under that basis: seen there, not accepted, not noise.
    pub fn is_open_under(&self, epoch: u64) -> bool {
        self.epoch == epoch && self.mismatches > 0 && !self.accepted()
    }

    fn accepted(&self) -> bool {
        self.judged.as_ref().is_some_and(|j| j.verdict.accepts())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Clusters {
    #[serde(with = "crate::pairs")]
    all: BTreeMap<Cluster, Gathered>,
    next: u64,
    /// Mismatches under this basis whose cluster found no room, and critical ones of these.
    overflow: u64,
    overflow_critical: u64,
}

impl Clusters {
    pub(super) fn accepts(&self, cluster: &Cluster) -> bool {
        self.all.get(cluster).is_some_and(Gathered::accepted)
    }

    /// The accepted clusters, in order.
    pub(super) fn accepted(&self) -> Vec<String> {
        self.all.iter().filter(|(_, g)| g.accepted()).map(|(c, _)| c.to_string()).collect()
    }

    /// Gathers a comparison's differences; one of each cluster is worth a sample.
    pub(super) fn gather(
        &mut self,
        found: &[Difference],
        outcome: Outcome,
        epoch: u64,
        at_ms: i64,
    ) -> Vec<(u64, Difference)> {
        let mut firsts: BTreeMap<Cluster, (bool, &Difference)> = BTreeMap::new();
        for d in found {
            firsts.entry(d.cluster()).or_insert((false, d)).0 |= d.critical;
        }
        let mut samples = Vec::new();
        for (cluster, (critical, difference)) in firsts {
            if !self.room_for(&cluster, epoch) {
                self.overflow += 1;
                self.overflow_critical += u64::from(critical && outcome == Outcome::Mismatch);
                continue;
            }
            let next = &mut self.next;
            let g = self.all.entry(cluster).or_insert_with(|| {
                *next += 1;
                let (first_ms, last_ms) = (at_ms, at_ms);
                let (critical, mismatches, indeterminate, total, judged) = (false, 0, 0, 0, None);
                Gathered { number: *next, critical, epoch, mismatches, indeterminate, total, first_ms, last_ms, judged }
            });
            if g.epoch != epoch {
                (g.epoch, g.mismatches, g.indeterminate, g.critical) = (epoch, 0, 0, false);
            }
            g.critical |= critical;
            g.total += 1;
            g.last_ms = g.last_ms.max(at_ms);
            g.first_ms = g.first_ms.min(at_ms);
            match outcome {
                Outcome::Mismatch => g.mismatches += 1,
                _ => g.indeterminate += 1,
            }
            samples.push((g.number, difference.clone()));
        }
        samples
    }

    fn room_for(&mut self, cluster: &Cluster, epoch: u64) -> bool {
        if self.all.len() < MOST || self.all.contains_key(cluster) {
            return true;
        }
        let old = self.all.iter().filter(|(_, g)| g.epoch != epoch && g.judged.is_none());
        let oldest = old.min_by_key(|(_, g)| g.last_ms).map(|(c, _)| c.clone());
        oldest.is_some_and(|c| self.all.remove(&c).is_some())
    }

    /// Noise was learned: what it explains is no mismatch.
    pub(super) fn learned(&mut self, noise: &Noise, epoch: u64) {
        for (cluster, g) in self.all.iter_mut().filter(|(_, g)| g.epoch == epoch && g.mismatches > 0) {
            if noise.holds(cluster) {
                g.indeterminate += std::mem::take(&mut g.mismatches);
            }
        }
    }

    pub(super) fn restart(&mut self) {
        (self.overflow, self.overflow_critical) = (0, 0);
    }

    pub(super) fn judge(&mut self, number: u64, judged: Option<Judged>) -> Result<Cluster, String> {
        let found = self.all.iter_mut().find(|(_, g)| g.number == number);
        let Some((cluster, g)) = found else { return Err(format!("there is no cluster {number}")) };
        if judged.as_ref().is_some_and(|j| j.verdict.accepts()) && !cluster.may_be_accepted() {
            return Err(format!(
                "{cluster}: that modern fails cannot be accepted. Mend it: the score starts again with a new build, or by `banyan evidence restart`"
            ));
        }
        g.judged = judged;
        Ok(cluster.clone())
    }

    pub(super) fn all(&self, epoch: u64) -> Vec<(&Cluster, &Gathered)> {
        let mut all: Vec<_> = self.all.iter().collect();
        all.sort_by_key(|(_, g)| {
            (std::cmp::Reverse((g.epoch == epoch, g.is_open_under(epoch), g.critical, g.mismatches)), g.number)
        });
        all
    }

    pub(super) fn without_room(&self) -> u64 {
        self.overflow
    }

    /// How many are open, and how many of these are critical.
    pub(super) fn open(&self, epoch: u64) -> (u64, u64) {
        let open = self.all.values().filter(|g| g.is_open_under(epoch));
        let (mut all, mut critical) = (self.overflow, self.overflow_critical);
        open.for_each(|g| {
            all += 1;
            critical += u64::from(g.critical);
        });
        (all, critical)
    }

    /// Critical places where nothing can be said.
    pub(super) fn noisy_critical(&self, epoch: u64) -> Vec<&Cluster> {
        let here = self.all.iter().filter(|(_, g)| g.epoch == epoch && g.critical && g.indeterminate > 0);
        here.filter(|(_, g)| !g.accepted()).map(|(c, _)| c).collect()
    }

    pub(super) fn undecided(&self, epoch: u64) -> bool {
        self.all.values().any(|g| g.is_open_under(epoch) && g.judged.is_none() && g.mismatches < 3)
    }
}
