//! The facade's own pipeline, from the head of a request to its answer.
//!
//! It wants no connection: comparisons ask it the same questions as consumers do.

use super::brownout::Without;
use super::fresh::Heard;
use super::media::Media;
use super::route::{self, Target};
use super::wants::{self, Wants};
use super::worker::{self, Worker};
use super::{docs, fault, feed, fresh, list, one, trace};
use crate::runtime::live::{Fresh, Listed};
use crate::runtime::serving::Shared;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use banyan_model::model::{EntityNo, FieldNo};
use banyan_model::query::{params, parse_lookup, parse_lookup_body, parse_selection};
use banyan_model::refusal::Refusal;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Instant;

/// Longest address that is read.
const LONGEST_ADDRESS: usize = 16_384;
/// Longest body that is read: a key, not a document.
const LONGEST_BODY: usize = 16_384;

/// What of a request the answers look at.
pub(super) struct Ask<'r> {
    /// What is served.
    pub(super) shared: &'r Arc<Shared>,
    /// Whether only headers are wanted.
    pub(super) head: bool,
    /// The path, as it came.
    pub(super) path: &'r str,
    /// The query, as it came.
    pub(super) query: &'r str,
    /// What its headers want.
    pub(super) wants: Wants<'r>,
    /// What was read live for it.
    pub(super) fresh: Option<&'r Fresh>,
    /// The page of a list that was read live for it.
    pub(super) listed: Option<&'r Listed>,
    /// Fields that this caller goes without for now.
    pub(super) without: &'r [(EntityNo, FieldNo)],
}

/// Answers a request; `body` is what [`body`] read of it, `without` what its caller goes without.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    docs: &docs::Docs,
    request: &RequestHead,
    body: Result<web::Bytes, Refusal>,
    without: &Without,
) -> HttpResponse {
    let begun = Instant::now();
    let heard = fresh::read(shared, request, body.as_deref().ok()).await;
    worker::with(shared, |w| {
        let uri = &request.uri;
        let found = if uri.path().len() + uri.query().map_or(0, str::len) > LONGEST_ADDRESS {
            Err(Refusal::new("address-too-long", format!("path and query are longer than {LONGEST_ADDRESS} bytes")))
        } else {
            route::find(&w.serving, uri.path())
        };
        let catalog = w.serving.catalog.clone();
        let hidden = without.hidden(&catalog);
        let result = match &found {
            Ok(target) => match &heard {
                Err(refusal) => Err(refusal.clone()),
                Ok(heard) => dispatch(w, shared, docs, request, target, body, (heard, hidden)),
            },
            Err(refusal) => Err(refusal.clone()),
        };
        let result = result.map(|r| if hidden.is_empty() { r } else { without.tell(r) });
        let response = result.unwrap_or_else(|refusal| refused(request, found.as_ref().ok(), &refusal));
        let took = begun.elapsed();
        w.meters.count(&w.serving, found.as_ref().ok(), &request.method, response.status(), took);
        tracing::debug!(method = %request.method, path = uri.path(), status = response.status().as_u16(),
            micros = took.as_micros() as u64, "request");
        response
    })
}

fn dispatch(
    w: &mut Worker,
    shared: &Arc<Shared>,
    docs: &docs::Docs,
    request: &RequestHead,
    target: &Target,
    body: Result<web::Bytes, Refusal>,
    (heard, without): (&Heard, &[(EntityNo, FieldNo)]),
) -> Result<HttpResponse, Refusal> {
    let method = &request.method;
    let head = *method == Method::HEAD;
    let posted = *method == Method::POST && matches!(target, Target::Lookup(_));
    if *method == Method::OPTIONS {
        let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(target.allow()));
        return Ok(response);
    }
    if *method != Method::GET && !head && !posted {
        let detail = format!("this path does not offer {method}; it offers {}", target.allow());
        return Err(Refusal::new("method-not-allowed", detail));
    }
    let headers = &request.headers;
    let uri = &request.uri;
    let mut wants = Wants::of(headers);
    if posted {
        // 304 is an answer to GET and HEAD only.
        wants.if_none_match = None;
    }
    let ask = Ask {
        shared,
        head,
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        wants,
        fresh: heard.fresh.as_ref(),
        listed: heard.listed.as_ref(),
        without,
    };
    let rows = [Media::Json, Media::Ndjson, Media::Csv];
    let catalog = w.serving.catalog.clone();
    match target {
        Target::One(entity, id) => {
            wants::media(headers, &rows[..1])?;
            if ask.query.is_empty() && without.is_empty() {
                return one::by_id(w, &ask, *entity, *id, &Default::default());
            }
            let (mut selection, flaws) = parse_selection(&catalog, *entity, &params(ask.query)?, &[]);
            if !flaws.is_empty() {
                return Err(Refusal::flaws(flaws));
            }
            selection.leave_out(&catalog, *entity, without);
            one::by_id(w, &ask, *entity, *id, &selection)
        }
        Target::List(entity) => list::all(w, &ask, wants::media(headers, &rows)?, *entity),
        Target::Children(entity, id, child) => {
            list::children(w, &ask, wants::media(headers, &rows)?, (*entity, *id), *child)
        }
        Target::Changes(entity) => feed::feed(w, &ask, wants::media(headers, &rows[..2])?, *entity),
        Target::Lookup(entity) => {
            wants::media(headers, &rows[..1])?;
            let given = params(ask.query)?;
            let mut intent = match posted {
                true => parse_lookup_body(&catalog, *entity, &given, &body?)?,
                false => parse_lookup(&catalog, *entity, &given)?,
            };
            intent.selection.leave_out(&catalog, *entity, without);
            one::by_key(w, &ask, *entity, &intent)
        }
        Target::Lineage(entity, id) => {
            wants::media(headers, &rows[..1])?;
            no_parameters(&ask)?;
            one::lineage(w, &ask, *entity, *id)
        }
        Target::Document => docs.document(w, &ask),
        Target::Docs(rest) => docs.page(rest),
    }
}

fn no_parameters(ask: &Ask<'_>) -> Result<(), Refusal> {
    use banyan_model::refusal::Flaw;
    let flaws: Vec<Flaw> = params(ask.query)?
        .iter()
        .map(|p| Flaw::parameter("unknown-parameter", &p.name, "this path takes no parameters"))
        .collect();
    if flaws.is_empty() { Ok(()) } else { Err(Refusal::flaws(flaws)) }
}

fn refused(request: &RequestHead, target: Option<&Target>, refusal: &Refusal) -> HttpResponse {
    let trace_id = trace::id(&request.headers);
    let mut response = fault::problem(refusal, &trace_id);
    if let (StatusCode::METHOD_NOT_ALLOWED, Some(target)) = (response.status(), target) {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(target.allow()));
    }
    if response.status().is_server_error() {
        tracing::info!(trace_id, code = refusal.def.code, method = %request.method, path = request.uri.path(),
            "request failed");
    }
    response
}

/// What of a body the facade reads: that of a lookup. All else is answered at once.
pub(super) async fn body(request: &RequestHead, mut payload: web::Payload) -> Result<web::Bytes, Refusal> {
    if request.method != Method::POST {
        return Ok(web::Bytes::new());
    }
    let media = request.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new("unsupported-media-type", "this path reads application/json"));
    }
    let mut all = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refusal::new("bad-body", "the body ended early or is not properly encoded"))?;
        if all.len() + chunk.len() > LONGEST_BODY {
            return Err(Refusal::new("body-too-large", format!("at most {LONGEST_BODY} bytes are read")));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}
