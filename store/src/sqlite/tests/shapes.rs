//! Indexes over rows that are older than they are.

use super::support::{bound, catalog, facts, field, home, id, key, open, put, sound};
use crate::{Condition, ListQuery, Sort, Store, Test};
use banyan_model::instance::RawAt;
use banyan_words::Type;

fn list(store: &dyn Store, entity: u32, query: ListQuery) -> Vec<u64> {
    store.reader().unwrap().list(entity, &query).unwrap().rows.iter().map(|f| f.n).collect()
}

#[test]
fn a_new_index_is_filled_from_rows_of_older_shapes() {
    let home = home();
    let mut city = field("city", Type::Text);
    city.sort = false;
    let (store, old) = open(&home, vec![field("name", Type::Text), city.clone()]);
    let e = &old.entities[0];
    let mut tx = store.ingest().unwrap();
    for i in 0..50_u64 {
        let fragments = [format!("\"n{i}\""), if i % 7 == 0 { String::new() } else { format!("\"{}\"", i % 5) }];
        let live = i % 10 != 9;
        let n = tx.insert(e.stored, id(i), 1, &facts(e.shape, live, &fragments, RawAt::default())).unwrap();
        if live {
            tx.index(e.stored, e.fields[0].stored, n, None, Some(&key(&Type::Text, &fragments[0]))).unwrap();
        }
    }
    tx.commit(1).unwrap();
    // The field is moved to the front, filtered now, and a number; another is new and has no values yet.
    city.sort = true;
    city.ty = Type::Integer;
    let new = bound(&store, catalog(vec![city.clone(), field("since", Type::Date), field("name", Type::Text)]));
    sound(&store);
    let [city_no, since, name] = [0, 1, 2].map(|i| new.entities[0].fields[i].stored);
    let three = Condition { field: city_no, test: Test::Eq(key(&Type::Integer, "\"3\"")) };
    let expected: Vec<u64> = (0..50).filter(|i| i % 5 == 3 && i % 7 != 0 && i % 10 != 9).map(|i| i + 1).collect();
    let query = ListQuery { conditions: vec![three.clone()], limit: 99, ..ListQuery::default() };
    assert_eq!(list(&store, e.stored, query.clone()), expected);
    let sort = vec![Sort { field: name, descending: false }];
    let mut by_name = expected.clone();
    by_name.sort_by_key(|n| format!("n{}", n - 1));
    assert_eq!(list(&store, e.stored, ListQuery { sort, ..query }), by_name);
    let none = Condition { field: since, test: Test::Eq(vec![0xff]) };
    assert_eq!(store.reader().unwrap().count(e.stored, &[none]).unwrap(), 45);

    // No longer declared, changed meanwhile, declared again: filled anew.
    let without = bound(&store, catalog(vec![field("name", Type::Text)]));
    let mut tx = store.ingest().unwrap();
    let shape = without.entities[0].shape;
    let row = facts(shape, true, &["\"n3\"".into()], RawAt::default());
    tx.update(e.stored, 4, id(3), 1, &row).unwrap();
    tx.commit(2).unwrap();
    bound(&store, catalog(vec![city, field("since", Type::Date), field("name", Type::Text)]));
    sound(&store);
    let query = ListQuery { conditions: vec![three], limit: 99, ..ListQuery::default() };
    assert_eq!(list(&store, e.stored, query), expected[1..]);
}

#[test]
fn preparing_again_changes_nothing_and_a_reader_learns_of_new_tables() {
    let home = home();
    let (store, first) = open(&home, vec![field("name", Type::Text)]);
    let mut tx = store.ingest().unwrap();
    for i in 0..20 {
        put(&mut *tx, &first, i, &[format!("\"{}\"", i % 3)]);
    }
    tx.commit(1).unwrap();
    let mut reader = store.reader().unwrap();
    let e = first.entities[0].stored;
    reader.count(e, &[]).unwrap();
    let again = bound(&store, catalog(vec![field("name", Type::Text)]));
    assert_eq!(again.entities[0].shape, first.entities[0].shape);
    sound(&store);
    let wider = bound(&store, catalog(vec![field("name", Type::Text), field("size", Type::Integer)]));
    let sort = vec![Sort { field: wider.entities[0].fields[1].stored, descending: true }];
    let page = reader.list(e, &ListQuery { sort, limit: 50, ..ListQuery::default() }).unwrap();
    assert_eq!(page.rows.iter().map(|f| f.n).collect::<Vec<_>>(), (1..=20).rev().collect::<Vec<_>>());
}
