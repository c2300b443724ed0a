//! Filters as conditions that a source can test.
//!
//! Invariant: every record that gives an instance which meets the filters meets the conditions. A condition may let more
//! through (it has no bound that is left out), so whoever asks tests the filters again.

use super::{Filter, Test};
use crate::instance::value_of_key;
use crate::model::{Entity, EntityNo, FieldNo, LiveList, NarrowBy};
use crate::refusal::{Flaw, Refusal};
use banyan_words::{Id, Type, Value};

/// Values of one filter at most: they become parameters of one statement.
const MOST: usize = 100;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrowed {
    /// The field whose filter it comes of.
    pub field: FieldNo,
    /// The columns it is about.
    pub columns: Vec<String>,
    /// What must hold of them.
    pub test: Narrowing,
}

/// What must hold of columns.
#[derive(Clone, Debug, PartialEq)]
pub enum Narrowing {
    /// They are one of these.
    AnyOf(Vec<Vec<Value<'static>>>),
    /// The one is this or above.
    AtLeast(Value<'static>),
    /// The one is this or below.
    AtMost(Value<'static>),
    /// They are a key, in that space, of one of these instances.
    KeysOf {
        /// The entity of the instances.
        target: EntityNo,
        /// The key space.
        space: String,
        /// The instances, by any of their ids.
        ids: Vec<Id>,
    },
}

/// The conditions of a query's filters.
pub fn narrowed(entity: &Entity, list: &LiveList, filters: &[Filter]) -> Result<Vec<Narrowed>, Refusal> {
    let (mut out, mut flaws) = (Vec::new(), Vec::new());
    for filter in filters {
        let Some((field, by)) = entity.fields.get(filter.field).zip(list.of(filter.field)) else { continue };
        match one(&field.ty, by, filter) {
            Ok(conditions) => out.extend(conditions),
            Err(why) => flaws.push(Flaw::parameter("bad-value", &field.name, format!("`{}`: {why}", field.name))),
        }
    }
    if flaws.is_empty() { Ok(out) } else { Err(Refusal::flaws(flaws)) }
}

fn one(ty: &Type, by: &NarrowBy, filter: &Filter) -> Result<Vec<Narrowed>, String> {
    let (field, test) = (filter.field, &filter.test);
    let value = |key: &Vec<u8>| match (value_of_key(ty, key), ty) {
        (Some(Value::Instant(_)), Type::DateTime) => Err("a local time without an offset is expected".to_owned()),
        (Some(value), _) => Ok(value),
        (None, _) => Err(format!("{} is expected", super::expected(ty))),
    };
    let all = |keys: &[Vec<u8>]| match keys.len() {
        0..=MOST => keys.iter().map(value).collect::<Result<Vec<_>, _>>(),
        n => Err(format!("{n} values are more than the {MOST} that the source can be asked for at once")),
    };
    let equal = match test {
        Test::Eq(key) => Some(all(std::slice::from_ref(key))?),
        Test::In(keys) => Some(all(keys)?),
        _ => None,
    };
    match (by, equal, test) {
        (NarrowBy::Key { target, space, columns }, Some(values), _) => {
            let ids = values.iter().filter_map(|v| if let Value::Ref(id) = v { Some(*id) } else { None }).collect();
            let test = Narrowing::KeysOf { target: *target, space: space.clone(), ids };
            Ok(vec![Narrowed { field, columns: columns.clone(), test }])
        }
        (NarrowBy::Column(column), Some(values), _) => {
            let test = Narrowing::AnyOf(values.into_iter().map(|v| vec![v]).collect());
            Ok(vec![Narrowed { field, columns: vec![column.clone()], test }])
        }
        (NarrowBy::Column(column), None, Test::Range { from, to }) => {
            let bound = |b: &Option<(Vec<u8>, bool)>| b.as_ref().map(|(key, _)| value(key)).transpose();
            let from = bound(from)?.map(Narrowing::AtLeast);
            let to = bound(to)?.map(Narrowing::AtMost);
            let tests = from.into_iter().chain(to);
            Ok(tests.map(|test| Narrowed { field, columns: vec![column.clone()], test }).collect())
        }
        _ => Err("the source cannot be asked for this".to_owned()),
    }
}
