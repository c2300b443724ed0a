//! The configuration as it was written: every section of `banyan.yaml`, read but not yet understood.
//!
//! Purpose: names, shapes and quantities are checked here, each part with the path it stands at, so that later
//! problems can be told with file, line and column ([`Node::locate`]). Invariant: what is faulty is told once and left
//! out; what remains is sound in itself.
//! Not here: whether names refer to anything, whether formulas compile (`compile`); YAML (the gateway's `config`).

mod entity;
mod gateway;
mod mapping;
mod names;
mod read;
mod shapes;
mod source;

pub use entity::{EntityDraft, FieldDraft, FilterWord, ForeignWord, MatchRule, TypeWord};
pub use gateway::{GatewayDraft, TrustedProxyDraft};
pub use mapping::{ExampleDraft, LookupDraft, MappingDraft};
pub use read::TOP_KEYS;
pub use shapes::{Authority, DatasetKey, Inner, MappingKey, OwnerDraft, PickDraft, Rate, Weekly, Window};
pub use source::{
    Budget, ContentWord, DATASET_KEYS, DatasetKeys, OperationDraft, RecordDraft, SOURCE_KEYS, SourceKeys,
};

use banyan_words::{Problem, node::Node};
use std::ops::Deref;

/// A named part of the configuration and where it stands.
#[derive(Clone, Debug)]
pub struct Part<T> {
    /// Its name; for a mapping, its `name:` or `dataset -> entity`.
    pub name: String,
    /// Its path, such as `entities.customer`.
    pub path: String,
    /// What was written.
    pub body: T,
}

impl<T> Deref for Part<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.body
    }
}

/// A source as written.
#[derive(Clone, Debug)]
pub struct SourceDraft {
    /// What every source may say.
    pub keys: SourceKeys,
    /// What its adapter is told.
    pub config: Node,
    /// Its datasets, in order.
    pub datasets: Vec<Part<DatasetDraft>>,
}

/// A dataset as written.
#[derive(Clone, Debug)]
pub struct DatasetDraft {
    /// What every dataset may say.
    pub keys: DatasetKeys,
    /// What its adapter is told.
    pub config: Node,
}

/// The sound parts of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// How the gateway listens, and what its document says of it.
    pub gateway: GatewayDraft,
    /// The store's address; `None` means `sqlite:var/banyan.db`.
    pub store: Option<String>,
    /// Legacy systems.
    pub sources: Vec<Part<SourceDraft>>,
    /// Canonical types.
    pub entities: Vec<Part<EntityDraft>>,
    /// From datasets to entities, in order.
    pub mappings: Vec<Part<MappingDraft>>,
    /// Value tables.
    pub lookups: Vec<Part<LookupDraft>>,
    /// Services behind the wrapper, as they were written: what their keys mean is the business of those who ask them.
    pub upstreams: Vec<Part<Node>>,
    /// Routes, in order, as they were written; each is named by its place.
    pub routes: Vec<Part<Node>>,
    /// Named callers, as they were written.
    pub consumers: Vec<Part<Node>>,
    /// Fields that a consumer goes without for a while, in order, as they were written; each is named by its place.
    pub brownouts: Vec<Part<Node>>,
    /// Paths that are missing above because they are faulty. What misses them is a consequence, and not to be told.
    pub left_out: Vec<String>,
}

impl Draft {
    /// Reads the sound parts of `root`, with every problem of the others; each problem has its spot.
    pub fn read(root: &Node) -> (Draft, Vec<Problem>) {
        read::draft(root)
    }

    /// The entity of that name.
    pub fn entity(&self, name: &str) -> Option<&Part<EntityDraft>> {
        self.entities.iter().find(|e| e.name == name)
    }

    /// True if `path`, or what holds it, was faulty and has been told.
    pub fn is_left_out(&self, path: &str) -> bool {
        self.left_out.iter().any(|gone| {
            path.strip_prefix(gone.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }
}

#[cfg(test)]
mod tests;
