//! What the admin listener works with.
//!
//! Invariant: it holds no lock while it reads, and lets go of the store's commit after each answer, so that a forgotten
//! dashboard keeps no log from being reused.

use super::acts::Acts;
use super::health::{Health, judge, unready};
use super::metrics::Metrics;
use super::view::{self, DatasetView, Sizes};
use crate::runtime::capture::Replays;
use crate::runtime::clock::Clock;
use crate::runtime::evidence::Evidence;
use crate::runtime::evidence::sweeps::Sweeps;
use crate::runtime::routes::Standings;
use crate::runtime::routes::contract::Contracts;
use crate::runtime::serving::{Serving, Shared};
use banyan_adapter::RefusalDef;
use banyan_store::{Reader, Result};
use metrics::gauge;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// How old counts of instances may be: counting a million takes a moment.
const COUNTS_KEPT_MS: i64 = 10_000;
/// Idle readers kept.
const READERS_KEPT: usize = 2;

/// Which gateway this is.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct About {
    /// The program's version.
    pub version: String,
    /// The configuration file it runs on.
    pub config: String,
    /// The store's address, without secrets.
    pub store: String,
    /// Where the facade listens, as a URL.
    pub facade: String,
    /// When it began.
    pub started: String,
    /// The process.
    pub process: u32,
}

/// The same, with the store's file as every process on this machine would name it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AboutView {
    /// Which gateway it is.
    #[serde(flatten)]
    pub about: About,
    /// The store's file; null if it is none.
    pub store_file: Option<String>,
}

/// What the admin listener works with.
pub struct AdminState {
    /// What requests see now.
    pub shared: Arc<Shared>,
    /// What people can do.
    pub acts: Arc<dyn Acts>,
    /// The recorder.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// Which gateway this is.
    pub about: About,
    /// The store's data file, if it is one.
    pub store_file: Option<PathBuf>,
    /// The codes of all adapters, for hints.
    pub codes: Vec<RefusalDef>,
    /// Where routes stand; `None` where there are none to move.
    pub standings: Option<Arc<Standings>>,
    /// Contracts of upstreams; `None` where none are guarded.
    pub contracts: Option<Arc<Contracts>>,
    /// Captured requests asked again; `None` where none can be.
    pub replays: Option<Replays>,
    /// What comparisons came to.
    pub evidence: Option<Evidence>,
    /// Sweeps, where both sides can be asked.
    pub sweeps: Option<Arc<Sweeps>>,
    readers: Mutex<Vec<Box<dyn Reader>>>,
    counts: Mutex<Option<Counts>>,
}

#[derive(Clone)]
struct Counts {
    version: u64,
    at: i64,
    of: Vec<u64>,
}

/// Everything the first page shows.
pub struct Overview {
    /// The verdict.
    pub health: Health,
    /// The datasets.
    pub datasets: Vec<DatasetView>,
    /// Live instances by entity.
    pub counts: Vec<u64>,
    /// Sizes.
    pub sizes: Sizes,
}

impl AdminState {
    /// For a gateway.
    pub fn new(shared: Arc<Shared>, acts: Arc<dyn Acts>, metrics: Metrics, clock: Clock, about: About) -> AdminState {
        AdminState {
            shared,
            acts,
            metrics,
            clock,
            about,
            store_file: None,
            codes: Vec::new(),
            standings: None,
            contracts: None,
            replays: None,
            evidence: None,
            sweeps: None,
            readers: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    /// Which gateway this is.
    pub fn about(&self) -> AboutView {
        let file = self.store_file.as_ref().and_then(|f| std::fs::canonicalize(f).ok());
        AboutView { about: self.about.clone(), store_file: file.map(|f| f.display().to_string()) }
    }

    /// Reads with one of the idle readers.
    pub fn read<R>(&self, f: impl FnOnce(&Serving, &mut dyn Reader) -> Result<R>) -> Result<R> {
        self.read_any(f)
    }

    /// The same for what fails in other ways too.
    pub fn read_any<R, E: From<banyan_store::StoreError>>(
        &self,
        f: impl FnOnce(&Serving, &mut dyn Reader) -> std::result::Result<R, E>,
    ) -> std::result::Result<R, E> {
        let serving = self.shared.get();
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => serving.store.reader()?,
        };
        let done = f(&serving, &mut *reader)?;
        reader.rest();
        let mut idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_KEPT {
            idle.push(reader);
        }
        Ok(done)
    }

    /// All datasets.
    pub fn datasets(&self) -> Result<Vec<DatasetView>> {
        let (feeds, now) = (self.acts.feeds(), self.clock.now_ms());
        self.read(|serving, reader| view::datasets(serving, reader, &feeds, now))
    }

    fn judged(&self, datasets: &[DatasetView]) -> Health {
        let refused = self.acts.reload_refused();
        judge(datasets, &self.acts.insides(), refused.as_deref(), self.unkept().as_deref())
    }

    /// Why evidence is not kept, where a route would need some.
    fn unkept(&self) -> Option<String> {
        match &self.evidence {
            Some(evidence) => evidence.trouble(),
            None if self.standings.is_none() => None,
            None => {
                let moves = self.shared.get().routes.all.iter().any(|r| r.modern.is_some());
                moves.then(|| "its file could not be opened; the log says why".to_owned())
            }
        }
    }

    /// The verdict now.
    pub fn health(&self) -> Health {
        match self.datasets() {
            Ok(datasets) => self.judged(&datasets),
            Err(e) => unready(&e.to_string()),
        }
    }

    /// Everything the first page shows.
    pub fn overview(&self) -> Result<Overview> {
        let datasets = self.datasets()?;
        Ok(Overview {
            health: self.judged(&datasets),
            datasets,
            counts: self.counts()?,
            sizes: view::sizes(self.store_file.as_deref()),
        })
    }

    /// Live instances by entity, at most ten seconds old.
    pub fn counts(&self) -> Result<Vec<u64>> {
        let (version, now) = (self.shared.version(), self.clock.now_ms());
        let kept = self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(c) = kept.filter(|c| c.version == version && (0..COUNTS_KEPT_MS).contains(&(now - c.at))) {
            return Ok(c.of);
        }
        let of = self.read(|serving, reader| {
            serving.catalog.entities.iter().map(|e| reader.count(e.stored, &[])).collect::<Result<Vec<u64>>>()
        })?;
        let counts = Counts { version, at: now, of: of.clone() };
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = Some(counts);
        Ok(of)
    }

    /// Brings all gauges up to date and renders everything as Prometheus text.
    pub fn scrape(&self) -> Result<String> {
        let overview = self.overview()?;
        overview.datasets.iter().for_each(super::metrics::show_dataset);
        super::metrics::show_sizes(&overview.sizes);
        let serving = self.shared.get();
        let c = &serving.catalog;
        for (e, n) in c.entities.iter().zip(&overview.counts) {
            gauge!("banyan_instances", "entity" => e.name.clone()).set(*n as f64);
        }
        let parts = [
            ("sources", c.sources.len()),
            ("datasets", c.datasets.len()),
            ("entities", c.entities.len()),
            ("mappings", c.mappings.len()),
            ("lookups", c.lookups.len()),
        ];
        for (part, n) in parts {
            gauge!("banyan_catalog", "part" => part).set(n as f64);
        }
        gauge!("banyan_catalog_version").set(self.shared.version() as f64);
        gauge!("banyan_build_info", "version" => self.about.version.clone()).set(1.0);
        if let Ok(started) = self.about.started.parse::<jiff::Timestamp>() {
            gauge!("banyan_process_start_seconds").set(started.as_millisecond() as f64 / 1000.0);
        }
        if let Some(evidence) = &self.evidence {
            for route in serving.routes.all.iter().filter(|r| r.modern.is_some()) {
                let Some(info) = evidence.info(&route.name) else { continue };
                super::metrics::show_evidence(&route.name, &evidence.look(&info, self.clock.now_ms())?);
            }
        }
        Ok(self.metrics.render())
    }
}
