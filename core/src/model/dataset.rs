//! Sources and datasets.

use super::{SourceNo, Stored};
use std::time::Duration;

/// A legacy system.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name, which is also its key space unless it names others.
    pub name: String,
    /// Which adapter reaches it.
    pub adapter: String,
    /// What it may be asked to bear.
    pub budget: Budget,
}

/// What a source may be asked to bear. The default sets no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// Least time between the beginnings of two requests.
    pub pace: Option<Duration>,
    /// How long one request may take.
    pub timeout: Option<Duration>,
    /// Times of day when it is left alone, in minutes after midnight.
    pub closed: Vec<(u16, u16)>,
    /// The zone of those times: the source's.
    pub zone: Option<String>,
}

/// A named set of records of a source.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The store's number.
    pub stored: Stored,
    /// Its source.
    pub source: SourceNo,
    /// Its name within the source, as adapters know it. For a record kind, the name of the file's dataset.
    pub feed: String,
    /// Its full name, as in `crm.contacts`.
    pub full: String,
    /// The full name that stored numbers and record ids derive with: the first it ever had (`renamed_from`).
    pub id_name: String,
    /// Columns that identify a record; empty for `key: none` (content hash plus occurrence).
    pub key: Vec<String>,
    /// Whether a unit is everything there is, or what changed.
    pub content: Content,
    /// How much of the dataset may vanish at once.
    pub shrink_guard: Option<ShrinkGuard>,
    /// Its promise of freshness.
    pub fresh: Option<Duration>,
    /// How old a stored copy may be that answers for a dataset which is only read live, when its source cannot be asked;
    /// `None`: then there is no answer.
    pub stale_if_error: Option<Duration>,
    /// Its columns as a kept schema tells them, which the first reading is compared with; empty where none is kept.
    pub kept: Vec<banyan_words::Column>,
    /// Columns dropped before anything is stored.
    pub discard: Vec<String>,
    /// For files with several record types: which records of the file these are.
    pub kind: Option<RecordKind>,
    /// Texts that mean null; a key part that is null makes no key.
    pub null_texts: Vec<String>,
    /// Zone of its naive times.
    pub zone: Option<String>,
    /// No pass brings it: it is only read by key, while somebody waits.
    pub live_only: bool,
    /// How long raw records that no observation stands on are kept.
    pub retain: Duration,
}

/// Whether a unit is everything there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Everything: what is missing from it is deleted.
    Snapshot,
    /// What changed; with an operation column, also what was deleted.
    Changes(Option<Operation>),
}

/// The column that says what happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub column: String,
    /// Its values that mean deletion.
    pub delete: Vec<String>,
}

/// How much of a dataset may vanish in one snapshot, in thousandths of its records. Beyond it the snapshot's deletions
/// wait for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShrinkGuard {
    /// Thousandths.
    pub permille: u32,
}

/// One type of record in a file with several.
#[derive(Clone, Debug)]
pub struct RecordKind {
    /// Its name.
    pub name: String,
    /// Which records are of it.
    pub when: crate::formula::Formula,
    /// The kind whose last record before this one is its parent: its columns, and `ORDINAL`, are offered too.
    pub within: Option<String>,
}

impl Dataset {
    /// The record kind's name, for one of several in a file.
    pub fn kind_name(&self) -> Option<&String> {
        self.kind.as_ref().map(|k| &k.name)
    }
}
