//! Lists and sub-collections: a page of JSON, or a stream of all.

use super::conditional::ETag;
use super::dress::{self, PREFERENCE_APPLIED};
use super::facade::Ask;
use super::gzip;
use super::media::Media;
use super::one::{self, moved};
use super::render::{self, Left};
use super::stream::{self, Stream};
use super::worker::Worker;
use crate::runtime::execute::{Answer, Condition, Fetched, conditions, count, fetch, find, page, scope_of};
use crate::runtime::live::Listed;
use crate::runtime::serving::Serving;
use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use banyan_model::model::{DatasetNo, EntityNo};
use banyan_model::query::{ListIntent, Scope, cursor_token, params, parse_list};
use banyan_model::refusal::Refusal;
use banyan_words::Id;

/// `GET /v1/customers`
pub(super) fn all(w: &mut Worker, ask: &Ask<'_>, media: Media, entity: EntityNo) -> Result<HttpResponse, Refusal> {
    if let Some(listed) = ask.listed {
        // As it was read: the configuration may have been taken up anew meanwhile.
        let mut intent = parse_list(&listed.serving.catalog, listed.entity, &Scope::All, &params(ask.query)?)?;
        intent.selection.leave_out(&listed.serving.catalog, listed.entity, ask.without);
        return live(w, ask, media, listed, &intent);
    }
    let mut intent = parse_list(&w.serving.catalog, entity, &Scope::All, &params(ask.query)?)?;
    intent.selection.leave_out(&w.serving.catalog, entity, ask.without);
    match &w.serving.catalog.entities[entity].live_list {
        Some(_) => {
            let detail = "this is only read live, and its source is not connected";
            Err(Refusal::new("source-unavailable", detail))
        }
        None => list(w, ask, media, entity, Vec::new(), intent),
    }
}

/// A page of what is only read live: each is one search of the source, so NDJSON and CSV come page by page as well.
fn live(
    w: &mut Worker,
    ask: &Ask<'_>,
    media: Media,
    listed: &Listed,
    intent: &ListIntent,
) -> Result<HttpResponse, Refusal> {
    let (serving, entity) = (&listed.serving, listed.entity);
    let rows = listed.rows.clone();
    let fetched =
        w.read_as(serving, |serving, reader| fetch(serving, reader, entity, rows, &intent.selection.embeds))?;
    let next = listed.next.as_ref().map(|n| cursor_token(n, intent.binding));
    let mut response = match media {
        Media::Json => sized(ask, json_body(serving, entity, &fetched, intent, next.as_deref(), None)?),
        Media::Ndjson | Media::Csv => {
            let body = stream::render(serving, media, entity, &fetched, &intent.selection, true)?;
            let mut response = HttpResponse::Ok();
            response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(media.full())));
            if ask.head { response.finish() } else { response.body(body) }
        }
    };
    let headers = response.headers_mut();
    if let Some(next) = &next {
        headers.insert(header::LINK, link(ask, "cursor", next));
    }
    let mut datasets: Vec<DatasetNo> = listed.fresh.as_of.iter().map(|(d, _)| *d).collect();
    render::contributors(serving, &fetched, &mut datasets);
    dress::dress_fresh(headers, serving, &datasets, &ask.wants, (Some(&listed.fresh), None))?;
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding, Prefer"));
    Ok(response)
}

/// `GET /v1/orders/{id}/lines`
pub(super) fn children(
    w: &mut Worker,
    ask: &Ask<'_>,
    media: Media,
    parent: (EntityNo, Id),
    child: usize,
) -> Result<HttpResponse, Refusal> {
    let serving = w.serving.clone();
    let (parent_entity, id) = parent;
    let child = &serving.catalog.entities[parent_entity].children[child];
    let scope = Scope::Children { parent: id, field: child.field };
    let mut intent = parse_list(&serving.catalog, child.entity, &scope, &params(ask.query)?)?;
    intent.selection.leave_out(&serving.catalog, child.entity, ask.without);
    let found = w.read(|serving, reader| {
        Ok(match find(serving, reader, parent_entity, id)? {
            Answer::Live(found) => Ok(scope_of(serving, reader, parent_entity, &found, (child.entity, child.field))?),
            Answer::Moved(found) => Err(found.id),
            other => return Err(other.refusal(&serving.catalog.entities[parent_entity].name)),
        })
    })?;
    match found {
        Ok(condition) => list(w, ask, media, child.entity, vec![condition], intent),
        Err(canonical) => Ok(moved(&serving, ask, parent_entity, id, canonical)),
    }
}

fn list(
    w: &mut Worker,
    ask: &Ask<'_>,
    media: Media,
    entity: EntityNo,
    mut scope: Vec<Condition>,
    intent: ListIntent,
) -> Result<HttpResponse, Refusal> {
    scope.extend(w.read(|serving, reader| conditions(serving, reader, entity, &intent))?);
    let total = match ask.wants.count {
        true => Some(w.read(|serving, reader| count(serving, reader, entity, &scope))?),
        false => None,
    };
    let mut response = if media == Media::Json {
        json_page(w, ask, entity, &scope, &intent, total)?
    } else {
        rows(w, ask, media, entity, scope, intent)?
    };
    let datasets: Vec<DatasetNo> = w.serving.face(entity).datasets.clone();
    let headers = response.headers_mut();
    dress::dress(headers, &w.serving, &datasets, &ask.wants)?;
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding, Prefer"));
    if total.is_some() && media == Media::Json {
        headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static("count=exact"));
    }
    Ok(response)
}

fn json_page(
    w: &mut Worker,
    ask: &Ask<'_>,
    entity: EntityNo,
    conditions: &[Condition],
    intent: &ListIntent,
    total: Option<u64>,
) -> Result<HttpResponse, Refusal> {
    let (fetched, next) = w.read(|serving, reader| {
        let found = page(serving, reader, entity, conditions, intent, intent.after.as_ref(), intent.page_size())?;
        Ok((fetch(serving, reader, entity, found.rows, &intent.selection.embeds)?, found.next))
    })?;
    let next = next.map(|n| cursor_token(&n, intent.binding));
    let body = json_body(&w.serving, entity, &fetched, intent, next.as_deref(), total)?;
    let mut response = sized(ask, body);
    if let Some(next) = next {
        response.headers_mut().insert(header::LINK, link(ask, "cursor", &next));
    }
    Ok(response)
}

fn json_body(
    serving: &Serving,
    entity: EntityNo,
    fetched: &Fetched,
    intent: &ListIntent,
    next: Option<&str>,
    total: Option<u64>,
) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::with_capacity(64 + fetched.rows.len() * 384);
    body.extend_from_slice(b"{\"items\":[");
    let mut left = Left::new();
    for at in 0..fetched.rows.len() {
        if at > 0 {
            body.push(b',');
        }
        render::row(serving, entity, fetched, at, &intent.selection, &mut left, &mut body)?;
    }
    body.extend_from_slice(b"],\"next\":");
    body.extend_from_slice(next.map_or("null".to_owned(), |n| format!("\"{n}\"")).as_bytes());
    if let Some(total) = total {
        body.extend_from_slice(format!(",\"count\":{total}").as_bytes());
    }
    body.push(b'}');
    Ok(body)
}

/// A JSON body of a list, compressed where that is asked for and pays.
pub(super) fn sized(ask: &Ask<'_>, body: Vec<u8>) -> HttpResponse {
    if !ask.wants.gzip || body.len() < gzip::WORTH_IT {
        return one::answer(ask, body, None);
    }
    let etag = ETag::of_body(&body);
    let Some(small) = gzip::whole(&body) else { return one::answer(ask, body, Some(etag)) };
    let mut response = one::answer(ask, small, Some(etag));
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag.gzipped());
    if headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The `Link` to the next page: this address with another cursor.
pub(super) fn link(ask: &Ask<'_>, parameter: &str, token: &str) -> HeaderValue {
    let mut address = format!("<{}?", ask.path);
    for piece in ask.query.split('&').filter(|p| !p.is_empty()) {
        if piece.split('=').next() != Some(parameter) {
            address.push_str(piece);
            address.push('&');
        }
    }
    dress::value(format!("{address}{parameter}={token}>; rel=\"next\""))
}

/// NDJSON or CSV: one page if a limit was given, else everything there is, page by page.
fn rows(
    w: &mut Worker,
    ask: &Ask<'_>,
    media: Media,
    entity: EntityNo,
    conditions: Vec<Condition>,
    intent: ListIntent,
) -> Result<HttpResponse, Refusal> {
    let mut stream = Stream::new(ask.shared.clone(), w.serving.clone(), media, entity, conditions, intent);
    let first = stream.page(w)?;
    let next = stream.next_token();
    let mut response = stream::respond(ask, media, stream, first);
    if let Some(next) = next {
        response.headers_mut().insert(header::LINK, link(ask, "cursor", &next));
    }
    Ok(response)
}
