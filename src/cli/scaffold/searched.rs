//! Columns by which a source itself could be searched, were its table read live.
//!
//! Invariant: only what an index begins with, and only what the adapter says it can ask for. Offline.

use super::plan::Table;
use super::yaml::place;
use crate::adapters::KINDS;
use crate::config::Alone;
use crate::config::quote::scalar;
use banyan_adapter::RawDataset;
use banyan_words::node::yaml;

/// The columns, in the order of the table's indexes. None of a table that is configured already, or has no key.
pub(super) fn by(alone: &Alone, adapter: &str, table: &Table<'_>) -> Vec<String> {
    let Some(info) = table.info().filter(|_| !table.configured && !table.key.is_empty()) else { return Vec::new() };
    let mut firsts: Vec<String> = Vec::new();
    for first in info.indexes.iter().filter_map(|i| i.1.first()) {
        // What is the whole key is found by key.
        if table.key.as_slice() != [first.clone()] && !firsts.contains(first) {
            firsts.push(first.clone());
        }
    }
    let pushed = || {
        let kind = KINDS.iter().find(|k| k.name() == adapter)?;
        let written = format!("table: {}\nread: live\n", scalar(&place(info)));
        let mut raw = alone.raw.clone();
        raw.datasets = vec![RawDataset {
            name: table.dataset.clone(),
            path: format!("{}.datasets.{}", raw.path, table.dataset),
            config: yaml::parse("", &written).0?,
            snapshot: false,
            key: table.key.clone(),
        }];
        Some(kind.prepare(&raw).ok()?.pushes(&table.dataset, &table.found.columns, &firsts))
    };
    let pushed = pushed().unwrap_or_default();
    firsts.retain(|f| pushed.iter().any(|p| p.column == *f && p.equal));
    firsts
}
