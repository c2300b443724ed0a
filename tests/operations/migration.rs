//! Evidence in the real gateway: it promotes, holds back, is judged by people, and is computed again without it.

use super::{set_route, shop_with};
use crate::common::{Site, printed};
use banyan::adapters::KINDS;
use banyan::config::{self, Disk, MissingSecret};
use banyan::gateway;
use banyan::runtime::clock::Clock;
use banyan::runtime::evidence::{Asked, Evidence, Exchange, Origin, Reply, RouteInfo};
use banyan::runtime::routes::{Standings, journal};
use banyan_migration::stage::Side;
use banyan_store::evidence::path_of;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const ROUTES: &str = r#"
upstreams:
  new: { url: "http://127.0.0.1:1" }
  old_web: { url: "http://127.0.0.1:1" }
routes:
  - { path: /v1/items, modern: new, compare: { critical: [/price] } }
  - { path: /orders/**, methods: [POST], legacy: old_web, modern: new }
  - { path: /**, legacy: old_web }
"#;

/// The evidence beside a site's store, while no gateway works with it, and the route as the configuration has it.
fn evidence(site: &Site) -> (Evidence, Arc<RouteInfo>) {
    let mut loaded = config::load(&site.config(), MissingSecret::Warning);
    let mut built = config::build(&mut loaded, KINDS, &Disk).unwrap();
    let store = built.settings.store.clone();
    let standings = Standings::look(&journal::path_of(&store)).unwrap();
    let routes = gateway::routes(std::mem::take(&mut built.moving), &standings);
    let info = Arc::new(RouteInfo::of(&routes.all[0], &built.catalog));
    let evidence = Evidence::open(&path_of(&store), Clock::system()).unwrap();
    evidence.take_up(vec![info.clone()]).unwrap();
    (evidence, info)
}

fn seen(route: &Arc<RouteInfo>, number: u32, status: u16, modern: &str) -> Exchange {
    let reply = |status, body: &str| Reply {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: Bytes::copy_from_slice(body.as_bytes()),
        took: Duration::from_millis(2),
        version: None,
    };
    Exchange {
        route: route.clone(),
        request: Asked { method: "GET".into(), target: format!("/v1/items/{number}"), ..Asked::default() },
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
        at_ms: Clock::system().now_ms(),
        legacy: Ok(reply(status, r#"{"name":"Cup","price":1}"#)),
        legacy_again: None,
        modern: Ok(reply(status, modern)),
        origin: Origin::Live,
    }
}

const SAME: &str = r#"{"price":1.0,"name":"Cup"}"#;

/// Of two answers one has another price, and that name.
fn with_a_wrong_price(name: &str) -> Site {
    let site = shop_with(ROUTES);
    let (evidence, route) = evidence(&site);
    evidence.observe(&seen(&route, 1, 200, &format!(r#"{{"name":"{name}","price":2}}"#)));
    evidence.observe(&seen(&route, 2, 200, SAME));
    drop(evidence);
    site
}

fn set(site: &Site, stage: &str, more: &[&str]) -> (bool, String) {
    set_route(site, "/v1/items", &[&["--stage", stage], more].concat())
}

#[test]
fn evidence_promotes_by_hand_and_the_decision_rests_on_it() {
    let site = shop_with(ROUTES);
    {
        let (evidence, route) = evidence(&site);
        (0..1_147).for_each(|n| assert!(evidence.observe(&seen(&route, n, 200, SAME)).counted));
    }
    let g = site.start();
    assert!(set(&site, "shadow", &[]).0);
    let (done, told) = set(&site, "canary", &[]);
    assert!(!done && told.contains("no answer of status 4xx was compared"), "{told}");
    g.stop();
    {
        let (evidence, route) = evidence(&site);
        assert!(evidence.observe(&seen(&route, 9_999, 404, SAME)).counted);
    }
    let g = site.start();
    let board = g.admin("/admin/v1/migration");
    assert_eq!(board["items"][0]["told"], "may be promoted: the score suffices", "{board}");
    assert_eq!(board["items"][0]["evidence"]["matches"], 1_148);
    assert_eq!(set(&site, "canary", &["--weight", "5%"]), (true, "/v1/items: shadow -> canary at 5%\n".to_owned()));
    assert_eq!(g.admin("/admin/v1/routes")["items"][0]["decided"]["because"], "evidence");
    // The route that moved is watched; the board and the page show it, and what still needs the old source.
    let out = printed(&site.banyan(&["migration"]));
    for line in ["canary at 5%: may be promoted", "1148 equal, 0 different", "shop (file-drop) is needed by /v1/items"]
    {
        assert!(out.contains(line), "{line:?} in {out}");
    }
    assert!(g.ask_admin("/migration", &[]).text().contains("may be promoted: the score suffices"));
    let metrics = g.ask_admin("/metrics", &[]).text();
    assert!(metrics.contains("banyan_evidence_score{route=\"/v1/items\"} 4.6"), "{metrics}");
    // What people decide on evidence is kept with all it rests on, and computed again without the gateway.
    g.kill();
    let out = site.banyan(&["evidence", "verify", "--all"]);
    assert!(
        out.status.success() && printed(&out).contains("1 decisions computed again, 0 do not hold\n1 by people"),
        "{}",
        printed(&out)
    );
    let exported = site.banyan_json(&["evidence", "export", "2"]);
    assert_eq!(exported["bundle"]["author"], "ann");
    site.drop_file("decision.json", exported.to_string());
    let path = site.path("decision.json");
    let path = path.to_str().unwrap();
    assert!(site.banyan(&["evidence", "verify", path]).status.success());
    site.drop_file("decision.json", exported.to_string().replace("\"matches\":1148", "\"matches\":2148"));
    let out = site.banyan(&["evidence", "verify", path]);
    assert!(!out.status.success() && printed(&out).contains("does not hold"), "{}", printed(&out));
    site.drop_file("decision.json", "{}");
    assert!(printed(&site.banyan(&["evidence", "verify", path])).contains("it is no bundle"));
}

#[test]
fn no_file_of_evidence_is_made_where_there_is_nothing_to_keep() {
    let site = shop_with("");
    let g = site.start();
    assert_eq!(g.admin("/admin/v1/migration")["items"], json!([]));
    g.stop();
    assert!(site.path("banyan.db").exists() && !site.path("banyan.evidence.db").exists());
    // The first route makes it, also where it comes by a reload.
    let g = site.start();
    site.edit("banyan.yaml", |yaml| format!("{yaml}{ROUTES}"));
    assert_eq!(g.act("/admin/v1/reload", &json!({})).status, 200);
    g.until("it is there", |_| site.path("banyan.evidence.db").exists());
    let row = g.admin("/admin/v1/migration")["items"][0].clone();
    assert!(row["evidence"].is_object());
    let none = "insufficient evidence: nothing was compared; ";
    assert_eq!(row["told"], format!("{none}requests are compared from `shadow` on"));
    assert!(set(&site, "shadow", &[]).0);
    let told = g.admin("/admin/v1/migration")["items"][0]["told"].clone();
    assert_eq!(
        told,
        format!("{none}consumers' requests bring some, so do `banyan evidence sweep` and `banyan replay`")
    );
}

#[test]
fn a_forced_step_says_what_it_was_against() {
    let site = with_a_wrong_price("Cup");
    let g = site.start();
    assert!(set(&site, "shadow", &["--force"]).0);
    let decisions = |g: &crate::common::Gateway| g.admin("/admin/v1/routes/decisions?route=/v1/items")["items"].clone();
    let step = decisions(&g)[0].clone();
    assert_eq!((step["because"].as_str(), &step["overrode"]), (Some("person"), &json!([])), "nothing was against it");
    let (done, told) = set(&site, "canary", &["--force"]);
    let against = [
        "1 mismatch open at critical places",
        "no answer of status 4xx was compared",
        "/price value (cluster 1) is open and critical",
        "1548 clean distinct comparisons more to go",
    ];
    assert!(done && against.iter().all(|a| told.contains(&format!("  against: {a}\n"))), "{told}");
    // All of it is held against a step that is not forced, too.
    let (done, told) = set(&site, "modern", &[]);
    assert!(!done && against.iter().all(|a| told.contains(a)), "{told}");
    g.kill();
    let g = site.start();
    assert_eq!(decisions(&g)[0]["overrode"], json!(against), "{}", decisions(&g));
    let journal = printed(&site.banyan(&["routes", "journal", "--route", "/v1/items"]));
    assert!(against.iter().all(|a| journal.contains(&format!("        against: {a}\n"))), "{journal}");
    let board = printed(&site.banyan(&["migration"]));
    assert!(board.contains("forced by ann against: no answer of status 4xx was compared"), "{board}");
    for (page, who) in [("/migration", "forced by ann"), (ROUTE_PAGE, "<td>ann</td><td>force</td>")] {
        let page = g.ask_admin(page, &[]).text();
        assert!(page.contains(who) && page.contains(against[1]), "{page}");
    }
    // A way back is against nothing.
    assert!(set(&site, "shadow", &["--force"]).0);
    assert_eq!(decisions(&g)[0]["overrode"], json!([]));
}

const ROUTE_PAGE: &str = "/migration/%2Fv1%2Fitems";

#[test]
fn the_page_of_a_route_says_how_far_it_is_and_switches_it_off() {
    let site = with_a_wrong_price("Cup");
    let g = site.start();
    let page = || g.ask_admin(ROUTE_PAGE, &[]).text();
    let has = |page: &str, all: &[&str]| all.iter().for_each(|a| assert!(page.contains(a), "{a}: {page}"));
    has(
        &page(),
        &["<strong>legacy</strong> held back: ", "of 4.61; 1,548 clean ones more to go", "1 equal, 1 different"],
    );
    has(
        &page(),
        &["failures 0.0 of 6.9", "None: it stands where the configuration has it begin", "1. <code>/price</code>"],
    );
    // What the button posts, with what a person types.
    let posts = |page: &str| {
        let (_, rest) = page.split_once("data-act=\"/admin/v1/routes:move\"").expect("a form");
        let (_, rest) = rest.split_once("data-body=\"").expect("its body");
        let (body, _) = rest.split_once('"').expect("its end");
        let mut body: serde_json::Value = serde_json::from_str(&body.replace("&quot;", "\"")).expect("JSON");
        (body["reason"], body["author"]) = (json!("it hangs <b>"), json!("ann"));
        body
    };
    assert_eq!(g.act("/admin/v1/routes:move", &posts(&page())).status, 200);
    has(&page(), &["note bad", "switched off", "it hangs &lt;b&gt;", "<td>ann</td><td>person</td>", "Switch on again"]);
    assert_eq!(g.act("/admin/v1/routes:move", &posts(&page())).status, 200);
    assert!(!page().contains("note bad"), "{}", page());
    assert_eq!(g.ask_admin("/migration/nowhere", &[]).status, 404);
}

#[test]
fn people_judge_what_differs() {
    let site = with_a_wrong_price("Cup<script>");
    let g = site.start();
    let out = printed(&site.banyan(&["evidence", "clusters", "/v1/items"]));
    assert!(out.contains("/price value: once") && out.contains("open, critical"), "{out}");
    assert!(out.contains("legacy 1, modern 2 (trace 4bf92f3577b34da6a3ce929d0e0e4736)"), "{out}");
    let clusters = g.admin("/admin/v1/migration/%2Fv1%2Fitems/clusters");
    assert_eq!(clusters["items"][0]["at"], "/price");
    let price = clusters["items"][0]["number"].to_string();
    let page = g.ask_admin(ROUTE_PAGE, &[]).text();
    let form = format!(r#"data-body="{{&quot;route&quot;:&quot;/v1/items&quot;,&quot;cluster&quot;:{price}}}""#);
    assert!(page.contains(&form) && page.contains("migration:judge") && !page.contains("open again"), "{page}");
    assert!(page.contains("Cup&lt;script&gt;") && !page.contains("<script>Cup") && !page.contains("Cup<script>"));
    let judge = |verdict: &str| {
        let args = ["evidence", "judge", "/v1/items", &price, verdict, "--reason", "ticket 7", "--author", "ann"];
        let out = site.banyan(&args);
        (out.status.success(), printed(&out))
    };
    assert_eq!(judge("modern-bug"), (true, "/price value: modern-bug\n".to_owned()));
    assert!(g.ask_admin(ROUTE_PAGE, &[]).text().contains("open again"));
    let counts = |g: &crate::common::Gateway| {
        let evidence = g.admin("/admin/v1/migration")["items"][0]["evidence"].clone();
        (evidence["matches"].clone(), evidence["mismatches"].clone())
    };
    assert_eq!(counts(&g), (json!(1), json!(1)));
    assert_eq!(judge("accepted").1, "/price value: accepted\n");
    assert_eq!(counts(&g), (json!(0), json!(0)), "the score starts again");
    g.kill();
    let g = site.start();
    let verdicts = g.admin("/admin/v1/migration/verdicts");
    let told: Vec<&str> = verdicts["items"].as_array().unwrap().iter().filter_map(|v| v["verdict"].as_str()).collect();
    assert_eq!(told, ["accepted", "modern-bug"]);
    let refused = |body: Value| g.act("/admin/v1/migration:judge", &body).status;
    let ask = |cluster: u64, verdict: &str| json!({ "route": "/v1/items", "cluster": cluster, "verdict": verdict, "author": "ann", "reason": "r" });
    assert_eq!(refused(ask(1, "sideways")), 400);
    assert_eq!(refused(ask(999, "accepted")), 400);
    assert_eq!(refused(json!({ "route": "/nowhere", "cluster": 1, "author": "ann", "reason": "r" })), 404);
    assert_eq!(g.ask_admin("/admin/v1/migration/%2Fnowhere/clusters", &[]).status, 404);
    assert_eq!(g.ask_admin("/admin/v1/evidence/bundles/7", &[]).status, 404);
    let out = site.banyan(&["evidence", "restart", "/v1/items", "--reason", "data mended", "--author", "ann"]);
    assert!(out.status.success(), "{}", printed(&out));
    let out = printed(&site.banyan(&["migration", "/v1/items"]));
    assert!(out.contains("ann: data mended: the score starts again"), "{out}");
}

#[test]
fn a_gateway_whose_evidence_cannot_be_read_serves_and_promotes_nothing() {
    let site = shop_with(ROUTES);
    site.start().stop();
    let mut loaded = config::load(&site.config(), MissingSecret::Warning);
    let store = config::build(&mut loaded, KINDS, &Disk).unwrap().settings.store;
    for log in ["db-wal", "db-shm"] {
        let _ = std::fs::remove_file(path_of(&store).with_extension(log));
    }
    std::fs::write(path_of(&store), "this is no database, and nobody may overwrite it. ".repeat(20)).unwrap();
    let g = site.start();
    assert_eq!(g.get("/v1/items")["items"], json!([]));
    assert_eq!(g.admin("/admin/v1/migration")["items"][0]["told"], "this gateway keeps no evidence");
    let health = g.admin("/readyz");
    assert_eq!((&health["status"], &health["reasons"][0]["code"]), (&json!("degraded"), &json!("evidence-unkept")));
    assert!(set(&site, "shadow", &[]).0);
    let (done, told) = set(&site, "canary", &[]);
    assert!(!done && told.contains("insufficient evidence"), "{told}");
    assert!(set(&site, "legacy", &[]).0);
    assert!(std::fs::read_to_string(path_of(&store)).unwrap().starts_with("this is no database"));
}

#[test]
fn a_canary_that_fails_comes_back_by_itself_and_the_journal_says_why() {
    let site = shop_with(ROUTES);
    let g = site.start();
    assert!(set(&site, "shadow", &[]).0);
    assert!(set(&site, "canary", &["--weight", "5%", "--force"]).0);
    g.stop();
    {
        let (evidence, route) = evidence(&site);
        let answered = |side, failed| {
            let weight = "5%".parse().unwrap();
            evidence.answered(&route.name, side, failed, Duration::from_millis(2), weight);
        };
        (0..1_900).for_each(|n| answered(Side::Legacy, n % 200 == 0));
        (0..100).for_each(|n| answered(Side::Modern, n % 4 == 0));
    }
    let g = site.start();
    g.until("the route came back", |g| g.admin("/admin/v1/routes")["items"][0]["stage"] == "shadow");
    let decided = g.admin("/admin/v1/routes")["items"][0]["decided"].clone();
    assert_eq!((decided["because"].as_str(), decided["author"].as_str()), (Some("failures"), Some("banyan")));
    assert_eq!(decided["reason"], "modern fails more often than legacy");
    g.until("its bundle is kept", |_| {
        printed(&site.banyan(&["evidence", "verify", "--all"])).contains("2 decisions computed again")
    });
    assert!(site.banyan(&["evidence", "verify", "--all"]).status.success());
    let board = g.admin("/admin/v1/migration");
    assert_eq!(board["items"][0]["evidence"]["barred"], true, "{board}");
}
