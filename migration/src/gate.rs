//! Whether a route may be promoted, in plain words.
//!
//! Invariant: a score alone promotes nothing: an open critical mismatch, missing coverage, too much that is indeterminate,
//! or evidence gathered under another basis holds it back whatever the score. No traffic moves a route in neither
//! direction.

use crate::census::Census;
use crate::score::{Counts, Policy};
use serde::{Deserialize, Serialize};

/// A greater share of indeterminate comparisons than this holds a route back.
pub const INDETERMINATE: f64 = 0.05;

/// Under what evidence was gathered. If any of it changes, the score starts again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Hash of the comparison rules ([`crate::compare::Rules::hash`]).
    pub rules: String,
    /// Hash of where the two sides are, and how they are asked.
    #[serde(default)]
    pub sides: String,
    /// Hash of the mappings behind the legacy one.
    pub mapping: String,
    /// The adapters behind it, and their version.
    pub adapter: String,
    /// The build of the modern side, as its configured header tells; empty where it tells none.
    pub build: String,
}

impl Basis {
    /// What differs from `other`, for people.
    pub fn changed(&self, other: &Basis) -> Vec<&'static str> {
        let parts = [
            ("the comparison rules", &self.rules, &other.rules),
            ("a side's place or path", &self.sides, &other.sides),
            ("a mapping behind the legacy side", &self.mapping, &other.mapping),
            ("an adapter behind the legacy side", &self.adapter, &other.adapter),
            ("the modern build", &self.build, &other.build),
        ];
        parts.into_iter().filter(|(_, mine, theirs)| mine != theirs).map(|(name, ..)| name).collect()
    }
}

/// What is known of a route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Under what it was gathered.
    pub basis: Basis,
    /// Distinct comparisons.
    pub counts: Counts,
    /// Critical mismatches that nobody has judged, or judged as a bug of modern.
    pub open_critical: u64,
    /// Clusters of mismatches of which the same holds.
    pub open: u64,
    /// What coverage lacks ([`crate::coverage::Coverage::missing`]).
    pub uncovered: Vec<String>,
    /// The last census under this basis.
    pub census: Option<Census>,
}

impl Evidence {
    /// The evidence as it counts under `basis`: none of it, if it was gathered under another. Tells what changed.
    pub fn under(&mut self, basis: Basis) -> Vec<&'static str> {
        let changed = self.basis.changed(&basis);
        if !changed.is_empty() {
            *self = Evidence { basis, ..Evidence::default() };
        }
        changed
    }
}

/// By what a route may be promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ground {
    /// The sequential score.
    Score,
    /// A census without an open mismatch.
    Census,
}

/// What the evidence says.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It may be promoted.
    Promote(Ground),
    /// It is held back, for these reasons, whatever the score.
    Held(Vec<String>),
    /// So many clean distinct comparisons are missing.
    NotYet(u64),
    /// Nothing was compared: neither forward nor back.
    Insufficient,
}

/// Judges.
pub fn judge(evidence: &Evidence, policy: &Policy) -> Verdict {
    let Counts { matches, mismatches, indeterminate } = evidence.counts;
    // Whatever differed under this basis, in the census or beside it, is no complete census without an open mismatch.
    let clean = evidence.open == 0 && evidence.census.is_some_and(|c| c.is_clean());
    if matches + mismatches + indeterminate == 0 && !clean {
        return Verdict::Insufficient;
    }
    let mut held = Vec::new();
    if evidence.open_critical > 0 {
        held.push(format!("{} open at critical places", plural(evidence.open_critical, "mismatch", "mismatches")));
    }
    held.extend(evidence.uncovered.iter().cloned());
    if evidence.counts.indeterminate_share() > INDETERMINATE {
        let share = evidence.counts.indeterminate_share() * 100.0;
        held.push(format!(
            "{share:.1} % of the comparisons cannot be judged: legacy disagrees with itself; at most 5 % may"
        ));
    }
    if !held.is_empty() {
        return Verdict::Held(held);
    }
    if clean {
        return Verdict::Promote(Ground::Census);
    }
    match evidence.counts.missing(policy) {
        0 => Verdict::Promote(Ground::Score),
        missing => Verdict::NotYet(missing),
    }
}

impl Verdict {
    /// For people.
    pub fn told(&self) -> String {
        match self {
            Verdict::Promote(Ground::Score) => "may be promoted: the score suffices".to_owned(),
            Verdict::Promote(Ground::Census) => {
                "may be promoted: everything there is was compared and is equal".to_owned()
            }
            Verdict::Held(reasons) => format!("held back: {}", reasons.join("; ")),
            Verdict::NotYet(missing) => format!(
                "{} to go",
                plural(*missing, "clean distinct comparison more", "clean distinct comparisons more")
            ),
            Verdict::Insufficient => "insufficient evidence: nothing was compared".to_owned(),
        }
    }
}

fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(matches: u64, mismatches: u64) -> Evidence {
        Evidence { counts: Counts { matches, mismatches, indeterminate: 0 }, ..Evidence::default() }
    }

    #[test]
    fn a_score_is_needed_and_not_enough() {
        let policy = Policy::default();
        assert_eq!(judge(&Evidence::default(), &policy), Verdict::Insufficient);
        assert_eq!(judge(&with(1_000, 0), &policy), Verdict::NotYet(148));
        assert_eq!(judge(&with(1_148, 0), &policy), Verdict::Promote(Ground::Score));
        assert_eq!(judge(&with(1_148, 1), &policy).told(), "401 clean distinct comparisons more to go");
        for held in [
            Evidence { open_critical: 1, ..with(1_000_000, 0) },
            Evidence { uncovered: vec!["no answer of status 4xx was compared".into()], ..with(1_000_000, 0) },
            Evidence { counts: Counts { matches: 94_000, mismatches: 0, indeterminate: 6_000 }, ..Evidence::default() },
        ] {
            assert!(matches!(judge(&held, &policy), Verdict::Held(_)), "{held:?}");
        }
    }

    #[test]
    fn a_census_promotes_at_any_number_unless_it_is_held() {
        let census = Some(Census { planned: 3, equal: 3, ..Census::default() });
        assert_eq!(judge(&Evidence { census, ..with(3, 0) }, &Policy::default()), Verdict::Promote(Ground::Census));
        let held = Evidence { census, open_critical: 1, open: 1, ..with(3, 0) };
        assert!(matches!(judge(&held, &Policy::default()), Verdict::Held(_)));
        let beside = Evidence { census, open: 1, ..with(3, 1) };
        assert!(
            matches!(judge(&beside, &Policy::default()), Verdict::NotYet(_)),
            "traffic found what the census missed"
        );
    }

    #[test]
    fn another_basis_starts_again() {
        let mut evidence = with(5_000, 0);
        assert!(evidence.under(Basis::default()).is_empty());
        assert_eq!(evidence.counts.matches, 5_000);
        let basis = Basis { build: "2".into(), rules: "r".into(), ..Basis::default() };
        assert_eq!(evidence.under(basis.clone()), ["the comparison rules", "the modern build"]);
        assert_eq!(evidence, Evidence { basis, ..Evidence::default() });
    }
}
