//! Routes: where each stands, why a request goes where it goes, and moving one.

use super::acts::Object;
use super::blocking;
use super::fault::{AdminFault, Problem};
use super::params::{NoParams, Params};
use crate::ops::state::AdminState;
use crate::ops::view::Page;
use crate::ops::view::route::{DecisionView, RouteView};
use crate::runtime::consumers::KEPT;
use crate::runtime::routes::{Ask, Refused, Route, Standings, Within};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use banyan_migration::stage::Stage;
use banyan_migration::sticky::Weight;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Routes, and where each stands
#[utoipa::path(get, path = "/admin/v1/routes", operation_id = "listRoutes", tag = "routes",
    responses((status = 200, description = "All routes, in the order of the configuration.", body = Page<RouteView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn routes(state: Data<AdminState>, _: NoParams) -> Result<Json<Page<RouteView>>, AdminFault> {
    blocking(&state, |s| {
        let serving = s.shared.get();
        let decisions = s.standings.as_ref().map(|st| st.decisions(None)).unwrap_or_default();
        Ok(Json(Page::whole(serving.routes.all.iter().map(|r| RouteView::of(r, &decisions)).collect())))
    })
    .await
}

/// Decisions about routes, newest first
#[utoipa::path(get, path = "/admin/v1/routes/decisions", operation_id = "listRouteDecisions", tag = "routes",
    params(("route" = Option<String>, Query, description = "Only of this route: its name, or its path."),
        ("limit" = Option<usize>, Query, description = "How many; 50 by default, 500 at most.")),
    responses((status = 200, description = "The journal.", body = Page<DecisionView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn decisions(
    state: Data<AdminState>,
    req: HttpRequest,
) -> Result<Json<Page<DecisionView>>, AdminFault> {
    let p = Params::of(req.query_string(), &["route", "limit"])?;
    let (limit, route) = (p.limit()?, p.text("route").map(str::to_owned));
    blocking(&state, move |s| {
        let name = match route {
            Some(name) => Some(named(s, &name)?.name.clone()),
            None => None,
        };
        let decisions = s.standings.as_ref().map(|st| st.decisions(name.as_deref())).unwrap_or_default();
        Ok(Json(Page::whole(decisions.iter().rev().take(limit).map(DecisionView::of).collect())))
    })
    .await
}

/// How a route is to be moved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// Its name, or its path.
    route: String,
    /// The stage: `legacy`, `shadow`, `canary`, `modern` or `retired`. Left out: as it is.
    stage: Option<String>,
    /// In canary: the share that modern answers, such as `25%`. Left out: as it is.
    weight: Option<String>,
    /// `true` switches it off: legacy answers, nothing is asked of modern. `false` switches it on again.
    killed: Option<bool>,
    /// Who decides.
    author: String,
    /// Why.
    reason: String,
    /// Against what the evidence says. Journaled as such.
    #[serde(default)]
    force: bool,
    /// Of a step to `retired`: calls of the last so many days hold it back; 30 by default, 90 at most.
    days: Option<u32>,
    /// Of a step to `retired`: whoever called at all holds it back, not only who needed legacy.
    #[serde(default)]
    gone: bool,
}

/// Move a route
///
/// A step away from legacy needs evidence that supports it; a way back is never refused. The decision is journaled before
/// it is acknowledged, and every request that begins afterwards sees it.
#[utoipa::path(post, path = "/admin/v1/routes:move", operation_id = "moveRoute", tag = "routes", request_body = Move,
    responses((status = 200, description = "It is moved.", body = DecisionView),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is held back, or stands there already.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn set(state: Data<AdminState>, ask: Json<Object<Move>>) -> Result<Json<DecisionView>, AdminFault> {
    let Object(ask) = ask.into_inner();
    let bad = |why: String| AdminFault::new("bad-value", why.replace('\n', "; "));
    let stage = ask.stage.as_deref().map(str::parse::<Stage>).transpose().map_err(bad)?;
    if ask.days.is_some_and(|d| d == 0 || i64::from(d) > KEPT) {
        return Err(AdminFault::new(
            "bad-value",
            format!("`days` goes from 1 to {KEPT}: calls are not kept for longer"),
        ));
    }
    let weight = ask.weight.as_deref().map(str::parse::<Weight>).transpose().map_err(bad)?;
    blocking(&state, move |s| {
        let route = named(s, &ask.route)?;
        let standings: &Standings =
            s.standings.as_deref().ok_or_else(|| AdminFault::new("not-possible", "this gateway moves no routes"))?;
        let within = Within { days: ask.days.unwrap_or(Within::default().days), gone: ask.gone };
        let (author, reason) = (ask.author, ask.reason);
        let ask = Ask { stage, weight, killed: ask.killed, author, reason, force: ask.force, within };
        let decision = standings.set(&route, &ask).map_err(|e| match e {
            Refused::Bad(why) => AdminFault::new("bad-value", why),
            held => AdminFault::new("not-possible", held.to_string()),
        })?;
        if let Some(evidence) = &s.evidence {
            let now_ms = s.clock.now_ms();
            if let Err(e) = evidence.keep(&decision.bundle()) {
                tracing::error!(route = route.name, "the bundle of a decision could not be kept: {e}");
            }
            let _ = evidence.moved(&route.name, route.standing(), now_ms);
        }
        Ok(Json(DecisionView::of(&decision)))
    })
    .await
}

/// The route of that name, or the only one of that path.
pub(super) fn named(state: &AdminState, name: &str) -> Result<Arc<Route>, AdminFault> {
    let routes = &state.shared.get().routes;
    routes.named(name).cloned().ok_or_else(|| {
        let names: Vec<&str> = routes.all.iter().map(|r| r.name.as_str()).collect();
        let all = if names.is_empty() { "there are none".to_owned() } else { names.join("; ") };
        AdminFault::new("not-found", format!("there is no route `{name}`, or several have that path. Routes: {all}"))
    })
}
