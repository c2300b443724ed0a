//! Folding: what stays, what goes, and that the sums are the same before and after.

use super::support::{field, home, open, sound};
use crate::{Bytes, Ingest, NewDeadLetter, Store, Tally, UnitChange, UnitKey};
use banyan_words::{Place, Type, UnitState};

fn pass(tx: &mut dyn Ingest, at: i64, state: UnitState, tally: Tally) -> u32 {
    let order = format!("{at:06}");
    let key = UnitKey { name: format!("pass {order}"), version: order.clone(), order, as_of: at, token: String::new() };
    let unit = tx.begin_unit(1, &key, at).unwrap();
    tx.tally(unit, 1, 3, &tally).unwrap();
    let (records, code, message) = (tally.read as u64, None, None);
    tx.put_unit(unit, &UnitChange { state, records, code, message, at: at + 1 }).unwrap();
    unit
}

fn same(read: i64) -> Tally {
    Tally { read, unchanged: read, ..Tally::default() }
}

fn letter(unit: u32, cells: &[u8], shape: u32) -> NewDeadLetter<'_> {
    NewDeadLetter {
        fingerprint: 7,
        dataset: 1,
        mapping: 3,
        unit,
        place: Place::default(),
        record: None,
        code: "c",
        message: "m",
        field: None,
        raw: Err(Bytes::None),
        cells: Some((shape, cells)),
        at: 1,
    }
}

#[test]
fn thousands_of_passes_that_changed_nothing_are_a_few_rows() {
    let home = home();
    let (store, _) = open(&home, vec![field("name", Type::Text)]);
    for round in 0..10 {
        let mut tx = store.ingest().unwrap();
        for i in 0..300 {
            pass(&mut *tx, round * 300 + i, UnitState::Done, same(10));
        }
        tx.commit(1).unwrap();
        store.fold(1, 20).unwrap();
        assert_eq!(store.reader().unwrap().units(Some(1), None, 1000).unwrap().len(), 20);
    }
    let mut reader = store.reader().unwrap();
    let totals = reader.ledger_totals(1).unwrap();
    assert_eq!((totals.len(), totals[0].tally), (1, same(30_000)));
    let folded = reader.folded(1).unwrap().unwrap();
    assert_eq!((folded.units, folded.abandoned, folded.since, folded.until), (2_980, 0, 0, 2_979));
    assert_eq!((folded.rows.len(), folded.rows[0].mapping, folded.rows[0].tally), (1, 3, same(29_800)));
    assert_eq!(reader.ledger(Some(1), None, 1000).unwrap().len(), 20);
    assert_eq!(reader.folded(2).unwrap(), None);
    assert_eq!(store.fold(1, 20).unwrap(), 0, "and nothing is left to fold");
    sound(&store);
    // The highest number is never given twice.
    let mut tx = store.ingest().unwrap();
    let next = pass(&mut *tx, 5_000, UnitState::Done, same(1));
    tx.commit(1).unwrap();
    assert_eq!(next, 3_001);
}

#[test]
fn what_something_refers_to_stays() {
    let home = home();
    let (store, _) = open(&home, vec![field("name", Type::Text)]);
    let mut tx = store.ingest().unwrap();
    let shape = tx.raw_shape("[]").unwrap();
    let raw = pass(&mut *tx, 1, UnitState::Done, Tally { read: 1, skipped: 1, ..Tally::default() });
    tx.put_raw(1, raw, shape, Place::default(), b"cells").unwrap();
    let refused = Tally { read: 1, rejected: 1, ..Tally::default() };
    let earlier = pass(&mut *tx, 2, UnitState::Done, refused);
    tx.put_dead_letter(&letter(earlier, b"", shape)).unwrap();
    let later = pass(&mut *tx, 3, UnitState::Done, refused);
    tx.put_dead_letter(&letter(later, b"", shape)).unwrap();
    let failed = pass(&mut *tx, 4, UnitState::Abandoned, same(2));
    let open_one = pass(&mut *tx, 5, UnitState::Open, same(1));
    let waits = pass(&mut *tx, 6, UnitState::Unacknowledged, same(1));
    let highest = pass(&mut *tx, 9_999, UnitState::Done, same(1));
    let newest = pass(&mut *tx, 8, UnitState::Done, same(1));
    tx.commit(1).unwrap();
    let before = store.reader().unwrap().ledger_totals(1).unwrap();
    assert_eq!(store.fold(1, 0).unwrap(), 2);
    let mut reader = store.reader().unwrap();
    let left: Vec<u32> = reader.units(Some(1), None, 100).unwrap().iter().map(|u| u.number).collect();
    assert_eq!(left, [newest, highest, waits, open_one, later, raw]);
    let folded = reader.folded(1).unwrap().unwrap();
    assert_eq!((folded.units, folded.abandoned), (2, 1));
    assert!(!left.contains(&earlier) && !left.contains(&failed), "the letter came again, the failed one left nothing");
    assert_eq!(reader.ledger_totals(1).unwrap(), before);
    assert_eq!(reader.newest_order(1).unwrap().as_deref(), Some("009999"));
    sound(&store);
}

#[test]
fn open_units_are_given_up_with_the_reason_they_have() {
    let home = home();
    let (store, _) = open(&home, vec![field("name", Type::Text)]);
    let mut tx = store.ingest().unwrap();
    let plain = pass(&mut *tx, 1, UnitState::Open, same(4));
    let drifted = pass(&mut *tx, 2, UnitState::Open, same(0));
    let why = UnitChange {
        state: UnitState::Open,
        records: 0,
        code: Some("drift".into()),
        message: Some("columns".into()),
        at: 3,
    };
    tx.put_unit(drifted, &why).unwrap();
    let done = pass(&mut *tx, 3, UnitState::Done, same(1));
    tx.commit(1).unwrap();
    let mut tx = store.ingest().unwrap();
    assert_eq!((tx.abandon_units(1, "why", 9).unwrap(), tx.abandon_units(2, "why", 9).unwrap()), (2, 0));
    tx.commit(1).unwrap();
    let mut reader = store.reader().unwrap();
    let mut of = |n| reader.unit(n).unwrap().unwrap();
    let said = |u: &crate::Unit| (u.state, u.code.clone().unwrap_or_default(), u.message.clone().unwrap_or_default());
    assert_eq!(said(&of(plain)), (UnitState::Abandoned, "abandoned".into(), "why".into()));
    assert_eq!((of(plain).records, of(plain).finished), (4, Some(9)), "what came of it is told");
    assert_eq!(said(&of(drifted)), (UnitState::Abandoned, "drift".into(), "columns".into()));
    assert_eq!(of(done).state, UnitState::Done);
    // The same pass may begin once more.
    let mut tx = store.ingest().unwrap();
    let key = UnitKey { as_of: 1, ..of(plain).key };
    assert_eq!(tx.begin_unit(1, &key, 20).unwrap(), plain);
    tx.commit(1).unwrap();
}
