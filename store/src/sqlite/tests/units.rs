//! Units, the ledger, dead letters, reviews.

use super::support::{field, home, open, sound};
use crate::sqlite::SqliteStore;
use crate::{
    Bytes, DeadLetterFilter, DeadLetterState, Ingest, LedgerRow, NewDeadLetter, Store, Tally, UnitChange, UnitKey,
};
use banyan_words::{Id, Place, Type, UnitState};

fn store(home: &super::support::Home) -> SqliteStore {
    open(home, vec![field("name", Type::Text)]).0
}

fn unit(name: &str, version: &str, order: &str) -> UnitKey {
    UnitKey { name: name.into(), version: version.into(), order: order.into(), as_of: 5, token: "t".into() }
}

fn done(state: UnitState, records: u64) -> UnitChange {
    UnitChange { state, records, code: None, message: None, at: 50 }
}

fn applied(read: i64) -> Tally {
    Tally { read, applied: read, ..Tally::default() }
}

#[test]
fn a_broken_unit_is_begun_again_under_its_number_and_a_finished_one_is_new() {
    let home = home();
    let store = store(&home);
    let mut tx = store.ingest().unwrap();
    let a = tx.begin_unit(1, &unit("a.csv", "v1", "1"), 10).unwrap();
    tx.tally(a, 1, 3, &applied(4)).unwrap();
    tx.commit(1).unwrap();

    let mut tx = store.ingest().unwrap();
    assert_eq!(tx.begin_unit(1, &unit("a.csv", "v1", "1b"), 20).unwrap(), a);
    assert_eq!(tx.unit_order(a).unwrap(), "1b");
    tx.tally(a, 1, 3, &applied(2)).unwrap();
    tx.tally(a, 1, 3, &applied(3)).unwrap();
    tx.put_unit(a, &done(UnitState::Unacknowledged, 5)).unwrap();
    let b = tx.begin_unit(1, &unit("b.csv", "v1", "2"), 21).unwrap();
    tx.put_unit(
        b,
        &UnitChange { code: Some("shrunk".into()), message: Some("why".into()), ..done(UnitState::Refused, 0) },
    )
    .unwrap();
    tx.commit(2).unwrap();

    let mut reader = store.reader().unwrap();
    let row = LedgerRow { unit: a, dataset: 1, mapping: 3, tally: applied(5) };
    assert_eq!(reader.ledger(Some(1), None, 10).unwrap(), vec![row.clone()]);
    let u = reader.unit(a).unwrap().unwrap();
    assert_eq!(
        (u.key, u.state, u.records, u.begun, u.finished),
        (unit("a.csv", "v1", "1b"), UnitState::Unacknowledged, 5, 20, Some(50))
    );
    assert_eq!(reader.unacknowledged(1).unwrap().len(), 1);
    assert_eq!(reader.newest_order(1).unwrap().as_deref(), Some("1b"), "a refused unit orders nothing");
    assert_eq!(reader.unit_with_content(1, "v1").unwrap().map(|u| u.number), Some(a));
    assert_eq!(reader.unit_with_content(2, "v1").unwrap(), None);
    let refused = reader.unit_named(1, "b.csv").unwrap().unwrap();
    assert_eq!((refused.code.as_deref(), refused.message.as_deref()), (Some("shrunk"), Some("why")));

    let mut tx = store.ingest().unwrap();
    assert_eq!(tx.begin_unit(1, &unit("b.csv", "v1", "2"), 30).unwrap(), b, "a refused one is tried again");
    let again = tx.begin_unit(1, &unit("a.csv", "v1", "1b"), 31).unwrap();
    assert_ne!(again, a);
    assert_eq!(tx.unit_named(1, "a.csv", "v1").unwrap().map(|u| u.number), Some(again));
    assert_eq!(tx.unit_named(1, "a.csv", "v2").unwrap(), None);
    tx.put_unit(a, &UnitChange { at: 99, ..done(UnitState::Done, 5) }).unwrap();
    tx.commit(3).unwrap();
    let numbers = |us: Vec<crate::Unit>| us.iter().map(|u| u.number).collect::<Vec<_>>();
    assert_eq!(numbers(reader.units(Some(1), None, 2).unwrap()), [again, b]);
    assert_eq!(numbers(reader.units(None, Some(b), 9).unwrap()), [a]);
    assert_eq!(reader.unit(a).unwrap().unwrap().finished, Some(50), "acknowledging is not finishing");
    assert!(reader.unit(b).unwrap().unwrap().code.is_none());
    sound(&store);
}

#[test]
fn the_ledger_pages_by_whole_units_and_sums_up() {
    let home = home();
    let store = store(&home);
    let mut tx = store.ingest().unwrap();
    let mut units = Vec::new();
    for i in 0..4 {
        let u = tx.begin_unit(1 + i % 2, &unit(&format!("{i}"), "v", "o"), 1).unwrap();
        for mapping in [1, 2] {
            tx.tally(u, 1 + i % 2, mapping, &applied(i64::from(i) + 1)).unwrap();
        }
        units.push(u);
    }
    tx.commit(1).unwrap();
    // Counts move afterwards, in a later transaction.
    let mut tx = store.ingest().unwrap();
    tx.tally(units[0], 1, 1, &Tally { applied: -1, unchanged: 1, ..Tally::default() }).unwrap();
    tx.commit(2).unwrap();
    let mut reader = store.reader().unwrap();
    let at = |rows: Vec<LedgerRow>| rows.iter().map(|r| (r.unit, r.mapping)).collect::<Vec<_>>();
    assert_eq!(at(reader.ledger(None, None, 1).unwrap()), [(units[3], 1), (units[3], 2)]);
    assert_eq!(
        at(reader.ledger(None, Some(units[3]), 3).unwrap()),
        [(units[2], 1), (units[2], 2), (units[1], 1), (units[1], 2)]
    );
    assert_eq!(at(reader.ledger(Some(1), Some(units[2]), 9).unwrap()), [(units[0], 1), (units[0], 2)]);
    let totals = reader.ledger_totals(1).unwrap();
    assert_eq!(totals[0].tally, Tally { read: 4, applied: 3, unchanged: 1, ..Tally::default() });
    assert_eq!((totals[0].unit, totals[1].mapping, totals[1].tally.applied), (0, 2, 4));
    assert!(totals.iter().all(|r| r.tally.adds_up()));
}

fn letter<'a>(fingerprint: u64, record: Option<Id>) -> NewDeadLetter<'a> {
    NewDeadLetter {
        fingerprint,
        dataset: 1,
        mapping: 2,
        unit: 3,
        place: Place { line: 4, offset: 5 },
        record,
        code: "bad",
        message: "a message",
        field: Some("f"),
        raw: Ok(b"raw"),
        cells: None,
        at: 6,
    }
}

#[test]
fn a_letter_comes_once_and_counts_up() {
    let home = home();
    let store = store(&home);
    let mut tx = store.ingest().unwrap();
    let shape = tx.raw_shape("[]").unwrap();
    let mut put = |l: &NewDeadLetter<'_>| tx.put_dead_letter(l).unwrap();
    let (a, _) = put(&NewDeadLetter { cells: Some((shape, b"cells")), ..letter(1, Some(Id([1; 16]))) });
    assert_eq!(put(&NewDeadLetter { raw: Err(Bytes::None), ..letter(1, Some(Id([1; 16]))) }), (a, false));
    let (b, _) = put(&letter(u64::MAX, None));
    let (c, _) = put(&NewDeadLetter { dataset: 9, ..letter(1, None) });
    assert!(a < b && b < c);
    assert!(tx.dead_letter_open(a).unwrap());
    tx.commit(1).unwrap();
    let mut reader = store.reader().unwrap();
    let l = reader.dead_letter(a).unwrap().unwrap();
    assert_eq!(
        (l.times, l.state, l.unit, l.place, l.at),
        (2, DeadLetterState::Open, 3, Place { line: 4, offset: 5 }, 6)
    );
    assert_eq!(
        (l.code.as_str(), l.message.as_str(), l.field.as_deref(), &l.raw[..]),
        ("bad", "a message", Some("f"), &b"raw"[..])
    );
    let record = l.record.unwrap();
    assert_eq!((&*record.shape, &record.cells[..], record.unit), ("[]", &b"cells"[..], 3));
    assert_eq!(reader.dead_letter_counts().unwrap(), [(1, 2), (9, 1)]);
    let numbers = |f: DeadLetterFilter, reader: &mut dyn crate::Reader| -> Vec<u64> {
        reader.dead_letters(&f, 10).unwrap().iter().map(|l| l.number).collect()
    };
    assert_eq!(numbers(DeadLetterFilter { dataset: Some(1), ..Default::default() }, &mut *reader), [b, a]);
    assert_eq!(numbers(DeadLetterFilter { before: Some(b), ..Default::default() }, &mut *reader), [a]);
    assert_eq!(numbers(DeadLetterFilter { code: Some("other".into()), ..Default::default() }, &mut *reader), [0; 0]);

    let mut tx = store.ingest().unwrap();
    tx.close_dead_letter(a, DeadLetterState::Discarded, Some("known")).unwrap();
    tx.close_dead_letter(b, DeadLetterState::Replayed, None).unwrap();
    assert!(!tx.dead_letter_open(a).unwrap());
    let secret = NewDeadLetter { raw: Err(Bytes::Discarded), ..letter(1, Some(Id([1; 16]))) };
    assert_eq!(tx.put_dead_letter(&secret).unwrap(), (a, true));
    assert_eq!(tx.put_dead_letter(&letter(u64::MAX, None)).unwrap(), (b, false));
    tx.commit(2).unwrap();
    let l = reader.dead_letter(a).unwrap().unwrap();
    assert_eq!(
        (l.state, l.times, l.reason.as_deref()),
        (DeadLetterState::Discarded, 3, Some("known")),
        "discarded stays so"
    );
    assert_eq!((l.bytes, l.raw.len()), (Bytes::Discarded, 0), "what must not be kept is kept no longer");
    assert_eq!(reader.dead_letter(b).unwrap().unwrap().state, DeadLetterState::Open, "what failed again is open again");
    let open = DeadLetterFilter { state: Some(DeadLetterState::Open), ..Default::default() };
    assert_eq!(numbers(open, &mut *reader), [c, b]);
}

fn supersede(tx: &mut dyn Ingest, record: u8) -> Vec<(u64, u32)> {
    let open = tx.open_dead_letters(2, Id([record; 16])).unwrap();
    open.iter().for_each(|(n, ..)| tx.close_dead_letter(*n, DeadLetterState::Superseded, None).unwrap());
    open.into_iter().map(|(n, unit, _)| (n, unit)).collect()
}

#[test]
fn a_good_record_supersedes_its_letters_whether_few_or_many_are_open() {
    let home = home();
    let store = store(&home);
    // More than three are not held in memory here.
    for many in [2, 6] {
        let mut tx = store.ingest().unwrap();
        assert_eq!(supersede(&mut *tx, 1), []);
        let numbers: Vec<u64> = (1..=many)
            .map(|i| tx.put_dead_letter(&letter(100 * u64::from(many) + u64::from(i), Some(Id([i; 16])))).unwrap().0)
            .collect();
        let code = letter(1, None).code;
        let mut refused = |record: u8, unit, code| tx.refused_as(2, Id([record; 16]), unit, code).unwrap();
        assert!(refused(1, 3, code) && !refused(1, 4, code) && !refused(1, 3, "another") && !refused(99, 3, code));
        assert_eq!(supersede(&mut *tx, 1), [(numbers[0], 3)]);
        assert_eq!(supersede(&mut *tx, 1), []);
        assert!(!tx.refused_as(2, Id([1; 16]), 3, code).unwrap(), "it waits no longer");
        tx.commit(1).unwrap();
        let mut tx = store.ingest().unwrap();
        assert_eq!(supersede(&mut *tx, 2), [(numbers[1], 3)]);
        assert_eq!(tx.open_dead_letters(3, Id([2; 16])).unwrap(), []);
        drop(tx);
        // Rolled back: it is open still, and found again.
        let mut tx = store.ingest().unwrap();
        for i in 2..=many {
            assert_eq!(supersede(&mut *tx, i), [(numbers[usize::from(i) - 1], 3)]);
        }
        tx.commit(2).unwrap();
        assert_eq!(store.reader().unwrap().dead_letter_counts().unwrap(), []);
    }
}

#[test]
fn a_question_is_asked_once() {
    let home = home();
    let store = store(&home);
    let mut reader = store.reader().unwrap();
    let ask = |about: &str, at: i64| {
        let mut tx = store.ingest().unwrap();
        tx.put_review("key", "owners-disagree", 1, Id([1; 16]), about, at).unwrap();
        tx.commit(1).unwrap();
    };
    ask("a", 1);
    ask("b", 2);
    let open = reader.reviews(true, None, 10).unwrap();
    assert_eq!((open.len(), open[0].about.as_str(), open[0].at), (1, "b", 1));
    let mut tx = store.ingest().unwrap();
    tx.close_review("key").unwrap();
    tx.commit(1).unwrap();
    assert_eq!(reader.reviews(true, None, 10).unwrap(), []);
    assert!(!reader.reviews(false, None, 10).unwrap()[0].open);
    ask("b", 3);
    assert_eq!(reader.reviews(true, None, 10).unwrap()[0].at, 3, "it arose again");
    // Answered by a person: only another matter asks again.
    let mut tx = store.begin().unwrap();
    tx.with(|c| Ok(c.execute("UPDATE review SET state = 1", [])?)).unwrap();
    tx.finish().unwrap();
    ask("b", 4);
    assert_eq!(reader.reviews(true, None, 10).unwrap(), []);
    ask("c", 5);
    assert_eq!(reader.reviews(true, Some(99), 10).unwrap().len(), 1);
    assert_eq!(reader.reviews(true, Some(1), 10).unwrap(), []);
}
