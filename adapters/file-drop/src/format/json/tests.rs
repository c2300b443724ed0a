use super::super::testing::{Outcome, all, format, read};
use proptest::prelude::*;
use serde_json::json;

fn doc(extra: serde_json::Value, text: &str) -> Outcome {
    let mut config = json!({ "kind": "json", "columns": ["id", "v"] });
    for (key, value) in extra.as_object().unwrap() {
        config[key] = value.clone();
    }
    all(&format(config), text.as_bytes())
}

fn lines(text: &str) -> Outcome {
    all(&format(json!({ "kind": "jsonl", "columns": ["id", "v"] })), text.as_bytes())
}

#[test]
fn elements_become_records() {
    let out = doc(json!({}), " [ {\"id\": 1, \"v\": \"x\"},\n  {\"id\": 0.10, \"v\": null}, {\"other\": true} ] ");
    assert_eq!(out.texts(), ["1|x", "0.10|∅", "–|–"], "null is not missing");
    assert_eq!(out.rows[1].place, banyan_words::Place { line: 2, offset: 26 });
    assert_eq!(doc(json!({}), "[]").rows.len(), 0);
}

#[test]
fn the_list_is_found_by_its_pointer() {
    let text = r#"{"meta": {"items": [9], "note": "]}\""}, "data": {"n": 2, "items": [{"id": 1}, {"id": 2}], "x": [1]}, "z": 0}"#;
    assert_eq!(doc(json!({ "record": "/data/items" }), text).texts(), ["1|–", "2|–"]);
    assert_eq!(doc(json!({ "record": "/data/no" }), text).code(), Some("json-record-not-found"));
    assert_eq!(doc(json!({ "record": "/data" }), text).code(), Some("json-record-not-found"));
    assert_eq!(doc(json!({}), text).code(), Some("json-record-not-found"));
}

#[test]
fn fields_point_into_records() {
    let config = json!({ "columns": null, "fields": { "sku": "/a/b", "first": "/tags/0", "tags": "/tags" } });
    let mut merged = json!({ "kind": "json" });
    merged["fields"] = config["fields"].clone();
    let out = all(&format(merged), br#"[{"a": {"b": "\u00e4\/x"}, "tags": ["p", "q"]}, {"a": 3, "tags": []}]"#);
    assert_eq!(out.texts(), ["ä/x|p|[\"p\", \"q\"]", "–|–|[]"]);
}

#[test]
fn a_document_cut_short_is_refused_and_its_records_stay() {
    let whole = r#"{"items": [{"id": 1}, {"id": 2}], "n": [2]}"#;
    for cut in 1..whole.len() {
        let out = doc(json!({ "record": "/items" }), &whole[..cut]);
        assert_eq!(out.code(), Some("json-malformed"), "cut at {cut}");
        assert_eq!(out.rows.len(), usize::from(cut >= 20) + usize::from(cut >= 31), "cut at {cut}");
    }
    assert_eq!(doc(json!({}), "[{}] x").code(), Some("json-malformed"));
    assert_eq!(doc(json!({}), "[{},]").code(), Some("json-malformed"));
    assert_eq!(doc(json!({}), "[{} {}]").code(), Some("json-malformed"));
    assert_eq!(doc(json!({ "record": "/a" }), r#"{"a": [], "a": [{}]}"#).code(), Some("json-malformed"));
    assert_eq!(doc(json!({}), "  ").code(), Some("empty-file"));
}

#[test]
fn a_bad_element_leaves_its_neighbours_alone() {
    let out = doc(json!({}), r#"[{"id": 1}, {"id": 1,, }, {"id":1,"id":2}, 7, {"id": 2}]"#);
    let codes: Vec<_> = out.rows.iter().map(|r| r.bad.as_ref().map_or("", |b| b.0.as_str())).collect();
    assert_eq!(codes, ["", "json-malformed", "json-duplicate-member", "json-not-an-object", ""]);
    let deep = format!("[{{\"id\": {}{}}}, {{\"id\": 2}}]", "[".repeat(80), "]".repeat(80));
    let out = doc(json!({}), &deep);
    assert_eq!(out.rows[0].bad.as_ref().unwrap().0, "json-too-deep");
    assert_eq!(out.texts()[1], "2|–");
    let large = format!("[{{\"id\": \"{}\"}}, {{\"id\": 2}}]", "x".repeat(200));
    let out = doc(json!({ "max_record": "50B" }), &large);
    assert_eq!(out.rows[0].bad.as_ref().unwrap().0, "record-too-large");
    assert_eq!(out.texts()[1], "2|–");
}

#[test]
fn lines_of_json() {
    let out = lines("{\"id\": 1}\r\n\n{\"id\": }\n{\"id\": \"ä\", \"v\": {\"k\": 1}}\n[1]");
    assert_eq!(out.rows.len(), 4);
    assert_eq!(out.texts()[0], "1|–");
    assert_eq!(out.rows[1].bad.as_ref().unwrap(), &("json-malformed".to_owned(), b"{\"id\": }".to_vec()));
    assert_eq!(out.rows[2].place.line, 4);
    assert_eq!(out.rows[3].bad.as_ref().unwrap().0, "json-not-an-object");
}

#[test]
fn other_encodings_and_bad_bytes() {
    let text = "[{\"id\": \"ä\"}]";
    let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(all(&format(json!({ "kind": "json", "columns": ["id"] })), &utf16).texts(), ["ä"]);
    let latin = b"[{\"id\": \"\xe4\"}]";
    let config = json!({ "kind": "json", "columns": ["id"], "encoding": "windows-1252" });
    assert_eq!(all(&format(config), latin).texts(), ["ä"]);
    let out = all(&format(json!({ "kind": "json", "columns": ["id"] })), b"[{\"id\": \"\xe4\"}, {\"id\": 1}]");
    assert_eq!(out.rows[0].bad.as_ref().unwrap(), &("bad-encoding".to_owned(), b"{\"id\": \"\xe4\"}".to_vec()));
    assert_eq!(out.texts()[1], "1");
}

proptest! {
    #[test]
    fn the_same_in_pieces_of_any_size(text in "[\\[\\]{}\",: a1\\\\\n]{0,50}", chunk in 1_usize..9, limit in 1_u64..30) {
        for config in [
            json!({ "kind": "json", "columns": ["a"], "max_record": format!("{limit}B") }),
            json!({ "kind": "json", "record": "/a", "columns": ["a"] }),
            json!({ "kind": "jsonl", "columns": ["a"], "max_record": format!("{limit}B") }),
        ] {
            let format = format(config);
            for framed in [text.clone(), format!("[{text}]"), format!("{{\"a\":[{text}]}}")] {
                let whole = read(&format, framed.as_bytes(), usize::MAX, usize::MAX);
                prop_assert_eq!(read(&format, framed.as_bytes(), chunk, 1), whole);
            }
        }
    }

    #[test]
    fn every_element_arrives(values in proptest::collection::vec(("[ -~äß]{0,12}", any::<i64>()), 0..9), pretty in any::<bool>()) {
        let list: Vec<_> = values.iter().map(|(t, n)| json!({ "t": t, "n": n, "x": [{ "t": t }] })).collect();
        let text = if pretty { serde_json::to_string_pretty(&list) } else { serde_json::to_string(&list) }.unwrap();
        let out = read(&format(json!({ "kind": "json", "columns": ["t", "n"] })), text.as_bytes(), 5, 2);
        let expected: Vec<_> = values.iter().map(|(t, n)| format!("{t}|{n}")).collect();
        prop_assert_eq!(out.texts(), expected);
    }
}
