//! References and sub-collections put in place.

use super::world::World;
use serde_json::json;

#[test]
fn references_and_children_are_put_in_place() {
    let w = World::filled();
    let order = w.id("order", &["1"]);
    let told = w.json(&format!("/v1/orders/{order}?embed=customer,lines.product&fields=note"));
    assert_eq!(told["customer"]["name"], "Harbour Supplies");
    assert_eq!(told["note"], "");
    let lines = told["lines"]["items"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["product"]["name"], "Rope");
    assert_eq!(lines[1]["product"], json!(null), "it has not arrived");
    assert_eq!(told["lines"]["next"], json!(null));
    assert_eq!(w.json(&format!("/v1/orders/{order}"))["customer"], json!(w.id("customer", &["001001"])));
    let list = w.json("/v1/lines?embed=order.customer&sort=quantity");
    assert_eq!(list["items"][2]["order"]["customer"]["name"], "Harris & \"Sons\"");
}

#[test]
fn a_hundred_children_come_and_then_the_address_of_the_rest() {
    let w = World::empty();
    w.put("erp.orders", &["1"], json!({ "customer": null, "note": "big" }));
    for n in 0..105 {
        w.put(
            "erp.lines",
            &["1", &n.to_string()],
            json!({ "order": w.id("order", &["1"]), "product": null, "quantity": "1" }),
        );
    }
    let told = w.json(&format!("/v1/orders/{}?embed=lines", w.id("order", &["1"])));
    assert_eq!(told["lines"]["items"].as_array().unwrap().len(), 100);
    let next = told["lines"]["next"].as_str().unwrap();
    let rest = w.json(next);
    assert_eq!(rest["items"].as_array().unwrap().len(), 5, "{next}");
    assert_eq!(told["customer"], json!(null));
}

#[test]
fn an_etag_covers_what_is_embedded() {
    let w = World::filled();
    let path = format!("/v1/orders/{}?embed=customer", w.id("order", &["1"]));
    let etag = super::world::header(&w.get(&path), "etag");
    let plain = format!("/v1/orders/{}", w.id("order", &["1"]));
    let own = super::world::header(&w.get(&plain), "etag");
    w.put(
        "erp.customers",
        &["001001"],
        json!({ "name": "Renamed", "email": null, "category": "trade",
        "credit_limit": "1.00", "since": null, "tags": [], "active": true }),
    );
    assert_ne!(super::world::header(&w.get(&path), "etag"), etag);
    assert_eq!(super::world::header(&w.get(&plain), "etag"), own);
}

#[test]
fn what_one_answer_embeds_is_bounded_however_often_it_shows_the_same() {
    let w = World::filled();
    for n in 100..201 {
        w.put("erp.orders", &[&n.to_string()], json!({ "customer": w.id("customer", &["001001"]), "note": "" }));
    }
    let list = w.json("/v1/orders?embed=customer.orders&limit=100");
    let shown = |i: &serde_json::Value| i["customer"]["orders"]["items"].as_array().unwrap().len();
    let items = list["items"].as_array().unwrap();
    assert!(items.iter().map(shown).sum::<usize>() <= 10_000);
    let last = items.iter().rfind(|i| i["customer"]["name"] == "Harbour Supplies").unwrap();
    assert_eq!(shown(last), 0);
    let next = format!("/v1/customers/{}/orders?limit=100", w.id("customer", &["001001"]));
    assert_eq!(last["customer"]["orders"]["next"], json!(next));
    assert_eq!(shown(&items[0]), 100);
}
