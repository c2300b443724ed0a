//! A real SQL engine behind the seam: SQLite in a file. It can speak as SQL Server does, by rewriting, and misbehave.
//!
//! Not shown by it: SQL Server itself. What speaks T-SQL here is an imitation of rowversion and change tracking.

#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

mod link;
mod take;

pub use link::LiteDriver;
pub use take::{ASK, Got, Taken, pass, take, until};

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
