//! What has a list: entities that passes bring into being. Of what is only read live nobody knows all there is, so a
//! list, a filter or a sort over it would answer from what happened to be asked for, and look complete.

use super::sources::World;
use super::tell::Tell;
use crate::draft::Draft;
use crate::model::{Catalog, EntityNo};
use banyan_words::node::join;

pub(super) fn settle(draft: &Draft, catalog: &mut Catalog, world: &World, tell: &mut Tell<'_>) {
    let live_only = |dataset: usize| world.datasets.get(dataset).is_some_and(|d| d.dataset.live_only);
    for no in 0..catalog.entities.len() {
        let mut creating = catalog.feeding(no).filter(|(_, m)| m.creates).peekable();
        let listed = creating.peek().is_none() || creating.any(|(_, m)| !live_only(m.dataset));
        drop(creating);
        unoffered(draft, catalog, no, &live_only, tell);
        if let Some(entity) = catalog.entities.get_mut(no) {
            entity.listed = listed;
        }
    }
    let listed: Vec<bool> = catalog.entities.iter().map(|e| e.listed).collect();
    for entity in &mut catalog.entities {
        entity.children.retain(|c| listed.get(c.entity).copied().unwrap_or(false));
    }
}

/// Filters and sorts on fields that no pass fills.
fn unoffered(draft: &Draft, catalog: &Catalog, no: EntityNo, live_only: &dyn Fn(usize) -> bool, tell: &mut Tell<'_>) {
    let (Some(entity), Some(part)) = (catalog.entities.get(no), draft.entities.get(no)) else { return };
    for (f, field) in entity.fields.iter().enumerate().filter(|(_, f)| f.sort || !f.filter.is_empty()) {
        let mut filling = catalog.feeding(no).filter(|(_, m)| m.fields.iter().any(|(n, _)| *n == f)).peekable();
        if filling.peek().is_none() || filling.any(|(_, m)| !live_only(m.dataset)) {
            continue;
        }
        let at = join(&join(&part.path, "fields"), &field.name);
        for (key, code, offered) in
            [("filter", "not-filterable", !field.filter.is_empty()), ("sort", "not-sortable", field.sort)]
        {
            if offered {
                let message = format!(
                    "`{}` is filled by data that is only read live: what nobody has asked for yet would not be found",
                    field.name
                );
                let hint = "leave it out, or say `sync: auto` on the dataset, so that passes bring all of it";
                tell.error(code, &join(&at, key), message, hint);
            }
        }
    }
}
