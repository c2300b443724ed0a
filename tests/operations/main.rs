//! What operators see and do, through the real program: probes, metrics, the admin API, the dashboard, the commands.
//!
//! Not here: what one room does alone (its own tests), how files are taken in (`journeys`).

#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod api;
mod backups;
mod brownouts;
mod capture;
mod census;
mod commands;
mod consumers;
mod contract;
mod document;
mod door;
mod errors;
mod explained;
mod letters;
mod logs;
mod metrics;
mod migration;
mod pages;
mod reach;
mod routes;
#[allow(dead_code)] // this binary uses its part
#[path = "../journeys/routes/upstream.rs"]
mod upstream;

use common::{Gateway, Site};
use serde_json::Value;

/// A shop whose category comes from a table that people keep, with a snapshot guarded against shrinking.
const SHOP: &str = r#"
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    datasets:
      items:
        files: "*.csv"
        format: { kind: csv }
        key: [NO]
        content: snapshot
        shrink_guard: 40%
        ready: { quiet: 50ms }
entities:
  item:
    fields:
      name:     { type: text, required: true, filter: [eq] }
      category: { type: text }
lookups:
  category: { file: category.csv, keys: [CODE], value: category }
mappings:
  - from: shop.items
    to: item
    fields:
      name: TRIM(NAME)
      category: LOOKUP("category", CODE) ELSE REJECT "unknown-category"
"#;

/// Two good records, two whose category is not known, and one that is none.
const ITEMS: &str = "NO,NAME,CODE\n1,Cup,C\n2,Mug,C\n3,Fork,X\n4,Spoon,X\n5,Knife,C,too,many\n";

/// The shop with its table and its first file.
fn shop() -> Site {
    let site = shop_with("");
    site.drop_file("drop/a.csv", ITEMS);
    site
}

/// The shop with its table and more of a configuration, and no file yet.
fn shop_with(more: &str) -> Site {
    let site = Site::new(&format!("{SHOP}{more}"));
    site.drop_file("category.csv", "CODE,category\nC,crockery\n");
    site
}

/// `routes set`, as `ann` says it: whether it was done, and what was printed.
fn set_route(site: &Site, route: &str, more: &[&str]) -> (bool, String) {
    site.tries(&[&["routes", "set", route, "--reason", "a test", "--author", "ann"], more].concat())
}

/// The shop, its first file read.
fn open_shop() -> (Site, Gateway) {
    let site = shop();
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.csv"), "done");
    (site, g)
}

/// Every item of a list of the admin API, page by page.
fn pages(g: &Gateway, path: &str, limit: usize) -> Vec<Value> {
    let mut out = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let cursor = next.map(|c| format!("&cursor={c}")).unwrap_or_default();
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = g.admin(&format!("{path}{mark}limit={limit}{cursor}"));
        out.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(c) => next = Some(c.to_owned()),
            None => return out,
        }
    }
}
