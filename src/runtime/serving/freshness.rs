//! As of when each dataset speaks.

use banyan_model::model::{Catalog, DatasetNo};
use banyan_store::{Reader, Result};
use banyan_words::UnitState;
use std::sync::atomic::{AtomicI64, Ordering};

/// How many of a dataset's newest units are looked at when the gateway starts.
const UNITS_LOOKED_AT: usize = 100;
const NEVER: i64 = i64::MIN;

/// As-of of each dataset, milliseconds since 1970: the start of the last successful pass that would have shown a
/// change (a file: the date of its data, else its modification time).
#[derive(Debug)]
pub struct Freshness(Vec<AtomicI64>);

impl Freshness {
    /// What the store's finished units say.
    pub fn of(catalog: &Catalog, reader: &mut dyn Reader) -> Result<Freshness> {
        let mut all = Vec::with_capacity(catalog.datasets.len());
        for d in &catalog.datasets {
            let units = reader.units(Some(d.stored), None, UNITS_LOOKED_AT)?;
            let finished = units.iter().filter(|u| matches!(u.state, UnitState::Done | UnitState::Unacknowledged));
            all.push(AtomicI64::new(finished.map(|u| u.key.as_of).max().unwrap_or(NEVER)));
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
