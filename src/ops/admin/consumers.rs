//! Who calls.

use super::blocking;
use super::fault::{AdminFault, Problem};
use super::params::Params;
use crate::ops::state::AdminState;
use crate::ops::view::Page;
use crate::ops::view::consumer::ConsumerView;
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};

/// Who calls which route
///
/// Counts are at most a second old. At most 1,000 pairs of a consumer and a route are told apart.
#[utoipa::path(get, path = "/admin/v1/consumers", operation_id = "listConsumers", tag = "consumers",
    params(("consumer" = Option<String>, Query, description = "Only of this consumer."),
        ("route" = Option<String>, Query, description = "Only of this route: its name.")),
    responses((status = 200, description = "All, by consumer and route.", body = Page<ConsumerView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn consumers(
    state: Data<AdminState>,
    req: HttpRequest,
) -> Result<Json<Page<ConsumerView>>, AdminFault> {
    let p = Params::of(req.query_string(), &["consumer", "route"])?;
    let (consumer, route) = (p.text("consumer").map(str::to_owned), p.text("route").map(str::to_owned));
    blocking(&state, move |s| {
        let mut all = all(s);
        all.retain(|c| consumer.as_ref().is_none_or(|n| *n == c.consumer));
        all.retain(|c| route.as_ref().is_none_or(|n| *n == c.route));
        Ok(Json(Page::whole(all)))
    })
    .await
}

/// All that is known.
pub(in crate::ops) fn all(state: &AdminState) -> Vec<ConsumerView> {
    let callers = state.shared.callers().map(|c| c.look()).unwrap_or_default();
    let now_ms = state.clock.now_ms();
    callers.iter().map(|c| ConsumerView::of(c, now_ms)).collect()
}
