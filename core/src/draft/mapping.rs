//! The `mappings:` and `lookups:` sections.

use super::shapes::{MappingKey, PickDraft};
use banyan_words::node::{Named, Node};
use schemars::JsonSchema;
use serde::Deserialize;

/// Formulas from a dataset to an entity.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mapping")]
pub struct MappingDraft {
    /// Its name; by default `dataset -> entity`.
    pub name: Option<String>,
    /// The dataset, as in crm.contacts.
    pub from: String,
    /// The entity.
    pub to: String,
    /// Which instance a record speaks about: columns of its own source's key space, or `{ space: [columns] }`.
    pub key: Option<MappingKey>,
    /// Further keys of the instance: `{ space: [columns] }`.
    #[serde(default)]
    pub also: Named<Vec<String>>,
    /// False: feeds only what exists.
    pub creates: Option<bool>,
    /// A condition; other records are skipped.
    pub when: Option<String>,
    /// A condition; such records withdraw what they said.
    pub deleted: Option<String>,
    /// A formula: when the source changed the record; for `owner: latest`.
    pub changed_at: Option<String>,
    /// Which of several records of one instance speaks: first, last, or last BY column.
    pub pick: Option<PickDraft>,
    /// One formula a field.
    #[serde(default)]
    pub fields: Named<String>,
    /// Records and what must become of them; run by `banyan check`.
    #[serde(default)]
    pub examples: Vec<ExampleDraft>,
    /// What it does, for the mapping book.
    pub description: Option<String>,
}

/// A record and what must become of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Example")]
pub struct ExampleDraft {
    /// Columns of the record; those not named are null.
    pub given: Named<Node>,
    /// Fields that must come out so; those not named may be anything.
    pub expect: Option<Named<Node>>,
    /// The code the record must be rejected with.
    pub reject: Option<String>,
}

/// A value table: a CSV file or a dataset.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lookup")]
pub struct LookupDraft {
    /// A CSV file with a header; relative to the configuration.
    pub file: Option<String>,
    /// A dataset, as in aw.territory.
    pub dataset: Option<String>,
    /// Its key columns.
    pub keys: Vec<String>,
    /// Its value column.
    pub value: String,
    /// What it holds, for the mapping book.
    pub description: Option<String>,
}
