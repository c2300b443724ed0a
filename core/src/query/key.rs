//! Lookup by a legacy key: `?space=erp&key=001001`, or the same in a body.

use super::{Param, Selection, parse_selection};
use crate::model::{Catalog, EntityNo};
use crate::refusal::{Flaw, Refusal};
use banyan_words::Id;
use banyan_words::problem::nearest;

/// A key space that numbers instances of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpace {
    /// Its name.
    pub name: String,
    /// The columns a key is made of, as the first mapping that uses the space names them.
    pub columns: Vec<String>,
}

/// A lookup by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupIntent {
    /// The id the key leads to.
    pub id: Id,
    /// The key space.
    pub space: String,
    /// The key's parts, in the order of its columns.
    pub key: Vec<String>,
    /// What of the instance.
    pub selection: Selection,
}

/// The key spaces of an entity, in the order of the configuration.
pub fn key_spaces(catalog: &Catalog, entity: EntityNo) -> Vec<KeySpace> {
    let mut out: Vec<KeySpace> = Vec::new();
    for (_, m) in catalog.feeding(entity) {
        for k in std::iter::once(&m.key).chain(&m.also) {
            // A mapping of keyless records names no columns: nothing can be looked up by its hash.
            if !k.columns.is_empty() && out.iter().all(|s| s.name != k.space) {
                out.push(KeySpace { name: k.space.clone(), columns: k.columns.clone() });
            }
        }
    }
    out
}

/// Reads a lookup from the query string alone.
pub fn parse_lookup(catalog: &Catalog, entity: EntityNo, params: &[Param<'_>]) -> Result<LookupIntent, Refusal> {
    let (selection, mut flaws) = parse_selection(catalog, entity, params, &["space", "source", "key"]);
    let spaces: Vec<&Param<'_>> = params.iter().filter(|p| p.name == "space" || p.name == "source").collect();
    let parts: Vec<&str> = params.iter().filter(|p| p.name == "key").map(|p| &*p.value).collect();
    let space = match spaces.as_slice() {
        [one] => Some(&*one.value),
        [] => {
            flaws.push(Flaw::parameter("missing-parameter", "space", "`space` says whose key it is"));
            None
        }
        [_, second, ..] => {
            let detail = "give `space` once (`source` is another name for it)";
            flaws.push(Flaw::parameter("duplicate-parameter", &second.name, detail));
            None
        }
    };
    if parts.is_empty() {
        flaws.push(Flaw::parameter(
            "missing-parameter",
            "key",
            "`key` is the key; repeat it for the parts of a composite one",
        ));
    } else if let Some(space) = space {
        check(catalog, entity, space, &parts, Flaw::parameter, ["space", "key"], &mut flaws);
    }
    finish(catalog, entity, selection, flaws, space.unwrap_or_default(), &parts)
}

/// Reads a lookup whose key stands in the body, so that no log shows it: `{"space": "erp", "key": ["001001"]}`.
pub fn parse_lookup_body(
    catalog: &Catalog,
    entity: EntityNo,
    params: &[Param<'_>],
    body: &[u8],
) -> Result<LookupIntent, Refusal> {
    let (selection, mut flaws) = parse_selection(catalog, entity, params, &[]);
    let json: serde_json::Value = serde_json::from_slice(body).map_err(|e| {
        Refusal::flaws(vec![Flaw::pointer(
            "bad-body",
            "",
            format!("not JSON at line {}, column {}", e.line(), e.column()),
        )])
    })?;
    let Some(object) = json.as_object() else {
        return Err(Refusal::flaws(vec![Flaw::pointer(
            "bad-body",
            "",
            "an object with `space` and `key` is expected",
        )]));
    };
    let mut space = None;
    let mut parts: Option<Vec<&str>> = None;
    for (name, value) in object {
        let mut bad = |what: &str| flaws.push(Flaw::pointer("bad-body", &pointer(name), what));
        match name.as_str() {
            "space" | "source" if space.is_some() => bad("give `space` once (`source` is another name for it)"),
            "space" | "source" => match value.as_str() {
                Some(text) => space = Some(text),
                None => bad("`space` is a text"),
            },
            "key" => {
                parts = match value {
                    serde_json::Value::String(one) => Some(vec![one.as_str()]),
                    serde_json::Value::Array(all) => all.iter().map(serde_json::Value::as_str).collect(),
                    _ => None,
                };
                if parts.is_none() {
                    bad("`key` is a text, or a list of texts");
                }
            }
            _ => bad("there is no such member; valid: space, key"),
        }
    }
    for (name, missing) in [("space", space.is_none()), ("key", parts.is_none())] {
        let known = object.contains_key(name) || (name == "space" && object.contains_key("source"));
        if missing && !known {
            flaws.push(Flaw::pointer("bad-body", "", format!("`{name}` is missing")));
        }
    }
    let parts = parts.unwrap_or_default();
    if let (Some(space), true) = (space, flaws.is_empty()) {
        check(catalog, entity, space, &parts, Flaw::pointer, ["/space", "/key"], &mut flaws);
    }
    finish(catalog, entity, selection, flaws, space.unwrap_or_default(), &parts)
}

/// A JSON pointer to a member of the body.
fn pointer(member: &str) -> String {
    let shown: String = member.chars().take(60).collect();
    format!("/{}", shown.replace('~', "~0").replace('/', "~1"))
}

fn check(
    catalog: &Catalog,
    entity: EntityNo,
    space: &str,
    parts: &[&str],
    flaw: fn(&'static str, &str, String) -> Flaw,
    at: [&str; 2],
    flaws: &mut Vec<Flaw>,
) {
    let spaces = key_spaces(catalog, entity);
    let plural = &catalog.entities[entity].plural;
    let Some(found) = spaces.iter().find(|s| s.name == space) else {
        let valid = spaces.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
        let meant = nearest(space, spaces.iter().map(|s| s.name.as_str()));
        let meant = meant.map(|n| format!("; did you mean `{n}`?")).unwrap_or_else(|| ".".to_owned());
        let shown: String = space.chars().take(60).collect();
        let detail = format!("`{shown}` numbers no {plural}{meant} Valid: {valid}");
        flaws.push(flaw("unknown-space", at[0], detail));
        return;
    };
    if found.columns.len() != parts.len() || parts.iter().any(|p| p.is_empty()) {
        let detail = match found.columns.as_slice() {
            [one] => format!("a key in `{space}` has one part that is not empty: {one}"),
            many => {
                format!("a key in `{space}` has {} parts, none empty, in this order: {}", many.len(), many.join(", "))
            }
        };
        flaws.push(flaw("bad-key", at[1], detail));
    }
}

fn finish(
    catalog: &Catalog,
    entity: EntityNo,
    selection: Selection,
    flaws: Vec<Flaw>,
    space: &str,
    parts: &[&str],
) -> Result<LookupIntent, Refusal> {
    if !flaws.is_empty() {
        return Err(Refusal::flaws(flaws));
    }
    let id = Id::derive(&catalog.entities[entity].id_name, space, parts);
    let key = parts.iter().map(|p| (*p).to_owned()).collect();
    Ok(LookupIntent { id, space: space.to_owned(), key, selection })
}
