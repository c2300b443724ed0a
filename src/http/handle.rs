//! Every request begins here: who answers it, the facade or a route that leads elsewhere?
//!
//! Invariant: every path has one meaning, in this order: the facade's own paths (with the routes over them), then the
//! configured routes, most specific first. The facade's paths never fall through to a wildcard.
//! Not here: the facade's answers (`facade`), sending to upstreams (`proxy`).

use super::brownout::Without;
use super::docs::Docs;
use super::route::{self, Target};
use super::worker::{self, Worker};
use super::{brownout, caller, captured, facade, fault, proxy, trace};
use crate::runtime::routes::{Route, Turn, access};
use crate::runtime::serving::Shared;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use banyan_migration::consumer::Consumers;
use banyan_migration::route::{By, Move, OnlyConfig};
use banyan_migration::stage::{Side, Stage, Way};
use banyan_model::query::{is_token, params};
use banyan_model::refusal::Refusal;
use std::borrow::Cow;
use std::sync::Arc;

/// With this header a caller chooses a side while its route is in canary.
pub(super) const SIDE: HeaderName = HeaderName::from_static("banyan-side");
/// Who calls, where nothing better is known.
pub(super) const CONSUMER: HeaderName = HeaderName::from_static("x-consumer");

/// Answers a request.
pub(super) async fn handle(
    shared: Arc<Shared>,
    docs: Arc<Docs>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let (whither, without, call) = worker::with(&shared, |w| {
        let consumer = caller::named(w, request.head());
        let mut whither = whither(w, request.head(), consumer);
        let without = without(w, request.head(), consumer, &mut whither);
        if let Whither::Route(turn) = &whither {
            captured::saw(w, &turn.route, request.head(), consumer);
        }
        let call = caller::begin(w, request.head(), consumer, &whither);
        (whither, without, call)
    });
    let response = answer(&shared, &docs, (whither, without), request, payload).await;
    call.end(response)
}

async fn answer(
    shared: &Arc<Shared>,
    docs: &Docs,
    (whither, without): (Whither, Without),
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    match whither {
        Whither::Facade => {
            // A place of its own: a request that goes elsewhere need not carry what the facade would remember.
            Box::pin(async {
                let body = facade::body(request.head(), payload).await;
                facade::answer(shared, docs, request.head(), body, &without).await
            })
            .await
        }
        Whither::Route(turn) => proxy::answer(shared, docs, (turn, without), &request, payload).await,
        Whither::Refused(refusal) => fault::problem(&refusal, &trace::id(request.headers())),
        Whither::NotOffered(methods) => {
            let detail = format!("this path does not offer {}; it offers {methods}", request.method());
            let refusal = Refusal::new("method-not-allowed", detail);
            let mut response = fault::problem(&refusal, &trace::id(request.headers()));
            if let Ok(allow) = HeaderValue::from_str(&methods) {
                response.headers_mut().insert(header::ALLOW, allow);
            }
            response
        }
    }
}

/// Who answers a request.
pub(super) enum Whither {
    /// The facade, as if there were no routes.
    Facade,
    /// A route.
    Route(Turn),
    /// Nobody: routes have the path and offer these methods only.
    NotOffered(String),
    /// Nobody, for that reason.
    Refused(Refusal),
}

/// Who answers a request.
pub(super) fn whither(w: &Worker, request: &RequestHead, consumer: Option<usize>) -> Whither {
    let routes = &w.serving.routes;
    if routes.is_empty() {
        return Whither::Facade;
    }
    if let Some(turn) = turn(w, request, consumer) {
        return gone_on(turn, request);
    }
    let meets = |only: &OnlyConfig| only.meets(&caller::sent(request), consumer_name(&w.serving.consumers, consumer));
    match routes.allow(request.uri.path(), meets).filter(|_| !is_facades(request.uri.path())) {
        Some(methods) => Whither::NotOffered(methods.join(", ")),
        None => Whither::Facade,
    }
}

/// What an answer of the facade's, or of a route over its paths, lacks for that caller.
fn without(w: &Worker, request: &RequestHead, consumer: Option<usize>, whither: &mut Whither) -> Without {
    let without = match whither {
        Whither::Facade => of_uri(w, request, consumer),
        Whither::Route(turn) if turn.route.entity.is_some() => of_uri(w, request, consumer),
        _ => Without::default(),
    };
    if let (false, Whither::Route(turn)) = (without.is_empty(), whither) {
        // One side goes without a field: that is no difference between the two.
        turn.way.beside = None;
    }
    without
}

fn of_uri(w: &Worker, request: &RequestHead, consumer: Option<usize>) -> Without {
    let serving = &w.serving;
    if serving.brownouts.is_empty() {
        return Without::default();
    }
    let Ok(target) = route::find(serving, request.uri.path()) else { return Without::default() };
    let query = request.uri.query().unwrap_or_default();
    let hidden = brownout::hidden(&serving.brownouts, consumer, serving.clock.now());
    brownout::of(&serving.catalog, hidden, &target, query)
}

/// The name of the consumer at that place.
fn consumer_name(consumers: &Consumers, consumer: Option<usize>) -> Option<&str> {
    consumer.and_then(|no| consumers.names().get(no)).map(String::as_str)
}

/// The route a request belongs to, and who answers.
fn turn(w: &Worker, request: &RequestHead, consumer: Option<usize>) -> Option<Turn> {
    let routes = &w.serving.routes;
    let (method, path) = (request.method.as_str(), request.uri.path());
    let consumers = &w.serving.consumers;
    let name = consumer_name(consumers, consumer);
    let meets = |only: &OnlyConfig| only.meets(&caller::sent(request), name);
    let route = if is_facades(path) {
        match route::find(&w.serving, path) {
            Ok(target) => {
                let (entity, what) = moved(&target)?;
                routes.of_entity(entity, what, method)?
            }
            // A route may have a place of its own under /v1, beside the collections.
            Err(_) => routes.of_path(method, path, meets).filter(|r| is_facades(&r.config.path))?,
        }
    } else {
        routes.of_path(method, path, meets)?
    };
    Some(turn_of(route, request, consumer, consumers))
}

/// Who answers a request of that route.
pub(super) fn turn_of(
    route: &Arc<Route>,
    request: &RequestHead,
    consumer: Option<usize>,
    consumers: &Consumers,
) -> Turn {
    let name = consumer_name(consumers, consumer);
    let who = who(route, request, name, consumers.names());
    let sent = request.headers.get(SIDE).and_then(|v| match v.as_bytes() {
        b"modern" => Some(Side::Modern),
        b"legacy" => Some(Side::Legacy),
        _ => None,
    });
    // Whatever the route tells callers apart by, a consumer that is pinned goes where it is pinned.
    let sent = name.and_then(|n| route.config.canary.pin.get(n).copied()).or(sent);
    let way = route.way(access(request.method.as_str()), &who, sent);
    Turn { route: route.clone(), way, pinned: route.config.canary.pin.get(&*who).copied() }
}

/// A request that goes on from a place in a list goes to the side that made its token, whoever's turn it is. So does one
/// with `If-Match`, while both sides answer: the other could only refuse it, and its caller has done nothing wrong.
pub(super) fn gone_on(mut turn: Turn, request: &RequestHead) -> Whither {
    if let Some(way) = held(&turn, request) {
        turn.way = way;
    }
    let query = request.uri.query().unwrap_or_default();
    if turn.route.entity.is_none() || !(query.contains("cursor=") || query.contains("since=")) {
        return Whither::Route(turn);
    }
    let given = params(query).unwrap_or_default();
    let token = given.iter().find(|p| matches!(&*p.name, "cursor" | "since") && p.value != "now");
    let Some(token) = token else { return Whither::Route(turn) };
    let made_by = if is_token(&token.value) { Side::Legacy } else { Side::Modern };
    match turn.route.way_on(made_by) {
        Some(way) => turn.way = way,
        // No token of anyone: the facade says so.
        None if made_by == Side::Modern && !turn.route.modern_answered() => {}
        None => {
            let detail = format!("this `{}` was given by a system that no longer answers here", token.name);
            return Whither::Refused(Refusal::new("cursor-expired", detail));
        }
    }
    Whither::Route(turn)
}

/// Who answers a request that changes only what its caller holds.
fn held(turn: &Turn, request: &RequestHead) -> Option<Way> {
    let standing = turn.route.standing();
    if standing.killed || standing.stage != Stage::Canary || !request.headers.contains_key(header::IF_MATCH) {
        return None;
    }
    let made_by = proxy::tags::made_by(request.headers.get_all(header::IF_MATCH).map(HeaderValue::as_bytes))?;
    turn.route.way_on(made_by).filter(|way| way.answers != turn.way.answers)
}

/// Whether a path is the facade's own.
pub(super) fn is_facades(path: &str) -> bool {
    let path = plain(path);
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    path.starts_with('/') && matches!(first, "v1" | "docs" | "openapi.json")
}

/// The operation that a target is, where it can move.
pub(super) fn moved(target: &Target) -> Option<(banyan_model::model::EntityNo, Move)> {
    match target {
        Target::List(e) => Some((*e, Move::List)),
        Target::One(e, _) => Some((*e, Move::Get)),
        Target::Lookup(e) => Some((*e, Move::Lookup)),
        Target::Changes(e) => Some((*e, Move::Changes)),
        Target::Lineage(e, _) => Some((*e, Move::Lineage)),
        Target::Children(e, ..) => Some((*e, Move::Children)),
        Target::Document | Target::Docs(_) => None,
    }
}

/// By whom a route tells callers apart: a consumer's name, else what the route says, else the thing that is asked for. Who
/// merely says to be a consumer that is declared is not taken for it.
pub(super) fn who<'r>(
    route: &Route,
    request: &'r RequestHead,
    consumer: Option<&'r str>,
    declared: &[String],
) -> Cow<'r, str> {
    let header = |name: &str| request.headers.get(name).and_then(|v| v.to_str().ok()).filter(|v| !v.is_empty());
    let found = match route.config.canary.by.as_ref().unwrap_or(&By::Consumer) {
        By::Consumer => {
            consumer.or_else(|| header(CONSUMER.as_str()).filter(|said| declared.iter().all(|name| name != said)))
        }
        By::Header(name) => header(name),
        By::Cookie(name) => cookie(&request.headers, name),
        By::Entity => None,
    };
    // However its path is written, it is one thing.
    found.map(Cow::Borrowed).unwrap_or_else(|| plain(request.uri.path()))
}

/// A path with nothing encoded; as it came, where it cannot be told what that is.
fn plain(path: &str) -> Cow<'_, str> {
    let path_is = Cow::Borrowed(path);
    if path.contains('%') { banyan_model::query::decode(path, false).unwrap_or(path_is) } else { path_is }
}

fn cookie<'r>(headers: &'r HeaderMap, name: &str) -> Option<&'r str> {
    let lines = headers.get_all(header::COOKIE).filter_map(|v| v.to_str().ok());
    lines.flat_map(|l| l.split(';')).filter_map(|c| c.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v)
}
