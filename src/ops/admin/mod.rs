//! The admin listener: probes, metrics, the admin API, the dashboard.
//!
//! A request runs through `door` (who may ask, what the answer may do in a browser) and ends in one handler: `probes`,
//! `reads`, `acts`, `document`, or a page. Reading the store may block, so handlers do it on blocking threads.
//! Invariant: loopback only ([`super::guard`]); every act is a POST with a JSON body that no foreign page can send.
//! Not here: what is shown (`view`), what an act does (`super::acts`), HTML (`super::pages`).

mod acts;
mod document;
mod door;
mod fault;
pub(super) mod lists;
pub(super) mod params;
mod probes;
pub(super) mod reads;

pub use document::admin_document;
pub use fault::{AdminFault, CODES, CodeDef};

use super::guard::check_listen;
use super::metrics::TICK;
use super::pages;
use super::state::AdminState;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpServer};
use std::net::SocketAddr;
use std::sync::Arc;

/// The admin listener, bound and not yet running.
pub struct AdminServer {
    /// Runs it, when awaited.
    pub server: Server,
    /// Where it listens: the port is known even where 0 was asked for.
    pub address: SocketAddr,
}

/// Binds the admin listener. To be called within an actix system.
pub async fn serve_admin(state: Arc<AdminState>, listen: SocketAddr) -> anyhow::Result<AdminServer> {
    check_listen("gateway.admin", listen).map_err(|p| anyhow::anyhow!("{p}"))?;
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
    let get = |path: &str| web::resource(path.to_owned());
    cfg.app_data(acts::json_limits())
        .service(get("/livez").route(web::get().to(probes::livez)))
        .service(get("/readyz").route(web::get().to(probes::readyz)))
        .service(get("/metrics").route(web::get().to(probes::metrics)))
        .service(get("/openapi.json").route(web::get().to(document::openapi)))
        .service(get("/docs").route(web::get().to(document::docs_root)))
        .service(get("/docs/{file:.*}").route(web::get().to(document::docs)))
        .service(
            web::scope("/admin/v1")
                .service(get("/about").route(web::get().to(reads::about)))
                .service(get("/sources").route(web::get().to(reads::sources)))
                .service(get("/datasets").route(web::get().to(reads::datasets)))
                .service(get("/datasets/{full}").route(web::get().to(reads::dataset)))
                .service(get("/datasets/{full}/accept").route(web::post().to(acts::accept)))
                .service(get("/units").route(web::get().to(lists::units)))
                .service(get("/ledger").route(web::get().to(lists::ledger)))
                .service(get("/ledger/totals").route(web::get().to(reads::ledger_totals)))
                .service(get("/dead-letters").route(web::get().to(lists::dead_letters)))
                .service(get("/dead-letters:replay").route(web::post().to(acts::replay_many)))
                .service(get("/dead-letters/{number}").route(web::get().to(reads::dead_letter)))
                .service(get("/dead-letters/{number}/replay").route(web::post().to(acts::replay)))
                .service(get("/dead-letters/{number}/discard").route(web::post().to(acts::discard)))
                .service(get("/reviews").route(web::get().to(lists::reviews)))
                .service(get("/entities").route(web::get().to(reads::entities)))
                .service(get("/entities/{name}").route(web::get().to(reads::entity)))
                .service(get("/reload").route(web::post().to(acts::reload)))
                .default_service(web::to(nothing)),
        )
        .configure(pages::routes)
        .default_service(web::to(nothing));
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
