//! Requests counted and timed, by route, method and status. Handles are kept by each worker, so that a request costs
//! two atomic additions.

use super::route::Target;
use crate::runtime::serving::Serving;
use actix_web::http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, histogram};
use std::collections::HashMap;
use std::time::Duration;

/// Handles of metrics by route, method and status.
#[derive(Default)]
pub(super) struct Meters(HashMap<(u64, u8, u16), (Counter, Histogram)>);

impl Meters {
    /// Counts a request.
    pub(super) fn count(
        &mut self,
        serving: &Serving,
        target: Option<&Target>,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let word = method_word(method);
        let key = (target.map_or(0, Target::number), word.as_bytes()[0], status.as_u16());
        let (requests, seconds) = self.0.entry(key).or_insert_with(|| {
            let route = target.map_or_else(|| "unknown".to_owned(), |t| t.template(&serving.catalog));
            let requests = counter!("banyan_http_requests_total", "route" => route.clone(), "method" => word,
                "status" => status.as_u16().to_string());
            let seconds = histogram!("banyan_http_request_seconds", "route" => route, "method" => word,
                "status" => status.as_u16().to_string());
            (requests, seconds)
        });
        requests.increment(1);
        seconds.record(took.as_secs_f64());
    }
}

/// A method as a label. Whatever callers make up counts as one; first letters tell them apart.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
