//! The change feed.

use super::world::{World, header};
use serde_json::{Value, json};

#[test]
fn changes_come_in_order_and_go_on_from_a_token() {
    let w = World::empty();
    let start = w.json("/v1/products/changes?since=now");
    assert_eq!((&start["items"], &start["more"]), (&json!([]), &json!(false)));
    w.put("erp.products", &["P1"], json!({ "name": "Rope", "weight": "1" }));
    w.put("erp.products", &["P2"], json!({ "name": "Sail", "weight": "2" }));
    w.withdraw("erp.products", &["P1"]);
    // A line speaks of a product; that is no change of a product.
    w.contact("C1", "77", "nobody@example.org");
    let since = start["next"].as_str().unwrap();
    let all = w.json(&format!("/v1/products/changes?since={since}"));
    let told: Vec<(&str, &Value)> =
        all["items"].as_array().unwrap().iter().map(|c| (c["change"].as_str().unwrap(), &c["id"])).collect();
    let (p1, p2) = (json!(w.id("product", &["P1"])), json!(w.id("product", &["P2"])));
    assert_eq!(told.last(), Some(&("delete", &p1)), "{all}");
    let sail = all["items"].as_array().unwrap().iter().find(|c| c["id"] == p2).unwrap();
    assert_eq!(sail["value"]["name"], "Sail");
    assert_eq!(sail["etag"], header(&w.get(&format!("/v1/products/{}", p2.as_str().unwrap())), "etag"));
    assert_eq!(sail["at"], "2026-03-01T10:00:00Z");
    let next = all["next"].as_str().unwrap();
    assert_eq!(w.json(&format!("/v1/products/changes?since={next}"))["items"], json!([]), "nothing comes twice");

    let mut seen = 0;
    let mut token = None;
    loop {
        let path = match &token {
            None => "/v1/products/changes?limit=1".to_owned(),
            Some(t) => format!("/v1/products/changes?limit=1&since={t}"),
        };
        let page = w.json(&path);
        seen += page["items"].as_array().unwrap().len();
        token = Some(page["next"].as_str().unwrap().to_owned());
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen, all["items"].as_array().unwrap().len(), "page by page, from the beginning");
    assert_eq!(w.problem(&format!("/v1/customers/changes?since={next}")).1, "cursor-mismatch");
    assert_eq!(w.json("/v1/customers/changes")["items"], json!([]), "what was never live cannot have ended");
}

#[test]
fn lines_of_changes() {
    let w = World::filled();
    let r = w.ask("GET", "/v1/customers/changes").header("accept", "application/x-ndjson").send().unwrap();
    assert_eq!(header(&r, "content-type"), "application/x-ndjson");
    assert!(header(&r, "link").starts_with("</v1/customers/changes?since="));
    let text = r.text().unwrap();
    assert_eq!(text.lines().count(), 3);
    for line in text.lines() {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["change"], "upsert");
    }
    let csv = w.ask("GET", "/v1/customers/changes").header("accept", "text/csv").send().unwrap();
    assert_eq!(csv.status(), 406);
}
