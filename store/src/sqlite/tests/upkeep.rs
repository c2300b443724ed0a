//! Verifying, copying, tidying.

use super::support::{facts, field, home, id, key, open, put, sound};
use crate::sqlite::SqliteStore;
use crate::{Store, StoreError};
use banyan_model::instance::RawAt;
use banyan_model::model::Catalog;
use banyan_words::{Place, Type};

fn filled(home: &super::support::Home) -> (SqliteStore, Catalog) {
    let (store, catalog) = open(home, vec![field("name", Type::Text)]);
    let mut tx = store.ingest().unwrap();
    for i in 0..30 {
        put(&mut *tx, &catalog, i, &[format!("\"{i}\"")]);
        tx.put_record(catalog.mappings[0].stored, id(900 + i), i + 1, 1).unwrap();
        tx.put_raw(catalog.datasets[0].stored, 1, 1, Place::default(), &[1; 40]).unwrap();
    }
    tx.commit(1).unwrap();
    sound(&store);
    (store, catalog)
}

#[test]
fn verify_finds_what_is_wrong() {
    let damages = [
        ("DELETE FROM ids_E WHERE n = 3", "do not lead to them"),
        ("DELETE FROM ent_E WHERE n = 3", "lead nowhere"),
        ("UPDATE ent_E SET facts = x'00' WHERE n = 3", "cannot be read"),
        ("DELETE FROM x_E_F WHERE n = 3", "missing in the index"),
        ("UPDATE x_E_F SET v = x'0100' WHERE n = 3", "missing in the index"),
        ("INSERT INTO x_E_F(v, n) VALUES(x'0199', 3)", "31 entries for 30"),
        ("UPDATE counter SET live = 4 WHERE kind = 0", "live instances is off"),
        ("UPDATE counter SET direct = 4 WHERE kind = 0", "direct observations is off"),
        ("UPDATE counter SET next = 4 WHERE kind = 0", "next number is given"),
        ("DELETE FROM rid_M WHERE n = 3", "do not lead to them"),
        ("DELETE FROM rec_M WHERE n = 3", "keys are off by"),
        ("UPDATE raw SET z = x'ffff' WHERE blk = 1", "raw block 1"),
        ("UPDATE raw SET len = len + 1 WHERE blk = 1", "raw block 1"),
        ("INSERT INTO ledger VALUES(9, 1, 1, 5, 4, 0, 0, 0, 0, 0, 0, 0)", "does not add up"),
        ("INSERT INTO ledger VALUES(9, 1, 1, 5, 5, 0, 0, 0, 0, 0, 0, 0)", "belong to no unit"),
    ];
    let home = home();
    let (store, catalog) = filled(&home);
    let e = &catalog.entities[0];
    for (sql, expected) in damages {
        let sql = sql
            .replace("x_E_F", &format!("x_{}_{}", e.stored, e.fields[0].stored))
            .replace("_E", &format!("_{}", e.stored))
            .replace("_M", &format!("_{}", catalog.mappings[0].stored));
        let copy = home.path.with_file_name("copy.db");
        store.backup(&copy).unwrap();
        rusqlite::Connection::open(&copy).unwrap().execute_batch(&sql).unwrap();
        let damaged = SqliteStore::open(&copy).unwrap();
        let report = damaged.verify().unwrap().join("\n");
        assert!(report.contains(expected), "{sql}: {report:?}");
        drop(damaged);
        std::fs::remove_file(&copy).unwrap();
    }
    sound(&store);
}

#[test]
fn a_backup_is_of_one_commit_and_overwrites_nothing() {
    let home = home();
    let (store, catalog) = filled(&home);
    let to = home.path.with_file_name("backup.db");
    std::thread::scope(|s| {
        let writing = s.spawn(|| {
            for i in 0..20_u64 {
                let mut tx = store.ingest().unwrap();
                for j in 0..30 {
                    put(&mut *tx, &catalog, 100 + i * 30 + j, &["\"x\"".into()]);
                }
                tx.commit(1).unwrap();
            }
        });
        store.backup(&to).unwrap();
        writing.join().unwrap();
    });
    assert!(matches!(store.backup(&to), Err(StoreError::Database(_))));
    assert!(!home.path.with_file_name("backup.db.partial").exists());
    let copy = SqliteStore::open(&to).unwrap();
    sound(&copy);
    assert_eq!(copy.reader().unwrap().count(catalog.entities[0].stored, &[]).unwrap() % 30, 0);
    assert!(store.backup(&home.path.with_file_name("no").join("such.db")).is_err());
}

#[test]
fn tidying_drops_old_blocks_that_nothing_rests_on() {
    let home = home();
    let (store, catalog) = open(&home, vec![field("name", Type::Text)]);
    let (e, dataset) = (&catalog.entities[0], catalog.datasets[0].stored);
    let cells = [3; 60];
    let mut all = Vec::new();
    // Three commits, at 10, 60 and 200 seconds; raw records are kept for 100.
    for (commit, at) in [10_000, 60_000, 200_000].into_iter().enumerate() {
        let mut tx = store.ingest().unwrap();
        let shape = tx.raw_shape("[]").unwrap();
        for i in 0..40_u64 {
            let raw = tx.put_raw(dataset, 1, shape, Place { line: i, offset: 0 }, &cells).unwrap();
            let other = tx.put_raw(dataset + 50, 1, shape, Place::default(), &cells).unwrap();
            tx.depend(1, b"k", 1, raw).unwrap();
            all.push((commit, raw, other));
            // One row rests on a record of each commit.
            if i == 20 {
                let fragments = ["\"x\"".to_owned()];
                let n = tx.insert(e.stored, id(commit as u64), 1, &facts(e.shape, true, &fragments, raw)).unwrap();
                tx.index(e.stored, e.fields[0].stored, n, None, Some(&key(&Type::Text, &fragments[0]))).unwrap();
            }
        }
        tx.commit(at).unwrap();
    }
    assert_eq!(store.tidy(100_000, &catalog).unwrap(), 0, "nothing is old enough");
    let kept = |now: i64| -> Vec<(usize, u64)> {
        store.tidy(now, &catalog).unwrap();
        sound(&store);
        let mut reader = store.reader().unwrap();
        assert!(all.iter().all(|(_, _, other)| reader.raw(*other).unwrap().is_some()), "another dataset keeps its own");
        let mut blocks: Vec<_> = all
            .iter()
            .filter(|(_, raw, _)| reader.raw(*raw).unwrap().is_some())
            .map(|(c, raw, _)| (*c, raw.block))
            .collect();
        blocks.dedup();
        blocks
    };
    let resting = |commit: usize| {
        all.iter()
            .find(|(c, raw, _)| *c == commit && store.reader().unwrap().raw(*raw).unwrap().is_some())
            .map(|(_, raw, _)| raw.block)
    };
    let left = kept(150_000);
    assert_eq!(left.iter().filter(|(c, _)| *c == 0).count(), 1);
    assert!(left.iter().filter(|(c, _)| *c == 1).count() > 3, "those of the second commit are too young");
    assert!(resting(0).is_some());
    let left = kept(250_000);
    assert_eq!(left.iter().filter(|(c, _)| *c < 2).count(), 2);
    let mut tx = store.ingest().unwrap();
    let mut rest = Vec::new();
    loop {
        let some = tx.dependents(1, b"k", 50).unwrap();
        if some.is_empty() {
            break;
        }
        rest.extend(some);
    }
    assert!(rest.iter().all(|(_, raw)| left.iter().any(|(_, block)| *block == raw.block)));
    drop(tx);
    assert!(store.tidy(250_000, &catalog).unwrap() == 0, "a second time finds nothing");
}

#[test]
fn a_block_that_is_pointed_to_while_tidying_stays() {
    let home = home();
    let (store, catalog) = filled(&home);
    let e = &catalog.entities[0];
    // What `tidy` does before it looks.
    let writer = store.writer.as_ref().unwrap();
    writer.lock().unwrap().pointed = Some(crate::sqlite::bits::Bits::default());
    let mut tx = store.ingest().unwrap();
    tx.update(e.stored, 1, id(0), 1, &facts(e.shape, true, &["\"0\"".into()], RawAt { block: 2, slot: 0 })).unwrap();
    tx.commit(2).unwrap();
    let pointed = writer.lock().unwrap().pointed.take().unwrap();
    assert!(pointed.has(2) && !pointed.has(1));
}
