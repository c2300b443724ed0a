//! Mappings: what they read and feed, keys, conditions, formulas.
//!
//! Invariant: a record is never joined to an instance by a key nobody meant: where the numbering is not beyond doubt,
//! it must be said.

use super::formulas::Scopes;
use super::sources::{Known, World};
use super::tell::Tell;
use super::{formats, types};
use crate::draft::{Draft, MappingDraft, Part};
use crate::formula::{Formula, Target};
use crate::model::{Catalog, DatasetNo, EntityNo, FieldNo, KeyFrom, Mapping, MappingNo, Pick};
use banyan_words::Type;
use banyan_words::node::join;

/// A mapping of the draft, sound or not.
pub(super) struct Written {
    /// Its position in the draft.
    pub(super) at: usize,
    pub(super) dataset: Option<DatasetNo>,
    pub(super) entity: Option<EntityNo>,
    /// Names of the fields it has a formula for, sound or not.
    pub(super) fills: Vec<String>,
    pub(super) has_changed_at: bool,
    /// Its position in the catalog, if it is sound.
    pub(super) no: Option<MappingNo>,
}

impl Written {
    pub(super) fn feeds(&self, entity: EntityNo) -> bool {
        self.entity == Some(entity)
    }

    pub(super) fn fills(&self, entity: EntityNo, field: &str) -> bool {
        self.feeds(entity) && self.fills.iter().any(|f| f == field)
    }
}

/// Puts the sound mappings into the catalog; one answer for each mapping of the draft.
pub(super) fn build(
    draft: &Draft,
    catalog: &mut Catalog,
    world: &World,
    scopes: &Scopes<'_>,
    tell: &mut Tell<'_>,
) -> Vec<Written> {
    let mut written: Vec<Written> = Vec::with_capacity(draft.mappings.len());
    for (at, part) in draft.mappings.iter().enumerate() {
        let before = tell.errors();
        let dataset = world.find(&part.from, &join(&part.path, "from"), tell);
        let entity = entity(draft, part, tell);
        let known = dataset.and_then(|no| world.datasets.get(no));
        let mut this = Written {
            at,
            dataset,
            entity,
            fills: part.fields.names().map(str::to_owned).collect(),
            has_changed_at: part.changed_at.is_some(),
            no: None,
        };
        if let (Some(known), Some(dataset)) = (known, dataset) {
            let key = key(part, known, dataset, entity, world, &written, tell);
            let mapping = one(part, known, catalog, entity, world, scopes, tell);
            if let (Some(key), Some(mut mapping), true) = (key, mapping, tell.errors() == before) {
                (mapping.key, mapping.dataset) = (key, dataset);
                this.no = Some(catalog.mappings.len());
                catalog.mappings.push(mapping);
            }
        }
        written.push(this);
    }
    written
}

fn entity(draft: &Draft, part: &Part<MappingDraft>, tell: &mut Tell<'_>) -> Option<EntityNo> {
    let found = draft.entities.iter().position(|e| e.name == part.to);
    if found.is_none() {
        let known = draft.entities.iter().map(|e| e.name.as_str());
        let told = format!("entities.{}", part.to);
        tell.unknown(("unknown-entity", "entity"), &join(&part.path, "to"), &part.to, known, &told);
    }
    found
}

/// Which instance a record speaks about.
fn key(
    part: &Part<MappingDraft>,
    known: &Known,
    dataset: DatasetNo,
    entity: Option<EntityNo>,
    world: &World,
    before: &[Written],
    tell: &mut Tell<'_>,
) -> Option<KeyFrom> {
    let source = known.dataset.source;
    let own_space = || world.sources.get(source).map(|s| world.spaces.of_source(&s.name));
    let at = join(&part.path, "key");
    if let Some(key) = &part.key {
        let (space, columns) = match &key.space {
            Some(space) => (world.spaces.find(space, &at, tell), join(&at, space)),
            None => (own_space(), at.clone()),
        };
        known.check_columns(&key.columns, &columns, tell);
        return Some(KeyFrom { space: space?, columns: key.columns.clone() });
    }
    if tell.is_left_out(&at) || (known.dataset.key.is_empty() && !known.keyless) {
        return None;
    }
    let earlier = before.iter().filter(|w| entity.is_some() && w.entity == entity).filter_map(|w| w.dataset);
    let other = earlier
        .filter_map(|no| world.datasets.get(no).map(|d| (no, d)))
        .find(|(no, d)| *no != dataset && d.dataset.source == source);
    if let Some((_, other)) = other {
        let (this, that) = (&known.dataset.full, &other.dataset.full);
        let message = format!(
            "{this} and {that} both feed {}, and it is not said that their keys number the same things",
            part.to
        );
        let columns = match known.dataset.key.is_empty() {
            true => "COLUMN".to_owned(),
            false => known.dataset.key.join(", "),
        };
        let hint = format!("write `key: [{columns}]` if they do, else `key: {{ space: [COLUMN] }}`");
        tell.error("key-missing", &part.path, message, hint);
        return None;
    }
    Some(KeyFrom { space: own_space()?, columns: known.dataset.key.clone() })
}

/// The mapping but for its key and what depends on other mappings.
fn one(
    part: &Part<MappingDraft>,
    known: &Known,
    catalog: &Catalog,
    entity: Option<EntityNo>,
    world: &World,
    scopes: &Scopes<'_>,
    tell: &mut Tell<'_>,
) -> Option<Mapping> {
    let boolean = Some(Target::of(&Type::Boolean));
    let condition = |text: &Option<String>, key: &str, tell: &mut Tell<'_>| {
        text.as_ref().and_then(|t| scopes.compile(t, known, &join(&part.path, key), boolean, tell))
    };
    let when = condition(&part.when, "when", tell);
    let deleted = condition(&part.deleted, "deleted", tell);
    let moment = |text: &String| scopes.moment(text, known, &join(&part.path, "changed_at"), tell);
    let changed_at = part.changed_at.as_ref().and_then(moment);
    let also = also(part, known, world, tell);
    if let Some(pick) = &part.pick {
        for column in &pick.by {
            known.check_column(column, &join(&part.path, "pick"), tell);
        }
    }
    let fields = fields(part, known, catalog, entity, scopes, tell);
    Some(Mapping {
        stored: 0,
        plan: 0,
        name: part.name.clone(),
        dataset: DatasetNo::MAX,
        entity: entity?,
        key: KeyFrom { space: String::new(), columns: Vec::new() },
        also,
        creates: false,
        direct: false,
        when,
        deleted,
        changed_at,
        pick: part.pick.as_ref().map(|p| Pick { last: p.last, by: p.by.clone() }),
        fields,
        hash: 0,
    })
}

fn also(part: &Part<MappingDraft>, known: &Known, world: &World, tell: &mut Tell<'_>) -> Vec<KeyFrom> {
    let at = join(&part.path, "also");
    let mut keys = Vec::with_capacity(part.also.len());
    for (space, columns) in part.also.iter() {
        let here = join(&at, space);
        if columns.is_empty() {
            tell.error("key-missing", &here, "no column is named", format!("write `{space}: [COLUMN]`"));
        }
        known.check_columns(columns, &here, tell);
        if let Some(space) = world.spaces.find(space, &here, tell) {
            keys.push(KeyFrom { space, columns: columns.clone() });
        }
    }
    keys
}

fn fields(
    part: &Part<MappingDraft>,
    known: &Known,
    catalog: &Catalog,
    entity: Option<EntityNo>,
    scopes: &Scopes<'_>,
    tell: &mut Tell<'_>,
) -> Vec<(FieldNo, Formula)> {
    let mut compiled = Vec::with_capacity(part.fields.len());
    for (name, text) in part.fields.iter() {
        let at = join(&join(&part.path, "fields"), name);
        let Some(entity) = entity.and_then(|e| catalog.entities.get(e)) else {
            // What it is for is not known, but it may still be faulty in itself.
            scopes.adrift(text, known, &at, tell);
            continue;
        };
        match entity.field(name) {
            Some((no, field)) => {
                let format = field.text.format.as_deref().and_then(formats::find);
                let target = Target { ty: &field.ty, max: field.text.max, format };
                if let Some(formula) = scopes.compile(text, known, &at, Some(target), tell) {
                    compiled.push((no, formula));
                }
            }
            None => {
                scopes.adrift(text, known, &at, tell);
                unknown_field(name, &at, part, scopes.draft, tell);
            }
        }
    }
    compiled
}

/// A field that is not in the catalog may be in the draft: then it is faulty, and that has been told.
fn unknown_field(name: &str, at: &str, part: &Part<MappingDraft>, draft: &Draft, tell: &mut Tell<'_>) {
    let Some(entity) = draft.entity(&part.to) else { return };
    let told = join(&join(&entity.path, "fields"), name);
    if entity.fields.get(name).is_some() || tell.is_partial(&told) {
        return;
    }
    let hint = types::field_meant(name, entity.fields.names());
    tell.error("unknown-field", at, format!("{} has no field `{name}`", part.to), hint);
}
