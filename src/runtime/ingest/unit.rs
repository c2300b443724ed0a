//! An open unit: what is remembered while one file version, or one pass, goes through.

use super::engine::Engine;
use super::marks::Marks;
use super::session::ById;
use banyan_adapter::Scope;
use banyan_model::mapping::{Runner, Splitter};
use banyan_model::model::{Content, DatasetNo, MappingNo};
use banyan_words::{Id, Shape, UnitRef};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

/// One dataset's part of an open unit (a file with several record types has several).
pub struct OpenUnit {
    /// The dataset.
    pub dataset: DatasetNo,
    /// The store's number of the unit.
    pub number: u32,
    /// What it is.
    pub unit: Arc<UnitRef>,
    /// Everything there is, so that what is missing is deleted.
    pub snapshot: bool,
    /// Live reads: what they show is what is there now, so that the same again says nothing.
    pub live: bool,
    /// Of everything there is the keys, and nothing else (then `snapshot` is true as well).
    pub keys_only: bool,
    /// An older snapshot than one already read: nothing of it counts any more.
    pub stale: bool,
    /// Why the deletions of this snapshot cannot be trusted: a record whose key could not be read.
    pub unreadable: Option<String>,
    /// What a snapshot has shown, by mapping.
    pub marks: HashMap<MappingNo, Marks>,
    /// The same of the rows of lookups, by their position in the catalog.
    pub shown: HashMap<usize, Marks>,
    /// The store's numbers of the units that make one snapshot together with it.
    pub siblings: Vec<u32>,
    /// Records of a snapshot that were refused or say nothing any more: their keys are taken all the same.
    pub refused: HashSet<(MappingNo, Id), ById>,
    /// Records without key: how often the same content came.
    pub occurrences: HashMap<u64, u64>,
    /// Its own records so far.
    pub records: u64,
    runners: HashMap<MappingNo, (Arc<Shape>, Arc<Runner>)>,
    shape: Option<(Arc<Shape>, u32)>,
}

/// A unit as its feed delivers it, with a part for each dataset.
pub struct OpenFeed {
    /// The parts.
    pub parts: Vec<OpenUnit>,
    /// Tells record types apart.
    pub splitter: Option<Splitter>,
    /// The adapter's quick test.
    pub token: String,
    /// Records delivered so far.
    pub records: u64,
    /// When it was begun.
    pub begun: Instant,
    /// Whether the shape was compared with the baseline.
    pub shape_checked: bool,
    /// The datasets are several, and not record kinds of one: each batch is of the one that its shape names.
    pub several: bool,
    /// Nothing of it may be committed before its end.
    pub together: bool,
}

impl OpenUnit {
    /// Opens a part.
    pub fn new(engine: &Engine, dataset: DatasetNo, number: u32, unit: Arc<UnitRef>, scope: Scope) -> OpenUnit {
        let declared = engine.catalog.datasets[dataset].content == Content::Snapshot;
        OpenUnit {
            dataset,
            number,
            unit,
            snapshot: match scope {
                Scope::Declared => declared,
                Scope::Everything | Scope::Keys => true,
                Scope::Changes => false,
            },
            live: false,
            keys_only: scope == Scope::Keys,
            stale: false,
            unreadable: None,
            marks: HashMap::new(),
            shown: HashMap::new(),
            siblings: Vec::new(),
            refused: HashSet::default(),
            occurrences: HashMap::new(),
            records: 0,
            runners: HashMap::new(),
            shape: None,
        }
    }

    /// The mapping bound to a shape; bound again only when the shape changes.
    pub fn runner(&mut self, engine: &Engine, mapping: MappingNo, shape: &Arc<Shape>) -> Arc<Runner> {
        if let Some((bound, runner)) = self.runners.get(&mapping)
            && (Arc::ptr_eq(bound, shape) || bound == shape)
        {
            return runner.clone();
        }
        let runner = Arc::new(Runner::new(&engine.catalog, mapping, shape));
        self.runners.insert(mapping, (shape.clone(), runner.clone()));
        runner
    }

    /// The store's number of a shape's columns, if it was asked for before.
    pub fn raw_shape(&self, shape: &Arc<Shape>) -> Option<u32> {
        self.shape.as_ref().filter(|(s, _)| Arc::ptr_eq(s, shape)).map(|(_, n)| *n)
    }

    /// Remembers it.
    pub fn set_raw_shape(&mut self, shape: &Arc<Shape>, number: u32) {
        self.shape = Some((shape.clone(), number));
    }
}
