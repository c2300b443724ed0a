//! Sweeps in a running gateway: one of a route at a time, each on a thread of its own.
//!
//! Invariant: a sweep asks legacy no faster than it was told, and not at all while the route is switched off. It ends with
//! the gateway, and goes on where it ended when it is asked for again.

use super::sweep::{Ended, Question, sweep};
use super::{Evidence, Exchange, Origin, evidence_of, plan};
use crate::runtime::routes::Route;
use crate::runtime::serving::Shared;
use crate::runtime::shadow::{self, Facade};
use banyan_migration::census::Census;
use banyan_migration::json::Doc;
use banyan_upstream::Fields;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Sweeps of a running gateway.
pub struct Sweeps {
    evidence: Evidence,
    shared: Weak<Shared>,
    facade: Arc<dyn Facade>,
    /// Those that run, each with what tells it to stop.
    running: Mutex<BTreeMap<String, Arc<AtomicBool>>>,
    /// How the last one of each route ended.
    ended: Mutex<BTreeMap<String, &'static str>>,
}

/// How a route's sweep stands.
pub struct State {
    /// Whether one runs.
    pub runs: bool,
    /// What was asked, and what came of it; `None` before there was any.
    pub census: Option<Census>,
    /// How the last one ended: `whole`, `stopped`, `began-again` or `failed`. `None` while one runs, and before there was
    /// any in this gateway.
    pub ended: Option<&'static str>,
}

/// Takes a sweep off the list of those that run, however it ends.
struct Running {
    sweeps: Arc<Sweeps>,
    route: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.sweeps.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.route);
    }
}

impl Sweeps {
    /// Of that gateway.
    pub fn new(evidence: Evidence, shared: &Arc<Shared>, facade: Arc<dyn Facade>) -> Arc<Sweeps> {
        Arc::new(Sweeps {
            evidence,
            shared: Arc::downgrade(shared),
            facade,
            running: Mutex::default(),
            ended: Mutex::default(),
        })
    }

    /// Whether one of that route runs.
    pub fn runs(&self, route: &str) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains_key(route)
    }

    /// How the sweep of a route stands.
    pub fn state(&self, route: &str) -> Result<State, String> {
        // In this order: what does not run any more has said how it ended.
        let runs = self.runs(route);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).get(route).copied().filter(|_| !runs);
        let census = self.evidence.with(route, |a| a.census()).map_err(|e| e.to_string())?;
        Ok(State { runs, census, ended })
    }

    /// Tells the sweep of a route to stop; false if none runs.
    pub fn stop(&self, route: &str) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(route).map(|stop| stop.store(true, Ordering::Relaxed)).is_some()
    }

    /// Begins a sweep of a route, or goes on with the one that ended before it was whole; how many requests it has.
    pub fn begin(self: &Arc<Sweeps>, route: &Arc<Route>, rate: f64) -> Result<u64, String> {
        if route.modern.is_none() {
            return Err("the route has no modern side".to_owned());
        }
        let serving = self.shared.upgrade().ok_or("the gateway stops")?.get();
        let plan = {
            let mut reader = serving.store.reader().map_err(|e| e.to_string())?;
            plan::plan(&serving, &mut *reader, route)?
        };
        let stop = Arc::new(AtomicBool::new(false));
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if running.contains_key(&route.name) {
                return Err("a sweep of this route runs already".to_owned());
            }
            running.insert(route.name.clone(), stop.clone());
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).remove(&route.name);
        }
        let listed = Running { sweeps: self.clone(), route: route.name.clone() };
        let (route, planned) = (route.clone(), plan.len());
        let work = move || {
            let word = match listed.sweeps.run(&route, &plan, rate, &stop) {
                Ok(ended) => {
                    tracing::info!(route = route.name, ?ended, "a sweep ended");
                    match ended {
                        Ended::Whole(_) => "whole",
                        Ended::Stopped(_) => "stopped",
                        Ended::Rebased => "began-again",
                    }
                }
                Err(e) => {
                    tracing::error!(route = route.name, "a sweep ended: {e}");
                    "failed"
                }
            };
            listed.sweeps.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(route.name.clone(), word);
            drop(listed);
        };
        std::thread::Builder::new().name("sweep".to_owned()).spawn(work).map_err(|e| e.to_string())?;
        Ok(planned)
    }

    fn run(
        &self,
        route: &Arc<Route>,
        plan: &banyan_migration::census::Plan,
        rate: f64,
        stop: &AtomicBool,
    ) -> Result<Ended, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let local = tokio::task::LocalSet::new();
        let mut pages = Pages::default();
        let ask = |question: Question<'_>| {
            let both = self.both(route, &question, &pages);
            let exchange = local.block_on(&runtime, both)?;
            pages = Pages::of(&exchange);
            Ok(exchange)
        };
        let wait = |pause: Duration| {
            std::thread::sleep(pause);
            let gone = self.shared.strong_count() == 0;
            let off = stop.load(Ordering::Relaxed) || route.standing().killed || gone;
            if off { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        sweep(&self.evidence, &route.name, plan, rate, ask, wait).map_err(|e| e.to_string())
    }

    async fn both(&self, route: &Arc<Route>, question: &Question<'_>, pages: &Pages) -> Result<Exchange, String> {
        let continued = |cursor: &Option<String>| {
            let cursor = cursor.as_deref().ok_or("a side has no further page")?;
            Ok::<String, String>(format!("{}&cursor={cursor}", question.target))
        };
        let (legacy, modern) = match question.page {
            0 => (question.target.to_owned(), None),
            _ => (continued(&pages.legacy)?, Some(continued(&pages.modern)?)),
        };
        let fields = Fields::of(&[("accept", "application/json")]);
        let asked = shadow::Question { method: http::Method::GET, target: legacy, fields, body: Bytes::new() };
        let now_ms = self.evidence.0.clock.now_ms();
        let twice = self.evidence.wants_second(&route.name);
        let trace = format!("{:032x}", now_ms.unsigned_abs());
        let exchange = shadow::pair(route, asked, modern, twice, (trace, now_ms), &*self.facade).await;
        let exchange = exchange.map_err(|skipped| skipped.word().to_owned())?;
        let mut exchange = evidence_of(&self.evidence, exchange, Origin::Sweep).ok_or("the route is gone")?;
        if question.page > 0 {
            // Cursors are each side's own: a page is named by its number.
            exchange.request.target = format!("{}&page={}", question.target, question.page + 1);
        }
        Ok(exchange)
    }
}

/// How each side continues the list that was asked last.
#[derive(Default)]
struct Pages {
    legacy: Option<String>,
    modern: Option<String>,
}

impl Pages {
    fn of(exchange: &Exchange) -> Pages {
        let next =
            |reply: &Result<super::Reply, String>| match Doc::parse(&reply.as_ref().ok()?.body).ok()?.get("next")? {
                Doc::Text(next) => Some(next.clone()),
                _ => None,
            };
        Pages { legacy: next(&exchange.legacy), modern: next(&exchange.modern) }
    }
}
