//! Requests whose route leads elsewhere.
//!
//! Not here: which route a request belongs to (`handle`).

use super::docs::Docs;
use super::{facade, fault, trace};
use crate::runtime::routes::Turn;
use crate::runtime::serving::Shared;
use actix_web::{HttpRequest, HttpResponse, web};
use banyan_migration::stage::Side;
use banyan_model::refusal::Refusal;
use std::sync::Arc;

/// Answers a request of a route.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    docs: &Docs,
    turn: Turn,
    request: &HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    if turn.way.answers == Side::Legacy && turn.route.entity.is_some() {
        let body = facade::body(request.head(), payload).await;
        return facade::answer(shared, docs, request.head(), body).await;
    }
    let refusal = Refusal::new("no-such-path", "this route leads elsewhere");
    fault::problem(&refusal, &trace::id(request.headers()))
}
