//! Draft configuration -> [`Catalog`], or every problem at once.
//!
//! Purpose: names are resolved to positions, formulas compiled, defaults filled in, the rules of meaning checked (DESIGN
//! section 5), and the mappings' examples run. Invariant: pure; what the configuration refers to (lookup files, the
//! columns adapters know) is handed in. A part that is faulty is told once and left out, so that the sound parts are
//! still checked, examples included; consequences of a told fault are not told.
//! Not here: YAML and places in it (the gateway's `config`), what adapters are told (their `prepare`).

mod authority;
mod children;
mod entities;
mod example_values;
mod examples;
mod fields;
mod filters;
mod formats;
mod formulas;
mod hash;
mod kinds;
mod listed;
mod lookups;
mod mappings;
mod matches;
mod owners;
mod pushed;
mod required;
mod sources;
mod spaces;
mod tell;
mod types;
mod zones;

use crate::draft::Draft;
use crate::model::Catalog;
use banyan_words::{Column, Problem};
use std::collections::BTreeMap;

pub use tell::CODES;

/// What the configuration says and refers to.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The sound parts of the configuration.
    pub draft: &'a Draft,
    /// By `source.dataset`: what its adapter knows of it. Absent where the adapter refused the source's configuration.
    pub readings: &'a BTreeMap<String, Reading>,
    /// The contents of lookup files by the path the configuration names, or why one could not be read.
    pub files: &'a BTreeMap<String, Result<Vec<u8>, String>>,
}

/// What an adapter knows of a dataset without asking the source.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Its columns, if the configuration or a kept schema tells them.
    pub columns: Option<Vec<Column>>,
    /// A kept schema tells them: the first reading is compared with it.
    pub kept: bool,
    /// Covers everything that decides what a record's cells mean.
    pub hash: u64,
    /// No pass brings it: it is only read by key, while somebody waits.
    pub live_only: bool,
    /// Columns by which its source can be searched while somebody waits.
    pub pushes: Vec<Pushed>,
    /// A kept schema tells which indexes its table has.
    pub indexes_known: bool,
    /// Its passes show all there is, or all keys, whatever `content` says: what is missing from one is deleted.
    pub whole: bool,
}

/// A column by which a source can be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The column.
    pub column: String,
    /// For equal values.
    pub equal: bool,
    /// For ranges.
    pub range: bool,
    /// Where the configuration names it, as a path below the dataset's; `None` where only an index speaks for it.
    pub named: Option<String>,
    /// Whether an index begins with it, where that is known.
    pub indexed: Option<bool>,
}

/// The catalog and its warnings; else every problem, warnings included. Each has its path; places are filled in by
/// whoever knows the text.
pub fn compile(input: &Input<'_>) -> Result<(Catalog, Vec<Problem>), Vec<Problem>> {
    let mut tell = tell::Tell::new(input.draft);
    let world = sources::build(input, &mut tell);
    let mut catalog = Catalog {
        title: title(input.draft),
        description: input.draft.gateway.description.clone(),
        ..Catalog::default()
    };
    let tables = lookups::build(input, &world, &mut tell);
    catalog.entities = entities::build(input.draft, &mut tell);
    children::build(&mut catalog.entities, input.draft, &mut tell);
    matches::check(&catalog, input.draft, &mut tell);
    let scopes = formulas::Scopes::new(input.draft, &world, &tables);
    let written = mappings::build(input.draft, &mut catalog, &world, &scopes, &mut tell);
    authority::build(input.draft, &mut catalog, &world, &written, &mut tell);
    owners::build(input.draft, &mut catalog, &world, &written, &mut tell);
    required::check(input.draft, &catalog, &world, &written, &mut tell);
    listed::settle(input.draft, &mut catalog, &world, &mut tell);
    catalog.sources = world.sources.clone();
    catalog.datasets = world.datasets.iter().map(|d| d.dataset.clone()).collect();
    catalog.lookups = tables.iter().filter_map(|t| t.table.clone()).collect();
    hash::seal(&mut catalog, &world, &tables);
    examples::run(input.draft, &catalog, &world, &written, &tables, &mut tell);
    tell.done(catalog)
}

/// The facade's title.
fn title(draft: &Draft) -> String {
    draft.gateway.title.clone().unwrap_or_else(|| "Banyan".to_owned())
}

#[cfg(test)]
mod tests;
