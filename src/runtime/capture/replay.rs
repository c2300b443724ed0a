//! Captured requests asked again, of both sides, at a bounded rate; what they say becomes evidence.
//!
//! Invariant: only whole, safe requests are asked again, each of its own route; a route that is switched off is asked
//! nothing. One replay runs at a time.

use super::read::{of_route, one_file};
use super::{HEADERS, Line};
use crate::runtime::clock::Clock;
use crate::runtime::consumers::OTHERS;
use crate::runtime::routes::contract::operation;
use crate::runtime::routes::{Route, Routes};
use crate::runtime::shadow::{Exchange, Facade, Question, Skipped, pair};
use banyan_migration::consumer::ANONYMOUS;
use banyan_upstream::Fields;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::FuturesUnordered;
use http::Method;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most that may be under way at once.
pub const MOST_PARALLEL: usize = 64;

/// Requests of one replay that are read ahead.
const AHEAD: usize = 64;
/// Consumers of one replay that are told apart; a file may name any number.
const APART: usize = 100;

/// What is to be asked again.
#[derive(Clone, Debug)]
pub struct Order {
    /// The route's name: what was captured of it. `None`: a file is.
    pub route: Option<String>,
    /// A file of captured requests.
    pub file: Option<PathBuf>,
    /// Requests a second at most.
    pub rate: f64,
    /// So many at most.
    pub limit: Option<u64>,
    /// Of this consumer only; `anonymous`: of nobody in particular.
    pub consumer: Option<String>,
    /// How many may be under way at once.
    pub parallel: usize,
}

/// What became of a request that both sides were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// They agree.
    Matched,
    /// They do not.
    Mismatched,
    /// It cannot be told: one did not answer, or it is a repeat.
    NotCounted,
}

/// What became of one consumer's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfConsumer {
    /// How many both sides were asked.
    pub asked: u64,
    /// Those whose answers agree.
    pub matched: u64,
    /// Those whose answers do not.
    pub mismatched: u64,
}

/// How far a replay is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is asked again: a route or a file.
    pub of: String,
    /// How many both sides were asked.
    pub asked: u64,
    /// Those whose answers agree.
    pub matched: u64,
    /// Those whose answers do not.
    pub mismatched: u64,
    /// Those that did not count: a repeat, or a side did not answer.
    pub not_counted: u64,
    /// Those that could not be asked: writes, and those of which a value is masked.
    pub not_replayable: u64,
    /// Those of no route that is there now, or that cannot be asked of both sides.
    pub elsewhere: u64,
    /// Lines that are none.
    pub damaged: u64,
    /// By consumer; those beyond [`APART`] names together as `others`.
    pub consumers: BTreeMap<String, OfConsumer>,
    /// Whether it ended.
    pub ended: bool,
    /// Why it ended early.
    pub why: Option<String>,
}

impl Progress {
    fn of_consumer(&mut self, name: &str, became: Asked) {
        let apart = self.consumers.len() < APART || self.consumers.contains_key(name);
        let of_it = self.consumers.entry(if apart { name } else { OTHERS }.to_owned()).or_default();
        of_it.asked += 1;
        match became {
            Asked::Matched => of_it.matched += 1,
            Asked::Mismatched => of_it.mismatched += 1,
            Asked::NotCounted => {}
        }
    }
}

/// Why a replay does not begin.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It makes no sense.
    #[error("{0}")]
    Bad(String),
    /// Another is under way.
    #[error("a replay of {0} is under way; wait for it, or stop it")]
    Busy(String),
}

/// Takes what both sides said.
pub type Saw = dyn Fn(Exchange) -> Asked + Send + Sync;

/// Replays of one gateway.
pub struct Replays {
    folder: PathBuf,
    facade: Arc<dyn Facade>,
    saw: Arc<Saw>,
    clock: Clock,
    progress: Arc<Mutex<Option<Progress>>>,
    stop: Arc<AtomicBool>,
}

/// One replay at work.
struct Run {
    order: Order,
    folder: PathBuf,
    routes: Box<dyn Fn() -> Arc<Routes> + Send>,
    facade: Arc<dyn Facade>,
    saw: Arc<Saw>,
    clock: Clock,
    progress: Arc<Mutex<Option<Progress>>>,
    stop: Arc<AtomicBool>,
}

fn locked(progress: &Mutex<Option<Progress>>) -> MutexGuard<'_, Option<Progress>> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Replays {
    /// Of what is captured in that folder.
    pub fn new(folder: PathBuf, facade: Arc<dyn Facade>, saw: Arc<Saw>, clock: Clock) -> Replays {
        Replays { folder, facade, saw, clock, progress: Arc::default(), stop: Arc::default() }
    }

    /// How far the newest one is.
    pub fn progress(&self) -> Option<Progress> {
        locked(&self.progress).clone()
    }

    /// Ends the one under way after the request at work.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Begins one, on a thread of its own. `routes` tells the routes as they are at each request.
    pub fn start(&self, order: Order, routes: Box<dyn Fn() -> Arc<Routes> + Send>) -> Result<(), Refused> {
        if !(order.rate > 0.0 && order.rate <= 10_000.0) {
            return Err(Refused::Bad("a rate is more than 0 and at most 10000 requests a second".to_owned()));
        }
        if !(1..=MOST_PARALLEL).contains(&order.parallel) {
            return Err(Refused::Bad(format!("from 1 to {MOST_PARALLEL} requests may be under way at once")));
        }
        let of = match (&order.route, &order.file) {
            (Some(route), None) => route.clone(),
            (None, Some(file)) if file.is_file() => file.display().to_string(),
            (None, Some(file)) => return Err(Refused::Bad(format!("there is no file {}", file.display()))),
            _ => return Err(Refused::Bad("name a route or a file: one of the two".to_owned())),
        };
        let mut progress = locked(&self.progress);
        if let Some(busy) = progress.as_ref().filter(|p| !p.ended) {
            return Err(Refused::Busy(busy.of.clone()));
        }
        *progress = Some(Progress { of, ..Progress::default() });
        self.stop.store(false, Ordering::Relaxed);
        let run = Run {
            order,
            folder: self.folder.clone(),
            routes,
            facade: self.facade.clone(),
            saw: self.saw.clone(),
            clock: self.clock.clone(),
            progress: self.progress.clone(),
            stop: self.stop.clone(),
        };
        let spawned = std::thread::Builder::new().name("replay".to_owned()).spawn(move || run.run());
        if let Err(e) = spawned {
            *progress = None;
            return Err(Refused::Bad(format!("a thread cannot be started: {e}")));
        }
        Ok(())
    }
}

/// Told as ended however it ends.
struct Ends(Arc<Mutex<Option<Progress>>>);

impl Drop for Ends {
    fn drop(&mut self) {
        if let Some(progress) = &mut *locked(&self.0) {
            progress.ended = true;
        }
    }
}

impl Run {
    fn count(&self, with: impl FnOnce(&mut Progress)) {
        if let Some(progress) = &mut *locked(&self.progress) {
            with(progress);
        }
    }

    fn run(self) {
        let _ends = Ends(self.progress.clone());
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(e) => return self.count(|p| p.why = Some(e.to_string())),
        };
        let local = tokio::task::LocalSet::new();
        let between = Duration::from_secs_f64(1.0 / self.order.rate);
        let mut waiting: Vec<Line> = Vec::new();
        let mut take = |line: Line| {
            waiting.push(line);
            if waiting.len() < AHEAD {
                ControlFlow::Continue(())
            } else {
                local.block_on(&runtime, self.all(&mut waiting, between))
            }
        };
        let found = match (&self.order.file, &self.order.route) {
            (Some(file), _) => one_file(file, &mut take),
            (None, Some(route)) => of_route(&self.folder, route, &mut take),
            (None, None) => return,
        };
        let _ = local.block_on(&runtime, self.all(&mut waiting, between));
        match found {
            Ok(found) => self.count(|p| p.damaged = found.damaged),
            Err(e) => self.count(|p| p.why = Some(format!("what was captured cannot be read: {e}"))),
        }
    }

    /// Asks all that wait, so many at once; what is under way when it is to end is dropped.
    async fn all(&self, waiting: &mut Vec<Line>, between: Duration) -> ControlFlow<()> {
        let mut flying = Flying::new();
        for line in waiting.drain(..) {
            while flying.len() >= self.order.parallel {
                self.landed(flying.next().await)?;
            }
            if self.stop.load(Ordering::Relaxed) {
                self.count(|p| p.why = Some("it was stopped".to_owned()));
                return ControlFlow::Break(());
            }
            let asked = locked(&self.progress).as_ref().map_or(0, |p| p.asked);
            if self.order.limit.is_some_and(|l| asked + flying.len() as u64 >= l) {
                break;
            }
            let consumer = if line.consumer.is_empty() { ANONYMOUS.to_owned() } else { line.consumer.clone() };
            if self.order.consumer.as_ref().is_some_and(|only| *only != consumer) {
                continue;
            }
            if !line.is_replayable() {
                self.count(|p| p.not_replayable += 1);
                continue;
            }
            let Some(route) = route_of(&(self.routes)(), &line) else {
                self.count(|p| p.elsewhere += 1);
                continue;
            };
            let named = (line.trace.clone(), self.clock.now_ms());
            flying.push(Box::pin(async move {
                let said = pair(&route, question(&line), None, false, named, &*self.facade).await;
                (route, consumer, said)
            }));
            let mut rest = pin!(tokio::time::sleep(between));
            while let Some(landed) = next_before(&mut flying, &mut rest).await {
                self.landed(Some(landed))?;
            }
        }
        while let Some(landed) = flying.next().await {
            self.landed(Some(landed))?;
        }
        match self.order.limit {
            Some(limit) if locked(&self.progress).as_ref().is_some_and(|p| p.asked >= limit) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    /// Counts what became of one.
    fn landed(&self, landed: Option<Landed>) -> ControlFlow<()> {
        let Some((route, consumer, said)) = landed else { return ControlFlow::Continue(()) };
        let became = match said {
            Ok(exchange) => (self.saw)(exchange),
            Err(Skipped::TurnedOff) => {
                self.count(|p| p.why = Some(format!("{} is switched off", route.name)));
                return ControlFlow::Break(());
            }
            Err(_) => Asked::NotCounted,
        };
        self.count(|p| {
            p.asked += 1;
            p.of_consumer(&consumer, became);
            match became {
                Asked::Matched => p.matched += 1,
                Asked::Mismatched => p.mismatched += 1,
                Asked::NotCounted => p.not_counted += 1,
            }
        });
        ControlFlow::Continue(())
    }
}

/// A request that both sides were asked, and whose it was.
type Landed = (Arc<Route>, String, Result<Exchange, Skipped>);

/// Those under way.
type Flying<'r> = FuturesUnordered<LocalBoxFuture<'r, Landed>>;

/// The next that lands before the pause is over. `None`: it is over.
async fn next_before(flying: &mut Flying<'_>, mut rest: &mut Pin<&mut tokio::time::Sleep>) -> Option<Landed> {
    if flying.is_empty() {
        rest.await;
        return None;
    }
    match select(&mut rest, flying.next()).await {
        Either::Left(_) => None,
        Either::Right((landed, _)) => landed,
    }
}

/// The route that a captured request is of now: a file may name what it likes, it reaches no other path.
fn route_of(routes: &Routes, line: &Line) -> Option<Arc<Route>> {
    let path = line.target.split('?').next().unwrap_or_default();
    let route = routes.named(&line.route)?;
    let both = route.modern.is_some() && (route.legacy.is_some() || route.entity.is_some());
    let its = match route.entity {
        Some(_) => operation(&route.config.path, path).is_some_and(|m| route.config.moves_with(m)),
        // What else the route asked of a request, it got when the request was kept.
        None => {
            routes.of_path(&line.method, path, |only| *only == route.config.only).is_some_and(|r| r.name == route.name)
        }
    };
    (both && its).then(|| route.clone())
}

fn question(line: &Line) -> Question {
    let mut fields = Fields::default();
    for (name, value) in line.headers.iter().filter(|(n, _)| HEADERS.contains(&n.as_str())) {
        fields.append(name, value.as_bytes());
    }
    Question { method: Method::GET, target: line.target.clone(), fields, body: Bytes::new() }
}
