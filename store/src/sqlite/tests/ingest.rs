//! The write transaction against plain maps: whatever is asked between writes, spills, commits, rollbacks and restarts.

use super::support::{Home, facts, field, home, id, key, open, sound};
use crate::sqlite::SqliteStore;
use crate::{Ingest, RecordRow, Since, Store};
use banyan_model::instance::RawAt;
use banyan_model::model::Catalog;
use banyan_words::{Id, Type};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What the store should hold.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    /// Number to id, hash, live, value.
    rows: BTreeMap<u64, (Id, u64, bool, u8)>,
    ids: BTreeMap<Id, u64>,
    records: BTreeMap<Id, RecordRow>,
    changed: BTreeSet<u64>,
}

#[derive(Clone, Debug)]
enum Step {
    /// Looks up a run of ids, and stores those that are new.
    Read {
        from: u8,
        len: u8,
        by: u8,
    },
    Update {
        at: u8,
        value: u8,
        live: bool,
    },
    Remove(u8),
    Alias {
        id: u8,
        at: u8,
    },
    Records {
        from: u8,
        len: u8,
    },
    RemoveRecord(u8),
    WithKey(u8),
    Unmarked(u8),
    Commit,
    Abandon,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (any::<u8>(), 0_u8..40, 1_u8..4).prop_map(|(from, len, by)| Step::Read { from, len, by }),
        4 => (any::<u8>(), 0_u8..5, any::<bool>()).prop_map(|(at, value, live)| Step::Update { at, value, live }),
        1 => any::<u8>().prop_map(Step::Remove),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(id, at)| Step::Alias { id, at }),
        3 => (any::<u8>(), 0_u8..40).prop_map(|(from, len)| Step::Records { from, len }),
        1 => any::<u8>().prop_map(Step::RemoveRecord),
        2 => (0_u8..5).prop_map(Step::WithKey),
        1 => any::<u8>().prop_map(Step::Unmarked),
        2 => Just(Step::Commit),
        1 => Just(Step::Abandon),
        1 => Just(Step::Restart),
    ]
}

fn value(v: u8) -> String {
    if v == 0 { String::new() } else { format!("\"{v}\"") }
}

fn index_key(v: u8) -> Vec<u8> {
    key(&Type::Text, &value(v))
}

struct Test<'a> {
    catalog: &'a Catalog,
    model: Model,
}

impl Test<'_> {
    fn entity(&self) -> (u32, u32, u32) {
        let e = &self.catalog.entities[0];
        (e.stored, e.shape, e.fields[0].stored)
    }

    fn nth(&self, at: u8) -> Option<u64> {
        let rows = &self.model.rows;
        if rows.is_empty() { None } else { rows.keys().nth(usize::from(at) % rows.len()).copied() }
    }

    fn read(&mut self, tx: &mut dyn Ingest, ids: &[Id]) {
        let (entity, shape, field) = self.entity();
        let mut found = Vec::new();
        tx.find(entity, ids, &mut found).unwrap();
        assert_eq!(found.len(), ids.len());
        for (id, found) in ids.iter().zip(found) {
            let known = self.model.ids.get(id).map(|n| {
                let row = &self.model.rows[n];
                (*n, if row.0 == *id { row.1 } else { 0 })
            });
            assert_eq!(found, known, "{id}");
            if known.is_none() {
                let (hash, v) = (u64::from(id.0[0]), id.0[1] % 5);
                let n = tx.insert(entity, *id, hash, &facts(shape, true, &[value(v)], RawAt::default())).unwrap();
                tx.index(entity, field, n, None, Some(&index_key(v))).unwrap();
                tx.changed(entity, n).unwrap();
                assert!(self.model.rows.keys().all(|k| *k < n), "numbers grow");
                self.model.rows.insert(n, (*id, hash, true, v));
                self.model.ids.insert(*id, n);
                self.model.changed.insert(n);
            }
        }
    }

    fn update(&mut self, tx: &mut dyn Ingest, at: u8, v: u8, live: bool) {
        let (entity, shape, field) = self.entity();
        let Some(n) = self.nth(at) else { return };
        let (id, hash, was_live, old) = self.model.rows[&n];
        let found = tx.load(entity, n).unwrap().unwrap();
        assert_eq!((found.id, found.n), (id, n));
        assert_eq!(found.facts, facts(shape, was_live, &[value(old)], RawAt::default()));
        let hash = if v == 3 { 0 } else { hash + 1 };
        tx.update(entity, n, id, hash, &facts(shape, live, &[value(v)], RawAt::default())).unwrap();
        let (old_key, new_key) = (index_key(old), index_key(v));
        tx.index(entity, field, n, was_live.then_some(&old_key[..]), live.then_some(&new_key[..])).unwrap();
        tx.changed(entity, n).unwrap();
        self.model.rows.insert(n, (id, hash, live, v));
        self.model.changed.insert(n);
    }

    fn remove(&mut self, tx: &mut dyn Ingest, at: u8) {
        let (entity, _, field) = self.entity();
        let Some(n) = self.nth(at) else { return };
        let (id, _, live, v) = self.model.rows[&n];
        if live {
            tx.index(entity, field, n, Some(&index_key(v)), None).unwrap();
        }
        tx.remove(entity, n, id).unwrap();
        assert_eq!(tx.load(entity, n).unwrap(), None);
        self.model.rows.remove(&n);
        self.model.ids.retain(|_, at| *at != n);
    }

    fn alias(&mut self, tx: &mut dyn Ingest, other: u8, at: u8) {
        let (entity, ..) = self.entity();
        let Some(n) = self.nth(at) else { return };
        let alias = id(1000 + u64::from(other % 40));
        // An instance's own id is never given away while it is there.
        if self.model.rows.values().all(|r| r.0 != alias) {
            tx.alias(entity, alias, n).unwrap();
            self.model.ids.insert(alias, n);
        }
    }

    fn records(&mut self, tx: &mut dyn Ingest, keys: &[Id]) {
        let mapping = self.catalog.mappings[0].stored;
        let mut found = Vec::new();
        tx.records(mapping, keys, &mut found).unwrap();
        for (key, found) in keys.iter().zip(found) {
            assert_eq!(found, self.model.records.get(key).copied());
            let (n, hash) = (u64::from(key.0[3]) + found.map_or(0, |f| f.n % 7), u64::from(key.0[4]));
            let o = tx.put_record(mapping, *key, n, hash).unwrap();
            assert!(found.is_none_or(|f| f.o == o));
            assert_eq!(tx.put_record(mapping, *key, n, hash).unwrap(), o, "a record keeps its number");
            self.model.records.insert(*key, RecordRow { o, n, hash });
        }
    }

    fn run(&mut self, tx: &mut dyn Ingest, step: &Step) {
        let (entity, _, field) = self.entity();
        match step {
            Step::Read { from, len, by } => {
                let ids = (0..u64::from(*len)).map(|i| id(u64::from(*from) + i * u64::from(*by)));
                let ids: BTreeMap<u64, Id> = ids.enumerate().map(|(i, id)| (i as u64, id)).collect();
                self.read(tx, &ids.into_values().collect::<Vec<_>>());
            }
            Step::Update { at, value, live } => self.update(tx, *at, *value, *live),
            Step::Remove(at) => self.remove(tx, *at),
            Step::Alias { id, at } => self.alias(tx, *id, *at),
            Step::Records { from, len } => {
                let keys: Vec<Id> = (0..u64::from(*len)).map(|i| id(5000 + u64::from(*from) + i)).collect();
                self.records(tx, &keys);
            }
            Step::RemoveRecord(at) => {
                let key = id(5000 + u64::from(*at));
                tx.remove_record(self.catalog.mappings[0].stored, key).unwrap();
                self.model.records.remove(&key);
            }
            Step::WithKey(v) => {
                let all: Vec<u64> = self.model.rows.iter().filter(|(_, r)| r.2 && r.3 == *v).map(|(n, _)| *n).collect();
                assert_eq!(tx.with_key(entity, field, &index_key(*v), 0, usize::MAX).unwrap(), all);
                let after = all.get(1).copied().unwrap_or(0);
                let some: Vec<u64> = all.iter().copied().filter(|n| *n > after).take(3).collect();
                assert_eq!(tx.with_key(entity, field, &index_key(*v), after, 3).unwrap(), some);
            }
            Step::Unmarked(seed) => {
                let marks = |n: u64| n.is_multiple_of(u64::from(*seed) + 2);
                let rows = self.model.rows.iter().filter(|(n, r)| r.1 != 0 && !marks(**n));
                let expected: Vec<_> = rows.map(|(n, r)| (*n, r.0)).collect();
                assert_eq!(tx.unmarked(entity, &marks, 0, usize::MAX).unwrap(), expected);
                let mapping = self.catalog.mappings[0].stored;
                let records = self.model.records.iter().filter(|(_, r)| !marks(r.o));
                let expected: BTreeSet<_> = records.map(|(k, r)| (r.o, *k, r.n)).collect();
                let got = tx.unmarked_records(mapping, &marks, 0, usize::MAX).unwrap();
                assert_eq!(got, expected.into_iter().collect::<Vec<_>>());
                let direct = self.model.rows.values().filter(|r| r.1 != 0).count() as u64;
                assert_eq!(tx.count_records(entity, None).unwrap(), direct);
                assert_eq!(tx.count_records(entity, Some(mapping)).unwrap(), self.model.records.len() as u64);
                let after = self.model.rows.keys().next().copied().unwrap_or(0);
                let numbers: Vec<u64> = self.model.rows.keys().copied().filter(|n| *n > after).take(4).collect();
                assert_eq!(tx.scan(entity, after, 4).unwrap(), numbers);
            }
            Step::Commit | Step::Abandon | Step::Restart => {}
        }
    }

    /// What readers see.
    fn check(&self, store: &SqliteStore, since: Since) {
        let (entity, ..) = self.entity();
        let mut reader = store.reader().unwrap();
        for (alias, n) in &self.model.ids {
            let found = reader.instance(entity, *alias).unwrap().unwrap();
            assert_eq!((found.n, found.id), (*n, self.model.rows[n].0));
            let mut all: Vec<Id> = self.model.ids.iter().filter(|(_, m)| *m == n).map(|(id, _)| *id).collect();
            all.sort_by_key(|id| (*id != found.id, *id));
            assert_eq!(reader.aliases(entity, &found).unwrap(), all);
        }
        assert_eq!(reader.instance(entity, id(99_999)).unwrap(), None);
        let live = self.model.rows.values().filter(|r| r.2).count() as u64;
        assert_eq!(reader.count(entity, &[]).unwrap(), live);
        // The feed tells of everything that changed and is still there.
        let (mut at, mut told) = (since, BTreeSet::new());
        loop {
            let page = reader.changes(entity, at, 7).unwrap();
            told.extend(page.rows.iter().map(|(f, _)| f.n));
            assert!(page.next >= at);
            at = page.next;
            if !page.more {
                break;
            }
        }
        let changed: BTreeSet<u64> =
            self.model.changed.iter().copied().filter(|n| self.model.rows.contains_key(n)).collect();
        assert_eq!(told, changed);
        assert!(at <= reader.newest_change().unwrap());
        sound(store);
    }
}

fn session(home: &Home, steps: &[Step]) {
    let fields = || vec![field("name", Type::Text)];
    let (mut store, catalog) = open(home, fields());
    let mut test = Test { catalog: &catalog, model: Model::default() };
    let mut committed = Model::default();
    let mut steps = steps.iter().peekable();
    while steps.peek().is_some() {
        let mut tx = store.ingest().unwrap();
        let mut end = &Step::Commit;
        for step in steps.by_ref() {
            test.run(&mut *tx, step);
            if matches!(step, Step::Commit | Step::Abandon | Step::Restart) {
                end = step;
                break;
            }
        }
        match end {
            Step::Commit => {
                tx.commit(5).unwrap();
                committed = test.model.clone();
                test.check(&store, Since::default());
            }
            other => {
                drop(tx);
                test.model = committed.clone();
                if matches!(other, Step::Restart) {
                    drop(store);
                    store = SqliteStore::open(&home.path).unwrap();
                }
            }
        }
    }
    test.model = committed;
    test.check(&store, Since::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn the_store_holds_what_was_committed(steps in proptest::collection::vec(step(), 0..60)) {
        session(&home(), &steps);
    }
}

#[test]
fn rows_that_come_again_in_order_are_found_past_gaps_and_new_ones() {
    let home = home();
    let (store, catalog) = open(&home, vec![field("name", Type::Text)]);
    let mut test = Test { catalog: &catalog, model: Model::default() };
    let mut tx = store.ingest().unwrap();
    let all: Vec<Id> = (0..500).map(id).collect();
    all.chunks(50).for_each(|ids| test.read(&mut *tx, ids));
    tx.commit(1).unwrap();
    let mut tx = store.ingest().unwrap();
    // From the middle, with a long gap, with new ones among them, then backwards.
    let mut again: Vec<Id> = all[200..300].to_vec();
    again.extend((0..30).map(|i| id(10_000 + i)));
    again.extend(&all[420..]);
    again.insert(40, id(20_000));
    again.chunks(64).for_each(|ids| test.read(&mut *tx, ids));
    let backwards: Vec<Id> = all.iter().rev().copied().collect();
    backwards.chunks(64).for_each(|ids| test.read(&mut *tx, ids));
    tx.commit(2).unwrap();
    test.check(&store, Since::default());
}

#[test]
fn a_row_changed_many_times_in_one_transaction_says_the_last() {
    let home = home();
    let (store, catalog) = open(&home, vec![field("name", Type::Text)]);
    let mut test = Test { catalog: &catalog, model: Model::default() };
    let mut tx = store.ingest().unwrap();
    test.read(&mut *tx, &[id(1), id(2)]);
    for i in 0..200 {
        test.update(&mut *tx, i % 2, i % 5, i % 3 != 0);
    }
    test.read(&mut *tx, &[id(2), id(1)]);
    tx.commit(1).unwrap();
    test.check(&store, Since::default());
}
