//! A configuration that reads files otherwise: those that lie there are read again, and nothing is lost or doubled by it.

use crate::common::{Gateway, Site};
use crate::redrop::ITEMS;
use serde_json::json;

fn reload(g: &Gateway) {
    let done = g.act("/admin/v1/reload", &json!({}));
    assert_eq!(done.status, 200, "{}", done.text());
}

fn name(g: &Gateway, number: &str) -> String {
    let answer = g.ask(&format!("/v1/items:lookup?space=shop&key={number}"), &[]);
    match answer.status {
        200 => answer.json()["name"].as_str().unwrap().to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn a_corrected_encoding_mends_what_was_read_and_revives_nothing() {
    let site = Site::new(&ITEMS.replace("kind: csv", "kind: csv, encoding: windows-1252").replace("60%", "70%"));
    let g = site.start();
    // In a DOS code page, which nothing but a person's eye tells from another. The second day one item is gone.
    site.drop_file("drop/day1.csv", b"NO,NAME,PRICE\n1,Caf\x82,1.50\n2,Th\x82,2.00\n");
    assert_eq!(g.settled("shop.items", "day1.csv"), "done");
    site.drop_file("drop/day2.csv", b"NO,NAME,PRICE\n1,Caf\x82,1.75\n");
    assert_eq!(g.settled("shop.items", "day2.csv"), "done");
    assert_eq!((name(&g, "1"), name(&g, "2")), ("Caf\u{201a}".to_owned(), "410".to_owned()));
    let id = g.items("/v1/items")[0]["id"].clone();

    site.edit("banyan.yaml", |yaml| yaml.replace("windows-1252", "cp850"));
    reload(&g);
    g.until("it is read by the right page", |g| name(g, "1") == "Café");
    let now = g.items("/v1/items");
    assert_eq!((now.len(), &now[0]["id"], &now[0]["price"]), (1, &id, &json!("1.75")), "the newer file rules");
    assert_eq!(name(&g, "2"), "410");
    assert_eq!(g.dataset("shop.items")["ledger"]["adds_up"], true);
    // Read once more, and no more than that: not by a restart either.
    let units = g.admin("/admin/v1/units")["items"].as_array().unwrap().len();
    g.stop();
    let g = site.start();
    site.drop_file("drop/day3.csv", b"NO,NAME,PRICE\n1,Caf\x82,2.00\n");
    assert_eq!(g.settled("shop.items", "day3.csv"), "done");
    assert_eq!(g.admin("/admin/v1/units")["items"].as_array().unwrap().len(), units + 1);
    g.stop();
}

#[test]
fn a_refused_file_is_read_once_the_configuration_admits_it() {
    let site = Site::new(ITEMS);
    site.drop_file("drop/items.csv", "NO,NAME,NAME,PRICE\n1,Cup,blue,1.50\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "items.csv"), "refused");
    // As the refusal says.
    assert!(g.dataset("shop.items")["last_unit"]["message"].to_string().contains("`columns: […]`"));
    site.edit("banyan.yaml", |yaml| yaml.replace("kind: csv", "kind: csv, columns: [NO, NAME, COLOUR, PRICE]"));
    reload(&g);
    g.until("it is read", |g| name(g, "1") == "Cup");
    assert_eq!(g.admin("/readyz")["status"], "ready");
    g.stop();
}

#[test]
fn a_column_that_the_configuration_adds_is_no_drift() {
    const FIXED: &str = "kind: fixed, columns: [{ name: NO, at: 1, length: 2 }, { name: NAME, at: 3, length: 4 }";
    let site = Site::new(
        &ITEMS
            .replace("kind: csv", &format!("{FIXED}], length: 9"))
            .replace("DECIMAL(PRICE) ELSE REJECT \"bad-price\"", "NULL"),
    );
    site.drop_file("drop/items.csv", "01Cup  150\n".replace("  150", " 1.50"));
    let g = site.start();
    // What lies beyond the columns is not blank: nothing is guessed.
    assert_eq!(g.settled("shop.items", "items.csv"), "done");
    let letters = || g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().len();
    assert_eq!((letters(), g.lines("/v1/items").len()), (1, 0));
    site.edit("banyan.yaml", |yaml| {
        let price = ", { name: PRICE, at: 7, length: 4, type: decimal, scale: 2 }]";
        yaml.replace("], length: 9", price).replace("price: NULL", "price: PRICE")
    });
    reload(&g);
    g.until("its price is read", |g| g.items("/v1/items").first().is_some_and(|i| i["price"] == "1.50"));
    assert_eq!(g.dataset("shop.items")["drift"], json!(null));
    g.stop();
}
