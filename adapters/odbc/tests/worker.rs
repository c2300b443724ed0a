//! What a bad driver costs: the connection, and a fault that says what happened.

use crate::common::*;
use crate::sqlite::database;
use banyan_adapter::{Call, Class};
use banyan_odbc::OdbcDriver;
use banyan_sql::Driver;
use std::time::{Duration, Instant};

fn misbehaving(test: &str) -> (tempfile::TempDir, OdbcDriver) {
    // The session's own question is a fetch as well, so this must be a source that is asked none: opening fails.
    let (dir, connection) = database("CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1);");
    let mut config = config(&connection);
    config.test = Some(test.to_owned());
    config.driver_timeout = Duration::from_secs(2);
    config.statement_timeout = Duration::from_millis(500);
    (dir, OdbcDriver::new(config))
}

fn fault(test: &str) -> banyan_adapter::Fault {
    let (_dir, driver) = misbehaving(test);
    let fault = driver.open(&Call::default()).err().unwrap_or_else(|| panic!("{test} is not noticed"));
    assert_eq!(fault.class, Class::Transient, "{fault}");
    fault
}

#[test]
fn a_driver_that_crashes_is_named() {
    for test in ["crash-on-fetch", "crash-on-open"] {
        let fault = fault(test);
        assert_eq!(fault.code, "odbc-worker-crashed");
        assert!(fault.message.contains("SIGSEGV"), "{fault}");
    }
    assert_eq!(fault("leave").code, "odbc-worker-crashed");
}

#[test]
fn nonsense_is_not_believed() {
    assert_eq!(fault("garbage").code, "odbc-worker-nonsense");
    assert_eq!(fault("nonsense").code, "odbc-worker-nonsense");
}

#[test]
fn a_driver_that_hangs_is_ended_in_time() {
    let begin = Instant::now();
    assert_eq!(fault("hang").code, "odbc-worker-hung");
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
}

#[test]
fn a_caller_that_goes_away_ends_the_work() {
    let (_dir, driver) = misbehaving("hang");
    let call = Call::default();
    let stop = call.stop.clone();
    let begin = Instant::now();
    std::thread::spawn(move || {
        // Not a wait for something: whenever it comes, what hangs is given up.
        std::thread::sleep(Duration::from_millis(300));
        stop.stop();
    });
    let fault = driver.open(&call).err().unwrap();
    assert_eq!(fault.code, "odbc-given-up");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_long_query_is_given_up_at_its_deadline_and_the_connection_with_it() {
    let (_dir, connection) = database("CREATE TABLE t (id INTEGER);");
    let mut link = open(&connection);
    let call = Call { deadline: Some(Instant::now() + Duration::from_secs(1)), ..Call::default() };
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let statement = banyan_sql::Statement { sql: sql.into(), params: Vec::new() };
    let begin = Instant::now();
    let unit = banyan_words::UnitRef {
        name: String::new(),
        version: String::new(),
        order: String::new(),
        as_of: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut batch = banyan_words::BatchBuilder::new(std::sync::Arc::new(unit));
    let shape = batch.shape(std::sync::Arc::new(banyan_words::Shape::of_text("d", ["n"])));
    let fault = link
        .select(&statement, &call)
        .and_then(|_| link.fetch(10, &mut banyan_sql::Sink::new(&mut batch, shape, 0), &call))
        .unwrap_err();
    assert!(["odbc-given-up", "odbc-timeout"].contains(&fault.code.as_str()), "{fault}");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(!link.usable() || fault.code == "odbc-timeout");
}

#[test]
fn a_missing_worker_and_a_missing_driver_say_what_to_do() {
    let mut missing = config("Driver={SQLite3};Database=/x");
    missing.worker = Some("/nowhere/banyan-odbc-worker".into());
    let fault = OdbcDriver::new(missing).open(&Call::default()).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("odbc-worker-missing", Class::Permanent));
    assert!(fault.message.contains("BANYAN_ODBC_WORKER"), "{fault}");

    let fault = driver("Driver={No Such Driver};PWD=geheim;").open(&Call::default()).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("odbc-driver", Class::Permanent), "{fault}");
    assert!(fault.message.contains("odbcinst") && !fault.message.contains("geheim"), "{fault}");
}
