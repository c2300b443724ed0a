//! Query and path parameters, from the list the parser reads.

use super::schemas::{ID_PATTERN, decimal, example, of_type};
use super::{a, words};
use banyan_model::model::{Catalog, Entity, EntityNo, Field, FilterOp};
use banyan_model::query::{DEFAULT_LIMIT, MAX_LIMIT, embed_paths, filters, key_spaces};
use banyan_words::Type as Ty;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required};

/// More paths than this are told in words.
const MOST_PATHS: usize = 100;

fn query(name: &str, about: impl Into<String>, schema: impl Into<RefOr<Schema>>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

/// A list of words, separated by commas. One that stands there twice counts once, so their number has no bound.
fn comma_list(name: &str, about: impl Into<String>, words: Vec<String>) -> Parameter {
    let item = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
    comma(query(name, about, ArrayBuilder::new().items(item).min_items(Some(1))))
}

fn comma(mut p: Parameter) -> Parameter {
    p.style = Some(ParameterStyle::Form);
    p.explode = Some(false);
    p
}

/// `{id}`
pub(super) fn id(e: &Entity) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(ID_PATTERN));
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(format!("Id of {}.", a(&e.name))))
        .schema(Some(schema))
        .build()
}

/// `fields` and `embed`.
pub(super) fn selection(catalog: &Catalog, no: EntityNo) -> Vec<Parameter> {
    let e = &catalog.entities[no];
    let names = std::iter::once("id".to_owned()).chain(e.fields.iter().map(|f| f.name.clone())).collect();
    let mut out = vec![comma_list("fields", "Only these fields; the id always comes along.", names)];
    let about = "References and sub-collections to put in place, as at most 8 dotted paths of at most three steps. \
        Of a sub-collection the first 100 members come.";
    match embed_paths(catalog, no, MOST_PATHS) {
        Some(paths) if paths.is_empty() => {}
        Some(paths) => out.push(comma_list("embed", about, paths)),
        None => {
            let item = ObjectBuilder::new().schema_type(Type::String);
            out.push(comma(query("embed", about, ArrayBuilder::new().items(item).min_items(Some(1)))));
        }
    }
    out
}

/// Everything a list takes.
pub(super) fn list(catalog: &Catalog, no: EntityNo) -> Vec<Parameter> {
    let e = &catalog.entities[no];
    let mut out: Vec<Parameter> = filters(e).iter().map(|o| filter(&o.name, &e.fields[o.field], o.op)).collect();
    let sortable = e.fields.iter().filter(|f| f.sort);
    let sorts: Vec<String> = sortable.flat_map(|f| [f.name.clone(), format!("-{}", f.name)]).collect();
    if !sorts.is_empty() {
        let about = "Sort by these, the first leads; `-` means highest first. Null comes last. Without it, in order of arrival.";
        out.push(comma_list("sort", about, sorts));
    }
    out.extend(selection(catalog, no));
    let about = match e.live_list {
        Some(_) => format!("At most so many; {DEFAULT_LIMIT} if not given."),
        None => format!(
            "At most so many; {DEFAULT_LIMIT} for JSON if not given. NDJSON and CSV without it are the whole list."
        ),
    };
    out.push(limit(about, DEFAULT_LIMIT));
    let cursor = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]+$"));
    out.push(query("cursor", "Continue where a page ended: its `next`. Filters and sort must be the same.", cursor));
    out
}

fn limit(about: String, default: usize) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX_LIMIT))
        .default(Some(json!(default)));
    query("limit", about, schema)
}

fn filter(name: &str, f: &Field, op: FilterOp) -> Parameter {
    let field = words(&f.name);
    let about = match op {
        FilterOp::Eq => format!("Only where {field} is this."),
        FilterOp::Ne => format!("Only where {field} is something else, or null."),
        FilterOp::In => format!("Only where {field} is one of these, separated by commas."),
        FilterOp::Lt => format!("Only where {field} is below this."),
        FilterOp::Lte => format!("Only where {field} is this or below."),
        FilterOp::Gt => format!("Only where {field} is above this."),
        FilterOp::Gte => format!("Only where {field} is this or above."),
        FilterOp::StartsWith => format!("Only where {field} begins with this, upper and lower case told apart."),
    };
    match op {
        FilterOp::In => {
            comma(query(name, about, ArrayBuilder::new().items(value(f)).min_items(Some(1)).max_items(Some(100))))
        }
        FilterOp::StartsWith => query(name, about, ObjectBuilder::new().schema_type(Type::String)),
        _ => query(name, about, value(f)),
    }
}

/// The schema of a filter's value: strict, since it is what the parser takes.
fn value(f: &Field) -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String).examples(example(&f.ty, Some(f)));
    match &f.ty {
        // Nineteen digits need not fit 64 bits, eighteen always do.
        Ty::Integer => {
            text().format(Some(SchemaFormat::Custom("int64".to_owned()))).pattern(Some("^-?[0-9]{1,18}$")).into()
        }
        Ty::Decimal { precision, scale } => {
            let format = SchemaFormat::Custom("decimal".to_owned());
            text().format(Some(format)).pattern(Some(decimal(*precision, *scale))).into()
        }
        Ty::Text => text().into(),
        Ty::DateTime => text().pattern(Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")).into(),
        other => of_type(other, false, Some(f), None),
    }
}

/// `space` and `key`.
pub(super) fn lookup(catalog: &Catalog, no: EntityNo) -> Vec<Parameter> {
    let spaces = key_spaces(catalog, no);
    let parts = || spaces.iter().map(|s| s.columns.len());
    let told: Vec<String> = spaces.iter().map(|s| format!("`{}` ({})", s.name, s.columns.join(", "))).collect();
    let space = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(spaces.iter().map(|s| s.name.clone())));
    let part = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
    let key = ArrayBuilder::new().items(part).min_items(parts().min()).max_items(parts().max());
    let mut space = query("space", format!("Whose key it is: {}.", told.join(", ")), space);
    let mut key =
        query("key", "The key; repeated for the parts of a composite one, in the order the space names them.", key);
    space.required = Required::True;
    key.required = Required::True;
    key.style = Some(ParameterStyle::Form);
    key.explode = Some(true);
    vec![space, key]
}

/// `since` and `limit`.
pub(super) fn changes() -> Vec<Parameter> {
    let since = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]+$"));
    vec![
        query(
            "since",
            "After this position: the `next` of an earlier answer. `now` gives the newest position alone; \
            without it, from the beginning.",
            since,
        ),
        limit("At most so many changes.".to_owned(), 100),
    ]
}
