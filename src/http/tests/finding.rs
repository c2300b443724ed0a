//! One instance: by id, by key, moved, gone, not arrived; and why it has its values.

use super::world::{World, header, problem};
use banyan_words::Id;
use serde_json::json;

#[test]
fn an_instance_is_served_whole_with_its_headers() {
    let w = World::filled();
    let id = w.id("customer", &["001001"]);
    let r = w.get(&format!("/v1/customers/{id}"));
    assert_eq!(r.status(), 200);
    assert_eq!(header(&r, "content-type"), "application/json");
    assert_eq!(header(&r, "banyan-as-of"), "2026-03-01T10:00:00Z");
    assert_eq!(header(&r, "age"), "120");
    assert_eq!(header(&r, "banyan-served-by"), "store");
    assert_eq!(header(&r, "cache-control"), "no-cache");
    assert_eq!(header(&r, "last-modified"), "Sun, 01 Mar 2026 10:00:00 GMT");
    assert_eq!(header(&r, "etag").len(), 18);
    let want = format!(
        "{{\"id\":\"{id}\",\"name\":\"Harbour Supplies\",\"email\":null,\"category\":\"trade\",\
         \"credit_limit\":\"12500.00\",\"since\":\"2019-04-01\",\"tags\":[\"a\",\"b,c\"],\"active\":true}}"
    );
    assert_eq!(r.text().unwrap(), want);
}

#[test]
fn every_way_of_not_being_there_has_its_own_answer() {
    let w = World::filled();
    let told = |id: &str| {
        let (status, code, _) = w.problem(&format!("/v1/products/{id}"));
        (status, code)
    };
    assert_eq!(told(&w.id("product", &["P2"])), (404, "not-arrived".into()), "a line refers to it");
    assert_eq!(told(&w.id("product", &["P9"])), (404, "not-found".into()));
    assert_eq!(told("nonsense"), (404, "not-found".into()));
    assert_eq!(told(&w.id("product", &["P1"]).to_uppercase()), (404, "not-found".into()), "one address each");
    w.withdraw("erp.products", &["P1"]);
    assert_eq!(told(&w.id("product", &["P1"])), (410, "gone".into()));
    w.put("erp.products", &["P1"], json!({ "name": "Rope", "weight": "1" }));
    assert_eq!(w.json(&format!("/v1/products/{}", w.id("product", &["P1"])))["weight"], "1", "a key that returns");
}

#[test]
fn a_record_that_waits_for_its_instance_is_not_arrived() {
    let w = World::empty();
    w.contact("C7", "009999", "who@example.org");
    let (status, code, _) = w.problem(&format!("/v1/customers/{}", w.id("customer", &["009999"])));
    assert_eq!((status, code.as_str()), (404, "not-arrived"));
}

#[test]
fn another_id_of_an_instance_leads_to_it() {
    let w = World::filled();
    let alias = w.contact("C1", "001001", "new@example.org");
    let id = w.id("customer", &["001001"]);
    for rest in ["", "?fields=name", "/lineage", "/orders?limit=1"] {
        let r = w.get(&format!("/v1/customers/{alias}{rest}"));
        assert_eq!(r.status(), 308, "{rest}");
        assert_eq!(header(&r, "location"), format!("/v1/customers/{id}{rest}"));
    }
    assert_eq!(w.json(&format!("/v1/customers/{id}"))["email"], "new@example.org");
    let orders = w.json(&format!("/v1/orders?customer={alias}"));
    assert_eq!(orders["items"].as_array().unwrap().len(), 1, "filters resolve aliases: {orders}");
}

#[test]
fn a_key_of_another_system_finds_the_instance_itself() {
    let w = World::filled();
    w.contact("C1", "001001", "new@example.org");
    let id = w.id("customer", &["001001"]);
    for query in ["space=erp&key=001001", "source=erp&key=001001", "space=crm&key=C1"] {
        // Twice: the second may come from the worker's cache.
        for _ in 0..2 {
            let r = w.get(&format!("/v1/customers:lookup?{query}"));
            assert_eq!(r.status(), 200, "{query}");
            assert_eq!(header(&r, "content-location"), format!("/v1/customers/{id}"));
            assert!(r.text().unwrap().contains("Harbour"));
        }
    }
    let line = w.json("/v1/lines:lookup?space=erp&key=1&key=2&fields=quantity");
    assert_eq!(line, json!({ "id": w.id("line", &["1", "2"]), "quantity": "1" }));
    let (status, code, body) = w.problem("/v1/customers:lookup?space=crmm&key=C1");
    assert_eq!((status, code.as_str()), (400, "unknown-space"));
    assert!(body["detail"].as_str().unwrap().ends_with("did you mean `crm`? Valid: erp, crm"), "{body}");
    assert_eq!(w.problem("/v1/customers:lookup?space=erp&key=4").1, "not-found");
    assert_eq!(w.problem("/v1/lines:lookup?space=erp&key=1").1, "bad-key");
}

#[test]
fn a_key_may_travel_in_the_body() {
    let w = World::filled();
    let post = |body: &str| {
        w.ask("POST", "/v1/customers:lookup")
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .unwrap()
    };
    let r = post(r#"{"space":"erp","key":["001001"]}"#);
    assert_eq!(r.status(), 200);
    assert_eq!(header(&r, "content-location"), format!("/v1/customers/{}", w.id("customer", &["001001"])));
    let again = w
        .ask("POST", "/v1/customers:lookup")
        .header("content-type", "application/json; charset=utf-8")
        .header("if-none-match", "*")
        .body(r#"{"space":"erp","key":"001001"}"#);
    assert_eq!(again.send().unwrap().status(), 200, "304 is no answer to a POST");
    let (_, code, body) = problem(post(r#"{"space":"erp","key":7}"#));
    assert_eq!((code.as_str(), &body["errors"][0]["pointer"]), ("bad-body", &json!("/key")));
    let (status, code, _) = problem(w.ask("POST", "/v1/customers:lookup").body("{}").send().unwrap());
    assert_eq!((status, code.as_str()), (415, "unsupported-media-type"));
    let (status, code, _) = problem(post(&"x".repeat(20_000)));
    assert_eq!((status, code.as_str()), (413, "body-too-large"));
}

#[test]
fn lineage_says_who_rules_and_who_loses() {
    let w = World::filled();
    w.put(
        "erp.customers",
        &["001001"],
        json!({ "name": "Harbour", "email": "old@example.org", "category": "trade",
        "credit_limit": "1.00", "since": null, "tags": [], "active": true }),
    );
    w.contact("C1", "001001", "new@example.org");
    let told = w.json(&format!("/v1/customers/{}/lineage", w.id("customer", &["001001"])));
    let email = &told["fields"]["email"];
    assert_eq!(email["value"], "new@example.org");
    assert_eq!(email["owner"], json!({ "rule": "first", "of": ["crm", "erp"] }));
    assert_eq!(email["from"]["dataset"], "crm.contacts");
    assert_eq!(email["from"]["unit"], "crm.contacts-001001.csv");
    assert_eq!((&email["from"]["line"], &email["from"]["offset"]), (&json!(2), &json!(40)));
    assert_eq!(email["losing"][0]["value"], "old@example.org");
    assert_eq!(told["fields"]["name"]["from"]["dataset"], "erp.customers");
    assert_eq!(told["records"].as_array().unwrap().len(), 2);
    assert_eq!(
        w.problem(&format!("/v1/customers/{}/lineage?x=1", w.id("customer", &["001001"]))).1,
        "unknown-parameter"
    );
    assert_eq!(w.problem(&format!("/v1/customers/{}/lineage", Id([1; 16]))).1, "not-found");
}
