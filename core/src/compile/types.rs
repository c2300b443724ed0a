//! The type of a field, and whether what is said beside it suits that type.

use super::tell::{Tell, meant};
use crate::draft::{Draft, FieldDraft, TypeWord};
use banyan_words::Type;
use banyan_words::decimal::MAX_DIGITS;
use banyan_words::node::join;

/// The type a field declares. Where it is faulty, as much of it as is sound; `None` if nothing is.
pub(super) fn of(field: &FieldDraft, path: &str, draft: &Draft, tell: &mut Tell<'_>) -> Option<Type> {
    strays(field, path, tell);
    Some(match field.ty {
        TypeWord::Text => Type::Text,
        TypeWord::Integer => Type::Integer,
        TypeWord::Decimal => decimal(field, path, tell)?,
        TypeWord::Float => Type::Float,
        TypeWord::Boolean => Type::Boolean,
        TypeWord::Date => Type::Date,
        TypeWord::Time => Type::Time,
        TypeWord::DateTime => Type::DateTime,
        TypeWord::Instant => Type::Instant,
        TypeWord::Bytes => Type::Bytes,
        TypeWord::Enum => Type::Enum(values(field, path, tell)?),
        TypeWord::Ref => Type::Ref(target(field, path, draft, tell)?),
        TypeWord::List => match &field.of {
            Some(inner) => {
                let at = join(path, "of");
                nested(&inner.0, &at, tell);
                Type::List(Box::new(of(&inner.0, &at, draft, tell)?))
            }
            None => return missing(path, "of", "a list says what it holds", "write `of: text`", tell),
        },
        TypeWord::Object => Type::Object(members(field, path, draft, tell)?),
    })
}

fn decimal(field: &FieldDraft, path: &str, tell: &mut Tell<'_>) -> Option<Type> {
    let Some(scale) = field.scale else {
        return missing(path, "scale", "a decimal says how many digits follow the point", "write `scale: 2`", tell);
    };
    let precision = field.precision.unwrap_or(MAX_DIGITS);
    if precision == 0 || precision > MAX_DIGITS {
        let message = format!("a decimal has 1 to {MAX_DIGITS} digits, not {precision}");
        tell.error("wrong-size", &join(path, "precision"), message, "leave it out for all 38");
        return None;
    }
    if scale > precision {
        let message = format!("{scale} digits after the point are more than all {precision} digits");
        tell.error("wrong-size", &join(path, "scale"), message, "scale counts digits after the point, precision all");
        return None;
    }
    Some(Type::Decimal { precision, scale })
}

fn values(field: &FieldDraft, path: &str, tell: &mut Tell<'_>) -> Option<Vec<String>> {
    let Some(values) = field.values.as_ref().filter(|v| !v.is_empty()) else {
        let hint = "write `values: [retail, trade]`";
        return missing(path, "values", "an enum says which words it may be", hint, tell);
    };
    for (i, v) in values.iter().enumerate() {
        if values.iter().take(i).any(|w| w == v) {
            let at = format!("{}[{i}]", join(path, "values"));
            tell.error("duplicate-name", &at, format!("the word `{v}` stands there twice"), "name it once");
        }
    }
    Some(values.clone())
}

fn target(field: &FieldDraft, path: &str, draft: &Draft, tell: &mut Tell<'_>) -> Option<String> {
    let Some(to) = &field.to else {
        return missing(path, "to", "a ref says which entity it points at", "write `to: customer`", tell);
    };
    if draft.entity(to).is_none() {
        let known = draft.entities.iter().map(|e| e.name.as_str());
        let told = format!("entities.{to}");
        tell.unknown(("unknown-entity", "entity"), &join(path, "to"), to, known, &told);
        return None;
    }
    Some(to.clone())
}

fn members(field: &FieldDraft, path: &str, draft: &Draft, tell: &mut Tell<'_>) -> Option<Vec<(String, Type)>> {
    let Some(fields) = field.fields.as_ref().filter(|f| !f.is_empty()) else {
        let hint = "write `fields: { street: { type: text } }`";
        return missing(path, "fields", "an object says what it holds", hint, tell);
    };
    let mut members = Vec::with_capacity(fields.len());
    for (name, member) in fields.iter() {
        let at = join(&join(path, "fields"), name);
        nested(member, &at, tell);
        if let Some(ty) = of(member, &at, draft, tell) {
            members.push((name.to_owned(), ty));
        }
    }
    Some(members)
}

fn missing<T>(path: &str, key: &str, message: &str, hint: &str, tell: &mut Tell<'_>) -> Option<T> {
    if !tell.is_partial(&join(path, key)) {
        tell.error("missing-key", path, message, hint);
    }
    None
}

/// What only a whole field of an entity can have.
fn nested(field: &FieldDraft, path: &str, tell: &mut Tell<'_>) {
    let said = [
        ("required", field.required),
        ("owner", field.owner.is_some()),
        ("filter", !field.filter.is_empty()),
        ("sort", field.sort),
        ("part_of", field.part_of),
        ("inverse", field.inverse.is_some()),
        ("on_foreign_change", field.on_foreign_change.is_some()),
        ("max", field.max.is_some()),
    ];
    for (key, said) in said {
        if said {
            let message = format!("`{key}` is for fields of an entity, not for what they hold");
            tell.error("no-use", &join(path, key), message, "leave it out, or say it of the whole field");
        }
    }
}

/// Keys that mean nothing with this type.
fn strays(field: &FieldDraft, path: &str, tell: &mut Tell<'_>) {
    let ty = field.ty;
    let said = [
        ("of", field.of.is_some(), TypeWord::List),
        ("fields", field.fields.is_some(), TypeWord::Object),
        ("to", field.to.is_some(), TypeWord::Ref),
        ("part_of", field.part_of, TypeWord::Ref),
        ("inverse", field.inverse.is_some(), TypeWord::Ref),
        ("values", field.values.is_some(), TypeWord::Enum),
        ("scale", field.scale.is_some(), TypeWord::Decimal),
        ("precision", field.precision.is_some(), TypeWord::Decimal),
        ("max", field.max.is_some(), TypeWord::Text),
        ("min", field.min.is_some(), TypeWord::Text),
        ("format", field.format.is_some(), TypeWord::Text),
    ];
    for (key, said, wanted) in said {
        if said && ty != wanted {
            let message = format!("`{key}` means nothing for a field of type {}", word(ty));
            let hint = format!("leave it out, or write `type: {}`", word(wanted));
            tell.error("no-use", &join(path, key), message, hint);
        }
    }
    if field.min.is_some() && ty == TypeWord::Text {
        let message = "the shortest length of a text is not checked by this version";
        let hint = "check it in the formula: IF(LEN(x) < 3, REJECT \"too-short\", x)";
        tell.error("unsupported", &join(path, "min"), message, hint);
    }
    if field.max == Some(0) {
        tell.error("wrong-size", &join(path, "max"), "no text has room in 0 characters", "leave it out for any length");
    }
}

/// The word as it is written.
pub(super) fn word(ty: TypeWord) -> &'static str {
    match ty {
        TypeWord::Text => "text",
        TypeWord::Integer => "integer",
        TypeWord::Decimal => "decimal",
        TypeWord::Float => "float",
        TypeWord::Boolean => "boolean",
        TypeWord::Date => "date",
        TypeWord::Time => "time",
        TypeWord::DateTime => "datetime",
        TypeWord::Instant => "instant",
        TypeWord::Bytes => "bytes",
        TypeWord::Enum => "enum",
        TypeWord::Ref => "ref",
        TypeWord::List => "list",
        TypeWord::Object => "object",
    }
}

/// A hint for a misspelt field.
pub(super) fn field_meant<'f>(name: &str, fields: impl IntoIterator<Item = &'f str>) -> String {
    meant(name, &fields.into_iter().collect::<Vec<_>>())
}
