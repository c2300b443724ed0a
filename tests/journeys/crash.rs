//! Killed in the middle of a file, twenty times at random moments: nothing is lost and nothing is doubled.

use crate::common::{Gateway, Site};
use serde_json::Value;
use std::time::{Duration, Instant};

const ROWS: u32 = 100_000;
const MAKERS: u32 = 9_973;
const KILLS: u32 = 20;
/// Kills before a store is compared and a fresh one begun: so that kills hit fresh stores, half-filled ones and ones
/// that were killed before.
const KILLS_PER_STORE: u32 = 5;

const YAML: &str = r#"
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
        ready: { quiet: 50ms }
entities:
  item:
    fields:
      name:   { type: text, required: true, filter: [eq] }
      kind:   { type: enum, values: [small, large], filter: [eq] }
      price:  { type: decimal, scale: 2, filter: [gte] }
      maker:  { type: ref, to: maker, inverse: items }
  maker:
    fields:
      name: { type: text, required: true }
mappings:
  - from: shop.items
    to: item
    fields:
      name: TRIM(NAME)
      kind: IF(LEN(NAME) > 12, "large", "small")
      price: DECIMAL(PRICE) ELSE REJECT "bad-price"
      maker: REF("maker", "shop", MAKER)
  - from: shop.items
    to: maker
    key: [MAKER]
    pick: first BY NO
    fields: { name: '"Maker " & MAKER' }
"#;

/// One row in a thousand is bad.
fn file() -> String {
    let mut all = String::from("NO,NAME,PRICE,MAKER\n");
    for i in 1..=ROWS {
        let price = if i % 1000 == 7 { "many".to_owned() } else { format!("{}.{:02}", i % 500, i % 100) };
        all += &format!("{i:06},Thing number {i},{price},M{}\n", i % MAKERS);
    }
    all
}

/// Everything that is served, and what the ledger says.
#[derive(PartialEq)]
struct World {
    items: Vec<String>,
    makers: Vec<String>,
    changes: (u64, u64),
    /// By mapping: records in, taken up, rejected. A file that is begun again finds its first part unchanged.
    ledger: Vec<(u64, u64, u64)>,
    dead_letters: u64,
}

fn world(g: &Gateway) -> World {
    let mut items = g.lines("/v1/items");
    let mut makers = g.lines("/v1/makers");
    items.sort_unstable();
    makers.sort_unstable();
    let dataset = g.dataset("shop.items");
    assert_eq!(dataset["ledger"]["adds_up"], true, "{dataset}");
    World {
        items,
        makers,
        changes: (changes(g, "items"), changes(g, "makers")),
        ledger: dataset["ledger"]["mappings"].as_array().unwrap().iter().map(sums).collect(),
        dead_letters: dataset["dead_letters_open"].as_u64().unwrap(),
    }
}

fn sums(mapping: &Value) -> (u64, u64, u64) {
    let n = |name: &str| mapping[name].as_u64().unwrap();
    (n("in"), n("applied") + n("unchanged"), n("rejected"))
}

/// How many distinct instances the feed names.
fn changes(g: &Gateway, collection: &str) -> u64 {
    let (mut since, mut ids) = (String::new(), std::collections::HashSet::new());
    loop {
        let page = g.get(&format!("/v1/{collection}/changes?limit=1000{since}"));
        ids.extend(page["items"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()));
        since = format!("&since={}", page["next"].as_str().unwrap());
        if page["more"] == false {
            return ids.len() as u64;
        }
    }
}

fn done(g: &Gateway) {
    assert_eq!(g.settled("shop.items", "items.csv"), "done", "{}", g.log());
}

#[test]
fn killed_at_any_moment_the_store_equals_that_of_an_undisturbed_run() {
    let content = file();
    let site = Site::new(YAML);
    site.drop_file("drop/items.csv", &content);
    let begun = Instant::now();
    let g = site.start();
    done(&g);
    let took = begun.elapsed();
    let undisturbed = world(&g);
    assert_eq!(undisturbed.items.len() as u32, ROWS - ROWS / 1000);
    assert_eq!(undisturbed.makers.len() as u32, MAKERS);
    g.stop();

    // Random, and told, so that a failure can be looked at again.
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok());
    let mut seed: u64 =
        seed.unwrap_or_else(|| u64::from(std::process::id()) << 20 | u64::from(begun.elapsed().subsec_nanos()));
    println!("an undisturbed run takes {took:?}; SEED={seed}");
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let (mut kills, mut midway) = (0, 0);
    while kills < KILLS {
        let site = Site::new(YAML);
        site.drop_file("drop/items.csv", &content);
        for _ in 0..KILLS_PER_STORE {
            let g = site.spawn();
            // All kills of a store together spread over the time the file takes.
            let most = took.as_millis() as u64 * 2 / u64::from(KILLS_PER_STORE);
            std::thread::sleep(Duration::from_millis(random() % most.max(1)));
            g.kill();
            kills += 1;
        }
        let g = site.start();
        midway += u32::from(g.dataset("shop.items")["last_unit"]["state"] == "open");
        done(&g);
        let found = world(&g);
        assert!(found == undisturbed, "after {kills} kills (SEED told above): {}", differences(&undisturbed, &found));
        g.stop();
    }
    println!("{kills} kills, {midway} stores found in the middle of the file");
}

fn differences(a: &World, b: &World) -> String {
    let items = a.items.iter().zip(&b.items).find(|(x, y)| x != y);
    format!(
        "items {} / {}, first difference {items:?}; makers {} / {}; changes {:?} / {:?}; ledger {:?} / {:?}; dead letters {} / {}",
        a.items.len(),
        b.items.len(),
        a.makers.len(),
        b.makers.len(),
        a.changes,
        b.changes,
        a.ledger,
        b.ledger,
        a.dead_letters,
        b.dead_letters,
    )
}

/// What is left of a file that was replaced before it was read to its end is told as what it is.
#[test]
fn a_file_that_was_replaced_half_read_is_no_longer_open() {
    let site =
        Site::new(&crate::redrop::ITEMS.replace("content: snapshot\n        shrink_guard: 60%", "content: changes"));
    let rows: String = (0..250_000).map(|i| format!("{i},Thing {i},1.00\n")).collect();
    site.drop_file("drop/items.csv", format!("NO,NAME,PRICE\n{rows}"));
    let units = |g: &Gateway| g.admin("/admin/v1/units")["items"].as_array().unwrap().clone();
    let g = site.start();
    g.until("a part of it is committed", |g| !units(g).is_empty());
    if units(&g)[0]["state"] != "open" {
        println!("skipped: this machine reads it in one transaction");
        return;
    }
    g.kill();
    site.drop_file("drop/items.csv", "NO,NAME,PRICE\n1,Thing 1,2.00\n");
    let g = site.start();
    g.until("the new version is read", |g| units(g).len() == 2 && units(g)[0]["state"] == "done");
    let half = units(&g)[1].clone();
    assert_eq!((&half["state"], &half["code"]), (&serde_json::json!("abandoned"), &serde_json::json!("abandoned")));
    assert!(half["message"].as_str().unwrap().contains("what came of it counts"), "{half}");
    assert_eq!(g.dataset("shop.items")["ledger"]["adds_up"], true);
    g.stop();
}
