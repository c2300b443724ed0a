//! Passes that read everything, page by page or at once: what is asked for, and in whose words.

use super::*;

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
fn a_key_that_comes_twice_is_seen_twice_though_a_page_ends_between() {
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (k TEXT NOT NULL COLLATE NOCASE, v INTEGER);
         INSERT INTO t VALUES ('a', 1), ('b', 2), ('b', 3), ('c', 4), ('D', 5), ('d', 6), ('e', 7), ('f', 8), ('g', 9)",
    );
    for page in 1..5 {
        let sync = json!({ "mode": "keyset", "every": "10ms" });
        let dataset = json!({ "table": "t", "page_rows": page, "sync": sync });
        let store = Arc::new(Store::default());
        let (_source, mut feed) = feed(&world, &store, &["k"], dataset);
        let taken = pass(&mut *feed, &store);
        assert_eq!(taken.fault, None, "pages of {page}");
        let mut seen: Vec<&str> = taken.units[0].rows.iter().map(|r| r[1].as_str()).collect();
        seen.sort_unstable();
        assert_eq!(seen, ["1", "2", "3", "4", "5", "6", "7", "8", "9"], "pages of {page}");
        assert_eq!(taken.units[0].done.as_ref().unwrap().records, 9);
    }
}

#[test]
fn a_product_that_is_not_known_is_read_in_one_answer() {
    let world = World::new(
        Dialect::Generic,
        "CREATE TABLE t (k INTEGER NOT NULL, at INTEGER); INSERT INTO t VALUES (1, 1), (2, 2)",
    );
    let store = Arc::new(Store::default());
    let (_source, mut all) = feed(&world, &store, &["k"], json!({ "table": "t", "page_rows": 1, "sync": "auto" }));
    assert_eq!(first_column(&pass(&mut *all, &store)), ["1", "2"]);
    assert_eq!(world.sent(), [r#"SELECT "k", "at" FROM "t""#]);
    let sync = json!({ "mode": "watermark", "column": "at", "every": "10ms", "deletes": { "by": "key-diff", "every": "10ms" } });
    let store = Arc::new(Store::default());
    let (_source, mut marks) = feed(&world, &store, &["k"], json!({ "table": "t", "page_rows": 1, "sync": sync }));
    assert_eq!(first_column(&pass(&mut *marks, &store)), ["1", "2"]);
    world.pass_time(1);
    let keys = pass(&mut *marks, &store);
    assert_eq!((keys.units[0].scope, first_column(&keys)), (Scope::Keys, vec!["1".to_owned(), "2".to_owned()]));
    assert!(world.sent().iter().all(|s| !s.contains("> ?")), "{:?}", world.sent());
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
