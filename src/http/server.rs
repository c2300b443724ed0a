//! Sockets, threads and limits.

use super::docs::Docs;
use super::handle::handle;
use crate::runtime::serving::Shared;
use actix_web::dev::Server;
use actix_web::{App, HttpServer, web};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// What a caller may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads that answer.
    pub workers: usize,
    /// Connections of each of them.
    pub connections: usize,
    /// How long the head of a request may take to arrive.
    pub head: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long answers under way may go on after a stop.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            connections: 10_000,
            head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            shutdown: Duration::from_secs(10),
        }
    }
}

/// Serves the facade on a listener. The returned server runs when it is awaited; its handle stops it, letting answers
/// under way finish. Signals are the caller's business.
pub fn serve(shared: Arc<Shared>, listener: TcpListener, limits: Limits) -> std::io::Result<Server> {
    let docs = Arc::new(Docs::default());
    let server = HttpServer::new(move || {
        let (shared, docs) = (shared.clone(), docs.clone());
        // One catch-all: see `route`.
        App::new()
            .default_service(web::to(move |request, payload| handle(shared.clone(), docs.clone(), request, payload)))
    });
    Ok(server
        .workers(limits.workers)
        .max_connections(limits.connections)
        .client_request_timeout(limits.head)
        .keep_alive(limits.keep_alive)
        // Who closes goes away: what runs for it, here or at an upstream, ends.
        .h1_allow_half_closed(false)
        .shutdown_timeout(limits.shutdown.as_secs())
        .disable_signals()
        .listen(listener)?
        .run())
}
