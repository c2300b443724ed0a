//! Sources and datasets over the sample maps.

use super::*;
use banyan_adapter::RawDataset;
use banyan_words::node::{Node, yaml};
use serde_json::json;
use std::time::Duration;

const STOCK: &str = include_str!("../../tests/maps/stock.yaml");

fn map() -> Node {
    let (node, problems) = yaml::parse("maps/stock.yaml", &STOCK.replace("\"${env:STOCK_PW}\"", "$password"));
    assert_eq!(problems, vec![]);
    node.unwrap()
}

fn raw(mut source: serde_json::Value, datasets: serde_json::Value) -> RawSource {
    let named = source.as_object_mut().and_then(|s| s.remove("map"));
    let mut config = Node::from(source);
    if let banyan_words::node::Kind::Map(entries) = &mut config.kind {
        let key = banyan_words::node::Key { text: "map".into(), spot: Default::default() };
        entries.push((key, named.map_or_else(map, Node::from)));
    }
    let datasets = datasets.as_object().unwrap().iter().map(|(name, body)| {
        let mut body = body.clone();
        let key = body.as_object_mut().unwrap().remove("key").unwrap_or(json!([]));
        RawDataset {
            name: name.clone(),
            path: format!("sources.stock.datasets.{name}"),
            config: Node::from(body),
            snapshot: false,
            key: serde_json::from_value(key).unwrap(),
        }
    });
    RawSource {
        name: "stock".into(),
        path: "sources.stock".into(),
        base: ".".into(),
        config,
        datasets: datasets.collect(),
    }
}

fn login() -> serde_json::Value {
    json!({ "login": { "user": "BANYAN", "password": "hush" } })
}

fn told(source: serde_json::Value, datasets: serde_json::Value) -> Vec<(String, String)> {
    let problems = match prepare(&raw(source, datasets)) {
        Ok(offline) => offline.warnings,
        Err(problems) => problems,
    };
    problems.into_iter().map(|p| (p.code, p.path)).collect()
}

#[test]
fn a_source_over_a_map() {
    let datasets = json!({
        "stock": { "flow": "read_stock", "key": ["item"], "sync": { "mode": "full", "every": "10m" } },
        "item": { "key": ["item"], "read": { "flow": "read_item", "with": { "item": "item" } } },
        "both": { "flow": "read_stock", "key": ["item"], "read": { "flow": "read_item", "with": { "item": "item" } } },
        "one": { "flow": "read_item", "with": { "item": "A1" } },
    });
    let raw = raw(login(), datasets);
    let offline = prepare(&raw).unwrap_or_else(|p| panic!("{p:#?}"));
    assert_eq!(offline.warnings, vec![]);
    let spec = &offline.spec;
    assert_eq!(spec.file.as_deref(), Some(Path::new("maps/stock.yaml")));
    assert_eq!((spec.login.user.plain.as_str(), spec.login.password.secret), ("BANYAN", true));
    assert!(!format!("{:?}", spec.login).contains("hush"));
    assert_eq!(spec.datasets[0].pass.as_ref().unwrap().every, Duration::from_secs(600));
    assert_eq!(spec.datasets[1].read.as_ref().unwrap().with, vec![("item".to_owned(), 0)]);
    assert_eq!(spec.datasets[3].pass.as_ref().unwrap().given, vec![("item".to_owned(), "A1".to_owned())]);
    let prepared = Screens.prepare(&raw).ok().unwrap();
    let names = |d: &str| prepared.columns(d).unwrap().into_iter().map(|c| c.name).collect::<Vec<_>>().join(" ");
    assert_eq!((names("stock"), names("item")), ("item qty".into(), "item qty".into()));
    assert!(prepared.feeds("stock") && prepared.whole("stock") && !prepared.looks_up("stock"));
    assert!(!prepared.feeds("item") && !prepared.whole("item") && prepared.looks_up("item"));
    assert!(prepared.feeds("both") && prepared.looks_up("both"));
    assert_ne!(prepared.reading_hash("stock"), prepared.reading_hash("item"));
    assert_eq!(prepared.reading_hash("nothing"), 0);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let datasets = json!({
        "a": { "flow": "read_stok", "key": ["item"] },
        "b": { "flow": "read_stock", "key": ["itm"], "sync": { "every": "10ms" } },
        "c": { "flow": "book_stock", "with": { "item": "1", "qty": "2" } },
        "d": { "read": { "flow": "read_item", "with": { "itm": "item" } }, "key": ["item"] },
        "e": { "read": "live" },
        "f": { "sync": {} },
        "g": { "flow": "read_item" },
        "h": { "flow": "login" },
        "i": { "flow": "read_stock", "key": ["item"], "read": { "flow": "find_booking", "with": { "item": "item" } } },
        "j": { "read": { "flow": "read_item", "with": { "item": "item" } } },
    });
    let mut found = told(login(), datasets);
    found.sort();
    let mut expected: Vec<(String, String)> = [
        ("unknown-flow", "a.flow"),
        ("bad-value", "b.sync.every"),
        ("unknown-column", "b.key[0]"),
        ("conflict", "c.flow"),
        ("unknown-given", "d.read.with.itm"),
        ("missing-key", "d.read"),
        ("wrong-type", "e.read"),
        ("missing-key", "f"),
        ("conflict", "f.sync"),
        ("missing-key", "g"),
        ("conflict", "h.flow"),
        ("unknown-column", "i.key[0]"),
        ("columns-differ", "i.read"),
        ("columns-differ", "i.read"),
        ("missing-key", "j.read"),
    ]
    .iter()
    .map(|(code, path)| ((*code).to_owned(), format!("sources.stock.datasets.{path}")))
    .collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_login_is_what_the_map_types() {
    let datasets = json!({ "stock": { "flow": "read_stock" } });
    let at = |path: &str| ("missing-key".to_owned(), path.to_owned());
    assert_eq!(told(json!({}), datasets.clone()), vec![at("sources.stock"), at("sources.stock")]);
    assert_eq!(told(json!({ "login": { "user": "X" } }), datasets.clone()), vec![at("sources.stock")]);
    assert_eq!(told(json!({ "login": { "user": "X", "password": "a\tb" } }), datasets.clone())[0].0, "bad-value");
    assert_eq!(told(json!({ "map": "stock.yaml" }), datasets.clone())[0].0, "wrong-type");
    assert_eq!(told(json!({ "mapp": 1, "login": { "user": "X", "password": "y" } }), datasets)[0].0, "unknown-key");
}

#[test]
fn the_schema_knows_the_map() {
    let schema = Screens.source_schema().to_value();
    let map = schema.pointer("/properties/map/anyOf/1").unwrap();
    assert!(map.pointer("/properties/screens").is_some() && map.pointer("/properties/transport/oneOf/2").is_some());
    let text = schema.to_string();
    let defs = schema.pointer("/$defs").and_then(|d| d.as_object()).unwrap();
    for reference in text.split("\"#/$defs/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(defs.contains_key(name), "{name} is referred to and not defined");
    }
}
