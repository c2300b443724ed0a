//! Lists, counts and cursors against a plain filter and sort in memory.

use super::support::{Home, catalog, facts, field, home, id, key, open};
use crate::sqlite::SqliteStore;
use crate::{Condition, Cursor, ListQuery, Reader, Sort, Store, Test};
use banyan_model::instance::RawAt;
use banyan_model::model::Catalog;
use banyan_words::Type;
use proptest::prelude::*;
use std::cmp::Ordering;

const NULL: &[u8] = &[0xff];

fn fields() -> Vec<banyan_model::model::Field> {
    let decimal = Type::Decimal { precision: 9, scale: 1 };
    vec![field("name", Type::Text), field("size", Type::Integer), field("price", decimal)]
}

/// Small ranges, so that much is equal.
fn fragments() -> BoxedStrategy<Vec<String>> {
    let name = prop_oneof![
        1 => Just(String::new()),
        4 => "[ab]{0,2}".prop_map(|s| format!("\"{s}\"")),
        3 => Just("\"many\"".to_owned()),
    ];
    let size = prop_oneof![1 => Just(String::new()), 5 => (-2_i64..3).prop_map(|i| format!("\"{i}\""))];
    let price =
        prop_oneof![1 => Just(String::new()), 6 => (0_u32..40).prop_map(|i| format!("\"{}.{}\"", i / 10, i % 10))];
    (name, size, price).prop_map(|(a, b, c)| vec![a, b, c]).boxed()
}

#[derive(Clone, Debug)]
struct Row {
    n: u64,
    keys: Vec<Vec<u8>>,
}

struct World {
    _home: Home,
    store: SqliteStore,
    catalog: Catalog,
    rows: Vec<Row>,
}

/// Rows in two transactions, some of them not live or changed later.
fn world(rows: &[(Vec<String>, u8)]) -> World {
    let home = home();
    let (store, catalog) = open(&home, fields());
    let e = &catalog.entities[0];
    let types: Vec<Type> = e.fields.iter().map(|f| f.ty.clone()).collect();
    let keys = |f: &[String]| -> Vec<Vec<u8>> { f.iter().zip(&types).map(|(f, ty)| key(ty, f)).collect() };
    let mut out = Vec::new();
    for half in 0..2 {
        let mut tx = store.ingest().unwrap();
        for (i, (fragments, kind)) in rows.iter().enumerate().filter(|(i, _)| i % 2 == half) {
            let live = *kind > 1;
            let row = facts(e.shape, live, fragments, RawAt::default());
            let n = tx.insert(e.stored, id(i as u64), 1, &row).unwrap();
            let mut at = keys(fragments);
            if live {
                for (f, k) in e.fields.iter().zip(&at) {
                    tx.index(e.stored, f.stored, n, None, Some(k)).unwrap();
                }
            }
            if *kind == 2 {
                // Changed to what the row before says.
                let changed = &rows[i.saturating_sub(1)].0;
                tx.update(e.stored, n, id(i as u64), 2, &facts(e.shape, true, changed, RawAt::default())).unwrap();
                let new = keys(changed);
                for (f, (old, new)) in e.fields.iter().zip(at.iter().zip(&new)) {
                    tx.index(e.stored, f.stored, n, Some(old), Some(new)).unwrap();
                }
                at = new;
            }
            if live {
                out.push(Row { n, keys: at });
            }
        }
        tx.commit(1).unwrap();
    }
    out.sort_by_key(|r| r.n);
    World { _home: home, store, catalog, rows: out }
}

fn meets(test: &Test, key: &[u8]) -> bool {
    let value = key != NULL;
    match test {
        Test::Eq(k) => k == key,
        Test::Ne(k) => k != key,
        Test::In(ks) => value && ks.iter().any(|k| k == key),
        Test::Prefix(p) => value && key.starts_with(p),
        Test::Range { from, to } => {
            value
                && from.as_ref().is_none_or(|(k, with)| key > &k[..] || (*with && key == &k[..]))
                && to.as_ref().is_none_or(|(k, with)| key < &k[..] || (*with && key == &k[..]))
        }
    }
}

/// What a list should be. `sort` by position of the field.
fn expected(world: &World, conditions: &[(usize, Test)], sort: &[(usize, bool)]) -> Vec<u64> {
    let mut rows: Vec<&Row> =
        world.rows.iter().filter(|r| conditions.iter().all(|(f, t)| meets(t, &r.keys[*f]))).collect();
    rows.sort_by(|a, b| {
        for (f, descending) in sort {
            let (a, b) = (&a.keys[*f], &b.keys[*f]);
            let order = match (a == NULL, b == NULL) {
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                _ if *descending => b.cmp(a),
                _ => a.cmp(b),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        if sort.last().is_some_and(|(_, d)| *d) { b.n.cmp(&a.n) } else { a.n.cmp(&b.n) }
    });
    rows.iter().map(|r| r.n).collect()
}

/// The order that follows from conditions alone.
fn implied(conditions: &[(usize, Test)]) -> Vec<(usize, bool)> {
    let wanted: Vec<usize> = conditions.iter().filter(|(_, t)| !matches!(t, Test::Ne(_))).map(|(f, _)| *f).collect();
    let single = conditions.iter().any(|(_, t)| matches!(t, Test::Eq(_)));
    if single { vec![] } else { wanted.first().map(|f| (*f, false)).into_iter().collect() }
}

fn test_of(field: usize) -> impl Strategy<Value = (usize, Test)> {
    let types = [Type::Text, Type::Integer, Type::Decimal { precision: 9, scale: 1 }];
    let any_key = fragments().prop_map(move |f| key(&types[field], &f[field])).boxed();
    let bound = proptest::option::of((any_key.clone(), any::<bool>())).boxed();
    let test = prop_oneof![
        3 => any_key.clone().prop_map(Test::Eq),
        1 => any_key.clone().prop_map(Test::Ne),
        // Two values at least: one alone is like `Eq`, which decides the order.
        2 => proptest::collection::vec(any_key, 2..5).prop_filter("several", |k| k.iter().filter(|k| k[..] != *NULL).collect::<std::collections::BTreeSet<_>>().len() > 1).prop_map(Test::In),
        1 => "[ab]{1,2}".prop_map(|p| Test::Prefix([&[1], p.as_bytes()].concat())),
        3 => (bound.clone(), bound).prop_filter("not a point", |(a, b)| a.as_ref().map(|a| &a.0) != b.as_ref().map(|b| &b.0) || a.is_none())
            .prop_map(|(from, to)| Test::Range { from, to }),
    ];
    test.prop_map(move |t| (field, t))
}

fn any_test() -> impl Strategy<Value = (usize, Test)> {
    prop_oneof![test_of(0), test_of(1), test_of(2)]
}

fn pages(world: &World, reader: &mut dyn Reader, query: &ListQuery) -> Vec<u64> {
    let mut query = query.clone();
    let mut out = Vec::new();
    loop {
        let page = reader.list(world.catalog.entities[0].stored, &query).unwrap();
        assert!(page.rows.len() <= query.limit);
        if page.next.is_some() {
            assert_eq!(page.rows.len(), query.limit, "a page that is followed by one is full");
        }
        out.extend(page.rows.iter().map(|f| f.n));
        assert!(out.len() <= world.rows.len(), "a cursor goes back: {query:?}");
        query.after = page.next;
        if query.after.is_none() {
            return out;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn a_list_is_what_a_plain_filter_and_sort_give(
        rows in proptest::collection::vec((fragments(), 0_u8..8), 0..90),
        queries in proptest::collection::vec(
            (
                proptest::collection::vec(any_test(), 0..4),
                proptest::sample::subsequence(vec![0_usize, 1, 2], 0..=3).prop_shuffle(),
                proptest::collection::vec(any::<bool>(), 3),
                1_usize..12,
            ),
            12,
        ),
    ) {
        let world = world(&rows);
        let mut reader = world.store.reader().unwrap();
        let e = &world.catalog.entities[0];
        for (conditions, sort, ways, limit) in &queries {
            let sort: Vec<(usize, bool)> = sort.iter().copied().zip(ways.iter().copied()).collect();
            let query = ListQuery {
                conditions: conditions.iter().map(|(f, t)| Condition { field: e.fields[*f].stored, test: t.clone() }).collect(),
                sort: sort.iter().map(|(f, d)| Sort { field: e.fields[*f].stored, descending: *d }).collect(),
                after: None,
                limit: *limit,
            };
            let order = if sort.is_empty() { implied(conditions) } else { sort };
            let contradictory = conditions.iter().any(|(f, t)| conditions.iter().any(|(g, u)| f == g && t != u));
            let mut expected = expected(&world, conditions, &order);
            let mut got = pages(&world, &mut *reader, &query);
            if contradictory && query.sort.is_empty() {
                // Several conditions on one field may leave a single value, and then arrival decides.
                expected.sort_unstable();
                got.sort_unstable();
            }
            prop_assert_eq!(&got, &expected, "{:?}", query);
            prop_assert_eq!(reader.count(e.stored, &query.conditions).unwrap(), expected.len() as u64, "{:?}", query);
        }
        prop_assert_eq!(world.store.verify().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_cursor_holds_while_rows_come_and_go() {
    let home = home();
    let (store, catalog) = open(&home, fields());
    let e = &catalog.entities[0];
    let row = |i: u64| vec![format!("\"n{i:02}\""), "\"1\"".to_owned(), String::new()];
    let mut tx = store.ingest().unwrap();
    for i in 0..20 {
        super::support::put(&mut *tx, &catalog, i, &row(i));
    }
    tx.commit(1).unwrap();
    let mut reader = store.reader().unwrap();
    let name = e.fields[0].stored;
    let mut query = ListQuery { sort: vec![Sort { field: name, descending: false }], limit: 5, ..ListQuery::default() };
    let first = reader.list(e.stored, &query).unwrap();
    assert_eq!(first.next.as_ref().unwrap().keys, vec![key(&Type::Text, "\"n04\"")]);
    // The last row of the page goes, and one comes before the cursor.
    let mut tx = store.ingest().unwrap();
    let gone = &first.rows[4];
    tx.index(e.stored, name, gone.n, Some(&key(&Type::Text, "\"n04\"")), None).unwrap();
    for (i, f) in e.fields.iter().enumerate().skip(1) {
        tx.index(e.stored, f.stored, gone.n, Some(&key(&f.ty, &row(4)[i])), None).unwrap();
    }
    tx.update(e.stored, gone.n, gone.id, 0, &facts(e.shape, false, &row(4), RawAt::default())).unwrap();
    super::support::put(&mut *tx, &catalog, 100, &row(1));
    tx.commit(2).unwrap();
    query.after = first.next;
    let second = reader.list(e.stored, &query).unwrap();
    let ids: Vec<_> = second.rows.iter().map(|f| f.id).collect();
    assert_eq!(ids, (5..10).map(id).collect::<Vec<_>>());
    super::support::sound(&store);
}

#[test]
fn a_cursor_of_another_query_is_refused() {
    let home = home();
    let (store, catalog) = open(&home, fields());
    let after = Some(Cursor { keys: vec![vec![1]], n: 1 });
    let query = ListQuery { after, limit: 5, ..ListQuery::default() };
    assert!(store.reader().unwrap().list(catalog.entities[0].stored, &query).is_err());
}

#[test]
fn no_index_of_an_entity_without_indexed_fields_is_needed() {
    let home = home();
    let mut plain = field("name", Type::Text);
    plain.sort = false;
    let store = SqliteStore::open(&home.path).unwrap();
    let catalog = super::support::bound(&store, catalog(vec![plain]));
    let e = &catalog.entities[0];
    let mut tx = store.ingest().unwrap();
    for i in 0..9 {
        let live = i % 3 != 0;
        tx.insert(e.stored, id(i), 1, &facts(e.shape, live, &["\"x\"".into()], RawAt::default())).unwrap();
    }
    tx.commit(1).unwrap();
    let mut reader = store.reader().unwrap();
    let page = reader.list(e.stored, &ListQuery { limit: 4, ..ListQuery::default() }).unwrap();
    assert_eq!(page.rows.iter().map(|f| f.n).collect::<Vec<_>>(), [2, 3, 5, 6]);
    assert_eq!(reader.count(e.stored, &[]).unwrap(), 6);
}
