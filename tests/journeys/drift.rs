//! A header that changed stops its dataset, shows the difference, and waits for a person.

use crate::common::Site;
use crate::redrop::ITEMS;
use serde_json::json;

#[test]
fn a_changed_header_waits_to_be_accepted() {
    let site = Site::new(ITEMS);
    site.drop_file("drop/a.csv", "NO,NAME,PRICE\n1,Cup,1.50\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.csv"), "done");

    site.drop_file("drop/b.csv", "NO,NAME,COST,PRICE\n1,Cup,0.50,1.75\n2,Mug,0.60,2.00\n");
    g.until("the drift is seen", |g| g.dataset("shop.items")["state"] == "drifted");
    let drift = g.dataset("shop.items")["drift"].clone();
    assert!(drift["differences"].to_string().contains("COST"), "{drift}");
    assert_eq!(g.lines("/v1/items").len(), 1, "nothing of the changed file is taken up");
    assert_eq!(g.items("/v1/items")[0]["price"], "1.50", "the last good state is served on");
    let ready = g.admin("/readyz");
    assert_eq!(ready["status"], "degraded", "{ready}");
    assert!(ready["reasons"].to_string().contains("drift"), "{ready}");

    // It survives a restart, and the same file may be dropped as often as one likes.
    g.stop();
    let g = site.start();
    assert_eq!(g.dataset("shop.items")["state"], "drifted");

    let accepted = g.act("/admin/v1/datasets/shop.items/accept", &json!({}));
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    g.until("the file is read after all", |g| g.lines("/v1/items").len() == 2);
    assert_eq!(g.items("/v1/items?sort=name")[0]["price"], "1.75");
    assert_eq!(g.dataset("shop.items")["drift"], json!(null));
    g.stop();
}

#[test]
fn swapped_columns_are_not_taken_for_unchanged_records() {
    let site = Site::new(ITEMS);
    site.drop_file("drop/a.csv", "NO,NAME,PRICE\n1,7,8.00\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "a.csv"), "done");
    assert_eq!(g.items("/v1/items")[0]["price"], "8.00");

    // The same cells under other names: once a person has accepted that, they mean something else.
    site.drop_file("drop/b.csv", "NO,PRICE,NAME\n1,7,8.00\n");
    g.until("the drift is seen", |g| g.dataset("shop.items")["state"] == "drifted");
    assert_eq!(g.act("/admin/v1/datasets/shop.items/accept", &json!({})).status, 200);
    g.until("the file is read by its new columns", |g| g.items("/v1/items")[0]["price"] == "7.00");
    assert_eq!(g.items("/v1/items")[0]["name"], "8.00");
    g.stop();
}
