//! Rows of the store that are not instances.

use banyan_words::{Place, UnitState};
use serde::Serialize;

/// A unit of intake, as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// The store's number.
    pub number: u32,
    /// Its dataset's number.
    pub dataset: u32,
    /// Name, version and order (see `banyan_words::UnitRef`), and the adapter's token.
    #[serde(flatten)]
    pub key: UnitKey,
    /// What became of it.
    pub state: UnitState,
    /// Records read.
    pub records: u64,
    /// Why it was refused, or that it is identical to another: code.
    pub code: Option<String>,
    /// The same, for a person.
    pub message: Option<String>,
    /// When it was begun, milliseconds since 1970.
    pub begun: i64,
    /// When it was finished.
    pub finished: Option<i64>,
}

/// What identifies a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitKey {
    /// Name within the dataset.
    pub name: String,
    /// Hex digest of the content.
    pub version: String,
    /// Orders units.
    pub order: String,
    /// The moment the data speaks of, milliseconds since 1970.
    pub as_of: i64,
    /// The adapter's quick test.
    pub token: String,
}

/// A change of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitChange {
    /// The new state.
    pub state: UnitState,
    /// Records read, so far.
    pub records: u64,
    /// Why it was refused.
    pub code: Option<String>,
    /// The same, for a person.
    pub message: Option<String>,
    /// When, milliseconds since 1970.
    pub at: i64,
}

/// What became of the records of a unit in one mapping. `read` is the sum of the others: the ledger's equation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Records that came in.
    #[serde(rename = "in")]
    pub read: i64,
    /// Changed what its instance says.
    pub applied: i64,
    /// Said what was known.
    pub unchanged: i64,
    /// Older than what is known.
    pub superseded: i64,
    /// Not meant by the mapping (`when`).
    pub skipped: i64,
    /// Waiting for the instance it speaks about.
    pub held: i64,
    /// Became dead letters.
    pub rejected: i64,
    /// Of the rejected: dead letters discarded by a person. Not part of the equation.
    pub discarded: i64,
    /// Deleted by absence or by operation; not part of the equation.
    pub deleted: i64,
}

impl Tally {
    /// The ledger's equation.
    pub fn adds_up(&self) -> bool {
        self.read == self.applied + self.unchanged + self.superseded + self.skipped + self.held + self.rejected
    }

    /// Adds another.
    pub fn add(&mut self, o: &Tally) {
        self.read += o.read;
        self.applied += o.applied;
        self.unchanged += o.unchanged;
        self.superseded += o.superseded;
        self.skipped += o.skipped;
        self.held += o.held;
        self.rejected += o.rejected;
        self.discarded += o.discarded;
        self.deleted += o.deleted;
    }
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerRow {
    /// The unit's number; 0 in totals.
    pub unit: u32,
    /// The dataset's number.
    pub dataset: u32,
    /// The mapping's number; 0 for a dataset that no mapping reads.
    pub mapping: u32,
    /// The counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Units that were folded: nothing of them is left but their counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// How many they were.
    pub units: u64,
    /// Of these, those that were abandoned or refused.
    pub abandoned: u64,
    /// When the first was begun, milliseconds since 1970.
    pub since: i64,
    /// When the last was begun.
    pub until: i64,
    /// Their sums by mapping.
    pub rows: Vec<LedgerRow>,
}

/// A raw record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    /// The unit's number.
    pub unit: u32,
    /// Its columns: JSON list of names and types, as given to [`crate::Ingest::raw_shape`].
    pub shape: std::sync::Arc<str>,
    /// Where it stood.
    pub place: Place,
    /// Its cells in the form of `banyan_words::codec`.
    pub cells: Vec<u8>,
}

/// Whether a dead letter is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeadLetterState {
    /// Waiting for a person, or for a fix.
    Open,
    /// Went through after a fix.
    Replayed,
    /// Discarded by a person, with a reason.
    Discarded,
    /// A newer record of the same key took its place.
    Superseded,
}

/// Whether a dead letter has the record's own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// As the source gave them.
    Kept,
    /// The source has none (a database), or a record was mapped again of which only the cells were kept.
    None,
    /// They would hold columns that the dataset discards.
    Discarded,
}

/// A refused record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number.
    pub number: u64,
    /// Its dataset.
    pub dataset: u32,
    /// The mapping that refused it; 0 where it could not even be read.
    pub mapping: u32,
    /// The unit it came in.
    pub unit: u32,
    /// Where it stood.
    pub place: Place,
    /// Why: a declared code.
    pub code: String,
    /// Why, for a person, with the field.
    pub message: String,
    /// The field whose formula refused it.
    pub field: Option<String>,
    /// Its bytes as the source gave them, cut at 64 KiB.
    pub raw: Vec<u8>,
    /// Whether there are any.
    pub bytes: Bytes,
    /// Its columns and cells, if it could be read: what a replay maps again.
    pub record: Option<RawRow>,
    /// When it was refused first, milliseconds since 1970.
    pub at: i64,
    /// How often it came.
    pub times: u32,
    /// Whether it is open.
    pub state: DeadLetterState,
    /// Why it was discarded, and by whom.
    pub reason: Option<String>,
}

/// Which dead letters are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Of this dataset.
    pub dataset: Option<u32>,
    /// With this code.
    pub code: Option<String>,
    /// In this state.
    pub state: Option<DeadLetterState>,
    /// Numbers below this.
    pub before: Option<u64>,
}

/// A question for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Its number.
    pub number: u64,
    /// Names the question, so that it is asked once: kind, entity, instance, field.
    pub key: String,
    /// What is asked: `two-instances-one-key`, `owners-disagree`, `several-records`, `foreign-change`.
    pub kind: String,
    /// The entity's number.
    pub entity: u32,
    /// The instance's id.
    pub id: banyan_words::Id,
    /// Details, JSON.
    pub about: String,
    /// When it was asked, milliseconds since 1970.
    pub at: i64,
    /// Still open.
    pub open: bool,
}
