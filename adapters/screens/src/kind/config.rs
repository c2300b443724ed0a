//! The keys of a source and of its datasets, as they are written.
//!
//! Invariant: these types are the published schema.

use banyan_words::node::{Dur, Named, Node, Secret};
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::{Value, json};

/// The keys of a source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceConfig {
    /// The screen map: the name of its file, relative to the configuration; or the map itself.
    pub map: Node,
    /// Who logs in: `$user` and `$password` in the map.
    #[serde(default)]
    pub login: Option<LoginConfig>,
    /// How many traces of runs are kept. Default: 50.
    #[serde(default)]
    pub traces: Option<u16>,
}

/// Who logs in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginConfig {
    /// The user.
    pub user: Node,
    /// The password.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// The keys of a dataset.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DatasetConfig {
    /// The flow that reads all of it.
    #[serde(default)]
    pub flow: Option<String>,
    /// What that flow is given, always the same.
    #[serde(default)]
    pub with: Named<String>,
    /// How often it is read.
    #[serde(default)]
    pub sync: Option<SyncConfig>,
    /// How one record is read by key while somebody waits.
    #[serde(default)]
    pub read: Option<ReadConfig>,
}

/// How often all of it is read.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SyncConfig {
    /// Everything, each time: screens tell no changes.
    #[serde(default)]
    #[expect(dead_code, reason = "there is one mode; it is written so that another may come")]
    pub mode: ModeConfig,
    /// Time between the beginnings of two passes. Default: 15m.
    #[serde(default)]
    pub every: Option<Dur>,
}

/// How changes are found.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ModeConfig {
    /// Everything is read each time.
    #[default]
    Full,
}

/// How one record is read by key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadConfig {
    /// The flow.
    pub flow: String,
    /// What it is given: its names, and the column of the key whose value each takes.
    #[serde(default)]
    pub with: Named<String>,
}

/// The schema of a source's keys, the map's among them.
pub(super) fn source_schema(map: Schema) -> Schema {
    let mut schema = schemars::schema_for!(SourceConfig);
    let mut map = map.to_value();
    let defs = map.as_object_mut().and_then(|m| {
        m.remove("$schema");
        m.remove("title");
        m.remove("$defs")
    });
    let told = "The screen map: the name of its file, relative to the configuration; or the map itself.";
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("map".into(), json!({ "description": told, "anyOf": [{ "type": "string" }, map] }));
    }
    if let Some(Value::Object(defs)) = defs {
        let own = schema.ensure_object().entry("$defs").or_insert_with(|| json!({}));
        if let Value::Object(own) = own {
            own.extend(defs);
        }
    }
    schema
}
