//! Seeded faults are all found, random ids and times raise none (HAZARDS, routes and mirrors 10).

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use banyan_migration::compare::{Answer, Compared, Kind, Noise, Outcome, Rules, compare};
use proptest::prelude::*;
use serde_json::{Value, json};

fn json_headers() -> Vec<(String, String)> {
    vec![("Content-Type".into(), "application/json; charset=utf-8".into())]
}

fn compared(legacy: &str, modern: &str, rules: &Rules) -> Compared {
    let headers = json_headers();
    let answer = |body: &'_ str| body.as_bytes().to_vec();
    let (l, m) = (answer(legacy), answer(modern));
    let with = |body| Answer { status: 200, headers: &headers, body };
    compare(with(&l), with(&m), rules)
}

fn kinds(c: &Compared) -> Vec<(String, Kind)> {
    c.differences.iter().map(|d| (d.at.clone(), d.kind)).collect()
}

fn rules(value: Value) -> Rules {
    serde_json::from_value(value).unwrap()
}

#[test]
fn what_says_the_same_is_the_same() {
    for (legacy, modern) in [
        (r#"{"a":12500.00}"#, r#"{"a":12500.0}"#),
        (r#"{"a":1,"b":2}"#, r#"{ "b":2, "a":1e0 }"#),
        (r#"{"at":"2026-01-31T12:00:00Z"}"#, r#"{"at":"2026-01-31T13:00:00.000+01:00"}"#),
        (r#""x""#, "\"\\u0078\""),
    ] {
        assert!(compared(legacy, modern, &Rules::default()).is_equal(), "{legacy} {modern}");
    }
}

#[test]
fn seeded_faults_are_found_where_they_are() {
    let plain = Rules::default();
    for (legacy, modern, expected) in [
        (r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#, vec![("/a/b", Kind::Value)]),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, vec![("/a", Kind::Type)]),
        (r#"{"a":1}"#, r#"{"a":null}"#, vec![("/a", Kind::Type)]),
        (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, vec![("/b", Kind::Missing)]),
        (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, vec![("/b", Kind::Extra)]),
        (r#"[1,2,3]"#, r#"[1,3,2]"#, vec![("", Kind::Order)]),
        (r#"[1,2,3]"#, r#"[2,3,4]"#, vec![("/0", Kind::Missing), ("/2", Kind::Extra)]),
        (r#"[1,2,3]"#, r#"[1,2]"#, vec![("/2", Kind::Missing)]),
        (r#"[1,2,3]"#, r#"[3,1]"#, vec![("/1", Kind::Missing), ("", Kind::Order)]),
        (r#"[1,1]"#, r#"[1]"#, vec![("/1", Kind::Missing)]),
        (
            r#"[{"id":1,"n":"a"},{"id":2,"n":"b"}]"#,
            r#"[{"id":1,"n":"a"},{"id":2,"n":"c"}]"#,
            vec![("/1/n", Kind::Value)],
        ),
        (r#"{"at":"2026-01-31T12:00:00Z"}"#, r#"{"at":"2026-01-31T12:00:00+01:00"}"#, vec![("/at", Kind::Value)]),
        (r#"{"at":"2026-01-31T12:00:00"}"#, r#"{"at":"2026-01-31T12:00:00Z"}"#, vec![("/at", Kind::Value)]),
        (r#"{"n":12345678901234567890.12}"#, r#"{"n":12345678901234567890.13}"#, vec![("/n", Kind::Value)]),
        (r#"{"a/b":1}"#, r#"{"a/b":2}"#, vec![("/a~1b", Kind::Value)]),
        (r#"true"#, r#"false"#, vec![("", Kind::Value)]),
        (r#"{"a":1}"#, r#"{"a":1"#, vec![("body", Kind::Body)]),
        (r#"{"a":1}"#, r#"{"a":1,"a":2}"#, vec![("body", Kind::Body)]),
    ] {
        let found = kinds(&compared(legacy, modern, &plain));
        let expected: Vec<(String, Kind)> = expected.into_iter().map(|(a, k)| (a.to_owned(), k)).collect();
        assert_eq!(found, expected, "{legacy} {modern}");
    }
}

#[test]
fn status_headers_and_bodies_that_are_not_json() {
    let headers = json_headers();
    let html = vec![("content-type".to_owned(), "text/html".to_owned()), ("Location".to_owned(), "/x".to_owned())];
    let answer = |status, headers, body| Answer { status, headers, body };
    let with = |l: Answer<'_>, m: Answer<'_>| {
        let c = compare(l, m, &Rules::default());
        c.differences.iter().map(|d| (d.at.clone(), d.kind, d.critical)).collect::<Vec<_>>()
    };
    assert_eq!(
        with(answer(200, &headers, b"{}"), answer(404, &headers, b"{\"other\":1}")),
        [("status".to_owned(), Kind::Status, true)]
    );
    assert_eq!(
        with(answer(200, &headers, b"{}"), answer(203, &headers, b"{}")),
        [("status".to_owned(), Kind::Status, false)]
    );
    assert_eq!(
        with(answer(200, &headers, b"{}"), answer(200, &html, b"{}")),
        [("content-type".to_owned(), Kind::Header, false), ("location".to_owned(), Kind::Header, false)]
    );
    assert_eq!(with(answer(200, &html, b"<a>"), answer(200, &html, b"<b>")), [("body".to_owned(), Kind::Body, false)]);
    let upper = vec![("CONTENT-TYPE".to_owned(), "Application/JSON".to_owned())];
    assert_eq!(with(answer(200, &headers, b"{}"), answer(200, &upper, b"{ }")), []);
}

#[test]
fn rules_say_what_may_differ() {
    let legacy =
        r#"{"at":"x1","rate":1.00001,"tags":["b","a",{"w":1.5}],"items":[{"id":"r1","n":1},{"id":"r2","n":2}]}"#;
    let modern =
        r#"{"at":"x2","rate":1.00002,"tags":["a",{"w":1.50001},"b"],"items":[{"id":"q1","n":1},{"id":"q2","n":2}]}"#;
    let lenient = rules(json!({
        "ignore": ["/at", "/items/*/id"],
        "unordered": ["/tags"],
        "tolerance": { "/rate": "0.0001", "/tags/*/w": "0.0001" },
    }));
    assert_eq!(kinds(&compared(legacy, modern, &lenient)), []);
    let strict = compared(legacy, modern, &Rules::default());
    assert!(strict.count >= 4, "{strict:?}");
    // A rule hides nothing beside it.
    let other = modern.replace("\"n\":2", "\"n\":3");
    assert_eq!(kinds(&compared(legacy, &other, &lenient)), [("/items/1/n".to_owned(), Kind::Value)]);
    // Of a cursor only that there is one counts.
    let cursors = rules(json!({ "opaque": ["/next", "/pages/*/next"] }));
    assert_eq!(
        kinds(&compared(r#"{"next":"a","pages":[{"next":"x"}]}"#, r#"{"next":"b","pages":[{"next":"y"}]}"#, &cursors)),
        []
    );
    assert_eq!(kinds(&compared(r#"{"next":"a"}"#, r#"{"next":null}"#, &cursors)), [("/next".to_owned(), Kind::Type)]);
    // A set is one with multiplicity.
    let sets = rules(json!({ "unordered": [""] }));
    assert_eq!(kinds(&compared("[1,1,2]", "[1,2,2]", &sets)).len(), 1);
    assert_eq!(kinds(&compared("[1,2]", "[2,1]", &sets)), []);
}

#[test]
fn personal_values_never_leave() {
    let rules = rules(json!({ "personal": ["/email", "/people/*/name", "/secret"], "critical": ["/email"] }));
    let legacy = r#"{"email":"ann@example.org","people":[{"name":"Ann","n":1}],"secret":{"deep":"Ann"}}"#;
    let modern = r#"{"email":"bob@example.org","people":[],"secret":{"deep":"Bob"},"extra":{"email":"x"}}"#;
    let found = compared(legacy, modern, &rules);
    let text = serde_json::to_string(&found.differences).unwrap();
    for secret in ["ann@", "bob@", "Ann", "Bob"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("(string of 15 characters)"), "{text}");
    assert!(found.differences.iter().any(|d| d.at == "/email" && d.critical));
}

#[test]
fn noise_is_where_legacy_disagrees_with_itself_and_nowhere_else() {
    let plain = Rules::default();
    let mut noise = Noise::default();
    noise.learn(&compared(r#"{"id":"r1","at":1,"n":5}"#, r#"{"id":"r2","at":2,"n":5}"#, &plain), 100);
    assert_eq!(noise.clusters().collect::<Vec<_>>(), ["/at", "/id"]);
    let (outcome, _) = noise.judge(&compared(r#"{"id":"r3","at":3,"n":5}"#, r#"{"id":"m","at":9,"n":5}"#, &plain));
    assert_eq!(outcome, Outcome::Indeterminate);
    let (outcome, found) = noise.judge(&compared(r#"{"id":"r3","at":3,"n":5}"#, r#"{"id":"m","at":9,"n":6}"#, &plain));
    assert_eq!((outcome, found.len()), (Outcome::Mismatch, 1));
    noise.forget_before(101);
    let (outcome, _) = noise.judge(&compared(r#"{"id":"r3"}"#, r#"{"id":"m"}"#, &plain));
    assert_eq!(outcome, Outcome::Mismatch);
    assert_eq!(noise.judge(&compared("1", "1.0", &plain)).0, Outcome::Match);
}

#[test]
fn more_differences_than_are_kept_are_counted_and_noise_cannot_hide_them() {
    let list = |n: u32| serde_json::to_string(&(0..500).map(|i| json!({ "v": i * n })).collect::<Vec<_>>()).unwrap();
    let found = compared(&list(1), &list(1_000), &Rules::default());
    assert_eq!(found.differences.len(), 100);
    assert!(found.count > 400, "{}", found.count);
    let mut noise = Noise::default();
    noise.learn(&found, 0);
    assert_eq!(noise.judge(&found).0, Outcome::Mismatch);
}

#[test]
fn rules_are_named_by_what_they_decide() {
    let a = rules(json!({ "ignore": ["/at"] }));
    let personal = rules(json!({ "ignore": ["/at"], "personal": ["/email"] }));
    let other = rules(json!({ "ignore": ["/at", "/b"] }));
    assert_eq!(a.hash(), personal.hash());
    assert_ne!(a.hash(), other.hash());
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
        Just(json!("2026-01-31T12:00:00Z")),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|m| m.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// An answer never differs from itself, and two documents differ if and only if they are not the same value.
    #[test]
    fn differences_are_found_exactly_where_there_are_any(a in document(), b in document()) {
        let (ta, tb) = (a.to_string(), b.to_string());
        prop_assert!(compared(&ta, &ta, &Rules::default()).is_equal());
        prop_assert_eq!(compared(&ta, &tb, &Rules::default()).is_equal(), a == b);
        // Which side is which changes no verdict.
        prop_assert_eq!(compared(&ta, &tb, &Rules::default()).is_equal(), compared(&tb, &ta, &Rules::default()).is_equal());
    }

    /// Where order does not count no shuffling is a difference, and every other change still is.
    #[test]
    fn sets_are_sets(mut items in prop::collection::vec(document(), 0..6), turn in 0_usize..6) {
        let sets = rules(json!({ "unordered": [""] }));
        let before = Value::from(items.clone()).to_string();
        let by = turn.min(items.len());
        items.rotate_left(by);
        prop_assert!(compared(&before, &Value::from(items.clone()).to_string(), &sets).is_equal());
        items.push(json!("something new"));
        prop_assert!(!compared(&before, &Value::from(items).to_string(), &sets).is_equal());
    }
}
