//! ETags, conditions, freshness, and that no worker serves what is no longer so.

use super::world::{World, header, problem};
use serde_json::json;

#[test]
fn a_known_etag_saves_the_body() {
    let w = World::filled();
    let path = format!("/v1/customers/{}", w.id("customer", &["001001"]));
    let etag = header(&w.get(&path), "etag");
    let with = |tag: &str, path: &str| w.ask("GET", path).header("if-none-match", tag).send().unwrap();
    for tag in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let r = with(&tag, &path);
        assert_eq!(r.status(), 304, "{tag}");
        assert_eq!(header(&r, "etag"), etag);
        assert_eq!(header(&r, "age"), "120");
        assert!(r.text().unwrap().is_empty());
    }
    assert_eq!(with("\"0000000000000000\"", &path).status(), 200);
    let fields = format!("{path}?fields=name");
    assert_eq!(header(&w.get(&fields), "etag"), etag, "it survives a choice of fields");
    assert_eq!(with(&etag, &fields).status(), 304);
    let list = header(&w.get("/v1/customers"), "etag");
    assert_eq!(with(&list, "/v1/customers").status(), 304);
}

#[test]
fn a_change_is_seen_by_every_worker_at_once() {
    let w = World::filled();
    let path = format!("/v1/products/{}", w.id("product", &["P1"]));
    // Connections are new each time, so that both workers come to serve.
    let fresh = || {
        let r = w.ask("GET", &path).header("connection", "close").send().unwrap();
        (header(&r, "etag"), r.json::<serde_json::Value>().unwrap()["weight"].clone())
    };
    let mut etags = Vec::new();
    for weight in 1..=20 {
        w.put("erp.products", &["P1"], json!({ "name": "Rope", "weight": weight.to_string() }));
        for _ in 0..4 {
            let (etag, told) = fresh();
            assert_eq!(told, json!(weight.to_string()));
            etags.push(etag);
        }
    }
    etags.dedup();
    assert_eq!(etags.len(), 20, "an ETag for each content");
}

#[test]
fn a_strict_request_is_not_served_what_is_too_old() {
    let w = World::filled();
    let id = w.id("customer", &["001001"]);
    for path in [
        format!("/v1/customers/{id}"),
        format!("/v1/customers/{id}?fields=name"),
        "/v1/customers".to_owned(),
        format!("/v1/customers/{id}/lineage"),
        "/v1/customers:lookup?space=erp&key=001001".to_owned(),
    ] {
        let with = |control: &str, prefer: &str| {
            w.ask("GET", &path).header("cache-control", control).header("prefer", prefer).send().unwrap()
        };
        assert_eq!(with("max-age=60", "").status(), 200, "{path}: an honest Age is enough");
        assert_eq!(with("max-age=180", "handling=strict").status(), 200);
        let (status, code, _) = problem(with("max-age=60", "handling=strict"));
        assert_eq!((status, code.as_str()), (504, "not-fresh-enough"), "{path}");
    }
}

#[test]
fn the_oldest_contributor_decides_the_age() {
    let w = World::filled();
    w.contact("C1", "001001", "new@example.org");
    let id = w.id("customer", &["001001"]);
    let erp = w.catalog.dataset("erp.customers").unwrap().0;
    let crm = w.catalog.dataset("crm.contacts").unwrap().0;
    let path = format!("/v1/customers/{id}");
    let age = || header(&w.get(&path), "age");
    w.shared.get().freshness.advance(erp, super::world::NOW);
    assert_eq!(age(), "120", "the CRM is older");
    w.shared.get().freshness.advance(crm, super::world::NOW - 5000);
    assert_eq!(age(), "5");
    assert_eq!(header(&w.get(&path), "banyan-as-of"), "2026-03-01T10:01:55Z");
    let other = format!("/v1/customers/{}", w.id("customer", &["001002"]));
    assert_eq!(header(&w.get(&other), "age"), "0", "the CRM says nothing of this one");
}
