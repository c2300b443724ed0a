//! Required fields: whoever brings an instance into being must be able to give them, and be heard.

use super::mappings::Written;
use super::sources::World;
use super::tell::Tell;
use crate::draft::Draft;
use crate::model::{Catalog, Owner};
use banyan_words::node::join;

pub(super) fn check(draft: &Draft, catalog: &Catalog, world: &World, written: &[Written], tell: &mut Tell<'_>) {
    for w in written {
        let Some((no, mapping)) = w.no.and_then(|no| catalog.mappings.get(no).map(|m| (no, m))) else { continue };
        let (Some(entity), Some(part)) = (catalog.entities.get(mapping.entity), draft.mappings.get(w.at)) else {
            continue;
        };
        if !mapping.creates || tell.is_partial(&join(&part.path, "fields")) {
            continue;
        }
        let from = world.datasets.get(mapping.dataset).map_or("", |d| d.dataset.full.as_str());
        for field in entity.fields.iter().filter(|f| f.required) {
            let fills = w.fills.contains(&field.name);
            if !fills {
                let message = format!(
                    "`{}` of {} is required, but {from} creates {} without it",
                    field.name, entity.name, entity.plural
                );
                let hint = format!("add `{}:` to this mapping, or say `creates: false`", field.name);
                tell.error("required-unfilled", &join(&part.path, "fields"), message, hint);
            } else if decided(&field.owner) && !field.owner.names(no) {
                let message = format!(
                    "`{}` of {} is required, but what {from} says of it is not heard: it is no owner",
                    field.name, entity.name
                );
                let hint =
                    format!("add {from} to `owner` of {}.{}, or say `creates: false` here", entity.name, field.name);
                tell.error("required-unfilled", &join(&join(&part.path, "fields"), &field.name), message, hint);
            }
        }
    }
}

/// An owner that could not be resolved is empty, and has been told of.
fn decided(owner: &Owner) -> bool {
    match owner {
        Owner::First(list) => list.iter().any(|(_, m)| !m.is_empty()),
        Owner::Latest(m) | Owner::Review(m) => !m.is_empty(),
    }
}
