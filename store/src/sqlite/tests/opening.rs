//! Whose file it is, which layout it has, who holds it.

use super::support::{Home, catalog, field, home, open, put, sound};
use crate::sqlite::{SqliteStore, layout, open as opening};
use crate::{Store, StoreError};
use banyan_words::Type;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

fn fields() -> Vec<banyan_model::model::Field> {
    vec![field("name", Type::Text)]
}

fn filled(home: &Home) -> banyan_model::model::Catalog {
    let (store, catalog) = open(home, fields());
    let mut tx = store.ingest().unwrap();
    for i in 0..30 {
        put(&mut *tx, &catalog, i, &[format!("\"{i}\"")]);
    }
    tx.commit(1).unwrap();
    catalog
}

/// The folder's files and a digest of what they hold. (Looking at a file whose last writer used a log leaves an empty log
/// beside it.)
fn contents(of: &Path) -> BTreeMap<String, u64> {
    let folder = of.parent().unwrap();
    std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap())
        .filter(|f| !f.file_name().to_string_lossy().ends_with("-shm"))
        .map(|f| (f.file_name().to_string_lossy().into_owned(), std::fs::read(f.path()).unwrap()))
        .filter(|(_, bytes)| !bytes.is_empty())
        .map(|(name, bytes)| (name, banyan_words::codec::hash(&bytes, 0)))
        .collect()
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let home = home();
    let catalog = filled(&home);
    let store = SqliteStore::open(&home.path).unwrap();
    let e = catalog.entities[0].stored;
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.count(e, &[]).unwrap(), 30);
    assert!(reader.instance(e, super::support::id(29)).unwrap().is_some());
    let pragma = |name: &str| {
        Connection::open(&home.path).unwrap().query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((pragma("page_size"), pragma("user_version")), (8192, layout::STEPS.len() as i64));
    sound(&store);
}

#[test]
fn names_keep_their_numbers_and_what_is_said_of_them_last() {
    let home = home();
    let first = filled(&home);
    let store = SqliteStore::open(&home.path).unwrap();
    let mut names = catalog(vec![field("other", Type::Date), field("name", Type::Integer)]).names();
    let numbers = store.register(&names).unwrap();
    let number = |kind: &str, name: &str| numbers[&(kind.to_owned(), name.to_owned())];
    assert_eq!(number("entity", "thing"), first.entities[0].stored);
    assert_eq!(number("field", "thing.name"), first.entities[0].fields[0].stored);
    assert_ne!(number("field", "thing.other"), number("field", "thing.name"));
    assert_ne!(numbers.iter().find(|((k, _), _)| k == "shape").unwrap().1, &first.entities[0].shape);
    let (name, about) = store.about("field", number("field", "thing.name")).unwrap().unwrap();
    assert_eq!((name.as_str(), about.contains("integer")), ("thing.name", true));
    assert_eq!(store.about("field", 999).unwrap(), None);
    // The same again, in another order.
    names.reverse();
    assert_eq!(store.register(&names).unwrap(), numbers);
    assert!(numbers.values().all(|n| *n >= 1));
}

#[test]
fn a_newer_layout_is_refused_and_left_alone() {
    let home = home();
    filled(&home);
    let conn = Connection::open(&home.path).unwrap();
    conn.pragma_update(None, "user_version", 77).unwrap();
    drop(conn);
    let before = contents(&home.path);
    for store in [SqliteStore::open(&home.path), SqliteStore::open_reader(&home.path)] {
        let e = store.unwrap_err();
        assert!(matches!(e, StoreError::Newer { found: 77, .. }), "{e}");
    }
    assert_eq!(contents(&home.path), before);
}

#[test]
fn a_file_of_someone_else_is_refused_and_left_alone() {
    let home = home();
    std::fs::create_dir_all(home.path.parent().unwrap()).unwrap();
    let text = |home: &Home| std::fs::write(&home.path, "name;city\n".repeat(900)).unwrap();
    let database = |home: &Home| {
        Connection::open(&home.path).unwrap().execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES(1)").unwrap();
    };
    for make in [&text as &dyn Fn(&Home), &database] {
        make(&home);
        let before = contents(&home.path);
        for store in [SqliteStore::open(&home.path), SqliteStore::open_reader(&home.path)] {
            let e = store.unwrap_err();
            assert!(matches!(e, StoreError::Foreign(_)), "{e}");
        }
        assert_eq!(contents(&home.path), before);
        std::fs::remove_file(&home.path).unwrap();
    }
    std::fs::create_dir(&home.path).unwrap();
    assert!(matches!(SqliteStore::open(&home.path), Err(StoreError::Foreign(_))));
}

#[test]
fn a_file_that_was_only_begun_is_filled() {
    let home = home();
    std::fs::create_dir_all(home.path.parent().unwrap()).unwrap();
    std::fs::write(&home.path, "").unwrap();
    assert!(matches!(SqliteStore::open_reader(&home.path), Err(StoreError::Database(_))));
    drop(SqliteStore::open(&home.path).unwrap());
    filled(&home);
}

#[test]
fn one_gateway_holds_a_store_and_others_may_read_it() {
    let home = home();
    let catalog = filled(&home);
    let store = SqliteStore::open(&home.path).unwrap();
    assert!(matches!(SqliteStore::open(&home.path), Err(StoreError::Locked(p)) if p.ends_with("banyan.db")));
    let other = SqliteStore::open_reader(&home.path).unwrap();
    let e = catalog.entities[0].stored;
    let mut reader = other.reader().unwrap();
    assert_eq!(reader.count(e, &[]).unwrap(), 30);
    assert!(matches!(other.ingest().err(), Some(StoreError::ReadOnly(_))));
    assert!(matches!(other.prepare(&catalog), Err(StoreError::ReadOnly(_))));
    assert!(matches!(other.tidy(0, &catalog), Err(StoreError::ReadOnly(_))));
    assert_eq!(other.register(&catalog.names()).unwrap(), store.register(&catalog.names()).unwrap());
    sound(&other);
    drop(store);
    SqliteStore::open(&home.path).unwrap();
}

#[test]
fn a_lock_that_outlasts_its_gateway_for_a_moment_is_waited_for() {
    let home = home();
    filled(&home);
    let held = crate::sqlite::open::lock(&home.path).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let path = home.path.clone();
    let opening = std::thread::spawn(move || {
        tell.send(()).unwrap();
        SqliteStore::open(&path).map(drop)
    });
    told.recv().unwrap();
    // Long enough that it was met; it may also come later, and finds the lock free then.
    std::thread::sleep(std::time::Duration::from_millis(100));
    drop(held);
    opening.join().unwrap().unwrap();
}

/// Not a test of its own: what the other process of the test below does.
#[test]
fn another_process() {
    let Some(path) = std::env::var_os("BANYAN_STORE_HELD") else { return };
    let _store = SqliteStore::open(Path::new(&path)).unwrap();
    println!("held");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn two_processes_never_share_a_store() {
    use std::io::{BufRead, BufReader};
    let home = home();
    filled(&home);
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::tests::opening::another_process", "--nocapture"])
        .env("BANYAN_STORE_HELD", &home.path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|l| l.contains("held")), "the other process holds the store");
    assert!(matches!(SqliteStore::open(&home.path), Err(StoreError::Locked(_))));
    assert!(SqliteStore::open_reader(&home.path).is_ok());
    other.kill().unwrap();
    other.wait().unwrap();
    sound(&SqliteStore::open(&home.path).unwrap());
}

#[test]
fn a_layout_is_raised_wholly_or_not_at_all() {
    let mut conn = Connection::open_in_memory().unwrap();
    let version = |c: &Connection| c.query_row("PRAGMA user_version", [], |r| r.get::<_, i64>(0)).unwrap();
    opening::raise(&mut conn, 0, &["CREATE TABLE a(x)"]).unwrap();
    assert_eq!(version(&conn), 1);
    let steps = ["CREATE TABLE a(x)", "CREATE TABLE b(x)", "CREATE TABLE b(x)"];
    assert!(opening::raise(&mut conn, 1, &steps).is_err());
    assert_eq!(version(&conn), 1);
    assert!(conn.prepare("SELECT * FROM b").is_err());
    opening::raise(&mut conn, 1, &steps[..2]).unwrap();
    assert_eq!(version(&conn), 2);
    opening::raise(&mut conn, 2, &steps[..2]).unwrap();
}

#[test]
fn letters_and_lookups_of_the_first_layout_are_kept() {
    let home = home();
    std::fs::create_dir_all(home.path.parent().unwrap()).unwrap();
    let mut conn = Connection::open(&home.path).unwrap();
    opening::raise(&mut conn, 0, &layout::STEPS[..1]).unwrap();
    conn.execute_batch(
        "INSERT INTO columns VALUES(1, '[]');
         INSERT INTO letter(number, fingerprint, dataset, mapping, unit, line, off, code, message, shape, at, times, state,
            cells, raw) VALUES(1, 1, 1, 1, 1, 1, 0, 'c', 'm', 1, 0, 1, 0, x'', 'A=1'), (2, 2, 1, 0, 1, 2, 9, 'c', 'm', NULL, 0, 1, 0,
            NULL, CAST('as it came' AS BLOB));
         UPDATE letter SET raw = CAST(raw AS BLOB);
         INSERT INTO lookup VALUES(1, x'01', 'one'), (2, x'01', 'another');",
    )
    .unwrap();
    drop(conn);
    let store = SqliteStore::open(&home.path).unwrap();
    let mut reader = store.reader().unwrap();
    let mut letter = |number| reader.dead_letter(number).unwrap().unwrap();
    let (mapped, unread) = (letter(1), letter(2));
    assert_eq!((mapped.bytes, mapped.raw.len()), (crate::Bytes::None, 0), "what stood there was no bytes but columns");
    assert_eq!((unread.bytes, &unread.raw[..]), (crate::Bytes::Kept, &b"as it came"[..]));
    assert_eq!(reader.lookup(2, &[1]).unwrap().as_deref(), Some("another"));
    let mut tx = store.ingest().unwrap();
    assert!(!tx.put_lookup(1, &[1], None, "one").unwrap().changed);
}
