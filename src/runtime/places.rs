//! Where values stood, in the words of the adapter that read them: a screen, its row and columns.
//!
//! Invariant: only sources that know more than line and offset say anything here; nothing is guessed for the others.

use banyan_adapter::Prepared;
use banyan_model::model::Catalog;
use banyan_store::UnitKey;
use banyan_words::{Place, UnitRef};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The datasets of a configuration, by full name: who reads each, and what it calls it.
#[derive(Clone, Default)]
pub struct Places(BTreeMap<String, (Arc<dyn Prepared>, String)>);

impl Places {
    /// Of that configuration.
    pub fn of(catalog: &Catalog, sources: &BTreeMap<String, Arc<dyn Prepared>>) -> Places {
        let known = catalog.datasets.iter().filter_map(|d| {
            let prepared = sources.get(&catalog.sources[d.source].name)?;
            Some((d.full.clone(), (prepared.clone(), d.feed.clone())))
        });
        Places(known.collect())
    }

    /// Where a column of a record of that dataset stood; `None` of the column: the record.
    pub fn locate(&self, dataset: &str, column: Option<&str>, unit: &UnitKey, place: Place) -> Option<String> {
        let (prepared, feed) = self.0.get(dataset)?;
        let unit = UnitRef {
            name: unit.name.clone(),
            version: unit.version.clone(),
            order: unit.order.clone(),
            as_of: Timestamp::from_millisecond(unit.as_of).unwrap_or_default(),
        };
        prepared.locate(feed, column, &unit, place)
    }
}
