//! Passes that read what is new: watermarks, row versions, change tracking, and what a restart makes of them.

use super::*;

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

#[test]
fn who_goes_on_after_a_restart_still_sees_what_was_committed_late() {
    let world = World::new(
        Dialect::Sqlite,
        "CREATE TABLE t (no INTEGER PRIMARY KEY, at DATETIME2(7));
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 260000)
         INSERT INTO t SELECT i, strftime('%Y-%m-%d %H:%M:%S.0000000', 1767225600 + i, 'unixepoch') FROM n",
    );
    let store = Arc::new(Store::default());
    let (source, mut one) = feed(&world, &store, &["no"], watermark("5m"));
    world.drop_after.store(255_000, SeqCst);
    let taken = take(&mut *one, &store, ASK);
    assert!(taken.fault.is_some() && taken.units[0].done.is_some());
    let read = taken.units[0].rows.len();
    drop((one, source));
    // It wrote a minute before the last record of the unit that was committed, and commits now; then the table grows.
    world.run(&format!(
        "INSERT INTO t SELECT 900001, strftime('%Y-%m-%d %H:%M:%S.0000000', 1767225600 + {read} - 60, 'unixepoch');
         INSERT INTO t VALUES (900002, '2026-11-22 14:00:00.0000000')"
    ));
    let (_source, mut two) = feed(&world, &store, &["no"], watermark("5m"));
    let rest = first_column(&pass(&mut *two, &store));
    assert!(rest.contains(&"900001".to_owned()), "{} records were read again, and not the late one", rest.len());
    assert!(rest.len() < 260_000 - read + 400, "and not everything: {}", rest.len());
}

#[test]
fn a_date_is_read_again_from_its_whole_day_and_known_again() {
    let world = World::new(Dialect::Sqlite, "CREATE TABLE t (no INTEGER PRIMARY KEY, at DATE)");
    world.run("INSERT INTO t VALUES (1, '2026-01-01'), (2, '2026-01-02'), (3, '2026-01-02')");
    let store = Arc::new(Store::default());
    let (_source, mut feed) = feed(&world, &store, &["no"], watermark("5m"));
    assert_eq!(first_column(&pass(&mut *feed, &store)).len(), 3);
    for _ in 0..2 {
        let again = pass(&mut *feed, &store);
        assert_eq!((again.current, again.units.len()), (1, 0), "nothing is new");
    }
    world.run("INSERT INTO t VALUES (4, '2026-01-01')");
    assert!(first_column(&pass(&mut *feed, &store)).contains(&"4".to_owned()));
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
fn changes_that_were_forgotten_while_they_were_read_are_no_whole_pass() {
    let world = World::new(
        Dialect::Tsql,
        "CREATE TABLE t (no INTEGER PRIMARY KEY NOT NULL, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');
         CREATE TABLE t_changes (no INTEGER, ver INTEGER, SYS_CHANGE_OPERATION TEXT);
         CREATE TABLE ct (v INTEGER, m INTEGER); INSERT INTO ct VALUES (7, 0)",
    );
    let store = Arc::new(Store::default());
    let dataset = json!({ "table": "t", "sync": { "mode": "change-tracking", "every": "10ms" } });
    let (_source, mut feed) = feed(&world, &store, &["no"], dataset);
    assert_eq!(first_column(&pass(&mut *feed, &store)).len(), 3);
    world.run(
        "UPDATE t SET name = 'x'; UPDATE ct SET v = 9;
         INSERT INTO t_changes VALUES (1, 8, 'U'), (2, 8, 'U'), (3, 9, 'U')",
    );
    let one = Ask { rows: 1, wait: Duration::from_millis(30), ..ASK };
    until(
        "the changes are being read",
        || matches!(feed.next(one, &Call::default()).unwrap(), Delivery::Records(batch) if !batch.is_empty()),
    );
    // The server tidies up in the midst of it: what came may be all there was, or not.
    world.run("UPDATE ct SET v = 30, m = 20");
    let fault = loop {
        match feed.next(one, &Call::default()) {
            Ok(delivery) => assert!(!matches!(delivery, Delivery::Done(_) | Delivery::Current { .. }), "{delivery:?}"),
            Err(fault) => break fault,
        }
    };
    assert!(fault.message.contains("trimmed"), "{fault}");
    feed.rewind();
    let repaired = pass(&mut *feed, &store);
    assert_eq!((repaired.units[0].scope, first_column(&repaired).len()), (Scope::Everything, 3));
    assert_eq!(pass(&mut *feed, &store).current, 1);
}
