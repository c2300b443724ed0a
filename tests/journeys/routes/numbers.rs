//! A modern side that numbers otherwise: consumers see canonical ids only, whoever answers.

use super::metric;
use super::upstream::{Upstream, answer};
use crate::common::{Site, until};

const SHOP: &str = r#"
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    spaces: [new]
    datasets:
      items:
        files: "*.csv"
        format: { kind: csv }
        key: [NO]
        content: changes
        ready: { quiet: 50ms }
entities:
  item:
    authority: shop
    fields: { name: { type: text, required: true } }
mappings:
  - { from: shop.items, to: item, also: { new: [NEW] }, fields: { name: TRIM(NAME) } }
"#;

#[test]
fn ids_are_translated_both_ways_or_legacy_answers() {
    let json = "Content-Type: application/json\r\n";
    let new = Upstream::start(move |c, r| match r.line().as_str() {
        "GET /v1/items/77" => c.send(answer(200, json, r#"{"id":77,"name":"Cup"}"#)),
        "GET /v1/items/a%20b" => c.send(answer(200, json, r#"{"id":"a b","name":"Mug"}"#)),
        "GET /v1/items?limit=9" => c.send(answer(200, json, r#"{"items":[{"id":"99","name":"Ghost"}],"next":null}"#)),
        line if line.starts_with("GET /v1/items") && !line.contains("/v1/items/") => {
            c.send(answer(200, json, r#"{"items":[{"id":77,"name":"Cup"},{"id":"a b","name":"Mug"}],"next":null}"#))
        }
        _ => c.send(answer(404, json, "{}")),
    });
    let site = Site::new(&format!(
        "{SHOP}upstreams:\n  new: {{ url: \"{}\" }}\nroutes:\n  - {{ path: /v1/items, modern: new, stage: modern, \
         ids: {{ space: new, at: [/id, \"/items/*/id\"] }}, compare: {{ double_read: 0% }} }}\n",
        new.url()
    ));
    site.drop_file("drop/a.csv", "NO,NAME,NEW\n1,Cup,77\n2,Mug,a b\n3,Fork,\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.csv"), "done");
    let found = |key: &str| {
        let one = g.ask(&format!("/v1/items:lookup?space=shop&key={key}"), &[]).json();
        one["id"].as_str().unwrap().to_owned()
    };
    let (cup, mug, fork) = (found("1"), found("2"), found("3"));
    for (id, name) in [(&cup, "Cup"), (&mug, "Mug")] {
        let said = g.ask(&format!("/v1/items/{id}"), &[]);
        assert_eq!(
            (said.header("banyan-served-by"), said.json()["id"].as_str()),
            ("modern", Some(id.as_str())),
            "{name}"
        );
        assert_eq!(said.json()["name"], name);
    }
    let list = g.ask("/v1/items", &[]).json();
    let ids: Vec<&str> = list["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&cup, &mug]);
    // Modern has no number for it, and the other way round it speaks of one that nobody here knows.
    for path in [format!("/v1/items/{fork}"), "/v1/items?limit=9".to_owned()] {
        let said = g.ask(&path, &[]);
        assert_eq!(
            (said.header("banyan-served-by"), said.header("banyan-fallback")),
            ("legacy", "modern-ids"),
            "{path}"
        );
    }
    assert!(!new.seen().iter().any(|r| r.line().contains(&fork) || r.line().contains(&cup)), "canonical ids stay here");
    until("what modern said is compared under our ids", || {
        metric(&g, "banyan_comparisons_total{route=\"/v1/items\",outcome=\"match\"") >= 2.0
    });
}
