//! What the tests share: reading answers whole, and running servers in folders of their own.

use banyan_adapter::{Call, Fault};
use banyan_odbc::{Config, OdbcDriver};
use banyan_sql::{Driver, Link, Param, Sink, Statement};
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
    for _ in 0..300 {
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
