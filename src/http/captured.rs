//! Tells the capture of requests.

use super::handle::CONSUMER;
use super::trace;
use super::worker::Worker;
use crate::runtime::capture::Request;
use crate::runtime::routes::Route;
use actix_web::dev::RequestHead;
use std::sync::Arc;

/// A request of that route came, from the consumer at that place.
pub(super) fn saw(w: &Worker, route: &Arc<Route>, request: &RequestHead, consumer: Option<usize>) {
    if route.config.capture.is_none() {
        return;
    }
    let Some(captures) = w.shared.captures() else { return };
    let header = |name: &str| request.headers.get(name).and_then(|v| v.to_str().ok());
    let declared = w.serving.consumers.names();
    let known = consumer.and_then(|no| declared.get(no)).map(String::as_str);
    // Who merely says to be a consumer that is declared is not kept as that one.
    let said = || header(CONSUMER.as_str()).filter(|said| declared.iter().all(|name| name != said));
    captures.saw(
        route,
        &Request {
            method: request.method.as_str(),
            target: request.uri.path_and_query().map_or("/", |p| p.as_str()),
            header: &header,
            // Not what the route tells callers apart by: that may be a cookie.
            consumer: known.or_else(said).unwrap_or_default(),
            trace: &|| trace::id(&request.headers),
        },
    );
}
