//! Asks sources whether they can be used and what they hold, without a store: nothing is remembered.

use super::Failure;
use crate::config::{Alone, Built};
use crate::ops::audit::{self, AuditLog};
use crate::runtime::clock::Clock;
use crate::runtime::sources::{folders_of, limits};
use banyan_adapter::{Budget, Context, Found, Health, Memory, UnitMemo};
use banyan_model::model;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// What a source answered.
pub(super) struct Asked {
    pub(super) source: String,
    pub(super) health: Health,
}

impl Asked {
    pub(super) fn to_text(&self) -> String {
        let word = if self.health.ok { "ok" } else { "NOT OK" };
        format!("{}: {word}: {}\n", self.source, self.health.message)
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "source": self.source, "ok": self.health.ok, "message": self.health.message })
    }
}

/// Asks every source, one after the other.
pub(super) fn health(built: &Built) -> Result<Vec<Asked>, Failure> {
    runtime()?.block_on(async {
        let mut asked = Vec::new();
        for (source, prepared) in &built.prepared {
            let budget = built.catalog.sources.iter().find(|s| s.name == *source).map(|s| s.budget.clone());
            let by_hand = by_hand(source, &built.settings.store, &budget.unwrap_or_default())?;
            let health = match prepared.connect(by_hand.context).await {
                Ok(connected) => connected.health().await,
                Err(fault) => Health { ok: false, message: fault.to_string() },
            };
            asked.push(Asked { source: source.clone(), health });
        }
        Ok(asked)
    })
}

/// What a source holds, or what of it bears one of those names. What is sent is written down beside the store, in a file
/// of its own: a gateway may be writing the other one.
pub(super) fn discover(source: &str, alone: &Alone, named: &[String]) -> Result<Vec<Found>, Failure> {
    let by_hand = by_hand(source, &alone.store, &alone.budget)?;
    let found = runtime()?.block_on(async {
        let connected = alone.prepared.connect(by_hand.context).await?;
        match named {
            [] => connected.discover().await,
            _ => connected.discover_named(named.to_vec()).await,
        }
    });
    found.map_err(|fault| Failure::Because(format!("{source}: {fault}")))
}

/// What a command lends an adapter that it lets speak to a source.
pub(super) struct ByHand {
    /// For `connect`.
    pub(super) context: Context,
    _lock: File,
}

/// For a source by itself. What is sent is written down beside the store, in a file of its own: a gateway may be writing
/// the other one. Who comes second waits. What holds a source back, a refused login say, holds back commands as well.
pub(super) fn by_hand(source: &str, store: &Path, budget: &model::Budget) -> Result<ByHand, Failure> {
    let clock = Clock::system();
    let log = audit::discover_path_of(store);
    if let Some(folder) = log.parent().filter(|f| !f.as_os_str().is_empty()) {
        let failed = |e| Failure::Because(format!("the folder {} of the store cannot be made: {e}", folder.display()));
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    // Two at once would break the chain of lines.
    let lock = File::create(log.with_extension("lock")).and_then(|f| f.lock().map(|()| f));
    let lock = lock.map_err(|e| Failure::Because(format!("{} cannot be locked: {e}", log.display())))?;
    let written = AuditLog::new(log, Arc::new(clock.reader())).map_err(|e| Failure::Because(format!("{e:#}")))?;
    let context = Context {
        source: source.to_owned(),
        clock: Arc::new(clock.reader()),
        memory: Arc::new(NothingYet),
        budget: Arc::new(Budget::new(limits(budget), Arc::new(clock.reader()))),
        audit: Arc::new(written),
        wanted: BTreeMap::new(),
        folder: Some(folders_of(store).join(source)),
    };
    Ok(ByHand { context, _lock: lock })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Failure::Because(format!("cannot begin to ask the sources: {e}")))
}

/// Remembers nothing.
struct NothingYet;

impl Memory for NothingYet {
    fn unit(&self, _: &str, _: &str) -> Option<UnitMemo> {
        None
    }

    fn with_content(&self, _: &str, _: &str) -> Option<UnitMemo> {
        None
    }

    fn position(&self, _: &str) -> Option<String> {
        None
    }

    fn unacknowledged(&self, _: &str) -> Vec<UnitMemo> {
        Vec::new()
    }

    fn newest(&self, _: &str) -> Option<String> {
        None
    }
}
