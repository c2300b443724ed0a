//! Tables that are empty, wide, or long: what is handed over at once, and who waits for it.

use super::*;

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
