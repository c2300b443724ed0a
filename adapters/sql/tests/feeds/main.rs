//! Passes over a real SQL engine: every mode, restarts, and what goes wrong on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use banyan_adapter::{Ask, BlockingFeed, Call, Class, Connected, Delivery, Limits, Scope};
use banyan_sql::{Access, Dialect};
use banyan_testkit::{Store, Subject, assert_feed, block_on};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use support::*;

fn feed(
    world: &Arc<World>,
    store: &Arc<Store>,
    key: &[&str],
    dataset: serde_json::Value,
) -> (Box<dyn Connected>, Box<dyn BlockingFeed>) {
    let source = open(world, store, key, dataset);
    let feed = source.feed("d").unwrap();
    (source, feed)
}

fn first_column(taken: &Taken) -> Vec<String> {
    taken.units.iter().flat_map(|u| u.rows.iter().map(|r| r[0].clone())).collect()
}

const ORDERS: &str = "CREATE TABLE t (no INTEGER PRIMARY KEY, name VARCHAR(20), at DATETIME2(7));
    INSERT INTO t VALUES (1, 'a', '2026-01-01 00:00:00.0000001'), (2, 'b', '2026-01-01 00:00:00.0000002'),
    (3, NULL, '2026-01-02 10:00:00.0000000')";

#[test]
fn keeps_the_promises_of_a_feed() {
    for sync in [
        json!({ "mode": "full" }),
        json!({ "mode": "keyset" }),
        json!({ "mode": "watermark", "column": "at" }),
        json!("auto"),
    ] {
        let world = World::new(Dialect::Sqlite, ORDERS);
        world.bad_row.store(2, SeqCst);
        let kind = Lite(world.clone());
        let raw = raw(&["no"], json!({ "table": "t", "sync": sync, "page_rows": 100 }));
        assert_feed(&Subject { kind: &kind, raw, dataset: "d".into(), patience: Duration::from_secs(5) });
    }
}

#[test]
fn a_full_pass_reads_what_is_wanted_and_tells_all_columns() {
    let world = World::new(Dialect::Sqlite, ORDERS);
    world.wanted.lock().unwrap().insert("d".into(), BTreeSet::from(["name".to_owned()]));
    let store = Arc::new(Store::default());
    let (_source, mut feed) = feed(&world, &store, &["no"], json!({ "table": "t", "sync": { "mode": "full" } }));
    let taken = pass(&mut *feed, &store);
    let unit = &taken.units[0];
    assert_eq!((unit.scope, unit.unit.as_str()), (Scope::Everything, "pass 2026-11-22T14:03:00.123Z"));
    assert_eq!(unit.columns, ["no", "name"], "the key and what is used");
    assert_eq!(unit.told.as_ref().unwrap().len(), 3, "drift is judged by all");
    assert_eq!(unit.rows, [["1", "a"], ["2", "b"], ["3", "∅"]]);
    assert_eq!(world.sent(), ["SELECT \"no\", \"name\" FROM \"t\""]);
    let sent = world.audit.lock().unwrap()[0].clone();
    assert_eq!((sent.rows, sent.fault, sent.dataset.as_str()), (3, None, "d"));
    let besides: Vec<String> = world.catalog.lock().unwrap().iter().map(|s| s.what.clone()).collect();
    assert_eq!(
        besides,
        ["(driver) PRAGMA query_only = ON", "(connect)", "(permissions of the login)", "(catalog) t"],
        "what the driver sends of its own is in the audit too"
    );
}

#[test]
fn pages_follow_the_order_of_the_server_not_ours() {
    // Under this collation `a` and `B` lie side by side; by bytes `B` comes first. Blanks at the end count, or not.
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (k CHAR(4) COLLATE NOCASE, n INTEGER, v TEXT, PRIMARY KEY (k, n));
         INSERT INTO t VALUES ('a', 1, ''), ('B', 1, ''), ('b', 2, ''), ('C', 1, ''), ('c', 9, ''), ('c   ', 1, ''),
         ('d', 1, ''), ('É', 1, ''), ('é', 2, ''), ('z', 1, ''), (NULL, 1, 'lost'), ('y', NULL, 'lost')",
    );
    for rows in 1..=5 {
        let store = Arc::new(Store::default());
        let dataset = json!({ "table": "t", "page_rows": rows, "sync": { "mode": "keyset" } });
        let (_source, mut feed) = feed(&world, &store, &["k", "n"], dataset);
        let taken = take(&mut *feed, &store, Ask { rows: 2, ..ASK });
        let got: BTreeSet<_> = taken.units[0].rows.iter().cloned().collect();
        assert_eq!((taken.units.len(), got.len(), taken.units[0].rows.len()), (1, 12, 12), "pages of {rows}");
        assert_eq!(taken.units[0].scope, Scope::Everything);
    }
    let pages = world.sent();
    assert!(pages.iter().any(|s| s.contains("(\"k\", \"n\") > (?, ?)")), "{pages:?}");
    assert!(
        pages.iter().any(|s| s.contains("\"k\" IS NULL OR \"n\" IS NULL")),
        "rows without a key become dead letters"
    );
}

#[test]
fn the_same_pages_in_the_words_of_other_servers() {
    let rows: Vec<String> = (0..50).map(|i| format!("('{}', {i}, 'x')", i % 7)).collect();
    let sql = format!(
        "CREATE TABLE [ORDER ] (\"a b\" VARCHAR(12) NOT NULL, \"select\" INTEGER NOT NULL, v TEXT, PRIMARY KEY (\"a b\", \"select\"));
         INSERT INTO \"ORDER \" VALUES {}",
        rows.join(",")
    );
    for dialect in [Dialect::Tsql, Dialect::Mysql, Dialect::Generic, Dialect::Sqlite] {
        let world = World::new(dialect, &sql);
        let store = Arc::new(Store::default());
        let dataset = json!({ "table": "[ORDER ]", "page_rows": 8, "sync": { "mode": "keyset" } });
        let (_source, mut feed) = feed(&world, &store, &["a b", "select"], dataset);
        let taken = pass(&mut *feed, &store);
        assert!(taken.fault.is_none(), "{dialect:?} {:?}", taken.fault);
        let got: BTreeSet<_> = taken.units[0].rows.iter().cloned().collect();
        assert_eq!((got.len(), taken.units[0].rows.len()), (50, 50), "{dialect:?}");
        if dialect == Dialect::Tsql {
            assert!(world.sent()[1].contains("CAST(@P1 AS varchar(12))"), "{:?}", world.sent());
        }
    }
}

fn watermark(lag: &str) -> serde_json::Value {
    json!({ "table": "t", "sync": { "mode": "watermark", "column": "at", "every": "10ms", "lag": lag } })
}

#[test]
fn many_rows_of_one_time_survive_a_restart_midway() {
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (no INTEGER PRIMARY KEY, at DATETIME2(7));
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO t SELECT i, '2026-01-01 00:00:00.1234567' FROM n",
    );
    let store = Arc::new(Store::default());
    let (_source, mut one) = feed(&world, &store, &["no"], watermark("0s"));
    world.drop_after.store(6_000, SeqCst);
    let broken = take(&mut *one, &store, ASK);
    assert_eq!(broken.fault.unwrap().class, Class::Transient);
    drop(one);
    let (_source, mut two) = feed(&world, &store, &["no"], watermark("0s"));
    let taken = pass(&mut *two, &store);
    assert_eq!(taken.units[0].rows.len(), 10_000);
    assert_eq!(taken.units[0].scope, Scope::Changes);
    for _ in 0..3 {
        let quiet = pass(&mut *two, &store);
        assert_eq!((quiet.units.len(), quiet.current), (0, 1), "nothing new is no unit");
    }
    assert!(world.sent().last().unwrap().contains("\"at\" >= ?"), "ties are looked at again");
    // One more of the very same time.
    world.run("INSERT INTO t VALUES (10001, '2026-01-01 00:00:00.1234567')");
    let taken = pass(&mut *two, &store);
    assert!(first_column(&taken).contains(&"10001".to_owned()));
    // And a restart finds its place.
    drop(two);
    world.pass_time(3600);
    let (_source, mut three) = feed(&world, &store, &["no"], watermark("0s"));
    assert_eq!(pass(&mut *three, &store).current, 1);
}

#[test]
fn what_is_committed_late_arrives_within_the_lag() {
    let world = World::new(Dialect::Sqlite, ORDERS);
    let store = Arc::new(Store::default());
    let (_source, mut feed) = feed(&world, &store, &["no"], watermark("5m"));
    assert_eq!(first_column(&pass(&mut *feed, &store)), ["1", "2", "3"]);
    assert_eq!(pass(&mut *feed, &store).current, 1);
    // Row 3 was of 10:00; this one was written at 9:56 and is committed only now.
    world.run("INSERT INTO t VALUES (100, 'late', '2026-01-02 09:56:00.0000000')");
    assert!(first_column(&pass(&mut *feed, &store)).contains(&"100".to_owned()));
    assert_eq!(pass(&mut *feed, &store).current, 1);
    // Later than the lag: missed, as the documentation says.
    world.run("INSERT INTO t VALUES (101, 'too late', '2026-01-02 09:00:00.0000000')");
    assert_eq!(pass(&mut *feed, &store).current, 1);
    // A hundred nanoseconds are a difference.
    world.run("INSERT INTO t VALUES (102, 'new', '2026-01-02 10:00:00.0000001')");
    assert!(first_column(&pass(&mut *feed, &store)).contains(&"102".to_owned()));
}

#[test]
fn a_time_from_the_future_does_not_end_the_sync() {
    let world = World::new(Dialect::Sqlite, ORDERS);
    world.run("INSERT INTO t VALUES (9, 'typo', '2206-01-01 00:00:00.0000000')");
    let store = Arc::new(Store::default());
    let (_source, mut feed) = feed(&world, &store, &["no"], watermark("5m"));
    assert_eq!(first_column(&pass(&mut *feed, &store)).len(), 4);
    assert_eq!(pass(&mut *feed, &store).current, 1);
    world.run("INSERT INTO t VALUES (10, 'new', '2026-01-03 00:00:00.0000000')");
    assert!(first_column(&pass(&mut *feed, &store)).contains(&"10".to_owned()));
}

#[test]
fn a_long_pass_is_cut_and_goes_on_after_a_restart() {
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (no INTEGER PRIMARY KEY, at INTEGER);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
         INSERT INTO t SELECT i, i FROM n",
    );
    let dataset = json!({ "table": "t", "sync": { "mode": "watermark", "column": "at", "every": "10ms" } });
    let store = Arc::new(Store::default());
    let (_source, mut one) = feed(&world, &store, &["no"], dataset.clone());
    world.drop_after.store(280_000, SeqCst);
    let taken = take(&mut *one, &store, ASK);
    assert!(taken.fault.is_some());
    let parts: Vec<_> = taken.units.iter().map(|u| (u.unit.clone(), u.done.is_some())).collect();
    let name = "pass 2026-11-22T14:03:00.123Z";
    assert_eq!(parts, [(name.to_owned(), true), (format!("{name} part 2"), false)]);
    assert!(taken.units[0].order < taken.units[1].order);
    let done = taken.units[0].rows.len();
    let rest = pass(&mut *one, &store);
    let again = first_column(&rest);
    assert_eq!(again.len(), 300_000 - done + 1, "from the last value on, itself included");
    assert_eq!(again.last().unwrap(), "300000");
    assert!(rest.units[0].order > taken.units[1].order);
}

const KEYS_AND_ROWVERSION: &str = "CREATE TABLE t (no INTEGER PRIMARY KEY NOT NULL, name TEXT, rv ROWVERSION NOT NULL);
    CREATE TABLE active (v INTEGER); INSERT INTO active VALUES (103);
    INSERT INTO t VALUES (1, 'a', 100), (2, 'b', 101), (3, 'c', 102)";

#[test]
fn an_open_transaction_holds_the_rowversion_back() {
    let world = World::new(Dialect::Tsql, KEYS_AND_ROWVERSION);
    let store = Arc::new(Store::default());
    let dataset = json!({ "table": "t", "sync": { "mode": "rowversion", "column": "rv", "every": "10ms" } });
    let (_source, mut feed) = feed(&world, &store, &["no"], dataset);
    assert_eq!(first_column(&pass(&mut *feed, &store)), ["1", "2", "3"]);
    assert_eq!(pass(&mut *feed, &store).current, 1);
    // 103 is written and not committed for half an hour; 104 is committed at once.
    world.run("INSERT INTO t VALUES (5, 'e', 104)");
    assert_eq!(pass(&mut *feed, &store).current, 1, "104 waits for 103");
    world.run("INSERT INTO t VALUES (4, 'd', 103); UPDATE active SET v = 105");
    assert_eq!(first_column(&pass(&mut *feed, &store)), ["4", "5"]);
    assert_eq!(pass(&mut *feed, &store).current, 1);
}

#[test]
fn auto_takes_the_rowversion_and_compares_keys_now_and_then() {
    let world = World::new(Dialect::Tsql, KEYS_AND_ROWVERSION);
    let store = Arc::new(Store::default());
    let (source, mut one) = feed(&world, &store, &["no"], json!({ "table": "t", "sync": "auto" }));
    assert_eq!(pass(&mut *one, &store).units[0].scope, Scope::Changes);
    let health = block_on(source.health()).message;
    assert!(health.contains("d: rowversion, can miss deletions"), "{health}");
    world.run("DELETE FROM t WHERE no = 2");
    world.pass_time(6 * 3600);
    drop(one);
    let mut two = source.feed("d").unwrap();
    let keys = pass(&mut *two, &store);
    assert_eq!(keys.units[0].scope, Scope::Keys);
    assert_eq!(keys.units[0].columns, ["no"]);
    assert_eq!(first_column(&keys), ["1", "3"]);
    assert!(keys.units[0].done.as_ref().unwrap().position.as_ref().unwrap().contains("\"from\""));
    assert_eq!(pass(&mut *two, &store).current, 1, "and the records have their turn");
}

#[test]
fn change_tracking_tells_deletions_and_repairs_its_gaps() {
    let world = World::new(
        Dialect::Tsql,
        "CREATE TABLE t (no INTEGER PRIMARY KEY NOT NULL, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b');
         CREATE TABLE t_changes (no INTEGER, ver INTEGER, SYS_CHANGE_OPERATION TEXT);
         CREATE TABLE ct (v INTEGER, m INTEGER); INSERT INTO ct VALUES (7, 0)",
    );
    let store = Arc::new(Store::default());
    let dataset = json!({ "table": "t", "sync": { "mode": "change-tracking", "every": "10ms" } });
    let (source, mut feed) = feed(&world, &store, &["no"], dataset);
    assert_eq!(pass(&mut *feed, &store).units[0].scope, Scope::Everything);
    assert_eq!(pass(&mut *feed, &store).current, 1);
    world.run(
        "INSERT INTO t VALUES (3, 'c'); DELETE FROM t WHERE no = 1; UPDATE ct SET v = 9;
         INSERT INTO t_changes VALUES (3, 8, 'I'), (1, 9, 'D')",
    );
    let taken = pass(&mut *feed, &store);
    assert_eq!((taken.units[0].scope, first_column(&taken)), (Scope::Changes, vec!["3".to_owned()]));
    assert_eq!(taken.units[0].deleted, [["1"]], "what was deleted comes with what changed, by its key");
    assert_eq!(taken.units[0].done.as_ref().unwrap().records, 1);
    assert_eq!(pass(&mut *feed, &store).current, 1);
    // Deletions alone make a unit too.
    world.run(
        "INSERT INTO t VALUES (4, 'd'), (5, 'e'); UPDATE ct SET v = 10;
         INSERT INTO t_changes VALUES (4, 10, 'I'), (5, 10, 'I')",
    );
    assert_eq!(first_column(&pass(&mut *feed, &store)), ["4", "5"]);
    world.run("DELETE FROM t WHERE no > 3; UPDATE ct SET v = 11; UPDATE t_changes SET ver = 11, SYS_CHANGE_OPERATION = 'D' WHERE no > 3");
    let gone = pass(&mut *feed, &store);
    assert_eq!(
        (first_column(&gone).len(), &gone.units[0].deleted),
        (0, &vec![vec!["4".to_owned()], vec!["5".to_owned()]])
    );
    assert_eq!(pass(&mut *feed, &store).current, 1);
    assert!(!world.sent().iter().any(|s| s.contains(" [no] FROM")), "no pass over all keys is needed");
    // The server forgot what was before version 20.
    world.run("DELETE FROM t WHERE no = 2; UPDATE ct SET v = 30, m = 20; DELETE FROM t_changes");
    let repaired = pass(&mut *feed, &store);
    assert_eq!((repaired.units[0].scope, first_column(&repaired)), (Scope::Everything, vec!["3".to_owned()]));
    let health = block_on(source.health()).message;
    assert!(health.contains("a gap in change tracking was repaired"), "{health}");
    assert_eq!(pass(&mut *feed, &store).current, 1);
}

#[test]
fn a_server_that_goes_away_midway_loses_and_doubles_nothing() {
    for mode in ["full", "keyset"] {
        let world = World::new(
            Dialect::Sqlite,
            "CREATE TABLE t (no INTEGER PRIMARY KEY);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i FROM n",
        );
        let store = Arc::new(Store::default());
        let dataset = json!({ "table": "t", "page_rows": 1500, "sync": { "mode": mode } });
        let (_source, mut feed) = feed(&world, &store, &["no"], dataset);
        world.drop_after.store(1200, SeqCst);
        let broken = take(&mut *feed, &store, Ask { rows: 500, ..ASK });
        assert_eq!(broken.fault.unwrap().code, "connection-lost");
        assert_eq!(world.audit.lock().unwrap().last().unwrap().fault.as_deref(), Some("connection-lost"));
        let whole = take(&mut *feed, &store, Ask { rows: 500, ..ASK });
        let numbers: Vec<i64> = first_column(&whole).iter().map(|n| n.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=5000).collect::<Vec<_>>(), "{mode}");
        assert_eq!(world.opened.load(SeqCst), 2);
        assert_eq!(take(&mut *feed, &store, ASK).units.len(), 0, "and it is not due again");
    }
}

#[test]
fn a_column_that_vanished_is_shown_to_the_gateway_and_then_named() {
    let world = World::new(Dialect::Sqlite, ORDERS);
    let wanted = BTreeSet::from(["NAME".to_owned(), "at".to_owned()]);
    world.wanted.lock().unwrap().insert("d".into(), wanted);
    let store = Arc::new(Store::default());
    let (_source, mut feed) = feed(&world, &store, &["no"], json!({ "table": "t", "sync": { "mode": "full" } }));
    let taken = pass(&mut *feed, &store);
    assert_eq!(taken.units[0].told.as_ref().unwrap().len(), 3);
    let fault = taken.fault.unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("column-missing", Class::Permanent));
    assert!(fault.message.contains("NAME") && fault.message.contains("did you mean `name`"), "{fault}");
    assert!(world.sent().is_empty(), "no statement was sent that cannot work");
    let (_source, mut gone) = support_feed(&world, json!({ "table": "nowhere" }));
    assert_eq!(pass(&mut *gone, &store).fault.unwrap().code, "table-missing");
}

fn support_feed(world: &Arc<World>, dataset: serde_json::Value) -> (Box<dyn Connected>, Box<dyn BlockingFeed>) {
    feed(world, &Arc::new(Store::default()), &[], dataset)
}

#[test]
fn a_login_that_may_write_is_refused_unless_allowed() {
    let world = World::new(Dialect::Sqlite, ORDERS);
    *world.access.lock().unwrap() = Access::MayWrite("member of db_owner".into());
    let store = Arc::new(Store::default());
    let (source, mut refused) = feed(&world, &store, &["no"], json!({ "table": "t" }));
    let fault = pass(&mut *refused, &store).fault.unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("writable-login", Class::Permanent));
    assert!(fault.message.contains("db_owner") && world.sent().is_empty());
    assert!(!block_on(source.health()).ok);
    let mut raw = raw(&["no"], json!({ "table": "t" }));
    raw.config = json!({ "allow_writable_login": true }).into();
    let prepared = banyan_adapter::Kind::prepare(&Lite(world.clone()), &raw).ok().unwrap();
    let source = block_on(prepared.connect(world.context(&store))).unwrap();
    assert_eq!(pass(&mut *source.feed("d").unwrap(), &store).units.len(), 1);
    assert!(block_on(source.health()).message.contains("MAY WRITE (member of db_owner)"));
}

#[test]
fn a_closed_window_is_waited_out_and_a_stalled_server_is_left() {
    let world = World::new(Dialect::Sqlite, ORDERS);
    let window = Limits { closed: vec![(14 * 60, 15 * 60)], ..Limits::default() };
    *world.limits.lock().unwrap() = Limits { timeout: Some(Duration::from_millis(80)), ..window };
    let (_source, mut feed) = support_feed(&world, json!({ "table": "t" }));
    let closed = feed.next(Ask { wait: Duration::from_millis(50), ..ASK }, &Call::default());
    assert!(matches!(closed, Ok(Delivery::Idle)), "{closed:?}");
    assert_eq!(world.opened.load(SeqCst), 0, "not even a connection");
    world.pass_time(3600);
    world.stall.store(true, SeqCst);
    let begun = Instant::now();
    let store = Store::default();
    let fault = take(&mut *feed, &store, ASK).fault.unwrap();
    assert_eq!(fault.code, "timeout");
    assert!(begun.elapsed() < Duration::from_secs(2));
    world.stall.store(false, SeqCst);
    assert_eq!(take(&mut *feed, &store, ASK).units[0].rows.len(), 3);
}

#[test]
fn queries_are_read_narrowed_or_as_a_whole() {
    let world = World::new(Dialect::Sqlite, ORDERS);
    for (query, mode, sent) in [
        (
            "SELECT no, name AS who FROM t WHERE no < 3",
            "keyset",
            "FROM (SELECT no, name AS who FROM t WHERE no < 3) banyan_q",
        ),
        (
            "SELECT no, name AS who FROM t WHERE no < 3 ORDER BY no",
            "full",
            "SELECT no, name AS who FROM t WHERE no < 3 ORDER BY no",
        ),
    ] {
        let store = Arc::new(Store::default());
        let dataset = json!({ "query": query, "sync": { "mode": mode } });
        let (_source, mut feed) = feed(&world, &store, &["no"], dataset);
        let taken = pass(&mut *feed, &store);
        assert_eq!(taken.units[0].columns, ["no", "who"], "{query} {:?}", taken.fault);
        assert_eq!(first_column(&taken), ["1", "2"]);
        assert!(world.sent().last().unwrap().contains(sent), "{:?}", world.sent());
    }
}

#[test]
fn a_query_its_owner_vouches_for_is_sent_as_it_is_and_the_audit_says_so() {
    let world = World::new(Dialect::Sqlite, ORDERS);
    let query = "SELECT no FROM t -- all of them";
    let dataset = json!({ "query": query, "unchecked": "came with the product" });
    let (_source, mut feed) = support_feed(&world, dataset);
    assert_eq!(first_column(&pass(&mut *feed, &Store::default())), ["1", "2", "3"]);
    let sent = world.catalog.lock().unwrap().last().unwrap().clone();
    assert_eq!((sent.what, sent.rows), (format!("(unchecked) {query}"), 3));
}

#[test]
fn an_empty_table_shows_its_columns_and_a_driver_that_knows_little_is_read_whole() {
    let world = World::new(Dialect::Bare, "CREATE TABLE t (no INTEGER, \"a b\" TEXT)");
    let store = Arc::new(Store::default());
    let (_source, mut feed) = feed(&world, &store, &["no"], json!({ "table": "t", "sync": "auto" }));
    let taken = pass(&mut *feed, &store);
    assert_eq!(taken.units[0].columns, ["no", "a b"]);
    assert_eq!(taken.units[0].done.as_ref().unwrap().records, 0);
    assert_eq!(world.sent(), ["SELECT no, \"a b\" FROM t"]);
}

#[test]
fn wide_rows_come_in_small_batches() {
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (no INTEGER PRIMARY KEY, b BLOB);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO t SELECT i, zeroblob(20000) FROM n",
    );
    let (_source, mut feed) = support_feed(&world, json!({ "table": "t", "sync": { "mode": "full" } }));
    let taken = take(&mut *feed, &Store::default(), Ask { rows: 4096, bytes: 1 << 20, wait: Duration::ZERO });
    assert_eq!(taken.units[0].rows.len(), 1000);
    assert!(taken.units[0].biggest <= 128, "{} rows of 20 kB in a batch of 1 MB", taken.units[0].biggest);
}

#[test]
fn a_million_rows_come_in_batches_of_the_size_asked_for() {
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (no INTEGER PRIMARY KEY, name TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
         INSERT INTO t SELECT i, 'a name of some length ' || i FROM n",
    );
    let (_source, mut feed) = support_feed(&world, json!({ "table": "t", "sync": { "mode": "full" } }));
    let ask = Ask { rows: 4096, bytes: 64 << 10, wait: Duration::ZERO };
    let (mut rows, mut heaviest) = (0, 0);
    loop {
        match feed.next(ask, &Call::default()).unwrap() {
            Delivery::Records(batch) => {
                rows += batch.len();
                heaviest = heaviest.max(batch.weight());
            }
            Delivery::Done(_) => break,
            _ => {}
        }
    }
    assert_eq!(rows, 1_000_000);
    assert!(heaviest < 96 << 10, "a batch of {heaviest} bytes");
}

#[test]
fn wide_tables_and_long_values() {
    let columns: Vec<String> = (0..1000).map(|i| format!("c{i} TEXT")).collect();
    let world = World::new(
        Dialect::Sqlite,
        &format!(
            "CREATE TABLE t ({}); INSERT INTO t (c0, c999) VALUES ('a', 'z'), (hex(zeroblob(5000000)), 'y')",
            columns.join(", ")
        ),
    );
    let (_source, mut feed) = support_feed(&world, json!({ "table": "t", "sync": { "mode": "full" } }));
    let taken = pass(&mut *feed, &Store::default());
    let rows = &taken.units[0].rows;
    assert_eq!((rows.len(), rows[0].len(), rows[0][999].as_str(), rows[1][0].len()), (2, 1000, "z", 10_000_000));
}

#[test]
fn a_pass_does_not_keep_live_reads_waiting() {
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (no INTEGER PRIMARY KEY);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i FROM n",
    );
    *world.limits.lock().unwrap() = Limits { concurrency: Some(1), ..Limits::default() };
    let dataset = json!({ "table": "t", "read": "live", "sync": { "mode": "full" } });
    let (source, mut feed) = feed(&world, &Arc::new(Store::default()), &["no"], dataset);
    let begun = feed.next(ASK, &Call::default()).unwrap();
    assert!(matches!(begun, Delivery::Begin { .. }));
    assert!(matches!(feed.next(ASK, &Call::default()).unwrap(), Delivery::Records(_)), "its answer is open now");
    let probe = banyan_adapter::Probe { dataset: "d".into(), keys: vec![vec![banyan_words::Value::Integer(4711)]] };
    let deadline = Some(Instant::now() + Duration::from_secs(5));
    let call = Call { deadline, ..Call::default() };
    assert_eq!(block_on(source.lookup().unwrap().fetch(&probe, &call)).unwrap().len(), 1);
    assert!(matches!(feed.next(ASK, &Call::default()).unwrap(), Delivery::Records(_)));
}

mod whatever_happens {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        /// Rows are committed, written so many seconds ago.
        Insert(u8, u16),
        /// The oldest row is changed.
        Update,
        Pass,
        /// The connection ends after so many rows.
        Break(u16),
        Restart,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1..20_u8, 0..290_u16).prop_map(|(n, ago)| Step::Insert(n, ago)),
            Just(Step::Update),
            Just(Step::Pass),
            (0..40_u16).prop_map(Step::Break),
            Just(Step::Restart),
        ]
    }

    /// What the gateway would know: the last state of each record, from units that were done.
    fn learn(known: &mut std::collections::BTreeMap<String, Vec<String>>, taken: &Taken) {
        for unit in taken.units.iter().filter(|u| u.done.is_some()) {
            known.extend(unit.rows.iter().map(|r| (r[0].clone(), r.clone())));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_watermark_with_a_lag_loses_nothing(steps in prop::collection::vec(step(), 1..14)) {
            let world = World::new(Dialect::Sqlite, "CREATE TABLE t (no INTEGER PRIMARY KEY, at DATETIME, v INTEGER)");
            let store = Arc::new(Store::default());
            let (mut source, mut feed) = super::feed(&world, &store, &["no"], watermark("5m"));
            let mut known = std::collections::BTreeMap::new();
            let ask = Ask { rows: 7, bytes: 1 << 20, wait: Duration::from_millis(30) };
            for (i, step) in steps.iter().enumerate() {
                let now = |ago: u16| format!("datetime('2026-01-01 10:00:00', '+{} seconds')", i * 20 + 300 - usize::from(ago));
                match step {
                    Step::Insert(n, ago) => (0..*n).for_each(|_| {
                        world.run(&format!("INSERT INTO t (at, v) VALUES ({}, 0)", now(*ago)));
                    }),
                    Step::Update => world.run(&format!(
                        "UPDATE t SET v = v + 1, at = {} WHERE no = (SELECT MIN(no) FROM t)", now(0)
                    )),
                    Step::Pass => learn(&mut known, &take(&mut *feed, &store, ask)),
                    Step::Break(rows) => {
                        world.drop_after.store(u64::from(*rows), SeqCst);
                        learn(&mut known, &take(&mut *feed, &store, ask));
                        world.drop_after.store(u64::MAX, SeqCst);
                    }
                    Step::Restart => {
                        drop(feed);
                        world.pass_time(60);
                        (source, feed) = super::feed(&world, &store, &["no"], watermark("5m"));
                    }
                }
            }
            for _ in 0..2 {
                learn(&mut known, &take(&mut *feed, &store, ask));
            }
            let quiet = take(&mut *feed, &store, ask);
            prop_assert_eq!((quiet.units.len(), quiet.current), (0, 1), "nothing new is no unit");
            drop(feed);
            // A full pass knows what there is.
            let all = json!({ "table": "t", "sync": { "mode": "full" } });
            let (_all, mut feed) = super::feed(&world, &Arc::new(Store::default()), &["no"], all);
            let taken = take(&mut *feed, &Store::default(), ask);
            let there: std::collections::BTreeMap<_, _> =
                taken.units[0].rows.iter().map(|r| (r[0].clone(), r.clone())).collect();
            prop_assert_eq!(known, there);
            drop(source);
        }
    }
}
