//! A real SQL engine behind the seam: SQLite in a file. It can speak as SQL Server does, by rewriting, and misbehave.
//!
//! Not shown by it: SQL Server itself. What speaks T-SQL here is an imitation of rowversion and change tracking.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

use banyan_adapter::*;
use banyan_sql::*;
use banyan_testkit::{Gateway, Store};
use banyan_words::node::{Node, read};
use banyan_words::{Bad, Batch, Column, Problem, Type, Value};
use jiff::Timestamp;
use jiff::civil::DateTime;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The database and what is to go wrong.
pub struct World {
    pub path: PathBuf,
    pub dialect: Dialect,
    pub access: Mutex<Access>,
    pub opened: AtomicUsize,
    pub audit: Mutex<Vec<Sent>>,
    /// What the driver was asked that is no statement of ours.
    pub catalog: Mutex<Vec<Sent>>,
    /// The connection ends after so many rows of an answer; once.
    pub drop_after: AtomicU64,
    /// Answers do not come.
    pub stall: AtomicBool,
    /// Calls that were told to stop while they stalled.
    pub stopped: AtomicUsize,
    /// Statements that met a server that stalls.
    pub stalls: AtomicUsize,
    /// The row of an answer that cannot be read.
    pub bad_row: AtomicU64,
    pub clock: Mutex<Timestamp>,
    pub limits: Mutex<Limits>,
    pub wanted: Mutex<BTreeMap<String, std::collections::BTreeSet<String>>>,
}

static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl World {
    pub fn new(dialect: Dialect, sql: &str) -> Arc<World> {
        let name = format!("banyan-sql-{}-{}.db", std::process::id(), NUMBER.fetch_add(1, SeqCst));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        let world = World {
            path,
            dialect,
            access: Mutex::new(Access::ReadOnly),
            opened: AtomicUsize::new(0),
            audit: Mutex::default(),
            catalog: Mutex::default(),
            drop_after: AtomicU64::new(u64::MAX),
            stall: AtomicBool::new(false),
            stopped: AtomicUsize::new(0),
            stalls: AtomicUsize::new(0),
            bad_row: AtomicU64::new(0),
            clock: Mutex::new("2026-11-22T14:03:00.123Z".parse().unwrap()),
            limits: Mutex::default(),
            wanted: Mutex::default(),
        };
        let world = Arc::new(world);
        world.run(sql);
        world
    }

    /// Somebody else writes.
    pub fn run(&self, sql: &str) {
        let db = Connection::open(&self.path).unwrap();
        db.busy_timeout(Duration::from_secs(20)).unwrap();
        db.execute_batch(&format!("BEGIN; {sql}; COMMIT;")).unwrap();
    }

    pub fn pass_time(&self, seconds: i64) {
        let mut clock = self.clock.lock().unwrap();
        *clock += jiff::SignedDuration::from_secs(seconds);
    }

    pub fn context(self: &Arc<World>, store: &Arc<Store>) -> Context {
        let world = self.clone();
        let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(move || *world.clock.lock().unwrap());
        let gateway = Gateway::new(store.clone(), "d");
        let budget = Arc::new(Budget::new(self.limits.lock().unwrap().clone(), clock.clone()));
        let wanted = self.wanted.lock().unwrap().clone();
        Context {
            clock,
            budget,
            audit: Arc::new(Book(self.clone())),
            wanted,
            ..gateway.context("s", Timestamp::UNIX_EPOCH)
        }
    }

    pub fn sent(&self) -> Vec<String> {
        self.audit.lock().unwrap().iter().map(|s| s.what.clone()).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

struct Book(Arc<World>);

impl Audit for Book {
    fn sent(&self, sent: &Sent) {
        let book = if sent.what.starts_with('(') { &self.0.catalog } else { &self.0.audit };
        book.lock().unwrap().push(sent.clone());
    }
}

/// The kind under test.
pub struct Lite(pub Arc<World>);

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    allow_writable_login: bool,
}

struct Checked {
    world: Arc<World>,
    datasets: Datasets,
    allow: bool,
}

impl Kind for Lite {
    fn name(&self) -> &'static str {
        "lite"
    }
    fn source_schema(&self) -> schemars::Schema {
        schemars::schema_for!(Keys)
    }
    fn dataset_schema(&self) -> schemars::Schema {
        dataset_schema()
    }
    fn refusals(&self) -> &'static [RefusalDef] {
        const OWN: RefusalDef = RefusalDef { code: "bad-cell", stage: "record", meaning: "A cell.", hint: "Look." };
        let mut all = REFUSALS.to_vec();
        all.push(OWN);
        Box::leak(all.into_boxed_slice())
    }
    fn prepare(&self, raw: &RawSource) -> Result<Box<dyn Prepared>, Vec<Problem>> {
        let keys = read::<Keys>(&raw.config, &raw.path);
        let datasets = datasets(raw, Some(self.0.dialect));
        match (keys, datasets) {
            (Ok(keys), Ok(datasets)) => {
                Ok(Box::new(Checked { world: self.0.clone(), datasets, allow: keys.allow_writable_login }))
            }
            (keys, datasets) => Err(keys.err().into_iter().chain(datasets.err()).flatten().collect()),
        }
    }
}

impl Prepared for Checked {
    fn columns(&self, _: &str) -> Option<Vec<Column>> {
        None
    }
    fn feeds(&self, dataset: &str) -> bool {
        self.datasets.feeds(dataset)
    }
    fn pushes(&self, dataset: &str, columns: &[Column], indexed: &[String]) -> Vec<Pushable> {
        self.datasets.pushes(dataset, columns, indexed)
    }
    fn looks_up(&self, dataset: &str) -> bool {
        self.datasets.looks_up(dataset)
    }
    fn reading_hash(&self, dataset: &str) -> u64 {
        self.datasets.reading_hash(dataset)
    }
    fn read_file(&self, _: &str, _: &std::path::Path, _: usize) -> Result<Vec<Batch>, Fault> {
        Err(Fault::permanent("not-a-file", "a database"))
    }
    fn connect(&self, cx: Context) -> Task<'_, Result<Box<dyn Connected>, Fault>> {
        let source = SqlSource::new(Arc::new(LiteDriver(self.world.clone())), self.datasets.clone(), cx, self.allow);
        Box::pin(async move { Ok(Box::new(source) as Box<dyn Connected>) })
    }
}

pub fn raw(key: &[&str], dataset: serde_json::Value) -> RawSource {
    let one = RawDataset {
        name: "d".into(),
        path: "sources.s.datasets.d".into(),
        config: dataset.into(),
        snapshot: false,
        key: key.iter().map(|k| (*k).to_owned()).collect(),
    };
    RawSource {
        name: "s".into(),
        path: "sources.s".into(),
        base: ".".into(),
        config: Node::map::<String>([]),
        datasets: vec![one],
    }
}

/// Opens the source.
pub fn open(world: &Arc<World>, store: &Arc<Store>, key: &[&str], dataset: serde_json::Value) -> Box<dyn Connected> {
    let prepared = Lite(world.clone()).prepare(&raw(key, dataset)).unwrap_or_else(|p| panic!("{p:?}"));
    banyan_testkit::block_on(prepared.connect(world.context(store))).unwrap()
}

pub struct LiteDriver(pub Arc<World>);

impl Driver for LiteDriver {
    fn open_telling(&self, _: &Call, asides: &Asides) -> Result<Box<dyn Link>, Fault> {
        self.0.opened.fetch_add(1, SeqCst);
        asides.tell("PRAGMA query_only = ON", std::time::Instant::now(), Ok(0));
        Ok(Box::new(LiteLink { world: self.0.clone(), db: connect(&self.0), answer: None, rows: 0, usable: true }))
    }
}

fn connect(world: &World) -> Connection {
    let db = Connection::open_with_flags(&world.path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    db.busy_timeout(Duration::from_secs(20)).unwrap();
    db
}

struct LiteLink {
    world: Arc<World>,
    db: Connection,
    answer: Option<(Receiver<Vec<Vec<Cell>>>, Vec<Column>, std::collections::VecDeque<Vec<Cell>>)>,
    rows: u64,
    usable: bool,
}

fn lost(what: &str) -> Fault {
    Fault::transient("connection-lost", what)
}

/// SQL Server's words in SQLite's.
fn rewritten(sql: &str) -> String {
    let mut sql = sql
        .replace("min_active_rowversion()", "(SELECT v FROM active)")
        .replace("CHANGE_TRACKING_CURRENT_VERSION()", "(SELECT v FROM ct)")
        .replace("CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(N'[t]'))", "(SELECT m FROM ct)")
        .replace("CHANGETABLE(CHANGES [t], @P1)", "(SELECT * FROM t_changes WHERE ver > @P1)");
    if let Some(rest) = sql.strip_prefix("SELECT TOP (") {
        let (n, rest) = rest.split_once(") ").unwrap();
        sql = format!("SELECT {rest} LIMIT {n}");
    }
    sql
}

fn typed(declared: &str) -> Type {
    let declared = declared.to_uppercase();
    match () {
        () if declared.starts_with("DATETIME") => Type::DateTime,
        () if declared.contains("INT") || declared == "ROWVERSION" => Type::Integer,
        () if declared.contains("CHAR") || declared.contains("TEXT") => Type::Text,
        () if declared.starts_with("DECIMAL") => Type::Decimal { precision: 38, scale: 4 },
        () => Type::Any,
    }
}

impl LiteLink {
    fn columns(&self, table: &str) -> Vec<(ColumnInfo, i64)> {
        let mut stmt = self.db.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)").unwrap();
        let found = stmt.query_map([table], |r| {
            let (name, declared): (String, String) = (r.get(0)?, r.get(1)?);
            let rowversion = declared == "ROWVERSION" && self.world.dialect == Dialect::Tsql;
            let server_type = if rowversion { "bigint".into() } else { declared.to_lowercase() };
            let nullable = !r.get::<_, bool>(2)?;
            let ty = typed(&declared);
            Ok((ColumnInfo { name, ty, server_type, nullable, collation: None, rowversion, read_as: None }, r.get(3)?))
        });
        found.unwrap().map(Result::unwrap).collect()
    }

    fn names(&self) -> Vec<(String, bool)> {
        let sql = "SELECT name, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name";
        let mut stmt = self.db.prepare(sql).unwrap();
        stmt.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    fn stalled(&mut self, call: &Call) -> Result<(), Fault> {
        if self.world.stall.load(SeqCst) {
            self.world.stalls.fetch_add(1, SeqCst);
        }
        while self.world.stall.load(SeqCst) {
            if call.is_over() {
                self.world.stopped.fetch_add(1, SeqCst);
                self.usable = false;
                return Err(Fault::transient("timeout", "the server did not answer in time"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Link for LiteLink {
    fn dialect(&self) -> Dialect {
        self.world.dialect
    }
    fn server(&self) -> String {
        "SQLite 3".into()
    }
    fn select(&mut self, statement: &Statement, call: &Call) -> Result<Vec<Column>, Fault> {
        self.answer = None;
        self.rows = 0;
        self.stalled(call)?;
        let declared: BTreeMap<String, Type> =
            self.names().iter().flat_map(|(t, _)| self.columns(t)).map(|(c, _)| (c.name, c.ty)).collect();
        let sql = if self.world.dialect == Dialect::Tsql { rewritten(&statement.sql) } else { statement.sql.clone() };
        let bad = |e: rusqlite::Error| Fault::transient("sql-error", format!("{e}: {sql}"));
        let names: Vec<String> = self.db.prepare(&sql).map_err(bad)?.column_names().map(str::to_owned).collect();
        let columns: Vec<Column> = names
            .into_iter()
            .map(|name| Column { ty: declared.get(&name).cloned().unwrap_or(Type::Any), name })
            .collect();
        let params: Vec<Cell> = statement.params.iter().map(|p| bound(&p.value)).collect();
        let (to, from) = sync_channel(2);
        let (world, width) = (self.world.clone(), columns.len());
        std::thread::spawn(move || {
            let db = connect(&world);
            let mut stmt = db.prepare(&sql).unwrap();
            let mut rows = stmt.query(rusqlite::params_from_iter(params)).unwrap();
            let mut chunk = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                chunk.push((0..width).map(|i| row.get::<_, Cell>(i).unwrap()).collect());
                if chunk.len() == 500 && to.send(std::mem::take(&mut chunk)).is_err() {
                    return;
                }
            }
            let _ = to.send(chunk);
        });
        self.answer = Some((from, columns.clone(), Default::default()));
        Ok(columns)
    }
    fn fetch(&mut self, most: usize, into: &mut Sink<'_>, call: &Call) -> Result<bool, Fault> {
        self.stalled(call)?;
        let (from, columns, waiting) = self.answer.as_mut().expect("a fetch without an answer");
        for _ in 0..most {
            if self.world.drop_after.load(SeqCst) <= self.rows {
                self.world.drop_after.store(u64::MAX, SeqCst);
                self.usable = false;
                return Err(lost("the connection ended in the midst of an answer"));
            }
            while waiting.is_empty() {
                match from.recv() {
                    Ok(chunk) => waiting.extend(chunk),
                    Err(_) => return Ok(false),
                }
            }
            let row = waiting.pop_front().unwrap();
            self.rows += 1;
            into.begin();
            for (cell, column) in row.into_iter().zip(columns.iter()) {
                into.value(value(cell, &column.ty));
            }
            if self.world.bad_row.load(SeqCst) == self.rows {
                into.end_bad(Bad { code: "bad-cell".into(), message: "not readable".into(), raw: b"?".to_vec() });
            } else {
                into.end();
            }
        }
        Ok(true)
    }
    fn tables(&mut self, _: &Call) -> Result<Vec<TableInfo>, Fault> {
        let listed = self.names().into_iter().map(|(name, view)| TableInfo {
            name: TableName { schema: None, name },
            view,
            columns: Vec::new(),
            key: Vec::new(),
            indexes: Vec::new(),
            rows: None,
            change_tracking: false,
        });
        Ok(listed.collect())
    }
    fn table(&mut self, table: &TableName, _: &Call) -> Result<Option<TableInfo>, Fault> {
        let names = self.names();
        let Some((name, view)) = names.iter().find(|(n, _)| *n == table.name) else { return Ok(None) };
        let columns = self.columns(name);
        let key = columns.iter().filter(|(_, pk)| *pk > 0).map(|(c, _)| c.name.clone()).collect();
        Ok(Some(TableInfo {
            name: table.clone(),
            view: *view,
            columns: columns.into_iter().map(|(c, _)| c).collect(),
            key,
            indexes: Vec::new(),
            rows: None,
            change_tracking: names.iter().any(|(n, _)| *n == format!("{name}_changes")),
        }))
    }
    fn access(&mut self, _: &Call) -> Result<Access, Fault> {
        Ok(self.world.access.lock().unwrap().clone())
    }
    fn usable(&self) -> bool {
        self.usable
    }
}

fn value(cell: Cell, ty: &Type) -> Value<'static> {
    match (cell, ty) {
        (Cell::Null, _) => Value::Null,
        (Cell::Text(t), Type::DateTime) => match t.replace(' ', "T").parse::<DateTime>() {
            Ok(time) => Value::DateTime(time),
            Err(_) => Value::Null,
        },
        (Cell::Integer(i), Type::Decimal { .. }) => Value::Decimal(i.to_string().parse().unwrap()),
        (Cell::Integer(i), _) => Value::Integer(i),
        (Cell::Text(t), _) => Value::Text(t.into()),
        (Cell::Real(f), _) => Value::Float(f, false),
        (Cell::Blob(b), _) => Value::Bytes(b.into()),
    }
}

fn bound(value: &Value<'_>) -> Cell {
    match value {
        Value::Integer(i) => Cell::Integer(*i),
        Value::DateTime(t) => Cell::Text(t.strftime("%Y-%m-%d %H:%M:%S%.7f").to_string()),
        Value::Bytes(b) => Cell::Blob(b.to_vec()),
        Value::Null | Value::Missing => Cell::Null,
        other => Cell::Text(other.to_text().unwrap().into_owned()),
    }
}

/// What a feed handed over until it was idle or failed, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct Got {
    pub scope: Scope,
    pub unit: String,
    pub order: String,
    pub told: Option<Vec<Column>>,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    pub deleted: Vec<Vec<String>>,
    pub bad: usize,
    pub done: Option<UnitDone>,
    pub biggest: usize,
}

#[derive(Default, Debug)]
pub struct Taken {
    pub units: Vec<Got>,
    pub current: usize,
    pub fault: Option<Fault>,
}

/// Takes deliveries as the gateway does, until a pass is over: what is done is committed at once.
pub fn take(feed: &mut dyn BlockingFeed, store: &Store, ask: Ask) -> Taken {
    let mut taken = Taken::default();
    let call = Call::default();
    loop {
        match feed.next(ask, &call) {
            Ok(Delivery::Begin { unit, scope, columns, .. }) => taken.units.push(Got {
                scope,
                unit: unit.name.clone(),
                order: unit.order.clone(),
                told: columns,
                columns: Vec::new(),
                rows: Vec::new(),
                deleted: Vec::new(),
                bad: 0,
                done: None,
                biggest: 0,
            }),
            Ok(Delivery::Deleted(batch)) => {
                let got = taken.units.last_mut().unwrap();
                assert_eq!(got.unit, batch.unit.name);
                let text = |v: Value<'_>| v.to_text().unwrap().into_owned();
                got.deleted
                    .extend(batch.rows().map(|r| (0..r.shape().columns.len()).map(|i| text(r.value(i))).collect()));
            }
            Ok(Delivery::Records(batch)) => {
                let got = taken.units.last_mut().unwrap();
                assert_eq!(got.unit, batch.unit.name);
                got.biggest = got.biggest.max(batch.len());
                if let Some(shape) = batch.shapes().first() {
                    got.columns = shape.columns.iter().map(|c| c.name.clone()).collect();
                }
                for row in batch.rows() {
                    if *row.fate() != banyan_words::Fate::Record {
                        got.bad += 1;
                        continue;
                    }
                    let text = |i| row.value(i).to_text().map_or("∅".to_owned(), |t| t.into_owned());
                    got.rows.push((0..row.shape().columns.len()).map(text).collect());
                }
            }
            Ok(Delivery::Done(done)) => {
                let got = taken.units.last_mut().unwrap();
                store.note_position("d", done.position.as_ref().unwrap());
                let unit = banyan_words::UnitRef {
                    name: got.unit.clone(),
                    version: got.order.clone(),
                    order: got.order.clone(),
                    as_of: Timestamp::UNIX_EPOCH,
                };
                store.note("d", &unit, "", UnitState::Done);
                let more = done.position.as_ref().unwrap().contains("\"more\":true");
                got.done = Some(done);
                if !more {
                    return taken;
                }
            }
            Ok(Delivery::Current { .. }) => {
                taken.current += 1;
                return taken;
            }
            Ok(Delivery::Idle) => return taken,
            Ok(other) => panic!("{other:?}"),
            Err(fault) => {
                feed.rewind();
                taken.fault = Some(fault);
                return taken;
            }
        }
    }
}

/// How much the tests ask for.
pub const ASK: Ask = Ask { rows: 1000, bytes: 1 << 20, wait: Duration::ZERO };

/// A pass: waits for the next one to be due.
pub fn pass(feed: &mut dyn BlockingFeed, store: &Store) -> Taken {
    take(feed, store, Ask { wait: Duration::from_millis(30), ..ASK })
}

/// Waits for something; it must come.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: not after 20 seconds");
        std::thread::sleep(Duration::from_millis(2));
    }
}
