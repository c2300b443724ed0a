//! Captured requests: a sample of what consumers ask, kept so that it can be asked again before modern has any consumer.
//!
//! Purpose: [`Captures::saw`] is called for every request of a route; a thread of its own masks and writes ([`files`]); [`read`]
//! reads; [`Replays`] asks both sides once more.
//! Invariant: nothing here delays or fails a request: what does not fit is dropped and counted. No body, no credential and
//! no personal filter is ever written. What is kept of a route is bounded in bytes, oldest first out.
//! Not here: which requests belong to a route (`routes`), what answers mean (`evidence`).

mod files;
mod line;
mod read;
mod replay;
mod told;

pub use line::{Line, Masks};
pub use read::{Found, of_route, one_file};
pub use replay::{Asked, MOST_PARALLEL, OfConsumer, Order, Progress, Refused, Replays, Saw};
pub use told::to_evidence;

use super::clock::Clock;
use super::routes::{Route, Routes, access};
use super::shadow::roll;
use banyan_migration::stage::Access;
use banyan_model::model::Catalog;
use files::Files;
use metrics::counter;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};

/// Requests that wait to be written at most.
const MOST: usize = 1_000;
/// The longest path and query that is kept, in bytes.
const LONGEST: usize = 8 << 10;
/// The longest value of a header that is kept, in bytes.
const LONGEST_VALUE: usize = 1 << 10;
/// What is kept of a route, unless its keys say otherwise, in bytes.
const KEEP: u64 = 64 << 20;
/// Headers that choose between answers, and are kept. Never one that shows who asks.
pub const HEADERS: [&str; 3] = ["accept", "accept-language", "prefer"];

/// Where captured requests of a store's gateway are: beside the store.
pub fn folder_of(store: &Path) -> PathBuf {
    store.with_extension("capture")
}

/// A request as it came, on its way to the writer. Its target is not masked yet.
struct Seen {
    route: Arc<Route>,
    at_ms: i64,
    method: String,
    target: String,
    headers: Vec<(&'static str, String)>,
    consumer: String,
    trace: String,
    size: Option<u64>,
}

/// A request, as the handler knows it.
pub struct Request<'r> {
    /// Its method.
    pub method: &'r str,
    /// Path and query, as they came.
    pub target: &'r str,
    /// A header's value, by its name in small letters.
    pub header: &'r dyn Fn(&str) -> Option<&'r str>,
    /// Who asks, as it may be kept: a name, never what showed it.
    pub consumer: &'r str,
    /// Its trace; asked for only where the request is kept.
    pub trace: &'r dyn Fn() -> String,
}

/// Keeps requests.
pub struct Captures {
    sender: SyncSender<Seen>,
    masks: Arc<RwLock<BTreeMap<String, Masks>>>,
    clock: Clock,
}

impl Captures {
    /// Writes into that folder from now on, which is made with the first request that is kept.
    pub fn start(folder: PathBuf, clock: Clock) -> std::io::Result<Captures> {
        let (sender, receiver) = sync_channel(MOST);
        let masks = Arc::<RwLock<BTreeMap<String, Masks>>>::default();
        let of = masks.clone();
        let write = move || write(&folder, &receiver, &of);
        std::thread::Builder::new().name("capture".to_owned()).spawn(write)?;
        Ok(Captures { sender, masks, clock })
    }

    /// Takes up the routes of a configuration: what is masked of each.
    pub fn take_up(&self, routes: &Routes, catalog: &Catalog) {
        let captured = routes.all.iter().filter(|r| r.config.capture.is_some());
        let masks = captured.map(|r| (r.name.clone(), Masks::of(r, catalog))).collect();
        *self.masks.write().unwrap_or_else(PoisonError::into_inner) = masks;
    }

    /// A request of that route came. Cheap, and never waits.
    pub fn saw(&self, route: &Arc<Route>, request: &Request<'_>) {
        let Some(config) = &route.config.capture else { return };
        if !config.takes(roll()) {
            return;
        }
        if request.target.len() > LONGEST {
            return count(&route.name, "too-long");
        }
        let read = access(request.method) == Access::Read;
        let kept = |name: &&'static str| Some((*name, (request.header)(name)?.to_owned()));
        let headers = HEADERS.iter().filter_map(kept).filter(|(_, v)| v.len() <= LONGEST_VALUE);
        let seen = Seen {
            route: route.clone(),
            at_ms: self.clock.now_ms(),
            method: request.method.to_owned(),
            // Of a write neither body nor path is kept, only what shape it had.
            target: if read { request.target.to_owned() } else { route.config.path.clone() },
            headers: if read { headers.collect() } else { Vec::new() },
            consumer: request.consumer.chars().take(200).collect(),
            trace: (request.trace)(),
            size: (request.header)("content-length").filter(|_| !read).and_then(|v| v.parse().ok()),
        };
        if self.sender.try_send(seen).is_err() {
            count(&route.name, "dropped");
        }
    }
}

fn count(route: &str, result: &'static str) {
    counter!("banyan_capture_requests_total", "route" => route.to_owned(), "result" => result).increment(1);
}

/// Writes until nobody is left to say what.
fn write(folder: &Path, seen: &Receiver<Seen>, masks: &RwLock<BTreeMap<String, Masks>>) {
    let mut files: BTreeMap<String, Files> = BTreeMap::new();
    let mut told = false;
    while let Ok(seen) = seen.recv() {
        let route = seen.route.name.clone();
        let keep = seen.route.config.capture.as_ref().and_then(|c| c.keep).map_or(KEEP, |k| k.0);
        let masks = masks.read().unwrap_or_else(PoisonError::into_inner);
        // Without its masks nothing is known to be harmless.
        let Some(masks) = masks.get(&route) else {
            count(&route, "unknown");
            continue;
        };
        let line = Line::of(seen, masks);
        let written = files.entry(route.clone()).or_insert_with(|| Files::new(folder, &route)).add(&line, keep);
        match written {
            Ok(()) => {
                told = false;
                count(&route, "kept");
            }
            Err(e) => {
                count(&route, "unwritten");
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!("captured requests cannot be written to {}: {e}", folder.display());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::routes::Standings;
    use banyan_migration::route::{RouteConfig, Table};

    /// Nobody writes: what does not fit is dropped, and nobody waits.
    #[test]
    fn what_does_not_fit_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let standings = Standings::look(&dir.path().join("none")).unwrap();
        let all = r#"{ "path": "/a/**", "legacy": "old", "capture": {} }"#;
        let route = |share: Option<&str>| {
            let mut config: RouteConfig = serde_json::from_str(all).unwrap();
            match share {
                Some(share) => config.capture.as_mut().unwrap().sample = Some(share.parse().unwrap()),
                None => config.capture = None,
            }
            let (table, _) = Table::new([(0, config.clone())]);
            Routes::new(Vec::new(), vec![(config, None)], table, &standings).all[0].clone()
        };
        let all = route(Some("100%"));
        let (sender, receiver) = sync_channel(2);
        let captures = Captures { sender, masks: Arc::default(), clock: Clock::system() };
        let ask = |route: &Arc<Route>, method: &str, target: &str| {
            let header = |name: &str| matches!(name, "accept" | "cookie").then_some("x");
            let request = Request { method, target, header: &header, consumer: "", trace: &String::new };
            captures.saw(route, &request);
        };
        ask(&all, "GET", &format!("/a/{}", "x".repeat(LONGEST)));
        assert!(receiver.try_recv().is_err(), "too long");
        ask(&route(None), "GET", "/a/1");
        ask(&route(Some("0%")), "GET", "/a/1");
        assert!(receiver.try_recv().is_err(), "not asked for");
        ask(&all, "GET", "/a/1");
        ask(&all, "POST", "/a/secret?b=secret");
        for _ in 0..100 {
            ask(&all, "GET", "/a/2");
        }
        let kept: Vec<Seen> = receiver.try_iter().collect();
        assert_eq!(kept.iter().map(|s| s.target.as_str()).collect::<Vec<_>>(), ["/a/1", "/a/**"]);
        assert_eq!(kept[0].headers, [("accept", "x".to_owned())]);
    }
}
