//! "Why this value?": every field of an instance with who rules it, where that stood, and who else said what.

use super::html::Html;
use super::paged;
use crate::ops::admin::AdminFault;
use crate::ops::state::AdminState;
use crate::runtime::why;
use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use banyan_model::model::Catalog;
use banyan_model::query::{Param, key_spaces, params};
use banyan_words::Id;
use serde_json::{Map, Value};

/// `/why?entity=…&space=…&key=…` or `&id=…`: leads to the page of the instance.
pub(super) async fn find(state: Data<AdminState>, req: HttpRequest) -> HttpResponse {
    match address(&state.shared.get().catalog, req.query_string()) {
        Ok(to) => HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish(),
        Err(fault) => paged(&state, "Why".to_owned(), move |_, _| Err(fault)).await,
    }
}

fn address(catalog: &Catalog, query: &str) -> Result<String, AdminFault> {
    let asked = params(query).map_err(|r| AdminFault::new(r.def.code, r.detail))?;
    let all = |name: &str| -> Vec<&str> {
        asked.iter().filter(|p: &&Param<'_>| p.name == name && !p.value.is_empty()).map(|p| &*p.value).collect()
    };
    let name = all("entity").first().copied().unwrap_or("");
    let found = catalog.entity(name);
    let (no, entity) = found.ok_or_else(|| AdminFault::missing(format_args!("entity `{name}`")))?;
    if let Some(id) = all("id").first() {
        return Ok(format!("/why/{}/{}", entity.name, parse(id)?));
    }
    let space = all("space").first().copied().unwrap_or("");
    let parts = all("key");
    let known = key_spaces(catalog, no).into_iter().find(|k| k.name == space);
    let columns = known.map(|k| k.columns).unwrap_or_default();
    if parts.is_empty() || parts.len() != columns.len() {
        let detail = format!("a key of `{space}` has {} part(s): {}", columns.len(), columns.join(", "));
        return Err(AdminFault::new("bad-value", detail));
    }
    Ok(format!("/why/{}/{}", entity.name, Id::derive(&entity.id_name, space, &parts)))
}

fn parse(id: &str) -> Result<Id, AdminFault> {
    Id::parse(id.trim()).ok_or_else(|| AdminFault::new("bad-value", "an id has 26 characters, digits and lower case"))
}

/// `/why/{entity}/{id}`
pub(super) async fn page(state: Data<AdminState>, path: Path<(String, String)>) -> HttpResponse {
    let (name, id) = path.into_inner();
    paged(&state, format!("Why {name}"), move |s, h| {
        let id = parse(&id)?;
        let lineage = lineage(s, &name, id)?;
        draw(h, &name, &lineage);
        Ok(())
    })
    .await
}

fn lineage(s: &AdminState, name: &str, id: Id) -> Result<Value, AdminFault> {
    s.read_any(|serving, reader| {
        let found = serving.catalog.entity(name);
        let (no, e) = found.ok_or_else(|| AdminFault::missing(format_args!("entity `{name}`")))?;
        let found = reader.instance(e.stored, id)?;
        let found = found.ok_or_else(|| AdminFault::missing(format_args!("{name} with this id or key")))?;
        why::lineage(serving, reader, no, &found).map_err(|e| AdminFault::new("internal", e.to_string()))
    })
}

fn draw(h: &mut Html, name: &str, lineage: &Value) {
    h.raw("<h1>Why <a href=\"/entities/").segment(name).raw("\">").text(name).raw("</a></h1><p class=\"file\">");
    h.text(lineage.get("id").and_then(Value::as_str).unwrap_or("")).raw("</p><div class=\"fields\">");
    for (field, told) in lineage.get("fields").and_then(Value::as_object).into_iter().flatten() {
        h.raw("<section class=\"field\"><h2><code>").text(field).raw("</code></h2><p class=\"canonical\">");
        value(h, told.get("value"));
        h.raw("</p>");
        match told.get("from").and_then(Value::as_object) {
            Some(from) => says(h, from),
            None => {
                let because = told.get("because").and_then(Value::as_str).unwrap_or("nobody says anything");
                h.raw("<p class=\"quiet\">").text(because).raw("</p>");
            }
        }
        owner(h, told);
        let losing = told.get("losing").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for other in losing.iter().filter_map(Value::as_object) {
            h.raw("<div class=\"losing\"><p><span class=\"quiet\">also said</span> ");
            value(h, other.get("value"));
            h.raw("</p>");
            says(h, other);
            h.raw("</div>");
        }
        h.raw("</section>");
    }
    h.raw("</div><h2>Records</h2><p class=\"quiet\">What sources said of this instance.</p><ul>");
    for record in lineage.get("records").and_then(Value::as_array).into_iter().flatten() {
        if let Some(record) = record.as_object() {
            h.raw("<li>");
            says(h, record);
            h.raw("</li>");
        }
    }
    h.raw("</ul>");
}

fn owner(h: &mut Html, told: &Value) {
    let Some(owner) = told.get("owner") else { return };
    let rule = owner.get("rule").and_then(Value::as_str).unwrap_or("");
    let of: Vec<&str> =
        owner.get("of").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let told = match rule {
        "first" => format!("owner: {}", of.join(", else ")),
        "latest" => format!("owner: the latest of {}", of.join(", ")),
        "review" => format!("owner: all must agree: {}", of.join(", ")),
        other => format!("owner: {other} {}", of.join(", ")),
    };
    h.raw("<p class=\"quiet\">").text(told).raw("</p>");
}

/// Where something was said; whatever else lineage tells of it follows as it is.
fn says(h: &mut Html, said: &Map<String, Value>) {
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    h.raw("<dl class=\"facts\">");
    if let Some(dataset) = text("dataset") {
        h.raw("<div><dt>Dataset</dt><dd><a href=\"/datasets/")
            .segment(dataset)
            .raw("\">")
            .text(dataset)
            .raw("</a></dd></div>");
    }
    if let Some(unit) = text("unit") {
        h.raw("<div><dt>Place</dt><dd class=\"file\">").text(unit);
        if let Some(line) = said.get("line").and_then(Value::as_u64) {
            h.raw(", line ").text(line);
        }
        h.raw("</dd></div>");
    }
    if said.get("withdrawn").and_then(Value::as_bool) == Some(true) {
        h.raw("<div><dt>Withdrawn</dt><dd>the record was deleted</dd></div>");
    }
    let shown = ["dataset", "unit", "line", "offset", "withdrawn", "value", "steps"];
    for (name, v) in said.iter().filter(|(n, v)| !shown.contains(&n.as_str()) && !v.is_null()) {
        let mut letters = name.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        h.raw("<div><dt>").text(first).text(letters.as_str()).raw("</dt><dd>");
        nested(h, v);
        h.raw("</dd></div>");
    }
    h.raw("</dl>");
    if let Some(list) = said.get("steps").and_then(Value::as_array).filter(|s| !s.is_empty()) {
        steps(h, list);
    }
}

/// How a formula came to its value, from the inside out.
fn steps(h: &mut Html, list: &[Value]) {
    h.raw("<details><summary>Step by step</summary><ol class=\"steps\">");
    for step in list.iter().filter_map(Value::as_object) {
        let text = |name: &str| step.get(name).and_then(Value::as_str);
        h.raw("<li><code>").text(text("step").unwrap_or("")).raw("</code> = ");
        value(h, step.get("value"));
        if let Some(note) = text("note") {
            h.raw(" <span class=\"quiet\">").text(note).raw("</span>");
        }
        h.raw("</li>");
    }
    h.raw("</ol></details>");
}

fn nested(h: &mut Html, v: &Value) {
    match v {
        Value::Object(members) => {
            h.raw("<ul class=\"plain\">");
            for (name, v) in members {
                h.raw("<li><span class=\"quiet\">").text(name).raw("</span> ");
                value(h, Some(v));
                h.raw("</li>");
            }
            h.raw("</ul>");
        }
        Value::Array(items) => {
            h.raw("<ul class=\"plain\">");
            for v in items {
                h.raw("<li>");
                nested(h, v);
                h.raw("</li>");
            }
            h.raw("</ul>");
        }
        other => value(h, Some(other)),
    }
}

fn value(h: &mut Html, v: Option<&Value>) {
    match v {
        None | Some(Value::Null) => drop(h.raw("<span class=\"none\">null</span>")),
        Some(Value::String(t)) => drop(h.raw("<span class=\"value\">").text(t).raw("</span>")),
        Some(other) => drop(h.raw("<code>").text(other).raw("</code>")),
    }
}
