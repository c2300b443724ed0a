//! What goes wrong on the way: servers that go, columns that vanish, logins that may too much, closed windows.

use super::*;

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
