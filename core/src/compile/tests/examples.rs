//! Examples as tests.

use super::{changed, told};
use serde_json::{Value, json};

/// Replaces the examples of the first mapping, and tells what is wrong with them: message and hint.
fn run(examples: Value) -> Vec<(String, String)> {
    let told = told(changed(&[("/mappings/0/examples", examples)]));
    told.problems
        .into_iter()
        .map(|p| (format!("{} {}: {}", p.path, p.code, p.message), p.hint.unwrap_or_default()))
        .collect()
}

fn given() -> Value {
    json!({ "CUSTNO": "1", "NAME": "X", "EMAIL": "a@b.de", "CTYPE": "T", "REGION": "UK", "CRLIM": 5, "OPENDT": 20190401 })
}

fn with(key: &str, to: Value) -> Value {
    let mut given = given();
    given[key] = to;
    given
}

#[test]
fn values_are_compared_by_meaning() {
    let good = json!([
        { "given": given(), "expect": { "credit_limit": 0.05, "since": "2019-04-01", "name": "X" } },
        { "given": given(), "expect": { "credit_limit": "0.050" } },
        { "given": with("OPENDT", json!("never")), "expect": { "since": null } },
        { "given": with("EMAIL", json!("nonsense")), "expect": { "email": { "keep": "bad-email" } } },
        { "given": with("CTYPE", json!("X")), "reject": "unknown-category" },
        { "given": with("CUSTNO", json!("")), "reject": "bad-key" },
        { "given": with("CUSTNO", json!("\\N")), "reject": "bad-key" },
        { "given": with("NAME", json!(null)), "reject": "required" },
        { "given": given() }
    ]);
    assert_eq!(run(good), Vec::new());
}

#[test]
fn a_failed_example_shows_what_came_out_and_how() {
    let bad = run(json!([{ "given": given(), "expect": { "category": "retail" } }]));
    assert_eq!(bad.len(), 1);
    assert_eq!(
        bad[0].0,
        "mappings[0].examples[0].expect.category example-failed: `category` should be \"retail\", but is \"trade\""
    );
    assert!(bad[0].1.contains("row 2 of category.csv"), "{}", bad[0].1);
    for (example, message) in [
        (
            json!({ "given": given(), "reject": "unknown-category" }),
            "should be rejected with \"unknown-category\", but is accepted",
        ),
        (json!({ "given": with("CTYPE", json!("X")) }), "is rejected with \"unknown-category\" by `category`"),
        (
            json!({ "given": with("CTYPE", json!("X")), "reject": "other" }),
            "should be rejected with \"other\", but is rejected with",
        ),
        (json!({ "given": with("CUSTNO", json!(null)) }), "rejected with \"bad-key\""),
        (json!({ "given": given(), "expect": { "since": null } }), "should be null, but is \"2019-04-01\""),
        (json!({ "given": with("CTYP", json!("T")) }), "has no column CTYP"),
        (json!({ "given": given(), "expect": { "phone": "1" } }), "does not fill `phone`"),
        (json!({ "given": given(), "expect": { "credit_limit": 0.055 } }), "more than 2 digits"),
    ] {
        let bad = run(json!([example]));
        assert!(bad.iter().any(|(m, _)| m.contains(message)), "{message}: {bad:?}");
    }
}

#[test]
fn references_are_expected_by_key_or_id() {
    let order = |expected: Value| {
        let example = json!([{ "given": { "NO": "1", "CUST": "001001", "AT": "2025-07-11 11:15" },
                               "expect": { "customer": expected, "at": "2025-07-11T11:15:00" } }]);
        told(changed(&[("/mappings/2/examples", example)])).lines()
    };
    assert_eq!(order(json!({ "ref": ["erp", "001001"] })), Vec::<String>::new());
    assert_eq!(order(json!("5pga7r8a2xsmynwhp3fje39cc1")), Vec::<String>::new());
    assert_eq!(order(json!({ "ref": ["erp", "001002"] })), ["mappings[2].examples[0].expect.customer example-failed"]);
}

#[test]
fn conditions_decide_as_for_real_records() {
    let line = |when: &str, deleted: &str| {
        let changes = [
            ("/mappings/0/when", json!(when)),
            ("/mappings/0/deleted", json!(deleted)),
            ("/mappings/0/examples", json!([{ "given": given(), "expect": { "name": "X" } }])),
        ];
        told(changed(&changes)).problems.into_iter().map(|p| p.message).collect::<Vec<_>>()
    };
    assert_eq!(line("NAME = \"X\"", "NAME = \"Y\""), Vec::<String>::new());
    assert_eq!(line("NAME = \"Y\"", "NAME = \"Y\""), ["the record is skipped by `when`"]);
    assert_eq!(line("NAME = \"X\"", "NAME = \"X\""), ["the record is withdrawn by `deleted`"]);
}
