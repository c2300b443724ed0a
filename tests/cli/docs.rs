//! The page about the configuration leaves nothing out.

use super::{banyan, root};
use serde_json::Value;
use std::collections::BTreeSet;

fn page() -> String {
    std::fs::read_to_string(root("docs/configuration.md")).unwrap()
}

/// Keys of every object of the schema, but for those of an adapter.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                found.extend(properties.keys().cloned());
            }
            map.values().for_each(|v| keys(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| keys(v, found)),
        _ => {}
    }
}

#[test]
fn every_key_is_on_the_page() {
    let schema = banyan(&root("."), &["schema"]).json();
    let mut found = BTreeSet::new();
    for part in ["source", "dataset"] {
        // What an adapter adds is on its own page.
        let own = if part == "source" {
            &banyan_model::draft::SOURCE_KEYS[..]
        } else {
            &banyan_model::draft::DATASET_KEYS[..]
        };
        found.extend(own.iter().map(|k| (*k).to_owned()));
    }
    keys(&schema["properties"], &mut found);
    for (name, def) in schema["$defs"].as_object().unwrap() {
        if !KINDS.iter().any(|k| name.starts_with(k.0)) && name != "source" {
            keys(def, &mut found);
        }
    }
    assert!(found.contains("shrink_guard") && found.contains("examples") && found.contains("inverse"), "{found:?}");
    let page = page();
    // Named in a table, or shown in a value such as `{ column: OP, delete: [D] }`.
    let told = |k: &String| page.contains(&format!("`{k}`")) || page.contains(&format!(" {k}: "));
    let missing: Vec<&String> = found.iter().filter(|k| !told(k)).collect();
    assert!(missing.is_empty(), "docs/configuration.md does not tell of {missing:?}");
}

/// Each adapter's keys are on a page of its own; those that all databases have, on one of theirs.
const KINDS: [(&str, &[&str]); 4] = [
    ("file-drop", &["adapter-file-drop"]),
    ("mssql", &["adapter-mssql", "databases"]),
    ("odbc", &["adapter-odbc", "databases"]),
    ("screens", &["adapter-screens", "adapter-screens-3270", "adapter-screens-vt", "adapter-screens-web"]),
];

#[test]
fn every_key_of_an_adapter_is_on_its_page() {
    let schema = banyan(&root("."), &["schema"]).json();
    for (kind, pages) in KINDS {
        let page: String =
            pages.iter().map(|p| std::fs::read_to_string(root(&format!("docs/{p}.md"))).unwrap()).collect();
        let mut found = BTreeSet::new();
        for (_, def) in schema["$defs"].as_object().unwrap().iter().filter(|(n, _)| n.starts_with(kind)) {
            keys(def, &mut found);
        }
        // Those of every source and dataset are on the page of the configuration.
        let shared = |k: &String| {
            let all = banyan_model::draft::SOURCE_KEYS.iter().chain(&banyan_model::draft::DATASET_KEYS);
            all.copied().any(|s| s == k)
        };
        found.retain(|k| !shared(k));
        assert!(found.len() > 5, "{kind}: {found:?}");
        // `key`, `key: value`, { key: value }
        let forms = |k: &String| [format!("`{k}`"), format!("`{k}: "), format!(" {k}: "), format!(".{k}`")];
        let told = |k: &String| forms(k).iter().any(|f| page.contains(f));
        let missing: Vec<&String> = found.iter().filter(|k| !told(k)).collect();
        assert!(missing.is_empty(), "{pages:?} do not tell of {missing:?}");
    }
}

#[test]
fn every_command_is_on_the_page() {
    let help = banyan(&root("."), &["--help"]).out;
    let commands = help.split_once("Commands:").unwrap().1.split_once("Options:").unwrap().0;
    let names: Vec<&str> =
        commands.lines().filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help").collect();
    assert!(names.len() > 10 && names.contains(&"serve"), "{names:?}");
    let page = page();
    let row = |n: &str| [" ", "`"].iter().any(|end| page.contains(&format!("| `banyan {n}{end}")));
    let missing: Vec<_> = names.iter().filter(|n| !row(n)).collect();
    assert!(missing.is_empty(), "docs/configuration.md has no row for {missing:?}");
}

#[test]
fn every_code_is_on_the_page() {
    let page = page();
    for (code, meaning) in banyan_model::compile::CODES {
        let row = format!("| `{code}` | {meaning} |\n");
        assert!(page.contains(&row), "docs/configuration.md lacks the row\n{row}");
    }
}

#[test]
fn defaults_are_as_the_page_says() {
    let page = page();
    for (key, default) in [
        ("listen", banyan::config::DEFAULT_LISTEN),
        ("admin", banyan::config::DEFAULT_ADMIN),
        ("store", banyan::config::DEFAULT_STORE),
    ] {
        assert!(page.contains(&format!("| `{key}` | `{default}` |")), "{key}");
    }
}

#[test]
fn the_document_says_what_the_facade_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let yaml = "banyan: 1\ngateway: { title: Wholesale, description: \"What the shop in Leeds knows.\" }\n\
                sources: { s: { adapter: file-drop, folder: drop, datasets: { d: { files: \"*.csv\", format: { kind: csv, columns: [A], header: false }, key: [A], content: snapshot } } } }\n\
                entities: { thing: { fields: { name: { type: text } } } }\n\
                mappings: [ { from: s.d, to: thing, fields: { name: A } } ]\n";
    std::fs::write(folder.path().join("banyan.yaml"), yaml).unwrap();
    let run = banyan(folder.path(), &["openapi"]);
    let info = run.json()["info"].clone();
    assert_eq!(info["title"], "Wholesale");
    assert!(info["description"].as_str().unwrap().starts_with("What the shop in Leeds knows.\n\n"), "{info}");
}
