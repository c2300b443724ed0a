//! The open sources: what feeds and live reads ask.
//!
//! Invariant: one budget a source, whoever asks it; a source that cannot be opened stops no other.

use super::clock::Clock;
use super::ingest::{Engine, StoreMemory};
use banyan_adapter::{Audit, Budget, Connected, Context, Fault, Limits};
use banyan_model::model;
use banyan_store::{Store, StoreError};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A source, opened if it could be.
pub struct Source {
    /// The open source, or why it cannot be opened.
    pub connected: Result<Arc<dyn Connected>, Fault>,
    /// What it may be asked to bear.
    pub budget: Arc<Budget>,
}

/// All sources of one version of the configuration, by name.
pub struct Sources(pub BTreeMap<String, Source>);

impl Sources {
    /// Opens them; what an adapter keeps goes into a folder of its source's name in `folders`. No adapter waits for a remote system here: one that is down is seen by those who ask it.
    pub async fn open(
        engine: &Engine,
        store: &dyn Store,
        clock: &Clock,
        audit: &Arc<dyn Audit>,
        folders: &Path,
    ) -> Result<Sources, StoreError> {
        let mut out = BTreeMap::new();
        for (name, prepared) in &engine.sources {
            // By the adapter's names: record kinds of one dataset are one to it, datasets committed together are several.
            let (mut numbers, mut wanted) = (BTreeMap::new(), BTreeMap::<String, BTreeSet<String>>::new());
            for (no, d) in engine.catalog.datasets.iter().enumerate() {
                if engine.catalog.sources[d.source].name == *name {
                    numbers.entry(d.feed.clone()).or_insert(d.stored);
                    wanted.entry(d.feed.clone()).or_default().extend(engine.wanted[no].iter().cloned());
                }
            }
            let memory = Arc::new(StoreMemory::new(store, numbers)?);
            let limits = engine.catalog.sources.iter().find(|s| s.name == *name).map(|s| limits(&s.budget));
            let budget = Arc::new(Budget::new(limits.unwrap_or_default(), Arc::new(clock.reader())));
            let cx = Context {
                source: name.clone(),
                clock: Arc::new(clock.reader()),
                memory,
                budget: budget.clone(),
                audit: audit.clone(),
                wanted,
                folder: Some(folders.join(name)),
            };
            let connected = prepared.connect(cx).await.map(Arc::from);
            if let Err(fault) = &connected {
                tracing::error!(source = %name, code = %fault.code, "source cannot be opened: {}", fault.message);
            }
            out.insert(name.clone(), Source { connected, budget });
        }
        Ok(Sources(out))
    }
}

/// Where adapters keep what is theirs: beside the store.
pub fn folders_of(store: &Path) -> PathBuf {
    store.with_extension("sources")
}

/// A budget as configured.
pub fn limits(budget: &model::Budget) -> Limits {
    Limits {
        concurrency: budget.concurrency,
        pace: budget.pace,
        timeout: budget.timeout,
        closed: budget.closed.clone(),
        zone: budget.zone.as_deref().and_then(|z| TimeZone::get(z).ok()),
    }
}
