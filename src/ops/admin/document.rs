//! The admin API's own OpenAPI document, made from the handlers' annotations, and the page that shows it.

use super::fault::{AdminFault, CODES};
use super::{acts, consumers, contract, evidence, lists, migration, moves, probes, reads, replay, sweeps};
use actix_web::web::Path;
use actix_web::{HttpResponse, http::header};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use utoipa::OpenApi;
use utoipa_swagger_ui::Config;

#[derive(OpenApi)]
#[openapi(
    info(title = "Banyan admin API", version = "1",
        description = "What operators see and do: state of sources and datasets, the ledger, dead letters, reviews, \
                       entities with their formulas. Listens on loopback only; acts are POSTs with a JSON body.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")),
    servers((url = "/", description = "The admin listener.")),
    tags((name = "probes", description = "For orchestrators and Prometheus."),
        (name = "gateway", description = "The gateway itself."),
        (name = "sources", description = "Legacy systems."),
        (name = "datasets", description = "Sets of records, their state, and what waits for a person."),
        (name = "ledger", description = "What came in and what became of it."),
        (name = "dead letters", description = "Refused records, with replay and discard."),
        (name = "reviews", description = "Questions for a person."),
        (name = "entities", description = "The catalog: fields, owners, formulas."),
        (name = "routes", description = "Paths on their way from legacy to modern."),
        (name = "consumers", description = "Who calls which route, and who still needs legacy."),
        (name = "migration", description = "The evidence on which routes move.")),
    paths(probes::livez, probes::readyz, probes::metrics, reads::about, reads::sources, acts::accept_source, reads::datasets, reads::dataset,
        acts::accept, lists::units, lists::ledger, reads::ledger_totals, lists::dead_letters, acts::replay_many,
        reads::dead_letter, acts::replay, acts::discard, lists::reviews, reads::entities, reads::entity, acts::reload,
        consumers::consumers, moves::routes, moves::decisions, moves::set, contract::contract, replay::progress,
        replay::start, replay::stop, migration::board, migration::clusters, migration::judge, migration::verdicts,
        evidence::bundles, evidence::bundle, evidence::restart, evidence::sweep, sweeps::progress)
)]
struct Document;

/// The document.
pub fn admin_document() -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    if let Some(root) = document.as_object_mut() {
        root.insert("security".to_owned(), json!([])); // said, not forgotten: the listener is loopback only
    }
    common_problems(&mut document);
    pages_by_name(&mut document);
    document
}

/// A page names the schema of its items instead of repeating it.
fn pages_by_name(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in &names {
        let Some(of) = name.strip_prefix("Page_").filter(|of| names.iter().any(|n| n == of)) else { continue };
        if let Some(items) = schemas.get_mut(name).and_then(|p| p.pointer_mut("/properties/items/items")) {
            *items = json!({ "$ref": format!("#/components/schemas/{of}") });
        }
    }
}

/// What the door may answer to any request.
fn common_problems(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for (method, operation) in paths.values_mut().filter_map(Value::as_object_mut).flatten() {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let mut add = |status: &str, description: &str| {
            responses.entry(status).or_insert_with(|| problem(description));
        };
        add("421", "The `Host` names another machine.");
        add("500", "The gateway failed.");
        add("503", "The store cannot be used now.");
        if method == "post" {
            add("400", "The body cannot be read.");
            add("403", "A page of another origin may not act here.");
            add("413", "The body is too large.");
            add("415", "The body is not JSON.");
        } else {
            add("400", "A query parameter is not known, or cannot be read.");
        }
        responses.sort_keys();
    }
}

fn problem(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
}

/// `/openapi.json`
pub(super) async fn openapi() -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| admin_document().to_string());
    HttpResponse::Ok().content_type("application/json").body(TEXT.as_str())
}

/// `/docs`: relative links need the slash.
pub(super) async fn docs_root() -> HttpResponse {
    HttpResponse::MovedPermanently().insert_header((header::LOCATION, "/docs/")).finish()
}

/// The page that shows the document; everything it needs is in the program.
pub(super) async fn docs(file: Path<String>) -> Result<HttpResponse, AdminFault> {
    if *file == "errors" {
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(codes()));
    }
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| Arc::new(Config::from("/openapi.json")));
    let found = utoipa_swagger_ui::serve(&file, CONFIG.clone());
    let found = found.map_err(|e| AdminFault::new("internal", e.to_string()))?;
    let found = found.ok_or_else(|| AdminFault::new("no-such-path", format!("there is nothing at /docs/{file}")))?;
    let mut answer = HttpResponse::Ok();
    if found.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.content_type(found.content_type).body(found.bytes.into_owned()))
}

fn codes() -> String {
    CODES.iter().map(|d| format!("{} ({})\n  {}. {}\n\n", d.code, d.status, d.title, d.hint)).collect()
}
