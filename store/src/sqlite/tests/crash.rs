//! What is left after a transaction that did not end well, and what readers see meanwhile.

use super::support::{Home, field, home, id, open, put, sound};
use crate::sqlite::SqliteStore;
use crate::{Reader, Receipt, Store, StoreError};
use banyan_model::model::Catalog;
use banyan_words::{Place, Type};
use std::path::Path;
use std::process::Command;

fn fields() -> Vec<banyan_model::model::Field> {
    vec![field("name", Type::Text)]
}

fn fill(store: &SqliteStore, catalog: &Catalog, numbers: std::ops::Range<u64>) -> Receipt {
    let mut tx = store.ingest().unwrap();
    for i in numbers {
        let n = put(&mut *tx, catalog, i, &[format!("\"{i}\"")]);
        tx.changed(catalog.entities[0].stored, n).unwrap();
        tx.put_raw(1, 1, 1, Place::default(), &[7; 50]).unwrap();
    }
    tx.commit(1).unwrap()
}

fn count(store: &SqliteStore, catalog: &Catalog) -> u64 {
    store.reader().unwrap().count(catalog.entities[0].stored, &[]).unwrap()
}

#[test]
fn a_dropped_transaction_leaves_no_trace() {
    let home = home();
    let (store, catalog) = open(&home, fields());
    fill(&store, &catalog, 0..10);
    let generation = store.generation();
    let mut tx = store.ingest().unwrap();
    for i in 10..200 {
        put(&mut *tx, &catalog, i, &["\"x\"".into()]);
    }
    drop(tx);
    assert_eq!(store.generation(), generation);
    assert_eq!(count(&store, &catalog), 10);
    sound(&store);
    fill(&store, &catalog, 10..20);
    assert_eq!(count(&store, &catalog), 20);
    sound(&store);
}

#[test]
fn a_reader_sees_whole_commits_and_each_of_them() {
    let home = home();
    let (store, catalog) = open(&home, fields());
    let e = catalog.entities[0].stored;
    fill(&store, &catalog, 0..10);
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.count(e, &[]).unwrap(), 10);
    let mut tx = store.ingest().unwrap();
    for i in 10..300 {
        put(&mut *tx, &catalog, i, &["\"x\"".into()]);
        if i % 50 == 0 {
            assert_eq!(reader.count(e, &[]).unwrap(), 10, "nothing of an open transaction");
            assert_eq!(reader.instance(e, id(10)).unwrap(), None);
        }
    }
    tx.commit(2).unwrap();
    assert_eq!(reader.count(e, &[]).unwrap(), 300, "a commit is seen at once");
}

#[test]
fn an_idle_reader_lets_go() {
    let home = home();
    let (store, catalog) = open(&home, fields());
    let e = catalog.entities[0].stored;
    fill(&store, &catalog, 0..10);
    let mut reader = store.reader().unwrap();
    reader.count(e, &[]).unwrap();
    fill(&store, &catalog, 10..100);
    // The reader's old view keeps the log; once it rests, all of it can be moved into the file.
    let moved = || {
        let writer = store.writer.as_ref().unwrap().lock().unwrap();
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        writer.conn.query_row(sql, [], |r| Ok(r.get::<_, i64>(1)? == r.get::<_, i64>(2)?)).unwrap()
    };
    assert!(!moved());
    reader.rest();
    assert!(moved());
    reader.count(e, &[]).unwrap();
    reader.rest();
    store.rest().unwrap();
    assert_eq!(reader.count(e, &[]).unwrap(), 100);
}

/// Not a test of its own: the process that the test below lets die.
#[test]
fn a_process_that_dies() {
    let Some(path) = std::env::var_os("BANYAN_STORE_DIES") else { return };
    let store = SqliteStore::open(Path::new(&path)).unwrap();
    let catalog = super::support::bound(&store, super::support::catalog(fields()));
    store.durable(fill(&store, &catalog, 0..100)).unwrap();
    let mut tx = store.ingest().unwrap();
    for i in 100..400 {
        put(&mut *tx, &catalog, i, &["\"x\"".into()]);
    }
    // As kill -9 does: no destructor runs, nothing is flushed.
    std::process::abort();
}

#[test]
fn a_killed_process_leaves_its_last_commit() {
    let home = home();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::tests::crash::a_process_that_dies"])
        .env("BANYAN_STORE_DIES", &home.path)
        .output()
        .unwrap()
        .status;
    assert!(!status.success());
    assert!(home.path.exists());
    let (store, catalog) = open(&home, fields());
    assert_eq!(count(&store, &catalog), 100);
    sound(&store);
    fill(&store, &catalog, 100..110);
    assert_eq!(count(&store, &catalog), 110);
}

/// Lets the file grow by so many pages.
fn limit(store: &SqliteStore, more: i64) {
    let writer = store.writer.as_ref().unwrap().lock().unwrap();
    let pages: i64 = writer.conn.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    let set: i64 =
        writer.conn.query_row(&format!("PRAGMA max_page_count = {}", pages + more), [], |r| r.get(0)).unwrap();
    assert_eq!(set, pages + more);
}

#[test]
fn a_full_disk_loses_nothing_and_passes() {
    let home = home();
    let (store, catalog) = open(&home, fields());
    fill(&store, &catalog, 0..10);
    // At every place where room may run out.
    for more in 0..12 {
        limit(&store, more);
        let mut tx = store.ingest().unwrap();
        let e = &catalog.entities[0];
        let mut error = None;
        for i in 10..2000 {
            let row = super::support::facts(e.shape, true, &["\"x\"".repeat(20)], Default::default());
            let one = |tx: &mut dyn crate::Ingest| {
                let n = tx.insert(e.stored, id(i), 1, &row)?;
                tx.index(e.stored, e.fields[0].stored, n, None, Some(&[1, 2, 3]))?;
                tx.put_raw(1, 1, 1, Place::default(), &i.to_le_bytes())
            };
            if let Err(e) = one(&mut *tx) {
                error = Some(e);
                break;
            }
        }
        let again = tx.insert(e.stored, id(5000), 1, &[]);
        assert!(error.is_none() || again.is_err(), "a broken transaction stays broken");
        let error = tx.commit(2).err().map(|e| error.unwrap_or(e)).unwrap();
        assert!(matches!(error, StoreError::Full), "{error}");
        assert!(error.may_pass());
        assert_eq!(count(&store, &catalog), 10);
        sound(&store);
    }
    limit(&store, 100_000);
    fill(&store, &catalog, 10..500);
    assert_eq!(count(&store, &catalog), 500);
    sound(&store);
}

#[test]
fn durable_returns_once_the_log_is_on_disk() {
    let home = home();
    let (store, catalog) = open(&home, fields());
    let first = fill(&store, &catalog, 0..10);
    let second = fill(&store, &catalog, 10..20);
    assert!(first < second);
    store.durable(second).unwrap();
    store.durable(first).unwrap();
    std::thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| store.durable(second).unwrap());
        }
    });
    assert_eq!(store.generation(), second.0);
}

#[test]
fn readers_and_a_writer_work_side_by_side() {
    let home: Home = home();
    let (store, catalog) = open(&home, fields());
    let e = catalog.entities[0].stored;
    let done = &std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|s| {
        for _ in 0..3 {
            let mut reader: Box<dyn Reader> = store.reader().unwrap();
            s.spawn(move || {
                let mut last = 0;
                while !done.load(std::sync::atomic::Ordering::Acquire) {
                    let count = reader.count(e, &[]).unwrap();
                    assert!(count >= last && count % 20 == 0, "{count} after {last}");
                    last = count;
                }
            });
        }
        for i in 0..20 {
            fill(&store, &catalog, i * 20..(i + 1) * 20);
        }
        done.store(true, std::sync::atomic::Ordering::Release);
    });
    sound(&store);
}
