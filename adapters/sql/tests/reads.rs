//! Reads by key, and what a source holds.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use banyan_adapter::{Call, Probe, Purpose};
use banyan_sql::Dialect;
use banyan_testkit::{Store, block_on};
use banyan_words::Value;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use support::*;

const ITEMS: &str = "CREATE TABLE t (a VARCHAR(12) NOT NULL, b INTEGER NOT NULL, v TEXT, PRIMARY KEY (a, b));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO t SELECT 'k' || i, i % 10, 'v' || i FROM n;
    CREATE VIEW w AS SELECT v FROM t";

fn probe(keys: Vec<Vec<Value<'static>>>) -> Probe {
    Probe { dataset: "d".into(), keys }
}

fn key(i: i64) -> Vec<Value<'static>> {
    vec![Value::Text(format!("k{i}").into()), Value::Integer(i % 10)]
}

#[test]
fn records_are_read_by_composite_keys_a_hundred_at_a_time() {
    for dialect in [Dialect::Sqlite, Dialect::Tsql] {
        let world = World::new(dialect, ITEMS);
        let store = Arc::new(Store::default());
        let source = open(&world, &store, &["a", "b"], json!({ "table": "t", "read": "live" }));
        assert!(source.feed("d").is_none(), "without `sync` it is only read by key");
        let mut keys: Vec<_> = (1..=250).map(key).collect();
        keys.push(vec![Value::text("nobody"), Value::Integer(1)]);
        keys.push(vec![Value::Null, Value::Integer(1)]);
        keys.push(vec![Value::text("' OR 1=1 --"), Value::Integer(1)]);
        let batch = block_on(source.lookup().unwrap().fetch(&probe(keys), &Call::default())).unwrap();
        assert_eq!(batch.len(), 250);
        assert_eq!(batch.shapes().len(), 1);
        let sent = world.audit.lock().unwrap().clone();
        assert_eq!(sent.len(), 3);
        assert!(sent.iter().all(|s| s.purpose == Purpose::Live && !s.what.contains("OR 1=1")));
        if dialect == Dialect::Tsql {
            assert!(sent[0].what.contains("[a] = CAST(@P1 AS varchar(12)) AND [b] = CAST(@P2 AS integer)"), "{sent:?}");
        }
        let one = block_on(source.lookup().unwrap().fetch(&probe(vec![key(7)]), &Call::default())).unwrap();
        assert_eq!(one.row(0).value(2), Value::text("v7"));
        assert_eq!(one.unit.as_of, *world.clock.lock().unwrap());
        assert_eq!(world.opened.load(SeqCst), 1, "the connection is kept");
        let unknown = Probe { dataset: "x".into(), keys: vec![] };
        let fault = block_on(source.lookup().unwrap().fetch(&unknown, &Call::default())).unwrap_err();
        assert_eq!(fault.code, "not-live");
    }
}

#[test]
fn equal_reads_at_one_time_are_one_read() {
    let world = World::new(Dialect::Sqlite, ITEMS);
    let source = open(&world, &Arc::new(Store::default()), &["a", "b"], json!({ "table": "t", "read": "live" }));
    world.stall.store(true, SeqCst);
    let (same, other) = (probe(vec![key(7)]), probe(vec![key(8)]));
    let call = Call::default();
    let lookup = source.lookup().unwrap();
    let waiting: Vec<_> = (0..20).map(|_| lookup.fetch(&same, &call)).collect();
    let different = lookup.fetch(&other, &call);
    until("it is asked", || world.stalls.load(SeqCst) > 0);
    world.stall.store(false, SeqCst);
    for task in waiting {
        assert_eq!(block_on(task).unwrap().len(), 1);
    }
    assert_eq!(block_on(different).unwrap().row(0).value(2), Value::text("v8"));
    assert_eq!(world.sent().len(), 2);
    assert_eq!(block_on(lookup.fetch(&same, &call)).unwrap().len(), 1);
    assert_eq!(world.sent().len(), 3, "what is over is not shared");
}

#[test]
fn when_nobody_waits_the_server_is_told_to_stop() {
    let world = World::new(Dialect::Sqlite, ITEMS);
    let source = open(&world, &Arc::new(Store::default()), &["a", "b"], json!({ "table": "t", "read": "live" }));
    world.stall.store(true, SeqCst);
    let (same, call) = (probe(vec![key(7)]), Call::default());
    let lookup = source.lookup().unwrap();
    let (one, two) = (lookup.fetch(&same, &call), lookup.fetch(&same, &call));
    until("it is asked", || world.stalls.load(SeqCst) > 0);
    drop(one);
    // That nothing happens can only be waited for.
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(world.stopped.load(SeqCst), 0, "one still waits");
    drop(two);
    until("it is told", || world.stopped.load(SeqCst) == 1);
    world.stall.store(false, SeqCst);
    assert_eq!(block_on(lookup.fetch(&same, &call)).unwrap().len(), 1, "and the next one is answered");
}

#[test]
fn a_deadline_ends_a_read() {
    let world = World::new(Dialect::Sqlite, ITEMS);
    let source = open(&world, &Arc::new(Store::default()), &["a", "b"], json!({ "table": "t", "read": "live" }));
    world.stall.store(true, SeqCst);
    let deadline = Some(Instant::now() + Duration::from_millis(60));
    let call = Call { deadline, ..Call::default() };
    let fault = block_on(source.lookup().unwrap().fetch(&probe(vec![key(1)]), &call)).unwrap_err();
    assert_eq!(fault.code, "timeout");
}

#[test]
fn discovery_shows_tables_views_keys_and_samples() {
    let world = World::new(Dialect::Sqlite, ITEMS);
    let source = open(&world, &Arc::new(Store::default()), &["a", "b"], json!({ "table": "t", "read": "live" }));
    let found = block_on(source.discover()).unwrap();
    assert_eq!(found.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["t", "w"]);
    let table = found[0].table.as_ref().unwrap();
    assert_eq!((table.key.join(","), table.view, found[1].table.as_ref().unwrap().view), ("a,b".into(), false, true));
    assert_eq!(table.server_types, ["varchar(12)", "integer", "text"]);
    assert_eq!((found[0].sample.len(), found[0].sample[0].len()), (5, 3));
    assert!(world.audit.lock().unwrap().iter().all(|s| s.purpose == Purpose::Discover && s.rows == 5));
    let health = block_on(source.health());
    assert!(health.ok && health.message.contains("d: read by key only"), "{}", health.message);
}
