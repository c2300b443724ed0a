//! Killed anywhere: what was committed is there, the rest is lost, nothing is doubled.

use crate::{Hands, exchange, open, route};
use banyan_migration::score::Counts;
use proptest::prelude::*;
use std::path::Path;

/// What a kill leaves: the files as they are at that moment.
fn killed(from: &Path, to: &Path) {
    for name in ["banyan.evidence.db", "banyan.evidence.db-wal"] {
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    let _ = std::fs::remove_file(to.join("banyan.evidence.db-shm"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A machine that observes, commits now and then, and is killed anywhere; afterwards everything is observed again, as
    /// a shadow would that knows nothing of what was kept. The counts are those of a run that was never killed.
    #[test]
    fn nothing_counts_twice(steps in prop::collection::vec((0_u8..30, 0_u8..3, 0_u8..8), 1..60)) {
        let hands = Hands::new();
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut homes = [home, other];
        let route = route("{}");
        let mut evidence = open(homes[0].path(), &hands);
        let see = |evidence: &banyan::runtime::evidence::Evidence, request: u8, way: u8| {
            let modern = ["{\"a\":1}", "{\"a\":2}", "{\"b\":1}"][usize::from(way)];
            evidence.observe(&exchange(&route, &format!("/v1/customers/{request}"), "{\"a\":1}", modern, hands.now()));
        };
        for (request, way, then) in &steps {
            see(&evidence, *request, *way);
            hands.later(1);
            match then {
                0 => evidence.flush(),
                1 => {
                    killed(homes[0].path(), homes[1].path());
                    homes.swap(0, 1);
                    evidence = open(homes[0].path(), &hands);
                    // Never more than what there was.
                    let counts = evidence.look(&route, hands.now()).unwrap().counts;
                    prop_assert!(counts.matches + counts.mismatches <= 30, "{counts:?}");
                }
                _ => {}
            }
        }
        for (request, way, _) in &steps {
            see(&evidence, *request, *way);
        }
        let worst = |r: u8| steps.iter().filter(|s| s.0 == r).map(|s| s.1 > 0).max();
        let all: Vec<bool> = (0..30).filter_map(worst).collect();
        let mismatches = all.iter().filter(|bad| **bad).count() as u64;
        let expected = Counts { matches: all.len() as u64 - mismatches, mismatches, indeterminate: 0 };
        prop_assert_eq!(evidence.look(&route, hands.now()).unwrap().counts, expected);
    }
}

#[test]
fn a_clean_end_keeps_everything_and_a_repeat_after_it_does_not_count() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    for round in 0..3 {
        let evidence = open(dir.path(), &hands);
        for n in 0..1_200 {
            let outcome = evidence.observe(&exchange(&route, &format!("/{n}"), "1", "1.0", hands.now()));
            assert_eq!(outcome.counted, round == 0, "{outcome:?}");
        }
        let look = evidence.look(&route, hands.now()).unwrap();
        assert_eq!((look.counts.matches, look.repeats), (1_200, 1_200 * round));
        assert_eq!(look.told, "may be promoted: the score suffices");
    }
    // A day later they are fresh evidence.
    hands.later(86_400_001);
    let evidence = open(dir.path(), &hands);
    assert!(evidence.observe(&exchange(&route, "/1", "1", "1", hands.now())).counted);
}
