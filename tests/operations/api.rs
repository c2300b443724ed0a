//! The admin API: what it tells of datasets, ledger and entities; lists page; what it does not know it refuses.

use crate::common::Site;
use crate::{SHOP, open_shop, pages};
use serde_json::json;

#[test]
fn a_dataset_tells_its_state_and_its_ledger() {
    let (_site, g) = open_shop();
    let d = g.dataset("shop.items");
    assert_eq!((&d["state"], &d["last_unit"]["name"]), (&json!("idle"), &json!("a.csv")));
    assert_eq!(d["dead_letters_open"], 3);
    let sums = &d["ledger"]["mappings"][0];
    let read = |word: &str| sums[word].as_i64().unwrap();
    assert_eq!((read("in"), read("applied"), read("rejected")), (5, 2, 3), "{sums}");
    assert_eq!((&sums["adds_up"], &d["ledger"]["adds_up"]), (&json!(true), &json!(true)));
    let source = &g.admin("/admin/v1/sources")["items"][0];
    assert_eq!((&source["name"], &source["feeds"][0]["is"]), (&json!("shop"), &json!("idle")), "{source}");
    let entity = g.admin("/admin/v1/entities/item");
    assert_eq!(entity["instances"], 2);
    assert_eq!(entity["mappings"][0]["formulas"][0], json!({ "field": "name", "formula": "TRIM(NAME)" }));
    assert_eq!(g.admin("/admin/v1/about")["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn lists_page_through_everything_once() {
    let (site, g) = open_shop();
    for n in 0..5 {
        let file = format!("b{n}.csv");
        site.drop_file(&format!("drop/{file}"), format!("NO,NAME,CODE\n1,Cup{n},C\n2,Mug{n},C\n9{n},Plate,Y\n"));
        assert_eq!(g.settled("shop.items", &file), "done");
    }
    let letters = pages(&g, "/admin/v1/dead-letters?state=all", 2);
    let mut numbers: Vec<u64> = letters.iter().map(|l| l["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers.len(), 8);
    assert!(numbers.is_sorted_by(|a, b| a > b), "newest first, each once: {numbers:?}");
    let rows = pages(&g, "/admin/v1/ledger", 1);
    numbers = rows.iter().map(|r| r["unit"]["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers.len(), 6);
    assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
    assert!(rows.iter().all(|r| r["adds_up"] == true && r["mapping"] == "shop.items -> item"), "{rows:?}");
    assert_eq!(pages(&g, "/admin/v1/units", 4).len(), 6);
    let of_unknown = g.admin("/admin/v1/dead-letters?code=unknown-category&state=all");
    assert_eq!(of_unknown["items"].as_array().unwrap().len(), 7);
}

#[test]
fn what_is_not_known_is_refused_with_the_valid_names() {
    let (_site, g) = open_shop();
    let refused = |path: &str| {
        let answer = g.ask_admin(path, &[]);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status, "{problem}");
        assert_eq!(problem["trace_id"].as_str().unwrap().len(), 32);
        (answer.status, problem["code"].as_str().unwrap().to_owned(), problem["detail"].as_str().unwrap().to_owned())
    };
    let (status, code, detail) = refused("/admin/v1/dead-letters?datset=shop.items");
    assert_eq!((status, code.as_str()), (400, "unknown-parameter"));
    assert!(detail.contains("did you mean `dataset`"), "{detail}");
    assert_eq!(refused("/admin/v1/dead-letters?limit=0").1, "bad-value");
    assert_eq!(refused("/admin/v1/dead-letters?cursor=zz").1, "bad-cursor");
    assert_eq!(refused("/admin/v1/dead-letters?dataset=no.such").1, "bad-value");
    assert_eq!(refused("/admin/v1/dead-letters/77").0, 404);
    assert_eq!(refused("/admin/v1/dead-letters/x").0, 404);
    assert_eq!(refused("/admin/v1/datasets/no.such").0, 404);
    assert_eq!(refused("/admin/v1/entities/no").0, 404);
    assert_eq!(refused("/admin/v1/nothing").1, "no-such-path");
    assert_eq!(
        refused("/admin/v1/reload"),
        (405, "method-not-allowed".into(), "the path exists, the method is not offered on it".into())
    );
}

#[test]
fn waiting_deletions_are_carried_out_only_as_seen() {
    let (site, g) = open_shop();
    site.drop_file("drop/b.csv", "NO,NAME,CODE\n1,Cup,C\n");
    g.until("deletions wait", |g| g.dataset("shop.items")["state"] == "suspended");
    assert_eq!(g.dataset("shop.items")["suspended"]["missing"], 1);
    assert_eq!(g.admin("/readyz")["status"], "degraded");
    assert_eq!(g.lines("/v1/items").len(), 2, "nothing is deleted meanwhile");
    let accept = "/admin/v1/datasets/shop.items/accept";
    let other = g.act(accept, &json!({ "what": "drift", "unit": "b.csv" }));
    assert_eq!((other.status, other.json()["code"].as_str()), (409, Some("not-possible")));
    assert_eq!(g.act(accept, &json!({ "waht": "drift" })).status, 400);
    let done = g.act(accept, &json!({ "what": "deletions", "unit": "b.csv" }));
    assert_eq!(done.status, 200, "{}", done.text());
    g.until("they are carried out", |g| g.lines("/v1/items").len() == 1);
    g.until("all is well again", |g| g.admin("/readyz")["status"] == "ready");
    assert_eq!(g.act(accept, &json!({})).status, 409, "nothing waits any more");
    assert_eq!(g.act("/admin/v1/datasets/no.such/accept", &json!({})).status, 404);
}

#[test]
fn readiness_names_each_reason() {
    let site = Site::new(&SHOP.replace("content: snapshot", "content: snapshot\n        fresh: 1h"));
    site.drop_file("category.csv", "CODE,category\nC,crockery\n");
    let g = site.start();
    let codes = |g: &crate::common::Gateway| -> Vec<String> {
        let health = g.admin("/readyz");
        health["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(&g), ["not-fresh"], "nothing has arrived, and freshness was promised");
    site.drop_file("drop/a.csv", "NO,NAME,CODE\n1,Cup,C\n");
    g.until("fresh", |g| codes(g).is_empty());
    site.drop_file("drop/z.csv.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3]);
    let site_yaml = "files: \"*.csv*\"";
    site.edit("banyan.yaml", |y| y.replace("files: \"*.csv\"", site_yaml));
    assert_eq!(g.act("/admin/v1/reload", &json!({})).status, 200);
    g.until("the broken archive is refused", |g| codes(g) == ["unit-refused"]);
    site.edit("banyan.yaml", |y| y.replace("TRIM(NAME)", "TRIM("));
    let refused = g.act("/admin/v1/reload", &json!({}));
    assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("configuration-refused")));
    assert!(!refused.json()["errors"].as_array().unwrap().is_empty(), "{}", refused.text());
    assert!(codes(&g).contains(&"reload-refused".to_owned()), "{:?}", codes(&g));
    assert_eq!(g.lines("/v1/items").len(), 1, "the configuration in use stays");
}
