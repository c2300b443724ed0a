//! `/livez`, `/readyz`, `/metrics`.

use super::blocking;
use super::fault::AdminFault;
use crate::ops::health::{Health, Status};
use crate::ops::state::AdminState;
use actix_web::HttpResponse;
use actix_web::web::Data;

/// Whether the process lives
///
/// Answers as long as the process can answer at all; says nothing of the store or the sources.
#[utoipa::path(get, path = "/livez", operation_id = "livez", tag = "probes",
    responses((status = 200, description = "It lives.", body = String, content_type = "text/plain")))]
pub(super) async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// Whether requests are answered, and what a person should look at
///
/// 200 with `ready` or `degraded`: requests are answered; 503 with `unready`: the store cannot be read. Drift, failing
/// sources, waiting deletions and broken promises of freshness only degrade: the last good state is served on.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "probes",
    responses((status = 200, description = "Requests are answered.", body = Health),
        (status = 503, description = "Requests cannot be answered.", body = Health)))]
pub(super) async fn readyz(state: Data<AdminState>) -> Result<HttpResponse, AdminFault> {
    let health = blocking(&state, |s| Ok(s.health())).await?;
    Ok(match health.status {
        Status::Unready => HttpResponse::ServiceUnavailable().json(health),
        Status::Ready | Status::Degraded => HttpResponse::Ok().json(health),
    })
}

/// Metrics for Prometheus
///
/// `docs/operations.md` explains each.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "probes",
    responses((status = 200, description = "Prometheus text format.", body = String, content_type = "text/plain")))]
pub(super) async fn metrics(state: Data<AdminState>) -> Result<HttpResponse, AdminFault> {
    // With a store that cannot be read the gauges keep their last value; counters must not vanish with them.
    let text = blocking(&state, |s| {
        Ok(s.scrape().unwrap_or_else(|e| {
            tracing::warn!("the store cannot be read for metrics: {e}");
            s.metrics.render()
        }))
    });
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text.await?))
}
