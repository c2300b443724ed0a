//! Moving routes: what is journaled, what is held back, what a restart keeps.

use super::{set_route, shop_with};
use crate::common::{Site, printed};
use serde_json::{Value, json};

const ROUTES: &str = r#"
upstreams:
  new: { url: "http://127.0.0.1:1" }
  old_web: { url: "http://127.0.0.1:1" }
routes:
  - { path: /v1/items, modern: new }
  - { path: /orders/**, methods: [POST], legacy: old_web, modern: new }
  - { path: /**, legacy: old_web }
"#;

fn stages(site: &Site) -> Vec<(String, String, bool)> {
    let all = site.banyan_json(&["routes", "list"]);
    let word = |v: &Value, k: &str| v[k].as_str().unwrap_or_default().to_owned();
    all.as_array().unwrap().iter().map(|r| (word(r, "name"), word(r, "stage"), r["killed"] == true)).collect()
}

fn stage(site: &Site, name: &str) -> (String, bool) {
    let found = stages(site).into_iter().find(|s| s.0 == name).unwrap();
    (found.1, found.2)
}

#[test]
fn a_step_needs_evidence_a_way_back_does_not_and_a_restart_keeps_both() {
    let site = shop_with(ROUTES);
    let g = site.start();
    assert_eq!(
        set_route(&site, "/v1/items", &["--stage", "shadow"]),
        (true, "/v1/items: legacy -> shadow\n".to_owned())
    );
    let (done, told) = set_route(&site, "/v1/items", &["--stage", "canary", "--weight", "5%"]);
    assert!(!done && told.contains("insufficient evidence") && told.contains("--force"), "{told}");
    assert_eq!(stage(&site, "/v1/items"), ("shadow".to_owned(), false));
    let (done, told) = set_route(&site, "/v1/items", &["--stage", "canary", "--weight", "5%", "--force"]);
    assert!(done && told.contains("canary at 5%"), "{told}");
    // Of writes nothing can be compared: a shadow makes no sense, a canary needs no evidence.
    let (done, told) = set_route(&site, "/orders/** POST", &["--stage", "shadow"]);
    assert!(!done && told.contains("never sent twice"), "{told}");
    assert!(set_route(&site, "/orders/**", &["--stage", "canary", "--weight", "1%"]).0);
    for (args, why) in [
        (vec!["--stage", "sideways"], "is not a stage"),
        (vec!["--stage", "modern", "--weight", "5%"], "belongs to the stage"),
        (vec!["--stage", "canary", "--weight", "1%"], "already"),
    ] {
        let (done, told) = set_route(&site, "/orders/**", &args);
        assert!(!done && told.contains(why), "{told}");
    }
    assert!(set_route(&site, "/nowhere", &["--stage", "shadow"]).1.contains("there is no route"));
    g.kill();
    let g = site.start();
    let listed = g.admin("/admin/v1/routes");
    assert_eq!(listed["items"][0]["stage"], "canary");
    assert_eq!(listed["items"][0]["weight"], "5%");
    assert_eq!(listed["items"][0]["decided"]["because"], "force");
    assert!(set_route(&site, "/v1/items", &["--stage", "legacy"]).0, "a way back is never refused");
    let decisions = g.admin("/admin/v1/routes/decisions?route=/v1/items");
    let way: Vec<&str> = decisions["items"].as_array().unwrap().iter().map(|d| d["to"].as_str().unwrap()).collect();
    assert_eq!(way, ["legacy", "canary at 5%", "shadow"]);
    // The configuration begins at `legacy`, the journal rules: where the two differ, `check` says so.
    assert!(printed(&site.banyan(&["check"])).contains("/orders/** POST stands at canary at 1%"));
}

#[test]
fn the_switch_works_without_a_gateway() {
    let site = shop_with(ROUTES);
    let g = site.start();
    assert!(set_route(&site, "/v1/items", &["--stage", "shadow"]).0);
    let out = site.banyan(&["routes", "kill", "/v1/items", "--reason", "it burns", "--author", "ann"]);
    assert!(out.status.success(), "{}", printed(&out));
    assert_eq!(stage(&site, "/v1/items"), ("shadow".to_owned(), true));
    assert!(set_route(&site, "/v1/items", &["--revive"]).0);
    assert_eq!(stage(&site, "/v1/items"), ("shadow".to_owned(), false));
    g.kill();
    let out = site.banyan(&["routes", "kill", "*", "--reason", "it burns", "--author", "ann"]);
    assert!(out.status.success() && printed(&out).contains("obeys it within a second"), "{}", printed(&out));
    let g = site.start();
    g.until("all routes are switched off", |g| {
        g.admin("/admin/v1/routes")["items"].as_array().unwrap().iter().all(|r| r["killed"] == true)
    });
}

#[test]
fn a_damaged_journal_stops_the_gateway_and_says_where() {
    let site = shop_with(ROUTES);
    let g = site.start();
    assert!(set_route(&site, "/v1/items", &["--stage", "shadow"]).0);
    assert!(set_route(&site, "/v1/items", &["--stage", "legacy"]).0);
    g.kill();
    let path = std::fs::read_dir(site.folder()).unwrap().map(|e| e.unwrap().path());
    let path = path.into_iter().find(|p| p.to_string_lossy().ends_with("routes.jsonl")).unwrap();
    let kept = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, kept.replacen("a test", "a jest", 1)).unwrap();
    let out = site.banyan(&["serve"]);
    assert!(!out.status.success() && printed(&out).contains("line 1"), "{}", printed(&out));
}

#[test]
fn a_request_is_explained() {
    let site = shop_with(ROUTES);
    let explain = |method: &str, path: &str| {
        let e = site.banyan_json(&["routes", "explain", method, path]);
        (e["route"].clone(), e["answers"].as_str().unwrap().to_owned())
    };
    let facade = "legacy (the facade); the route stands at legacy".to_owned();
    assert_eq!(explain("get", "/v1/items?limit=3"), (json!("/v1/items"), facade));
    assert_eq!(explain("GET", "/v1/items/changes"), (Value::Null, "the facade".to_owned()));
    assert_eq!(explain("GET", "/v1/nothing").0, Value::Null);
    assert_eq!(explain("GET", "/orders/7").0, json!("/**"));
    assert_eq!(explain("POST", "/orders/7").0, json!("/orders/** POST"));
    assert_eq!(explain("GET", "/docs").1, "the facade");
}

#[test]
fn a_plan_says_what_would_change_and_changes_nothing() {
    let site = shop_with(ROUTES);
    let g = site.start();
    assert!(set_route(&site, "/v1/items", &["--stage", "shadow"]).0);
    let plan = |change: &dyn Fn(String) -> String| {
        let now = std::fs::read_to_string(site.config()).unwrap();
        site.drop_file("new.yaml", change(now));
        let path = site.path("new.yaml");
        printed(&site.banyan(&["routes", "plan", path.to_str().unwrap()]))
    };
    assert_eq!(plan(&|t| t), "nothing about routes or consumers would change\n");
    let told = plan(&|t| {
        t.replace("{ path: /v1/items, modern: new }", "{ path: /v1/items, modern: new, compare: { ignore: [/name] } }")
    });
    assert!(told.contains("~ /v1/items") && told.contains("evidence starts again: the rules"), "{told}");
    let told =
        plan(&|t| t.replace("  - { path: /v1/items, modern: new }\n", "  - { path: /reports/**, legacy: old_web }\n"));
    assert!(told.contains("- /v1/items") && told.contains("+ /reports/**"), "{told}");
    assert_eq!(g.admin("/admin/v1/routes")["items"][0]["stage"], "shadow");
}
