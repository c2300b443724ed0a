//! Databases behind the real program: SQLite files through ODBC, and a small server that speaks as SQL Server does.
//!
//! What is read stands in a database of the test's own; the gateway must not change a byte of it.

mod drift;
mod folding;
mod live;
mod narrowed;
mod passes;
mod renamed;
mod trouble;
mod values;

use crate::common::{Gateway, Site, worker};
use banyan_testkit_tds::Server;
use rusqlite::Connection;
use serde_json::{Value, json};

/// An old system that keeps its data in a SQLite file, `old/erp.db` in the site.
struct Old {
    site: Site,
    db: Connection,
}

impl Old {
    /// With what that SQL makes, and a configuration that has everything but `sources.erp`'s beginning.
    fn new(sql: &str, datasets: &str, rest: &str) -> Old {
        worker();
        let site = Site::new(&format!("{}{datasets}{rest}", odbc()));
        std::fs::create_dir(site.path("old")).unwrap();
        let db = Connection::open(site.path("old/erp.db")).unwrap();
        db.execute_batch(sql).unwrap();
        Old { site, db }
    }

    fn run(&self, sql: &str) {
        self.db.execute_batch(sql).unwrap();
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.site.path("old/erp.db")).unwrap()
    }
}

/// The beginning of a configuration whose source is `old/erp.db`; its datasets follow.
fn odbc() -> String {
    "sources:\n  erp:\n    adapter: odbc\n    connection: \"Driver={SQLite3};Database=old/erp.db\"\n    datasets:\n"
        .to_owned()
}

/// The same for a server.
fn mssql(server: &Server, more: &str) -> String {
    format!(
        "sources:\n  erp:\n    adapter: mssql\n    server: \"{}\"\n    database: erp\n    encrypt: off\n    login: {{ user: \
         reader, password: secret }}\n{more}    datasets:\n",
        server.address()
    )
}

/// A change to the server's tables.
fn change(server: &Server, sql: &str) {
    Connection::open(server.file()).unwrap().execute_batch(sql).unwrap();
}

/// Items with numbers, names and prices.
const ITEMS: &str = "CREATE TABLE ITEMS (NO INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(40), PRICE DECIMAL(12,2), \
    CHANGED TIMESTAMP);\
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) \
    INSERT INTO ITEMS SELECT i, 'Thing ' || i, i || '.50', '2026-01-05 10:00:00' FROM n;";

/// The entity that they become.
const ITEM: &str = "
entities:
  item: { fields: { name: { type: text, required: true }, price: { type: decimal, scale: 2 } } }
mappings:
  - { from: erp.items, to: item, fields: { name: NAME, price: PRICE } }
";

/// One of a collection by its key in the old system: status and body.
fn keyed(g: &Gateway, collection: &str, key: &str) -> (u16, Value) {
    let answer = g.ask(&format!("/v1/{collection}:lookup?space=erp&key={key}"), &[]);
    (answer.status, answer.json())
}

/// Waits until a dataset has been read to its end once.
fn loaded(g: &Gateway, dataset: &str) {
    g.until(&format!("{dataset} is read"), |g| !g.dataset(dataset)["last_finished"].is_null());
}

/// A dataset's feed fails; its code.
fn failing(g: &Gateway, dataset: &str) -> String {
    let mut code = String::new();
    g.until(&format!("{dataset} fails"), |g| {
        let feed = g.dataset(dataset)["feed"].clone();
        code = feed["code"].as_str().unwrap_or("").to_owned();
        feed["is"] == "failing"
    });
    let ready = g.admin("/readyz");
    assert_eq!(ready["status"], "degraded", "{ready}");
    let named =
        ready["reasons"].as_array().unwrap().iter().any(|r| r["dataset"] == dataset && r["code"] == "source-failing");
    assert!(named, "{ready}");
    code
}

/// The entries of a collection's change feed, oldest first.
fn changes(g: &Gateway, collection: &str) -> Vec<Value> {
    let (mut since, mut all) = (String::new(), Vec::new());
    loop {
        let page = g.get(&format!("/v1/{collection}/changes?limit=1000{since}"));
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        since = format!("&since={}", page["next"].as_str().unwrap());
        if page["more"] == false {
            return all;
        }
    }
}

/// What was sent to the old system so far.
fn sent(old: &Site) -> Vec<Value> {
    old.banyan_json(&["audit", "list", "--limit", "100000"]).as_array().unwrap().clone()
}

/// Live reads of records among them.
fn live_reads(old: &Site) -> usize {
    sent(old).iter().filter(|s| s["purpose"] == "live" && s["what"].as_str().unwrap().starts_with("SELECT")).count()
}

/// A dozen who ask for the same at once make the source read it a few times at most.
fn shares_reads(old: &Site, g: &Gateway, path: &str) {
    const MANY: usize = 12;
    let before = live_reads(old);
    let url = format!("{}{path}", g.facade);
    std::thread::scope(|s| {
        let asked: Vec<_> = (0..MANY).map(|_| s.spawn(|| reqwest::blocking::get(&url).unwrap().status())).collect();
        asked.into_iter().for_each(|a| assert_eq!(a.join().unwrap(), 200));
    });
    let reads = live_reads(old) - before;
    assert!((1..MANY / 2).contains(&reads), "{MANY} requests at once asked the source {reads} times");
}

/// The audit is whole, every row of the ledger adds up, and no statement could have written.
fn in_order(site: &Site) {
    let ledger = site.banyan(&["ledger"]);
    let text = String::from_utf8_lossy(&ledger.stdout).into_owned();
    assert!(ledger.status.success() && text.ends_with("every row adds up\n"), "{text}");
    let verified = site.banyan(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    for line in sent(site) {
        let what = line["what"].as_str().unwrap();
        assert!(what.starts_with("SELECT ") || what.starts_with('('), "{line}");
    }
}

/// Asks a person to say that what a dataset waits for is meant.
fn accept(site: &Site, dataset: &str) {
    let out = site.banyan(&["accept", dataset]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}
