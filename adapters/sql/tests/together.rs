//! Datasets that are read and committed as one.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use banyan_adapter::{BlockingFeed, Call, Connected, Delivery, Kind, RawDataset, RawSource, Scope};
use banyan_sql::Dialect;
use banyan_testkit::{Store, block_on};
use banyan_words::node::Node;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use support::*;

const SALES: &str = "CREATE TABLE orders (no INTEGER PRIMARY KEY NOT NULL, customer TEXT);
    CREATE TABLE lines (no INTEGER NOT NULL, pos INTEGER NOT NULL, item TEXT, PRIMARY KEY (no, pos));
    INSERT INTO orders VALUES (1, 'a'), (2, 'b'); INSERT INTO lines VALUES (1, 1, 'x'), (1, 2, 'y'), (2, 1, 'z')";

fn two(lines: serde_json::Value) -> RawSource {
    let one = |name: &str, key: &[&str], config: serde_json::Value| RawDataset {
        name: name.into(),
        path: format!("sources.s.datasets.{name}"),
        config: config.into(),
        snapshot: false,
        key: key.iter().map(|k| (*k).to_owned()).collect(),
    };
    let sync = json!({ "together": ["orders", "lines"], "every": "10ms" });
    let orders = one("orders", &["no"], json!({ "table": "orders", "sync": sync, "page_rows": 1 }));
    RawSource {
        name: "s".into(),
        path: "sources.s".into(),
        base: ".".into(),
        config: Node::map::<String>([]),
        datasets: vec![orders, one("lines", &["no", "pos"], lines)],
    }
}

fn opened(world: &Arc<World>, store: &Arc<Store>) -> (Box<dyn Connected>, Box<dyn BlockingFeed>) {
    let prepared = Lite(world.clone()).prepare(&two(json!({ "table": "lines" }))).unwrap_or_else(|p| panic!("{p:?}"));
    assert!(prepared.feeds("orders") && prepared.feeds("lines"));
    let source = block_on(prepared.connect(world.context(store))).unwrap();
    assert!(source.feed("lines").is_none(), "the first one's feed delivers both");
    let feed = source.feed("orders").unwrap();
    (source, feed)
}

/// Deliveries of a pass, in words.
fn told(feed: &mut dyn BlockingFeed) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..1_000 {
        match feed.next(ASK, &Call::default()) {
            Ok(Delivery::Begin { scope, columns, .. }) => {
                assert_eq!((scope, columns), (Scope::Everything, None));
                told.push("begin".into());
            }
            Ok(Delivery::Columns { dataset, columns }) => told.push(format!("{dataset} has {}", columns.len())),
            Ok(Delivery::Together) => told.push("together".into()),
            Ok(Delivery::Records(batch)) => {
                told.push(format!("{} {}", batch.shapes()[0].dataset, batch.len()));
            }
            Ok(Delivery::Done(done)) => {
                told.push(format!("done {}", done.records));
                return told;
            }
            Ok(Delivery::Idle) => std::thread::sleep(std::time::Duration::from_millis(2)),
            Ok(other) => panic!("{other:?}"),
            Err(fault) => {
                feed.rewind();
                told.push(fault.code);
                return told;
            }
        }
    }
    panic!("no end: {told:?}")
}

#[test]
fn one_unit_holds_all_of_them_in_order() {
    let world = World::new(Dialect::Sqlite, SALES);
    let (_source, mut feed) = opened(&world, &Arc::new(Store::default()));
    let want = ["begin", "together", "orders has 2", "lines has 3", "orders 1", "orders 1", "lines 3", "done 5"];
    assert_eq!(told(&mut *feed), want);
    world.run("DELETE FROM lines");
    let want = ["begin", "together", "orders has 2", "lines has 3", "orders 1", "orders 1", "lines 0", "done 2"];
    assert_eq!(told(&mut *feed), want, "an empty table is part of it");
}

#[test]
fn a_person_who_waits_gets_a_pass_at_once() {
    let (world, store) = (World::new(Dialect::Sqlite, SALES), Arc::new(Store::default()));
    let mut seldom = two(json!({ "table": "lines" }));
    seldom.datasets[0].config =
        json!({ "table": "orders", "sync": { "together": ["orders", "lines"], "every": "6h" } }).into();
    let prepared = Lite(world.clone()).prepare(&seldom).unwrap_or_else(|p| panic!("{p:?}"));
    let source = block_on(prepared.connect(world.context(&store))).unwrap();
    let mut feed = source.feed("orders").unwrap();
    loop {
        if let Delivery::Done(done) = feed.next(ASK, &Call::default()).unwrap() {
            store.note_position("orders", &done.position.unwrap());
            break;
        }
    }
    feed.rewind();
    assert!(matches!(feed.next(ASK, &Call::default()), Ok(Delivery::Idle)), "the next one is due in six hours");
    feed.again();
    assert!(matches!(feed.next(ASK, &Call::default()), Ok(Delivery::Begin { .. })));
}

#[test]
fn a_pass_that_fails_midway_was_never_begun() {
    let world = World::new(Dialect::Sqlite, SALES);
    let (_source, mut feed) = opened(&world, &Arc::new(Store::default()));
    // The second row of the lines does not come.
    world.drop_after.store(2, SeqCst);
    assert_eq!(told(&mut *feed), ["connection-lost"], "nothing was handed over");
    assert_eq!(told(&mut *feed).last().unwrap(), "done 5");
}

#[test]
fn what_was_named_wrongly_is_told_at_its_place() {
    let world = World::new(Dialect::Sqlite, SALES);
    let problems = |raw: RawSource| match Lite(world.clone()).prepare(&raw) {
        Ok(_) => Vec::new(),
        Err(p) => p.iter().map(|p| format!("{} {}", p.path, p.code)).collect::<Vec<_>>(),
    };
    let own = two(json!({ "table": "lines", "sync": "auto" }));
    assert_eq!(problems(own), ["sources.s.datasets.orders.sync.together conflict"]);
    let mut reversed = two(json!({ "table": "lines" }));
    reversed.datasets[0].config = json!({ "table": "orders", "sync": { "together": ["lines", "orders"] } }).into();
    assert_eq!(problems(reversed), ["sources.s.datasets.orders.sync.together bad-value"]);
    let mut keyless = two(json!({ "table": "lines" }));
    keyless.datasets[1].key.clear();
    keyless.datasets[0].config =
        json!({ "table": "orders", "sync": { "together": ["orders", "lines"], "mode": "keyset" } }).into();
    assert_eq!(problems(keyless), ["sources.s.datasets.orders.sync.together missing-key"]);
}
