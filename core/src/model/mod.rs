//! The catalog: everything the configuration says, checked and resolved, ready to run.
//!
//! Invariant: a `Catalog` only exists if `compile` found no error in it; names are resolved to positions, formulas are
//! compiled. Positions ([`EntityNo`] …) hold for one catalog; *stored numbers* (`stored`) are given by the store at
//! first use of a name and never change, so that rows written under an older configuration stay readable.
//! Not here: YAML (`draft`), what values mean to an instance (`instance`).

mod dataset;
mod entity;
mod live;
mod mapping;
mod numbers;

pub use dataset::{Budget, Content, Dataset, Operation, RecordKind, ShrinkGuard, Source};
pub use entity::{Child, Entity, Field, FilterOp, ForeignChange, Owner, Text};
pub use live::{LiveList, NarrowBy};
pub use mapping::{KeyFrom, LookupSource, LookupTable, Mapping, Pick};
pub use numbers::{Named, Numbers};

/// Position of a source in the catalog.
pub type SourceNo = usize;
/// Position of a dataset in the catalog.
pub type DatasetNo = usize;
/// Position of an entity in the catalog.
pub type EntityNo = usize;
/// Position of a field in its entity.
pub type FieldNo = usize;
/// Position of a mapping in the catalog; also its rank where ranks decide.
pub type MappingNo = usize;
/// A number the store gave a name, for ever.
pub type Stored = u32;

/// The compiled configuration.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Title of the facade's document.
    pub title: String,
    /// What the facade is, for its document.
    pub description: Option<String>,
    /// Legacy systems.
    pub sources: Vec<Source>,
    /// Their datasets.
    pub datasets: Vec<Dataset>,
    /// Canonical types.
    pub entities: Vec<Entity>,
    /// Mappings, in the order of the configuration.
    pub mappings: Vec<Mapping>,
    /// Value tables.
    pub lookups: Vec<LookupTable>,
}

impl Catalog {
    /// The entity of that name.
    pub fn entity(&self, name: &str) -> Option<(EntityNo, &Entity)> {
        self.entities.iter().enumerate().find(|(_, e)| e.name == name)
    }

    /// The entity whose collection has that name (`customers`).
    pub fn collection(&self, plural: &str) -> Option<(EntityNo, &Entity)> {
        self.entities.iter().enumerate().find(|(_, e)| e.plural == plural)
    }

    /// The dataset of that full name (`crm.contacts`).
    pub fn dataset(&self, full: &str) -> Option<(DatasetNo, &Dataset)> {
        self.datasets.iter().enumerate().find(|(_, d)| d.full == full)
    }

    /// The mapping of that name.
    pub fn mapping(&self, name: &str) -> Option<(MappingNo, &Mapping)> {
        self.mappings.iter().enumerate().find(|(_, m)| m.name == name)
    }

    /// The mappings that read a dataset.
    pub fn mappings_of(&self, dataset: DatasetNo) -> impl Iterator<Item = (MappingNo, &Mapping)> {
        self.mappings.iter().enumerate().filter(move |(_, m)| m.dataset == dataset)
    }

    /// The mappings that feed an entity.
    pub fn feeding(&self, entity: EntityNo) -> impl Iterator<Item = (MappingNo, &Mapping)> {
        self.mappings.iter().enumerate().filter(move |(_, m)| m.entity == entity)
    }
}
