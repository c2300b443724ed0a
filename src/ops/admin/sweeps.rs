//! How far a sweep is, and how the last one ended.

use super::blocking;
use super::fault::{AdminFault, Problem};
use super::moves::named;
use super::params::Params;
use crate::ops::state::AdminState;
use crate::runtime::evidence::sweeps::State;
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

/// How far a route's sweep is.
#[derive(Serialize, ToSchema)]
pub(super) struct SweepState {
    /// The route.
    route: String,
    /// Whether one runs.
    runs: bool,
    /// How many requests it consists of.
    planned: u64,
    /// How many of them were asked.
    asked: u64,
    /// How they came out, in words; null before there was any, and since the evidence began again.
    census: Option<String>,
    /// How the last one of this gateway ended: `whole`, `stopped` (it goes on where it was), `began-again` (rules, mappings,
    /// adapters or modern's build changed meanwhile) or `failed`; null while one runs, and where there was none.
    ended: Option<&'static str>,
}

/// How far a sweep is
#[utoipa::path(get, path = "/admin/v1/evidence/sweeps", operation_id = "getSweep", tag = "migration",
    params(("route" = String, Query, description = "Its name, or its path.")),
    responses((status = 200, description = "How far it is, or how it ended.", body = SweepState),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "This gateway sweeps nothing.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn progress(state: Data<AdminState>, req: HttpRequest) -> Result<Json<SweepState>, AdminFault> {
    let p = Params::of(req.query_string(), &["route"])?;
    let name = p.text("route").map(str::to_owned);
    let name = name.ok_or_else(|| AdminFault::new("bad-value", "name a route: `?route=/v1/customers`"))?;
    blocking(&state, move |s| {
        let route = named(s, &name)?;
        let no = |why: String| AdminFault::new("not-possible", why);
        let sweeps = s.sweeps.as_ref().ok_or_else(|| no("this gateway sweeps nothing".to_owned()))?;
        let State { runs, census, ended } = sweeps.state(&route.name).map_err(no)?;
        Ok(Json(SweepState {
            route: route.name.clone(),
            runs,
            planned: census.map_or(0, |c| c.planned),
            asked: census.map_or(0, |c| c.asked()),
            census: census.map(|c| c.told()),
            ended,
        }))
    })
    .await
}
