//! Path → target. A router of our own: one catch-all in actix costs less than its routing, and a reload needs no new one.

use crate::runtime::serving::Serving;
use banyan_model::model::{Catalog, EntityNo};
use banyan_model::query::decode;
use banyan_model::refusal::Refusal;
use banyan_words::Id;
use std::borrow::Cow;

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `/v1/customers`
    List(EntityNo),
    /// `/v1/customers:lookup`
    Lookup(EntityNo),
    /// `/v1/customers/changes`
    Changes(EntityNo),
    /// `/v1/customers/{id}`
    One(EntityNo, Id),
    /// `/v1/customers/{id}/lineage`
    Lineage(EntityNo, Id),
    /// `/v1/orders/{id}/lines`; the number is the child's position in the entity.
    Children(EntityNo, Id, usize),
    /// `/openapi.json`
    Document,
    /// `/docs/…`: the rest of the path.
    Docs(String),
}

impl Target {
    /// The methods it offers, for `Allow`.
    pub(super) fn allow(&self) -> &'static str {
        match self {
            Target::Lookup(_) => "GET, HEAD, OPTIONS, POST",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    /// Its path as a template, for metrics and logs.
    pub(super) fn template(&self, catalog: &Catalog) -> String {
        let plural = |e: &EntityNo| catalog.entities[*e].plural.as_str();
        match self {
            Target::List(e) => format!("/v1/{}", plural(e)),
            Target::Lookup(e) => format!("/v1/{}:lookup", plural(e)),
            Target::Changes(e) => format!("/v1/{}/changes", plural(e)),
            Target::One(e, _) => format!("/v1/{}/{{id}}", plural(e)),
            Target::Lineage(e, _) => format!("/v1/{}/{{id}}/lineage", plural(e)),
            Target::Children(e, _, child) => {
                format!("/v1/{}/{{id}}/{}", plural(e), catalog.entities[*e].children[*child].name)
            }
            Target::Document => "/openapi.json".to_owned(),
            Target::Docs(_) => "/docs".to_owned(),
        }
    }

    /// A number that stands for the template: what handles of metrics are kept by.
    pub(super) fn number(&self) -> u64 {
        let (kind, entity, child) = match self {
            Target::List(e) => (1, *e, 0),
            Target::Lookup(e) => (2, *e, 0),
            Target::Changes(e) => (3, *e, 0),
            Target::One(e, _) => (4, *e, 0),
            Target::Lineage(e, _) => (5, *e, 0),
            Target::Children(e, _, child) => (6, *e, *child),
            Target::Document => (7, 0, 0),
            Target::Docs(_) => (8, 0, 0),
        };
        kind | (entity as u64) << 8 | (child as u64) << 32
    }
}

/// Finds the target of a path.
pub(super) fn find(serving: &Serving, path: &str) -> Result<Target, Refusal> {
    find_in(&serving.catalog, |plural| serving.collection(plural), path)
}

/// The same, knowing nothing but a catalog and which collection has which name.
pub(super) fn find_in(
    catalog: &Catalog,
    collection: impl Fn(&str) -> Option<EntityNo>,
    path: &str,
) -> Result<Target, Refusal> {
    let path = match path.contains('%') {
        false => Cow::Borrowed(path),
        true => {
            decode(path, false).ok_or_else(|| Refusal::new("bad-encoding", "the path is not percent-encoded UTF-8"))?
        }
    };
    let nothing = || Refusal::new("no-such-path", "the path names no collection, sub-collection or document");
    let Some(rest) = path.strip_prefix("/v1/") else {
        return match &*path {
            "/openapi.json" => Ok(Target::Document),
            "/docs" => Ok(Target::Docs(String::new())),
            other => other.strip_prefix("/docs/").map(|r| Target::Docs(format!("/{r}"))).ok_or_else(nothing),
        };
    };
    let Some((plural, rest)) = rest.split_once('/') else {
        if let Some(plural) = rest.strip_suffix(":lookup") {
            return collection(plural).map(Target::Lookup).ok_or_else(|| no_collection(catalog, plural));
        }
        let entity = collection(rest).ok_or_else(|| no_collection(catalog, rest))?;
        return if catalog.entities[entity].listed { Ok(Target::List(entity)) } else { Err(no_list(rest)) };
    };
    let entity = collection(plural).ok_or_else(|| no_collection(catalog, plural))?;
    if rest == "changes" {
        return Ok(Target::Changes(entity));
    }
    let (id, rest) = rest.split_once('/').map_or((rest, None), |(id, rest)| (id, Some(rest)));
    let e = &catalog.entities[entity];
    let id = Id::parse(id).ok_or_else(|| {
        Refusal::new("not-found", format!("there is no such {}: an id is 26 characters, digits and lower case", e.name))
    })?;
    match rest {
        None => Ok(Target::One(entity, id)),
        Some("lineage") => Ok(Target::Lineage(entity, id)),
        Some(child) => {
            let at = e.children.iter().position(|c| c.name == child).ok_or_else(nothing)?;
            Ok(Target::Children(entity, id, at))
        }
    }
}

/// Of what is only read live nobody knows all there is.
fn no_list(plural: &str) -> Refusal {
    let detail = format!(
        "{plural} are only read live from the system that has them, so there is no list of all; ask for one by its id, or \
         by its key at /v1/{plural}:lookup"
    );
    Refusal::new("no-such-path", detail)
}

fn no_collection(catalog: &Catalog, plural: &str) -> Refusal {
    let known = catalog.entities.iter().map(|e| e.plural.as_str());
    let list = known.clone().collect::<Vec<_>>().join(", ");
    let meant = banyan_words::problem::nearest(plural, known);
    let meant = meant.map(|m| format!("; did you mean `{m}`?")).unwrap_or_else(|| ".".to_owned());
    let shown: String = plural.chars().take(60).collect();
    Refusal::new("no-such-path", format!("there is no collection `{shown}`{meant} There are: {list}"))
}
