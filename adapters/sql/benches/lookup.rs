//! What a live read by key costs beyond its driver: `cargo bench -p banyan-sql --bench lookup`.
//!
//! The driver is a real SQL engine behind the seam (SQLite, as the tests have it). Reads through the source and reads by
//! the driver alone take turns, so that both have the same machine; the difference of their 95th percentiles is told.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use banyan_adapter::{Call, Probe, Task};
use banyan_sql::{Dialect, Driver, Link, Param, Sink, Statement};
use banyan_testkit::Store;
use banyan_words::{BatchBuilder, Shape, UnitRef, Value};
use serde_json::json;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};
use support::*;

const READS: i64 = 3_000;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits as an idle thread does, not by spinning.
fn wait<T>(mut task: Task<'_, T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn alone(link: &mut dyn Link, key: i64) -> usize {
    let statement = Statement {
        sql: "SELECT \"no\", \"name\" FROM \"t\" WHERE \"no\" IN (?)".into(),
        params: vec![Param { value: Value::Integer(key), server_type: None }],
    };
    let call = Call::default();
    let columns = link.select(&statement, &call).unwrap();
    let unit = UnitRef {
        name: String::new(),
        version: String::new(),
        order: String::new(),
        as_of: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut builder = BatchBuilder::new(Arc::new(unit));
    let shape = builder.shape(Arc::new(Shape { dataset: "d".into(), columns }));
    let mut sink = Sink::new(&mut builder, shape, 0);
    while link.fetch(64, &mut sink, &call).unwrap() {}
    builder.finish().len()
}

fn percentile(times: &mut [Duration], of_hundred: usize) -> Duration {
    times.sort_unstable();
    times[times.len() * of_hundred / 100]
}

fn main() {
    let setup = "CREATE TABLE t (no INTEGER PRIMARY KEY NOT NULL, name TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL \
        SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO t SELECT i, 'name ' || i FROM n";
    let world = World::new(Dialect::Sqlite, setup);
    let source = open(&world, &Arc::new(Store::default()), &["no"], json!({ "table": "t", "read": "live" }));
    let lookup = source.lookup().unwrap();
    let mut link = LiteDriver(world.clone()).open(&Call::default()).unwrap();
    let (mut through, mut direct) = (Vec::new(), Vec::new());
    for i in 0..READS {
        let key = 1 + i * 7919 % 10_000;
        let probe = Probe { dataset: "d".into(), keys: vec![vec![Value::Integer(key)]] };
        let begun = Instant::now();
        assert_eq!(wait(lookup.fetch(&probe, &Call::default())).unwrap().len(), 1);
        through.push(begun.elapsed());
        let begun = Instant::now();
        assert_eq!(alone(link.as_mut(), key), 1);
        direct.push(begun.elapsed());
    }
    for of_hundred in [50, 95, 99] {
        let (through, direct) = (percentile(&mut through, of_hundred), percentile(&mut direct, of_hundred));
        let more = through.saturating_sub(direct);
        println!("p{of_hundred}: {through:?} through the source, {direct:?} by the driver alone: {more:?} more");
    }
}
