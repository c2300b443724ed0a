//! One instance, by id.

use super::{Found, Reader, damaged, unreadable};
use crate::runtime::serving::Serving;
use banyan_model::instance::{FactsHead, key_of_value};
use banyan_model::model::EntityNo;
use banyan_model::refusal::Refusal;
use banyan_store::{Condition, ListQuery, Test};
use banyan_words::{Id, Value};

/// What an id leads to.
#[derive(Debug)]
pub enum Answer {
    /// A live instance.
    Live(Found),
    /// A live instance whose canonical id is another.
    Moved(Found),
    /// It was live once.
    Gone,
    /// It is spoken of, but was never live.
    NotArrived,
    /// Nothing is known of it.
    Unknown,
}

/// Finds an instance by any of its ids.
pub fn find(serving: &Serving, reader: &mut dyn Reader, entity: EntityNo, id: Id) -> Result<Answer, Refusal> {
    let stored = serving.catalog.entities[entity].stored;
    let Some(found) = reader.instance(stored, id).map_err(unreadable)? else {
        let spoken_of = referrer(serving, reader, entity, id)?.is_some();
        return Ok(if spoken_of { Answer::NotArrived } else { Answer::Unknown });
    };
    Answer::of(found, id)
}

/// The live instance an id leads to, or the refusal that says why there is none.
pub fn live(serving: &Serving, reader: &mut dyn Reader, entity: EntityNo, id: Id) -> Result<Found, Refusal> {
    match find(serving, reader, entity, id)? {
        Answer::Live(found) | Answer::Moved(found) => Ok(found),
        other => Err(other.refusal(&serving.catalog.entities[entity].name)),
    }
}

impl Answer {
    /// What a row means to who asked for `id`.
    pub fn of(found: Found, id: Id) -> Result<Answer, Refusal> {
        let head = FactsHead::read(&found.facts).ok_or_else(|| damaged(&found))?;
        Ok(match (head.live, head.was_live) {
            (true, _) if found.id == id => Answer::Live(found),
            (true, _) => Answer::Moved(found),
            (false, true) => Answer::Gone,
            (false, false) => Answer::NotArrived,
        })
    }

    /// Why nothing is served.
    pub fn refusal(&self, entity: &str) -> Refusal {
        match self {
            Answer::Gone => Refusal::new("gone", format!("this {entity} has ended")),
            Answer::NotArrived => Refusal::new("not-arrived", format!("this {entity} has not arrived yet")),
            Answer::Live(_) | Answer::Moved(_) | Answer::Unknown => {
                Refusal::new("not-found", format!("there is no {entity} with this id or key"))
            }
        }
    }
}

/// An instance that refers to that id. Asked only where no row was found.
pub fn referrer(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    id: Id,
) -> Result<Option<(EntityNo, Found)>, Refusal> {
    let mut key = Vec::new();
    key_of_value(&Value::Ref(id), &mut key);
    for (no, e) in serving.catalog.entities.iter().enumerate() {
        for f in e.fields.iter().filter(|f| f.refers_to == Some(entity)) {
            let conditions = vec![Condition { field: f.stored, test: Test::Eq(key.clone()) }];
            let query = ListQuery { conditions, limit: 1, ..ListQuery::default() };
            if let Some(row) = reader.list(e.stored, &query).map_err(unreadable)?.rows.into_iter().next() {
                return Ok(Some((no, row)));
            }
        }
    }
    Ok(None)
}
