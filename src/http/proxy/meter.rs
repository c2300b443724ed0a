//! Requests of routes, counted and timed by route, side and status. Each thread keeps its handles.

use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use metrics::{Counter, Histogram, counter, histogram};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Handles kept by a thread at most; reloads make new routes.
const MOST: usize = 4_096;

/// The route is kept with its handles, so that its address stays its own.
type Handles = HashMap<(usize, Side, Option<u16>), (Arc<Route>, Counter, Histogram)>;

thread_local! {
    static HANDLES: RefCell<Handles> = RefCell::default();
}

/// Counts an answer; no status: the side gave none.
pub(super) fn count(route: &Arc<Route>, side: Side, status: Option<u16>, took: Duration) {
    HANDLES.with_borrow_mut(|handles| {
        if handles.len() >= MOST {
            handles.clear();
        }
        let key = (Arc::as_ptr(route).addr(), side, status);
        let (_, requests, seconds) = handles.entry(key).or_insert_with(|| {
            let word = match status {
                None => "none".to_owned(),
                Some(0) => "caller".to_owned(),
                Some(status) => status.to_string(),
            };
            let requests = counter!("banyan_route_requests_total", "route" => route.name.clone(),
                "side" => side.name(), "status" => word);
            let seconds = histogram!("banyan_route_seconds", "route" => route.name.clone(), "side" => side.name());
            (route.clone(), requests, seconds)
        });
        requests.increment(1);
        seconds.record(took.as_secs_f64());
    });
}

/// Counts that legacy answered instead of modern.
pub(super) fn fell_back(route: &Route, why: &'static str) {
    counter!("banyan_route_fallbacks_total", "route" => route.name.clone(), "why" => why).increment(1);
}
