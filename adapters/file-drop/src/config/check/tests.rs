use super::*;
use serde_json::json;

fn check(config: serde_json::Value) -> Result<DatasetSpec, Vec<String>> {
    let snapshot = config.get("snapshot").is_some();
    let raw = RawDataset { name: "d".into(), path: "d".into(), config: config.into(), snapshot, key: Vec::new() };
    dataset(&raw).map_err(|problems| problems.into_iter().map(|p| format!("{} {}", p.path, p.code)).collect())
}

fn csv(mut extra: serde_json::Value) -> Result<DatasetSpec, Vec<String>> {
    extra["files"] = json!("*.csv");
    if extra.get("format").is_none() {
        extra["format"] = json!({ "kind": "csv" });
    }
    check(extra)
}

#[test]
fn the_examples_of_the_design_are_accepted() {
    for format in [
        json!({ "kind": "csv", "encoding": "windows-1252", "delimiter": ";", "header": true }),
        json!({ "kind": "csv", "delimiter": "+|", "record_end": "&|\r\n", "quote": "none", "header": false,
            "columns": ["NO", "DESCR", "PRICE"], "encoding": "utf-16le" }),
        json!({ "kind": "fixed", "columns": [{ "name": "BIN", "at": 1, "length": 4 }, { "name": "QTY", "at": 5, "length": 5 }],
            "encoding": "cp850", "lines": true, "short": "pad" }),
        json!({ "kind": "xml", "record": "/catalogue/item",
            "fields": { "sku": "@sku", "price": "prices/price[@cur='GBP']", "tags": "tag[]" } }),
        json!({ "kind": "jsonl", "columns": ["a"] }),
        json!({ "kind": "json", "record": "/items", "columns": ["a"] }),
    ] {
        csv(json!({ "format": format, "ready": { "quiet": "2s" } })).unwrap();
    }
    csv(json!({ "ready": { "done_file": "{stem}.done" }, "after": { "move": "done/" }, "order": "name" })).unwrap();
    let spec =
        csv(json!({ "snapshot": { "name": "contacts_{date:yyyyMMdd}_{part}.csv", "parts": ["north", "south"] } }));
    assert_eq!(spec.unwrap().order, Order::Date);
}

#[test]
fn defaults_are_as_documented() {
    let spec = csv(json!({})).unwrap();
    assert_eq!(spec.ready.quiet, Duration::from_secs(2));
    assert_eq!((spec.order, spec.after, spec.empty_ok), (Order::Modified, After::Leave, false));
    assert_eq!(spec.unpacking.max, 8 << 30);
    let spec = csv(json!({ "ready": { "done_file": "{name}.ok" } })).unwrap();
    assert_eq!(spec.ready.quiet, Duration::ZERO, "the done file says it all");
}

#[test]
fn contradictions_are_told_at_their_keys() {
    let told = |extra| csv(extra).unwrap_err();
    assert_eq!(told(json!({ "format": { "kind": "cvs" } })), ["d.format.kind unknown-word"]);
    assert_eq!(
        told(json!({ "format": { "kind": "csv", "encoding": "cp037" } })),
        ["d.format.encoding unknown-encoding"]
    );
    assert_eq!(told(json!({ "format": { "kind": "csv", "delimiter": "\"" } })), ["d.format.quote conflict"]);
    assert_eq!(
        told(json!({ "format": { "kind": "csv", "delimiter": "Ж", "encoding": "windows-1252" } })),
        ["d.format.delimiter bad-value"]
    );
    assert_eq!(
        told(json!({ "format": { "kind": "csv", "columns": ["A", "", "A"] } })),
        ["d.format.columns[1] bad-value", "d.format.columns[2] duplicate-name"]
    );
    assert_eq!(told(json!({ "format": { "kind": "jsonl" } })), ["d.format.fields missing-key"]);
    assert_eq!(
        told(json!({ "format": { "kind": "xml", "record": "item", "fields": { "a": "b[1]" } } })),
        ["d.format.record bad-path", "d.format.fields.a bad-path"]
    );
    assert_eq!(
        told(
            json!({ "format": { "kind": "fixed", "lines": false, "encoding": "utf-16", "columns": [{ "name": "A", "at": 0, "length": 1 }] } })
        ),
        ["d.format.columns[0] bad-value", "d.format.lines conflict"]
    );
    assert_eq!(
        told(json!({ "ready": { "trailer": { "starts": "T", "count": { "column": 0 } } } })),
        ["d.ready.trailer.count bad-value"]
    );
    assert_eq!(told(json!({ "after": { "move": "../elsewhere" } })), ["d.after.move bad-value"]);
    assert_eq!(told(json!({ "after": { "move": "/elsewhere" } })), ["d.after.move bad-value"]);
    assert_eq!(told(json!({ "snapshot": { "name": "c_{date:yyyyMMdd}_{part}.csv" } })), ["d.snapshot conflict"]);
    assert_eq!(told(json!({ "order": { "date": "x_*.csv" } })), ["d.order.date bad-pattern"]);
    assert_eq!(check(json!({ "files": "*.csv" })).unwrap_err(), ["d missing-key"]);
}

#[test]
fn the_schema_knows_every_key() {
    let schema = crate::config::dataset_schema().to_value();
    let properties = schema["properties"].as_object().unwrap();
    for key in
        ["files", "format", "ready", "order", "after", "snapshot", "compression", "member", "max_unpacked", "empty"]
    {
        assert!(properties.contains_key(key), "{key}");
    }
    let kinds: Vec<_> = properties["format"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["properties"]["kind"]["const"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["csv", "fixed", "json", "jsonl", "xml"]);
    assert!(!properties["format"].to_string().contains("$ref"), "all of it stands inline");
}
