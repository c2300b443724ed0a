//! The keys of a dataset that is read from a database, as they are written.
//!
//! Invariant: these types are the published schema. What the keys mean together is checked in [`check`].

mod check;
mod group;
pub(crate) mod spec;

pub use check::datasets;

use banyan_words::node::Dur;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

/// The keys of a dataset, less `sync`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetConfig {
    /// The table or view: `CUSTMAS`, `dbo.CUSTMAS`, `"odd.schema".[ORDER NO]`.
    #[serde(default)]
    pub table: Option<String>,
    /// One SELECT, instead of a table.
    #[serde(default)]
    pub query: Option<String>,
    /// `live`: records may be read by key while somebody waits.
    #[serde(default)]
    pub read: Option<ReadConfig>,
    /// Columns by which live lists may search the table. An index should begin with each, or every such list reads all of it.
    /// Columns that the kept schema shows an index to begin with need not be named.
    #[serde(default)]
    pub find_by: Vec<String>,
    /// Rows of one request where a table is read page by page. Default: 10000.
    #[serde(default)]
    pub page_rows: Option<u32>,
    /// Why this query may be sent although the guard cannot read it. It is then sent as it is; every start says so.
    #[serde(default)]
    pub unchecked: Option<String>,
}

/// How records are read besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReadConfig {
    /// By key, while somebody waits.
    Live,
}

/// How a dataset is brought up to date.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncConfig {
    /// How changes are found. Default: `auto`.
    #[serde(default)]
    pub mode: ModeConfig,
    /// The column that grows with every change: `watermark`, `rowversion`.
    #[serde(default)]
    pub column: Option<String>,
    /// How far back a watermark looks again, for what was committed late. Default: 5m for times, nothing for others.
    #[serde(default)]
    pub lag: Option<Dur>,
    /// Time between the beginnings of two passes. Default: 1m; 15m for `full` and `keyset`.
    #[serde(default)]
    pub every: Option<Dur>,
    /// How deleted records are found, where the mode does not show them.
    #[serde(default)]
    pub deletes: Option<DeletesConfig>,
    /// Datasets whose passes are read and committed as one, this one first: `[orders, lines]`. Those named after it leave
    /// `sync` out. What refers to others comes after them. With `full` and `keyset` only.
    #[serde(default)]
    pub together: Vec<String>,
}

/// How changes are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ModeConfig {
    /// The best that the server allows.
    #[default]
    Auto,
    /// Everything in one SELECT.
    Full,
    /// Everything, page by page along the key.
    Keyset,
    /// What a growing column says is new.
    Watermark,
    /// What SQL Server's rowversion says is new.
    Rowversion,
    /// What SQL Server's change tracking says changed.
    ChangeTracking,
}

/// How deleted records are found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletesConfig {
    /// How.
    #[expect(dead_code, reason = "there is one way; it is written so that another may come")]
    pub by: DeletesBy,
    /// How often. Default: 6h.
    #[serde(default)]
    pub every: Option<Dur>,
}

/// How deleted records are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DeletesBy {
    /// All keys are read and compared with those known.
    KeyDiff,
}

/// The schema of a dataset's keys, `sync` included.
pub fn dataset_schema() -> Schema {
    let mut generator = SchemaGenerator::default();
    let mut schema = generator.root_schema_for::<DatasetConfig>();
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    let sync = settings.into_generator().into_root_schema_for::<SyncConfig>().to_value();
    if let Some(properties) = schema.get_mut("properties").and_then(|p| p.as_object_mut()) {
        let told = "How the dataset is brought up to date. Default: `auto`, unless it is only read live.";
        let sync = serde_json::json!({ "description": told, "anyOf": [{ "const": "auto" }, sync] });
        properties.insert("sync".into(), sync);
    }
    schema
}
