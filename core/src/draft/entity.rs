//! The `entities:` section.

use super::shapes::{Authority, Inner, OwnerDraft};
use banyan_words::node::Named;
use schemars::JsonSchema;
use serde::Deserialize;

/// A canonical type.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Entity")]
pub struct EntityDraft {
    /// The collection's name in URLs, as in customers.
    pub plural: Option<String>,
    /// The key space, or spaces, that may bring new instances into being.
    pub authority: Option<Authority>,
    /// Its fields, in the order they are served.
    pub fields: Named<FieldDraft>,
    /// Rules that find instances which may be one.
    #[serde(default, rename = "match")]
    pub matches: Vec<MatchRule>,
    /// What it is, for the OpenAPI document.
    pub description: Option<String>,
    /// The name it had before; its ids stay.
    pub renamed_from: Option<String>,
}

/// A rule that finds instances which may be one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchRule {
    /// A condition over the fields of one and of `other`.
    pub when: String,
    /// What happens: `review`.
    pub then: String,
}

/// A field of an entity, or of an object.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Field")]
pub struct FieldDraft {
    /// Its type.
    #[serde(rename = "type")]
    pub ty: TypeWord,
    /// For `list`: the type of its items, a word or a whole field.
    pub of: Option<Inner>,
    /// For `object`: its fields.
    pub fields: Option<Named<FieldDraft>>,
    /// For `ref`: the entity it points at.
    pub to: Option<String>,
    /// For `enum`: its words.
    pub values: Option<Vec<String>>,
    /// For `decimal`: digits after the point.
    pub scale: Option<u8>,
    /// For `decimal`: all digits, at most 38.
    pub precision: Option<u8>,
    /// For `text`: at most so many characters.
    pub max: Option<u32>,
    /// For `text`: at least so many characters.
    pub min: Option<u32>,
    /// For `text`: what it looks like, such as email or uri; for the OpenAPI document.
    pub format: Option<String>,
    /// Never null; a record that cannot give it is rejected.
    #[serde(default)]
    pub required: bool,
    /// Who rules it: a source or dataset, a list of them (the first that says something), `latest` or `review`.
    pub owner: Option<OwnerDraft>,
    /// Filters offered.
    #[serde(default)]
    pub filter: Vec<FilterWord>,
    /// Sorting by it is offered.
    #[serde(default)]
    pub sort: bool,
    /// Speaks of a person: redacted in samples and logs.
    #[serde(default)]
    pub personal: bool,
    /// For `ref`: this instance is a part of the other one.
    #[serde(default)]
    pub part_of: bool,
    /// For `ref`: the name of the other side.
    pub inverse: Option<String>,
    /// What happens when a source that does not rule it says something else.
    pub on_foreign_change: Option<ForeignWord>,
    /// The name it had before.
    pub renamed_from: Option<String>,
    /// What it is, for the OpenAPI document.
    pub description: Option<String>,
    /// An example, for the OpenAPI document.
    pub example: Option<String>,
}

/// A type's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Type")]
pub enum TypeWord {
    /// Unicode text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// An exact decimal.
    Decimal,
    /// Binary floating point.
    Float,
    /// True or false.
    Boolean,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A date and time without a zone.
    DateTime,
    /// A point on the time line.
    Instant,
    /// Bytes.
    Bytes,
    /// One of the words in `values`.
    Enum,
    /// An instance of the entity in `to`.
    Ref,
    /// Several values; see `of`.
    List,
    /// Named values; see `fields`.
    Object,
}

/// A filter operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "FilterOperator")]
pub enum FilterWord {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// One of several.
    In,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Begins with.
    StartsWith,
}

/// What happens when a source that does not rule a field says something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "OnForeignChange")]
pub enum ForeignWord {
    /// Nothing; its value is kept as a losing one.
    #[default]
    Ignore,
    /// A person is asked.
    Review,
    /// The record becomes a dead letter.
    Reject,
}

impl FieldDraft {
    /// A field that says nothing but its type.
    pub fn of_type(ty: TypeWord) -> FieldDraft {
        FieldDraft {
            ty,
            of: None,
            fields: None,
            to: None,
            values: None,
            scale: None,
            precision: None,
            max: None,
            min: None,
            format: None,
            required: false,
            owner: None,
            filter: Vec::new(),
            sort: false,
            personal: false,
            part_of: false,
            inverse: None,
            on_foreign_change: None,
            renamed_from: None,
            description: None,
            example: None,
        }
    }
}
