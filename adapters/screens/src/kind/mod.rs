//! The adapter kind `screens`: its keys, and what can be said of a source without reaching it.
//!
//! Invariant: [`prepare`] is offline and tells every problem of the map and of the datasets in one run.
//! Not here: sessions ([`crate::source`]), the map itself ([`crate::map`]).

mod check;
mod config;

use crate::map;
use crate::refusals::REFUSALS;
use crate::source::{self, Spec};
use banyan_adapter::{Connected, Context, Fault, Kind, Prepared, RawSource, RefusalDef, Task};
use banyan_words::{Batch, Column, Place, Problem, UnitRef, codec};
use std::path::Path;

pub use check::{Offline, prepare};

/// The adapter kind `screens`.
pub struct Screens;

impl Kind for Screens {
    fn name(&self) -> &'static str {
        "screens"
    }

    fn source_schema(&self) -> schemars::Schema {
        config::source_schema(map::schema())
    }

    fn dataset_schema(&self) -> schemars::Schema {
        schemars::schema_for!(config::DatasetConfig)
    }

    fn documents(&self) -> &'static [&'static str] {
        &["map"]
    }

    fn refusals(&self) -> &'static [RefusalDef] {
        REFUSALS
    }

    fn prepare(&self, raw: &RawSource) -> Result<Box<dyn Prepared>, Vec<Problem>> {
        prepare(raw).map(|offline| Box::new(Checked { offline }) as Box<dyn Prepared>)
    }
}

/// A checked source.
struct Checked {
    offline: Offline,
}

impl Checked {
    fn spec(&self) -> &Spec {
        &self.offline.spec
    }
}

impl Prepared for Checked {
    fn warnings(&self) -> Vec<Problem> {
        self.offline.warnings.clone()
    }

    /// What stands on screens is text.
    fn columns(&self, dataset: &str) -> Option<Vec<Column>> {
        source::columns(self.spec(), dataset)
    }

    fn feeds(&self, dataset: &str) -> bool {
        self.spec().dataset(dataset).is_some_and(|d| d.pass.is_some())
    }

    fn looks_up(&self, dataset: &str) -> bool {
        self.spec().dataset(dataset).is_some_and(|d| d.read.is_some())
    }

    /// A pass reads all pages to the end.
    fn whole(&self, dataset: &str) -> bool {
        self.feeds(dataset)
    }

    fn reading_hash(&self, dataset: &str) -> u64 {
        let Some(dataset) = self.spec().dataset(dataset) else { return 0 };
        let told = format!("{:?}", (&self.spec().map.hash, &dataset.name, dataset.pass.as_ref().map(|p| &p.given)));
        codec::hash(told.as_bytes(), 0x5343)
    }

    fn read_file(&self, _: &str, _: &Path, _: usize) -> Result<Vec<Batch>, Fault> {
        Err(Fault::permanent("not-a-file", "this source is read from screens; there is no file to read"))
    }

    fn locate(&self, dataset: &str, column: Option<&str>, unit: &UnitRef, place: Place) -> Option<String> {
        source::locate(self.spec(), dataset, column, unit, place)
    }

    fn connect(&self, cx: Context) -> Task<'_, Result<Box<dyn Connected>, Fault>> {
        source::connect(self.spec().clone(), cx)
    }
}

#[cfg(test)]
mod tests;
