//! Lists: filters, sort, pages, fields, counts, sub-collections.

use super::world::{World, header};
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect()
}

#[test]
fn filters_and_sorts_are_typed() {
    let w = World::filled();
    let of = |query: &str| {
        let list = w.json(&format!("/v1/customers?{query}"));
        names(&list).into_iter().map(|n| n[..4].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of(""), ["Harb", "Harr", "=SUM"]);
    assert_eq!(of("category=trade"), ["Harb"]);
    assert_eq!(of("category%5Bin%5D=trade,export&sort=name"), ["=SUM", "Harb"]);
    assert_eq!(of("category[ne]=trade&sort=name"), ["=SUM", "Harr"]);
    assert_eq!(of("credit_limit[gte]=100&sort=-credit_limit"), ["Harb", "Harr"], "as numbers, not as texts");
    assert_eq!(of("credit_limit[gte]=99.5&credit_limit[lt]=100"), ["=SUM"]);
    assert_eq!(of("name[startswith]=Har&sort=name"), ["Harb", "Harr"]);
    assert_eq!(of("sort=since"), ["=SUM", "Harb", "Harr"], "null last");
    assert_eq!(of("sort=-since"), ["Harb", "=SUM", "Harr"], "null last either way");
}

#[test]
fn pages_follow_each_other_to_the_end() {
    let w = World::empty();
    for n in 0..25 {
        w.put("erp.products", &[&format!("P{n:02}")], json!({ "name": format!("Product {n}"), "weight": "1" }));
        w.put(
            "erp.customers",
            &[&format!("{n:03}")],
            json!({ "name": format!("C{}", n % 5), "email": null,
            "category": "trade", "credit_limit": "1.00", "since": null, "tags": [], "active": true }),
        );
    }
    for base in [
        "/v1/products?limit=10",
        "/v1/customers?limit=7&sort=-name,credit_limit",
        "/v1/customers?limit=4&name[startswith]=C",
    ] {
        let (mut seen, mut path, mut pages) = (Vec::new(), base.to_owned(), 0);
        loop {
            let r = w.get(&path);
            let link = header(&r, "link");
            let list: Value = r.json().unwrap();
            seen.extend(list["items"].as_array().unwrap().iter().map(|i| i["id"].to_string()));
            pages += 1;
            assert!(pages < 20);
            let Some(next) = list["next"].as_str() else {
                assert_eq!(link, "");
                break;
            };
            assert_eq!(link, format!("<{base}&cursor={next}>; rel=\"next\""));
            path = format!("{base}&cursor={next}");
        }
        let n = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((n, seen.len()), (25, 25), "{base}");
    }
    let first = w.json("/v1/customers?limit=7&sort=-name");
    let cursor = first["next"].as_str().unwrap();
    assert_eq!(w.problem(&format!("/v1/customers?limit=7&sort=name&cursor={cursor}")).1, "cursor-mismatch");
    assert_eq!(w.problem(&format!("/v1/products?cursor={cursor}")).1, "cursor-mismatch");
    assert_eq!(w.problem("/v1/products?cursor=abcdefgh").1, "bad-cursor");
}

#[test]
fn fields_choose_and_counts_are_asked_for() {
    let w = World::filled();
    let list = w.json("/v1/customers?fields=category,name&limit=1&sort=name");
    assert_eq!(
        list["items"][0],
        json!({ "id": w.id("customer", &["001003"]), "name": "=SUM(A1), Ltd", "category": "export" })
    );
    assert!(list.get("count").is_none());
    let r = w.ask("GET", "/v1/customers?limit=1&category[ne]=trade").header("prefer", "count=exact").send().unwrap();
    assert_eq!(header(&r, "preference-applied"), "count=exact");
    assert_eq!(r.json::<Value>().unwrap()["count"], 2);
}

#[test]
fn a_sub_collection_lists_what_belongs_to_its_parent() {
    let w = World::filled();
    let order = w.id("order", &["1"]);
    let lines = w.json(&format!("/v1/orders/{order}/lines?sort=-quantity"));
    let quantities: Vec<&str> =
        lines["items"].as_array().unwrap().iter().map(|i| i["quantity"].as_str().unwrap()).collect();
    assert_eq!(quantities, ["5", "1"]);
    let some = w.json(&format!("/v1/orders/{order}/lines?quantity[gte]=2"));
    assert_eq!(some["items"].as_array().unwrap().len(), 1);
    let page = w.json(&format!("/v1/orders/{order}/lines?limit=1"));
    let cursor = page["next"].as_str().unwrap();
    assert_eq!(w.json(&format!("/v1/orders/{order}/lines?cursor={cursor}"))["items"].as_array().unwrap().len(), 1);
    let other = w.id("order", &["2"]);
    assert_eq!(w.problem(&format!("/v1/orders/{other}/lines?cursor={cursor}")).1, "cursor-mismatch");
    assert_eq!(w.problem(&format!("/v1/orders/{}/lines", w.id("order", &["9"]))).1, "not-found");
    assert_eq!(w.problem(&format!("/v1/orders/{order}/nonsense")).1, "no-such-path");
}
