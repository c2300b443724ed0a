//! A decision with all it rests on, so that anyone can compute it again, offline.
//!
//! Invariant: [`verify`] uses nothing but the bundle. A bundle that was changed in any figure does not verify, except where
//! the change leaves the decision's own figures as they were.

use crate::gate::{Evidence, Ground, Verdict, judge};
use crate::score::Policy;
use crate::stage::Stage;
use crate::sticky::Weight;
use crate::watch::{Cusum, CusumPolicy, Failures, Latency, Threshold};
use serde::{Deserialize, Serialize};

/// Scores are told with this precision.
const NEAR: f64 = 1e-6;

/// Why a route moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Cause {
    /// Evidence sufficed.
    Evidence {
        /// By which ground.
        ground: Ground,
        /// The evidence.
        evidence: Evidence,
        /// What was asked of it.
        policy: Policy,
        /// The score, as it was told.
        score: f64,
    },
    /// The canary failed more often.
    Failures {
        /// The failures.
        failures: Failures,
        /// The scores, as logarithms, as they were told.
        scores: [f64; 2],
    },
    /// Parity fell after promotion.
    Parity {
        /// The sum and what made it.
        cusum: Cusum,
        /// When an alarm is given.
        policy: CusumPolicy,
    },
    /// The canary was slow.
    Latency {
        /// Its answers.
        latency: Latency,
        /// The frozen threshold.
        threshold: Threshold,
        /// The score, as a logarithm, as it was told.
        score: f64,
    },
    /// A person decided.
    Person {
        /// Against what the evidence said.
        forced: bool,
        /// What spoke against it, in sentences: all there was at that moment. Journals from before it was kept have none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        overrode: Vec<String>,
        /// How the evidence stood then, where the step was one that needs some.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stood: Option<Box<Stood>>,
    },
}

/// How the evidence of a route stood when a person decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stood {
    /// The evidence.
    pub evidence: Evidence,
    /// What is asked of it.
    pub policy: Policy,
    /// The score, as it was told.
    pub score: f64,
}

impl Cause {
    /// A person decided, and nothing spoke against it.
    pub fn person() -> Cause {
        Cause::Person { forced: false, overrode: Vec::new(), stood: None }
    }

    /// Whether it holds figures that can be computed again. A person may decide without any.
    pub fn has_figures(&self) -> bool {
        !matches!(self, Cause::Person { stood: None, .. })
    }

    /// The evidence it holds.
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Cause::Evidence { evidence, .. } => Some(evidence),
            Cause::Person { stood, .. } => stood.as_ref().map(|s| &s.evidence),
            Cause::Failures { .. } | Cause::Parity { .. } | Cause::Latency { .. } => None,
        }
    }
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// The route's path.
    pub route: String,
    /// When, RFC 3339.
    pub at: String,
    /// Who: a person's name, or `banyan`.
    pub author: String,
    /// Why, in words.
    pub reason: String,
    /// From which stage and share.
    pub from: (Stage, Weight),
    /// To which.
    pub to: (Stage, Weight),
    /// What it rests on.
    pub cause: Cause,
}

/// Why a bundle does not verify.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Doubt {
    /// A figure was told that its counts do not make.
    #[error("{what} was told as {told}, and its counts make {computed}")]
    Figure {
        /// Which.
        what: &'static str,
        /// What the bundle says.
        told: f64,
        /// What comes out.
        computed: f64,
    },
    /// The evidence does not support the decision.
    #[error("the evidence says: {0}")]
    Unsupported(String),
    /// The decision goes in the wrong direction for its cause.
    #[error("{0} leads from {1} to {2}, which it cannot")]
    Direction(&'static str, Stage, Stage),
}

/// Computes the decision again. What a person decided is that person's: its figures are computed, not its wisdom.
pub fn verify(bundle: &Bundle) -> Result<(), Doubt> {
    let forward = bundle.to > bundle.from;
    let direction = |what, right: bool| {
        if right { Ok(()) } else { Err(Doubt::Direction(what, bundle.from.0, bundle.to.0)) }
    };
    match &bundle.cause {
        Cause::Person { stood: None, .. } => Ok(()),
        Cause::Person { stood: Some(stood), .. } => {
            same("the score that stood then", stood.score, stood.evidence.counts.score(&stood.policy))
        }
        Cause::Evidence { ground, evidence, policy, score } => {
            direction("a promotion", forward)?;
            policy.check().map_err(|e| Doubt::Unsupported(e.to_string()))?;
            same("the score", *score, evidence.counts.score(policy))?;
            match judge(evidence, policy) {
                Verdict::Promote(found) if found == *ground => Ok(()),
                other => Err(Doubt::Unsupported(other.told())),
            }
        }
        Cause::Failures { failures, scores } => {
            direction("a rollback", !forward)?;
            for (told, computed) in scores.iter().zip(failures.scores()) {
                same("a failure score", *told, computed)?;
            }
            supported(failures.alarm())
        }
        Cause::Parity { cusum, policy } => {
            direction("a rollback", !forward)?;
            same("the sum", cusum.sum, cusum.recomputed(policy))?;
            supported(cusum.alarm(policy))
        }
        Cause::Latency { latency, score, .. } => {
            direction("a rollback", !forward)?;
            same("the latency score", *score, latency.score())?;
            supported(latency.alarm())
        }
    }
}

fn same(what: &'static str, told: f64, computed: f64) -> Result<(), Doubt> {
    if (told - computed).abs() <= NEAR { Ok(()) } else { Err(Doubt::Figure { what, told, computed }) }
}

fn supported(alarm: bool) -> Result<(), Doubt> {
    if alarm { Ok(()) } else { Err(Doubt::Unsupported("the score gives no alarm".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Counts;

    fn promotion(matches: u64) -> Bundle {
        let policy = Policy::default();
        let counts = Counts { matches, ..Counts::default() };
        let evidence = Evidence { counts, ..Evidence::default() };
        let cause = Cause::Evidence { ground: Ground::Score, score: counts.score(&policy), evidence, policy };
        bundle(Stage::Shadow, Stage::Canary, cause)
    }

    fn bundle(from: Stage, to: Stage, cause: Cause) -> Bundle {
        Bundle {
            route: "/v1/customers".into(),
            at: "2026-01-01T00:00:00Z".into(),
            author: "banyan".into(),
            reason: "r".into(),
            from: (from, Weight::NONE),
            to: (to, Weight::NONE),
            cause,
        }
    }

    #[test]
    fn a_promotion_is_computed_again() {
        assert_eq!(verify(&promotion(1_148)), Ok(()));
        assert!(matches!(verify(&promotion(1_147)), Err(Doubt::Unsupported(_))));
        let mut changed = promotion(1_148);
        if let Cause::Evidence { evidence, .. } = &mut changed.cause {
            evidence.counts.matches += 1_000;
        }
        assert!(matches!(verify(&changed), Err(Doubt::Figure { .. })));
        let mut back = promotion(1_148);
        back.to.0 = Stage::Legacy;
        assert!(matches!(verify(&back), Err(Doubt::Direction(..))));
    }

    #[test]
    fn of_a_persons_decision_the_figures_are_computed_again() {
        let (policy, counts) = (Policy::default(), Counts { matches: 10, ..Counts::default() });
        let evidence = Evidence { counts, ..Evidence::default() };
        let with = |score| {
            let stood = Stood { evidence: evidence.clone(), policy, score };
            bundle(
                Stage::Shadow,
                Stage::Canary,
                Cause::Person { forced: true, overrode: vec![], stood: Some(Box::new(stood)) },
            )
        };
        assert_eq!(verify(&with(counts.score(&policy))), Ok(()));
        assert!(matches!(verify(&with(4.7)), Err(Doubt::Figure { .. })));
        assert!(with(0.0).cause.has_figures() && !Cause::person().has_figures());
    }

    #[test]
    fn it_survives_being_written_down() {
        let before = promotion(1_234);
        let text = serde_json::to_string(&before).unwrap();
        let after: Bundle = serde_json::from_str(&text).unwrap();
        assert_eq!(before, after);
        assert_eq!(verify(&after), Ok(()));
    }

    #[test]
    fn rollbacks_are_computed_again() {
        let mut failures = Failures::default();
        (0..9).for_each(|_| failures.failed(true, "5%".parse().unwrap()));
        let scores = failures.scores();
        let cause = Cause::Failures { failures, scores };
        assert_eq!(verify(&bundle(Stage::Canary, Stage::Legacy, cause)), Ok(()));

        let policy = CusumPolicy::default();
        let mut cusum = Cusum::default();
        (0..8).for_each(|_| cusum.compared(false, &policy));
        let cause = Cause::Parity { cusum: cusum.clone(), policy };
        assert_eq!(verify(&bundle(Stage::Modern, Stage::Legacy, cause)), Ok(()));
        cusum.since_zero.clear();
        let cause = Cause::Parity { cusum, policy };
        assert!(matches!(verify(&bundle(Stage::Modern, Stage::Legacy, cause)), Err(Doubt::Figure { .. })));

        let mut latency = Latency::default();
        (0..12).for_each(|_| latency.answered(9, Threshold(5)));
        let score = latency.score();
        let cause = Cause::Latency { latency, threshold: Threshold(5), score };
        assert_eq!(verify(&bundle(Stage::Canary, Stage::Shadow, cause)), Ok(()));
    }
}
