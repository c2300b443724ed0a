//! What people do about what was refused or stopped, and the line each act leaves in the audit log.
//!
//! Invariant: an act runs on the thread that writes (`Ingest::call`), between two transactions; where no gateway runs,
//! on a desk of our own that holds the store. Who acted is `local` until callers can be told apart.
//! Not here: what an act does to the store (`runtime::ingest`), how it is asked for (`admin`, `cli`).

use crate::runtime::clock::Clock;
use crate::runtime::ingest::{self, DatasetState, Desk, Engine, FeedState, Ingest, Replayed, States};
use banyan_adapter::{Connected, Fault, Inside};
use banyan_store::{Store, StoreError};
use banyan_words::Problem;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use utoipa::ToSchema;

/// Why an act was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ActFault {
    /// The thread that writes has stopped.
    #[error("ingest has stopped; the log says why, and a restart goes on where it ended")]
    Stopped,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such dataset.
    #[error("there is no dataset `{0}`")]
    NoDataset(String),
    /// Something else waits than was seen.
    #[error("something else waits by now ({what} of {unit}); look at it first", what = .0.what, unit = .0.unit)]
    Changed(Waiting),
    /// There is no such source, or it is not open.
    #[error("there is no open source `{0}`")]
    NoSource(String),
    /// The source does not accept it.
    #[error("{0}")]
    Source(Fault),
    /// The configuration on disk has errors; the one in use stays.
    #[error("the configuration has {} problem(s); the one in use stays", .0.len())]
    Configuration(Vec<Problem>),
    /// This process does not offer it.
    #[error("{0}")]
    NotOffered(&'static str),
}

/// What a dataset waits for, as a person saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// `drift` (changed columns) or `deletions`.
    pub what: String,
    /// The unit that showed it.
    pub unit: String,
}

impl Waiting {
    /// What a dataset waits for now; changed columns come first, since nothing is read before they are accepted.
    pub fn of(state: &DatasetState) -> Option<Waiting> {
        let waiting = |what: &str, unit: &String| Waiting { what: what.to_owned(), unit: unit.clone() };
        let drift = state.drift.as_ref().map(|d| waiting("drift", &d.unit));
        drift.or_else(|| state.suspended.as_ref().filter(|s| !s.accepted).map(|s| waiting("deletions", &s.unit)))
    }
}

/// What a feed is doing.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Its source.
    pub source: String,
    /// The dataset, as the adapter knows it.
    pub dataset: String,
    /// What it is doing.
    pub state: FeedState,
}

/// What people can do.
pub trait Acts: Send + Sync {
    /// What each feed is doing; empty where no gateway runs.
    fn feeds(&self) -> Vec<Feed>;
    /// Maps a dead letter's record again.
    fn replay(&self, number: u64) -> Result<Replayed, ActFault>;
    /// Closes a dead letter for good; false if there is no open one of that number.
    fn discard(&self, number: u64, reason: &str) -> Result<bool, ActFault>;
    /// Accepts what a dataset waits for; what it was, or `None` if nothing waited. Where something else waits than the
    /// person saw, nothing is accepted.
    fn accept(&self, dataset: &str, seen: Option<Waiting>) -> Result<Option<String>, ActFault>;
    /// What goes on inside each open source, by name; empty where no gateway runs.
    fn insides(&self) -> Vec<(String, Inside)> {
        Vec::new()
    }
    /// Lets a source go on that stands still; what was accepted, or `None` if nothing waits. Where the person saw another
    /// halt than the one that waits, nothing is accepted.
    fn accept_source(&self, source: &str, halt: Option<&str>) -> Result<Option<String>, ActFault>;
    /// Reads the configuration again; a sentence about what came of it.
    fn reload(&self) -> Result<String, ActFault>;
    /// Why the last reload was refused, if it was: the gateway runs on with an older configuration than the one on disk.
    fn reload_refused(&self) -> Option<String> {
        None
    }
}

/// What a reload does: the roof's part.
pub type Reload = Box<dyn Fn() -> Result<String, Vec<Problem>> + Send + Sync>;

/// The open sources, by name.
pub type Open = BTreeMap<String, Arc<dyn Connected>>;

/// Acts in a running gateway.
pub struct Running {
    ingest: Arc<RwLock<Option<Ingest>>>,
    open: Arc<RwLock<Open>>,
    reload: Option<Reload>,
    refused: Mutex<Option<String>>,
}

impl Running {
    /// Acts through that handle. The roof takes the handle out to stop ingest, or puts another in after a reload.
    pub fn new(ingest: Arc<RwLock<Option<Ingest>>>) -> Running {
        Running { ingest, open: Arc::default(), reload: None, refused: Mutex::new(None) }
    }

    /// Knows the open sources. The roof puts others in after a reload.
    pub fn with_sources(mut self, open: Arc<RwLock<Open>>) -> Running {
        self.open = open;
        self
    }

    /// Offers reloading.
    pub fn with_reload(mut self, reload: Reload) -> Running {
        self.reload = Some(reload);
        self
    }

    fn call<T: Send + 'static>(&self, act: impl FnOnce(&mut Desk<'_>) -> T + Send + 'static) -> Result<T, ActFault> {
        let ingest = self.ingest.read().unwrap_or_else(PoisonError::into_inner);
        ingest.as_ref().and_then(|i| i.call(act)).ok_or(ActFault::Stopped)
    }
}

impl Acts for Running {
    fn feeds(&self) -> Vec<Feed> {
        let ingest = self.ingest.read().unwrap_or_else(PoisonError::into_inner);
        let feeds = ingest.as_ref().map_or(&[][..], |i| &i.feeds);
        let feed = |(source, dataset, state): &(String, String, Arc<Mutex<FeedState>>)| Feed {
            source: source.clone(),
            dataset: dataset.clone(),
            state: lock(state).clone(),
        };
        feeds.iter().map(feed).collect()
    }

    fn replay(&self, number: u64) -> Result<Replayed, ActFault> {
        let done = self.call(move |desk| ingest::replay(desk, number))?.map_err(ActFault::from);
        audit("replay", &format!("dead letter {number}"), &done);
        done
    }

    fn discard(&self, number: u64, reason: &str) -> Result<bool, ActFault> {
        let why = reason.to_owned();
        let done = self.call(move |desk| ingest::discard(desk, number, &why))?.map_err(ActFault::from);
        audit("discard", &format!("dead letter {number}"), &done);
        done
    }

    fn accept(&self, dataset: &str, seen: Option<Waiting>) -> Result<Option<String>, ActFault> {
        let full = dataset.to_owned();
        let done = self.call(move |desk| accept(desk, &full, seen.as_ref()))?;
        audit("accept", dataset, &done);
        done
    }

    fn insides(&self) -> Vec<(String, Inside)> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        open.into_iter().map(|(name, source)| (name, source.inside())).collect()
    }

    fn accept_source(&self, source: &str, halt: Option<&str>) -> Result<Option<String>, ActFault> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner).get(source).cloned();
        let done = match open {
            Some(open) => open.accept(halt).map_err(ActFault::Source),
            None => Err(ActFault::NoSource(source.to_owned())),
        };
        audit("accept", source, &done);
        done
    }

    fn reload(&self) -> Result<String, ActFault> {
        let Some(reload) = &self.reload else {
            return Err(ActFault::NotOffered("this gateway takes up a changed configuration at its next start"));
        };
        let done = reload().map_err(ActFault::Configuration);
        *lock(&self.refused) = done.as_ref().err().map(ToString::to_string);
        audit("reload", "configuration", &done);
        done
    }

    fn reload_refused(&self) -> Option<String> {
        lock(&self.refused).clone()
    }
}

/// Acts where no gateway runs: the store is ours meanwhile.
pub struct Desktop {
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    clock: Clock,
    states: Mutex<States>,
}

impl Desktop {
    /// With a store opened for writing.
    pub fn new(engine: Arc<Engine>, store: Arc<dyn Store>, clock: Clock) -> Result<Desktop, StoreError> {
        let states = Mutex::new(States::read(&engine, &mut *store.reader()?)?);
        Ok(Desktop { engine, store, clock, states })
    }

    fn call<T>(&self, act: impl FnOnce(&mut Desk<'_>) -> T) -> T {
        let mut states = lock(&self.states);
        let now = self.clock.now_ms();
        let mut desk = Desk { engine: &self.engine, store: &*self.store, states: &mut states, now, resume: Vec::new() };
        act(&mut desk)
    }
}

impl Acts for Desktop {
    fn feeds(&self) -> Vec<Feed> {
        Vec::new()
    }

    fn replay(&self, number: u64) -> Result<Replayed, ActFault> {
        let done = self.call(|desk| ingest::replay(desk, number)).map_err(ActFault::from);
        audit("replay", &format!("dead letter {number}"), &done);
        done
    }

    fn discard(&self, number: u64, reason: &str) -> Result<bool, ActFault> {
        let done = self.call(|desk| ingest::discard(desk, number, reason)).map_err(ActFault::from);
        audit("discard", &format!("dead letter {number}"), &done);
        done
    }

    fn accept(&self, dataset: &str, seen: Option<Waiting>) -> Result<Option<String>, ActFault> {
        let done = self.call(|desk| accept(desk, dataset, seen.as_ref()));
        audit("accept", dataset, &done);
        done
    }

    fn accept_source(&self, _: &str, _: Option<&str>) -> Result<Option<String>, ActFault> {
        Err(ActFault::NotOffered("no gateway is running, so no source is open"))
    }

    fn reload(&self) -> Result<String, ActFault> {
        Err(ActFault::NotOffered("no gateway is running"))
    }
}

fn accept(desk: &mut Desk<'_>, full: &str, seen: Option<&Waiting>) -> Result<Option<String>, ActFault> {
    let dataset = desk.engine.catalog.dataset(full).map(|(no, _)| no);
    let dataset = dataset.ok_or_else(|| ActFault::NoDataset(full.to_owned()))?;
    let waits = desk.states.0.get(dataset).and_then(Waiting::of);
    if let (Some(seen), Some(waits)) = (seen, waits)
        && *seen != waits
    {
        return Err(ActFault::Changed(waits));
    }
    Ok(ingest::accept(desk, dataset)?)
}

/// Acts are rare and none may go unseen: the target `audit` is written whatever the log's filter says.
/// What is written is what was done and how it ended, never what a record holds: a refusal's message may quote it.
fn audit<T: Outcome>(act: &str, what: &str, done: &Result<T, ActFault>) {
    match done {
        Ok(done) => tracing::info!(target: "audit", who = "local", act, what, outcome = done.outcome()),
        Err(e) => tracing::warn!(target: "audit", who = "local", act, what, outcome = "failed", error = %e),
    }
}

trait Outcome {
    fn outcome(&self) -> &'static str;
}

impl Outcome for Replayed {
    fn outcome(&self) -> &'static str {
        match self {
            Replayed::Applied => "applied",
            Replayed::RefusedAgain { .. } => "refused again",
            Replayed::NotPossible { .. } => "not possible",
        }
    }
}

impl Outcome for bool {
    fn outcome(&self) -> &'static str {
        if *self { "done" } else { "nothing to do" }
    }
}

impl Outcome for Option<String> {
    fn outcome(&self) -> &'static str {
        self.is_some().outcome()
    }
}

impl Outcome for String {
    fn outcome(&self) -> &'static str {
        "done"
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
