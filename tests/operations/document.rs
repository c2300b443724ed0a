//! The admin API's document: blessed, and told as it is.

use banyan::ops::admin::CODES;
use banyan::ops::admin_document;
use std::fs;

#[test]
fn the_golden_admin_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/admin.json");
    let mut made = serde_json::to_string_pretty(&admin_document()).unwrap();
    made.push('\n');
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, &made).unwrap();
    }
    let blessed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        blessed == made,
        "openapi/admin.json is not what comes out now; look at the difference, then run with BLESS=1"
    );
}

#[test]
fn every_operation_says_how_it_may_be_refused() {
    let document = admin_document();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{path}: an id stands twice");
            assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|s| s.starts_with('4')), "{method} {path}");
            assert!(responses.keys().any(|s| s.starts_with('2')), "{method} {path}");
        }
    }
    assert!(ids.len() >= 20, "{ids:?}");
}

#[test]
fn every_code_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");
    let docs = fs::read_to_string(path).unwrap();
    for def in CODES {
        let row = format!("| `{}` | {} | {} |", def.code, def.status, def.title);
        assert!(docs.contains(&row), "docs/operations.md lacks the row\n{row}");
    }
}
