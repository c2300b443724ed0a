//! Searches by conditions, page by page.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use banyan_adapter::{Call, Condition, Kind, Purpose, Search, Test};
use banyan_sql::Dialect;
use banyan_testkit::{Store, block_on};
use banyan_words::{Batch, Value};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use support::*;

/// Keys whose order is the server's own: without regard to case, which bytes know nothing of.
const OFFERS: &str = "CREATE TABLE t (a VARCHAR(12) NOT NULL COLLATE NOCASE, b INTEGER NOT NULL, status VARCHAR(4), \
        v INTEGER, total DECIMAL(12,2), PRIMARY KEY (a, b));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO t SELECT CASE i % 2 WHEN 0 THEN 'k' ELSE 'K' END || (i / 7), i % 7,
        CASE i % 3 WHEN 0 THEN 'O' WHEN 1 THEN 'W' END, i, i FROM n;
    CREATE INDEX s ON t (status)";

fn live() -> Json {
    json!({ "table": "t", "read": "live", "find_by": ["status", "v"] })
}

fn eq(column: &str, values: &[Value<'static>]) -> Condition {
    let all = values.iter().map(|v| vec![v.clone()]).collect();
    Condition { columns: vec![column.into()], test: Test::AnyOf(all) }
}

fn search(conditions: Vec<Condition>, limit: usize) -> Search {
    Search { dataset: "d".into(), conditions, after: None, limit }
}

fn cells(batch: &Batch, column: &str) -> Vec<Value<'static>> {
    batch.rows().map(|r| r.value(r.shape().position(column).unwrap()).into_owned()).collect()
}

#[test]
fn pages_follow_the_server_s_order_and_lose_nothing() {
    for dialect in [Dialect::Sqlite, Dialect::Tsql, Dialect::Postgres, Dialect::Mysql] {
        let world = World::new(dialect, OFFERS);
        let source = open(&world, &Arc::new(Store::default()), &["a", "b"], live());
        let mut asked = search(vec![eq("status", &[Value::text("O")])], 40);
        let (mut seen, mut pages) = (Vec::new(), 0);
        loop {
            let batch = block_on(source.lookup().unwrap().find(&asked, &Call::default())).unwrap();
            let (a, b) = (cells(&batch, "a"), cells(&batch, "b"));
            let more = batch.len() > 40;
            assert!(batch.len() <= 41);
            let shown = batch.len().min(40);
            seen.extend(cells(&batch, "v").into_iter().take(shown));
            pages += 1;
            if !more {
                break;
            }
            asked.after = Some(vec![a[shown - 1].clone(), b[shown - 1].clone()]);
            // Somebody works on: before the page and behind it.
            world.run(&format!(
                "INSERT INTO t VALUES ('A{pages}', 1, 'O', {}, 0); INSERT INTO t VALUES ('z{pages}', 1, 'O', {}, 0)",
                5000 + pages,
                6000 + pages
            ));
        }
        let mut wanted: Vec<i64> = (1..=1000).filter(|i| i % 3 == 0).collect();
        wanted.extend((1..pages).map(|p| 6000 + p));
        let mut got: Vec<i64> = seen.iter().map(|v| if let Value::Integer(i) = v { *i } else { -1 }).collect();
        got.sort_unstable();
        assert_eq!(got, wanted, "{dialect:?}");
        let sent = world.audit.lock().unwrap().clone();
        assert_eq!(sent.len(), pages as usize);
        assert!(sent.iter().all(|s| s.purpose == Purpose::Live && s.rows <= 41));
        if dialect == Dialect::Tsql {
            assert_eq!(
                sent[1].what,
                "SELECT TOP (41) [a], [b], [status], [v], [total] FROM [t] WHERE ([status] IN (CAST(@P1 AS varchar(4)))) \
                 AND ([a] >= CAST(@P2 AS varchar(12)) AND ([a] > CAST(@P3 AS varchar(12)) OR ([a] = CAST(@P4 AS varchar(12)) \
                 AND ([b] > CAST(@P5 AS integer))))) ORDER BY [a], [b]"
            );
        }
    }
}

#[test]
fn ranges_and_several_conditions() {
    let world = World::new(Dialect::Tsql, OFFERS);
    let source = open(&world, &Arc::new(Store::default()), &["a", "b"], live());
    let bound = |test| Condition { columns: vec!["v".into()], test };
    let conditions = vec![
        bound(Test::AtLeast(Value::Decimal("10.4".parse().unwrap()))),
        bound(Test::AtMost(Value::Integer(i64::MAX))),
        eq("status", &[Value::text("O"), Value::text("W")]),
    ];
    let batch = block_on(source.lookup().unwrap().find(&search(conditions, 1000), &Call::default())).unwrap();
    assert_eq!(batch.len(), (10..=1000).filter(|i| i % 3 != 2).count());
    assert!(world.sent()[0].contains("[v] >= CAST(@P1 AS integer) AND [v] <= CAST(@P2 AS integer) AND ([status] IN ("));
    // Of several columns.
    let both = vec![vec![Value::text("k2"), Value::text("0")], vec![Value::text("K2"), Value::text("none")]];
    let pair = Condition { columns: vec!["a".into(), "b".into()], test: Test::AnyOf(both) };
    let batch = block_on(source.lookup().unwrap().find(&search(vec![pair], 10), &Call::default())).unwrap();
    assert_eq!(cells(&batch, "v"), [Value::Integer(14)]);
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn nobody_is_asked_for_what_no_record_can_be() {
    let world = World::new(Dialect::Tsql, OFFERS);
    let source = open(&world, &Arc::new(Store::default()), &["a", "b"], live());
    let find = |conditions| block_on(source.lookup().unwrap().find(&search(conditions, 5), &Call::default()));
    for none in [eq("v", &[Value::text("x")]), eq("v", &[Value::Integer(i64::MAX)]), eq("status", &[])] {
        assert_eq!(find(vec![none]).unwrap().len(), 0);
    }
    for (conditions, code) in [
        (vec![], "not-searchable"),
        (vec![Condition { columns: vec!["status".into()], test: Test::AtLeast(Value::text("a")) }], "not-searchable"),
        (vec![eq("nix", &[Value::Integer(1)])], "column-missing"),
        (vec![eq("v", &(0..901).map(Value::Integer).collect::<Vec<_>>())], "not-searchable"),
    ] {
        assert_eq!(find(conditions).unwrap_err().code, code);
    }
    assert!(world.sent().is_empty(), "{:?}", world.sent());
    let lite = World::new(Dialect::Sqlite, OFFERS);
    let source = open(&lite, &Arc::new(Store::default()), &["a", "b"], live());
    let of_decimal = search(vec![eq("total", &[Value::Integer(3)])], 5);
    let fault = block_on(source.lookup().unwrap().find(&of_decimal, &Call::default())).unwrap_err();
    assert_eq!(fault.code, "not-searchable", "SQLite may keep a float there: {}", fault.message);
}

#[test]
fn a_key_that_is_none_is_told() {
    let world = World::new(Dialect::Sqlite, OFFERS);
    let source = open(&world, &Arc::new(Store::default()), &["status"], live());
    let twice = search(vec![eq("status", &[Value::text("O")])], 50);
    let fault = block_on(source.lookup().unwrap().find(&twice, &Call::default())).err().unwrap();
    assert_eq!(fault.code, "key-not-unique");
    // A record without a key has no place among them.
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (a VARCHAR(9), status VARCHAR(4), v INTEGER);
        INSERT INTO t VALUES (NULL, 'O', 1), ('x', 'O', 2), (NULL, 'O', 3)",
    );
    let source = open(&world, &Arc::new(Store::default()), &["a"], live());
    let batch = block_on(source.lookup().unwrap().find(&twice, &Call::default())).unwrap();
    assert_eq!(cells(&batch, "v"), [Value::Integer(2)]);
    assert!(world.sent()[0].contains("\"a\" IS NOT NULL"), "{:?}", world.sent());
}

#[test]
fn equal_searches_are_one_and_end_when_nobody_waits() {
    let world = World::new(Dialect::Sqlite, OFFERS);
    let source = open(&world, &Arc::new(Store::default()), &["a", "b"], live());
    let (same, call) = (search(vec![eq("status", &[Value::text("O")])], 5), Call::default());
    let others = [search(same.conditions.clone(), 6), search(vec![eq("status", &[Value::text("W")])], 5)];
    let lookup = source.lookup().unwrap();
    world.stall.store(true, SeqCst);
    let waiting: Vec<_> = (0..20).map(|_| lookup.find(&same, &call)).collect();
    let different: Vec<_> = others.iter().map(|o| lookup.find(o, &call)).collect();
    until("the server is asked", || world.stalls.load(SeqCst) > 0);
    world.stall.store(false, SeqCst);
    for task in waiting {
        assert_eq!(block_on(task).unwrap().len(), 6);
    }
    for task in different {
        block_on(task).unwrap();
    }
    assert_eq!(world.sent().len(), 3);
    world.stall.store(true, SeqCst);
    let stalled = world.stalls.load(SeqCst);
    let given_up = lookup.find(&same, &call);
    until("the server is asked again", || world.stalls.load(SeqCst) > stalled);
    drop(given_up);
    until("it is told to stop", || world.stopped.load(SeqCst) == 1);
    world.stall.store(false, SeqCst);
}

#[test]
fn what_may_be_searched_by_is_checked_and_told() {
    let prepared = |dialect, dataset: Json| {
        let world = World::new(dialect, "CREATE TABLE t (a INTEGER)");
        Lite(world).prepare(&raw(&["a"], dataset))
    };
    let codes = |dialect, dataset| match prepared(dialect, dataset) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|p| format!("{} {}", p.path, p.code)).collect::<Vec<_>>(),
    };
    let at = "sources.s.datasets.d.find_by";
    for (dialect, dataset, code) in [
        (Dialect::Tsql, json!({ "table": "t", "find_by": ["v"] }), "conflict"),
        (Dialect::Tsql, json!({ "table": "t", "read": "live", "sync": "auto", "find_by": ["v"] }), "conflict"),
        (Dialect::Tsql, json!({ "query": "SELECT a FROM t", "read": "live", "find_by": ["v"] }), "conflict"),
        (Dialect::Bare, json!({ "table": "t", "read": "live", "find_by": ["v"] }), "conflict"),
        (Dialect::Tsql, json!({ "table": "t", "read": "live", "find_by": ["v", "v"] }), "bad-value"),
    ] {
        assert_eq!(codes(dialect, dataset), [format!("{at} {code}")], "{dialect:?}");
    }
    use banyan_words::{Column, Type};
    let columns: Vec<Column> =
        [("v", Type::Decimal { precision: 9, scale: 2 }), ("w", Type::Text), ("i", Type::Integer)]
            .map(|(name, ty)| Column { name: name.into(), ty })
            .to_vec();
    let indexed = ["w".to_owned(), "i".to_owned()];
    let told = |dialect| {
        let dataset = json!({ "table": "t", "read": "live", "find_by": ["v"] });
        let all = prepared(dialect, dataset).unwrap_or_else(|p| panic!("{p:?}")).pushes("d", &columns, &indexed);
        let one = |p: banyan_adapter::Pushable| (p.column, p.equal, p.range, p.named.is_some());
        all.into_iter().map(one).collect::<Vec<_>>()
    };
    let told_of = |v: bool| {
        vec![("v".to_owned(), v, v, true), ("w".to_owned(), true, false, false), ("i".to_owned(), true, true, false)]
    };
    assert_eq!(told(Dialect::Tsql), told_of(true));
    assert_eq!(told(Dialect::Sqlite), told_of(false));
    let query = json!({ "query": "SELECT a FROM t", "read": "live" });
    assert!(
        prepared(Dialect::Tsql, query).unwrap_or_else(|p| panic!("{p:?}")).pushes("d", &columns, &indexed).is_empty()
    );
}
