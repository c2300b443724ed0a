//! The same file again changes nothing; a corrected one changes what it corrects; what vanishes is deleted.

use crate::common::{Gateway, Site};
use serde_json::Value;

/// A dataset of plain rows, everything there is.
pub(crate) const ITEMS: &str = r#"
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    datasets:
      items:
        files: "*.csv"
        format: { kind: csv }
        key: [NO]
        content: snapshot
        shrink_guard: 60%
        ready: { quiet: 50ms }
entities:
  item:
    fields:
      name:  { type: text, required: true, filter: [eq, startswith], sort: true }
      price: { type: decimal, scale: 2 }
mappings:
  - from: shop.items
    to: item
    fields:
      name: TRIM(NAME)
      price: DECIMAL(PRICE) ELSE REJECT "bad-price"
"#;

/// The item of that number.
fn item(g: &Gateway, number: &str) -> (u16, Value, String) {
    let answer = g.ask(&format!("/v1/items:lookup?space=shop&key={number}"), &[]);
    let body = if answer.body.is_empty() { Value::Null } else { answer.json() };
    (answer.status, body, answer.header("etag").to_owned())
}

/// Units read so far.
fn units(g: &Gateway) -> usize {
    g.admin("/admin/v1/units")["items"].as_array().unwrap().len()
}

#[test]
fn an_identical_redrop_changes_nothing() {
    let site = Site::new(ITEMS);
    let content = "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug,2.00\n";
    site.drop_file("drop/items.csv", content);
    let g = site.start();
    assert_eq!(g.settled("shop.items", "items.csv"), "done");
    let before = (g.lines("/v1/items"), item(&g, "1"), g.get("/v1/items/changes"));

    // Once more under its own name, and once under another.
    site.drop_file("drop/items.csv", content);
    site.drop_file("drop/items-again.csv", content);
    assert_eq!(g.settled("shop.items", "items-again.csv"), "done");
    let unit = g.dataset("shop.items")["last_unit"].clone();
    assert_eq!(unit["code"], "identical", "a person must see that it was the same: {unit}");
    assert_eq!((g.lines("/v1/items"), item(&g, "1"), g.get("/v1/items/changes")), before);
    g.stop();
}

#[test]
fn a_corrected_redrop_corrects_and_what_vanished_is_gone() {
    let site = Site::new(ITEMS);
    site.drop_file("drop/items.csv", "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug,2.00\n3,Pot,9.00\n");
    let g = site.start();
    assert_eq!(g.settled("shop.items", "items.csv"), "done");
    let (cup, mug, pot) = (item(&g, "1"), item(&g, "2"), item(&g, "3"));
    let seen = units(&g);

    site.drop_file("drop/items.csv", "NO,NAME,PRICE\n1,Cup,1.75\n2,Mug,2.00\n");
    g.until("the corrected version is read", |g| units(g) > seen);
    g.until("the correction is served", |g| item(g, "1").1["price"] == "1.75");
    let (status, corrected, etag) = item(&g, "1");
    assert_eq!((status, &corrected["id"]), (200, &cup.1["id"]), "ids are permanent");
    assert_ne!(etag, cup.2, "what changed has another ETag");
    assert_eq!(item(&g, "2"), mug, "what did not change is the same to the byte");
    let gone = g.ask(&format!("/v1/items/{}", pot.1["id"].as_str().unwrap()), &[]);
    assert_eq!((gone.status, gone.json()["code"].as_str().unwrap()), (410, "gone"));

    // A key that returns has its id again.
    site.drop_file("drop/items.csv", "NO,NAME,PRICE\n1,Cup,1.75\n2,Mug,2.00\n3,Pot,8.00\n");
    g.until("the pot is back", |g| item(g, "3").0 == 200);
    assert_eq!(item(&g, "3").1["id"], pot.1["id"]);
    g.stop();
}

/// A copier that keeps times, or a sender that always sets the same one: what came later corrects.
#[test]
fn a_correction_with_the_very_time_of_what_it_corrects_counts() {
    let site = Site::new(&ITEMS.replace("content: snapshot\n        shrink_guard: 60%", "content: changes"));
    let drop_at_one_time = |content: &str| {
        let part = site.path("drop/.items.csv.part");
        std::fs::write(&part, content).unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600);
        std::fs::File::options().write(true).open(&part).unwrap().set_modified(time).unwrap();
        std::fs::rename(&part, site.path("drop/items.csv")).unwrap();
    };
    let first = "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug,2.00\n";
    drop_at_one_time(first);
    let g = site.start();
    let price = |g: &Gateway, wanted: &str| item(g, "2").1["price"] == wanted;
    g.until("the first version is read", |g| price(g, "2.00"));
    // On an earlier line than before.
    drop_at_one_time("NO,NAME,PRICE\n2,Mug,2.50\n");
    g.until("the correction counts", |g| price(g, "2.50"));
    // And so does its withdrawal.
    drop_at_one_time(first);
    g.until("the first version is back", |g| price(g, "2.00"));
    let sums = g.dataset("shop.items")["ledger"]["mappings"][0].clone();
    assert_eq!(sums["superseded"], 0, "{sums}");
    g.stop();
}

#[test]
fn half_a_snapshot_does_not_delete_the_other_half() {
    let site = Site::new(ITEMS);
    let rows = |n: usize| (1..=n).fold("NO,NAME,PRICE\n".to_owned(), |all, i| format!("{all}{i},Thing {i},1.00\n"));
    site.drop_file("drop/items.csv", rows(100));
    let g = site.start();
    assert_eq!(g.settled("shop.items", "items.csv"), "done");
    site.drop_file("drop/items.csv", rows(10));
    g.until("the deletions are suspended", |g| g.dataset("shop.items")["state"] == "suspended");
    assert_eq!(g.count("/v1/items"), 100, "nothing was deleted");
    let waiting = g.dataset("shop.items")["suspended"].clone();
    assert_eq!(waiting["missing"], 90, "{waiting}");

    let accepted = g.act("/admin/v1/datasets/shop.items/accept", &serde_json::json!({}));
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    g.until("a person accepted them", |g| g.count("/v1/items") == 10);
    g.stop();
}

#[test]
fn a_key_that_stands_twice_was_never_there() {
    let makers = "  maker: { fields: { name: { type: text, required: true, filter: [eq] } } }\n";
    let mapping = "  - { from: shop.items, to: maker, key: [MAKER], pick: first, fields: { name: MAKER } }\n";
    let yaml = ITEMS.replace("mappings:", &format!("{makers}mappings:")) + mapping;
    let site = Site::new(&yaml);
    let rows =
        "NO,NAME,PRICE,MAKER\n1,Cup,1.50,A\n2,Mug,2.00,B\n2,Mug,3.00,B\n2,Mug,3.50,B\n3,Pot,many,C\n3,Pot,4.00,C\n";
    site.drop_file("drop/items.csv", rows);
    let g = site.start();
    assert_eq!(g.settled("shop.items", "items.csv"), "done");
    assert_eq!((g.count("/v1/items"), g.count("/v1/makers")), (1, 1), "only what stands once is served");
    assert_eq!((item(&g, "2").0, item(&g, "3").0), (404, 404), "no row of them is, nor was");
    for (collection, filter) in [("items", "name=Mug"), ("makers", "name=B")] {
        let feed = g.get(&format!("/v1/{collection}/changes"));
        assert_eq!(feed["items"].as_array().unwrap().len(), 1, "the feed has no trace: {feed}");
        assert_eq!(g.count(&format!("/v1/{collection}?{filter}")), 0, "nor has the index");
    }
    let of_items = || {
        let ledger = g.dataset("shop.items")["ledger"].clone();
        assert_eq!(ledger["adds_up"], true, "{ledger}");
        let sums =
            ledger["mappings"].as_array().unwrap().iter().find(|m| m["mapping"] == "shop.items -> item").cloned();
        let sums = sums.unwrap_or_else(|| panic!("{ledger}"));
        ["in", "applied", "unchanged", "rejected"].map(|n| sums[n].as_i64().unwrap())
    };
    assert_eq!(of_items(), [6, 1, 0, 5], "all rows of a key are refused, whatever the first was refused for");
    let letters = g.admin("/admin/v1/dead-letters")["items"].as_array().unwrap().clone();
    let of = |code: &str| letters.iter().filter(|l| l["code"] == code && l["mapping"] == "shop.items -> item").count();
    assert_eq!((of("duplicate-key"), of("bad-price")), (4, 1), "{letters:?}");
    assert_eq!(g.dataset("shop.items")["state"], "idle", "their keys are known, so nothing is in doubt");

    // Corrected: the ids are those they would have had.
    site.drop_file("drop/items.csv", "NO,NAME,PRICE,MAKER\n1,Cup,1.50,A\n2,Mug,2.00,B\n3,Pot,4.00,C\n");
    g.until("the correction is served", |g| g.count("/v1/items") == 3);
    assert_eq!((g.count("/v1/makers"), g.dataset("shop.items")["dead_letters_open"].as_u64()), (3, Some(0)));

    // Known before: refused now, and what was served stays as it was.
    site.drop_file("drop/items.csv", "NO,NAME,PRICE,MAKER\n1,Cup,1.50,A\n2,Mug,2.00,B\n3,Pot,lots,C\n3,Pot,5.00,C\n");
    g.until("the third version is read", |g| g.dataset("shop.items")["dead_letters_open"] == 4);
    assert_eq!(item(&g, "3").1["price"], "4.00");
    assert_eq!(of_items(), [13, 3, 3, 7]);
    g.stop();
    let verify = site.banyan(&["store", "verify"]);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
}

/// What is accepted is carried out by reading the file once more: until then it must be there, whatever comes `after`.
#[test]
fn a_file_whose_deletions_wait_stays_until_it_is_done_with() {
    let moved = ITEMS.replace("60%", "30%").replace("quiet: 50ms }", "quiet: 50ms }\n        after: { move: done }");
    let site = Site::new(&moved);
    let there = |name: &str| site.path(&format!("drop/{name}")).exists();
    let many = "NO,NAME,PRICE\n1,Cup,1.50\n2,Mug,2.00\n3,Jug,3.00\n4,Pot,4.00\n";
    site.drop_file("drop/1.csv", many);
    let g = site.start();
    g.until("it is moved", |_| !there("1.csv"));
    site.drop_file("drop/2.csv", "NO,NAME,PRICE\n1,Cup,1.50\n");
    g.until("its deletions wait", |g| g.dataset("shop.items")["state"] == "suspended");
    // Not by a restart either, which carries out what was left to be done.
    g.stop();
    let g = site.start();
    g.until("the feed looks on", |g| g.admin("/admin/v1/sources")["items"][0]["feeds"][0]["is"] == "idle");
    assert!(there("2.csv"), "it is needed once more");
    let accepted = g.act("/admin/v1/datasets/shop.items/accept", &serde_json::json!({}));
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    g.until("the deletions are carried out", |g| g.count("/v1/items") == 1);
    g.until("and the file is moved", |_| !there("2.csv") && site.path("drop/done/2.csv").exists());

    // A newer whole file settles the question as well, and then the one that waited is done with.
    site.drop_file("drop/3.csv", many);
    g.until("they are back", |g| g.count("/v1/items") == 4);
    site.drop_file("drop/4.csv", "NO,NAME,PRICE\n1,Cup,1.75\n");
    g.until("its deletions wait", |g| g.dataset("shop.items")["state"] == "suspended");
    assert!(there("4.csv"));
    site.drop_file("drop/5.csv", format!("{many}5,Lid,5.00\n"));
    g.until("both are moved", |_| !there("4.csv") && !there("5.csv"));
    assert_eq!(g.count("/v1/items"), 5);
    g.stop();
}
