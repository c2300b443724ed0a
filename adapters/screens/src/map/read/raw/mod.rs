//! A map as it is written.
//!
//! Invariant: these types are the published schema of a map's file. A key that may be written in several ways is a
//! [`Node`] here and read where it is used; the schema names its ways (`forms`).

mod flow;
mod forms;
mod screen;

pub(super) use flow::{RawFlow, RawGiven, RawPress, RawReturns, RawStep, RawVerify};
pub(super) use screen::{RawElement, RawEnd, RawError, RawField, RawMatch, RawScreen, RawSide, RawTable, RawText};

use banyan_words::node::{Dur, Named, Node};
use schemars::JsonSchema;
use serde::Deserialize;

/// A screen map.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMap {
    /// Its name and version: `stock/v3`.
    pub map: String,
    /// How the far side is reached.
    #[serde(default)]
    pub transport: Option<Node>,
    /// How many sessions, and how long they are kept.
    #[serde(default)]
    pub pool: RawPool,
    /// How long the far side must be silent to be at rest (vt, web). Default: 150ms.
    #[serde(default)]
    pub quiet: Option<Dur>,
    /// How long a step waits that says nothing else. Default: 10s.
    #[serde(default)]
    pub within: Option<Dur>,
    /// Which screens there are.
    #[serde(default)]
    #[schemars(with = "Named<RawScreen>")]
    pub screens: Option<Node>,
    /// What is done on them. `login` leads in from the first screen.
    #[serde(default)]
    #[schemars(with = "Named<RawFlow>")]
    pub flows: Option<Node>,
}

/// How sessions are kept.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPool {
    /// Sessions at most. Default: 1.
    pub max: Option<u16>,
    /// Logical units, one a session: `[LU01-LU04, LUX]` (3270).
    pub lu: Vec<String>,
    /// A session that rested for so long is closed. Default: 10m.
    pub idle: Option<Dur>,
    /// The screen on which a session rests. Default: `home`.
    pub rest: Option<String>,
    /// A key that keeps a resting session alive.
    pub keep_alive: Option<RawKeepAlive>,
}

/// A key that keeps a resting session alive.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeepAlive {
    /// The key. It must not lead off the screen.
    pub key: String,
    /// How often it is pressed.
    pub every: Dur,
}
