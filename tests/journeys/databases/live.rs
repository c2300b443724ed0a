//! Reads while somebody waits: by id and by key, fresher than the last pass, and what is answered when they fail.

use super::*;
use std::time::Instant;

const FRESH: [(&str, &str); 1] = [("cache-control", "max-age=0")];
const STRICT: [(&str, &str); 2] = [("cache-control", "max-age=0"), ("prefer", "handling=strict")];

/// Passes bring all of it, but so seldom that none comes again in the test.
const SYNCED: &str = "      items: { table: ITEMS, key: [NO], read: live, sync: { mode: keyset, every: 6h } }\n";
/// No pass brings it.
const ONLY_LIVE: &str = "      items: { table: ITEMS, key: [NO], read: live }\n";

#[test]
fn what_was_changed_a_moment_ago_is_answered_and_soon_stored() {
    let old = Old::new(ITEMS, SYNCED, ITEM);
    let g = old.site.start();
    loaded(&g, "erp.items");
    let told = changes(&g, "items").len();
    let one = "/v1/items:lookup?space=erp&key=1";
    let id = keyed(&g, "items", "1").1["id"].as_str().unwrap().to_owned();
    assert_eq!(live_reads(&old.site), 0, "who does not ask for fresh data asks nobody");

    old.run("UPDATE ITEMS SET NAME = 'By key' WHERE NO = 1; INSERT INTO ITEMS VALUES (99, 'New', 1, NULL)");
    let stored = g.ask(one, &[]);
    assert_eq!((stored.json()["name"].clone(), stored.header("banyan-served-by")), (json!("Thing 1"), "store"));
    let fresh = g.ask(one, &FRESH);
    assert_eq!(fresh.status, 200, "{}", fresh.text());
    assert_eq!((fresh.json()["name"].clone(), fresh.header("banyan-served-by")), (json!("By key"), "live"));
    assert_eq!(fresh.header("age"), "0");
    assert!(fresh.header("banyan-as-of") > stored.header("banyan-as-of"), "{:?}", fresh.headers);
    assert_ne!(fresh.header("etag"), stored.header("etag"));
    let new = g.ask("/v1/items:lookup?space=erp&key=99", &FRESH);
    assert_eq!((new.status, new.json()["name"].clone()), (200, json!("New")));

    // By id, before the store may have taken it; then the store has it, with the same ETag, and the feed tells.
    old.run("UPDATE ITEMS SET NAME = 'By id' WHERE NO = 1");
    let by_id = g.ask(&format!("/v1/items/{id}"), &FRESH);
    assert_eq!((by_id.json()["name"].clone(), by_id.header("banyan-served-by")), (json!("By id"), "live"));
    g.until("the store holds what was answered", |g| g.get(&format!("/v1/items/{id}"))["name"] == "By id");
    assert_eq!(g.ask(&format!("/v1/items/{id}"), &[]).header("etag"), by_id.header("etag"));
    g.until("the new one too", |g| g.count("/v1/items") == 11);
    let entries = changes(&g, "items")[told..].to_vec();
    assert!(entries.iter().any(|c| c["id"] == id.as_str()) && entries.len() >= 2, "{entries:?}");

    old.run("DELETE FROM ITEMS WHERE NO = 1");
    let gone = g.ask(&format!("/v1/items/{id}"), &FRESH);
    assert_eq!((gone.status, gone.json()["code"].clone()), (410, json!("gone")));
    g.until("it is gone from the store", |g| g.ask(&format!("/v1/items/{id}"), &[]).status == 410);
    let last = changes(&g, "items").last().unwrap().clone();
    assert_eq!((last["id"].as_str().unwrap(), last["change"].clone()), (id.as_str(), json!("delete")));
    assert_eq!(g.dataset("erp.items")["ledger"]["adds_up"], true);
    g.stop();
    in_order(&old.site);
}

#[test]
fn what_came_behind_the_place_where_a_pass_reads_is_not_gone_at_its_end() {
    let slow = SYNCED.replace("key: [NO],", "key: [NO], page_rows: 1,");
    let old = Old::new(ITEMS, &slow, ITEM);
    old.site.edit("banyan.yaml", |text| text.replace("    datasets:", "    budget: { rate: 4/s }\n    datasets:"));
    let g = old.site.start();
    g.until("the pass has begun", |g| g.count("/v1/items") >= 2);
    old.run("INSERT INTO ITEMS VALUES (-1, 'New', 1, NULL)");
    let new = g.ask("/v1/items:lookup?space=erp&key=-1", &FRESH);
    assert_eq!((new.status, new.header("banyan-served-by")), (200, "live"), "{}", new.text());
    assert_eq!(g.dataset("erp.items")["feed"]["is"], "reading", "the pass still runs");
    g.until("the pass is over", |g| g.dataset("erp.items")["feed"]["is"] == "idle");
    let id = new.json()["id"].as_str().unwrap().to_owned();
    let stored = g.ask(&format!("/v1/items/{id}"), &[]);
    assert_eq!((stored.status, stored.json()["name"].clone()), (200, json!("New")), "{}", stored.text());
    assert!(changes(&g, "items").iter().all(|c| c["change"] != "delete"));
    assert_eq!(g.count("/v1/items"), 11);
    g.stop();
}

#[test]
fn what_cannot_be_read_at_the_moment_is_not_gone() {
    let old = Old::new(ITEMS, SYNCED, ITEM);
    let g = old.site.start();
    loaded(&g, "erp.items");
    let one = "/v1/items:lookup?space=erp&key=1";
    old.run("UPDATE ITEMS SET NAME = 'Changed', PRICE = 'ask' WHERE NO = 1");
    let kept = g.ask(one, &FRESH);
    assert_eq!((kept.status, kept.json()["name"].clone()), (200, json!("Thing 1")), "{}", kept.text());
    g.until("there is a dead letter", |g| {
        g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().iter().any(|l| l["code"] == "odbc-bad-value")
    });
    assert_eq!(g.ask(one, &[]).status, 200);
    // Once it can be read, it is what it says.
    old.run("UPDATE ITEMS SET PRICE = 2 WHERE NO = 1");
    assert_eq!(g.ask(one, &FRESH).json()["name"], "Changed");
    g.stop();
}

#[test]
fn what_is_only_read_live_has_no_list() {
    let old = Old::new(ITEMS, ONLY_LIVE, ITEM);
    let g = old.site.start();
    let list = g.ask("/v1/items", &[]);
    assert_eq!((list.status, list.json()["code"].clone()), (404, json!("no-such-path")), "{}", list.text());
    assert!(list.text().contains("/v1/items:lookup"), "{}", list.text());
    let document = g.get("/openapi.json");
    assert!(document["paths"]["/v1/items"].is_null());
    assert!(document["paths"]["/v1/items/{id}"].is_object() && document["paths"]["/v1/items:lookup"].is_object());

    let first = g.ask("/v1/items:lookup?space=erp&key=3", &[]);
    assert_eq!((first.status, first.header("banyan-served-by")), (200, "live"), "{}", first.text());
    assert_eq!(first.json()["price"], "3.50");
    let id = first.json()["id"].as_str().unwrap().to_owned();
    g.until("by id, once its key is known", |g| g.ask(&format!("/v1/items/{id}"), &[]).status == 200);
    old.run("UPDATE ITEMS SET NAME = 'Changed' WHERE NO = 3");
    assert_eq!(g.get(&format!("/v1/items/{id}"))["name"], "Changed", "it is read for each request");
    assert_eq!(keyed(&g, "items", "404").0, 404);
    old.run("DELETE FROM ITEMS WHERE NO = 3");
    assert_eq!(g.ask(&format!("/v1/items/{id}"), &[]).status, 410);
    let dataset = g.dataset("erp.items");
    assert_eq!(dataset["ledger"]["adds_up"], true, "{dataset}");
    assert_eq!(g.admin("/readyz")["status"], "ready", "no feed is no fault: {}", g.admin("/readyz"));
    g.stop();
    in_order(&old.site);

    // Filters and sorts would look complete and not be.
    old.site.edit("banyan.yaml", |text| text.replace("required: true }", "required: true, filter: [eq], sort: true }"));
    let (sound, said) = old.site.tries(&["check"]);
    assert!(!sound && said.contains("not-filterable") && said.contains("not-sortable"), "{said}");
}

#[test]
fn a_copy_within_its_promise_says_as_of_when_it_speaks() {
    let old = Old::new(ITEMS, &ONLY_LIVE.replace("read: live }", "read: live, fresh: 1h }"), ITEM);
    let g = old.site.start();
    let first = g.ask("/v1/items:lookup?space=erp&key=3", &[]);
    assert_eq!((first.status, first.header("banyan-served-by")), (200, "live"), "{}", first.text());
    let one = format!("/v1/items/{}", first.json()["id"].as_str().unwrap());
    g.until("the store answers", |g| g.ask(&one, &[]).header("banyan-served-by") == "store");
    for address in [one.clone(), format!("{one}?fields=name"), "/v1/items:lookup?space=erp&key=3".to_owned()] {
        let copy = g.ask(&address, &[]);
        assert_eq!((copy.status, copy.header("banyan-served-by")), (200, "store"), "{address}");
        assert_eq!(copy.header("banyan-as-of"), first.header("banyan-as-of"), "{address}: {:?}", copy.headers);
        assert!(!copy.header("age").is_empty(), "{address}");
    }
    // However young the copy is, who wants nothing older than this moment is not given it.
    let now = g.ask(&one, &STRICT);
    assert_eq!((now.status, now.header("banyan-served-by")), (200, "live"), "{}", now.text());
    let changes = g.ask("/v1/items/changes", &STRICT);
    assert_eq!(
        (changes.status, changes.json()["code"].clone()),
        (504, json!("not-fresh-enough")),
        "{}",
        changes.text()
    );
    g.stop();
}

#[test]
fn an_id_that_only_others_speak_of_is_turned_back_into_its_key() {
    let datasets = "      items: { table: ITEMS, key: [NO], sync: { mode: keyset, every: 6h } }
      makers: { table: MAKERS, key: [MAKER], read: live }\n";
    let rest = "
entities:
  item: { fields: { name: { type: text }, maker: { type: ref, to: maker } } }
  maker: { fields: { name: { type: text } } }
mappings:
  - { from: erp.items, to: item, fields: { name: NAME, maker: 'REF(\"maker\", \"erp\", \"M\" & TEXT(NO)) ELSE NULL' } }
  - { from: erp.makers, to: maker, fields: { name: NAME } }
";
    let makers = "CREATE TABLE MAKERS (MAKER VARCHAR(8) PRIMARY KEY, NAME VARCHAR(40)); INSERT INTO MAKERS VALUES ('M4', 'Four Ltd');";
    let old = Old::new(&format!("{ITEMS} {makers}"), datasets, rest);
    let g = old.site.start();
    loaded(&g, "erp.items");
    let of = |no: &str| keyed(&g, "items", no).1["maker"].as_str().unwrap().to_owned();
    let read = g.ask(&format!("/v1/makers/{}", of("4")), &[]);
    assert_eq!((read.status, read.header("banyan-served-by")), (200, "live"), "{}", read.text());
    assert_eq!(read.json()["name"], "Four Ltd");
    let missing = g.ask(&format!("/v1/makers/{}", of("5")), &[]);
    assert_eq!((missing.status, missing.json()["code"].clone()), (404, json!("not-arrived")), "{}", missing.text());
    g.stop();
}

#[test]
fn an_old_copy_answers_for_a_source_that_is_down_only_where_that_is_said() {
    let patient = ONLY_LIVE.replace("read: live }", "read: live, stale_if_error: 1h }");
    for (datasets, status, code) in
        [(ONLY_LIVE, 503, json!("source-unavailable")), (patient.as_str(), 200, Value::Null)]
    {
        let server = Server::start(TDS_ITEMS).unwrap();
        let site = Site::new(&format!("{}{datasets}{ITEM}", mssql(&server, "    budget: { timeout: 2s }\n")));
        let g = site.start();
        let first = g.ask("/v1/items:lookup?space=erp&key=3", &[]);
        assert_eq!((first.status, first.header("banyan-served-by")), (200, "live"), "{}", first.text());
        let path = format!("/v1/items/{}/lineage", first.json()["id"].as_str().unwrap());
        g.until("it is stored", |g| g.ask(&path, &[]).status == 200);
        let error = banyan_testkit_tds::Mood::ErrorBefore(8651, 17, "Could not perform the operation".into());
        server.set(|o| o.mood = error);
        let down = g.ask("/v1/items:lookup?space=erp&key=3", &[]);
        assert_eq!((down.status, down.json()["code"].clone()), (status, code), "{}", down.text());
        if status == 200 {
            assert_eq!((down.json()["price"].clone(), down.header("banyan-served-by")), (json!("3.50"), "store"));
            assert!(!down.header("age").is_empty() && !down.header("banyan-as-of").is_empty(), "{:?}", down.headers);
            let never = g.ask("/v1/items:lookup?space=erp&key=4", &[]);
            assert_eq!(never.status, 503, "of this one there is no copy: {}", never.text());
        }
        g.stop();
    }
}

#[test]
fn a_source_that_is_down_is_told_apart_from_old_data() {
    let rest = ITEM.replace("erp.items", "erp.copied").replace(
        "mappings:",
        "  other: { fields: { name: { type: text } } }\nmappings:\n  - { from: erp.asked, to: other, fields: { name: NAME } }",
    );
    let datasets = "      copied: { table: ITEMS, key: [NO], read: live, sync: { mode: keyset, every: 6h } }
      asked:  { table: ITEMS, key: [NO], read: live }\n";
    let server = Server::start(TDS_ITEMS).unwrap();
    let site = Site::new(&format!("{}{datasets}{rest}", mssql(&server, "    budget: { timeout: 2s }\n")));
    let g = site.start();
    loaded(&g, "erp.copied");
    change(&server, "UPDATE ITEMS SET NAME = 'Changed' WHERE NO = 1");
    assert_eq!(g.ask("/v1/items:lookup?space=erp&key=1", &FRESH).json()["name"], "Changed");
    assert_eq!(keyed(&g, "others", "1").1["name"], "Changed");

    // It says no more than an error; then nothing at all.
    server.set(|o| o.mood = banyan_testkit_tds::Mood::ErrorBefore(8651, 17, "Could not perform the operation".into()));
    let down = |what: &str| {
        let copied = g.ask("/v1/items:lookup?space=erp&key=2", &FRESH);
        assert_eq!((copied.status, copied.header("banyan-served-by")), (200, "store"), "{what}: {}", copied.text());
        assert!(!copied.header("age").is_empty() && !copied.header("banyan-as-of").is_empty());
        g.until("it has an age", |g| g.ask("/v1/items:lookup?space=erp&key=2", &[]).header("age") != "0");
        let strict = g.ask("/v1/items:lookup?space=erp&key=2", &STRICT);
        assert_eq!((strict.status, strict.json()["code"].clone()), (504, json!("not-fresh-enough")), "{what}");
        let asked = g.ask("/v1/others:lookup?space=erp&key=2", &[]);
        assert_eq!((asked.status, asked.json()["code"].clone()), (503, json!("source-unavailable")), "{what}");
        // Of this one nothing is stored: whether it is there, only the source could say.
        let new = g.ask("/v1/items:lookup?space=erp&key=77", &FRESH);
        assert_eq!((new.status, new.json()["code"].clone()), (503, json!("source-unavailable")), "{what}");
        for answer in [copied.text(), strict.text(), asked.text()] {
            assert!(
                !answer.contains("SELECT") && !answer.contains("8651") && !answer.contains("127.0.0.1"),
                "{answer}"
            );
        }
    };
    down("an error");
    let begun = Instant::now();
    server.set(|o| o.mood = banyan_testkit_tds::Mood::StallBefore);
    down("silence");
    assert!(begun.elapsed().as_secs() < 20, "four requests, two seconds each at most");
    server.set(|o| o.mood = banyan_testkit_tds::Mood::Well);
    g.until("it is asked again", |g| keyed(g, "others", "2").0 == 200);
    assert!(server.seen().attentions > 0 || server.seen().ended > 0, "the server was told to stop");
    g.stop();
    in_order(&site);
}

#[test]
fn equal_reads_at_one_time_are_one() {
    // A view that takes a while for each row.
    let slow = format!(
        "{ITEMS} CREATE VIEW SLOW AS SELECT NO, NAME, PRICE + 0 * (WITH RECURSIVE n(i) AS (SELECT NO UNION ALL \
         SELECT i + 1 FROM n WHERE i < 400000 + NO) SELECT MAX(i) FROM n) AS PRICE FROM ITEMS"
    );
    let rest = ITEM.replace("price: PRICE", "price: 'ROUND(DECIMAL(TEXT(PRICE)), 2) ELSE NULL'");
    let old = Old::new(&slow, "      items: { table: SLOW, key: [NO], read: live }\n", &rest);
    let g = old.site.start();
    assert_eq!(keyed(&g, "items", "1").0, 200);
    shares_reads(&old.site, &g, "/v1/items:lookup?space=erp&key=2");
    g.stop();
}

#[test]
fn a_closed_window_is_kept() {
    let datasets = format!("{SYNCED}      asked: {{ table: ITEMS, key: [NO], read: live }}\n");
    let rest = ITEM.replace(
        "mappings:",
        "  other: { fields: { name: { type: text } } }\nmappings:\n  - { from: erp.asked, to: other, fields: { name: NAME } }",
    );
    let old = Old::new(ITEMS, &datasets, &rest);
    let closed = "adapter: odbc\n    budget: { closed: [\"00:00-12:00\", \"12:00-24:00\"] }";
    old.site.edit("banyan.yaml", |text| text.replace("adapter: odbc", closed));
    let g = old.site.start();
    let asked = g.ask("/v1/others:lookup?space=erp&key=2", &[]);
    assert_eq!((asked.status, asked.json()["code"].clone()), (503, json!("source-unavailable")));
    assert!(asked.text().contains("left alone at this hour"), "{}", asked.text());
    assert_eq!(g.count("/v1/items"), 0);
    assert!(sent(&old.site).is_empty(), "nothing is sent: {:?}", sent(&old.site));

    old.site.edit("banyan.yaml", |text| text.replace(closed, "adapter: odbc"));
    assert_eq!(g.act("/admin/v1/reload", &json!({})).status, 200);
    g.until("it opens", |g| g.count("/v1/items") == 10);
    assert_eq!(keyed(&g, "others", "2").0, 200);
    g.stop();
    in_order(&old.site);
}

/// The items as the server has them.
pub(super) const TDS_ITEMS: &str = "CREATE TABLE ITEMS (NO int NOT NULL PRIMARY KEY, NAME varchar(40), \
    PRICE TEXT decimal(12,2));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
    INSERT INTO ITEMS SELECT i, 'Thing ' || i, i || '.50' FROM n;";

#[test]
fn a_column_of_another_type_is_not_believed() {
    let retyped = "ALTER TABLE ITEMS RENAME TO OLD; CREATE TABLE ITEMS (NO INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(40), \
        PRICE VARCHAR(12), CHANGED TIMESTAMP); INSERT INTO ITEMS SELECT NO, 'Other', 'GBP ' || PRICE, CHANGED FROM OLD";
    // Passes bring it: what they brought is answered, with its age.
    let old = Old::new(ITEMS, SYNCED, ITEM);
    let g = old.site.start();
    loaded(&g, "erp.items");
    let one = "/v1/items:lookup?space=erp&key=3";
    assert_eq!(g.ask(one, &FRESH).header("banyan-served-by"), "live");
    old.run(retyped);
    g.until("the file is opened anew", |g| g.ask(one, &FRESH).header("banyan-served-by") == "store");
    let copy = g.ask(one, &FRESH);
    assert_eq!((copy.status, copy.json()["price"].clone()), (200, json!("3.50")), "{}", copy.text());
    assert_eq!(g.ask(one, &STRICT).status, 504);
    assert!(g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().is_empty(), "nobody is refused one by one");
    g.stop();

    // No pass brings it: the kept schema is what was agreed on.
    let list = ONLY_LIVE.replace("read: live }", "read: live, find_by: [NAME] }");
    let old = Old::new(ITEMS, &list, &ITEM.replace("required: true }", "required: true, filter: [eq] }"));
    std::fs::create_dir(old.site.path("schemas")).unwrap();
    let kept = "columns:\n  NO: { type: integer }\n  NAME: { type: text, server: VARCHAR(40) }\n  PRICE: { type: \"decimal(12,2)\" }\nkey: [NO]\n";
    std::fs::write(old.site.path("schemas/erp.items.yaml"), kept).unwrap();
    let g = old.site.start();
    assert_eq!(g.ask(one, &[]).status, 200);
    assert_eq!(g.get("/v1/items?name=Thing%203")["items"].as_array().unwrap().len(), 1);
    old.run(retyped);
    for path in [one, "/v1/items?name=Other"] {
        g.until("it is not believed", |g| g.ask(path, &[]).status == 503);
        assert_eq!(g.ask(path, &[]).json()["code"], "source-unavailable", "{path}");
    }
    g.stop();
}
