//! A store that fails now and then, and folders that cannot be written to: what was read is neither lost, doubled nor
//! forgotten. The library where only a broken store shows it, the program else.

use crate::common::{Site, until};
use banyan::adapters::KINDS;
use banyan::config::{self, Disk, MissingSecret};
use banyan::runtime::clock::Clock;
use banyan::runtime::ingest::{self, LiveQueue};
use banyan::runtime::sources::Sources;
use banyan_adapter::{Audit, NoAudit};
use banyan_model::model::{Catalog, Named, Numbers};
use banyan_store::sqlite::SqliteStore;
use banyan_store::{Ingest, Reader, Receipt, Result, Store, StoreError};
use banyan_words::UnitState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const YAML: &str = r#"
banyan: 1
sources:
  shop:
    adapter: file-drop
    folder: drop
    every: 200ms
    datasets:
      items: { files: "*.csv", format: { kind: csv }, key: [NO], content: changes, ready: { quiet: 50ms }, after: { move: read } }
entities:
  item: { fields: { name: { type: text } } }
mappings:
  - { from: shop.items, to: item, fields: { name: NAME } }
"#;

/// A store that begins no transaction, or says of one that stands that it may not, each time a count is divisible.
struct Moody {
    store: SqliteStore,
    begun: AtomicU32,
    durable: AtomicU32,
}

impl Moody {
    fn fails(count: &AtomicU32, each: u32) -> Result<()> {
        let n = count.fetch_add(1, Ordering::SeqCst);
        if n % each == each - 1 { Err(StoreError::Database("the disk is in a mood".into())) } else { Ok(()) }
    }
}

impl Store for Moody {
    fn register(&self, names: &[Named]) -> Result<Numbers> {
        self.store.register(names)
    }
    fn about(&self, kind: &str, number: u32) -> Result<Option<(String, String)>> {
        self.store.about(kind, number)
    }
    fn prepare(&self, catalog: &Catalog) -> Result<()> {
        self.store.prepare(catalog)
    }
    fn reader(&self) -> Result<Box<dyn Reader>> {
        self.store.reader()
    }
    fn ingest(&self) -> Result<Box<dyn Ingest + '_>> {
        Moody::fails(&self.begun, 3)?;
        self.store.ingest()
    }
    fn durable(&self, receipt: Receipt) -> Result<()> {
        self.store.durable(receipt)?;
        Moody::fails(&self.durable, 2)
    }
    fn generation(&self) -> u64 {
        self.store.generation()
    }
    fn waits(&self) -> bool {
        self.store.waits()
    }
    fn verify(&self) -> Result<Vec<String>> {
        self.store.verify()
    }
    fn backup(&self, to: &std::path::Path) -> Result<()> {
        self.store.backup(to)
    }
    fn rest(&self) -> Result<()> {
        self.store.rest()
    }
    fn tidy(&self, now_ms: i64, catalog: &Catalog) -> Result<u64> {
        self.store.tidy(now_ms, catalog)
    }
    fn fold(&self, dataset: u32, keep: u32) -> Result<u64> {
        self.store.fold(dataset, keep)
    }
}

#[test]
fn files_are_done_with_whatever_transaction_failed() {
    const FILES: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("banyan.yaml"), YAML).unwrap();
    std::fs::create_dir(path("drop")).unwrap();
    let mut loaded = config::load(&path("banyan.yaml"), MissingSecret::Error);
    let built = config::build(&mut loaded, KINDS, &Disk).unwrap_or_else(|| panic!("{:?}", loaded.problems));
    let store = SqliteStore::open(&path("banyan.db")).unwrap();
    let store = Arc::new(Moody { store, begun: AtomicU32::new(0), durable: AtomicU32::new(0) });
    let engine = Arc::new(banyan::gateway::engine(built, &*store).unwrap());
    let (clock, audit) = (Clock::system(), Arc::new(NoAudit) as Arc<dyn Audit>);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sources = runtime.block_on(Sources::open(&engine, &*store, &clock, &audit, folder.path())).unwrap();
    let (live, told) = (Arc::new(LiveQueue::default()), Arc::new(|_: &ingest::States| {}));
    let at_work = ingest::start(engine.clone(), &sources, store.clone(), clock, live, told).unwrap();

    let dataset = engine.catalog.datasets[0].stored;
    let mut reader = store.reader().unwrap();
    // One by one, so that each is read, and its end told, in transactions of its own.
    for n in 0..FILES {
        std::fs::write(path(&format!("drop/{n}.csv")), format!("NO,NAME\n{n},Thing {n}\nall,Thing {n}\n")).unwrap();
        until("it is read", || {
            let units = reader.units(Some(dataset), None, 100).unwrap();
            units.len() == n + 1 && units.iter().all(|u| u.state == UnitState::Done)
        });
    }
    at_work.stop();
    assert_eq!(std::fs::read_dir(path("drop/read")).unwrap().count(), FILES, "each was moved");
    assert_eq!(reader.count(engine.catalog.entities[0].stored, &[]).unwrap(), FILES as u64 + 1);
    let total = reader.ledger_totals(dataset).unwrap()[0].tally;
    let twice = 2 * FILES as i64;
    assert_eq!((total.read, total.applied + total.unchanged + total.superseded), (twice, twice), "{total:?}");
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
    assert!(store.durable.load(Ordering::SeqCst) >= 2 * FILES as u32, "every other one failed");
}

#[test]
fn a_file_that_cannot_be_moved_is_moved_when_it_can() {
    let yaml = YAML.replace("banyan: 1\n", "");
    let site = Site::new(&yaml);
    // A file stands where the folder is to be.
    std::fs::write(site.path("drop/read"), "in the way").unwrap();
    let g = site.start();
    site.drop_file("drop/a.csv", "NO,NAME\n1,Cup\n");
    g.until("it is told", |g| g.dataset("shop.items")["feed"]["is"] == "failing");
    assert_eq!(g.count("/v1/items"), 1, "it was read all the same");
    site.drop_file("drop/b.csv", "NO,NAME\n2,Mug\n");
    g.until("others are read meanwhile", |g| g.count("/v1/items") == 2);
    g.until("it is told still", |g| g.dataset("shop.items")["feed"]["is"] == "failing");
    std::fs::remove_file(site.path("drop/read")).unwrap();
    assert_eq!([g.settled("shop.items", "a.csv"), g.settled("shop.items", "b.csv")], ["done", "done"]);
    assert!(site.path("drop/read/a.csv").exists() && site.path("drop/read/b.csv").exists());
    g.until("it is well again", |g| g.dataset("shop.items")["feed"]["is"] == "idle");
    g.stop();
}
