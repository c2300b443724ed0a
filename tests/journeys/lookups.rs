//! Lookups that a dataset fills: a row lasts as long as the record behind it, and what rests on it follows.

use crate::common::{Gateway, Site};
use serde_json::{Value, json};

const YAML: &str = r#"
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    datasets:
      regions:
        files: "regions*.csv"
        format: { kind: csv }
        key: [ID]
        ready: { quiet: 50ms }
        CONTENT
      items:
        files: "items*.csv"
        format: { kind: csv }
        key: [NO]
        content: snapshot
        ready: { quiet: 50ms }
lookups:
  region: { dataset: shop.regions, keys: [CODE], value: NAME }
entities:
  item:
    fields:
      region: { type: text }
mappings:
  - from: shop.items
    to: item
    fields:
      region: LOOKUP("region", CODE) ELSE "none"
"#;

fn site(content: &str) -> Site {
    let site = Site::new(&YAML.replace("CONTENT", content));
    site.drop_file("drop/items.csv", "NO,CODE\n1,N\n2,S\n3,E\n");
    site
}

/// What the items say of their regions.
fn regions(g: &Gateway) -> String {
    let of = |no: u32| {
        let answer = g.ask(&format!("/v1/items:lookup?space=shop&key={no}"), &[]);
        if answer.status == 200 { answer.json()["region"].as_str().unwrap_or("?").to_owned() } else { "?".to_owned() }
    };
    [1, 2, 3].map(of).join(" ")
}

fn until(g: &Gateway, wanted: &str) {
    g.until(wanted, |g| regions(g) == wanted);
}

fn ledger(g: &Gateway) -> Value {
    let ledger = g.dataset("shop.regions")["ledger"].clone();
    assert_eq!(ledger["adds_up"], true, "{ledger}");
    ledger["mappings"][0].clone()
}

#[test]
fn a_row_that_vanishes_from_a_snapshot_leaves_the_lookup() {
    let site = site("content: snapshot\n        shrink_guard: 60%");
    site.drop_file("drop/regions.csv", "ID,CODE,NAME\n1,N,North\n2,S,South\n3,E,East\n");
    let g = site.start();
    until(&g, "North South East");

    site.drop_file("drop/regions.csv", "ID,CODE,NAME\n1,N,North\n3,E,Orient\n");
    until(&g, "North none Orient");
    assert_eq!(ledger(&g)["deleted"], 1);

    // The row moves to another key: what it said under its old one goes.
    site.drop_file("drop/regions.csv", "ID,CODE,NAME\n1,S,North\n3,E,Orient\n");
    until(&g, "none North Orient");

    // They survive a restart, and a snapshot that shows the same.
    g.stop();
    let g = site.start();
    site.drop_file("drop/regions.csv", "ID,CODE,NAME\n3,E,Orient\n1,S,North\n\n");
    g.until("it is read", |g| ledger(g)["in"] == 9);
    until(&g, "none North Orient");

    // Half a snapshot and a row without a key take nothing away.
    site.drop_file("drop/regions.csv", "ID,CODE,NAME\n");
    g.until("the guard", |g| g.dataset("shop.regions")["state"] == "suspended");
    assert_eq!(regions(&g), "none North Orient");
    assert_eq!(g.dataset("shop.regions")["suspended"]["missing"], 2);
    assert_eq!(g.act("/admin/v1/datasets/shop.regions/accept", &json!({})).status, 200);
    until(&g, "none none none");

    site.drop_file("drop/regions.csv", "ID,CODE,NAME\n1,N,North\n2,S,South\n3,E,East\n");
    until(&g, "North South East");
    site.drop_file("drop/regions.csv", "ID,CODE,NAME\n1,N,North\n2,S,South\n3,E\n");
    g.until("an unreadable row", |g| g.dataset("shop.regions")["state"] == "suspended");
    assert_eq!(regions(&g), "North South East");
    g.stop();
}

/// Regions that come in two parts; those of the first day are read.
fn in_parts() -> (Site, Gateway) {
    let site =
        site("content: snapshot\n        snapshot: { name: \"regions_{date:yyyyMMdd}_{part}.csv\", parts: [a, b] }");
    site.drop_file("drop/regions_20260101_a.csv", "ID,CODE,NAME\n1,N,North\n");
    site.drop_file("drop/regions_20260101_b.csv", "ID,CODE,NAME\n2,S,South\n3,E,East\n");
    let g = site.start();
    until(&g, "North South East");
    (site, g)
}

#[test]
fn parts_make_one_snapshot_of_a_lookup_together() {
    let (site, g) = in_parts();
    site.drop_file("drop/regions_20260102_a.csv", "ID,CODE,NAME\n1,N,Nord\n");
    until(&g, "Nord South East");
    g.stop();
    let g = site.start();
    site.drop_file("drop/regions_20260102_b.csv", "ID,CODE,NAME\n2,S,South\n");
    until(&g, "Nord South none");
    g.stop();
}

#[test]
fn a_deletion_and_a_changed_key_take_the_row_away() {
    let site = site("content: changes\n        operation: { column: OP, delete: [D] }\n        order: name");
    site.drop_file("drop/regions1.csv", "OP,ID,CODE,NAME\nI,1,N,North\nI,2,S,South\nI,3,E,East\n");
    let g = site.start();
    until(&g, "North South East");
    // A deletion names its key, and nothing else need be there.
    site.drop_file("drop/regions2.csv", "OP,ID,CODE,NAME\nD,2,,\n");
    until(&g, "North none East");
    // Two change places, in one file; a third one moves away.
    site.drop_file("drop/regions3.csv", "OP,ID,CODE,NAME\nU,1,E,North\nU,3,N,East\n");
    until(&g, "East none North");
    site.drop_file("drop/regions4.csv", "OP,ID,CODE,NAME\nU,1,X,North\n");
    until(&g, "East none none");
    assert_eq!(ledger(&g)["deleted"], 1);
    g.stop();
}

#[test]
fn a_late_part_of_an_older_snapshot_takes_nothing_from_a_newer_one() {
    let (site, g) = in_parts();
    // The third day begins before the second is whole; on the second a row is missing that the third has again.
    site.drop_file("drop/regions_20260102_a.csv", "ID,CODE,NAME\n1,N,North\n");
    g.until("the second day begins", |g| ledger(g)["in"] == 4);
    site.drop_file("drop/regions_20260103_a.csv", "ID,CODE,NAME\n1,N,North\n3,E,East\n");
    g.until("the third day begins", |g| ledger(g)["in"] == 6);
    site.drop_file("drop/regions_20260102_b.csv", "ID,CODE,NAME\n2,S,South\n");
    g.until("the second day is whole", |g| ledger(g)["in"] == 7);
    site.drop_file("drop/regions_20260103_b.csv", "ID,CODE,NAME\n2,S,South\n");
    g.until("the third day is whole", |g| ledger(g)["in"] == 8);
    assert_eq!(regions(&g), "North South East", "the third day shows all three");
    site.drop_file("drop/regions_20260104_b.csv", "ID,CODE,NAME\n2,S,South\n");
    site.drop_file("drop/regions_20260104_a.csv", "ID,CODE,NAME\n1,N,North\n");
    until(&g, "North South none");
    g.stop();
}

#[test]
fn an_older_file_that_comes_late_takes_no_row_from_a_newer_one() {
    let site = site("operation: { column: OP, delete: [D] }\n        order: name");
    site.drop_file("drop/regions2.csv", "OP,ID,CODE,NAME\nU,1,N,North\nD,2,S,South\nU,4,W,West\n");
    let g = site.start();
    until(&g, "North none none");
    // In the first file 1 and 2 had other names, 4 stood for the east, and 3 is in no newer file.
    site.drop_file("drop/regions1.csv", "OP,ID,CODE,NAME\nU,1,N,Nord\nU,2,S,Sud\nU,4,E,Occident\nU,3,E,East\n");
    until(&g, "North none East");
    let sums = ledger(&g);
    assert_eq!((&sums["applied"], &sums["superseded"]), (&json!(3), &json!(3)), "{sums}");
    // And what is newer than both counts.
    site.drop_file("drop/regions3.csv", "OP,ID,CODE,NAME\nU,2,S,South\n");
    until(&g, "North South East");
    g.stop();
}
