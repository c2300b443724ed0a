//! Captured requests asked again.

use super::acts::Object;
use super::fault::{AdminFault, Problem};
use super::moves::named;
use super::{blocking, not_offered};
use crate::ops::state::AdminState;
use crate::ops::view::replay::ReplayView;
use crate::runtime::capture::{Order, Replays};
use actix_web::Resource;
use actix_web::web::{self, Data, Json};
use serde::Deserialize;
use std::path::PathBuf;
use utoipa::ToSchema;

/// What is to be asked again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    /// A route: its name, or its path. What was captured of it is asked again.
    route: Option<String>,
    /// Instead: a file of captured requests on the gateway's machine.
    file: Option<String>,
    /// Requests a second at most; 10 by default.
    rate: Option<f64>,
    /// So many at most.
    limit: Option<u64>,
    /// Only what this consumer asked; `anonymous` is everyone without a name.
    consumer: Option<String>,
    /// How many may be under way at once: 1 by default, 64 at most. The rate holds all the same.
    parallel: Option<usize>,
}

/// The path on which replays are begun and looked at.
pub(super) fn resource() -> Resource {
    web::resource("/replay")
        .route(web::get().to(progress))
        .route(web::head().to(progress))
        .route(web::post().to(start))
        .default_service(web::to(|| not_offered("GET, HEAD, POST")))
}

fn replays(state: &AdminState) -> Result<&Replays, AdminFault> {
    state.replays.as_ref().ok_or_else(|| AdminFault::new("not-possible", "this gateway asks nothing again"))
}

fn view(replays: &Replays) -> Result<Json<ReplayView>, AdminFault> {
    let none = || AdminFault::new("not-found", "nothing was asked again since this gateway started");
    replays.progress().map(|p| Json(ReplayView::of(p))).ok_or_else(none)
}

/// How far the newest replay is
#[utoipa::path(get, path = "/admin/v1/replay", operation_id = "getReplay", tag = "routes",
    responses((status = 200, description = "How far it is.", body = ReplayView),
        (status = 404, description = "There was none.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn progress(state: Data<AdminState>) -> Result<Json<ReplayView>, AdminFault> {
    view(replays(&state)?)
}

/// Ask captured requests of both sides again
///
/// What both say becomes evidence. It goes on after this is answered; one replay runs at a time.
#[utoipa::path(post, path = "/admin/v1/replay", operation_id = "startReplay", tag = "routes", request_body = Replay,
    responses((status = 200, description = "It has begun.", body = ReplayView),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another one is under way.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn start(state: Data<AdminState>, ask: Json<Object<Replay>>) -> Result<Json<ReplayView>, AdminFault> {
    let Object(ask) = ask.into_inner();
    blocking(&state, move |s| {
        let route = ask.route.map(|name| named(s, &name).map(|r| r.name.clone())).transpose()?;
        let (file, rate, parallel) = (ask.file.map(PathBuf::from), ask.rate.unwrap_or(10.0), ask.parallel.unwrap_or(1));
        let order = Order { route, file, rate, limit: ask.limit, consumer: ask.consumer, parallel };
        let (replays, shared) = (replays(s)?, s.shared.clone());
        replays.start(order, Box::new(move || shared.get().routes.clone())).map_err(|e| match e {
            crate::runtime::capture::Refused::Bad(why) => AdminFault::new("bad-value", why),
            busy => AdminFault::new("not-possible", busy.to_string()),
        })?;
        view(replays)
    })
    .await
}

/// End the replay that is under way
#[utoipa::path(post, path = "/admin/v1/replay:stop", operation_id = "stopReplay", tag = "routes",
    responses((status = 200, description = "It ends after the request at work.", body = ReplayView),
        (status = 404, description = "There was none.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn stop(state: Data<AdminState>, _: Json<Object<Nothing>>) -> Result<Json<ReplayView>, AdminFault> {
    let replays = replays(&state)?;
    replays.stop();
    view(replays)
}

/// No keys.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}
