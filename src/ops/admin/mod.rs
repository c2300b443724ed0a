//! The admin listener: probes, metrics, the admin API, the dashboard.
//!
//! A request runs through `door` (who may ask, what the answer may do in a browser) and ends in one handler: `probes`,
//! `reads`, `acts`, `document`, or a page. Reading the store may block, so handlers do it on blocking threads.
//! Invariant: loopback only ([`super::guard`]); every act is a POST with a JSON body that no foreign page can send.
//! Not here: what is shown (`view`), what an act does (`super::acts`), HTML (`super::pages`).

mod acts;
pub(super) mod consumers;
mod contract;
mod document;
mod door;
mod evidence;
mod fault;
pub(super) mod lists;
pub(super) mod migration;
pub(super) mod moves;
pub(super) mod params;
mod probes;
pub(super) mod reads;
mod replay;
mod sweeps;

pub use document::admin_document;
pub use fault::{AdminFault, CODES, CodeDef};

use super::metrics::TICK;
use super::pages;
use super::state::AdminState;
use actix_web::dev::Server;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, FromRequest, Handler, HttpRequest, HttpResponse, HttpServer, Resource, Responder, ResponseError};
use std::net::SocketAddr;
use std::sync::Arc;

/// The admin listener, bound and not yet running.
pub struct AdminServer {
    /// Runs it, when awaited.
    pub server: Server,
    /// Where it listens: the port is known even where 0 was asked for.
    pub address: SocketAddr,
}

/// Binds the admin listener. To be called within an actix system, with an address that was looked at
/// (`config::check_listen`).
pub async fn serve_admin(state: Arc<AdminState>, listen: SocketAddr) -> anyhow::Result<AdminServer> {
    tick(&state);
    let data = Data::from(state);
    let server = HttpServer::new(move || App::new().wrap(from_fn(door::door)).app_data(data.clone()).configure(routes))
        .workers(1)
        .disable_signals()
        .shutdown_timeout(2)
        .bind(listen)
        .map_err(|e| anyhow::anyhow!("the admin listener cannot listen on {listen}: {e} (gateway.admin says where)"))?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok(AdminServer { server: server.run(), address })
}

/// Folds metrics and samples rates for as long as the state lives.
fn tick(state: &Arc<AdminState>) {
    let state = Arc::downgrade(state);
    actix_web::rt::spawn(async move {
        let mut every = actix_web::rt::time::interval(TICK);
        loop {
            every.tick().await;
            let Some(state) = state.upgrade() else { return };
            state.metrics.tick(state.clock.now_ms());
        }
    });
}

/// All routes.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.app_data(acts::json_limits())
        .service(read("/livez", probes::livez))
        .service(read("/readyz", probes::readyz))
        .service(read("/metrics", probes::metrics))
        .service(read("/openapi.json", document::openapi))
        .service(read("/docs", document::docs_root))
        .service(read("/docs/{file:.*}", document::docs))
        .service(
            web::scope("/admin/v1")
                .service(read("/about", reads::about))
                .service(read("/sources", reads::sources))
                .service(act("/sources/{name}/accept", acts::accept_source))
                .service(read("/datasets", reads::datasets))
                .service(read("/datasets/{full}", reads::dataset))
                .service(act("/datasets/{full}/accept", acts::accept))
                .service(read("/units", lists::units))
                .service(read("/ledger", lists::ledger))
                .service(read("/ledger/totals", reads::ledger_totals))
                .service(read("/dead-letters", lists::dead_letters))
                .service(act("/dead-letters:replay", acts::replay_many))
                .service(read("/dead-letters/{number}", reads::dead_letter))
                .service(act("/dead-letters/{number}/replay", acts::replay))
                .service(act("/dead-letters/{number}/discard", acts::discard))
                .service(read("/reviews", lists::reviews))
                .service(read("/entities", reads::entities))
                .service(read("/entities/{name}", reads::entity))
                .service(read("/consumers", consumers::consumers))
                .service(read("/routes", moves::routes))
                .service(read("/routes/decisions", moves::decisions))
                .service(read("/routes/contract", contract::contract))
                .service(act("/routes:move", moves::set))
                .service(replay::resource())
                .service(act("/replay:stop", replay::stop))
                .service(read("/migration", migration::board))
                .service(act("/migration:judge", migration::judge))
                .service(read("/migration/verdicts", migration::verdicts))
                .service(read("/migration/{route}/clusters", migration::clusters))
                .service(read("/evidence/bundles", evidence::bundles))
                .service(read("/evidence/bundles/{number}", evidence::bundle))
                .service(act("/evidence:sweep", evidence::sweep))
                .service(read("/evidence/sweeps", sweeps::progress))
                .service(act("/evidence:restart", evidence::restart))
                .service(act("/reload", acts::reload))
                .default_service(web::to(nothing)),
        )
        .configure(pages::routes)
        .default_service(web::to(nothing));
}

/// A path that is read; HEAD is GET without a body.
pub(super) fn read<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let resource = web::resource(path).route(web::get().to(handler.clone())).route(web::head().to(handler));
    resource.default_service(web::to(|| not_offered("GET, HEAD")))
}

/// A path that is acted on.
fn act<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::post().to(handler)).default_service(web::to(|| not_offered("POST")))
}

async fn not_offered(offered: &'static str) -> HttpResponse {
    let fault = AdminFault::new("method-not-allowed", "the path exists, the method is not offered on it");
    let mut answer = fault.error_response();
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(offered));
    answer
}

async fn nothing(req: HttpRequest) -> AdminFault {
    AdminFault::new("no-such-path", format!("there is nothing at {}", req.path()))
}

/// Runs what may block on a thread that may.
async fn blocking<R, F>(state: &Data<AdminState>, f: F) -> Result<R, AdminFault>
where
    R: Send + 'static,
    F: FnOnce(&AdminState) -> Result<R, AdminFault> + Send + 'static,
{
    let state = state.clone();
    let done = web::block(move || f(&state)).await;
    done.unwrap_or_else(|_| Err(AdminFault::new("internal", "the work was cancelled")))
}
