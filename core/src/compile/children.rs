//! Sub-collections: the other sides of references.
//!
//! Invariant: a sub-collection has a name only if it was named, or if the one reference there is makes parts of a whole.

use super::tell::Tell;
use crate::draft::Draft;
use crate::model::{Child, Entity, EntityNo, FieldNo};
use banyan_words::node::join;

/// What the facade serves beneath an instance itself.
const RESERVED: [&str; 2] = ["changes", "lineage"];

pub(super) fn build(entities: &mut [Entity], draft: &Draft, tell: &mut Tell<'_>) {
    let mut found: Vec<(EntityNo, Child)> = Vec::new();
    for (no, entity) in entities.iter().enumerate() {
        let path = draft.entities.get(no).map_or("", |p| p.path.as_str());
        for (f, field) in entity.fields.iter().enumerate() {
            let Some(parent) = field.refers_to else { continue };
            let at = join(&join(path, "fields"), &field.name);
            let Some(name) = name(entity, f, parent, &at, tell) else { continue };
            let child = Child { name, entity: no, field: f, part_of: field.part_of };
            let at = if field.inverse.is_some() { join(&at, "inverse") } else { at };
            if free(&child, parent, &found, entities, &at, tell) {
                found.push((parent, child));
            }
        }
    }
    for (parent, child) in found {
        if let Some(entity) = entities.get_mut(parent) {
            entity.children.push(child);
        }
    }
    circles(entities, draft, tell);
}

/// The name of a reference's other side, if it has one.
fn name(entity: &Entity, f: FieldNo, parent: EntityNo, at: &str, tell: &mut Tell<'_>) -> Option<String> {
    let field = entity.fields.get(f)?;
    if let Some(name) = &field.inverse {
        if is_name(name) {
            return Some(name.clone());
        }
        let hint = "begin with a lowercase letter, go on with lowercase letters, digits and _; at most 64 characters";
        let message = format!("`{name}` cannot be the name of a collection");
        tell.error("bad-name", &join(at, "inverse"), message, hint);
        return None;
    }
    let several = entity.fields.iter().filter(|other| other.refers_to == Some(parent)).count() > 1;
    if several {
        let message =
            format!("{} points at the same entity more than once, so each must name its other side", entity.name);
        let hint = format!("write `inverse: {}_as_{}`, or what consumers would call it", entity.plural, field.name);
        tell.error("inverse-missing", at, message, hint);
        return None;
    }
    field.part_of.then(|| entity.plural.clone())
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn free(
    child: &Child,
    parent: EntityNo,
    found: &[(EntityNo, Child)],
    entities: &[Entity],
    at: &str,
    tell: &mut Tell<'_>,
) -> bool {
    let Some(whole) = entities.get(parent) else { return false };
    let address = format!("/{}/{{id}}/{}", whole.plural, child.name);
    let hint = "say `inverse:` with another name";
    if RESERVED.contains(&child.name.as_str()) {
        tell.error("reserved-name", at, format!("`{address}` is an address of the facade itself"), hint);
        return false;
    }
    if child.name == "id" || whole.field(&child.name).is_some() {
        let message = format!("{} has a field `{}` already", whole.name, child.name);
        tell.error("duplicate-name", at, message, hint);
        return false;
    }
    if let Some((_, other)) = found.iter().find(|(p, c)| *p == parent && c.name == child.name) {
        let other = entities.get(other.entity).map_or("", |e| e.name.as_str());
        tell.error("duplicate-name", at, format!("`{address}` is already the way to {other}"), hint);
        return false;
    }
    true
}

/// A whole that is part of its own part would change for ever.
fn circles(entities: &[Entity], draft: &Draft, tell: &mut Tell<'_>) {
    for (no, entity) in entities.iter().enumerate() {
        for field in entity.fields.iter().filter(|f| f.part_of) {
            let Some(parent) = field.refers_to else { continue };
            if !leads_to(entities, parent, no, &mut Vec::new()) {
                continue;
            }
            let path = draft.entities.get(no).map_or("", |p| p.path.as_str());
            let message = format!("through `{}`, {} would be a part of itself", field.name, entity.name);
            let hint = "say `part_of` where the whole is; the other reference is a plain one";
            tell.error("cycle", &join(&join(path, "fields"), &field.name), message, hint);
        }
    }
}

/// Whether `from` is `to`, or a part of it at any depth.
fn leads_to(entities: &[Entity], from: EntityNo, to: EntityNo, seen: &mut Vec<EntityNo>) -> bool {
    if from == to {
        return true;
    }
    if seen.contains(&from) {
        return false;
    }
    seen.push(from);
    let Some(entity) = entities.get(from) else { return false };
    let parents = entity.fields.iter().filter(|f| f.part_of).filter_map(|f| f.refers_to);
    parents.into_iter().any(|p| leads_to(entities, p, to, seen))
}
