//! Seeded faults are found, noise raises none, and what is kept of them is redacted and joined.

use crate::{Hands, exchange, open, reply, route};
use banyan::runtime::evidence::Lineage;
use banyan_migration::compare::{Kind, Outcome};
use std::sync::Arc;

#[test]
fn every_seeded_fault_is_found_where_it_is() {
    let hands = Hands::new();
    let list = |from: u32| {
        let items: Vec<String> = (from..from + 5).map(|n| format!(r#"{{"id":"c{n}","n":{n}}}"#)).collect();
        format!(r#"{{"items":[{}],"next":null}}"#, items.join(","))
    };
    let (page, next) = (list(1), list(2));
    for (fault, legacy, modern, cluster, kind) in [
        ("value", r#"{"credit":12500.00}"#, r#"{"credit":12500.01}"#, "/credit", Kind::Value),
        ("type", r#"{"credit":12500.00}"#, r#"{"credit":"12500.00"}"#, "/credit", Kind::Type),
        ("missing field", r#"{"a":1,"email":null}"#, r#"{"a":1}"#, "/email", Kind::Missing),
        (
            "order",
            r#"{"items":[{"id":"a"},{"id":"b"}]}"#,
            r#"{"items":[{"id":"b"},{"id":"a"}]}"#,
            "/items",
            Kind::Order,
        ),
        ("off-by-one page", page.as_str(), next.as_str(), "/items/*", Kind::Missing),
        ("time zone", r#"{"at":"2026-07-01T12:00:00Z"}"#, r#"{"at":"2026-07-01T12:00:00+01:00"}"#, "/at", Kind::Value),
    ] {
        let (dir, route) = (tempfile::tempdir().unwrap(), route("{}"));
        let evidence = open(dir.path(), &hands);
        let outcome = evidence.observe(&exchange(&route, "/v1/customers", legacy, modern, hands.now()));
        assert_eq!(outcome.found, Some(Outcome::Mismatch), "{fault}");
        let look = evidence.look(&route, hands.now()).unwrap();
        let found = look.clusters.iter().any(|c| c.open && c.cluster.at == cluster && c.cluster.kind == kind);
        assert!(found, "{fault}: {:?}", look.clusters);
        let number = look.clusters[0].number;
        assert_eq!(evidence.samples(&route.name, number).unwrap()[0].trace_id, "0123456789abcdef", "{fault}");
    }
    let (dir, route) = (tempfile::tempdir().unwrap(), route("{}"));
    let evidence = open(dir.path(), &hands);
    let mut status = exchange(&route, "/v1/customers/x", "{}", "{}", hands.now());
    status.modern = Ok(reply(404, "{}"));
    assert_eq!(evidence.observe(&status).found, Some(Outcome::Mismatch));
    let look = evidence.look(&route, hands.now()).unwrap();
    assert!(look.clusters[0].critical && look.told.contains("critical"), "{}", look.told);
}

/// HAZARDS, routes 10.
#[test]
fn random_ids_and_times_raise_no_mismatch() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    let evidence = open(dir.path(), &hands);
    let mut asked_twice = 0;
    for n in 0..1_000 {
        let body = |side: u32| format!(r#"{{"request_id":"{}","at":{},"items":[1,2]}}"#, n * 3 + side, n * 5 + side);
        let mut seen = exchange(&route, &format!("/v1/customers/{n}"), &body(0), &body(1), hands.now());
        if n % 50 == 7 || evidence.wants_second(&route.name) {
            seen.legacy_again = Some(Ok(reply(200, &body(2))));
            asked_twice += 1;
        }
        evidence.observe(&seen);
    }
    assert!((20..=22).contains(&asked_twice), "{asked_twice}");
    let look = evidence.look(&route, hands.now()).unwrap();
    assert_eq!((look.counts.mismatches, look.counts.indeterminate), (0, 1_000));
    assert!(look.clusters.iter().all(|c| !c.open), "{:?}", look.clusters);
    assert!(look.told.contains("legacy disagrees with itself"), "{}", look.told);
}

/// HAZARDS, routes 9: whatever fails on the way, a broken build never gathers a match.
#[test]
fn a_broken_build_never_passes() {
    let (hands, dir, route) = (Hands::new(), tempfile::tempdir().unwrap(), route("{}"));
    let evidence = open(dir.path(), &hands);
    let seen = |n: u32, build: &str| {
        let mut seen = exchange(&route, &format!("/{n}"), "{}", "{}", hands.now());
        if let Ok(modern) = &mut seen.modern {
            modern.headers.push(("x-build".into(), build.into()));
        }
        seen
    };
    (0..1_148).for_each(|n| assert!(evidence.observe(&seen(n, "good")).counted));
    assert!(evidence.cause(&route, hands.now()).is_ok());
    // One request of the broken build reached it; the others were refused, timed out, or broke off.
    let mut first = seen(0, "broken");
    if let Ok(modern) = &mut first.modern {
        modern.status = 500;
    }
    evidence.observe(&first);
    assert!(evidence.cause(&route, hands.now()).is_err(), "what the good build gathered counts for it alone");
    for n in 1..3_000 {
        let mut silent = seen(n, "");
        silent.modern = Err("connection refused".into());
        assert_eq!(evidence.observe(&silent).found, Some(Outcome::Mismatch));
        // A legacy that is down says nothing, and above all no match.
        let mut down = seen(10_000 + n, "broken");
        down.legacy = if n % 2 == 0 { Err("timed out".into()) } else { Ok(reply(503, "{}")) };
        down.modern = Ok(reply(503, "{}"));
        assert_eq!(evidence.observe(&down).found, None);
    }
    let look = evidence.look(&route, hands.now()).unwrap();
    assert_eq!((look.counts.matches, look.counts.mismatches, look.unanswered), (0, 3_000, 2_999));
    assert_eq!(look.basis.build, "broken");
    assert!(evidence.cause(&route, hands.now()).is_err());
}

#[test]
fn samples_are_redacted_bounded_and_say_where_the_legacy_value_came_from() {
    let hands = Hands::new();
    let (dir, route) = (tempfile::tempdir().unwrap(), route(r#"{"personal":["/email","/items/*/email"]}"#));
    let evidence = open(dir.path(), &hands);
    evidence.with_lineage(Arc::new(|route, id, field| {
        assert_eq!(route.entity.as_deref(), Some("customer"));
        let (columns, raw) = (vec![format!("COL_{field}")], vec![format!("RAW_{id}")]);
        Some(Lineage { dataset: "erp.custmas".into(), columns, raw, formula: Some(format!("TRIM(COL_{field})")) })
    }));
    for n in 0..60 {
        let mut seen = exchange(
            &route,
            &format!("/v1/customers/c{n}?email%5Beq%5D=ann%40example.org&name=x"),
            r#"{"email":"ann@example.org","name":"Ann"}"#,
            r#"{"email":"bob@example.org","name":"Bob"}"#,
            hands.now(),
        );
        seen.request.entity = Some(format!("c{n}"));
        evidence.observe(&seen);
    }
    // In a list it is the element's id that counts.
    evidence.observe(&exchange(
        &route,
        "/v1/customers",
        r#"{"items":[{"id":"c1","name":"A"},{"id":"c2","name":"B"}]}"#,
        r#"{"items":[{"id":"c1","name":"A"},{"id":"c2","name":"C"}]}"#,
        hands.now(),
    ));
    let look = evidence.look(&route, hands.now()).unwrap();
    let samples = |at: &str| {
        let cluster = look.clusters.iter().find(|c| c.cluster.at == at).unwrap();
        (cluster.mismatches, evidence.samples(&route.name, cluster.number).unwrap())
    };
    let (count, email) = samples("/email");
    assert_eq!((count, email.len()), (60, 20));
    let text = serde_json::to_string(&email).unwrap();
    for secret in ["ann", "bob", "RAW_"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("name=x") && text.contains("COL_email"), "{text}");
    let (_, name) = samples("/name");
    assert_eq!(name[0].request, "GET /v1/customers/c59?email%5Beq%5D=(redacted)&name=x");
    assert_eq!(name[0].lineage.as_ref().unwrap().raw, ["RAW_c59"]);
    let (_, listed) = samples("/items/*/name");
    assert_eq!(listed[0].lineage.as_ref().unwrap().raw, ["RAW_c2"]);
    // Nothing of it lies in the file either.
    evidence.flush();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(11).any(|w| w == b"ann@example"), "personal data lies in the file");
    }
}
