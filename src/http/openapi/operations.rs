//! Paths and operations of an entity.

use super::responses::{self, dressed, etag, shared_response};
use super::schemas::{either, reference};
use super::{a, parameters, pascal, schema_name, words};
use banyan_model::model::{Catalog, Child, Entity, EntityNo};
use banyan_model::query::key_spaces;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, PathItemBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, ContentBuilder, RefOr, Required};

/// The paths of an entity.
pub(super) fn of_entity(catalog: &Catalog, no: EntityNo) -> Vec<(String, PathItem)> {
    let e = &catalog.entities[no];
    let base = format!("/v1/{}", e.plural);
    let mut out = Vec::new();
    if e.listed {
        out.push((base.clone(), get(list(catalog, no))));
    }
    if !key_spaces(catalog, no).is_empty() {
        let both = PathItemBuilder::new()
            .operation(HttpMethod::Get, lookup(catalog, no).build())
            .operation(HttpMethod::Post, lookup_by_body(catalog, no).build());
        out.push((format!("{base}:lookup"), both.build()));
    }
    out.push((format!("{base}/changes"), get(changes(e))));
    out.push((format!("{base}/{{id}}"), get(one(catalog, no))));
    out.push((format!("{base}/{{id}}/lineage"), get(lineage(e))));
    for (at, c) in e.children.iter().enumerate() {
        out.push((format!("{base}/{{id}}/{}", c.name), get(children(catalog, no, at))));
    }
    out
}

fn get(operation: OperationBuilder) -> PathItem {
    PathItemBuilder::new().operation(HttpMethod::Get, operation.build()).build()
}

/// An operation with the refusals it may answer with.
fn operation(e: &Entity, id: String, summary: String, refusals: &[&str]) -> OperationBuilder {
    let mut o = OperationBuilder::new().operation_id(Some(id)).tag(e.plural.as_str()).summary(Some(summary));
    for (status, name, _) in responses::REFUSALS {
        if refusals.contains(&status) {
            o = o.response(status, shared_response(name));
        }
    }
    o.response("default", shared_response("Other"))
}

fn with(o: OperationBuilder, parameters: Vec<Parameter>) -> OperationBuilder {
    parameters.into_iter().fold(o, |o, p| o.parameter(p))
}

fn json(schema: RefOr<Schema>) -> Content {
    ContentBuilder::new().schema(Some(schema)).build()
}

/// NDJSON and CSV are texts to JSON Schema.
fn rows(about: &str) -> Content {
    let schema = ObjectBuilder::new().schema_type(Type::String).description(Some(about));
    ContentBuilder::new().schema(Some(schema)).build()
}

fn header(name: &str, about: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn conditional() -> Parameter {
    header("If-None-Match", "ETags the caller has; 304 if one is the current one.")
}

fn prefer(e: &Entity) -> Parameter {
    let about = match e.live_list {
        Some(_) => "`handling=strict` makes `Cache-Control: max-age` binding. `count=exact` is not honoured here.",
        None => "`count=exact` counts all; `handling=strict` makes `Cache-Control: max-age` binding.",
    };
    header("Prefer", about)
}

fn listed(e: &Entity, about: String) -> Response {
    let name = schema_name(e);
    let lines = match e.live_list {
        Some(_) => "One instance a line; a page, as of JSON: `Link` says where to go on.",
        None => "One instance a line; the whole list unless `limit` is given.",
    };
    dressed(ResponseBuilder::new().description(about))
        .header("ETag", etag())
        .header("Link", responses::link())
        .content("application/json", json(reference(&format!("{name}Page"))))
        .content("application/x-ndjson", rows(lines))
        .content(
            "text/csv",
            rows("RFC 4180 with a header row; nested values as JSON text; nothing is altered for spreadsheets."),
        )
        .build()
}

fn list(catalog: &Catalog, no: EntityNo) -> OperationBuilder {
    let e = &catalog.entities[no];
    let o = operation(
        e,
        format!("list{}", pascal(&e.plural)),
        format!("List {}", words(&e.plural)),
        &["400", "406", "503", "504"],
    );
    let o = match e.live_list {
        Some(_) => o.description(Some(
            "They are read live from the system that has them, which is searched by the filters: at least one is needed \
             (400 `filter-needed`). They come in the order of that system's keys. A page may hold fewer than `limit`, or \
             none, and still have a `next`. If that system does not answer, that is 503.",
        )),
        None => o,
    };
    with(o, parameters::list(catalog, no))
        .parameter(prefer(e))
        .parameter(conditional())
        .response("200", listed(e, format!("A page of {}.", words(&e.plural))))
        .response("304", shared_response("NotModified"))
}

/// `listLinesOfOrder`; without `Of` it could be the name of another entity's list, such as `listOrderLines`.
fn list_children(e: &Entity, c: &Child) -> String {
    format!("list{}Of{}", pascal(&c.name), pascal(&e.name))
}

fn children(catalog: &Catalog, no: EntityNo, at: usize) -> OperationBuilder {
    let e = &catalog.entities[no];
    let c = &e.children[at];
    let child = &catalog.entities[c.entity];
    let id = list_children(e, c);
    let summary = format!("List the {} of {}", words(&c.name), a(&e.name));
    let o = operation(e, id, summary, &["400", "404", "406", "410", "503", "504"]);
    with(o.parameter(parameters::id(e)), parameters::list(catalog, c.entity))
        .parameter(prefer(child))
        .parameter(conditional())
        .response("200", listed(child, format!("A page of {}.", words(&c.name))))
        .response("304", shared_response("NotModified"))
        .response("308", shared_response("Moved"))
}

fn instance(catalog: &Catalog, no: EntityNo, located: bool) -> Response {
    let e = &catalog.entities[no];
    let mut r = dressed(ResponseBuilder::new().description(format!("The {}.", words(&e.name))))
        .header("ETag", etag())
        .header("Last-Modified", responses::last_modified())
        .content("application/json", json(either(&schema_name(e))));
    let link = |id: String, about: &str| {
        LinkBuilder::new().operation_id(id).parameter("id", "$response.body#/id").description(about).build()
    };
    if located {
        r = r.header("Content-Location", responses::content_location());
        r = r.link("self", link(format!("get{}", pascal(&e.name)), "The instance at its own address."));
    }
    r = r.link("lineage", link(format!("get{}Lineage", pascal(&e.name)), "Why it has its values."));
    for c in &e.children {
        let id = list_children(e, c);
        r = r.link(c.name.as_str(), link(id, "What belongs to it."));
    }
    r.build()
}

fn one(catalog: &Catalog, no: EntityNo) -> OperationBuilder {
    let e = &catalog.entities[no];
    let o = operation(
        e,
        format!("get{}", pascal(&e.name)),
        format!("Get {} by id", a(&e.name)),
        &["400", "404", "406", "410", "503", "504"],
    );
    with(o.parameter(parameters::id(e)), parameters::selection(catalog, no))
        .parameter(conditional())
        .response("200", instance(catalog, no, false))
        .response("304", shared_response("NotModified"))
        .response("308", shared_response("Moved"))
}

fn lookup(catalog: &Catalog, no: EntityNo) -> OperationBuilder {
    let e = &catalog.entities[no];
    let o = operation(
        e,
        format!("lookup{}", pascal(&e.name)),
        format!("Get {} by a key of another system", a(&e.name)),
        &["400", "404", "406", "410", "503", "504"],
    );
    with(with(o, parameters::lookup(catalog, no)), parameters::selection(catalog, no))
        .parameter(conditional())
        .response("200", instance(catalog, no, true))
        .response("304", shared_response("NotModified"))
}

fn lookup_by_body(catalog: &Catalog, no: EntityNo) -> OperationBuilder {
    let e = &catalog.entities[no];
    let o = operation(
        e,
        format!("lookup{}ByBody", pascal(&e.name)),
        format!("Get {} by a key that must not stand in a log", a(&e.name)),
        &["400", "404", "406", "410", "413", "415", "503", "504"],
    );
    let body = RequestBodyBuilder::new()
        .required(Some(Required::True))
        .content("application/json", json(reference(&format!("{}Key", schema_name(e)))))
        .build();
    with(o, parameters::selection(catalog, no)).request_body(Some(body)).response("200", instance(catalog, no, true))
}

fn changes(e: &Entity) -> OperationBuilder {
    let name = schema_name(e);
    let page = dressed(ResponseBuilder::new().description("Changes, oldest first."))
        .header("ETag", etag())
        .header("Link", responses::link())
        .content("application/json", json(reference(&format!("{name}ChangePage"))))
        .content("application/x-ndjson", rows("One change a line; `Link` says where to go on."))
        .build();
    let id = format!("list{}Changes", pascal(&e.name));
    let o = operation(e, id, format!("Follow what changes in {}", words(&e.plural)), &["400", "406", "503", "504"]);
    with(o, parameters::changes())
        .parameter(conditional())
        .response("200", page)
        .response("304", shared_response("NotModified"))
}

fn lineage(e: &Entity) -> OperationBuilder {
    let told = dressed(ResponseBuilder::new().description("Its lineage."))
        .header("ETag", etag())
        .content("application/json", json(reference("Lineage")))
        .build();
    let id = format!("get{}Lineage", pascal(&e.name));
    let summary = format!("Why {} has its values", a(&e.name));
    operation(e, id, summary, &["400", "404", "406", "410", "503", "504"])
        .parameter(parameters::id(e))
        .parameter(conditional())
        .response("200", told)
        .response("304", shared_response("NotModified"))
        .response("308", shared_response("Moved"))
}
