//! Sources that are away, break off, or refuse us: told by name and code, and mended by themselves.

use super::live::TDS_ITEMS;
use super::*;
use banyan_testkit_tds::Mood;

const PASSES: &str = "      items: { table: ITEMS, key: [NO], sync: { mode: keyset, every: 300ms } }\n";

#[test]
fn a_file_that_is_gone_comes_back() {
    let old = Old::new(ITEMS, PASSES, ITEM);
    let (there, away) = (old.site.path("old/erp.db"), old.site.path("old/away.db"));
    std::fs::rename(&there, &away).unwrap();
    let g = old.site.start();
    assert_eq!(failing(&g, "erp.items"), "odbc-connect");
    assert!(!there.exists(), "a database that is not there is not made");
    std::fs::rename(&away, &there).unwrap();
    g.until("it recovers", |g| g.count("/v1/items") == 10 && g.admin("/readyz")["status"] == "ready");

    // Another file in its place, as a nightly copy does it: what is open must not be read for ever.
    std::fs::copy(&there, &away).unwrap();
    Connection::open(&away).unwrap().execute_batch("UPDATE ITEMS SET NAME = 'Copied' WHERE NO = 1").unwrap();
    std::fs::rename(&away, &there).unwrap();
    g.until("the new file is read", |g| keyed(g, "items", "1").1["name"] == "Copied");
    // And gone while it runs.
    std::fs::rename(&there, &away).unwrap();
    assert_eq!(failing(&g, "erp.items"), "odbc-connect");
    assert_eq!(g.count("/v1/items"), 10, "what was read is served on");
    std::fs::rename(&away, &there).unwrap();
    g.until("it recovers again", |g| g.admin("/readyz")["status"] == "ready");
    g.stop();
    in_order(&old.site);
}

#[test]
fn a_server_that_breaks_off_loses_and_doubles_nothing() {
    let many = TDS_ITEMS.replace("i < 10)", "i < 3000)");
    let server = Server::start(&many).unwrap();
    let site = Site::new(&format!("{}{PASSES}{ITEM}", mssql(&server, "    budget: { timeout: 2s }\n")));
    server.set(|o| o.mood = Mood::DropMidRow(2_000));
    let g = site.start();
    let code = failing(&g, "erp.items");
    assert!(["mssql-lost", "mssql-protocol"].contains(&code.as_str()), "{code}");
    server.set(|o| o.mood = Mood::ErrorAfter(2_500, 1205, 13, "Transaction was deadlocked on lock resources".into()));
    g.until("a deadlock's victim", |g| g.dataset("erp.items")["feed"]["code"] == "mssql-deadlock");
    server.set(|o| o.mood = Mood::Well);
    g.until("it recovers", |g| g.count("/v1/items") == 3_000 && g.admin("/readyz")["status"] == "ready");
    let told = changes(&g, "items").len();
    assert_eq!(told, 3_000, "nothing is told twice");
    assert_eq!(g.dataset("erp.items")["ledger"]["adds_up"], true);
    g.stop();
    in_order(&site);
}

#[test]
fn a_refused_login_is_told_without_the_password() {
    let server = Server::start(TDS_ITEMS).unwrap();
    server.set(|o| o.password = "Zwetschgenknödel".into());
    let site = Site::new(
        &format!("{}{PASSES}{ITEM}", mssql(&server, "")).replace("password: secret", "password: Hopfenstange"),
    );
    let g = site.start();
    assert_eq!(failing(&g, "erp.items"), "mssql-login");
    // Passes and live reads go on asking, the server is not: it would lock the login.
    g.until("it was tried again", |g| g.log().matches("mssql-login").count() > 2);
    assert_eq!(server.seen().logins.len(), 1);
    server.set(|o| o.password = "Hopfenstange".into());
    assert_eq!(g.act("/admin/v1/reload", &json!({})).status, 200);
    g.until("it recovers", |g| g.count("/v1/items") == 10 && g.admin("/readyz")["status"] == "ready");
    g.stop();

    // ODBC: the connection string is a secret as a whole, and its driver's words are cleaned.
    let old = Old::new(ITEMS, PASSES, ITEM);
    let connection = "Driver={SQLite3};Database=nowhere/erp.db;UID=reader;PWD=Hopfenstange";
    old.site.edit("banyan.yaml", |text| text.replace("Driver={SQLite3};Database=old/erp.db", connection));
    let g = old.site.start();
    assert_eq!(failing(&g, "erp.items"), "odbc-connect");
    g.stop();
    for (site, config) in [(&site, site.config()), (&old.site, old.site.config())] {
        for name in ["banyan.log", "banyan.audit.jsonl", "banyan.db"] {
            let bytes = std::fs::read(site.path(name)).unwrap_or_default();
            assert!(name == "banyan.db" || !bytes.is_empty(), "{name} of {}", config.display());
            let told = bytes.windows(12).any(|w| w == b"Hopfenstange");
            assert!(!told, "{name} holds the password");
        }
    }
}

#[test]
fn a_login_that_may_write_reads_nothing() {
    let server = Server::start(TDS_ITEMS).unwrap();
    server.set(|o| o.rights[1] = Some(true));
    let site = Site::new(&format!("{}{PASSES}{ITEM}", mssql(&server, "")));
    let g = site.start();
    assert_eq!(failing(&g, "erp.items"), "writable-login");
    assert!(!server.seen().statements.iter().any(|s| s.contains("[ITEMS]")), "{:?}", server.seen().statements);
    server.set(|o| o.rights[1] = Some(false));
    g.until("once the right is taken away it is read", |g| g.count("/v1/items") == 10);
    g.stop();
    in_order(&site);
}
