//! One instance: by id, by key, and its lineage.

use super::cache::Entry;
use super::conditional::ETag;
use super::dress::{self, AS_OF, SERVED_BY};
use super::facade::Ask;
use super::render::{self, Left};
use super::worker::Worker;
use crate::runtime::execute::{Answer, Found, damaged, fetch, find};
use crate::runtime::serving::Serving;
use crate::runtime::why;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use banyan_model::instance::FactsHead;
use banyan_model::model::EntityNo;
use banyan_model::query::{LookupIntent, Selection};
use banyan_model::refusal::Refusal;
use banyan_words::Id;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `GET /v1/customers/{id}`
pub(super) fn by_id(
    w: &mut Worker,
    ask: &Ask<'_>,
    entity: EntityNo,
    id: Id,
    selection: &Selection,
) -> Result<HttpResponse, Refusal> {
    if selection.is_plain() {
        return plain(w, ask, entity, id, false);
    }
    match found(w, ask, entity, id)? {
        Answer::Live(found) => selected(w, ask, entity, found, selection),
        Answer::Moved(found) => Ok(moved(&w.serving, ask, entity, id, found.id)),
        other => Err(other.refusal(&w.serving.catalog.entities[entity].name)),
    }
}

/// `GET` and `POST /v1/customers:lookup`: the instance itself, with its address.
pub(super) fn by_key(
    w: &mut Worker,
    ask: &Ask<'_>,
    entity: EntityNo,
    intent: &LookupIntent,
) -> Result<HttpResponse, Refusal> {
    if intent.selection.is_plain() {
        return plain(w, ask, entity, intent.id, true);
    }
    let found = match found(w, ask, entity, intent.id)? {
        Answer::Live(found) | Answer::Moved(found) => found,
        other => return Err(other.refusal(&w.serving.catalog.entities[entity].name)),
    };
    let id = found.id;
    let mut response = selected(w, ask, entity, found, &intent.selection)?;
    response.headers_mut().insert(header::CONTENT_LOCATION, address(&w.serving, entity, id));
    Ok(response)
}

/// `GET /v1/customers/{id}/lineage`
pub(super) fn lineage(w: &mut Worker, ask: &Ask<'_>, entity: EntityNo, id: Id) -> Result<HttpResponse, Refusal> {
    let body = w.read(|serving, reader| {
        let found = match find(serving, reader, entity, id)? {
            Answer::Live(found) => found,
            Answer::Moved(found) => return Ok(Err(found.id)),
            other => return Err(other.refusal(&serving.catalog.entities[entity].name)),
        };
        let told = why::lineage(serving, reader, entity, &found).map_err(|e| {
            tracing::error!(error = %e, id = %found.id, "lineage cannot be told");
            Refusal::new(
                "internal",
                "the lineage of this instance cannot be told; its operator finds the reason in the log",
            )
        })?;
        let mut datasets = Vec::new();
        FactsHead::read(&found.facts).inspect(|h| serving.contributors(h, &mut datasets));
        Ok(Ok((told.to_string(), datasets)))
    })?;
    let (body, datasets) = match body {
        Ok(found) => found,
        Err(canonical) => return Ok(moved(&w.serving, ask, entity, id, canonical)),
    };
    let mut response = answer(ask, body.into(), None);
    dress::dress(response.headers_mut(), &w.serving, &datasets, &ask.wants)?;
    Ok(response)
}

/// What an id leads to: as it was read live for this request, else as it is stored.
fn found(w: &mut Worker, ask: &Ask<'_>, entity: EntityNo, id: Id) -> Result<Answer, Refusal> {
    match ask.fresh.and_then(|f| f.found.as_ref()) {
        Some(fresh) => Answer::of(fresh.clone(), id),
        None => w.read(|serving, reader| find(serving, reader, entity, id)),
    }
}

/// The whole instance, from the worker's cache if it may.
fn plain(w: &mut Worker, ask: &Ask<'_>, entity: EntityNo, id: Id, located: bool) -> Result<HttpResponse, Refusal> {
    // Asked before the read: the entry may be newer than it says, never older.
    let generation = w.serving.store.generation();
    let now = w.serving.clock.now_ms();
    if ask.fresh.is_none()
        && let Some(entry) = w.cache.get(entity, id, generation)
    {
        let mut response = respond(&w.serving, ask, entry, now)?;
        if located {
            response.headers_mut().insert(header::CONTENT_LOCATION, address(&w.serving, entity, id));
        }
        return Ok(response);
    }
    let (found, canonical) = match found(w, ask, entity, id)? {
        Answer::Live(found) => (found, true),
        Answer::Moved(found) if located => (found, false),
        Answer::Moved(found) => return Ok(moved(&w.serving, ask, entity, id, found.id)),
        other => return Err(other.refusal(&w.serving.catalog.entities[entity].name)),
    };
    let mut entry = entry(&w.serving, entity, &found, generation)?;
    let mut response = respond(&w.serving, ask, &mut entry, now)?;
    if located {
        response.headers_mut().insert(header::CONTENT_LOCATION, address(&w.serving, entity, found.id));
    }
    if canonical && ask.fresh.is_none() {
        w.cache.put(entry);
    }
    Ok(response)
}

fn entry(serving: &Serving, entity: EntityNo, found: &Found, generation: u64) -> Result<Entry, Refusal> {
    let head = FactsHead::read(&found.facts).ok_or_else(|| damaged(found))?;
    let mut body = Vec::with_capacity(found.facts.len() + 256);
    render::whole(serving, entity, found, &mut body)?;
    let mut contributors = Vec::new();
    serving.contributors(&head, &mut contributors);
    let etag = ETag::of(head.etag);
    Ok(Entry {
        entity,
        id: found.id,
        generation,
        body: Bytes::from(body),
        etag,
        etag_header: etag.header(),
        last_modified: dress::http_date(head.changed),
        cache_control: dress::cache_control(serving, &contributors),
        contributors,
        as_of: None,
        as_of_header: HeaderValue::from_static(""),
        age: -1,
        age_header: HeaderValue::from_static(""),
    })
}

/// Answers from an entry: prebuilt header values, a shared body.
fn respond(serving: &Serving, ask: &Ask<'_>, entry: &mut Entry, now: i64) -> Result<HttpResponse, Refusal> {
    let as_of = dress::as_of(serving, &entry.contributors, ask.fresh, Some(entry.id));
    if as_of != entry.as_of {
        entry.as_of = as_of;
        entry.as_of_header = as_of.map_or(HeaderValue::from_static(""), |a| dress::value(dress::rfc3339(a)));
    }
    if ask.wants.strict {
        dress::fresh_enough(&ask.wants, as_of, now, dress::asked(&entry.contributors, ask.fresh))?;
    }
    let unchanged = ask.wants.if_none_match.is_some_and(|h| entry.etag.is_known(h));
    let mut response = if unchanged {
        HttpResponse::new(StatusCode::NOT_MODIFIED)
    } else {
        HttpResponse::with_body(StatusCode::OK, entry.body.clone()).map_into_boxed_body()
    };
    let headers = response.headers_mut();
    if !unchanged {
        headers.insert(header::CONTENT_TYPE, JSON);
    }
    headers.insert(header::ETAG, entry.etag_header.clone());
    headers.insert(header::LAST_MODIFIED, entry.last_modified.clone());
    headers.insert(header::CACHE_CONTROL, entry.cache_control.clone());
    headers.insert(SERVED_BY, dress::served_by(ask.fresh));
    if let Some(as_of) = as_of {
        let age = dress::age(now, as_of);
        if age != entry.age {
            entry.age = age;
            entry.age_header = HeaderValue::from(age);
        }
        headers.insert(AS_OF, entry.as_of_header.clone());
        headers.insert(header::AGE, entry.age_header.clone());
    }
    Ok(response)
}

/// Some fields, or with other instances embedded.
fn selected(
    w: &mut Worker,
    ask: &Ask<'_>,
    entity: EntityNo,
    found: Found,
    selection: &Selection,
) -> Result<HttpResponse, Refusal> {
    let head = FactsHead::read(&found.facts).ok_or_else(|| damaged(&found))?;
    let (etag, changed) = (ETag::of(head.etag), head.changed);
    // What is embedded is as old as the passes that brought it.
    let alone = selection.embeds.is_empty().then_some(found.id);
    let fetched = w.read(|serving, reader| fetch(serving, reader, entity, vec![found], &selection.embeds))?;
    let mut body = Vec::with_capacity(1024);
    render::row(&w.serving, entity, &fetched, 0, selection, &mut Left::new(), &mut body)?;
    let mut datasets = Vec::new();
    render::contributors(&w.serving, &fetched, &mut datasets);
    // A choice of fields keeps the instance's ETag; what is embedded changes by itself, so its bytes count. So do they
    // where a field is withheld: who holds the whole must not be told that it is unchanged.
    let etag = if selection.embeds.is_empty() && ask.without.is_empty() { etag } else { ETag::of_body(&body) };
    let mut response = answer(ask, body, Some(etag));
    if selection.embeds.is_empty() {
        response.headers_mut().insert(header::LAST_MODIFIED, dress::http_date(changed));
    }
    dress::dress_fresh(response.headers_mut(), &w.serving, &datasets, &ask.wants, (ask.fresh, alone))?;
    Ok(response)
}

/// A JSON body, or 304 where the caller has it. Without an ETag of its own it gets that of its bytes.
pub(super) fn answer(ask: &Ask<'_>, body: Vec<u8>, etag: Option<ETag>) -> HttpResponse {
    let etag = etag.unwrap_or_else(|| ETag::of_body(&body));
    let mut response = if ask.wants.if_none_match.is_some_and(|h| etag.is_known(h)) {
        HttpResponse::new(StatusCode::NOT_MODIFIED)
    } else {
        let mut full = HttpResponse::with_body(StatusCode::OK, Bytes::from(body)).map_into_boxed_body();
        full.headers_mut().insert(header::CONTENT_TYPE, JSON);
        full
    };
    response.headers_mut().insert(header::ETAG, etag.header());
    response
}

/// The permanent redirect from an alias to the canonical id; the rest of the address stays.
pub(super) fn moved(serving: &Serving, ask: &Ask<'_>, entity: EntityNo, asked: Id, canonical: Id) -> HttpResponse {
    let base = address_text(serving, entity, asked);
    let rest = ask.path.strip_prefix(base.as_str()).unwrap_or_default();
    let query = if ask.query.is_empty() { String::new() } else { format!("?{}", ask.query) };
    let to = format!("{}{rest}{query}", address_text(serving, entity, canonical));
    let mut response = HttpResponse::new(StatusCode::PERMANENT_REDIRECT);
    response.headers_mut().insert(header::LOCATION, dress::value(to));
    response
}

fn address_text(serving: &Serving, entity: EntityNo, id: Id) -> String {
    format!("/v1/{}/{id}", serving.catalog.entities[entity].plural)
}

fn address(serving: &Serving, entity: EntityNo, id: Id) -> HeaderValue {
    dress::value(address_text(serving, entity, id))
}
