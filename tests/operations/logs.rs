//! Logs: JSON lines where nobody watches, and nothing in them that a record holds.

use crate::SHOP;
use crate::common::Site;
use serde_json::{Value, json};
use std::fs;

#[test]
fn logs_are_json_and_hold_no_values() {
    let site = Site::new(SHOP);
    site.drop_file("category.csv", "CODE,category\nC,crockery\n");
    site.drop_file("drop/a.csv", "NO,NAME,CODE\n1,Geheimrat,C\n2,Geheimrat,Geheimcode\n3,Geheimrat,C,Geheim\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.csv"), "done");
    g.ask("/v1/items?name=Geheimrat", &[]);
    g.ask("/v1/items?nmae=Geheimrat", &[]);
    g.act("/admin/v1/dead-letters/1/replay", &json!({}));
    g.act("/admin/v1/dead-letters/2/discard", &json!({ "reason": "Geheimgrund" }));
    site.drop_file("drop/b.csv", "NO,TITLE,CODE\n1,Geheimrat,C\n");
    g.until("the drift is seen", |g| g.dataset("shop.items")["state"] == "drifted");
    g.stop();
    let log = fs::read_to_string(site.path("banyan.log")).unwrap();
    assert!(!log.contains("Geheim"), "a record's content is in the log:\n{log}");
    let lines: Vec<Value> = log.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let audits: Vec<&Value> = lines.iter().filter(|l| l["target"] == "audit").collect();
    let acts: Vec<&str> = audits.iter().map(|l| l["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["replay", "discard"], "{log}");
    assert!(audits.iter().all(|l| l["who"] == "local" && l["at"].is_string() && l["outcome"].is_string()), "{log}");
    assert!(
        lines.iter().any(|l| l["level"] == "warn" && l["message"].as_str().unwrap().contains("columns changed")),
        "{log}"
    );
    // What is no JSON is what `serve` says on standard output when it begins.
    let others: Vec<&str> = log.lines().filter(|l| serde_json::from_str::<Value>(l).is_err()).collect();
    assert!(others.len() <= 4, "{others:?}");
}
