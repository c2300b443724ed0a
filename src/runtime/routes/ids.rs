//! Ids of a modern side that numbers otherwise (`ids: { space, at }`), translated through the crosswalk, both ways.
//!
//! Invariant: an id is translated or told to be unknown, never guessed: a consumer that is given a modern number could not
//! ask with it.
//! Not here: what is done with an answer that cannot be translated.

use super::members::Members;
use crate::runtime::execute::unreadable;
use crate::runtime::live::key_in_space;
use crate::runtime::serving::Serving;
use banyan_migration::path::{Pattern, Step};
use banyan_model::model::EntityNo;
use banyan_model::refusal::Refusal;
use banyan_store::Reader;
use banyan_words::Id;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The key by which modern knows an instance. `None`: the crosswalk has none.
pub fn outward(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    id: Id,
    space: &str,
) -> Result<Option<String>, Refusal> {
    Ok(key_in_space(serving, reader, entity, id, space)?.and_then(|mut parts| match parts.len() {
        1 => parts.pop(),
        _ => None,
    }))
}

/// The canonical id of what modern knows by that key. `None`: nobody does.
pub fn inward(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    key: &str,
    space: &str,
) -> Result<Option<Id>, Refusal> {
    let e = &serving.catalog.entities[entity];
    let alias = Id::derive(&e.id_name, space, &[key]);
    Ok(reader.instance(e.stored, alias).map_err(unreadable)?.map(|found| found.id))
}

/// Why a body was not translated.
#[derive(Debug, PartialEq, Eq)]
pub enum Untranslated {
    /// It is not JSON.
    NotJson,
    /// This stands where an id should, and the crosswalk does not know it.
    Unknown(String),
}

/// A JSON document with the values at these places translated; all else stays as it was written, byte for byte.
pub fn rewrite(
    body: &[u8],
    at: &[Pattern],
    translate: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<Vec<u8>, Untranslated> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| Untranslated::NotJson)?;
    let mut out = Vec::with_capacity(body.len() + 64);
    walk(raw, at, &mut Vec::new(), translate, &mut out)?;
    Ok(out)
}

fn walk(
    raw: &RawValue,
    at: &[Pattern],
    place: &mut Vec<Step>,
    translate: &mut dyn FnMut(&str) -> Option<String>,
    out: &mut Vec<u8>,
) -> Result<(), Untranslated> {
    let text = raw.get();
    if at.iter().any(|p| p.matches(place)) && text != "null" {
        // A number's text is its key; a string's is what it holds.
        let key: Cow<'_, str> = match text.starts_with('"') {
            true => Cow::Owned(serde_json::from_str(text).map_err(|_| Untranslated::NotJson)?),
            false => Cow::Borrowed(text),
        };
        let id = translate(&key).ok_or_else(|| Untranslated::Unknown(key.into_owned()))?;
        out.extend(serde_json::to_vec(&id).map_err(|_| Untranslated::NotJson)?);
        return Ok(());
    }
    match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(|_| Untranslated::NotJson)?;
            out.push(b'{');
            for (n, (name, member)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                out.extend(serde_json::to_vec(&name).map_err(|_| Untranslated::NotJson)?);
                out.push(b':');
                if at.iter().any(|p| p.leads_through(place, &name)) {
                    place.push(Step::Name(name.into_owned()));
                    walk(member, at, place, translate, out)?;
                    place.pop();
                } else {
                    out.extend_from_slice(member.get().as_bytes());
                }
            }
            out.push(b'}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Untranslated::NotJson)?;
            out.push(b'[');
            for (n, item) in items.into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                place.push(Step::Index(n));
                walk(item, at, place, translate, out)?;
                place.pop();
            }
            out.push(b']');
        }
        _ => out.extend_from_slice(text.as_bytes()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    fn known(key: &str) -> Option<String> {
        ["7", "8", "a b"].contains(&key).then(|| format!("id-{key}"))
    }

    #[test]
    fn ids_are_translated_and_all_else_stays_as_it_was_written() {
        let one = br#"{"id": 7, "credit":  1.10, "id2":7, "x": {"id": 7, "n": 1e400}}"#;
        let out = rewrite(one, &patterns(&["/id", "/x/id"]), &mut known).unwrap();
        let told = r#"{"id":"id-7","credit":1.10,"id2":7,"x":{"id":"id-7","n":1e400}}"#;
        assert_eq!(String::from_utf8(out).unwrap(), told);
        let list = br#"{"items":[{"id":"7","t":[1,2]},{"id":"a b"},{"id":null}],"next":"abc"}"#;
        let out = rewrite(list, &patterns(&["/items/*/id"]), &mut known).unwrap();
        let told = r#"{"items":[{"id":"id-7","t":[1,2]},{"id":"id-a b"},{"id":null}],"next":"abc"}"#;
        assert_eq!(String::from_utf8(out).unwrap(), told);
    }

    #[test]
    fn what_is_not_known_is_told() {
        let at = patterns(&["/id"]);
        assert_eq!(rewrite(br#"{"id": 9}"#, &at, &mut known), Err(Untranslated::Unknown("9".to_owned())));
        assert_eq!(rewrite(b"<html>", &at, &mut known), Err(Untranslated::NotJson));
    }
}
