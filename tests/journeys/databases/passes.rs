//! Each way of bringing a table up to date: what is added, changed and deleted there is added, changed and deleted here.

use super::*;
use std::time::{Duration, Instant};

/// One table, read in each way into an entity of its own.
const WAYS: &str = "
      full:  { table: ITEMS, key: [NO], sync: { mode: full, every: 200ms } }
      pages: { table: ITEMS, key: [NO], page_rows: 3, sync: { mode: keyset, every: 200ms } }
      marks: { table: ITEMS, key: [NO], sync: { mode: watermark, column: CHANGED, lag: 1m, every: 200ms, deletes: { by: key-diff, every: 300ms } } }
      best:  { table: ITEMS, key: [NO], sync: auto }
entities:
  full: { plural: fulls, fields: { name: { type: text, required: true } } }
  page: { plural: pages, fields: { name: { type: text, required: true } } }
  mark: { plural: marks, fields: { name: { type: text, required: true } } }
  best: { plural: bests, authority: erp, fields: { name: { type: text, required: true } } }
mappings:
  - { from: erp.full,  to: full, fields: { name: NAME } }
  - { from: erp.pages, to: page, fields: { name: NAME } }
  - { from: erp.marks, to: mark, fields: { name: NAME } }
  - { from: erp.best,  to: best, fields: { name: NAME } }
";

#[test]
fn what_is_added_changed_and_deleted_there_is_so_here() {
    let old = Old::new(ITEMS, WAYS, "");
    let g = old.site.start();
    for way in ["fulls", "pages", "marks", "bests"] {
        g.until(&format!("all {way}"), |g| g.count(&format!("/v1/{way}")) == 10);
    }
    let before: Vec<usize> = ["fulls", "pages", "marks"].iter().map(|c| changes(&g, c).len()).collect();
    old.run(
        "INSERT INTO ITEMS VALUES (11, 'Eleven', 1, '2026-01-05 10:00:30');
         UPDATE ITEMS SET NAME = 'One', CHANGED = '2026-01-05 10:00:30' WHERE NO = 1;
         DELETE FROM ITEMS WHERE NO = 2",
    );
    let told = old.bytes();
    for (way, before) in ["fulls", "pages", "marks"].into_iter().zip(before) {
        g.until(&format!("{way} follow"), |g| {
            (keyed(g, way, "11").0, keyed(g, way, "2").0) == (200, 410) && keyed(g, way, "1").1["name"] == "One"
        });
        let entries = changes(&g, way)[before..].to_vec();
        assert_eq!(entries.len(), 3, "one for each, and nothing else: {entries:?}");
        let gone: Vec<&Value> = entries.iter().filter(|c| c["change"] == "delete").collect();
        assert_eq!(gone.len(), 1, "{entries:?}");
        assert_eq!(g.count(&format!("/v1/{way}")), 10);
    }
    // A key that returns revives its id.
    let id = keyed(&g, "fulls", "2").1;
    assert_eq!(id["code"], "gone");
    old.run("INSERT INTO ITEMS VALUES (2, 'Back', 2, '2026-01-05 10:00:40')");
    for way in ["fulls", "pages", "marks"] {
        g.until(&format!("it is back in {way}"), |g| keyed(g, way, "2").1["name"] == "Back");
    }
    assert_ne!(told, old.bytes(), "the test itself writes");
    let last = old.bytes();
    let seen = g.dataset("erp.full")["last_unit"]["name"].clone();
    g.until("one pass more", |g| g.dataset("erp.full")["last_unit"]["name"] != seen);
    for dataset in ["erp.full", "erp.pages", "erp.marks", "erp.best"] {
        assert_eq!(g.dataset(dataset)["ledger"]["adds_up"], true, "{dataset}");
    }
    g.stop();
    assert_eq!(last, old.bytes(), "the gateway reads and never writes");
    in_order(&old.site);
    let statements = sent(&old.site);
    assert!(
        statements.iter().any(|s| s["dataset"] == "pages" && s["rows"] == 4),
        "pages of three rows, and the one behind them"
    );
    assert!(statements.iter().all(|s| s["purpose"] == "sync"), "{statements:?}");
}

#[test]
fn ten_thousand_rows_of_one_moment_and_a_late_commit() {
    let many = "CREATE TABLE ITEMS (NO INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(40), PRICE DECIMAL(12,2), CHANGED TIMESTAMP);
        CREATE INDEX BY_TIME ON ITEMS (CHANGED);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO ITEMS SELECT i, 'Thing ' || i, 1, '2026-01-05 10:00:00' FROM n;";
    let datasets =
        "      items: { table: ITEMS, key: [NO], sync: { mode: watermark, column: CHANGED, lag: 1m, every: 200ms } }\n";
    let old = Old::new(many, datasets, ITEM);
    let g = old.site.spawn().ready();
    g.until("the pass is under way, or over", |g| g.dataset("erp.items")["last_unit"]["records"].is_u64());
    g.kill();
    let g = old.site.start();
    loaded(&g, "erp.items");
    g.until("all of them", |g| g.count("/v1/items") == 10_000);

    // Of the same moment, and of one before it, within the lag; a far older one is beyond it.
    let before = g.dataset("erp.items")["last_unit"]["name"].clone();
    old.run(
        "INSERT INTO ITEMS VALUES (20001, 'Same moment', 1, '2026-01-05 10:00:00');
         INSERT INTO ITEMS VALUES (20002, 'Late', 1, '2026-01-05 09:59:30');
         INSERT INTO ITEMS VALUES (20003, 'Too late', 1, '2026-01-05 08:00:00')",
    );
    g.until("late commits are seen", |g| keyed(g, "items", "20001").0 == 200 && keyed(g, "items", "20002").0 == 200);
    assert_eq!(keyed(&g, "items", "20003").0, 404, "and what comes later than the lag is not, as its page says");
    assert_ne!(g.dataset("erp.items")["last_unit"]["name"], before);
    assert_eq!(changes(&g, "items").len(), 10_002, "nothing is told twice");
    // Nothing new makes no unit, however often it is looked: and the dataset is as young as the last look.
    let quiet = g.dataset("erp.items");
    g.until("looked again", |g| g.dataset("erp.items")["as_of"] != quiet["as_of"]);
    assert_eq!(g.dataset("erp.items")["last_unit"]["name"], quiet["last_unit"]["name"]);
    g.stop();
    in_order(&old.site);
}

#[test]
fn killed_in_the_middle_of_passes_the_store_equals_an_undisturbed_one() {
    let many = "CREATE TABLE ITEMS (NO INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(40), PRICE DECIMAL(12,2), CHANGED TIMESTAMP);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
        INSERT INTO ITEMS SELECT i, 'Thing number ' || i, CASE WHEN i % 1000 = 7 THEN NULL ELSE i || '.25' END, NULL FROM n;";
    let datasets = "      items: { table: ITEMS, key: [NO], page_rows: 2000, sync: { mode: keyset, every: 1h } }\n";
    let rest = ITEM.replace("price: PRICE", "price: 'IF(ISBLANK(PRICE), \"x\", TEXT(PRICE))'");
    let rest = rest.replace(
        "'IF(ISBLANK(PRICE), \"x\", TEXT(PRICE))'",
        "'COALESCE(PRICE, DECIMAL(\"many\")) ELSE REJECT \"bad-price\"'",
    );
    let world = |g: &Gateway| {
        loaded(g, "erp.items");
        let dataset = g.dataset("erp.items");
        assert_eq!(dataset["ledger"]["adds_up"], true, "{dataset}");
        let mut items = g.lines("/v1/items");
        items.sort_unstable();
        let mut told: Vec<String> = changes(g, "items").iter().map(|c| c["id"].to_string()).collect();
        told.sort_unstable();
        let all = told.len();
        told.dedup();
        assert_eq!(told.len(), all, "no change is told twice");
        (items, told, dataset["dead_letters_open"].clone())
    };
    let old = Old::new(many, datasets, &rest);
    let begun = Instant::now();
    let g = old.site.start();
    let undisturbed = world(&g);
    let took = begun.elapsed();
    assert_eq!((undisturbed.0.len(), &undisturbed.2), (49_950, &json!(50)));
    g.stop();

    let old = Old::new(many, datasets, &rest);
    let mut midway = 0;
    for share in [3_u32, 5, 7] {
        // Not a wait for something: the moment of the kill is what differs.
        let g = old.site.spawn();
        std::thread::sleep(took.min(Duration::from_secs(8)) * share / 16);
        g.kill();
    }
    let g = old.site.start();
    let units = g.admin("/admin/v1/units?limit=100")["items"].clone();
    midway += units.as_array().unwrap().iter().filter(|u| u["state"] == "open").count();
    let found = world(&g);
    println!("undisturbed {took:?}; {midway} passes were cut");
    assert!(found == undisturbed, "{} and {} items", found.0.len(), undisturbed.0.len());
    g.stop();
    in_order(&old.site);
}

#[test]
fn half_a_table_that_vanishes_waits_for_a_person() {
    let datasets = "      items: { table: ITEMS, key: [NO], shrink_guard: 30%, sync: { mode: full, every: 200ms } }\n";
    let old = Old::new(ITEMS, datasets, ITEM);
    let g = old.site.start();
    g.until("all of them", |g| g.count("/v1/items") == 10);
    old.run("DELETE FROM ITEMS WHERE NO > 5; UPDATE ITEMS SET NAME = 'One' WHERE NO = 1");
    g.until("the rest is suspected", |g| g.dataset("erp.items")["state"] == "suspended");
    assert_eq!(g.count("/v1/items"), 10);
    assert_eq!(keyed(&g, "items", "1").1["name"], "One", "everything else goes on");
    let ready = g.admin("/readyz");
    assert!(ready["reasons"].to_string().contains("deletions-suspended"), "{ready}");
    let seen = g.dataset("erp.items")["last_unit"]["name"].clone();
    g.until("passes go on", |g| g.dataset("erp.items")["last_unit"]["name"] != seen);
    assert_eq!(g.count("/v1/items"), 10);
    accept(&old.site, "erp.items");
    g.until("what was accepted is gone", |g| g.count("/v1/items") == 5);
    g.until("all is well", |g| g.dataset("erp.items")["suspended"].is_null());
    // Accepting is for once: the next loss waits again.
    old.run("DELETE FROM ITEMS WHERE NO > 2");
    g.until("the next loss is suspected", |g| g.dataset("erp.items")["state"] == "suspended");
    assert_eq!(g.count("/v1/items"), 5);
    g.stop();
    in_order(&old.site);
}

#[test]
fn accepting_does_not_wait_for_the_next_pass_that_is_due() {
    // Without a guard of its own, a table may lose half of itself.
    let datasets = "      items: { table: ITEMS, key: [NO], sync: { mode: keyset, every: 2s } }\n";
    let old = Old::new(ITEMS, datasets, ITEM);
    let g = old.site.start();
    g.until("all of them", |g| g.count("/v1/items") == 10);
    old.run("DELETE FROM ITEMS WHERE NO > 4");
    g.until("the rest is suspected", |g| g.dataset("erp.items")["state"] == "suspended");
    g.stop();
    old.site.edit("banyan.yaml", |text| text.replace("every: 2s", "every: 1h"));
    // While no gateway runs; the next one carries it out when the pass is due.
    let g = old.site.start();
    accept(&old.site, "erp.items");
    g.until("what was accepted is gone", |g| g.count("/v1/items") == 4);
    g.stop();
}
