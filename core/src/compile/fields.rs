//! Fields of an entity: type, bounds, filters, and what a reference points at.

use super::tell::Tell;
use super::{filters, types};
use crate::draft::{Draft, EntityDraft, FieldDraft, ForeignWord, Part};
use crate::instance;
use crate::model::{Field, ForeignChange, Owner, Stored, Text};
use banyan_words::Type;
use banyan_words::node::join;

/// Names in every instance or beside it.
const RESERVED: [&str; 1] = ["id"];

/// The sound fields, in order.
pub(super) fn build(entity: &Part<EntityDraft>, draft: &Draft, tell: &mut Tell<'_>) -> Vec<Field> {
    let at = join(&entity.path, "fields");
    let mut fields = Vec::with_capacity(entity.fields.len());
    for (name, field) in entity.fields.iter() {
        let path = join(&at, name);
        if RESERVED.contains(&name) {
            let message = format!("every instance has `{name}` already: its canonical id");
            tell.error("reserved-name", &path, message, "give the field another name");
        }
        if let Some(ty) = types::of(field, &path, draft, tell) {
            fields.push(one(name, field, ty, &path, draft, tell));
        }
    }
    fields
}

fn one(name: &str, field: &FieldDraft, ty: Type, path: &str, draft: &Draft, tell: &mut Tell<'_>) -> Field {
    if let Some(example) = &field.example
        && instance::parse(&ty, example).is_none()
        && !matches!(ty, Type::Ref(_) | Type::Bytes | Type::List(_) | Type::Object(_) | Type::Any)
    {
        let message = format!("`{example}` cannot be a value of this field, which is {ty}");
        tell.warn("example-value", &join(path, "example"), message, "write it as the facade would show it");
    }
    let refers_to = match &ty {
        Type::Ref(to) => draft.entities.iter().position(|e| e.name == *to),
        _ => None,
    };
    Field {
        stored: Stored::default(),
        name: name.to_owned(),
        required: field.required,
        text: Text { max: field.max, format: field.format.clone() },
        description: field.description.clone(),
        example: field.example.clone(),
        personal: field.personal,
        // Until the mappings are known.
        owner: Owner::First(Vec::new()),
        on_foreign_change: match field.on_foreign_change {
            None | Some(ForeignWord::Ignore) => ForeignChange::Ignore,
            Some(ForeignWord::Review) => ForeignChange::Review,
            Some(ForeignWord::Reject) => ForeignChange::Reject,
        },
        filter: filters::of(name, field, &ty, path, tell),
        sort: filters::sorts(field, &ty, path, tell),
        refers_to,
        part_of: field.part_of,
        inverse: field.inverse.clone(),
        ty,
    }
}
