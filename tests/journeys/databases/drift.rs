//! Tables change under us: what nobody uses may come and go; all else stops the dataset, shows the difference and waits.

use super::*;

const PASSES: &str = "      items: { table: ITEMS, key: [NO], sync: { mode: keyset, every: 200ms } }\n";

fn drifted(g: &Gateway, difference: &str) {
    g.until("the drift is seen", |g| g.dataset("erp.items")["state"] == "drifted");
    let drift = g.dataset("erp.items")["drift"]["differences"].clone();
    assert!(drift.as_array().unwrap().len() == 1 && drift[0].as_str().unwrap().starts_with(difference), "{drift}");
    let ready = g.admin("/readyz");
    assert!(ready["reasons"].to_string().contains(difference), "{ready}");
    let page = g.ask_admin("/datasets/erp.items", &[("accept", "text/html")]).text();
    assert!(page.contains(difference), "the dashboard shows it: {page}");
    assert_eq!(g.count("/v1/items"), 10, "the last good state is served on");
}

#[test]
fn a_column_that_nobody_uses_comes_and_goes() {
    let old = Old::new(ITEMS, PASSES, ITEM);
    let g = old.site.start();
    loaded(&g, "erp.items");
    for change in ["ADD COLUMN FAX VARCHAR(20)", "DROP COLUMN CHANGED", "DROP COLUMN FAX"] {
        old.run(&format!("ALTER TABLE ITEMS {change}; UPDATE ITEMS SET NAME = '{change}' WHERE NO = 1"));
        g.until(change, |g| keyed(g, "items", "1").1["name"] == change);
        assert_eq!(g.dataset("erp.items")["drift"], json!(null));
    }
    g.stop();
    assert!(sent(&old.site).iter().all(|s| !s["what"].as_str().unwrap().contains("FAX")), "nor is it asked for");
}

#[test]
fn a_changed_type_waits_to_be_accepted() {
    let old = Old::new(ITEMS, PASSES, ITEM);
    let g = old.site.start();
    loaded(&g, "erp.items");
    old.run(
        "ALTER TABLE ITEMS RENAME TO X; CREATE TABLE ITEMS (NO INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(40), \
         PRICE INTEGER, CHANGED TIMESTAMP); INSERT INTO ITEMS SELECT NO, NAME, 7, CHANGED FROM X",
    );
    drifted(&g, "column PRICE was decimal");
    // It survives a restart.
    g.stop();
    let g = old.site.start();
    drifted(&g, "column PRICE was decimal");
    accept(&old.site, "erp.items");
    g.until("it goes on", |g| keyed(g, "items", "1").1["price"] == "7.00");
    assert_eq!(g.dataset("erp.items")["drift"], json!(null));
    g.stop();
    in_order(&old.site);
}

#[test]
fn a_column_that_is_gone_waits_and_then_needs_a_mended_mapping() {
    let old = Old::new(ITEMS, PASSES, ITEM);
    let g = old.site.start();
    loaded(&g, "erp.items");
    old.run("ALTER TABLE ITEMS DROP COLUMN PRICE; UPDATE ITEMS SET NAME = 'One' WHERE NO = 1");
    drifted(&g, "column PRICE is gone");
    accept(&old.site, "erp.items");
    // That it is meant does not bring it back: the mapping still asks for it.
    assert_eq!(failing(&g, "erp.items"), "column-missing");
    assert!(g.dataset("erp.items")["feed"]["message"].as_str().unwrap().contains("PRICE"));
    old.site.edit("banyan.yaml", |text| text.replace("price: PRICE", "price: '1.00'"));
    let reloaded = g.act("/admin/v1/reload", &json!({}));
    assert_eq!(reloaded.status, 200, "{}", reloaded.text());
    g.until("it goes on", |g| keyed(g, "items", "1").1["name"] == "One");
    g.until("all is well", |g| g.admin("/readyz")["status"] == "ready");
    g.stop();
    in_order(&old.site);
}
