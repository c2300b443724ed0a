//! The facade's OpenAPI 3.1 document, made from the catalog alone.
//!
//! Invariant: parameters come from the same list the parser reads (`core/query`), statuses from the same classes `fault`
//! maps; the document is a pure function of the catalog, so a blessed copy can be compared.
//! Shapes: `Customer` is an instance as it is served plainly: every field is there, nullable unless required.
//! `CustomerSelection` is what `fields` and `embed` make of it: any field may be missing, a reference may be replaced by
//! what it means. Answers that take these parameters are `anyOf` the two.

mod operations;
mod parameters;
mod responses;
mod schemas;

use banyan_model::model::{Catalog, Entity};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder, PathsBuilder, ServerBuilder};

/// The facade's document.
pub fn facade_document(catalog: &Catalog) -> serde_json::Value {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new();
    for (name, schema) in schemas::shared() {
        components = components.schema(name, schema);
    }
    for (name, response) in responses::shared() {
        components = components.response(name, response);
    }
    let mut tags = Vec::new();
    for (no, e) in catalog.entities.iter().enumerate() {
        for (name, schema) in schemas::of_entity(catalog, no) {
            components = components.schema(name, schema);
        }
        for (path, item) in operations::of_entity(catalog, no) {
            paths = paths.path(path, item);
        }
        let about = e.description.clone().unwrap_or_else(|| format!("Everything about {}.", words(&e.plural)));
        tags.push(TagBuilder::new().name(e.plural.as_str()).description(Some(about)).build());
    }
    let title = if catalog.title.is_empty() { "Banyan facade" } else { catalog.title.as_str() };
    let about = match &catalog.description {
        Some(own) => format!("{own}\n\n{DESCRIPTION}"),
        None => DESCRIPTION.to_owned(),
    };
    let info = InfoBuilder::new()
        .title(title)
        .version("1.0.0")
        .description(Some(about))
        .license(Some(LicenseBuilder::new().name("Proprietary").identifier(Some("LicenseRef-Proprietary")).build()))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("This gateway")).build()]))
        .paths(paths.build())
        .components(Some(components.build()))
        .tags(Some(tags))
        .build();
    let mut json = serde_json::to_value(&document).unwrap_or_default();
    if let Some(root) = json.as_object_mut() {
        // No caller has to show who it is as long as no access is configured.
        root.insert("security".to_owned(), serde_json::json!([]));
    }
    json
}

/// The same for whoever asks for nothing special: answers as they are without `fields` and `embed`. What must hold of
/// another system's answers is held against this; against the whole document, every field might be missing.
pub fn plain_document(catalog: &Catalog) -> serde_json::Value {
    let mut document = facade_document(catalog);
    plain(&mut document);
    document
}

/// `anyOf` an instance and a selection of it becomes the instance.
fn plain(value: &mut serde_json::Value) {
    use serde_json::Value;
    let to = |v: &Value| v.get("$ref").and_then(Value::as_str).map(str::to_owned);
    if let Some([a, b]) = value.get("anyOf").and_then(Value::as_array).map(Vec::as_slice)
        && let (Some(one), Some(other)) = (to(a), to(b))
        && other.strip_suffix("Selection") == Some(one.as_str())
    {
        *value = serde_json::json!({ "$ref": one });
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(plain),
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

const DESCRIPTION: &str = "\
A modern face of the systems behind it. Ids are permanent; after a merge the other id answers 308.

Decimals and 64-bit integers are strings, so that no digit is lost on the way. Lists page by an opaque cursor: pass `next` \
on as `cursor` and keep filters and sort. An unknown parameter or field is refused with the valid names. Lists come as \
JSON, or whole as NDJSON and CSV by `Accept`. Errors are problem+json with a permanent `code`.

`Banyan-As-Of` says as of when the data speaks, `Age` how old it is; the strong `ETag` stays the same as long as the \
content does.";

/// `order_line` → `OrderLine`.
fn pascal(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_').filter(|w| !w.is_empty()) {
        let mut letters = word.chars();
        out.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// `order_lines` → `order lines`.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// The schema name of an entity; the document's own names are not given away.
fn schema_name(e: &Entity) -> String {
    let name = pascal(&e.name);
    if schemas::OWN_NAMES.contains(&name.as_str()) { format!("{name}Record") } else { name }
}

/// "a customer", "an order".
fn a(name: &str) -> String {
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {}", if vowel { "an" } else { "a" }, words(name))
}
