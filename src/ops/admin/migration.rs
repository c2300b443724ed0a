//! The board: where each route is on its way, what differs, and what people say of it.

use super::acts::Object;
use super::blocking;
use super::fault::{AdminFault, Problem};
use super::moves::named;
use super::params::{NoParams, Params};
use crate::ops::state::AdminState;
use crate::ops::view::Page;
use crate::ops::view::migration::{BoardRow, BoardView, ClusterDetail, ClusterView, SampleView, VerdictView, leaving};
use crate::ops::view::route::DecisionView;
use crate::runtime::evidence::{Evidence, NotJudged};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use banyan_migration::account::Judgement;
use serde::Deserialize;
use utoipa::ToSchema;

/// The board: how far each route is
///
/// Routes without a modern side do not move, and are left out.
#[utoipa::path(get, path = "/admin/v1/migration", operation_id = "migrationBoard", tag = "migration",
    responses((status = 200, description = "All routes that have a modern side.", body = BoardView),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn board(state: Data<AdminState>, _: NoParams) -> Result<Json<BoardView>, AdminFault> {
    blocking(&state, |s| board_of(s).map(Json)).await
}

/// The board.
pub(in crate::ops) fn board_of(state: &AdminState) -> Result<BoardView, AdminFault> {
    let serving = state.shared.get();
    let now_ms = state.clock.now_ms();
    let decisions = state.standings.as_ref().map(|st| st.decisions(None)).unwrap_or_default();
    let mut items = Vec::new();
    for route in serving.routes.all.iter().filter(|r| r.modern.is_some()) {
        let judged = match &state.evidence {
            Some(evidence) => match evidence.info(&route.name) {
                Some(info) => Some(evidence.look(&info, now_ms)?),
                None => None,
            },
            None => None,
        };
        let blocking = state.standings.as_ref().map(|st| st.still_calling(route)).unwrap_or_default();
        let decided = decisions.iter().rev().find(|d| d.route == route.name).map(DecisionView::of);
        items.push(BoardRow::of(route, judged.as_ref(), blocking, decided));
    }
    Ok(BoardView { items, leaving: leaving(&serving.routes, &serving.catalog) })
}

/// The clusters of a route's mismatches, with samples
///
/// Open ones first. Personal values are in no sample.
#[utoipa::path(get, path = "/admin/v1/migration/{route}/clusters", operation_id = "listClusters", tag = "migration",
    params(("route" = String, Path, description = "The route's name or path, percent-encoded: `%2Fv1%2Fcustomers`.")),
    responses((status = 200, description = "All clusters, a thousand at most.", body = Page<ClusterDetail>),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn clusters(
    state: Data<AdminState>,
    route: Path<String>,
    _: NoParams,
) -> Result<Json<Page<ClusterDetail>>, AdminFault> {
    let route = route.into_inner();
    blocking(&state, move |s| clusters_of(s, &route).map(|c| Json(Page::whole(c)))).await
}

/// The clusters of a route, with samples.
pub(in crate::ops) fn clusters_of(state: &AdminState, route: &str) -> Result<Vec<ClusterDetail>, AdminFault> {
    let evidence = kept(state)?;
    let route = named(state, route)?;
    let Some(info) = evidence.info(&route.name) else { return Ok(Vec::new()) };
    let looks = evidence.look(&info, state.clock.now_ms())?.clusters;
    let detail = |c: &crate::runtime::evidence::ClusterLook| {
        let samples = evidence.samples(&route.name, c.number)?.into_iter().map(SampleView::of).collect();
        Ok(ClusterDetail { cluster: ClusterView::of(c), samples })
    };
    looks.iter().map(detail).collect()
}

/// What somebody says of a cluster.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Judge {
    /// The route's name, or its path.
    route: String,
    /// The cluster's number.
    cluster: u64,
    /// `modern-bug`, `legacy-bug` or `accepted`; null opens it again.
    verdict: Option<String>,
    /// Who judges.
    author: String,
    /// Why.
    reason: String,
}

/// Judge a cluster of mismatches
///
/// `legacy-bug` and `accepted` make such differences count as equal from now on, so the score starts again; so does opening
/// such a cluster again. `modern-bug` leaves it open. That modern fails cannot be accepted.
#[utoipa::path(post, path = "/admin/v1/migration:judge", operation_id = "judgeCluster", tag = "migration", request_body = Judge,
    responses((status = 200, description = "It is journaled.", body = VerdictView),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn judge(state: Data<AdminState>, ask: Json<Object<Judge>>) -> Result<Json<VerdictView>, AdminFault> {
    let Object(ask) = ask.into_inner();
    let verdict = match ask.verdict.as_deref() {
        None => None,
        Some("modern-bug") => Some(Judgement::ModernBug),
        Some("legacy-bug") => Some(Judgement::LegacyBug),
        Some("accepted") => Some(Judgement::Accepted),
        Some(_) => {
            let detail = "`verdict` is one of modern-bug, legacy-bug, accepted, or null to open it again";
            return Err(AdminFault::new("bad-value", detail));
        }
    };
    blocking(&state, move |s| {
        let (evidence, route) = (kept(s)?, named(s, &ask.route)?);
        let done = evidence.judge(&route.name, ask.cluster, verdict, &ask.author, &ask.reason);
        let line = done.map_err(|e| match e {
            NotJudged::Bad(why) => AdminFault::new("bad-value", why),
            NotJudged::Store(e) => e.into(),
        })?;
        Ok(Json(VerdictView::of(line)))
    })
    .await
}

/// Verdicts of people, newest first
#[utoipa::path(get, path = "/admin/v1/migration/verdicts", operation_id = "listVerdicts", tag = "migration",
    params(("limit" = Option<usize>, Query, description = "How many; 50 by default, 500 at most.")),
    responses((status = 200, description = "The journal of verdicts.", body = Page<VerdictView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn verdicts(state: Data<AdminState>, req: HttpRequest) -> Result<Json<Page<VerdictView>>, AdminFault> {
    let limit = Params::of(req.query_string(), &["limit"])?.limit()?;
    blocking(&state, move |s| {
        let lines = kept(s)?.verdicts(None, limit)?;
        Ok(Json(Page::whole(lines.into_iter().map(VerdictView::of).collect())))
    })
    .await
}

/// The evidence, where this gateway keeps some.
pub(super) fn kept(state: &AdminState) -> Result<&Evidence, AdminFault> {
    state.evidence.as_ref().ok_or_else(|| {
        AdminFault::new(
            "not-possible",
            "this gateway keeps no evidence: its file could not be opened, the log says why",
        )
    })
}
