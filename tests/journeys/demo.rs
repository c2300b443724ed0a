//! The demo, beyond the tour: every format and every kind of trouble in it came out as its files say.

use crate::common::{Gateway, ROOT, Site};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

fn loaded(site: &Site) -> Gateway {
    let g = site.start();
    g.until("the demo's files are read", |g| {
        let datasets = g.admin("/admin/v1/datasets")["items"].as_array().unwrap().clone();
        datasets.iter().all(|d| d["last_unit"]["state"] == "done" && d["feed"]["is"] == "idle")
    });
    g
}

fn one(g: &Gateway, collection: &str, space: &str, key: &str) -> Value {
    g.get(&format!("/v1/{collection}:lookup?space={space}&key={key}"))
}

#[test]
fn every_file_of_the_demo_is_served_as_it_should_be() {
    let site = Site::demo();
    let check = site.banyan(&["check"]);
    assert!(check.status.success() && String::from_utf8_lossy(&check.stdout).contains("no problems"), "{check:?}");
    let g = loaded(&site);
    let counts: Vec<u64> =
        ["customers", "products", "orders", "order_lines"].iter().map(|c| g.count(&format!("/v1/{c}"))).collect();
    assert_eq!(counts, [19, 22, 14, 27]);

    // Windows-1252, cp850 and UTF-8 came through.
    assert_eq!(one(&g, "customers", "crm", "1002")["name"], "Smith’s Bakery");
    assert_eq!(one(&g, "products", "warehouse", "HW000150")["name"], "Smørrebrød Rye Bread 1kg");
    let crepe = one(&g, "products", "supplier", "GR-3110");
    assert_eq!((&crepe["name"], &crepe["sku"]), (&json!("Crêpe Mix"), &json!("HW000151")), "two sources, one product");
    assert_eq!((&crepe["stock"], &crepe["price"], &crepe["cost"]), (&json!("41"), &json!("19.90"), &json!("12.40")));
    assert_eq!((&crepe["tags"], &crepe["size"]["width"]), (&json!(["bakery"]), &json!("250")));

    // Owners: the supplier's name where it has one, else the warehouse's; a date that never was keeps nothing.
    assert_eq!(one(&g, "products", "warehouse", "HW000180")["name"], "Napkins 2ply White 2000");
    assert_eq!(one(&g, "products", "warehouse", "HW000191")["counted"], Value::Null);
    assert_eq!(one(&g, "products", "warehouse", "HW000160")["price"], Value::Null, "a price on application");
    // A withdrawn subscription is no subscription; one of a customer nobody knows is held.
    assert_eq!(one(&g, "customers", "crm", "1002")["newsletter"], Value::Null);
    assert_eq!(g.dataset("mailing.changes")["ledger"]["mappings"][0]["held"], 1);
    // The second day's file says more of the same order.
    assert_eq!(one(&g, "orders", "sales", "00050004")["status"], "shipped");
    let lines =
        g.items(&format!("/v1/orders/{}/lines", one(&g, "orders", "sales", "00050005")["id"].as_str().unwrap()));
    assert_eq!(lines.iter().map(|l| &l["amount"]).collect::<Vec<_>>(), ["336.00", "209.00", "599.40"]);

    // The telephone desk's orders are the same customers' as those of order entry.
    let ferries = one(&g, "customers", "crm", "1007")["id"].as_str().unwrap().to_owned();
    let orders = g.items(&format!("/v1/customers/{ferries}/orders?sort=number"));
    let told: Vec<[&Value; 2]> = orders.iter().map(|o| [&o["number"], &o["status"]]).collect();
    assert_eq!(told, [[&json!("20003"), &json!("open")], [&json!("50005"), &json!("shipped")]]);
    let berth = one(&g, "orders", "desk", "20003");
    assert_eq!((&berth["ordered"], &berth["reference"]), (&json!("2026-03-02"), &json!("BERTH 4")));
    let lines = g.items(&format!("/v1/orders/{}/lines", berth["id"].as_str().unwrap()));
    assert_eq!(lines.iter().map(|l| &l["amount"]).collect::<Vec<_>>(), ["730.00", "118.00"]);
    let live = g.ask("/v1/orders:lookup?space=desk&key=20003", &[("cache-control", "max-age=0")]);
    assert_eq!((live.json(), live.header("banyan-served-by")), (berth, "live"));

    let letters = g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().clone();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    letters.iter().for_each(|l| *codes.entry(l["code"].as_str().unwrap()).or_default() += 1);
    let wanted = [
        ("bad-date", 1),
        ("csv-field-count", 1),
        ("duplicate-key", 2),
        ("fixed-bad-number", 1),
        ("fixed-short", 1),
        ("json-malformed", 1),
        ("odbc-bad-value", 1),
        ("required", 1),
        ("unknown-category", 1),
        ("unknown-record-type", 1),
        ("unknown-status", 2),
    ];
    assert_eq!(codes, BTreeMap::from(wanted));
    // Gossip was discarded before anything was stored.
    g.stop();
    let files = ["banyan.db", "banyan.db-wal"].map(|n| std::fs::read(site.path(n)).unwrap_or_default());
    let holds = |text: &str| files.iter().any(|f| f.windows(text.len()).any(|w| w == text.as_bytes()));
    assert!(!holds("pays on the 15th") && !holds("please clean up"));
    let desk = |folder: &Path| std::fs::read(folder.join("desk/orders.db")).unwrap();
    let committed = Path::new(ROOT).join("examples/wholesaler");
    assert!(desk(site.folder()) == desk(&committed), "the database is read and not a byte of it is changed");
}

/// The committed database is what the text beside it makes.
#[test]
fn the_desks_database_is_what_its_text_says() {
    let folder = Path::new(ROOT).join("examples/wholesaler/desk");
    let made = Connection::open_in_memory().unwrap();
    made.execute_batch(&std::fs::read_to_string(folder.join("orders.sql")).unwrap()).unwrap();
    let committed = Connection::open_with_flags(folder.join("orders.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let rows = |db: &Connection, table: &str| -> Vec<String> {
        let mut all = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = all.column_count();
        let row = |r: &rusqlite::Row<'_>| {
            (0..width).map(|i| r.get(i)).collect::<rusqlite::Result<Vec<rusqlite::types::Value>>>()
        };
        all.query_map([], row).unwrap().map(|r| format!("{:?}", r.unwrap())).collect()
    };
    for table in ["ORDERS", "ORDERLINES", "(SELECT name, sql FROM sqlite_schema ORDER BY name)"] {
        assert_eq!(rows(&made, table), rows(&committed, table), "{table}: make orders.db again, as orders.sql says");
    }
}

#[test]
fn a_reload_maps_again_what_it_can_and_lets_no_duplicate_in() {
    let site = Site::demo();
    let g = loaded(&site);
    let customer = |g: &Gateway, key: &str| g.ask(&format!("/v1/customers:lookup?space=crm&key={key}"), &[]).status;
    assert_eq!(customer(&g, "1017"), 404);
    assert_ne!(customer(&g, "1021"), 200, "its key stands there twice");
    site.edit("lookups/category.csv", |text| text + "W,*,retail\n");
    assert_eq!(g.act("/admin/v1/reload", &json!({})).status, 200);
    g.until("the refused record is mapped again", |g| customer(g, "1017") == 200);
    assert_ne!(customer(&g, "1021"), 200, "which of two records with one key is right is still not known");
    assert_eq!(g.dataset("crm.customers")["ledger"]["adds_up"], true);

    // A configuration that is wrong is refused whole; the one in use stays, and says so.
    site.edit("mappings/customer.yaml", |text| text.replace("LOOKUP(\"category\"", "LOOKUP(\"categories\""));
    let refused = g.act("/admin/v1/reload", &json!({}));
    assert_eq!((refused.status, refused.json()["code"].as_str().unwrap()), (422, "configuration-refused"));
    assert_eq!(customer(&g, "1017"), 200);
    assert_eq!(g.admin("/readyz")["status"], "degraded");
    g.stop();
}
