//! What of each instance is wanted: `fields=` and `embed=`.

use super::Param;
use crate::model::{Catalog, Entity, EntityNo, FieldNo};
use crate::refusal::Flaw;
use banyan_words::problem::nearest;

/// How deep `embed` may go.
pub const EMBED_DEPTH: usize = 3;
/// How many references and sub-collections one request may embed.
const EMBED_COUNT: usize = 24;

/// What of each instance is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// For each field of the entity whether it is wanted; `None` means all. The id always is.
    pub fields: Option<Vec<bool>>,
    /// What is embedded.
    pub embeds: Vec<Embed>,
}

impl Selection {
    /// Whether it is the whole instance as stored.
    pub fn is_plain(&self) -> bool {
        self.fields.is_none() && self.embeds.is_empty()
    }

    /// Leaves out these fields wherever they would stand, whether they were asked for or not. A reference that is left out
    /// takes what is embedded in its place with it.
    pub fn leave_out(&mut self, catalog: &Catalog, entity: EntityNo, hidden: &[(EntityNo, FieldNo)]) {
        if !hidden.is_empty() {
            leave_out(catalog, entity, &mut self.fields, &mut self.embeds, hidden);
        }
    }
}

fn leave_out(
    catalog: &Catalog,
    entity: EntityNo,
    fields: &mut Option<Vec<bool>>,
    embeds: &mut Vec<Embed>,
    hidden: &[(EntityNo, FieldNo)],
) {
    let all = catalog.entities.get(entity).map_or(0, |e| e.fields.len());
    for (_, no) in hidden.iter().filter(|(e, _)| *e == entity) {
        if let Some(wanted) = fields.get_or_insert_with(|| vec![true; all]).get_mut(*no) {
            *wanted = false;
        }
    }
    embeds.retain(|e| !matches!(e.link, Link::One { field, .. } if hidden.contains(&(entity, field))));
    for e in embeds {
        leave_out(catalog, e.link.entity(), &mut e.fields, &mut e.inner, hidden);
    }
}

/// Something embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embed {
    /// The name of the reference or sub-collection.
    pub name: String,
    /// What it leads to.
    pub link: Link,
    /// For each of its fields whether it is wanted; `None` means all.
    pub fields: Option<Vec<bool>>,
    /// What is embedded in that.
    pub inner: Vec<Embed>,
}

/// What an embedded name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// One instance, named by a reference.
    One {
        /// The reference.
        field: FieldNo,
        /// The entity it refers to.
        entity: EntityNo,
    },
    /// The members of a sub-collection.
    Many {
        /// Their entity.
        entity: EntityNo,
        /// Their reference to the instance at hand.
        field: FieldNo,
    },
}

impl Link {
    /// The entity it leads to.
    pub fn entity(self) -> EntityNo {
        match self {
            Link::One { entity, .. } | Link::Many { entity, .. } => entity,
        }
    }
}

/// Reads `fields` and `embed` among the parameters of a path whose other parameters are `others`; anything else is a flaw.
pub fn parse_selection(
    catalog: &Catalog,
    entity: EntityNo,
    params: &[Param<'_>],
    others: &[&str],
) -> (Selection, Vec<Flaw>) {
    let mut selection = Selection::default();
    let mut flaws = Vec::new();
    let mut seen = [false; 2];
    for p in params {
        match &*p.name {
            "fields" if !std::mem::replace(&mut seen[0], true) => {
                selection.fields = fields(&catalog.entities[entity], &p.value, &mut flaws);
            }
            "embed" if !std::mem::replace(&mut seen[1], true) => {
                selection.embeds = embeds(catalog, entity, &p.value, &mut flaws);
            }
            "fields" | "embed" => flaws.push(twice(&p.name)),
            name if others.contains(&name) => {}
            name => {
                let valid: Vec<&str> = others.iter().copied().chain(["fields", "embed"]).collect();
                flaws.push(unknown(name, valid.into_iter()));
            }
        }
    }
    (selection, flaws)
}

pub(super) fn twice(name: &str) -> Flaw {
    Flaw::parameter("duplicate-parameter", name, format!("`{name}` is given more than once"))
}

pub(super) fn unknown<'n>(name: &str, valid: impl Iterator<Item = &'n str> + Clone) -> Flaw {
    let list = valid.clone().collect::<Vec<_>>().join(", ");
    let meant = nearest(name, valid).map(|n| format!("; did you mean `{n}`?")).unwrap_or_else(|| ".".to_owned());
    let shown: String = name.chars().take(60).collect();
    Flaw::parameter("unknown-parameter", &shown, format!("`{shown}` is no parameter of this path{meant} Valid: {list}"))
}

/// The flaw of a name that `parameter` may not hold.
pub(super) fn no_field<'n>(
    parameter: &str,
    name: &str,
    what: &str,
    valid: impl Iterator<Item = &'n str> + Clone,
) -> Flaw {
    let list = valid.clone().collect::<Vec<_>>().join(", ");
    let list = if list.is_empty() { "none".to_owned() } else { list };
    let meant = nearest(name, valid).map(|n| format!("; did you mean `{n}`?")).unwrap_or_else(|| ".".to_owned());
    let shown: String = name.chars().take(60).collect();
    Flaw::parameter("unknown-field", parameter, format!("`{shown}` is no {what}{meant} Valid: {list}"))
}

pub(super) fn fields(entity: &Entity, text: &str, flaws: &mut Vec<Flaw>) -> Option<Vec<bool>> {
    let mut wanted = vec![false; entity.fields.len()];
    for name in text.split(',') {
        match entity.field(name) {
            Some((no, _)) => wanted[no] = true,
            None if name == "id" => {}
            None => {
                let valid = std::iter::once("id").chain(entity.fields.iter().map(|f| f.name.as_str()));
                flaws.push(no_field("fields", name, &format!("field of {}", entity.plural), valid));
            }
        }
    }
    Some(wanted)
}

pub(super) fn embeds(catalog: &Catalog, entity: EntityNo, text: &str, flaws: &mut Vec<Flaw>) -> Vec<Embed> {
    let mut out = Vec::new();
    let mut count = 0;
    for path in text.split(',') {
        if path.split('.').count() > EMBED_DEPTH {
            flaws.push(Flaw::parameter("bad-value", "embed", format!("`embed` goes at most {EMBED_DEPTH} steps deep")));
            continue;
        }
        let (mut at, mut level) = (entity, &mut out);
        for name in path.split('.') {
            let here = &catalog.entities[at];
            let Some(link) = link(here, name) else {
                let what = format!("reference or sub-collection of {}", here.plural);
                flaws.push(no_field("embed", name, &what, links(here).map(|l| l.0)));
                break;
            };
            let n = level.iter().position(|e: &Embed| e.name == name).unwrap_or_else(|| {
                count += 1;
                level.push(Embed { name: name.to_owned(), link, fields: None, inner: Vec::new() });
                level.len() - 1
            });
            at = link.entity();
            level = &mut level[n].inner;
        }
        if count > EMBED_COUNT {
            flaws.push(Flaw::parameter("bad-value", "embed", format!("`embed` names at most {EMBED_COUNT} things")));
            break;
        }
    }
    out
}

fn link(entity: &Entity, name: &str) -> Option<Link> {
    links(entity).find(|(n, _)| *n == name).map(|(_, l)| l)
}

fn links(entity: &Entity) -> impl Iterator<Item = (&str, Link)> + Clone {
    let one = entity
        .fields
        .iter()
        .enumerate()
        .filter_map(|(field, f)| f.refers_to.map(|entity| (f.name.as_str(), Link::One { field, entity })));
    let many = entity.children.iter().map(|c| (c.name.as_str(), Link::Many { entity: c.entity, field: c.field }));
    one.chain(many)
}

/// Every path `embed` accepts for that entity, for the document: shorter ones first, at most `limit`. `None` where
/// there are more (then the document describes them in words).
pub fn embed_paths(catalog: &Catalog, entity: EntityNo, limit: usize) -> Option<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    let mut level = vec![(String::new(), entity)];
    for _ in 0..EMBED_DEPTH {
        let mut next = Vec::new();
        for (prefix, at) in level {
            for (name, link) in links(catalog.entities.get(at)?) {
                let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
                out.push(path.clone());
                next.push((path, link.entity()));
            }
            if out.len() > limit {
                return None;
            }
        }
        level = next;
    }
    Some(out)
}
