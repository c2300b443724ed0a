//! Passes that changed nothing leave no more than their counts, and one that was broken off is not open for ever.

use super::live::TDS_ITEMS;
use super::*;
use banyan_testkit_tds::Mood;

/// The units of a dataset, newest first.
fn units(g: &Gateway, dataset: &str) -> Vec<Value> {
    g.admin(&format!("/admin/v1/units?dataset={dataset}&limit=500"))["items"].as_array().unwrap().clone()
}

fn ledger(g: &Gateway, dataset: &str) -> Value {
    let all = g.admin("/admin/v1/ledger/totals");
    all["items"].as_array().unwrap().iter().find(|d| d["dataset"] == dataset).unwrap().clone()
}

#[test]
fn passes_and_live_reads_that_change_nothing_are_folded_and_the_ledger_adds_up() {
    let datasets = "      items: { table: ITEMS, key: [NO], read: live, sync: { mode: full, every: 10ms } }\n";
    let old = Old::new(ITEMS, datasets, ITEM);
    old.site.edit("banyan.yaml", |text| text.replacen("gateway: {", "gateway: { keep_passes: 7,", 1));
    // One row has no price that can be read: each pass refuses it again, as one dead letter.
    old.run("UPDATE ITEMS SET PRICE = 'x' WHERE NO = 4");
    let g = old.site.start();
    g.until("the first pass", |g| g.count("/v1/items") == 9);
    let id = keyed(&g, "items", "1").1["id"].as_str().unwrap().to_owned();
    for _ in 0..40 {
        assert_eq!(g.ask(&format!("/v1/items/{id}"), &[("cache-control", "max-age=0")]).status, 200);
    }
    g.until("many passes", |g| ledger(g, "erp.items")["folded"]["units"].as_u64().is_some_and(|n| n >= 1_000));
    let listed = units(&g, "erp.items");
    // The first one, which brought the records, and what ended since the last look: that comes with a commit.
    assert!(listed.len() < 400, "{} units are listed", listed.len());
    assert!(listed.iter().all(|u| u["state"] != "abandoned" && u["code"].is_null()), "{listed:?}");
    let lineage = g.get(&format!("/v1/items/{id}/lineage")).to_string();
    assert!(lineage.contains("pass "), "the pass that brought it is there still: {lineage}");
    // A change is seen as ever, and its pass is listed.
    old.run("UPDATE ITEMS SET NAME = 'Another' WHERE NO = 2");
    g.until("a change is seen", |g| keyed(g, "items", "2").1["name"] == "Another");
    let page = g.ask_admin("/datasets/erp.items", &[]).text();
    assert!(page.contains("earlier passes of which only their counts are kept"), "{page}");
    g.stop();

    let shown = String::from_utf8(old.site.banyan(&["ledger", "--dataset", "erp.items"]).stdout).unwrap();
    let total = shown.split("all files").nth(1).unwrap();
    assert!(
        shown.contains("earlier passes of which only their counts are kept") && total.contains("applied 10"),
        "{shown}"
    );
    let json = old.site.banyan_json(&["ledger", "--dataset", "erp.items"]);
    let sums = &json["datasets"][0]["mappings"][0];
    let rows: i64 = json["datasets"][0]["rows"].as_array().unwrap().iter().map(|r| r["in"].as_i64().unwrap()).sum();
    let folded = json["datasets"][0]["folded"]["mappings"][0]["in"].as_i64().unwrap();
    assert_eq!(sums["in"].as_i64().unwrap(), rows + folded, "what is listed and what was folded is all there is");
    assert!(rows > 0 && folded > 0);
    in_order(&old.site);
    let verified = old.site.banyan(&["store", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn a_pass_that_failed_or_was_killed_is_not_open_for_ever() {
    let server = Server::start(&TDS_ITEMS.replace("i < 10)", "i < 3000)")).unwrap();
    let datasets = "      items: { table: ITEMS, key: [NO], sync: { mode: keyset, every: 300ms } }\n";
    let site = Site::new(&format!("{}{datasets}{ITEM}", mssql(&server, "    budget: { timeout: 3s }\n")));
    let open = |g: &Gateway| units(g, "erp.items").into_iter().find(|u| u["state"] == "open");
    server.set(|o| o.mood = Mood::StallMidRow(2_000));
    let g = site.start();
    g.until("a pass is open, and in the store", |g| open(g).is_some());
    let killed = open(&g).unwrap()["name"].clone();
    g.kill();
    server.set(|o| o.mood = Mood::DropMidRow(2_000));
    let g = site.start();
    let of = |g: &Gateway, name: &Value| units(g, "erp.items").into_iter().find(|u| u["name"] == *name).unwrap();
    g.until("it is given up", |g| of(g, &killed)["state"] == "abandoned");
    let told = of(&g, &killed);
    assert!(
        told["message"].as_str().unwrap().starts_with("the gateway stopped") && !told["finished"].is_null(),
        "{told}"
    );
    // And one that fails is given up with what the source said.
    g.until("one failed", |g| {
        units(g, "erp.items")
            .iter()
            .any(|u| u["state"] == "abandoned" && u["code"].as_str().unwrap().starts_with("mssql-"))
    });
    server.set(|o| o.mood = Mood::Well);
    g.until("it recovers", |g| g.count("/v1/items") == 3_000);
    g.until("nothing is open between passes", |g| open(g).is_none());
    g.stop();
    in_order(&site);
}
