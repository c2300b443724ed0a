//! The operator's commands: beside a running gateway, through it, and without one.

use crate::common::Site;
use crate::{open_shop, shop};
use serde_json::json;
use std::fs;

fn text(site: &Site, args: &[&str]) -> (Option<i32>, String, String) {
    let out = site.banyan(args);
    let show = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (out.status.code(), show(&out.stdout), show(&out.stderr))
}

#[test]
fn the_ledger_is_proved_beside_a_running_gateway() {
    let (site, g) = open_shop();
    let (code, out, _) = text(&site, &["ledger"]);
    assert_eq!(code, Some(0), "{out}");
    let line =
        "shop.items -> item: in 5 = applied 2 + unchanged 0 + superseded 0 + skipped 0 + held 0 + rejected 3: adds up";
    assert!(out.contains(line) && out.contains("a.csv (done"), "{out}");
    let ledger = site.banyan_json(&["ledger", "--dataset", "shop.items"]);
    assert_eq!(ledger["adds_up"], true);
    assert_eq!(ledger["datasets"][0]["rows"][0]["rejected"], 3, "{ledger}");
    let (code, _, err) = text(&site, &["ledger", "--dataset", "no.such"]);
    assert!(code == Some(1) && err.contains("shop.items"), "{err}");
    g.stop();
}

#[test]
fn letters_are_listed_shown_and_acted_on_with_and_without_a_gateway() {
    let (site, g) = open_shop();
    let list = site.banyan_json(&["dead-letters", "list", "--code", "unknown-category"]);
    let numbers: Vec<String> =
        list["items"].as_array().unwrap().iter().map(|l| l["number"].as_u64().unwrap().to_string()).collect();
    assert_eq!(numbers.len(), 2);
    let (code, out, _) = text(&site, &["dead-letters", "show", &numbers[0]]);
    assert!(code == Some(0) && out.contains("unknown-category") && out.contains("hint"), "{out}");

    // Through the gateway, which holds the store.
    let (code, out, _) = text(&site, &["dead-letters", "replay", &numbers[0]]);
    assert!(code == Some(1) && out.contains("refused again"), "{out}");
    let (code, _, err) = text(&site, &["dead-letters", "discard", &numbers[0], "--reason", "not ours"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(g.admin(&format!("/admin/v1/dead-letters/{}", numbers[0]))["reason"], "not ours");
    g.stop();

    // On our own, with the table mended.
    site.drop_file("category.csv", "CODE,category\nC,crockery\nX,cutlery\n");
    let outcome = site.banyan_json(&["dead-letters", "replay", &numbers[1]]);
    assert_eq!(outcome["items"][0]["outcome"], "applied", "{outcome}");
    let counts = site.banyan_json(&["dead-letters", "replay", "--all"]);
    assert_eq!(counts, json!({ "applied": 0, "refused_again": 0, "not_possible": 1 }));
    let (code, out, _) = text(&site, &["ledger", "--totals"]);
    assert!(code == Some(0) && out.contains("applied 3") && out.contains("rejected 2"), "{out}");
    assert_eq!(text(&site, &["dead-letters", "discard", "1"]).0, Some(2), "a reason is wanted");
    assert_eq!(text(&site, &["dead-letters", "show", "99"]).0, Some(1));
}

#[test]
fn drift_is_accepted_through_the_gateway_and_without_it() {
    let (site, g) = open_shop();
    let (code, _, err) = text(&site, &["accept", "shop.items"]);
    assert!(code == Some(1) && err.contains("nothing"), "{err}");
    site.drop_file("drop/b.csv", "NO,NAME,CODE,MORE\n1,Cup,C,x\n2,Mug,C,y\n");
    g.until("the drift is seen", |g| g.dataset("shop.items")["state"] == "drifted");
    let (code, out, _) = text(&site, &["accept", "shop.items"]);
    assert!(code == Some(0) && out.contains("b.csv"), "{out}");
    g.until("the file is read", |g| g.dataset("shop.items")["last_finished"]["name"] == "b.csv");
    site.drop_file("drop/c.csv", "NO,NAME,CODE\n1,Cup,C\n2,Mug,C\n");
    g.until("the next drift is seen", |g| g.dataset("shop.items")["state"] == "drifted");
    g.stop();
    let (code, out, err) = text(&site, &["accept", "shop.items"]);
    assert!(code == Some(0) && out.contains("MORE is gone"), "{out}{err}");
    assert!(err.contains("audit"), "an act leaves its line: {err}");
    let g = site.start();
    g.until("the file is read", |g| g.dataset("shop.items")["last_finished"]["name"] == "c.csv");
}

#[test]
fn why_tells_place_and_formula() {
    let (site, _g) = open_shop();
    let (code, out, err) = text(&site, &["why", "item", "shop:1", "--field", "name"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("name = Cup") && out.contains("a.csv, line 2") && !out.contains("crockery"), "{out}");
    let told = site.banyan_json(&["why", "item", "shop:1"]);
    let id = told["id"].as_str().unwrap();
    assert_eq!(told["fields"]["category"]["value"], "crockery");
    assert_eq!(site.banyan_json(&["why", "item", id]), told);
    for bad in [
        &["why", "itme", "shop:1"][..],
        &["why", "item", "shap:1"],
        &["why", "item", "shop:1", "2"],
        &["why", "item", "x"],
        &["why", "item", "shop:77"],
    ] {
        let (code, _, err) = text(&site, bad);
        assert!(code == Some(1) && err.starts_with("error: "), "{bad:?}: {err}");
    }
}

#[test]
fn a_backup_comes_back_byte_for_byte() {
    let (site, g) = open_shop();
    let backup = site.path("backup.db");
    let name = backup.to_str().unwrap();
    assert_eq!(text(&site, &["backup", name]).0, Some(0));
    let (code, _, err) = text(&site, &["backup", name]);
    assert!(code == Some(1) && err.contains("overwrites nothing"), "{err}");
    let before = g.lines("/v1/items");
    site.drop_file("drop/b.csv", "NO,NAME,CODE\n1,Changed,C\n2,Mug,C\n");
    assert_eq!(g.settled("shop.items", "b.csv"), "done");
    assert_ne!(g.lines("/v1/items"), before);
    let (code, _, err) = text(&site, &["restore", name]);
    assert!(code == Some(1) && err.contains("stop it first"), "{err}");
    g.stop();

    fs::write(site.path("broken.db"), b"SQLite format 3\0 but no more").unwrap();
    let (code, _, err) = text(&site, &["restore", site.path("broken.db").to_str().unwrap()]);
    assert_eq!(code, Some(1), "{err}");
    fs::remove_file(site.path("drop/b.csv")).unwrap();
    let (code, out, err) = text(&site, &["restore", name]);
    assert!(code == Some(0) && out.contains("is kept as"), "{out}{err}");
    assert_eq!(text(&site, &["store", "verify"]).1, "the store is sound\n");
    let g = site.start();
    assert_eq!(g.lines("/v1/items"), before);
}

#[test]
fn without_a_store_commands_say_so_and_make_none() {
    let site = shop();
    for args in [
        &["ledger"][..],
        &["dead-letters", "list"],
        &["accept", "shop.items"],
        &["store", "verify"],
        &["backup", "x.db"],
        &["restore", "x.db"],
    ] {
        let (code, _, err) = text(&site, args);
        assert!(code == Some(1) && err.starts_with("error: there is no"), "{args:?}: {err}");
    }
    assert!(!site.path("banyan.db").exists());
}

#[test]
fn another_gateway_at_the_address_is_not_taken_for_ours() {
    let (site, g) = open_shop();
    let other = shop();
    let admin = g.admin.trim_start_matches("http://").to_owned();
    fs::write(other.path("banyan.db"), b"").unwrap();
    other.edit("banyan.yaml", |y| {
        let at = y.find("admin: \"").unwrap() + 8;
        let end = at + y[at..].find('"').unwrap();
        format!("{}{admin}{}", &y[..at], &y[end..])
    });
    let (code, _, err) = text(&other, &["dead-letters", "discard", "1", "--reason", "x"]);
    assert!(code == Some(1) && err.contains("something else"), "{err}");
    assert_eq!(g.dataset("shop.items")["dead_letters_open"], 3);
    drop(site);
}
