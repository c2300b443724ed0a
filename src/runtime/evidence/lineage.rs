//! Where the legacy value of a difference came from, as `why` tells it.

use super::{Lineage, LineageOf};
use crate::runtime::serving::Shared;
use crate::runtime::why;
use banyan_words::Id;
use serde_json::Value;
use std::sync::Arc;

/// Reads it from the store of what is served now.
pub fn lineage_of(shared: &Arc<Shared>) -> Arc<LineageOf> {
    let shared = Arc::downgrade(shared);
    Arc::new(move |route, id, field| {
        let serving = shared.upgrade()?.get();
        let (no, entity) = serving.catalog.entity(route.entity.as_deref()?)?;
        let id = Id::parse(id)?;
        let mut reader = serving.store.reader().ok()?;
        let found = reader.instance(entity.stored, id).ok()??;
        let told = why::lineage(&serving, &mut *reader, no, &found).ok()?;
        let from = told.get("fields")?.get(field)?.get("from")?;
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let raw = from.get("raw").and_then(Value::as_object);
        Some(Lineage {
            dataset: from.get("dataset").map(text).unwrap_or_default(),
            columns: raw.map(|r| r.keys().cloned().collect()).unwrap_or_default(),
            raw: raw.map(|r| r.values().map(text).collect()).unwrap_or_default(),
            formula: from.get("formula").map(text),
        })
    })
}
