//! As of when each dataset speaks.

use crate::runtime::ingest::DatasetState;
use banyan_model::model::{Catalog, DatasetNo};
use banyan_store::{Reader, Result};
use std::sync::atomic::{AtomicI64, Ordering};

const NEVER: i64 = i64::MIN;

/// As-of of each dataset, milliseconds since 1970: the start of the last successful pass that would have shown a
/// change (a file: the date of its data, else its modification time).
#[derive(Debug)]
pub struct Freshness(Vec<AtomicI64>);

impl Freshness {
    /// What the store remembers of each dataset.
    pub fn of(catalog: &Catalog, reader: &mut dyn Reader) -> Result<Freshness> {
        let mut all = Vec::with_capacity(catalog.datasets.len());
        for d in &catalog.datasets {
            let state = reader.dataset(d.stored)?.and_then(|d| serde_json::from_str::<DatasetState>(&d).ok());
            all.push(AtomicI64::new(state.and_then(|s| s.as_of).unwrap_or(NEVER)));
        }
        Ok(Freshness(all))
    }

    /// A pass was successful. An older one, arriving late, changes nothing.
    pub fn advance(&self, dataset: DatasetNo, as_of_ms: i64) {
        if let Some(a) = self.0.get(dataset) {
            a.fetch_max(as_of_ms, Ordering::Relaxed);
        }
    }

    /// A dataset's as-of; `None` before its first successful pass.
    pub fn get(&self, dataset: DatasetNo) -> Option<i64> {
        self.0.get(dataset).map(|a| a.load(Ordering::Relaxed)).filter(|a| *a != NEVER)
    }

    /// The oldest as-of among those datasets.
    pub fn oldest(&self, datasets: &[DatasetNo]) -> Option<i64> {
        datasets.iter().filter_map(|d| self.get(*d)).min()
    }
}
