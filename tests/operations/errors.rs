//! Every code that anybody can be refused with, in one document.

use banyan::adapters::KINDS;
use banyan::http::status_of;
use banyan::ops::admin::CODES;
use banyan::runtime::ingest::CODES as RECORDS;
use banyan_adapter::RefusalDef;
use banyan_model::formula::Code;
use banyan_model::refusal::REGISTRY;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn defs(defs: &[RefusalDef]) -> Value {
    defs.iter().map(|d| json!({ "code": d.code, "stage": d.stage, "meaning": d.meaning, "hint": d.hint })).collect()
}

/// The three name spaces: what is built in (by who is refused), what adapters declare, what formulas fail with.
fn document() -> Value {
    let facade: Value = REGISTRY
        .iter()
        .map(|d| {
            let status = status_of(d.class).as_u16();
            json!({ "code": d.code, "stage": d.stage, "class": d.class, "status": status, "title": d.title,
                "meaning": d.meaning, "hint": d.hint })
        })
        .collect();
    let admin: Value = CODES
        .iter()
        .map(|d| json!({ "code": d.code, "status": d.status, "meaning": d.title, "hint": d.hint }))
        .collect();
    let adapters: Map<String, Value> = KINDS.iter().map(|k| (k.name().to_owned(), defs(k.refusals()))).collect();
    let hint =
        "Mend the formula or the lookup it reads, or say `ELSE`; then replay. Or correct the record in the source.";
    let mappings: Value =
        Code::ALL.iter().map(|c| json!({ "code": c.as_str(), "meaning": c.meaning(), "hint": hint })).collect();
    json!({
        "built_in": { "facade": facade, "admin": admin, "records": defs(RECORDS) },
        "adapters": adapters,
        "mappings": { "failures": mappings, "declared": "Every code that a formula names in `ELSE REJECT`, such as \"bad-price\"." },
    })
}

#[test]
fn the_golden_list_of_codes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/errors.json");
    let mut made = serde_json::to_string_pretty(&document()).unwrap();
    made.push('\n');
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let blessed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        blessed == made,
        "openapi/errors.json is not what comes out now; a code that is gone or means something else breaks a promise. \
         Look at the difference, then run with BLESS=1"
    );
}

#[test]
fn every_code_stands_once_in_its_list_and_says_what_to_do() {
    let document = document();
    let mut lists = Vec::new();
    for (space, value) in document.as_object().unwrap() {
        let parts = value.as_object().unwrap().iter().filter(|(_, v)| v.is_array());
        lists.extend(parts.map(|(part, v)| (format!("{space}.{part}"), v.as_array().unwrap().clone())));
    }
    assert_eq!(lists.len(), 4 + KINDS.len());
    for (name, list) in lists {
        let mut codes = BTreeSet::new();
        assert!(!list.is_empty(), "{name}");
        for def in &list {
            let text = |member: &str| def[member].as_str().unwrap_or("");
            assert!(codes.insert(text("code").to_owned()), "{name}: {def} stands twice");
            assert!(text("code").bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}: {def}");
            assert!(text("meaning").len() > 10 && text("hint").len() > 10, "{name}: {def}");
        }
    }
}
