//! The keys of a file-drop source and of its datasets, as they are written.
//!
//! Invariant: these types are the published schema. What the keys mean together is checked in [`check`].

pub mod check;
pub mod formats;
pub mod spec;

pub use formats::{CsvConfig, FixedConfig, JsonConfig, JsonLinesConfig, XmlConfig};

use crate::format::unpack::Packing;
use banyan_words::node::{Dur, Size};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

/// The keys of a file-drop source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// The folder that files are dropped into; relative to the configuration file.
    pub folder: String,
    /// How new files are noticed: by events of the operating system and a sweep now and then (`auto`), or by sweeps
    /// alone (`poll`), as network folders need.
    #[serde(default)]
    pub watch: WatchConfig,
    /// Time between sweeps: 30s with `watch: auto`, 5s with `watch: poll`.
    #[serde(default)]
    pub every: Option<Dur>,
}

/// How new files are noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WatchConfig {
    /// Events and sweeps.
    #[default]
    Auto,
    /// Sweeps.
    Poll,
}

/// The keys of a file-drop dataset, less `format`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetConfig {
    /// Which files, relative to the folder: `*`, `?` and `[a-z]` within a name, `**/` for any sub-folders.
    pub files: String,
    /// When a file is whole. Default: `{ quiet: 2s }`.
    #[serde(default)]
    pub ready: ReadyConfig,
    /// Which of two files is the newer one: `mtime` (default), `name`, or `{ date: "contacts_{date:yyyyMMdd}.csv" }`.
    #[serde(default)]
    pub order: Option<OrderConfig>,
    /// What happens to a file once its records are durable: `leave` (default), `delete`, or `{ move: done/ }`.
    #[serde(default)]
    pub after: AfterConfig,
    /// Several files that make one snapshot, told by their names.
    #[serde(default)]
    pub snapshot: Option<SnapshotConfig>,
    /// How files are packed. Default: by their names (`.gz`, `.zip`).
    #[serde(default)]
    pub compression: Packing,
    /// Which member of a zip is read, as a pattern. Default: its only one.
    #[serde(default)]
    pub member: Option<String>,
    /// No archive may unpack to more. Default: 8GiB.
    #[serde(default = "max_unpacked")]
    pub max_unpacked: Size,
    /// Whether a file without content is refused or read as one without records.
    #[serde(default)]
    pub empty: EmptyConfig,
}

fn max_unpacked() -> Size {
    Size(8 << 30)
}

/// A file without content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EmptyConfig {
    /// Is refused.
    #[default]
    Refuse,
    /// Has no records.
    Ok,
}

/// When a file is whole.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadyConfig {
    /// Size and time unchanged for that long. Default: 2s; with `done_file` 0s.
    #[serde(default)]
    pub quiet: Option<Dur>,
    /// A second file says so: `{stem}.done`, `{name}.ok`.
    #[serde(default)]
    pub done_file: Option<String>,
    /// The last record says so.
    #[serde(default)]
    pub trailer: Option<TrailerConfig>,
    /// How long a trailer may be missing or disagree before the file is refused. Default: 10m.
    #[serde(default)]
    pub patience: Option<Dur>,
}

/// A trailer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrailerConfig {
    /// How its line begins.
    pub starts: String,
    /// Where the number of records stands.
    #[serde(default)]
    pub count: Option<WhereConfig>,
    /// By how many the count is higher than the number of records (header and trailer counted in). Default: 0.
    #[serde(default)]
    pub extra: u64,
    /// A control total.
    #[serde(default)]
    pub total: Option<TotalConfig>,
}

/// Where in a trailer a number stands: `{ column: 2 }`, or `{ at: 4, length: 8 }`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhereConfig {
    /// In that field, from 1.
    #[serde(default)]
    pub column: Option<usize>,
    /// From that character on, from 1.
    #[serde(default)]
    pub at: Option<usize>,
    /// So many characters.
    #[serde(default)]
    pub length: Option<usize>,
}

/// A control total.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotalConfig {
    /// The column that is summed up.
    pub of: String,
    /// The total stands in that field of the trailer, from 1.
    #[serde(default)]
    pub column: Option<usize>,
    /// Or from that character on, from 1.
    #[serde(default)]
    pub at: Option<usize>,
    /// So many characters.
    #[serde(default)]
    pub length: Option<usize>,
}

/// Which of two files is the newer one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OrderConfig {
    /// The one whose name comes later.
    Name,
    /// The one modified later.
    Mtime,
    /// The one with the later date in its name: `contacts_{date:yyyyMMdd}.csv`.
    Date(String),
}

/// What happens to a file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AfterConfig {
    /// Nothing.
    #[default]
    Leave,
    /// It is deleted.
    Delete,
    /// It is moved into that sub-folder.
    Move(String),
}

/// Several files that make one snapshot.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotConfig {
    /// What a name says: `contacts_{date:yyyyMMdd}_{part}.csv`.
    pub name: String,
    /// The parts that must all be there.
    #[serde(default)]
    pub parts: Vec<String>,
}

/// The schema of a dataset's keys, `format` included.
pub fn dataset_schema() -> Schema {
    let mut generator = SchemaGenerator::default();
    let mut schema = generator.root_schema_for::<DatasetConfig>();
    let kinds = [
        ("csv", tagged::<CsvConfig>("csv")),
        ("fixed", tagged::<FixedConfig>("fixed")),
        ("json", tagged::<JsonConfig>("json")),
        ("jsonl", tagged::<JsonLinesConfig>("jsonl")),
        ("xml", tagged::<XmlConfig>("xml")),
    ];
    let format = serde_json::json!({
        "description": "How files are read.",
        "type": "object",
        "required": ["kind"],
        "oneOf": kinds.map(|(_, schema)| schema),
    });
    if let Some(properties) = schema.get_mut("properties").and_then(|p| p.as_object_mut()) {
        properties.insert("format".into(), format);
    }
    if let Some(required) = schema.get_mut("required").and_then(|r| r.as_array_mut()) {
        required.push("format".into());
    }
    schema
}

/// The schema of one format's keys with its `kind`; all it refers to stands inline.
fn tagged<T: JsonSchema>(kind: &str) -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(properties) = schema.get_mut("properties").and_then(|p| p.as_object_mut()) {
        properties.insert("kind".into(), serde_json::json!({ "const": kind }));
    }
    if let Some(object) = schema.as_object_mut() {
        let required = object.entry("required").or_insert_with(|| serde_json::json!([]));
        if let Some(required) = required.as_array_mut() {
            required.insert(0, "kind".into());
        }
    }
    schema
}
