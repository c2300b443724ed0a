//! Ids turned back into the keys that they were derived from.
//!
//! Invariant: a key is told only if the id derives from it. Where a source is to be searched by an instance's keys, all of
//! its ids must be accounted for, or nothing is asked: a key left out would leave out records.

use super::plan::decode;
use crate::runtime::ingest::batch_of;
use crate::runtime::looking::Looking;
use crate::runtime::serving::Serving;
use banyan_model::model::{EntityNo, KeyFrom, Mapping};
use banyan_model::refusal::{Flaw, Refusal};
use banyan_store::{Found, Reader};
use banyan_words::id::key_text;
use banyan_words::{Id, Row, Value};
use std::collections::HashMap;

/// The key behind an id, from a record that refers to it.
pub(super) fn turned_back(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    id: Id,
) -> Result<Option<(String, Vec<String>)>, Refusal> {
    let catalog = &serving.catalog;
    let Some((by, row)) = crate::runtime::execute::referrer(serving, reader, entity, id)? else { return Ok(None) };
    let (i, book) = decode(serving, &row)?;
    for o in i.observations.iter().filter(|o| o.raw.block != 0) {
        let Some(m) = book.plan(o.plan).and_then(|p| p.mapping).map(|m| &catalog.mappings[m]) else { continue };
        let raw = reader.raw(o.raw).map_err(crate::runtime::execute::unreadable)?;
        let Some(batch) = raw.as_ref().and_then(batch_of) else { continue };
        let row = batch.row(0);
        let fields = m.fields.iter().filter(|(f, _)| catalog.entities[by].fields[*f].refers_to == Some(entity));
        for (_, formula) in fields {
            let lookups = Looking::new(catalog, reader);
            let keys = formula.bind(row.shape()).ref_keys(&row, &lookups);
            let Some((_, key)) = keys.into_iter().find(|(made, _)| *made == id) else { continue };
            let spaces = formula.refs().iter().map(|(_, space)| space);
            let id_name = &catalog.entities[entity].id_name;
            if let Some(space) = spaces.into_iter().find(|s| Id::derive(id_name, s, &key) == id) {
                return Ok(Some((space.clone(), key)));
            }
        }
    }
    Ok(None)
}

/// A key's space, and its parts as texts.
type Key = (String, Vec<String>);

/// Every key of so many parts in a space that leads to one of these instances; `None` where not all can be told.
pub(super) fn keys_of(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    (space, parts): (&str, usize),
    ids: &[Id],
) -> Result<Option<Vec<Vec<Value<'static>>>>, Refusal> {
    let e = &serving.catalog.entities[entity];
    let mut out: Vec<Vec<Value<'static>>> = Vec::new();
    for id in ids {
        let found = reader.instance(e.stored, *id).map_err(crate::runtime::execute::unreadable)?;
        let (mut all, known) = match &found {
            Some(found) => (
                reader.aliases(e.stored, found).map_err(crate::runtime::execute::unreadable)?,
                known_keys(serving, reader, entity, found)?,
            ),
            None => (Vec::new(), HashMap::new()),
        };
        if !all.contains(id) {
            all.push(*id);
        }
        for one in all {
            let key = match known.get(&one) {
                Some(key) => Some(key.clone()),
                None => turned_back(serving, reader, entity, one)?,
            };
            let Some((of, key)) = key else { return Ok(None) };
            let key: Vec<Value<'static>> = key.iter().map(|p| Value::text(p).into_owned()).collect();
            if of == space && key.len() == parts && !out.contains(&key) {
                out.push(key);
            }
        }
    }
    Ok(Some(out))
}

/// The parts of the key by which an instance is known in a space; `None` where it has none there.
pub fn key_in_space(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    id: Id,
    space: &str,
) -> Result<Option<Vec<String>>, Refusal> {
    let stored = serving.catalog.entities[entity].stored;
    let Some(found) = reader.instance(stored, id).map_err(crate::runtime::execute::unreadable)? else {
        return Ok(None);
    };
    let mut known: Vec<Key> =
        known_keys(serving, reader, entity, &found)?.into_values().filter(|k| k.0 == space).collect();
    // Of several keys in one space the choice must not depend on the order of records.
    known.sort_unstable();
    Ok(known.into_iter().next().map(|k| k.1))
}

/// The refusal of a filter by reference whose keys cannot all be told.
pub(super) fn not_known(serving: &Serving, field: &str, target: EntityNo) -> Refusal {
    let entity = &serving.catalog.entities[target].name;
    let detail = format!(
        "`{field}`: the gateway does not know under which keys the system that is asked has this {entity}; read it by its \
         key first"
    );
    Refusal::flaws(vec![Flaw::parameter("key-not-known", field, detail)])
}

/// The keys that the records of an instance give it, by the ids that derive from them.
fn known_keys(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    found: &Found,
) -> Result<HashMap<Id, Key>, Refusal> {
    let catalog = &serving.catalog;
    let (i, book) = decode(serving, found)?;
    let mut out = HashMap::new();
    for o in i.observations.iter().filter(|o| o.raw.block != 0) {
        let Some(m) = book.plan(o.plan).and_then(|p| p.mapping).map(|m| &catalog.mappings[m]) else { continue };
        let raw = reader.raw(o.raw).map_err(crate::runtime::execute::unreadable)?;
        let Some(batch) = raw.as_ref().and_then(batch_of) else { continue };
        let row = batch.row(0);
        for key in std::iter::once(&m.key).chain(&m.also) {
            if let Some(parts) = parts(serving, m, key, &row) {
                let id = Id::derive(&catalog.entities[entity].id_name, &key.space, &parts);
                out.insert(id, (key.space.clone(), parts));
            }
        }
    }
    Ok(out)
}

/// A record's key as ingest makes it; `None` where a part is null.
fn parts(serving: &Serving, m: &Mapping, key: &KeyFrom, row: &Row<'_>) -> Option<Vec<String>> {
    let nulls = &serving.catalog.datasets[m.dataset].null_texts;
    let part = |column: &String| {
        let value = row.value(row.shape().position(column)?);
        let text = key_text(&value)?.into_owned();
        let null = matches!(value, Value::Text(_)) && nulls.contains(&text);
        (!null).then_some(text)
    };
    // Without a key a record is an instance of its own, and nothing derives.
    (!key.columns.is_empty()).then(|| key.columns.iter().map(part).collect())?
}
