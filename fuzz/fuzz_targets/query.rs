//! No query string, key, body or token makes the reading of a request panic; a cursor it accepts is the one that was given.
//!
//! Input: the query string on the first line, a body on the others.

#![no_main]

use banyan_model::compile::{Input, Reading, compile};
use banyan_model::draft::Draft;
use banyan_model::model::Catalog;
use banyan_model::query::{
    Scope, cursor_token, params, parse_changes, parse_list, parse_lookup, parse_lookup_body, parse_selection,
};
use banyan_words::node::Node;
use banyan_words::{Column, Type};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::OnceLock;

fuzz_target!(|text: &str| {
    let (query, body) = text.split_once('\n').unwrap_or((text, ""));
    let catalog = catalog();
    let Ok(given) = params(query) else { return };
    if let Ok(intent) = parse_list(catalog, 0, &Scope::All, &given)
        && let Some(after) = &intent.after
    {
        let token = cursor_token(after, intent.binding);
        assert!(given.iter().any(|p| p.name == "cursor" && p.value == token), "a token has one spelling");
    }
    let _ = parse_selection(catalog, 0, &given, &[]);
    let _ = parse_lookup(catalog, 0, &given);
    let _ = parse_lookup_body(catalog, 0, &given, body.as_bytes());
    let _ = parse_changes(&catalog.entities[0], &given);
});

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let config = serde_json::json!({
            "banyan": 1,
            "sources": { "erp": { "adapter": "file-drop", "datasets": { "a": { "key": ["NO"] }, "b": { "key": ["NO"] } } } },
            "entities": {
                "a": { "fields": {
                    "t": { "type": "text", "filter": ["eq", "in", "startswith"], "sort": true },
                    "d": { "type": "decimal", "scale": 2, "filter": ["gte", "lt"], "sort": true },
                    "i": { "type": "integer", "filter": ["eq"] },
                    "day": { "type": "date", "filter": ["gte"] },
                    "at": { "type": "instant", "filter": ["lt"] }
                } },
                "b": { "fields": { "a": { "type": "ref", "to": "a", "inverse": "bs", "filter": ["eq"] } } }
            },
            "mappings": [
                { "from": "erp.a", "to": "a", "fields": { "t": "T" } },
                { "from": "erp.b", "to": "b", "fields": { "a": "REF(\"a\", \"erp\", A)" } }
            ]
        });
        let (draft, _) = Draft::read(&Node::from(config));
        let column = |name: &str| Column { name: name.to_owned(), ty: Type::Text };
        let reading = |names: [&str; 2]| Reading { columns: Some(names.map(column).into()), hash: 1, ..Reading::default() };
        let readings = [("erp.a", reading(["NO", "T"])), ("erp.b", reading(["NO", "A"]))];
        let readings: BTreeMap<String, Reading> = readings.map(|(n, r)| (n.to_owned(), r)).into();
        match compile(&Input { draft: &draft, readings: &readings, files: &BTreeMap::new() }) {
            Ok((catalog, _)) => catalog,
            Err(problems) => panic!("{problems:#?}"),
        }
    })
}
