//! What a source names is not there under that name any more: told with what to do, nothing is deleted, and once it is back
//! it is read on.

use super::live::TDS_ITEMS;
use super::*;
use banyan_testkit_tds::Mood;

const PASSES: &str = "      items: { table: ITEMS, key: [NO], sync: { mode: full, every: 100ms } }\n";

/// What the source says of the dataset that fails.
fn told(g: &Gateway) -> String {
    g.dataset("erp.items")["feed"]["message"].as_str().unwrap().to_owned()
}

/// All of it is served, and nobody was told of a deletion.
fn nothing_is_gone(g: &Gateway) {
    assert_eq!(g.count("/v1/items"), 10);
    assert!(changes(g, "items").iter().all(|c| c["change"] != "delete"));
}

#[test]
fn a_table_that_was_renamed() {
    let old = Old::new(ITEMS, PASSES, ITEM);
    // While it runs …
    let g = old.site.start();
    g.until("it is read", |g| g.count("/v1/items") == 10);
    old.run("ALTER TABLE ITEMS RENAME TO ITEMS_2025");
    // A pass that was under way may end with the driver's own words first.
    g.until("it is missed", |g| g.dataset("erp.items")["feed"]["code"] == "table-missing");
    let message = told(&g);
    for wanted in ["no table or view ITEMS", "ITEMS_2025 is there: was it renamed?", "Correct `table`"] {
        assert!(message.contains(wanted), "no `{wanted}` in {message}");
    }
    nothing_is_gone(&g);
    g.stop();
    // … and at the start.
    let g = old.site.start();
    assert_eq!(failing(&g, "erp.items"), "table-missing");
    nothing_is_gone(&g);
    old.run("ALTER TABLE ITEMS_2025 RENAME TO ITEMS; UPDATE ITEMS SET NAME = 'Back' WHERE NO = 3; DELETE FROM ITEMS WHERE NO = 4");
    g.until("it is read on", |g| keyed(g, "items", "3").1["name"] == "Back" && keyed(g, "items", "4").0 == 410);
    assert_eq!(g.count("/v1/items"), 9);
    g.stop();
    in_order(&old.site);
}

#[test]
fn a_database_file_that_was_renamed() {
    let old = Old::new(ITEMS, PASSES, ITEM);
    let (there, away) = (old.site.path("old/erp.db"), old.site.path("old/erp_2025.db"));
    let g = old.site.start();
    g.until("it is read", |g| g.count("/v1/items") == 10);
    std::fs::rename(&there, &away).unwrap();
    assert_eq!(failing(&g, "erp.items"), "odbc-connect");
    let message = told(&g);
    assert!(message.contains("erp.db") && message.contains("renamed"), "{message}");
    nothing_is_gone(&g);
    g.stop();
    let g = old.site.start();
    assert_eq!(failing(&g, "erp.items"), "odbc-connect");
    nothing_is_gone(&g);
    assert!(!there.exists(), "a database that is not there is not made");
    std::fs::rename(&away, &there).unwrap();
    old.run("UPDATE ITEMS SET NAME = 'Back' WHERE NO = 3");
    g.until("it is read on", |g| keyed(g, "items", "3").1["name"] == "Back");
    nothing_is_gone(&g);
    g.stop();
    in_order(&old.site);
}

#[test]
fn a_database_of_a_server_that_was_renamed() {
    let server = Server::start(TDS_ITEMS).unwrap();
    let site = Site::new(&format!("{}{PASSES}{ITEM}", mssql(&server, "")));
    let g = site.start();
    g.until("it is read", |g| g.count("/v1/items") == 10);
    // Renaming it ends its sessions; whoever comes again asks for a name that is not there.
    server.set(|o| (o.mood, o.database) = (Mood::DropMidRow(3), "erp_2025".into()));
    g.until("it is refused", |g| g.dataset("erp.items")["feed"]["code"] == "mssql-database");
    let message = told(&g);
    for wanted in ["Cannot open database \"erp\"", "correct `database`", "renamed"] {
        assert!(message.contains(wanted), "no `{wanted}` in {message}");
    }
    nothing_is_gone(&g);
    g.stop();
    server.set(|o| o.mood = Mood::Well);
    let g = site.start();
    assert_eq!(failing(&g, "erp.items"), "mssql-database");
    nothing_is_gone(&g);
    change(&server, "UPDATE ITEMS SET NAME = 'Back' WHERE NO = 3; DELETE FROM ITEMS WHERE NO = 4");
    server.set(|o| o.database = "erp".into());
    g.until("it is read on", |g| keyed(g, "items", "3").1["name"] == "Back" && keyed(g, "items", "4").0 == 410);
    g.stop();
    in_order(&site);
}
