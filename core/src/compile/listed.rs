//! What has a list: entities that passes bring into being, and those that are only read live where their source can be
//! searched by a filter. Of what is only read live nobody knows all there is, so any other list, filter or sort over it
//! would answer from what happened to be asked for, and look complete.

use super::pushed;
use super::sources::World;
use super::tell::Tell;
use crate::draft::Draft;
use crate::model::{Catalog, EntityNo, LiveList};
use banyan_words::node::join;

pub(super) fn settle(draft: &Draft, catalog: &mut Catalog, world: &World, tell: &mut Tell<'_>) {
    find_by(world, tell);
    let live_only = |dataset: usize| world.datasets.get(dataset).is_some_and(|d| d.dataset.live_only);
    let mut stored = Vec::with_capacity(catalog.entities.len());
    for no in 0..catalog.entities.len() {
        let mut creating = catalog.feeding(no).filter(|(_, m)| m.creates).peekable();
        let kept = creating.peek().is_none() || creating.any(|(_, m)| !live_only(m.dataset));
        drop(creating);
        let live = if kept { None } else { live_list(catalog, world, no) };
        unoffered(draft, catalog, world, no, live.as_ref(), tell);
        if let Some(entity) = catalog.entities.get_mut(no) {
            entity.listed = kept || live.is_some();
            entity.live_list = live;
        }
        stored.push(kept);
    }
    for entity in &mut catalog.entities {
        entity.children.retain(|c| stored.get(c.entity).copied().unwrap_or(false));
    }
}

/// Columns that a dataset says it may be searched by.
fn find_by(world: &World, tell: &mut Tell<'_>) {
    for known in &world.datasets {
        for p in &known.pushes {
            let Some(named) = &p.named else { continue };
            let at = join(&known.path, named);
            if known.check_column(&p.column, &at, tell) && p.indexed == Some(false) {
                let message = format!(
                    "no index of {} begins with {}, by its kept schema: every list by it reads the whole table",
                    known.dataset.full, p.column
                );
                let hint =
                    "have an index made, or take it out; `banyan discover SOURCE --write --force` takes a new one up";
                tell.warning("not-indexed", &at, message, hint);
            }
        }
    }
}

/// The list of an entity that is only read live; `None` where no filter can be asked of its source.
fn live_list(catalog: &Catalog, world: &World, no: EntityNo) -> Option<LiveList> {
    let fields = &catalog.entities.get(no)?.fields;
    let mut list: Option<LiveList> = None;
    for (f, _) in fields.iter().enumerate().filter(|(_, f)| !f.filter.is_empty()) {
        // At most one mapping of an entity can narrow: that whose keys are the instances' own.
        let Ok((mapping, by)) = pushed::narrows(catalog, world, no, f) else { continue };
        list.get_or_insert_with(|| LiveList { mapping, narrows: Vec::new() }).narrows.push((f, by));
    }
    list
}

/// Filters and sorts on fields that no pass fills, and those besides that a live list cannot carry out.
fn unoffered(
    draft: &Draft,
    catalog: &Catalog,
    world: &World,
    no: EntityNo,
    live: Option<&LiveList>,
    tell: &mut Tell<'_>,
) {
    let (Some(entity), Some(part)) = (catalog.entities.get(no), draft.entities.get(no)) else { return };
    let live_only = |dataset: usize| world.datasets.get(dataset).is_some_and(|d| d.dataset.live_only);
    for (f, field) in entity.fields.iter().enumerate().filter(|(_, f)| f.sort || !f.filter.is_empty()) {
        let mut filling = catalog.feeding(no).filter(|(_, m)| m.fields.iter().any(|(n, _)| *n == f)).peekable();
        let stored = filling.peek().is_none() || filling.any(|(_, m)| !live_only(m.dataset));
        if stored && live.is_none() {
            continue;
        }
        let at = join(&join(&part.path, "fields"), &field.name);
        if !field.filter.is_empty() && live.is_none_or(|l| l.of(f).is_none()) {
            let why = match pushed::narrows(catalog, world, no, f) {
                Err(why) => why,
                // Its dataset may be searched, but the entity's instances are not all of it.
                Ok(_) => "its list is answered from what is stored".to_owned(),
            };
            let message = format!(
                "`{}` is filled by data that is only read live: what nobody has asked for yet would not be found; {why}",
                field.name
            );
            let message = if stored {
                format!("`{}` does not narrow a list that is read live: {why}", field.name)
            } else {
                message
            };
            let hint = "leave it out, name the column in the dataset's `find_by` if an index begins with it, or say \
                        `sync: auto` on the dataset, so that passes bring all of it";
            tell.error("not-filterable", &join(&at, "filter"), message, hint);
        }
        if field.sort {
            let message = match live {
                Some(_) => format!(
                    "`{}` cannot be sorted by: a list that is read live comes in the order of its source's keys",
                    field.name
                ),
                None => format!(
                    "`{}` is filled by data that is only read live: what nobody has asked for yet would not be found",
                    field.name
                ),
            };
            let hint = "leave it out, or say `sync: auto` on the dataset, so that passes bring all of it";
            tell.error("not-sortable", &join(&at, "sort"), message, hint);
        }
    }
}
