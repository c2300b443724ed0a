//! Census: small populations are compared whole, and a sweep goes on where it ended.

use crate::{Hands, exchange, open, route};
use banyan::runtime::evidence::Origin;
use banyan::runtime::evidence::sweep::{Ended, Question, sweep};
use banyan_migration::bundle::Cause;
use banyan_migration::census::Plan;
use banyan_migration::gate::Ground;
use std::cell::Cell;
use std::ops::ControlFlow;

fn plan() -> Plan {
    let mut plan = Plan::default();
    (0..91).for_each(|n| plan.one(format!("/v1/customers/c{n}"), Some(format!("c{n}"))));
    plan.list("/v1/customers?limit=50", 2);
    plan.list("/v1/customers?sort=name", 1);
    plan
}

#[test]
fn a_census_that_is_whole_and_clean_promotes_at_any_number_and_goes_on_after_a_restart() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    let asked = Cell::new(0);
    let ask = |q: Question<'_>| {
        asked.set(asked.get() + 1);
        let mut seen = exchange(&route, &format!("{}#{}", q.target, q.page), "{}", "{}", hands.now());
        (seen.origin, seen.request.entity) = (Origin::Sweep, q.entity.map(str::to_owned));
        Ok(seen)
    };
    let mut ended = None;
    // Stopped after every forty requests, the gateway restarted in between.
    for _ in 0..3 {
        let evidence = open(dir.path(), &hands);
        evidence.take_up(vec![route.clone()]).unwrap();
        assert!(evidence.cause(&route, hands.now()).is_err());
        let mut left = 40;
        let wait = |_| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        ended = Some(sweep(&evidence, &route.name, &plan(), 1_000.0, ask, wait).unwrap());
    }
    let Some(Ended::Whole(census)) = ended else { panic!("{ended:?}") };
    assert_eq!((census.planned, census.equal, asked.get()), (94, 94, 94));
    assert!(census.is_clean());
    let evidence = open(dir.path(), &hands);
    let Ok(Cause::Evidence { ground, .. }) = evidence.cause(&route, hands.now()) else { panic!() };
    assert_eq!(ground, Ground::Census);
    // Traffic finds what the census did not.
    evidence.observe(&exchange(&route, "/v1/customers/c1?fields=name", "{\"a\":1}", "{\"a\":2}", hands.now()));
    assert!(evidence.cause(&route, hands.now()).is_err());
}

#[test]
fn a_census_with_a_fault_a_failure_or_another_build_proves_nothing() {
    let hands = Hands::new();
    for fault in ["value", "failed", "not asked", "build"] {
        let (dir, route) = (tempfile::tempdir().unwrap(), route("{}"));
        let evidence = open(dir.path(), &hands);
        let ask = |q: Question<'_>| {
            let at_fault = q.target.ends_with("c50");
            let mut seen = exchange(&route, &format!("{}#{}", q.target, q.page), "{\"a\":1}", "{\"a\":1}", hands.now());
            match fault {
                "value" if at_fault => seen = exchange(&route, q.target, "{\"a\":1}", "{\"a\":2}", hands.now()),
                "failed" if at_fault => seen.legacy = Err("timed out".into()),
                "not asked" if at_fault => return Err("the budget is used up".to_owned()),
                "build" => {
                    let build = if q.target < "/v1/customers/c5" { "1" } else { "2" };
                    if let Ok(modern) = &mut seen.modern {
                        modern.headers.push(("X-Build".into(), build.into()));
                    }
                }
                _ => {}
            }
            Ok(seen)
        };
        let ended = sweep(&evidence, &route.name, &plan(), 10_000.0, ask, |_| ControlFlow::Continue(())).unwrap();
        match (fault, ended) {
            ("build", Ended::Rebased) => {}
            ("value", Ended::Whole(census)) => assert_eq!((census.equal, census.open), (93, 1)),
            (_, Ended::Whole(census)) => assert_eq!((census.equal, census.failed), (93, 1), "{fault}"),
            other => panic!("{other:?}"),
        }
        assert!(evidence.cause(&route, hands.now()).is_err(), "{fault}");
    }
}
