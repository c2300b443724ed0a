//! Tells the capture of requests.

use super::handle::CONSUMER;
use super::trace;
use crate::runtime::capture::Request;
use crate::runtime::routes::Route;
use crate::runtime::serving::Shared;
use actix_web::dev::RequestHead;
use std::sync::Arc;

/// A request of that route came.
pub(super) fn saw(shared: &Shared, route: &Arc<Route>, request: &RequestHead) {
    if route.config.capture.is_none() {
        return;
    }
    let Some(captures) = shared.captures() else { return };
    let header = |name: &str| request.headers.get(name).and_then(|v| v.to_str().ok());
    captures.saw(
        route,
        &Request {
            method: request.method.as_str(),
            target: request.uri.path_and_query().map_or("/", |p| p.as_str()),
            header: &header,
            // Not what the route tells callers apart by: that may be a cookie.
            consumer: header(CONSUMER.as_str()).unwrap_or_default(),
            trace: &|| trace::id(&request.headers),
        },
    );
}
