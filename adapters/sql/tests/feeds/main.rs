//! Passes over a real SQL engine: every mode, restarts, and what goes wrong on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod changes;
mod passes;
mod sizes;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
mod whatever;

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

fn watermark(lag: &str) -> serde_json::Value {
    json!({ "table": "t", "sync": { "mode": "watermark", "column": "at", "every": "10ms", "lag": lag } })
}

fn support_feed(world: &Arc<World>, dataset: serde_json::Value) -> (Box<dyn Connected>, Box<dyn BlockingFeed>) {
    feed(world, &Arc::new(Store::default()), &[], dataset)
}
