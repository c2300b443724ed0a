//! The ways in which a key may be written that the file's reader takes by hand.
//!
//! Invariant: nothing is read by these types; they only stand in the published schema.

use super::{RawElement, RawPress};
use banyan_words::node::Named;
use schemars::JsonSchema;

/// One, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
pub(super) enum PressSchema {
    Key(String),
    Button { button: String },
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
pub(super) enum NextSchema {
    Key(String),
    Press(RawPress),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
pub(super) enum ExitSchema {
    None(NoneWord),
    Press(RawPress),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "published as a schema; read by hand")]
pub(super) enum NoneWord {
    None,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
pub(super) enum ColumnSchema {
    Cells(Vec<u16>),
    Selector(String),
    Element(RawElement),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
pub(super) enum ReadSchema {
    Table(String),
    Fields(Vec<String>),
    Named(Named<String>),
}
