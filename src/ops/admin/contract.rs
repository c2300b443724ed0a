//! What moving a route would change for its callers.

use super::blocking;
use super::fault::{AdminFault, Problem};
use super::moves::named;
use super::params::Params;
use crate::ops::state::AdminState;
use crate::ops::view::contract::ContractView;
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};

/// What modern's contract would change for a route's callers
///
/// Upstreams are asked for their documents now.
#[utoipa::path(get, path = "/admin/v1/routes/contract", operation_id = "compareContract", tag = "routes",
    params(("route" = String, Query, description = "Its name, or its path.")),
    responses((status = 200, description = "The differences.", body = ContractView),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such route.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn contract(state: Data<AdminState>, req: HttpRequest) -> Result<Json<ContractView>, AdminFault> {
    let p = Params::of(req.query_string(), &["route"])?;
    let name = p.text("route").map(str::to_owned);
    let name = name.ok_or_else(|| AdminFault::new("bad-value", "name a route: `?route=/v1/customers`"))?;
    blocking(&state, move |s| {
        let route = named(s, &name)?;
        let compared = s.contracts.as_ref().and_then(|c| c.compare(&route));
        Ok(Json(ContractView::of(&route.name, compared)))
    })
    .await
}
