//! Asks sources whether they can be used, without a store: nothing is remembered, nothing is read.

use super::Failure;
use crate::config::Built;
use crate::runtime::clock::Clock;
use crate::runtime::sources::limits;
use banyan_adapter::{Budget, Context, Health, Memory, NoAudit, UnitMemo};
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::Because(format!("cannot begin to ask the sources: {e}")))?;
    let clock = Clock::system();
    Ok(runtime.block_on(async {
        let mut asked = Vec::new();
        for (source, prepared) in &built.prepared {
            let limits = built.catalog.sources.iter().find(|s| s.name == *source).map(|s| limits(&s.budget));
            let context = Context {
                source: source.clone(),
                clock: Arc::new(clock.reader()),
                memory: Arc::new(NothingYet),
                budget: Arc::new(Budget::new(limits.unwrap_or_default(), Arc::new(clock.reader()))),
                audit: Arc::new(NoAudit),
                wanted: BTreeMap::new(),
            };
            let health = match prepared.connect(context).await {
                Ok(connected) => connected.health().await,
                Err(fault) => Health { ok: false, message: fault.to_string() },
            };
            asked.push(Asked { source: source.clone(), health });
        }
        asked
    }))
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
