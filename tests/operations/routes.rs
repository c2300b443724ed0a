//! Moving routes: what is journaled, what is held back, what a restart keeps.

use super::upstream::Upstream;
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
    let told = g.admin("/admin/v1/routes/decisions?route=/v1/items")["items"][0].clone();
    assert_eq!(told["author"], "ann", "who did it while no gateway ran is known: {told}");
    assert!(told["reason"].as_str().unwrap().starts_with("it burns ("), "{told}");
    // A line of somebody's own has a name alone.
    std::fs::remove_file(site.path("banyan.routes.kill")).unwrap();
    assert!(set_route(&site, "/v1/items", &["--revive"]).0);
    std::fs::write(site.path("banyan.routes.kill"), "/v1/items\n").unwrap();
    g.until("it is switched off", |_| stage(&site, "/v1/items").1);
    assert_eq!(g.admin("/admin/v1/routes/decisions?route=/v1/items")["items"][0]["author"], "banyan");
}

#[test]
fn a_write_goes_by_canary_and_nothing_is_retired_but_from_modern() {
    let new = Upstream::says(200, "{}");
    let site = shop_with(&ROUTES.replacen("http://127.0.0.1:1", &new.url(), 1));
    let g = site.start();
    let held = |route: &str, args: &[&str], why: &str| {
        let (done, told) = set_route(&site, route, args);
        assert!(!done && told.contains(why) && told.contains("--force"), "{args:?}: {told}");
    };
    let write = "/orders/** POST";
    held(write, &["--stage", "modern"], "by canary only: set it to `canary` first");
    held(write, &["--stage", "retired"], "is retired from `modern`");
    assert!(set_route(&site, write, &["--stage", "canary", "--weight", "99%"]).0);
    held(write, &["--stage", "modern"], "modern answered no request of it");
    held(write, &["--stage", "retired"], "is retired from `modern`");
    let post = || {
        crate::upstream::said(
            &g.facade,
            "POST /orders/1 HTTP/1.1\r\nHost: a\r\nBanyan-Side: modern\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        )
    };
    assert!(post().contains("banyan-served-by: modern"));
    assert_eq!(set_route(&site, write, &["--stage", "modern"]), (true, format!("{write}: canary at 99% -> modern\n")));
    let out = site.banyan(&["retire", "/v1/items", "--reason", "done", "--author", "ann"]);
    assert!(!out.status.success() && printed(&out).contains("set it to `modern` first"), "{}", printed(&out));
    // Switched off it does not go back to modern untried, and the way on is told.
    let kill = ["routes", "kill", write, "--reason", "it burns", "--author", "ann"];
    assert!(set_route(&site, "/v1/items", &["--stage", "canary", "--force"]).0);
    for route in [write, "/v1/items"] {
        let kill = kill.map(|word| if word == write { route } else { word });
        assert!(site.banyan(&kill).status.success());
    }
    held("/v1/items", &["--revive"], "`--stage shadow --revive`");
    assert!(set_route(&site, "/v1/items", &["--stage", "shadow", "--revive"]).0);
    // By force it is journaled with what spoke against it, and what stood then can be computed again.
    assert!(set_route(&site, "/v1/items", &["--stage", "retired", "--force"]).0);
    let told = g.admin("/admin/v1/routes/decisions?route=/v1/items")["items"][0].clone();
    assert!(told["overrode"].to_string().contains("retired from `modern`"), "{told}");
    let all = printed(&site.banyan(&["evidence", "verify", "--all"]));
    assert!(all.contains("0 do not hold") && all.contains("by people, with no figures to compute"), "{all}");
    let last = all.lines().find(|l| l.contains("/v1/items shadow -> retired")).unwrap().split(' ').next().unwrap();
    let bundle = site.banyan(&["evidence", "export", last]);
    std::fs::write(site.path("bundle.json"), &bundle.stdout).unwrap();
    let told = printed(&site.banyan(&["evidence", "verify", "bundle.json"]));
    assert!(told.contains("a person decided; how the evidence stood then"), "{told}");
    let mut changed: Value = serde_json::from_slice(&bundle.stdout).unwrap();
    changed["bundle"]["cause"]["stood"]["evidence"]["counts"]["matches"] = json!(2_000);
    std::fs::write(site.path("bundle.json"), changed.to_string()).unwrap();
    let told = printed(&site.banyan(&["evidence", "verify", "bundle.json"]));
    assert!(told.contains("does not hold"), "{told}");
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
    assert!(told.contains("~ /v1/items") && told.contains("evidence starts again: the comparison rules"), "{told}");
    let told =
        plan(&|t| t.replace("  - { path: /v1/items, modern: new }\n", "  - { path: /reports/**, legacy: old_web }\n"));
    assert!(told.contains("- /v1/items") && told.contains("+ /reports/**"), "{told}");
    assert_eq!(g.admin("/admin/v1/routes")["items"][0]["stage"], "shadow");
}

#[test]
fn a_plan_overlooks_no_key() {
    let route = "{ path: /a/**, legacy: old, modern: new, stage: shadow, KEYS }";
    let yaml = |url: &str, keys: &str| {
        format!(
            "upstreams: {{ old: {{ url: \"http://127.0.0.1:1\" }}, new: {{ url: \"{url}\", contract: {{ file: c.json }} }} }}\n\
             routes:\n  - {}\n",
            route.replace("KEYS", keys)
        )
    };
    let keys = "promote: { auto: true }, fallback: false, canary: { by: consumer }, compare: { build: X-Build }";
    let site = shop_with(&yaml("http://127.0.0.1:2", keys));
    site.drop_file("c.json", r#"{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{}}"#);
    let served = std::fs::read_to_string(site.config()).unwrap();
    let plan = |new: String| {
        site.drop_file("new.yaml", served.replace(&yaml("http://127.0.0.1:2", keys), &new));
        let out = site.banyan(&["routes", "plan", site.path("new.yaml").to_str().unwrap()]);
        printed(&out)
    };
    assert_eq!(plan(yaml("http://127.0.0.1:2", keys)), "nothing about routes or consumers would change\n");
    let moved = plan(yaml("http://127.0.0.1:3/api", keys));
    assert!(moved.contains("its modern side moves to http://127.0.0.1:3/api, it was at http://127.0.0.1:2"), "{moved}");
    assert!(moved.contains("its evidence starts again: a side's place or path changed"), "{moved}");
    let again = "its evidence starts again";
    for (change, to, told) in [
        ("fallback: false", "modern_path: /v2", "modern is asked under /v2"),
        ("X-Build", "X-Version", again),
        ("auto: true", "auto: false", "it moves on by people alone"),
        ("auto: true", "auto: true, dwell: 2h", "it stays 7200 s at least"),
        ("fallback: false", "fallback: true", "answered by legacy"),
        ("fallback: false", "rollback: { auto: false }", "it comes back by people alone"),
        ("fallback: false", "capture: { sample: 1% }", "requests of it are captured"),
        ("fallback: false", "shadow: { sample: 10% }", "`shadow` is another"),
        ("fallback: false", "largest_body: 1MiB", "`largest_body` is another"),
        ("by: consumer", "by: entity", "told apart by something else"),
        ("by: consumer", "weight: 1%", "a canary begins with 1%, it was 5%"),
        ("by: consumer", "pin: { shop: modern }", "consumer `shop` goes to modern"),
        ("build: X-Build", "build: X-Build, double_read: 50%", "50% of the reads once more"),
    ] {
        let told_now = plan(yaml("http://127.0.0.1:2", &keys.replace(change, to)));
        assert!(told_now.contains("~ /a/**") && told_now.contains(told), "{to}: {told_now}");
        assert_eq!(told_now.contains(again), told == again || to.contains("modern_path"), "{to}: {told_now}");
    }
    let bare = plan(yaml("http://127.0.0.1:2", keys).replace(", contract: { file: c.json }", ""));
    assert!(bare.contains("modern's document is compared no more"), "{bare}");
    // A file that both read cannot show what changed in it.
    let told = printed(&site.banyan(&["routes", "plan", site.config().to_str().unwrap()]));
    assert!(
        told.contains("files that both configurations read shows nowhere here") && told.contains("banyan.yaml"),
        "{told}"
    );
}

#[test]
fn a_plan_tells_the_load_in_requests_and_what_rests_on_legacy() {
    let yaml = |more: &str| {
        format!(
            "upstreams: {{ new: {{ url: \"http://127.0.0.1:1\" }} }}\nroutes:\n{more}  - {{ path: /old, legacy: new }}\n"
        )
    };
    let site = shop_with(&yaml(""));
    let g = site.start();
    (0..50).for_each(|_| drop(g.ask("/v1/items", &[])));
    let served = std::fs::read_to_string(site.config()).unwrap();
    let new = |stage: &str| {
        let route =
            format!("  - {{ path: /v1/items, modern: new, stage: {stage}, compare: {{ double_read: 10% }} }}\n");
        site.drop_file("new.yaml", served.replace(&yaml(""), &yaml(&route)));
        printed(&site.banyan(&["routes", "plan", site.path("new.yaml").to_str().unwrap()]))
    };
    g.until("the calls are kept", |_| new("shadow").contains("about 55 requests a day at most, of 50"));
    assert!(new("canary").contains("about 55 requests a day at most, of 50"), "{}", new("canary"));
    assert!(new("modern").contains("about 55 requests a day at most, of 50"), "{}", new("modern"));
}
