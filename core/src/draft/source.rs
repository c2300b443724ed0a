//! Keys common to the sources and datasets of every adapter. What else stands there belongs to the adapter.

use super::shapes::{DatasetKey, Rate, Window};
use banyan_words::node::{Dur, Named, Percent};
use schemars::JsonSchema;
use serde::Deserialize;

/// The keys of [`SourceKeys`], and `datasets`.
pub const SOURCE_KEYS: [&str; 8] =
    ["adapter", "zone", "null", "null_dates", "spaces", "budget", "renamed_from", "datasets"];

/// What every source may say.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Source")]
pub struct SourceKeys {
    /// The kind of adapter that reaches it.
    pub adapter: String,
    /// Zone of its naive times, such as Europe/London.
    pub zone: Option<String>,
    /// Texts that mean null.
    pub null: Option<Vec<String>>,
    /// Texts of dates that mean null, such as 00000000.
    pub null_dates: Option<Vec<String>>,
    /// Further key spaces in which this source numbers things, besides its own name.
    #[serde(default)]
    pub spaces: Vec<String>,
    /// What the source may be asked to bear.
    pub budget: Option<Budget>,
    /// The name it had before; its ids stay.
    pub renamed_from: Option<String>,
}

/// What a source may be asked to bear.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// Requests in a time, such as 20/s.
    pub rate: Option<Rate>,
    /// How long one request may take.
    pub timeout: Option<Dur>,
    /// Times of day when it is left alone, such as 01:00-03:30, in the source's zone.
    #[serde(default)]
    pub closed: Vec<Window>,
}

/// The keys of [`DatasetKeys`].
pub const DATASET_KEYS: [&str; 14] = [
    "key",
    "content",
    "operation",
    "shrink_guard",
    "fresh",
    "stale_if_error",
    "discard",
    "null",
    "null_dates",
    "zone",
    "retain",
    "records",
    "renamed_from",
    "description",
];

/// What every dataset may say.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dataset")]
pub struct DatasetKeys {
    /// Columns that identify a record, or `none`.
    pub key: Option<DatasetKey>,
    /// Whether a unit (a file, a pass) is everything there is, or what changed.
    pub content: Option<ContentWord>,
    /// The column that says what happened to a record; with `content: changes`.
    pub operation: Option<OperationDraft>,
    /// How much of the dataset may vanish at once before a person is asked.
    pub shrink_guard: Option<Percent>,
    /// Its promise of freshness.
    pub fresh: Option<Dur>,
    /// How old a stored copy may be that answers for a dataset which is only read live, when its source cannot be asked.
    pub stale_if_error: Option<Dur>,
    /// Columns dropped before anything is stored.
    #[serde(default)]
    pub discard: Vec<String>,
    /// Texts that mean null; instead of the source's.
    pub null: Option<Vec<String>>,
    /// Texts of dates that mean null; instead of the source's.
    pub null_dates: Option<Vec<String>>,
    /// Zone of its naive times; instead of the source's.
    pub zone: Option<String>,
    /// How long raw records that nothing stands on are kept.
    pub retain: Option<Dur>,
    /// For files with several record types: each type is a dataset of its own.
    #[serde(default)]
    pub records: Named<RecordDraft>,
    /// The name it had before; its checkpoints and observations stay.
    pub renamed_from: Option<String>,
    /// What it is, for the mapping book.
    pub description: Option<String>,
}

/// Whether a unit is everything there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Content")]
pub enum ContentWord {
    /// Everything there is: what is missing is deleted.
    Snapshot,
    /// What changed.
    Changes,
}

/// The column that says what happened to a record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Operation")]
pub struct OperationDraft {
    /// Its name.
    pub column: String,
    /// Its values that mean deletion.
    pub delete: Vec<String>,
}

/// One type of record in a file with several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RecordType")]
pub struct RecordDraft {
    /// Which records are of it: a condition over the columns.
    pub when: String,
    /// The type whose last record before this one is its parent: its columns, and ORDINAL, are offered too.
    pub within: Option<String>,
    /// Columns that identify a record, or `none`.
    pub key: Option<DatasetKey>,
}
