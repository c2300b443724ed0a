//! Windows in which a source is left alone, closing in the midst of a pass.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use banyan_adapter::{Ask, Call, Delivery, Limits};
use banyan_sql::Dialect;
use banyan_testkit::Store;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use support::*;

/// Reads until the window closes midway, waits, and reads the rest.
fn closed_midway(sync: serde_json::Value) -> (Arc<World>, Vec<String>, Vec<Vec<String>>) {
    let rows: Vec<String> = (1..=60).map(|i| format!("({i}, 'x')")).collect();
    let setup =
        format!("CREATE TABLE t (no INTEGER PRIMARY KEY NOT NULL, name TEXT); INSERT INTO t VALUES {}", rows.join(","));
    let world = World::new(Dialect::Sqlite, &setup);
    *world.limits.lock().unwrap() = Limits { closed: vec![(15 * 60, 16 * 60)], ..Limits::default() };
    let store = Arc::new(Store::default());
    let dataset = json!({ "table": "t", "sync": sync, "page_rows": 25 });
    let source = open(&world, &store, &["no"], dataset);
    let mut feed = source.feed("d").unwrap();
    let (mut units, mut read, mut closed) = (Vec::new(), Vec::new(), false);
    loop {
        // Not a multiple of a page: the window closes in the midst of one.
        match feed.next(Ask { rows: 10, ..ASK }, &Call::default()).expect("a closed window is no failure") {
            Delivery::Begin { unit, .. } => units.push(unit.name.clone()),
            Delivery::Records(batch) => {
                read.extend(batch.rows().map(|r| vec![r.value(0).to_text().unwrap().into_owned()]));
                if read.len() >= 35 && !closed {
                    closed = true;
                    world.pass_time(3600);
                    let sent = world.sent().len();
                    for _ in 0..5 {
                        assert!(matches!(feed.next(ASK, &Call::default()), Ok(Delivery::Idle)));
                    }
                    assert!(world.sent().len() <= sent + 1, "only the answer that was given up is written down");
                    assert_eq!(world.opened.load(SeqCst), 1);
                    world.pass_time(3600);
                }
            }
            Delivery::Done(_) => return (world, units, read),
            Delivery::Idle => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_pass_over_pages_goes_on_when_the_window_opens_again() {
    let (world, units, read) = closed_midway(json!({ "mode": "keyset" }));
    assert_eq!(units.len(), 1, "it is the same pass");
    let numbers: BTreeSet<_> = read.iter().map(|r| r[0].clone()).collect();
    assert_eq!((read.len(), numbers.len()), (60, 60), "none is lost, none comes twice");
    assert_eq!(world.opened.load(SeqCst), 2, "the connection was closed meanwhile");
}

#[test]
fn a_pass_in_one_answer_begins_again_when_the_window_opens() {
    let (_world, units, read) = closed_midway(json!({ "mode": "full" }));
    assert_eq!((units.len(), read.len()), (2, 100), "the pass that was given up, and the whole one");
}
