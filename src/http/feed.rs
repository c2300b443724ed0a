//! The change feed: what changed since, as JSON or NDJSON.

use super::conditional::ETag;
use super::dress;
use super::facade::Ask;
use super::list::{link, sized};
use super::media::Media;
use super::render::{self, Left};
use super::worker::Worker;
use crate::runtime::execute::{Change, Fetched, changes, damaged};
use crate::runtime::serving::Serving;
use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use banyan_model::instance::FactsHead;
use banyan_model::model::EntityNo;
use banyan_model::query::{Selection, params, parse_changes};
use banyan_model::refusal::Refusal;

/// `GET /v1/customers/changes`
pub(super) fn feed(w: &mut Worker, ask: &Ask<'_>, media: Media, entity: EntityNo) -> Result<HttpResponse, Refusal> {
    let intent = parse_changes(&w.serving.catalog.entities[entity], &params(ask.query)?)?;
    let mut selection = Selection::default();
    selection.leave_out(&w.serving.catalog, entity, ask.without);
    let page = w.read(|serving, reader| changes(serving, reader, entity, &intent))?;
    let mut body = Vec::with_capacity(64 + page.changes.len() * 512);
    if media == Media::Json {
        body.extend_from_slice(b"{\"items\":[");
    }
    for (i, c) in page.changes.iter().enumerate() {
        if media == Media::Json && i > 0 {
            body.push(b',');
        }
        item(&w.serving, entity, c, &selection, &mut body)?;
        if media == Media::Ndjson {
            body.push(b'\n');
        }
    }
    let mut response = if media == Media::Json {
        body.extend_from_slice(format!("],\"next\":\"{}\",\"more\":{}}}", page.next, page.more).as_bytes());
        sized(ask, body)
    } else {
        HttpResponse::Ok().insert_header((header::CONTENT_TYPE, media.full())).body(body)
    };
    let datasets = w.serving.face(entity).datasets.clone();
    let headers = response.headers_mut();
    dress::dress(headers, &w.serving, &datasets, &ask.wants)?;
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    headers.insert(header::LINK, link(ask, "since", &page.next));
    Ok(response)
}

fn item(
    serving: &Serving,
    entity: EntityNo,
    c: &Change,
    selection: &Selection,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let (id, at) = (c.found.id, dress::rfc3339(c.at));
    if !c.live {
        out.extend_from_slice(format!("{{\"change\":\"delete\",\"id\":\"{id}\",\"at\":\"{at}\"}}").as_bytes());
        return Ok(());
    }
    let head = FactsHead::read(&c.found.facts).ok_or_else(|| damaged(&c.found))?;
    let mut value = Vec::with_capacity(c.found.facts.len() + 256);
    let etag = if selection.is_plain() {
        render::whole(serving, entity, &c.found, &mut value)?;
        ETag::of(head.etag)
    } else {
        // Who is given half of it must not be told later that it holds the whole: its bytes count, as one by one.
        let fetched = Fetched { rows: vec![c.found.clone()], embeds: Vec::new() };
        render::row(serving, entity, &fetched, 0, selection, &mut Left::new(), &mut value)?;
        ETag::of_body(&value)
    };
    let etag = etag.text().trim_matches('"');
    let begin =
        format!("{{\"change\":\"upsert\",\"id\":\"{id}\",\"etag\":\"\\\"{etag}\\\"\",\"at\":\"{at}\",\"value\":");
    out.extend_from_slice(begin.as_bytes());
    out.extend_from_slice(&value);
    out.push(b'}');
    Ok(())
}
