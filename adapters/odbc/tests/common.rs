//! What the tests share: reading answers whole, and running servers in folders of their own.

use banyan_adapter::{Call, Condition, Connected, Fault, Search, Test};
use banyan_odbc::{Config, OdbcDriver};
use banyan_sql::{DatasetSpec, Datasets, Driver, Link, Param, ReadFrom, Sink, SqlSource, Statement, TableName};
use banyan_testkit::{Gateway, Store, block_on};
use banyan_words::{BatchBuilder, Column, Fate, Shape, UnitRef, Value};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const SETUP: &str = "run scripts/setup.sh --for test";

pub(crate) fn config(connection: &str) -> Config {
    let mut config = Config::new("legacy", connection);
    config.worker = Some(env!("CARGO_BIN_EXE_banyan-odbc-worker").into());
    config.driver_timeout = Duration::from_secs(20);
    config
}

pub(crate) fn driver(connection: &str) -> OdbcDriver {
    OdbcDriver::new(config(connection))
}

pub(crate) fn open(connection: &str) -> Box<dyn Link> {
    driver(connection).open(&Call::default()).unwrap_or_else(|f| panic!("{f}; {SETUP}"))
}

pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value<'static>>>,
    /// Row number, code and message.
    pub(crate) bad: Vec<(usize, String, String)>,
}

impl Rows {
    pub(crate) fn texts(&self, column: usize) -> Vec<String> {
        let text =
            |r: &Vec<Value<'static>>| r[column].to_text().map_or(r[column].word().to_owned(), |t| t.into_owned());
        self.rows.iter().map(text).collect()
    }

    pub(crate) fn types(&self) -> Vec<String> {
        self.columns.iter().map(|c| format!("{}: {}", c.name, c.ty)).collect()
    }
}

fn builder() -> BatchBuilder {
    let as_of = jiff::Timestamp::UNIX_EPOCH;
    BatchBuilder::new(Arc::new(UnitRef { name: String::new(), version: String::new(), order: String::new(), as_of }))
}

pub(crate) fn select(link: &mut dyn Link, sql: &str) -> Result<Rows, Fault> {
    select_with(link, sql, Vec::new())
}

pub(crate) fn select_with(link: &mut dyn Link, sql: &str, params: Vec<Value<'static>>) -> Result<Rows, Fault> {
    let call = Call::default();
    let params = params.into_iter().map(|value| Param { value, server_type: None }).collect();
    let columns = link.select(&Statement { sql: sql.to_owned(), params }, &call)?;
    let shape = Arc::new(Shape { dataset: "d".into(), columns: columns.clone() });
    let mut batch = builder();
    let number = batch.shape(shape);
    let mut sink = Sink::new(&mut batch, number, 0);
    while link.fetch(100, &mut sink, &call)? {}
    let batch = batch.finish();
    let mut all = Rows { columns, rows: Vec::new(), bad: Vec::new() };
    for (i, row) in batch.rows().enumerate() {
        if let Fate::Bad(bad) = row.fate() {
            all.bad.push((i, bad.code.clone(), bad.message.clone()));
        }
        all.rows.push((0..all.columns.len()).map(|c| row.value(c).into_owned()).collect());
    }
    Ok(all)
}

/// Reads and forgets, page by page: how many rows.
pub(crate) fn count(link: &mut dyn Link, sql: &str) -> Result<u64, Fault> {
    link.select(&Statement { sql: sql.to_owned(), params: Vec::new() }, &Call::default())?;
    count_open(link)
}

/// The same of the answer that is open.
pub(crate) fn count_open(link: &mut dyn Link) -> Result<u64, Fault> {
    let call = Call::default();
    let shape = Arc::new(Shape::of_text("d", ["a", "b", "c"]));
    let mut rows = 0;
    loop {
        let mut batch = builder();
        let number = batch.shape(shape.clone());
        let mut sink = Sink::new(&mut batch, number, rows);
        let more = link.fetch(2000, &mut sink, &call)?;
        rows = sink.rows();
        if !more {
            return Ok(rows);
        }
    }
}

pub(crate) fn run(program: &Path, args: &[&str], input: &str) -> String {
    use std::io::Write;
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{} cannot be run ({e}): {SETUP}", program.display()));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{}: {text}{}", program.display(), String::from_utf8_lossy(&out.stderr));
    text
}

pub(crate) fn root() -> bool {
    run(Path::new("id"), &["-u"], "").trim() == "0"
}

/// A server that ends with the test.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) dir: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

pub(crate) fn wait_for(what: &str, log: &Path, mut ready: impl FnMut() -> bool) {
    for _ in 0..900 {
        if ready() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what} does not start: {}", std::fs::read_to_string(log).unwrap_or_default());
}

/// A large table's numbers from 1, as SQL text.
pub(crate) const BIG: u64 = 300_000;

/// Reads a table before and after somebody else adds to it, in one state of the database.
pub(crate) fn one_state(connection: &str, table: &str, add: impl Fn()) {
    let call = Call::default();
    let mut link = open(connection);
    let all = format!("SELECT * FROM {table}");
    assert!(link.one_state(true, &call).unwrap(), "the server promises one state");
    let before = count(link.as_mut(), &all).unwrap();
    add();
    assert_eq!(count(link.as_mut(), &all).unwrap(), before, "an answer read to its end keeps the state");
    // So does one that is given up after its first rows.
    link.select(&Statement { sql: all.clone(), params: Vec::new() }, &call).unwrap();
    add();
    assert_eq!(count(link.as_mut(), &all).unwrap(), before);
    link.one_state(false, &call).unwrap();
    assert_eq!(count(link.as_mut(), &all).unwrap(), before + 2, "and now all of it is seen");
    assert!(link.usable());
}

/// Somebody asks for what takes a minute and goes away; the server must be told. `works` says whether it still works at it.
pub(crate) fn given_up(connection: &str, sleep: &str, works: impl Fn() -> bool) {
    let mut link = open(connection);
    let call = Call::default();
    let (stop, statement) = (call.stop.clone(), Statement { sql: sleep.to_owned(), params: Vec::new() });
    std::thread::scope(|s| {
        let asking = s.spawn(|| link.select(&statement, &call).map(drop).map_err(|f| f.code));
        until("it is at work", &works);
        stop.stop();
        assert_eq!(asking.join().unwrap(), Err("odbc-given-up".to_owned()));
    });
    until("it stops", || !works());
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}: not within 15 seconds");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A table with every type that lists search by, in words that all servers know.
pub(crate) const FINDS: &str = "CREATE TABLE finds (k varchar(12) PRIMARY KEY, n integer, s smallint, d decimal(9,2), \
    day date, name varchar(20), code char(6));\
    INSERT INTO finds VALUES ('a1', 5, -7, 10.50, '2026-01-05', 'Grüße', 'ab'), ('B2', -2147483648, 1, 0.01, '0001-01-01', 'O''Neill', 'abc'), \
    ('c3', 2147483647, 2, -9999999.99, '9999-12-31', 'x', 'ab'), ('D4', 7, 3, 10.51, '2026-01-06', '', ''), \
    ('e5', NULL, NULL, NULL, NULL, NULL, NULL);";

/// Searches that table: what is found is all that was meant, whatever is asked for. `idle` looks at the server afterwards,
/// while the connection is kept for whoever comes next.
pub(crate) fn finds(connection: &str, more: &[(&str, Test, &[&str])], idle: impl Fn()) {
    let table = ReadFrom::Table(TableName { schema: None, name: "finds".into() });
    let (name, key, find_by) = ("d".to_owned(), vec!["k".to_owned()], Vec::new());
    let spec = DatasetSpec { name, from: table, key, sync: None, live: true, find_by, page_rows: 10 };
    let datasets = Datasets { all: vec![Arc::new(spec)], ..Datasets::default() };
    let gateway = Gateway::new(Arc::new(Store::default()), "d");
    let context = gateway.context("s", jiff::Timestamp::UNIX_EPOCH);
    let source = SqlSource::new(Arc::new(driver(connection)), datasets, context, true);
    let number = |t: &str| Value::Decimal(t.parse().unwrap());
    let any = |values: &[Value<'static>]| Test::AnyOf(values.iter().map(|v| vec![v.clone()]).collect());
    let day = |t: &str| Value::Date(t.parse().unwrap());
    let cases: Vec<(&str, Test, &[&str])> = vec![
        ("n", any(&[Value::Integer(5), Value::Integer(7)]), &["D4", "a1"]),
        ("n", any(&[Value::Integer(i64::MAX)]), &[]),
        ("n", any(&[Value::text("5"), Value::text("five")]), &["a1"]),
        ("n", Test::AtLeast(Value::Integer(i64::MIN)), &["B2", "D4", "a1", "c3"]),
        ("n", Test::AtMost(number("4.999")), &["B2", "a1"]),
        ("s", Test::AtLeast(number("-99999999999999999999.5")), &["B2", "D4", "a1", "c3"]),
        ("s", Test::AtMost(Value::Integer(-100_000)), &[]),
        ("d", any(&[number("10.5"), number("10.505")]), &["a1"]),
        ("d", Test::AtLeast(number("10.504999")), &["D4", "a1"]),
        ("d", Test::AtMost(number("-99999999999999999999999999999.5")), &["c3"]),
        ("day", any(&[day("2026-01-05")]), &["a1"]),
        ("day", Test::AtLeast(day("2026-01-06")), &["D4", "c3"]),
        ("day", Test::AtMost(day("0000-01-01")), &["B2"]),
        ("name", any(&[Value::text("Grüße"), Value::text("O'Neill")]), &["B2", "a1"]),
        ("name", any(&[Value::text("much too long for a column of twenty")]), &[]),
        ("code", any(&[Value::text("ab")]), &["a1", "c3"]),
    ];
    for (column, test, wanted) in cases.iter().chain(more) {
        let condition = Condition { columns: vec![(*column).to_owned()], test: test.clone() };
        let search = |after| Search { dataset: "d".into(), conditions: vec![condition.clone()], after, limit: 2 };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let batch = block_on(source.lookup().unwrap().find(&search(after), &Call::default()));
            let batch = batch.unwrap_or_else(|f| panic!("{column} {test:?}: {f}"));
            idle();
            let keys: Vec<String> = batch.rows().take(2).map(|r| r.value(0).to_text().unwrap().into_owned()).collect();
            after = keys.last().map(|k| vec![Value::text(k).into_owned()]);
            found.extend(keys);
            if batch.len() <= 2 {
                break;
            }
        }
        found.sort();
        assert_eq!(found, *wanted, "{column} {test:?}");
    }
}
