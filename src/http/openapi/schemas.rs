//! Types, instances, pages and problems as JSON Schema.

use super::{a, schema_name, words};
use banyan_model::instance::parse;
use banyan_model::model::{Catalog, Entity, EntityNo, Field};
use banyan_model::query::key_spaces;
use banyan_model::refusal::REGISTRY;
use banyan_words::{Id, Type as Ty, Value as Val};
use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AnyOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Discriminator, Ref, RefOr};

/// Names of schemas that are the document's own.
pub(super) const OWN_NAMES: [&str; 3] = ["Problem", "ProblemError", "Lineage"];

/// Pattern of an id.
pub(super) const ID_PATTERN: &str = "^[0-7][0-9a-hjkmnp-tv-z]{25}$";

type Named = (String, RefOr<Schema>);

pub(super) fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn custom(format: &str) -> Option<SchemaFormat> {
    Some(SchemaFormat::Custom(format.to_owned()))
}

/// Schemas that do not depend on the configuration.
pub(super) fn shared() -> Vec<Named> {
    let codes = REGISTRY.iter().map(|d| d.code);
    let error = ObjectBuilder::new()
        .description(Some("One fault of a request."))
        .property("parameter", text().description(Some("The query parameter that is wrong.")))
        .property("header", text().description(Some("The request header that is wrong.")))
        .property("pointer", text().description(Some("JSON pointer into the body.")))
        .property("code", text().description(Some("Permanent code of this fault.")))
        .property("detail", text().description(Some("What is wrong, and what would be right.")))
        .required("code")
        .required("detail");
    let problem = ObjectBuilder::new()
        .description(Some("A refusal (RFC 9457)."))
        .property("type", text().format(custom("uri-reference")).description(Some("Where the code is documented.")))
        .property("title", text().description(Some("The same for every occurrence of the code.")))
        .property("status", ObjectBuilder::new().schema_type(Type::Integer).description(Some("The HTTP status.")))
        .property("detail", text().description(Some("What happened in this case.")))
        .property("code", text().enum_values(Some(codes)).description(Some("Permanent code.")))
        .property("hint", text().description(Some("What to do.")))
        .property("errors", ArrayBuilder::new().items(reference("ProblemError")).description(Some("Single faults.")))
        .property("trace_id", text().pattern(Some("^[0-9a-f]{32}$")).description(Some("To be told to the operator.")));
    let problem =
        ["type", "title", "status", "detail", "code", "hint", "trace_id"].iter().fold(problem, |p, r| p.required(*r));
    let lineage = ObjectBuilder::new()
        .description(Some(
            "Why an instance has its values: for each field who rules it, where that stood, and who else said what.",
        ))
        .property("id", id_schema("this instance"))
        .property("entity", text())
        .property(
            "fields",
            ObjectBuilder::new()
                .description(Some("By field name."))
                .additional_properties(Some(RefOr::T(Schema::Object(ObjectBuilder::new().build())))),
        )
        .property(
            "records",
            ArrayBuilder::new().items(ObjectBuilder::new()).description(Some("Every record that speaks of it.")),
        )
        .required("id")
        .required("entity")
        .required("fields")
        .required("records");
    vec![
        ("Problem".to_owned(), problem.into()),
        ("ProblemError".to_owned(), error.into()),
        ("Lineage".to_owned(), lineage.into()),
    ]
}

/// An id.
pub(super) fn id_schema(of: &str) -> ObjectBuilder {
    let example = Id::derive("example", "example", &["1"]).to_string();
    text().pattern(Some(ID_PATTERN)).description(Some(format!("Permanent id of {of}."))).examples([json!(example)])
}

/// The schemas of an entity.
pub(super) fn of_entity(catalog: &Catalog, no: EntityNo) -> Vec<Named> {
    let e = &catalog.entities[no];
    let name = schema_name(e);
    let mut out = vec![
        (name.clone(), plain(catalog, e)),
        (format!("{name}Selection"), selection(catalog, e)),
        (format!("{name}Upsert"), change(e, true)),
        (format!("{name}Delete"), change(e, false)),
        (format!("{name}Change"), any_change(e)),
        (format!("{name}ChangePage"), change_page(e)),
    ];
    if e.listed {
        out.insert(2, (format!("{name}Page"), page(e)));
    }
    if !key_spaces(catalog, no).is_empty() {
        out.push((format!("{name}Key"), key(catalog, no)));
    }
    for c in &e.children {
        let of = schema_name(&catalog.entities[c.entity]);
        let next = text_or_null("Address where the rest is; null if this is all.");
        let embedded = ObjectBuilder::new()
            .description(Some(format!("The first 100 {} of {}.", words(&c.name), a(&e.name))))
            .property("items", ArrayBuilder::new().items(either(&of)))
            .property("next", next)
            .required("items")
            .required("next");
        out.push((format!("{name}{}", super::pascal(&c.name)), embedded.into()));
    }
    out
}

/// An instance as served plainly, or after `fields` and `embed`.
pub(super) fn either(name: &str) -> RefOr<Schema> {
    let both = AnyOfBuilder::new().item(reference(name)).item(reference(&format!("{name}Selection")));
    RefOr::T(Schema::AnyOf(both.build()))
}

fn plain(catalog: &Catalog, e: &Entity) -> RefOr<Schema> {
    let about = e.description.clone().unwrap_or_else(|| capital(&a(&e.name)) + ".");
    let mut o = ObjectBuilder::new()
        .description(Some(about))
        .property("id", id_schema(&format!("this {}", words(&e.name))))
        .required("id");
    for f in &e.fields {
        o = o.property(f.name.as_str(), field(catalog, f, !f.required)).required(f.name.as_str());
    }
    o.into()
}

fn selection(catalog: &Catalog, e: &Entity) -> RefOr<Schema> {
    let about = format!("{} as `fields` and `embed` make it: only what was asked for.", capital(&a(&e.name)));
    let mut o = ObjectBuilder::new()
        .description(Some(about))
        .property("id", id_schema(&format!("this {}", words(&e.name))))
        .required("id");
    for f in &e.fields {
        let schema = match f.refers_to.and_then(|t| catalog.entities.get(t)) {
            None => field(catalog, f, !f.required),
            Some(target) => {
                let target = reference(&format!("{}Selection", schema_name(target)));
                let embedded = AnyOfBuilder::new().item(field(catalog, f, true)).item(target);
                let about = "The id, or the instance itself if it is embedded; null if it is not there, or embedded and not arrived.";
                RefOr::T(Schema::AnyOf(embedded.description(Some(about)).build()))
            }
        };
        o = o.property(f.name.as_str(), schema);
    }
    for c in &e.children {
        o = o.property(c.name.as_str(), reference(&format!("{}{}", schema_name(e), super::pascal(&c.name))));
    }
    o.into()
}

fn page(e: &Entity) -> RefOr<Schema> {
    let name = schema_name(e);
    let count = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .description(Some("How many there are in all; only with `Prefer: count=exact`."));
    ObjectBuilder::new()
        .description(Some(format!("A page of {}.", words(&e.plural))))
        .property("items", ArrayBuilder::new().items(either(&name)))
        .property("next", text_or_null("Cursor of the next page; null on the last one."))
        .property("count", count)
        .required("items")
        .required("next")
        .into()
}

fn change(e: &Entity, upsert: bool) -> RefOr<Schema> {
    let (word, about) = if upsert { ("upsert", "came or changed") } else { ("delete", "ended") };
    let mut o = ObjectBuilder::new()
        .description(Some(format!("{} {about}.", capital(&a(&e.name)))))
        .property("change", text().enum_values(Some([word])))
        .property("id", id_schema(&format!("the {}", words(&e.name))))
        .property("at", text().format(custom("date-time")).description(Some("When.")))
        .required("change")
        .required("id")
        .required("at");
    if upsert {
        o = o
            .property("etag", text().description(Some("Its ETag now.")))
            .property("value", reference(&schema_name(e)))
            .required("etag")
            .required("value");
    }
    o.into()
}

fn any_change(e: &Entity) -> RefOr<Schema> {
    let name = schema_name(e);
    let (upsert, delete) = (format!("{name}Upsert"), format!("{name}Delete"));
    let at = |n: &str| format!("#/components/schemas/{n}");
    let which = Discriminator::with_mapping("change", [("upsert", at(&upsert)), ("delete", at(&delete))]);
    let both = OneOfBuilder::new().item(reference(&upsert)).item(reference(&delete)).discriminator(Some(which));
    RefOr::T(Schema::OneOf(both.build()))
}

fn change_page(e: &Entity) -> RefOr<Schema> {
    let more = ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether there is more already."));
    ObjectBuilder::new()
        .description(Some(format!("Changes of {}, oldest first.", words(&e.plural))))
        .property("items", ArrayBuilder::new().items(reference(&format!("{}Change", schema_name(e)))))
        .property("next", text().description(Some("Pass on as `since`.")))
        .property("more", more)
        .required("items")
        .required("next")
        .required("more")
        .into()
}

/// A key in a body: of a space, with as many parts as that space's keys have.
fn key(catalog: &Catalog, no: EntityNo) -> RefOr<Schema> {
    let mut any = AnyOfBuilder::new().description(Some("A key in one of the key spaces."));
    let spaces = key_spaces(catalog, no);
    for s in &spaces {
        let parts = s.columns.len();
        let part = || text().min_length(Some(1));
        let list = ArrayBuilder::new().items(part()).min_items(Some(parts)).max_items(Some(parts));
        let given: RefOr<Schema> = if parts == 1 {
            RefOr::T(Schema::AnyOf(AnyOfBuilder::new().item(part()).item(list).build()))
        } else {
            list.into()
        };
        let o = ObjectBuilder::new()
            .description(Some(format!("A key in `{}`: {}.", s.name, s.columns.join(", "))))
            .property("space", text().enum_values(Some([s.name.as_str()])))
            .property("key", given)
            .required("space")
            .required("key")
            .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)));
        any = any.item(o);
    }
    RefOr::T(Schema::AnyOf(any.build()))
}

fn text_or_null(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null])).description(Some(about))
}

fn field(catalog: &Catalog, f: &Field, nullable: bool) -> RefOr<Schema> {
    let about = match (&f.description, f.refers_to.and_then(|t| catalog.entities.get(t))) {
        (Some(d), _) => Some(d.clone()),
        (None, Some(target)) => Some(format!("Id of {}.", a(&target.name))),
        (None, None) => None,
    };
    of_type(&f.ty, nullable, Some(f), about)
}

/// The schema of a value of that type.
pub(super) fn of_type(ty: &Ty, nullable: bool, f: Option<&Field>, about: Option<String>) -> RefOr<Schema> {
    let typed = |t: Type| if nullable { SchemaType::from_iter([t, Type::Null]) } else { SchemaType::Type(t) };
    let scalar =
        |t: Type| ObjectBuilder::new().schema_type(typed(t)).description(about.clone()).examples(example(ty, f));
    match ty {
        Ty::Text => {
            let bounds = f.map(|f| &f.text);
            scalar(Type::String)
                .max_length(bounds.and_then(|t| t.max).map(|m| m as usize))
                .format(bounds.and_then(|t| t.format.as_deref()).and_then(custom))
                .into()
        }
        Ty::Integer => scalar(Type::String).format(custom("int64")).pattern(Some("^-?[0-9]{1,19}$")).into(),
        Ty::Decimal { precision, scale } => {
            scalar(Type::String).format(custom("decimal")).pattern(Some(decimal(*precision, *scale))).into()
        }
        Ty::Float => scalar(Type::Number).format(custom("double")).into(),
        Ty::Boolean => scalar(Type::Boolean).into(),
        Ty::Date => scalar(Type::String).format(custom("date")).into(),
        Ty::Time => scalar(Type::String).pattern(Some("^[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?$")).into(),
        Ty::DateTime => {
            scalar(Type::String).pattern(Some("^-?[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")).into()
        }
        Ty::Instant => scalar(Type::String).format(custom("date-time")).into(),
        Ty::Bytes => scalar(Type::String).content_encoding("base64").into(),
        Ty::Enum(values) => {
            let null = nullable.then_some(Value::Null);
            scalar(Type::String).enum_values(Some(values.iter().map(|v| json!(v)).chain(null))).into()
        }
        Ty::Ref(_) => scalar(Type::String).pattern(Some(ID_PATTERN)).into(),
        Ty::List(of) => ArrayBuilder::new()
            .schema_type(typed(Type::Array))
            .items(of_type(of, true, None, None))
            .description(about)
            .into(),
        Ty::Object(members) => {
            let o = ObjectBuilder::new().schema_type(typed(Type::Object)).description(about);
            members.iter().fold(o, |o, (name, ty)| o.property(name.as_str(), of_type(ty, true, None, None))).into()
        }
        Ty::Any => ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(about).into(),
    }
}

/// Pattern of a decimal with at most so many digits before and after the point.
pub(super) fn decimal(precision: u8, scale: u8) -> String {
    let whole = precision.saturating_sub(scale).max(1);
    if scale == 0 {
        format!("^-?[0-9]{{1,{whole}}}$")
    } else {
        format!("^-?[0-9]{{1,{whole}}}(\\.[0-9]{{1,{scale}}})?$")
    }
}

/// An example: the configured one if it is of the type, else one that shows the form.
pub(super) fn example(ty: &Ty, f: Option<&Field>) -> Vec<Value> {
    let shown = |text: &str| {
        let mut json = Vec::new();
        parse(ty, text)?.write_json(&mut json);
        serde_json::from_slice::<Value>(&json).ok()
    };
    if let Some(configured) = f.and_then(|f| f.example.as_deref()).and_then(shown) {
        return vec![configured];
    }
    let form = match ty {
        Ty::Integer => Some("42".to_owned()),
        Ty::Decimal { precision, scale } if precision > scale => banyan_words::Decimal::new(0, *scale)
            .ok()
            .map(|d| Val::Decimal(d).to_text().unwrap_or_default().into_owned()),
        Ty::Boolean => Some("true".to_owned()),
        Ty::Date => Some("2019-04-01".to_owned()),
        Ty::Time => Some("13:45:00".to_owned()),
        Ty::DateTime => Some("2019-04-01T13:45:00".to_owned()),
        Ty::Instant => Some("2019-04-01T13:45:00Z".to_owned()),
        Ty::Enum(values) => values.first().cloned(),
        Ty::Ref(_) => Some(Id::derive("example", "example", &["1"]).to_string()),
        _ => None,
    };
    form.and_then(|t| shown(&t)).into_iter().collect()
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default() + letters.as_str()
}
