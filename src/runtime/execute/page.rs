//! Pages of lists.

use super::{Found, Reader, unreadable};
use crate::runtime::serving::Serving;
use banyan_model::instance::key_of_value;
use banyan_model::model::{EntityNo, FieldNo};
use banyan_model::query::{self, ListIntent, Position};
use banyan_model::refusal::Refusal;
use banyan_store::{Condition, Cursor, ListQuery, Sort, Test};
use banyan_words::{Id, Value};

/// A page.
#[derive(Debug)]
pub struct Rows {
    /// Its rows.
    pub rows: Vec<Found>,
    /// Where it goes on; `None` at the end.
    pub next: Option<Position>,
}

/// The conditions that lead from a parent to its sub-collection: its children may still name it by another of its ids.
pub fn scope_of(
    serving: &Serving,
    reader: &mut dyn Reader,
    parent_entity: EntityNo,
    parent: &Found,
    child: (EntityNo, FieldNo),
) -> Result<Condition, Refusal> {
    let field = serving.catalog.entities[child.0].fields[child.1].stored;
    let ids = if serving.face(parent_entity).aliased {
        reader.aliases(serving.catalog.entities[parent_entity].stored, parent).map_err(unreadable)?
    } else {
        vec![parent.id]
    };
    Ok(Condition { field, test: any_of(&ids) })
}

/// The store's conditions for a query's filters; a filter on a reference finds every id of the instance it names.
pub fn conditions(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    intent: &ListIntent,
) -> Result<Vec<Condition>, Refusal> {
    let fields = &serving.catalog.entities[entity].fields;
    let mut out = Vec::with_capacity(intent.filters.len() + 1);
    for f in &intent.filters {
        let field = &fields[f.field];
        let tests = match field.refers_to {
            Some(target) => of_reference(serving, reader, target, &f.test)?,
            None => vec![of_test(&f.test)],
        };
        out.extend(tests.into_iter().map(|test| Condition { field: field.stored, test }));
    }
    Ok(out)
}

/// A page of a list. `scope` is the condition of a sub-collection.
pub fn page(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    conditions: &[Condition],
    intent: &ListIntent,
    after: Option<&Position>,
    limit: usize,
) -> Result<Rows, Refusal> {
    let e = &serving.catalog.entities[entity];
    let sort = intent.sort.iter().map(|s| Sort { field: e.fields[s.field].stored, descending: s.descending });
    let query = ListQuery {
        conditions: conditions.to_vec(),
        sort: sort.collect(),
        after: after.map(|p| Cursor { keys: p.keys.clone(), n: p.n }),
        limit,
    };
    let page = reader.list(e.stored, &query).map_err(unreadable)?;
    Ok(Rows { rows: page.rows, next: page.next.map(|c| Position { keys: c.keys, n: c.n }) })
}

/// How many instances meet the conditions.
pub fn count(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    conditions: &[Condition],
) -> Result<u64, Refusal> {
    reader.count(serving.catalog.entities[entity].stored, conditions).map_err(unreadable)
}

fn of_test(test: &query::Test) -> Test {
    match test.clone() {
        query::Test::Eq(k) => Test::Eq(k),
        query::Test::Ne(k) => Test::Ne(k),
        query::Test::In(ks) => Test::In(ks),
        query::Test::Prefix(k) => Test::Prefix(k),
        query::Test::Range { from, to } => Test::Range { from, to },
    }
}

fn of_reference(
    serving: &Serving,
    reader: &mut dyn Reader,
    target: EntityNo,
    test: &query::Test,
) -> Result<Vec<Test>, Refusal> {
    Ok(match test {
        query::Test::Eq(key) => vec![any_of(&every_id(serving, reader, target, std::slice::from_ref(key))?)],
        query::Test::In(keys) => vec![any_of(&every_id(serving, reader, target, keys)?)],
        query::Test::Ne(key) => every_id(serving, reader, target, std::slice::from_ref(key))?
            .into_iter()
            .map(|id| Test::Ne(key_of(id)))
            .collect(),
        other => vec![of_test(other)],
    })
}

/// The ids those order keys stand for, and every other id of the same instances.
fn every_id(
    serving: &Serving,
    reader: &mut dyn Reader,
    target: EntityNo,
    keys: &[Vec<u8>],
) -> Result<Vec<Id>, Refusal> {
    let stored = serving.catalog.entities[target].stored;
    // An order key is one byte that says "a value", then the id.
    let asked: Vec<Id> = keys.iter().filter_map(|k| k.get(1..)?.try_into().ok().map(Id)).collect();
    let mut out = asked.clone();
    for found in reader.instances(stored, &asked).map_err(unreadable)?.into_iter().flatten() {
        out.extend(reader.aliases(stored, &found).map_err(unreadable)?);
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

fn any_of(ids: &[Id]) -> Test {
    match ids {
        [one] => Test::Eq(key_of(*one)),
        several => Test::In(several.iter().map(|id| key_of(*id)).collect()),
    }
}

fn key_of(id: Id) -> Vec<u8> {
    let mut key = Vec::with_capacity(17);
    key_of_value(&Value::Ref(id), &mut key);
    key
}
