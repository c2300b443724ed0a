//! Which key spaces may bring instances of an entity into being, and which mappings therefore do.

use super::mappings::Written;
use super::sources::World;
use super::tell::Tell;
use crate::draft::Draft;
use crate::model::{Catalog, EntityNo};
use banyan_words::node::join;

pub(super) fn build(draft: &Draft, catalog: &mut Catalog, world: &World, written: &[Written], tell: &mut Tell<'_>) {
    for no in 0..catalog.entities.len() {
        let spaces = spaces(no, draft, catalog, world, written, tell);
        if let Some(entity) = catalog.entities.get_mut(no) {
            entity.authority = spaces;
        }
    }
    creators(draft, catalog, written, tell);
    direct(catalog, world);
}

fn spaces(
    no: EntityNo,
    draft: &Draft,
    catalog: &Catalog,
    world: &World,
    written: &[Written],
    tell: &mut Tell<'_>,
) -> Vec<String> {
    let Some(part) = draft.entities.get(no) else { return Vec::new() };
    let at = join(&part.path, "authority");
    if let Some(authority) = &part.authority {
        let place = |i: usize| if authority.0.len() > 1 { format!("{at}[{i}]") } else { at.clone() };
        let named = authority.0.iter().enumerate();
        return named.filter_map(|(i, space)| world.spaces.find(space, &place(i), tell)).collect();
    }
    let mut spaces: Vec<String> = Vec::new();
    for mapping in catalog.mappings.iter().filter(|m| m.entity == no) {
        if !spaces.contains(&mapping.key.space) {
            spaces.push(mapping.key.space.clone());
        }
    }
    let feeders = written.iter().filter(|w| w.feeds(no)).count();
    let all_sound = written.iter().filter(|w| w.feeds(no)).all(|w| w.no.is_some());
    if feeders == 0 {
        let doubtful = written.iter().any(|w| w.entity.is_none());
        if !doubtful && !tell.is_partial("mappings") {
            let message = format!("no mapping feeds {}, so it will have no instances", part.name);
            tell.warn("unfed-entity", &part.path, message, format!("write a mapping `to: {}`", part.name));
        }
    } else if spaces.len() > 1 && all_sound && !tell.is_left_out(&at) {
        let message = format!("{} is fed in several key spaces: {}", part.name, spaces.join(", "));
        let hint = format!("say which may bring new ones into being, such as `authority: {}`", spaces.join(" or "));
        tell.error("authority-missing", &part.path, message, hint);
    }
    spaces
}

fn creators(draft: &Draft, catalog: &mut Catalog, written: &[Written], tell: &mut Tell<'_>) {
    for (part, w) in draft.mappings.iter().zip(written) {
        let Some(mapping) = w.no.and_then(|no| catalog.mappings.get_mut(no)) else { continue };
        let Some(entity) = catalog.entities.get(mapping.entity) else { continue };
        let may = entity.authority.contains(&mapping.key.space);
        if part.creates == Some(true) && !may {
            let message = format!(
                "its keys are of the space `{}`, which may not bring {} into being",
                mapping.key.space, entity.plural
            );
            let hint =
                format!("add `{}` to the authority of {}, or leave `creates` out", mapping.key.space, entity.name);
            tell.error("creates-without-authority", &join(&part.path, "creates"), message, hint);
        }
        mapping.creates = may && part.creates != Some(false);
    }
}

/// At most one mapping of an entity has records whose own keys are the instances' keys, without any table in between.
fn direct(catalog: &mut Catalog, world: &World) {
    let mut taken: Vec<EntityNo> = Vec::new();
    for mapping in &mut catalog.mappings {
        let Some(known) = world.datasets.get(mapping.dataset) else { continue };
        let Some(source) = world.sources.get(known.dataset.source) else { continue };
        let own = mapping.key.space == world.spaces.of_source(&source.name)
            && mapping.key.columns == known.dataset.key
            && !known.dataset.key.is_empty();
        if own && mapping.creates && !taken.contains(&mapping.entity) {
            mapping.direct = true;
            taken.push(mapping.entity);
        }
    }
}
