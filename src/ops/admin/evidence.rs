//! Decisions with all they rest on, and starting a score again.

use super::acts::Object;
use super::blocking;
use super::fault::{AdminFault, Problem};
use super::migration::kept;
use super::moves::named;
use super::params::{NoParams, Params};
use super::reads::number_of;
use crate::ops::state::AdminState;
use crate::ops::view::Page;
use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use banyan_migration::dossier::{Dossier, verify};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A decision that was kept.
#[derive(Serialize, ToSchema)]
pub(super) struct BundleView {
    /// Its number.
    number: u64,
    /// The route.
    route: String,
    /// When.
    at: String,
    /// Who.
    author: String,
    /// Why.
    reason: String,
    /// From which stage and share.
    from: String,
    /// To which.
    to: String,
    /// What does not fit when it is computed again; empty: it holds.
    doubts: Vec<String>,
}

impl BundleView {
    fn of(number: u64, dossier: &Dossier) -> BundleView {
        let bundle = &dossier.bundle;
        let place = |(stage, weight): &(banyan_migration::stage::Stage, banyan_migration::sticky::Weight)| match stage {
            banyan_migration::stage::Stage::Canary => format!("{stage} at {weight}"),
            _ => stage.to_string(),
        };
        BundleView {
            number,
            route: bundle.route.clone(),
            at: bundle.at.clone(),
            author: bundle.author.clone(),
            reason: bundle.reason.clone(),
            from: place(&bundle.from),
            to: place(&bundle.to),
            doubts: verify(dossier),
        }
    }
}

/// Decisions with their bundles, newest first
///
/// Each is computed again while it is listed.
#[utoipa::path(get, path = "/admin/v1/evidence/bundles", operation_id = "listBundles", tag = "migration",
    params(("route" = Option<String>, Query, description = "Only of this route: its name, or its path."),
        ("limit" = Option<usize>, Query, description = "How many; 50 by default, 500 at most."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before.")),
    responses((status = 200, description = "Bundles.", body = Page<BundleView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn bundles(state: Data<AdminState>, req: HttpRequest) -> Result<Json<Page<BundleView>>, AdminFault> {
    let params = Params::of(req.query_string(), &["route", "limit", "cursor"])?;
    blocking(&state, move |s| {
        let (limit, before) = (params.limit()?, params.cursor()?);
        let route = params.text("route").map(|name| named(s, name)).transpose()?;
        let mut found = kept(s)?.dossiers(route.as_ref().map(|r| r.name.as_str()), before, limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(n, _)| super::params::cursor(*n));
        Ok(Json(Page { items: found.iter().map(|(n, d)| BundleView::of(*n, d)).collect(), next }))
    })
    .await
}

/// One decision with all it rests on
///
/// The file that `banyan evidence verify` computes again, anywhere.
#[utoipa::path(get, path = "/admin/v1/evidence/bundles/{number}", operation_id = "getBundle", tag = "migration",
    params(("number" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "Rule hashes, build, counts, samples, the score's trace.", body = Object),
        (status = 404, description = "There is none of that number.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn bundle(
    state: Data<AdminState>,
    number: Path<String>,
    _: NoParams,
) -> Result<Json<Dossier>, AdminFault> {
    let number = number_of("decision", &number)?;
    blocking(&state, move |s| {
        let found = kept(s)?.dossier(number)?;
        found.map(Json).ok_or_else(|| AdminFault::missing(format_args!("bundle {number}")))
    })
    .await
}

/// Which score starts again, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restart {
    /// The route's name, or its path.
    route: String,
    /// Who says so.
    author: String,
    /// Why.
    reason: String,
}

/// What is left of the evidence.
#[derive(Serialize, ToSchema)]
pub(super) struct Restarted {
    /// The route.
    route: String,
}

/// Start a route's score again
///
/// For what no build and no hash tells: data that was mended behind modern.
#[utoipa::path(post, path = "/admin/v1/evidence:restart", operation_id = "restartEvidence", tag = "migration", request_body = Restart,
    responses((status = 200, description = "It counts from nothing.", body = Restarted),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn restart(
    state: Data<AdminState>,
    ask: Json<Object<Restart>>,
) -> Result<Json<Restarted>, AdminFault> {
    let Object(ask) = ask.into_inner();
    let said = |text: &str, most: usize| !text.trim().is_empty() && text.chars().count() <= most;
    if !said(&ask.author, 200) || !said(&ask.reason, 1_000) {
        return Err(AdminFault::new("bad-value", "say who (up to 200 characters) and why (up to 1,000)"));
    }
    blocking(&state, move |s| {
        let route = named(s, &ask.route)?;
        kept(s)?.restart(&route.name, ask.author.trim(), ask.reason.trim())?;
        Ok(Json(Restarted { route: route.name.clone() }))
    })
    .await
}

/// Which route is swept, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepAsk {
    /// The route's name, or its path.
    route: String,
    /// Requests in a second; 10 unless told.
    rate: Option<f64>,
    /// Stop the one that runs.
    #[serde(default)]
    stop: bool,
}

/// A sweep.
#[derive(Serialize, ToSchema)]
pub(super) struct SweepView {
    /// The route.
    route: String,
    /// How many requests it consists of; null if it was stopped.
    planned: Option<u64>,
}

/// Compare everything a route can show
///
/// Asks both sides for every instance and every declared shape of the list. One that was stopped, or ended with the
/// gateway, goes on where it ended. The board tells how it stands.
#[utoipa::path(post, path = "/admin/v1/evidence:sweep", operation_id = "sweep", tag = "migration", request_body = SweepAsk,
    responses((status = 200, description = "It runs, or was stopped.", body = SweepView),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be swept now.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn sweep(state: Data<AdminState>, ask: Json<Object<SweepAsk>>) -> Result<Json<SweepView>, AdminFault> {
    let Object(ask) = ask.into_inner();
    let rate = ask.rate.unwrap_or(10.0);
    if !(rate > 0.0 && rate <= 10_000.0) {
        return Err(AdminFault::new("bad-value", "`rate` is a number of requests in a second, up to 10,000"));
    }
    blocking(&state, move |s| {
        let route = named(s, &ask.route)?;
        let no = |why: String| AdminFault::new("not-possible", why);
        let sweeps = s.sweeps.as_ref().ok_or_else(|| no("this gateway sweeps nothing".to_owned()))?;
        let planned = match ask.stop {
            true if sweeps.stop(&route.name) => None,
            true => return Err(no("no sweep of this route runs".to_owned())),
            false => Some(sweeps.begin(&route, rate).map_err(no)?),
        };
        Ok(Json(SweepView { route: route.name.clone(), planned }))
    })
    .await
}
