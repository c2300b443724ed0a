//! Random rows, breaks and restarts: what was handed over is what there is.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    /// Rows are committed, written so many seconds ago.
    Insert(u8, u16),
    /// The oldest row is changed.
    Update,
    Pass,
    /// The connection ends after so many rows.
    Break(u16),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..20_u8, 0..290_u16).prop_map(|(n, ago)| Step::Insert(n, ago)),
        Just(Step::Update),
        Just(Step::Pass),
        (0..40_u16).prop_map(Step::Break),
        Just(Step::Restart),
    ]
}

/// What the gateway would know: the last state of each record, from units that were done.
fn learn(known: &mut std::collections::BTreeMap<String, Vec<String>>, taken: &Taken) {
    for unit in taken.units.iter().filter(|u| u.done.is_some()) {
        known.extend(unit.rows.iter().map(|r| (r[0].clone(), r.clone())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_watermark_with_a_lag_loses_nothing(steps in prop::collection::vec(step(), 1..14)) {
        let world = World::new(Dialect::Sqlite, "CREATE TABLE t (no INTEGER PRIMARY KEY, at DATETIME, v INTEGER)");
        let store = Arc::new(Store::default());
        let (mut source, mut feed) = super::feed(&world, &store, &["no"], watermark("5m"));
        let mut known = std::collections::BTreeMap::new();
        let ask = Ask { rows: 7, bytes: 1 << 20, wait: Duration::from_millis(30) };
        for (i, step) in steps.iter().enumerate() {
            let now = |ago: u16| format!("datetime('2026-01-01 10:00:00', '+{} seconds')", i * 20 + 300 - usize::from(ago));
            match step {
                Step::Insert(n, ago) => (0..*n).for_each(|_| {
                    world.run(&format!("INSERT INTO t (at, v) VALUES ({}, 0)", now(*ago)));
                }),
                Step::Update => world.run(&format!(
                    "UPDATE t SET v = v + 1, at = {} WHERE no = (SELECT MIN(no) FROM t)", now(0)
                )),
                Step::Pass => learn(&mut known, &take(&mut *feed, &store, ask)),
                Step::Break(rows) => {
                    world.drop_after.store(u64::from(*rows), SeqCst);
                    learn(&mut known, &take(&mut *feed, &store, ask));
                    world.drop_after.store(u64::MAX, SeqCst);
                }
                Step::Restart => {
                    drop(feed);
                    world.pass_time(60);
                    (source, feed) = super::feed(&world, &store, &["no"], watermark("5m"));
                }
            }
        }
        for _ in 0..2 {
            learn(&mut known, &take(&mut *feed, &store, ask));
        }
        let quiet = take(&mut *feed, &store, ask);
        prop_assert_eq!((quiet.units.len(), quiet.current), (0, 1), "nothing new is no unit");
        drop(feed);
        // A full pass knows what there is.
        let all = json!({ "table": "t", "sync": { "mode": "full" } });
        let (_all, mut feed) = super::feed(&world, &Arc::new(Store::default()), &["no"], all);
        let taken = take(&mut *feed, &Store::default(), ask);
        let there: std::collections::BTreeMap<_, _> =
            taken.units[0].rows.iter().map(|r| (r[0].clone(), r.clone())).collect();
        prop_assert_eq!(known, there);
        drop(source);
    }
}
