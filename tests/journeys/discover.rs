//! From an unknown database to a served API in three commands: `discover --write`, `scaffold --write`, `serve`.

use crate::common::{PROGRAM, ROOT, Site, printed};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// As somebody made it, over the years.
const OLD: &str = r#"
CREATE TABLE CUSTMAS (CUSTNO CHAR(6) NOT NULL PRIMARY KEY, NAME1 CHAR(30) NOT NULL, "E-Mail ok?" INTEGER,
                      CRLIM DECIMAL(12,2), OPENDT DATE);
CREATE INDEX CUSTMAS_NAME ON CUSTMAS(NAME1);
CREATE TABLE "ORDER" ("ORDER NO" INTEGER NOT NULL PRIMARY KEY, CUSTNO CHAR(6), ORDDT DATE NOT NULL, "GROUP" VARCHAR(10),
                      "select" TEXT, "LIMIT" INTEGER, ID INTEGER, "NULL" TEXT, "a]b" TEXT, SCAN BLOB);
CREATE INDEX ORDER_DT ON "ORDER"(ORDDT);
CREATE TABLE "Order Lines" ("ORDER NO" INTEGER NOT NULL, LINE INTEGER NOT NULL, sku VARCHAR(12),
                            qty DECIMAL(9,3) NOT NULL, packedAt DATETIME, PRIMARY KEY ("ORDER NO", LINE));
CREATE TABLE PRODUCTS (ID INTEGER NOT NULL PRIMARY KEY, NAME TEXT NOT NULL, WEIGHT REAL);
CREATE TABLE "PRICES" (PRODUCT_ID INTEGER NOT NULL, SINCE DATE NOT NULL, PRICE DECIMAL(10,2), PRIMARY KEY (PRODUCT_ID, SINCE));
CREATE VIEW TOTALS AS SELECT CUSTNO, COUNT(*) AS "HOW MANY" FROM "ORDER" GROUP BY CUSTNO;
INSERT INTO CUSTMAS VALUES ('C00001', 'HARBOUR SUPPLIES  ', 1, 1250.5, '2019-04-01'),
                           ('C00002', 'O''BRIEN: "SONS" #1', NULL, NULL, NULL);
INSERT INTO "ORDER" VALUES (1, 'C00001', '2026-01-02', 'a', 'x: y #z', 3, 7, 'null', '[b]', x'00ff'),
                           (2, '', '2026-01-03', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "Order Lines" VALUES (1, 1, 'CUP', 2.5, '2026-01-02 10:11:12'), (1, 2, 'MUG', 1, NULL), (2, 1, NULL, -3, NULL);
INSERT INTO PRODUCTS VALUES (1, 'Cup', 0.25), (2, 'Mug', NULL);
INSERT INTO PRICES VALUES (1, '2026-01-01', 2.5);
"#;

const TABLES: [&str; 6] = ["CUSTMAS", "ORDER", "Order Lines", "PRODUCTS", "PRICES", "TOTALS"];

/// The gateway starts banyan-odbc-worker from beside itself; a run of the gateway's tests alone has not built it.
fn worker() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        if Path::new(PROGRAM).with_file_name("banyan-odbc-worker").exists() {
            return;
        }
        let mut build = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
        build.args(["build", "--quiet", "--locked", "--package", "banyan-odbc-worker"]).current_dir(ROOT);
        if PROGRAM.contains("/release/") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "banyan-odbc-worker cannot be built: scripts/setup.sh --for test");
    });
}

/// A site with the old database, a source without datasets, and what else that says.
fn site(rest: &str) -> (Site, Connection) {
    worker();
    let site = Site::new("");
    let file = site.path("erp.db");
    let db = Connection::open(&file).unwrap();
    db.execute_batch(OLD).unwrap();
    let source = format!(
        "include: [\"api/*.yaml\"]\nsources:\n  erp:\n    adapter: odbc\n    connection: \"Driver={{SQLite3}};Database={}\"\n{rest}",
        file.display()
    );
    site.edit("banyan.yaml", |yaml| format!("{yaml}{source}"));
    (site, db)
}

/// It must succeed.
fn done(site: &Site, args: &[&str]) -> String {
    let out = site.banyan(args);
    assert!(out.status.success(), "{args:?}: {}", printed(&out));
    String::from_utf8(out.stdout).unwrap()
}

/// It must fail so, and tell this.
fn refused(site: &Site, args: &[&str], code: i32, told: &str) {
    let out = site.banyan(args);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {}", printed(&out));
    assert!(printed(&out).contains(told), "{args:?} does not tell `{told}`:\n{}", printed(&out));
}

#[test]
fn from_an_unknown_database_to_an_api() {
    let (site, _db) = site("");
    let shown = done(&site, &["discover", "erp"]);
    for wanted in [
        "CUSTMAS: table, key CUSTNO",
        "TOTALS: view, no key",
        "E-Mail ok?",
        "HARBOUR SUPPLIES",
        "index ORDER_DT on ORDDT",
    ] {
        assert!(shown.contains(wanted), "no {wanted} in\n{shown}");
    }
    done(&site, &[&["discover", "erp", "--write"][..], &TABLES].concat());
    let written = done(&site, &[&["scaffold", "erp", "--write", "api"][..], &TABLES].concat());
    assert!(!written.contains("does not include"), "{written}");
    let check = done(&site, &["check"]);
    assert!(check.contains("6 datasets, 6 entities, 6 mappings, 0 lookups, 6 examples\nno problems"), "{check}");

    let g = site.start();
    let all = |path: &str, n: usize| g.until(path, |g| g.lines(path).len() == n);
    for (path, n) in [
        ("/v1/custmases", 2),
        ("/v1/orders", 2),
        ("/v1/order_lines", 3),
        ("/v1/products", 2),
        ("/v1/prices", 1),
        ("/v1/totals", 2),
    ] {
        all(path, n);
    }
    let customer = g.get("/v1/custmases:lookup?space=erp&key=C00001");
    assert_eq!(customer["name1"], "HARBOUR SUPPLIES");
    assert_eq!((&customer["crlim"], &customer["opendt"]), (&json!("1250.50"), &json!("2019-04-01")));
    assert_eq!(g.items("/v1/custmases?name1=HARBOUR+SUPPLIES").len(), 1, "an index stands behind the filter");
    let order = g.get("/v1/orders:lookup?space=erp&key=1");
    assert_eq!(order["custmas"], customer["id"]);
    assert_eq!((&order["select"], &order["null"], &order["a_b"]), (&json!("x: y #z"), &json!("null"), &json!("[b]")));
    assert_eq!(g.get("/v1/orders:lookup?space=erp&key=2")["custmas"], Value::Null, "an empty number refers to nobody");
    let lines = g.items(&format!("/v1/orders/{}/order_lines", order["id"].as_str().unwrap()));
    assert_eq!((lines.len(), &lines[0]["qty"]), (2, &json!("2.500")));
    let product = g.get("/v1/products:lookup?space=erp&key=1");
    assert_eq!(g.items("/v1/prices")[0]["product"], product["id"], "PRODUCT_ID is the ID of PRODUCTS");
    assert_eq!(g.admin("/admin/v1/dead-letters")["items"], json!([]));
    g.stop();
}

/// Foreign keys: two to the same table, one to itself, one of two columns, one to a table that is not asked for.
const KEYS: &str = "
CREATE TABLE SITES (CO INTEGER NOT NULL, NR INTEGER NOT NULL, TOWN TEXT, PRIMARY KEY (CO, NR));
CREATE TABLE ROOMS (ID INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE PEOPLE (PNO INTEGER NOT NULL PRIMARY KEY, NAME TEXT NOT NULL, BOSS INTEGER REFERENCES PEOPLE(PNO));
CREATE TABLE VISITS (ID INTEGER NOT NULL PRIMARY KEY, HOST_NO INTEGER NOT NULL REFERENCES PEOPLE(PNO),
    GUEST INTEGER REFERENCES PEOPLE, FIRM INTEGER, PLACE INTEGER, ROOM INTEGER REFERENCES ROOMS(ID),
    FOREIGN KEY (FIRM, PLACE) REFERENCES SITES(CO, NR));
INSERT INTO SITES VALUES (1, 7, 'Graz'); INSERT INTO ROOMS VALUES (5);
INSERT INTO PEOPLE VALUES (1, 'Ada', NULL), (2, 'Bob', 1);
INSERT INTO VISITS VALUES (1, 1, 2, 1, 7, 5), (2, 2, NULL, NULL, NULL, NULL);
";

#[test]
fn foreign_keys_become_references() {
    let (site, db) = site("");
    db.execute_batch(KEYS).unwrap();
    let shown = done(&site, &["discover", "erp", "VISITS", "--write"]);
    for wanted in [
        "  FIRM, PLACE refers to SITES (CO, NR)\n",
        "  HOST_NO refers to PEOPLE (PNO)\n",
        "  ROOM refers to ROOMS (ID)\n",
    ] {
        assert!(shown.contains(wanted), "no {wanted} in\n{shown}");
    }
    let kept = site.path("schemas/erp.visits.yaml");
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.contains("  - { columns: [FIRM, PLACE], to: SITES, theirs: [CO, NR] }\n"), "{text}");
    let json = site.banyan_json(&["discover", "erp", "VISITS", "--write"]);
    assert_eq!(json["kept"][0]["outcome"], "unchanged");
    let references = json["found"][0]["references"].as_array().unwrap();
    assert!(references.contains(&json!({ "columns": ["ROOM"], "to": "ROOMS", "theirs": ["ID"] })), "{references:?}");
    // One that was kept before foreign keys were looked at is completed unasked; another one is not overwritten.
    let (before, _) = text.split_once("references:").unwrap();
    std::fs::write(&kept, format!("{before}rows: 2\n")).unwrap();
    let json = site.banyan_json(&["discover", "erp", "VISITS", "--write"]);
    assert_eq!(json["kept"][0]["outcome"], "completed");
    std::fs::write(&kept, text.replace("to: SITES", "to: TOWNS")).unwrap();
    refused(&site, &["discover", "erp", "VISITS", "--write"], 1, "the foreign keys were");
    std::fs::write(&kept, text).unwrap();

    done(&site, &["scaffold", "erp", "VISITS", "PEOPLE", "SITES", "--write", "api"]);
    let visit = std::fs::read_to_string(site.path("api/visit.yaml")).unwrap();
    for wanted in [
        "host: { type: ref, to: people, required: true, inverse: visits_as_host }",
        "guest: { type: ref, to: people, inverse: visits_as_guest }",
        "site: { type: ref, to: site }",
        "host: REF(\"people\", \"erp\", HOST_NO)",
        "site: REF(\"site\", \"erp\", FIRM, PLACE)",
        "room: { type: integer",
        "# ROOM refers to ROOMS, which is not part of this",
    ] {
        assert!(visit.contains(wanted), "no {wanted} in\n{visit}");
    }
    let people = std::fs::read_to_string(site.path("api/people.yaml")).unwrap();
    assert!(people.contains("boss: { type: ref, to: people }"), "{people}");
    assert!(done(&site, &["check"]).contains("no problems"));
    let g = site.start();
    g.until("all", |g| g.count("/v1/visits") == 2 && g.count("/v1/peoples") + g.count("/v1/sites") == 3);
    let ada = g.get("/v1/peoples:lookup?space=erp&key=1");
    let visit = g.get("/v1/visits:lookup?space=erp&key=1");
    assert_eq!(visit["host"], ada["id"]);
    assert_eq!(g.get("/v1/peoples:lookup?space=erp&key=2")["boss"], ada["id"]);
    let town = g.get(&format!("/v1/sites/{}", visit["site"].as_str().unwrap()));
    assert_eq!(town["town"], "Graz");
    assert_eq!(g.get("/v1/visits:lookup?space=erp&key=2")["site"], Value::Null);
    assert_eq!(g.items(&format!("/v1/peoples/{}/visits_as_host", ada["id"].as_str().unwrap())).len(), 1);
    g.stop();
}

#[test]
fn what_is_printed_is_what_would_be_written() {
    let (site, _db) = site("");
    done(&site, &["discover", "erp", "ORDER", "CUSTMAS", "--write"]);
    let printed = done(&site, &["scaffold", "erp", "ORDER", "CUSTMAS"]);
    for wanted in [
        "custmas: { type: ref, to: custmas }",
        "opendt: { type: date }",
        "name1: TRIM(NAME1)",
        "order_no: \"[ORDER NO]\"",
        "\"null\": \"[NULL]\"",
        "a_b: \"[a]]b]\"",
        "# SCAN is left out: bytes",
        "orddt: { type: date, required: true, filter: [eq, gte, lte] }",
    ] {
        assert!(printed.contains(wanted), "no {wanted} in\n{printed}");
    }
    site.drop_file("api/erp.yaml", &printed);
    assert!(done(&site, &["check"]).contains("2 examples\nno problems"));
    let proposed = site.banyan_json(&["scaffold", "erp", "TOTALS", "--key", "totals=CUSTNO"]);
    let text = proposed["proposed"][0].as_str().unwrap();
    assert!(text.contains("key: [CUSTNO]") && !text.contains("key: none"), "{text}");
    refused(&site, &["scaffold", "erp", "TOTALS", "--key", "totals=NO"], 2, "it has: CUSTNO, HOW MANY");
    let proposed = site.banyan_json(&["scaffold", "erp", "ORDER"]);
    assert!(proposed["proposed"][0].as_str().unwrap().contains("from: erp.order"), "{proposed}");
}

#[test]
fn names_that_are_taken_are_not_taken_again() {
    let (site, _db) = site(
        "    datasets:\n      customers: { table: CUSTMAS, key: [CUSTNO] }\n\
         entities: { order: { fields: { note: { type: text } } } }\n\
         mappings: [ { from: erp.customers, to: order, fields: { note: NAME1 } } ]\n",
    );
    let before = std::fs::read_to_string(site.config()).unwrap();
    done(&site, &["scaffold", "erp", "ORDER", "CUSTMAS", "--write", "api"]);
    let order = std::fs::read_to_string(site.path("api/erp_order.yaml")).unwrap();
    assert!(order.contains("  erp_order:\n    plural: erp_orders"), "{order}");
    let customer = std::fs::read_to_string(site.path("api/custmas.yaml")).unwrap();
    assert!(customer.contains("from: erp.customers") && !customer.contains("sources:"), "{customer}");
    let check = done(&site, &["check"]);
    assert!(check.contains("2 datasets, 3 entities"), "{check}");
    assert_eq!(std::fs::read_to_string(site.config()).unwrap(), before);
    // A second time the names are others; with the same, nothing is overwritten.
    std::fs::write(site.path("api/erp_order.yaml"), "# mine\n").unwrap();
    refused(
        &site,
        &["scaffold", "erp", "ORDER", "--write", "api"],
        1,
        "erp_order.yaml is there already; nothing was written",
    );
    assert_eq!(std::fs::read_to_string(site.path("api/erp_order.yaml")).unwrap(), "# mine\n");
}

#[test]
fn a_kept_schema_is_not_overwritten_unasked() {
    let (site, db) = site("");
    done(&site, &["discover", "erp", "--write", "CUSTMAS"]);
    let kept = std::fs::read_to_string(site.path("schemas/erp.custmas.yaml")).unwrap();
    assert!(kept.contains("CUSTNO: { type: text, server: \"CHAR(6)\", required: true }"), "{kept}");
    assert!(kept.contains("key: [CUSTNO]") && kept.contains("{ name: CUSTMAS_NAME, columns: [NAME1] }"), "{kept}");
    assert!(!kept.contains("HARBOUR"), "samples are not kept");
    let again = site.banyan_json(&["discover", "erp", "--write", "CUSTMAS"]);
    assert_eq!(again["kept"], json!([{ "file": "schemas/erp.custmas.yaml", "outcome": "unchanged" }]));
    assert!(!again.to_string().contains("HARBOUR"), "samples stay on the terminal: {again}");

    db.execute_batch("ALTER TABLE CUSTMAS ADD COLUMN PHONE VARCHAR(20); DROP INDEX CUSTMAS_NAME").unwrap();
    refused(&site, &["discover", "erp", "--write", "CUSTMAS"], 1, "column PHONE is new: text (VARCHAR(20))");
    refused(&site, &["discover", "erp", "--write", "CUSTMAS"], 1, "the indexes were");
    let how = "if the source is meant to be so, overwrite it: `banyan discover erp CUSTMAS --write --force`";
    refused(&site, &["discover", "erp", "--write", "CUSTMAS"], 1, how);
    refused(&site, &["discover", "erp", "--write", "CUSTMAS", "PRODUCTS"], 1, "written schemas/erp.products.yaml");
    assert_eq!(std::fs::read_to_string(site.path("schemas/erp.custmas.yaml")).unwrap(), kept);
    done(&site, &["discover", "erp", "--write", "CUSTMAS", "--force"]);
    assert!(std::fs::read_to_string(site.path("schemas/erp.custmas.yaml")).unwrap().contains("PHONE"));
}

#[test]
fn what_is_meant_is_told() {
    let (site, _db) = site("");
    refused(&site, &["discover", "erq"], 2, "did you mean `erp`?");
    refused(&site, &["discover", "erp", "CUSTMAST"], 1, "erp has no table `CUSTMAST`");
    refused(&site, &["discover", "erp", "--write"], 2, "say which tables are to be kept, as in `banyan discover erp ");
    refused(&site, &["scaffold", "erp"], 2, "TABLE");
    assert!(done(&site, &["discover", "erp", "--table", "products"]).starts_with("PRODUCTS: table, key ID\n"));
    // Whatever was sent is written down.
    let audit = std::fs::read_to_string(site.path("banyan.discover.audit.jsonl")).unwrap();
    assert!(audit.contains("FROM \\\"PRODUCTS\\\""), "{audit}");
    done(&site, &["scaffold", "erp", "PRODUCTS", "--write", "api"]);
    assert!(done(&site, &["audit", "verify", "--discover"]).contains("none changed"));
}

const CUSTOMERS: &str = "    datasets:\n      custmas: { table: CUSTMAS, key: [CUSTNO], READ }\n\
     entities: { customer: { fields: { since: { type: date, FILTER } } } }\n\
     mappings: [ { from: erp.custmas, to: customer, fields: { since: OPENDT } } ]\n";

#[test]
fn with_a_kept_schema_types_are_exact_offline() {
    let (site, _db) = site(&CUSTOMERS.replace("READ", "sync: auto").replace("FILTER", "filter: [eq]"));
    let check = done(&site, &["check"]);
    assert!(check.contains("implicit-reject"), "without a schema nobody knows that OPENDT is a date: {check}");
    done(&site, &["discover", "erp", "--write"]);
    let check = done(&site, &["check"]);
    assert!(!check.contains("implicit-reject"), "{check}");
}

#[test]
fn the_first_pass_is_compared_with_the_kept_schema() {
    let (site, db) = site(&CUSTOMERS.replace("READ", "sync: auto").replace("FILTER", ""));
    done(&site, &["discover", "erp", "--write"]);
    db.execute_batch("ALTER TABLE CUSTMAS DROP COLUMN OPENDT; ALTER TABLE CUSTMAS ADD COLUMN OPENDT INTEGER").unwrap();
    let g = site.start();
    g.until("the drift is seen", |g| g.dataset("erp.custmas")["state"] == "drifted");
    let drift = g.dataset("erp.custmas")["drift"].clone();
    assert!(drift.to_string().contains("column OPENDT was date and is integer"), "{drift}");
    assert!(g.lines("/v1/customers").is_empty());
    g.stop();
}

#[test]
fn a_table_that_the_source_can_search_is_proposed_to_be_read_live() {
    let (site, _db) = site("");
    done(&site, &[&["discover", "erp", "--write"][..], &TABLES].concat());
    done(&site, &[&["scaffold", "erp", "--write", "api"][..], &TABLES].concat());
    let file = |name: &str| std::fs::read_to_string(site.path(&format!("api/{name}.yaml"))).unwrap();
    let own = "        sync: auto\n        fresh: 30m\n";
    let live = "        # or keep no copy and search the table itself, in place of sync and fresh:\n        # read: live\n        \
                # find_by: [\"ORDER NO\"]\n";
    assert!(file("order_line").contains(&format!("{own}{live}")), "{}", file("order_line"));
    // Padded texts, which no condition finds; an index on a date, which SQLite keeps as whatever was put in; none.
    for none in ["custmas", "order", "product", "total"] {
        assert!(!file(none).contains("find_by"), "{}", file(none));
    }
    // What is proposed holds: the table is searched, and nothing of it is kept.
    site.edit("api/order_line.yaml", |yaml| {
        yaml.replace(own, "").replace("# read: live", "read: live").replace("# find_by", "find_by")
    });
    let check = done(&site, &["check"]);
    assert!(check.contains("6 mappings"), "{check}");
    let g = site.start();
    g.until("orders are there", |g| g.count("/v1/orders") == 2);
    let order = g.get("/v1/orders:lookup?space=erp&key=1")["id"].as_str().unwrap().to_owned();
    for path in [format!("/v1/order_lines?order={order}"), "/v1/order_lines?order_no=1".to_owned()] {
        g.until("the source is open", |g| g.ask(&path, &[]).status == 200);
        assert_eq!(g.items(&path).len(), 2, "{path}");
    }
    assert_eq!(g.ask("/v1/order_lines", &[]).status, 400, "a list of all is not read from the table");
    g.stop();
}
