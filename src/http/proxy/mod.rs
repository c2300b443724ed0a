//! Requests whose route leads elsewhere: sent on, answered as they come back, copied for the shadow.
//!
//! In this order: `shape` (what could be read in two ways is refused) → `send`, `upload` (the request as an upstream's) →
//! `failing` (what is told when there is no answer, and whether legacy answers instead) → `reply`, `socket` (the answer as
//! the consumer's). `tags`: each side is asked with the ETags it made.
//! Invariant: bodies stream both ways, nothing is kept but what the shadow's bounds allow; a write is sent once; when the
//! consumer goes away the upstream's request ends.
//! Not here: which route a request belongs to (`handle`), connections (`banyan_upstream`), mirroring (`runtime/shadow`).

mod failing;
mod inside;
mod meter;
mod numbers;
mod reply;
mod send;
mod shape;
mod socket;
pub(super) mod tags;
mod upload;
mod withheld;

pub use inside::Inside;

use super::brownout::Without;
use super::docs::Docs;
use super::trace::Traced;
use super::worker;
use super::{facade, fault};
use crate::runtime::routes::{Route, Turn, access};
use crate::runtime::serving::Shared;
use crate::runtime::shadow::{Capture, Seen, Shadow, Skipped};
use actix_web::body::MessageBody;
use actix_web::http::ConnectionType;
use actix_web::{HttpRequest, HttpResponse, web};
use banyan_migration::stage::{Access, Side};
use banyan_model::refusal::Refusal;
use banyan_upstream::{Answer, Failure, Request};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// A request on its way through.
struct Pass<'r> {
    shared: &'r Arc<Shared>,
    docs: &'r Docs,
    turn: &'r Turn,
    request: &'r HttpRequest,
    traced: Traced,
    /// What the answer lacks for this caller.
    without: &'r Without,
    /// It comes through a proxy that is believed.
    trusted: bool,
}

/// Answers a request of a route.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    docs: &Docs,
    (turn, without): (Turn, Without),
    request: &HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let traced = Traced::of(request.headers());
    let from = request.head().peer_addr.map(|a| a.ip());
    let trusted = worker::with(shared, |w| w.serving.consumers.trusts(from));
    let pass = Pass { shared, docs, turn: &turn, request, traced, without: &without, trusted };
    if let Err(refusal) = shape::check(request.head()) {
        let mut response = pass.refused(&refusal);
        // What else stands on such a connection is anyone's guess.
        response.head_mut().set_connection_type(ConnectionType::Close);
        return response;
    }
    let capture = turn.way.beside.and_then(|_| shared.shadow()?.begin(&turn.route, turn.way.answers));
    if turn.way.answers == Side::Legacy && turn.route.legacy.is_none() && turn.route.entity.is_some() {
        return Box::pin(pass.facade(Some(payload), capture, None)).await;
    }
    pass.through(payload, capture).await
}

impl Pass<'_> {
    fn route(&self) -> &Arc<Route> {
        &self.turn.route
    }

    fn refused(&self, refusal: &Refusal) -> HttpResponse {
        fault::problem(refusal, self.traced.id())
    }

    /// The facade answers.
    async fn facade(
        &self,
        payload: Option<web::Payload>,
        capture: Option<Capture>,
        fallback: Option<&'static str>,
    ) -> HttpResponse {
        let (head, begun) = (self.request.head(), Instant::now());
        let body = match payload {
            Some(payload) => facade::body(head, payload).await,
            None => Ok(web::Bytes::new()),
        };
        let mut response = facade::answer(self.shared, self.docs, head, body, self.without).await;
        let (status, took) = (response.status().as_u16(), begun.elapsed());
        self.told(Side::Legacy, Some(status), took);
        reply::mark(&mut response, Side::Legacy, fallback);
        let Some(mut capture) = capture else { return response };
        let headers = response.headers().iter();
        let headers = headers.filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned()))).collect();
        capture.seen(Side::Legacy, self.seen(status, headers, took, web::Bytes::new()));
        response.map_body(|_, body| reply::Copied { body, capture: Some(capture) }.boxed())
    }

    /// An upstream answers.
    async fn through(&self, payload: web::Payload, mut capture: Option<Capture>) -> HttpResponse {
        let (head, config) = (self.request.head(), &self.route().config);
        let largest = config.largest_body.map(|s| s.0);
        let safe = access(head.method.as_str()) == Access::Read;
        let (body, mut payload) = match send::body(head, payload, safe, largest).await {
            Ok(read) => read,
            Err(refusal) => return self.refused(&refusal),
        };
        let again = body.again();
        let upgrade = send::upgrade(head);
        let over = Rc::new(Cell::new(false));
        let mut side = self.turn.way.answers;
        let begun = Instant::now();
        let mut sent = self.send(side, body.outgoing(largest, &over), upgrade.as_deref()).await;
        let mut took = begun.elapsed();
        self.told(side, told_status(&sent), took);
        let mut fallback = None;
        if let (Some(why), Some(again)) = (failing::falls_back(self.turn, &sent), &again) {
            meter::fell_back(self.route(), why);
            if let Some(capture) = &mut capture {
                capture.fell_back(failing::told(&sent, took));
            }
            if self.route().legacy.is_none() {
                return Box::pin(self.facade(None, capture, Some(why))).await;
            }
            (side, fallback) = (Side::Legacy, Some(why));
            let begun = Instant::now();
            sent = self.send(side, send::Body::Whole(again.clone()).outgoing(None, &over), upgrade.as_deref()).await;
            took = begun.elapsed();
            self.told(side, told_status(&sent), took);
        }
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(failure) => {
                let refusal = failing::refusal(&failure, over.get().then_some(largest.unwrap_or(0)));
                self.log(side, &failure);
                if let Some(capture) = &mut capture {
                    capture.skip(failing::uncompared(side, &failure));
                }
                let mut response = self.refused(&refusal);
                reply::mark(&mut response, side, fallback);
                return response;
            }
        };
        if let Some(capture) = &mut capture {
            match again {
                Some(_) if answer.upgraded.is_some() => capture.skip(Skipped::Upgraded),
                Some(again) => {
                    let headers = answer.fields.texts();
                    capture.seen(side, self.seen(answer.status.as_u16(), headers, took, again));
                }
                None => capture.skip(Skipped::RequestTooLarge),
            }
        }
        tags::name(self.route(), side, &mut answer.fields);
        let changed = if answer.upgraded.is_some() { payload.take() } else { None };
        let mut response = reply::respond(head, answer, changed, capture);
        reply::mark(&mut response, side, fallback);
        response
    }

    async fn send(
        &self,
        side: Side,
        body: banyan_upstream::Outgoing,
        upgrade: Option<&str>,
    ) -> Result<Answer, Failure> {
        let Some(target) = self.route().side(side) else {
            return Err(Failure::Unsendable { why: format!("the route has no {} side", side.name()) });
        };
        let head = self.request.head();
        let translates = side == Side::Modern && self.route().config.ids.is_some();
        let mut fields = send::fields(self.request, &self.traced, self.trusted);
        tags::ask(self.route(), side, &mut fields);
        withheld::ask(self.without, &mut fields);
        let mut request = Request {
            method: http::Method::from_bytes(head.method.as_str().as_bytes()).unwrap_or_default(),
            target: self.route().target(side, send::target(head)).into_owned(),
            fields,
            body,
            upgrade: upgrade.map(str::to_owned),
        };
        if !translates {
            return self.given(target.upstream.send(request).await?).await;
        }
        let asked = numbers::outward(self.shared, self.route(), send::target(head));
        let asked = asked.map_err(|why| Failure::Unfit { why })?;
        request.target = self.route().target(side, &asked).into_owned();
        // What is encoded cannot be translated.
        request.fields.set("accept-encoding", b"identity");
        self.given(numbers::translated(self.shared, self.route(), target.upstream.send(request).await?).await?).await
    }

    /// An upstream's answer, less what its caller goes without.
    async fn given(&self, answer: Answer) -> Result<Answer, Failure> {
        withheld::taken_out(self.without, self.route(), self.request.head(), answer).await
    }

    fn seen(&self, status: u16, headers: Vec<(String, String)>, took: std::time::Duration, body: web::Bytes) -> Seen {
        let question = send::question(self.request, send::fields(self.request, &self.traced, self.trusted), body);
        Seen { question, trace_id: self.traced.id().to_owned(), status, headers, took }
    }

    /// Counts an answer, or that there was none, and tells whoever watches over the route.
    fn told(&self, side: Side, status: Option<u16>, took: std::time::Duration) {
        meter::count(self.route(), side, status, took);
        if let Some(shadow) = self.shared.shadow().filter(|_| self.route().modern.is_some()) {
            watched(shadow, self.route(), side, status, took);
        }
    }

    fn log(&self, side: Side, failure: &Failure) {
        let (route, side) = (self.route().name.as_str(), side.name());
        let (method, path) = (self.request.method(), self.request.path());
        tracing::warn!(trace_id = self.traced.id(), route, side, %method, path, "{failure}");
    }
}

fn watched(shadow: &Arc<Shadow>, route: &Route, side: Side, status: Option<u16>, took: std::time::Duration) {
    shadow.witness().answered(route, side, status.is_none_or(|s| s >= 500), took);
}

/// The status to count by; 0 where it is the consumer who failed.
fn told_status(sent: &Result<Answer, Failure>) -> Option<u16> {
    match sent {
        Ok(answer) => Some(answer.status.as_u16()),
        Err(Failure::CallerBroke { .. } | Failure::CallerPaused { .. }) => Some(0),
        Err(_) => None,
    }
}
