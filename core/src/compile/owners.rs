//! Who rules a field: names of sources and datasets become mappings, in rank order.

use super::mappings::Written;
use super::sources::World;
use super::tell::Tell;
use crate::draft::{Draft, FieldDraft, OwnerDraft};
use crate::model::{Catalog, DatasetNo, MappingNo, Owner};
use banyan_words::node::join;

/// A field whose owner is looked for.
struct Case<'c> {
    name: &'c str,
    draft: &'c FieldDraft,
    path: String,
    /// The mappings that fill it, in rank order, sound or not.
    fillers: Vec<&'c Written>,
    /// Of some mapping it is not known what it reads or feeds.
    doubtful: bool,
}

pub(super) fn build(draft: &Draft, catalog: &mut Catalog, world: &World, written: &[Written], tell: &mut Tell<'_>) {
    let doubtful = written.iter().any(|w| w.dataset.is_none() || w.entity.is_none());
    for (no, part) in draft.entities.iter().enumerate() {
        let fed = written.iter().any(|w| w.feeds(no));
        for (name, field) in part.fields.iter() {
            let case = Case {
                name,
                draft: field,
                path: join(&join(&part.path, "fields"), name),
                fillers: written.iter().filter(|w| w.fills(no, name)).collect(),
                doubtful: doubtful || tell.is_partial("mappings"),
            };
            if case.fillers.is_empty() && fed && !case.doubtful {
                let message = format!("no mapping fills `{name}`, so it is always null");
                tell.warn(
                    "unfilled-field",
                    &case.path,
                    message,
                    format!("add `{name}:` to a mapping, or leave it out"),
                );
            }
            let owner = case.owner(draft, world, tell);
            let found = catalog.entities.get_mut(no).and_then(|e| e.fields.iter_mut().find(|f| f.name == name));
            if let (Some(field), Some(owner)) = (found, owner) {
                field.owner = owner;
            }
        }
    }
}

impl Case<'_> {
    fn owner(&self, draft: &Draft, world: &World, tell: &mut Tell<'_>) -> Option<Owner> {
        let at = join(&self.path, "owner");
        match &self.draft.owner {
            None => self.only(&at, world, tell),
            Some(OwnerDraft::First(names)) => Some(Owner::First(self.listed(names, &at, world, tell))),
            Some(OwnerDraft::Latest) => {
                self.dated(draft, tell);
                Some(Owner::Latest(sound(&self.fillers)))
            }
            Some(OwnerDraft::Review) => Some(Owner::Review(sound(&self.fillers))),
        }
    }

    /// Nothing is said: then there must be no choice.
    fn only(&self, at: &str, world: &World, tell: &mut Tell<'_>) -> Option<Owner> {
        match self.fillers.as_slice() {
            [] => Some(Owner::First(Vec::new())),
            [one] => {
                let source = one.dataset.and_then(|d| source_of(world, d))?;
                Some(Owner::First(vec![(source.to_owned(), sound(&self.fillers))]))
            }
            several => {
                let names: Vec<&str> = several.iter().filter_map(|w| full(world, w.dataset?)).collect();
                if !tell.is_left_out(at) {
                    let message =
                        format!("{} fill `{}`, and nothing says which one rules", names.join(" and "), self.name);
                    let hint = format!(
                        "say `owner: {}`, a list (the first that says something), `latest` or `review`",
                        names.first().unwrap_or(&"source")
                    );
                    tell.error("owner-missing", &self.path, message, hint);
                }
                None
            }
        }
    }

    fn listed(&self, names: &[String], at: &str, world: &World, tell: &mut Tell<'_>) -> Vec<(String, Vec<MappingNo>)> {
        let mut taken: Vec<MappingNo> = Vec::new();
        let mut owners = Vec::with_capacity(names.len());
        for (i, name) in names.iter().enumerate() {
            let at = if names.len() > 1 { format!("{at}[{i}]") } else { at.to_owned() };
            if names.iter().take(i).any(|n| n == name) {
                tell.error("duplicate-name", &at, format!("`{name}` stands there twice"), "name it once");
                continue;
            }
            if !exists(name, world) {
                unknown(name, &at, world, tell);
                continue;
            }
            let fillers: Vec<&Written> = self.fillers.iter().copied().filter(|w| is_of(w, name, world)).collect();
            if fillers.is_empty() && !self.doubtful && !tell.is_partial("sources") {
                let message = format!("{name} never fills `{}`", self.name);
                let hint = match self.fillers.iter().filter_map(|w| full(world, w.dataset?)).next() {
                    Some(other) => format!("{other} does; or add `{}:` to a mapping from {name}", self.name),
                    None => format!("add `{}:` to a mapping from {name}", self.name),
                };
                tell.error("owner-silent", &at, message, hint);
            }
            let mut mappings = sound(&fillers);
            mappings.retain(|m| !taken.contains(m));
            taken.extend(&mappings);
            owners.push((name.clone(), mappings));
        }
        owners
    }

    /// `latest` needs to know when.
    fn dated(&self, draft: &Draft, tell: &mut Tell<'_>) {
        for w in self.fillers.iter().filter(|w| !w.has_changed_at) {
            let Some(part) = draft.mappings.get(w.at) else { continue };
            if tell.is_left_out(&join(&part.path, "changed_at")) {
                continue;
            }
            let message =
                format!("`{}` belongs to whoever said it last, but this mapping does not say when", self.name);
            tell.error("changed-at-missing", &part.path, message, "write `changed_at: DATETIME(CHANGED, \"…\")`");
        }
    }
}

fn sound(fillers: &[&Written]) -> Vec<MappingNo> {
    fillers.iter().filter_map(|w| w.no).collect()
}

fn full(world: &World, dataset: DatasetNo) -> Option<&str> {
    world.datasets.get(dataset).map(|d| d.dataset.full.as_str())
}

fn source_of(world: &World, dataset: DatasetNo) -> Option<&str> {
    let source = world.datasets.get(dataset)?.dataset.source;
    world.sources.get(source).map(|s| s.name.as_str())
}

/// Whether `name` means this mapping: its source, its dataset, or the file its record type is of.
fn is_of(w: &Written, name: &str, world: &World) -> bool {
    let Some(known) = w.dataset.and_then(|d| world.datasets.get(d)) else { return false };
    let Some(source) = world.sources.get(known.dataset.source) else { return false };
    source.name == name
        || known.dataset.full == name
        || name.strip_prefix(&source.name).and_then(|n| n.strip_prefix('.')) == Some(&known.dataset.feed)
}

fn exists(name: &str, world: &World) -> bool {
    world.sources.iter().any(|s| s.name == name)
        || world.datasets.iter().any(|d| {
            d.dataset.full == name
                || world.sources.get(d.dataset.source).is_some_and(|s| format!("{}.{}", s.name, d.dataset.feed) == name)
        })
}

fn unknown(name: &str, at: &str, world: &World, tell: &mut Tell<'_>) {
    let source = name.split('.').next().unwrap_or(name);
    let known: Vec<&str> = world
        .sources
        .iter()
        .map(|s| s.name.as_str())
        .chain(world.datasets.iter().map(|d| d.dataset.full.as_str()))
        .collect();
    tell.unknown(("unknown-owner", "source or dataset"), at, name, known, &format!("sources.{source}"));
}
