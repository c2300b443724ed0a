//! A flow as it is written, and the steps and presses that flows and screens share.

use super::forms::{OneOrMany, PressSchema, ReadSchema};
use banyan_words::node::{Dur, Named, Node};
use schemars::JsonSchema;
use serde::Deserialize;

/// A flow.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::map::read) struct RawFlow {
    /// The screen it starts on.
    pub start: String,
    /// What it must be given.
    #[serde(default)]
    pub given: Named<RawGiven>,
    /// What it does.
    #[schemars(with = "Vec<RawStep>")]
    pub steps: Node,
    /// What it brings. Default: what its `read` says.
    #[serde(default)]
    pub returns: Option<RawReturns>,
    /// The error that says that what was asked for does not exist: `detail.not-found`.
    #[serde(default)]
    pub absent: Option<String>,
    /// How to find out whether its commit happened.
    #[serde(default)]
    pub verify: Option<RawVerify>,
}

/// The type of something given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::map::read) enum RawGiven {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// An exact decimal.
    Decimal,
    /// A date, typed as 2026-01-31.
    Date,
}

/// What a flow brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::map::read) enum RawReturns {
    /// Nothing.
    Nothing,
    /// One record.
    Record,
    /// Any number of records.
    Records,
}

/// How to find out whether a commit happened.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::map::read) struct RawVerify {
    /// A flow that reads.
    pub run: String,
    /// What it is given.
    #[serde(default)]
    #[schemars(with = "Named<String>")]
    pub with: Named<Node>,
}

/// A step: sets, types, presses, waits, reads.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::map::read) struct RawStep {
    /// Fields, and what they shall hold: a text, `$item` for what was given, `$$` for a dollar sign.
    #[schemars(with = "Named<String>")]
    pub set: Named<Node>,
    /// What is typed where the cursor stands.
    #[serde(rename = "type")]
    #[schemars(with = "Option<String>")]
    pub typed: Option<Node>,
    /// What is pressed: a key, or `{ button: save }`.
    #[schemars(with = "Option<PressSchema>")]
    pub press: Option<Node>,
    /// The key that is pressed; the same as `press`.
    pub key: Option<String>,
    /// The button or link that is pressed, one of the screen's fields.
    pub button: Option<String>,
    /// What may come then: screens, `booking.errors`, `booking.too-late`, `disconnected`.
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub expect: Option<Node>,
    /// How long to wait for it.
    pub within: Option<Dur>,
    /// After this press the far side may have done what was asked.
    pub commit: bool,
    /// What was typed is read back before anything is pressed. Default: true.
    pub readback: Option<bool>,
    /// What is read: `table`, `list.table`, or fields: `{ qty: detail.qty }`.
    #[schemars(with = "Option<ReadSchema>")]
    pub read: Option<Node>,
}

/// The same, where a key and what may come are all there is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::map::read) struct RawPress {
    /// A key, or `{ button: save }`.
    #[schemars(with = "Option<PressSchema>")]
    pub press: Option<Node>,
    /// A key.
    pub key: Option<String>,
    /// A button or link, one of the screen's fields.
    pub button: Option<String>,
    /// What may come then.
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub expect: Option<Node>,
    /// How long to wait.
    pub within: Option<Dur>,
}
