//! Entities: names, types of fields, what may be asked of them. Who rules a field is resolved later (`owners`).

use super::fields;
use super::tell::Tell;
use crate::draft::{Draft, EntityDraft, Part};
use crate::model::{Entity, Stored};
use banyan_words::node::join;

/// Collections that the facade has for itself.
const RESERVED: [&str; 3] = ["operations", "openapi", "docs"];

/// One for each entity of the draft, at the same position. Faulty fields are left out.
pub(super) fn build(draft: &Draft, tell: &mut Tell<'_>) -> Vec<Entity> {
    let mut entities: Vec<Entity> = Vec::with_capacity(draft.entities.len());
    for part in &draft.entities {
        let entity = one(part, draft, tell);
        let at = join(&part.path, if part.plural.is_some() { "plural" } else { "" });
        let at = at.trim_end_matches('.');
        if let Some(other) = entities.iter().find(|e| e.plural == entity.plural) {
            let message = format!("`{}` is already the collection of {}", entity.plural, other.name);
            tell.error("duplicate-name", at, message, "say `plural:` with a name of its own");
        }
        if RESERVED.contains(&entity.plural.as_str()) {
            let message = format!("`/v1/{}` is an address of the facade itself", entity.plural);
            tell.error("reserved-name", at, message, "say `plural:` with another name");
        }
        if let Some(other) = entities.iter().find(|e| e.id_name == entity.id_name) {
            let message = format!("{} and {} would have the same ids", part.name, other.name);
            let hint = format!("only one of them can be `renamed_from: {}`", entity.id_name);
            tell.error("duplicate-name", &part.path, message, hint);
        }
        entities.push(entity);
    }
    entities
}

fn one(part: &Part<EntityDraft>, draft: &Draft, tell: &mut Tell<'_>) -> Entity {
    Entity {
        stored: Stored::default(),
        shape: Stored::default(),
        name: part.name.clone(),
        plural: part.plural.clone().unwrap_or_else(|| format!("{}s", part.name)),
        description: part.description.clone(),
        id_name: part.renamed_from.clone().unwrap_or_else(|| part.name.clone()),
        authority: Vec::new(),
        fields: fields::build(part, draft, tell),
        listed: true,
        live_list: None,
        children: Vec::new(),
        match_rules: part.matches.iter().map(|rule| rule.when.clone()).collect(),
    }
}
