//! Screens behind the real program: a small stock system for terminals, a shell script of the test's own.

mod by_hand;
mod recorder;
mod trouble;

use crate::common::{Site, printed};
use serde_json::{Value, json};
use std::fs;

const FRESH: [(&str, &str); 1] = [("cache-control", "max-age=0")];

/// The stock system, in the site's folder, and a configuration that reads it every so often.
fn green(every: &str, password: &str) -> Site {
    let site = Site::new(&format!(
        "sources:
  green:
    adapter: screens
    map: green.yaml
    login: {{ user: oper, password: {password} }}
    datasets:
      stock: {{ flow: read_stock, key: [item], sync: {{ mode: full, every: {every} }}, read: {{ flow: read_item, with: {{ item: item }} }} }}
entities:
  item:
    authority: green
    fields:
      no: {{ type: text, required: true }}
      qty: {{ type: integer }}
mappings:
  - from: green.stock
    to: item
    fields: {{ no: item, qty: INTEGER(qty) ELSE REJECT \"bad-quantity\" }}
"
    ));
    fs::write(site.path("green.yaml"), include_str!("green.yaml")).unwrap();
    fs::write(site.path("green.sh"), include_str!("green.sh")).unwrap();
    let stock: String = (1..10).map(|n| format!("471{n} {}\n", n * 10)).collect();
    for (name, text) in [("password", "secret"), ("stock.txt", &stock), ("title", "STOCK LIST"), ("slow", "0")] {
        fs::write(site.path(name), text).unwrap();
    }
    site
}

fn logins(site: &Site) -> usize {
    fs::read_to_string(site.path("logins")).unwrap_or_default().lines().count()
}

fn keyed(g: &crate::common::Gateway, key: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let answer = g.ask(&format!("/v1/items:lookup?space=green&key={key}"), headers);
    (answer.status, answer.json())
}

#[test]
fn what_stands_on_screens_is_served_read_live_and_says_where_it_stood() {
    let site = green("1h", "secret");
    let g = site.start();
    g.until("all pages are read", |g| g.count("/v1/items") == 9);
    let (status, seventh) = keyed(&g, "4717", &[]);
    assert_eq!((status, seventh["qty"].clone()), (200, json!("70")), "{seventh}");
    let why = printed(&site.banyan(&["why", "item", "green:4717"]));
    assert!(why.contains("map green/v1, screen list, page 2, row 7, columns 12 to 17"), "{why}");
    let id = seventh["id"].as_str().unwrap();
    let lineage = g.get(&format!("/v1/items/{id}/lineage")).to_string();
    assert!(lineage.contains("screen list, page 2, row 7"), "{lineage}");

    site.edit("stock.txt", |text| text.replace("4717 70", "4717 71"));
    assert_eq!(keyed(&g, "4717", &FRESH).1["qty"], "71");
    assert_eq!(keyed(&g, "9999", &FRESH).0, 404);
    g.until("it is stored", |g| keyed(g, "4717", &[]).1["qty"] == "71");
    let why = printed(&site.banyan(&["why", "item", "green:4717"]));
    assert!(why.contains("screen detail, row 5, columns 8 to 13"), "{why}");
    assert_eq!(g.dataset("green.stock")["ledger"]["adds_up"], true);

    let audit = printed(&site.banyan(&["audit", "list", "--source", "green"]));
    assert!(audit.contains("read_stock: [menu ") && audit.contains("read_item: [menu "), "{audit}");
    assert!(audit.contains("type $item") && !audit.contains("\"secret\""), "{audit}");
    assert!(site.banyan(&["audit", "verify"]).status.success());
    let metrics = g.ask_admin("/metrics", &[]).text();
    assert!(
        metrics.contains("banyan_screens_runs_total{source=\"green\",flow=\"read_stock\",outcome=\"done\"} 1"),
        "{metrics}"
    );
    let source = g.admin("/admin/v1/sources")["items"][0].clone();
    assert!(source["facts"].to_string().contains("green/v1") && source["halted"].is_null(), "{source}");
    let page = g.ask_admin("/sources/green", &[]);
    assert!(page.status == 200 && page.text().contains("at rest"), "{}", page.text());
    g.stop();
}

#[test]
fn a_record_that_cannot_be_mapped_is_a_dead_letter_with_its_place_on_the_screen() {
    let site = green("1h", "secret");
    site.edit("stock.txt", |text| text.replace("4715 50", "4715 many"));
    let g = site.start();
    g.until("the others are there", |g| g.count("/v1/items") == 8);
    let letter = g.admin("/admin/v1/dead-letters")["items"][0].clone();
    assert_eq!(letter["code"], "bad-quantity");
    assert!(letter["where"].as_str().unwrap().contains("screen list, page 2, row 5"), "{letter}");
    let shown = printed(&site.banyan(&["dead-letters", "show", &letter["number"].to_string()]));
    assert!(shown.contains("screen list, page 2, row 5") && !shown.contains(", byte "), "{shown}");
    g.stop();
}

#[test]
fn a_flow_runs_by_hand_and_its_trace_replays() {
    let site = green("1h", "secret");
    let ran = site.banyan_json(&["screens", "run", "green", "read_stock", "--trace", "kept.jsonl"]);
    assert_eq!((ran["end"].clone(), ran["records"].as_array().unwrap().len()), (json!("done"), 9));
    let trace = site.path("kept.jsonl");
    assert!(fs::read_to_string(&trace).is_ok_and(|t| !t.contains("secret")));
    let trace = trace.to_str().unwrap();
    assert_eq!(site.banyan_json(&["screens", "replay", "green", trace])["same"], true);
    let one = site.banyan(&["screens", "run", "green", "read_item", "--with", "item=4712"]);
    assert!(one.status.success() && printed(&one).contains("4712"), "{}", printed(&one));
    let none = site.banyan(&["screens", "run", "green", "read_item", "--with", "item=4800"]);
    assert_eq!(none.status.code(), Some(4), "{}", printed(&none));
    for (wrong, told) in [
        (vec!["read_items"], "did you mean `read_item`?"),
        (vec!["read_item"], "must be given `item`"),
        (vec!["read_item", "--with", "qty=1"], "not `qty`"),
    ] {
        let out = site.banyan(&[&["screens", "run", "green"], wrong.as_slice()].concat());
        assert!(out.status.code() == Some(2) && printed(&out).contains(told), "{wrong:?}: {}", printed(&out));
    }
}
