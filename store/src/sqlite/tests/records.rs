//! Raw records, lookups and what rests on them, documents, the change feed's pages.

use super::support::{field, home, open, put, sound};
use crate::{LookupPut, Since, Store};
use banyan_model::instance::RawAt;
use banyan_words::{Id, Place, Type};

#[test]
fn raw_records_come_back_before_and_after_the_commit() {
    let home = home();
    let (store, _) = open(&home, vec![field("name", Type::Text)]);
    let cells = |i: u64| vec![i as u8; (i % 40) as usize];
    let place = |i: u64| Place { line: i, offset: i * 100 };
    let mut tx = store.ingest().unwrap();
    let shape = tx.raw_shape("[\"a\"]").unwrap();
    assert_eq!(tx.raw_shape("[\"a\"]").unwrap(), shape);
    let other = tx.raw_shape("[\"b\"]").unwrap();
    assert_ne!(other, shape);
    // Two datasets by turns: each fills blocks of its own.
    let at: Vec<(u64, u32, RawAt)> = (0..100)
        .map(|i| {
            let dataset = 1 + (i % 2) as u32;
            (i, dataset, tx.put_raw(dataset, 7, if i % 3 == 0 { other } else { shape }, place(i), &cells(i)).unwrap())
        })
        .collect();
    let check = |i: u64, row: crate::RawRow| {
        assert_eq!((row.unit, row.place, row.cells), (7, place(i), cells(i)));
        assert_eq!(&*row.shape, if i.is_multiple_of(3) { "[\"b\"]" } else { "[\"a\"]" });
    };
    for (i, _, at) in &at {
        check(*i, tx.raw(*at).unwrap().unwrap());
    }
    assert_eq!(tx.raw(RawAt { block: 999, slot: 0 }).unwrap(), None);
    tx.commit(1).unwrap();

    let mut reader = store.reader().unwrap();
    for (i, _, at) in &at {
        check(*i, reader.raw(*at).unwrap().unwrap());
    }
    assert_eq!(reader.raw(RawAt { block: at[0].2.block, slot: 10_000 }).unwrap(), None);
    assert_eq!(reader.raw(RawAt { block: 0, slot: 0 }).unwrap(), None);
    for dataset in [1, 2] {
        let (mut seen, mut block) = (Vec::new(), Some(0));
        while let Some(from) = block {
            block = reader
                .raw_from(dataset, from, 5, &mut |at, row| {
                    seen.push((row.place.line, at));
                    Ok(())
                })
                .unwrap();
        }
        let expected: Vec<_> = at.iter().filter(|(_, d, _)| *d == dataset).map(|(i, _, at)| (*i, *at)).collect();
        assert_eq!(seen, expected);
    }
    let mut tx = store.ingest().unwrap();
    let later = tx.put_raw(1, 8, shape, place(1), b"later").unwrap();
    assert!(at.iter().all(|(_, _, a)| a.block < later.block));
    tx.commit(2).unwrap();
    sound(&store);
}

#[test]
fn lookups_tell_what_changed_and_what_rests_on_them() {
    let home = home();
    let (store, _) = open(&home, vec![field("name", Type::Text)]);
    let raw = |i| RawAt { block: 5, slot: i };
    let mut tx = store.ingest().unwrap();
    let mut put = |value| tx.put_lookup(1, b"k", None, value).unwrap();
    let first = put("a");
    assert_eq!((first.changed, first.left.as_ref()), (true, None));
    assert_eq!(put("a"), LookupPut { changed: false, ..first.clone() });
    assert_eq!(put("b"), first);
    assert!(!tx.remove_lookup(1, b"none").unwrap());
    for i in 0..5 {
        tx.depend(1, b"k", 3, raw(i)).unwrap();
        tx.depend(1, b"k", 3, raw(i)).unwrap();
    }
    tx.depend(2, b"k", 3, raw(9)).unwrap();
    tx.commit(1).unwrap();
    let mut tx = store.ingest().unwrap();
    assert_eq!(tx.lookup(1, b"k").unwrap().as_deref(), Some("b"));
    tx.depend(1, b"k", 4, raw(9)).unwrap();
    let first = tx.dependents(1, b"k", 4).unwrap();
    assert_eq!(first, (0..4).map(|i| (3, raw(i))).collect::<Vec<_>>());
    assert_eq!(tx.dependents(1, b"k", 4).unwrap(), vec![(3, raw(4)), (4, raw(9))]);
    assert_eq!(tx.dependents(1, b"k", 4).unwrap(), vec![]);
    assert!(tx.remove_lookup(1, b"k").unwrap());
    tx.commit(2).unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.lookup(1, b"k").unwrap(), None);
}

#[test]
fn a_record_has_one_row_of_a_lookup_and_rows_that_were_not_marked_are_told() {
    let home = home();
    let (store, _) = open(&home, vec![field("name", Type::Text)]);
    let mut tx = store.ingest().unwrap();
    let (one, two) = (Some(Id([1; 16])), Some(Id([2; 16])));
    let a = tx.put_lookup(1, b"a", one, "x").unwrap();
    let b = tx.put_lookup(1, b"b", two, "y").unwrap();
    tx.put_lookup(2, b"a", one, "another lookup").unwrap();
    assert_eq!((tx.count_lookup(1).unwrap(), tx.lookup_row(1, b"b").unwrap()), (2, Some(b.n)));
    assert_eq!(tx.unmarked_lookup(1, &|n| n == b.n, 0, 9).unwrap(), [(a.n, b"a".to_vec())]);
    assert_eq!(tx.unmarked_lookup(1, &|_| false, a.n, 1).unwrap(), [(b.n, b"b".to_vec())]);
    // They change places: neither takes away what the other one says.
    assert_eq!(tx.put_lookup(1, b"b", one, "x").unwrap().left.as_deref(), Some(&b"a"[..]));
    assert_eq!(tx.put_lookup(1, b"a", two, "y").unwrap().left, None);
    assert_eq!(tx.lookup(1, b"a").unwrap().as_deref(), Some("y"));
    assert_eq!(tx.lookup(1, b"b").unwrap().as_deref(), Some("x"));
    assert_eq!(tx.remove_lookup_of(1, Id([1; 16])).unwrap().as_deref(), Some(&b"b"[..]));
    assert_eq!(tx.remove_lookup_of(1, Id([1; 16])).unwrap(), None);
    assert_eq!((tx.count_lookup(1).unwrap(), tx.count_lookup(2).unwrap()), (1, 1));
}

#[test]
fn documents_are_kept_by_name() {
    let home = home();
    let (store, _) = open(&home, vec![field("name", Type::Text)]);
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.meta("x").unwrap(), None);
    let mut tx = store.ingest().unwrap();
    tx.put_meta("x", "1").unwrap();
    tx.put_meta("x", "2").unwrap();
    assert_eq!(tx.meta("x").unwrap().as_deref(), Some("2"));
    tx.put_dataset(4, "{}").unwrap();
    tx.commit(1).unwrap();
    assert_eq!(reader.meta("x").unwrap().as_deref(), Some("2"));
    assert_eq!(reader.dataset(4).unwrap().as_deref(), Some("{}"));
    assert_eq!(reader.dataset(5).unwrap(), None);
}

#[test]
fn the_change_feed_pages_within_slices_and_keeps_their_times() {
    let home = home();
    let (store, catalog) = open(&home, vec![field("name", Type::Text)]);
    let entity = catalog.entities[0].stored;
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.newest_change().unwrap(), Since::default());
    for commit in 0..2 {
        let mut tx = store.ingest().unwrap();
        for i in 0..23 {
            let n = put(&mut *tx, &catalog, commit * 100 + i, &["\"x\"".into()]);
            tx.changed(entity, n).unwrap();
            tx.changed(entity, n).unwrap();
        }
        tx.commit(1000 + commit as i64).unwrap();
    }
    let (mut at, mut seen) = (Since::default(), Vec::new());
    loop {
        let page = reader.changes(entity, at, 6).unwrap();
        assert!(page.rows.len() <= 6);
        seen.extend(page.rows.iter().map(|(f, t)| (f.n, *t)));
        at = page.next;
        if !page.more {
            break;
        }
    }
    let expected: Vec<(u64, i64)> = (1..=46).map(|n| (n, if n <= 23 { 1000 } else { 1001 })).collect();
    assert_eq!(seen, expected);
    assert_eq!(at, reader.newest_change().unwrap());
    let end = reader.changes(entity, at, 6).unwrap();
    assert_eq!((end.rows.len(), end.next, end.more), (0, at, false));
}
