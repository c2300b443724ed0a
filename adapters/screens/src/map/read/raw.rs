//! A map as it is written.
//!
//! Invariant: these types are the published schema of a map's file. A key that may be written in several ways is a
//! [`Node`] here and read where it is used; the schema names its ways.

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
#[serde(deny_unknown_fields)]
pub(super) struct RawPool {
    /// Sessions at most. Default: 1.
    #[serde(default)]
    pub max: Option<u16>,
    /// Logical units, one a session: `[LU01-LU04, LUX]` (3270).
    #[serde(default)]
    pub lu: Vec<String>,
    /// A session that rested for so long is closed. Default: 10m.
    #[serde(default)]
    pub idle: Option<Dur>,
    /// The screen on which a session rests. Default: `home`.
    #[serde(default)]
    pub rest: Option<String>,
    /// A key that keeps a resting session alive.
    #[serde(default)]
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

/// A screen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScreen {
    /// What is true of it and of no other screen: all of it.
    #[serde(default, rename = "match")]
    pub conditions: RawMatch,
    /// What may change without meaning anything: row, column, length.
    #[serde(default)]
    pub volatile: Vec<(u16, u16, u16)>,
    /// What stands on it.
    #[serde(default)]
    pub fields: Named<RawField>,
    /// Messages by which it says no.
    #[serde(default)]
    pub errors: Vec<RawError>,
    /// The safe way off it; `none` where there is none: a session that stays here is then destroyed.
    #[serde(default)]
    #[schemars(with = "Option<ExitSchema>")]
    pub exit: Option<Node>,
    /// Its table.
    #[serde(default)]
    pub table: Option<RawTable>,
    /// It may come at any time and is left by `do`.
    #[serde(default)]
    pub transient: bool,
    /// How a transient screen is left; without it, it goes by itself.
    #[serde(default, rename = "do")]
    #[schemars(with = "Option<OneOrMany<RawStep>>")]
    pub leave: Option<Node>,
}

/// What is true of a screen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMatch {
    /// Texts in their places.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<RawText>>")]
    pub text: Option<Node>,
    /// Texts that stand anywhere.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub contains: Option<Node>,
    /// Where the cursor stands: row, column.
    #[serde(default)]
    pub cursor: Option<(u16, u16)>,
    /// The fingerprint of the fields the host declares, as `banyan screens show` tells it (3270).
    #[serde(default)]
    pub layout: Option<String>,
    /// The page's address; `*` is anything. One that begins with / is of any host and leaves out what follows `?`.
    #[serde(default)]
    pub url: Option<String>,
    /// The page's title.
    #[serde(default)]
    pub title: Option<String>,
    /// Elements of which the page shows exactly one each.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<RawElement>>")]
    pub element: Option<Node>,
}

impl RawMatch {
    /// Nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        let nodes = [&self.text, &self.contains, &self.element].iter().all(|n| n.as_ref().is_none_or(nothing));
        let texts = [&self.layout, &self.url, &self.title].iter().all(|t| t.is_none());
        nodes && texts && self.cursor.is_none()
    }
}

fn nothing(node: &Node) -> bool {
    matches!(&node.kind, banyan_words::node::Kind::List(items) if items.is_empty())
}

/// A text in its place.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawText {
    /// Row and column of its first character.
    #[serde(default)]
    pub at: Option<(u16, u16)>,
    /// The row it stands in.
    #[serde(default)]
    pub row: Option<u16>,
    /// With `at`: exactly this text. With `row`: all of the row, without blanks at its ends.
    #[serde(default)]
    pub is: Option<String>,
    /// The row has this text somewhere.
    #[serde(default)]
    pub has: Option<String>,
    /// The row, without blanks at its ends, is this; `*` is anything. Without `row`: any row.
    #[serde(default)]
    pub like: Option<String>,
    /// The row matches this regular expression. Without `row`: any row.
    #[serde(default)]
    pub regex: Option<String>,
}

/// An element of a page. What is given must agree on exactly one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawElement {
    /// A CSS selector.
    pub css: String,
    /// Its ARIA role.
    #[serde(default)]
    pub role: Option<String>,
    /// Its accessible name.
    #[serde(default)]
    pub name: Option<String>,
}

/// Something on a screen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    /// Row and column of its first cell.
    #[serde(default)]
    pub at: Option<(u16, u16)>,
    /// Its length.
    #[serde(default)]
    pub len: Option<u16>,
    /// The text it follows.
    #[serde(default)]
    pub label: Option<String>,
    /// On which side of the label. Default: `right`.
    #[serde(default)]
    pub side: Option<RawSide>,
    /// A regular expression whose first group it is.
    #[serde(default)]
    pub regex: Option<String>,
    /// The row that `regex` looks at. Without it, any row, but one only.
    #[serde(default)]
    pub row: Option<u16>,
    /// Of a page: a CSS selector.
    #[serde(default)]
    pub css: Option<String>,
    /// Of a page: its ARIA role.
    #[serde(default)]
    pub role: Option<String>,
    /// Of a page: its accessible name.
    #[serde(default)]
    pub name: Option<String>,
    /// What is typed is not shown.
    #[serde(default)]
    pub hidden: bool,
    /// Only digits, sign and decimal point may be typed.
    #[serde(default)]
    pub numeric: bool,
    /// Whether the host protects it, where that is known.
    #[serde(default)]
    pub protected: Option<bool>,
}

/// Which side of its label a field is on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawSide {
    /// Right of it.
    Right,
    /// Below it.
    Below,
}

/// A message by which a screen says no. It stands in a place, or anywhere.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawError {
    /// Its code, as an answer names it: `invalid-login`.
    pub code: String,
    /// What it says; `*` is anything.
    #[serde(default)]
    pub like: Option<String>,
    /// What it says, as a regular expression.
    #[serde(default)]
    pub regex: Option<String>,
    /// Row and column of its first cell.
    #[serde(default)]
    pub at: Option<(u16, u16)>,
    /// How many cells. Default: to the end of the row.
    #[serde(default)]
    pub len: Option<u16>,
    /// The row it stands in.
    #[serde(default)]
    pub row: Option<u16>,
    /// Of a page: a CSS selector.
    #[serde(default)]
    pub css: Option<String>,
    /// Of a page: its ARIA role.
    #[serde(default)]
    pub role: Option<String>,
    /// Of a page: its accessible name.
    #[serde(default)]
    pub name: Option<String>,
}

/// A table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    /// First and last row.
    #[serde(default)]
    pub rows: Option<(u16, u16)>,
    /// Rows of the screen that make one record. Default: 1.
    #[serde(default)]
    pub height: Option<u16>,
    /// Of a page: the CSS selector of a row.
    #[serde(default)]
    pub row: Option<String>,
    /// Its columns: `[column, length]`, `[row, column, length]` where a record has several rows; of a page a CSS
    /// selector within the row.
    #[schemars(with = "Named<ColumnSchema>")]
    pub columns: Named<Node>,
    /// How the next page is reached; without it there is one page.
    #[serde(default)]
    #[schemars(with = "Option<NextSchema>")]
    pub next: Option<Node>,
    /// What says that there is no more.
    #[serde(default)]
    pub end: Option<RawEnd>,
    /// Columns that no two records share.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub key: Option<Node>,
}

/// What says that a table has no more: one of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEnd {
    /// A text anywhere on the screen.
    #[serde(default)]
    pub text: Option<String>,
    /// A blank row.
    #[serde(default)]
    pub blank: bool,
    /// A field of the screen that says how many records there are.
    #[serde(default)]
    pub counter: Option<String>,
    /// The way to the next page is gone.
    #[serde(default)]
    pub no_next: bool,
}

/// A flow.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlow {
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
pub(super) enum RawGiven {
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
pub(super) enum RawReturns {
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
pub(super) struct RawVerify {
    /// A flow that reads.
    pub run: String,
    /// What it is given.
    #[serde(default)]
    #[schemars(with = "Named<String>")]
    pub with: Named<Node>,
}

/// A step: sets, types, presses, waits, reads.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    /// Fields, and what they shall hold: a text, `$item` for what was given, `$$` for a dollar sign.
    #[serde(default)]
    #[schemars(with = "Named<String>")]
    pub set: Named<Node>,
    /// What is typed where the cursor stands.
    #[serde(default, rename = "type")]
    #[schemars(with = "Option<String>")]
    pub typed: Option<Node>,
    /// What is pressed: a key, or `{ button: save }`.
    #[serde(default)]
    #[schemars(with = "Option<PressSchema>")]
    pub press: Option<Node>,
    /// The key that is pressed; the same as `press`.
    #[serde(default)]
    pub key: Option<String>,
    /// The button or link that is pressed, one of the screen's fields.
    #[serde(default)]
    pub button: Option<String>,
    /// What may come then: screens, `booking.errors`, `booking.too-late`, `disconnected`.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub expect: Option<Node>,
    /// How long to wait for it.
    #[serde(default)]
    pub within: Option<Dur>,
    /// After this press the far side may have done what was asked.
    #[serde(default)]
    pub commit: bool,
    /// What was typed is read back before anything is pressed. Default: true.
    #[serde(default)]
    pub readback: Option<bool>,
    /// What is read: `table`, `list.table`, or fields: `{ qty: detail.qty }`.
    #[serde(default)]
    #[schemars(with = "Option<ReadSchema>")]
    pub read: Option<Node>,
}

/// The same, where a key and what may come are all there is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPress {
    /// A key, or `{ button: save }`.
    #[serde(default)]
    #[schemars(with = "Option<PressSchema>")]
    pub press: Option<Node>,
    /// A key.
    #[serde(default)]
    pub key: Option<String>,
    /// A button or link, one of the screen's fields.
    #[serde(default)]
    pub button: Option<String>,
    /// What may come then.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub expect: Option<Node>,
    /// How long to wait.
    #[serde(default)]
    pub within: Option<Dur>,
}

/// One, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
enum PressSchema {
    Key(String),
    Button { button: String },
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
enum NextSchema {
    Key(String),
    Press(RawPress),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
enum ExitSchema {
    None(NoneWord),
    Press(RawPress),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "published as a schema; read by hand")]
enum NoneWord {
    None,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
enum ColumnSchema {
    Cells(Vec<u16>),
    Selector(String),
    Element(RawElement),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
enum ReadSchema {
    Table(String),
    Fields(Vec<String>),
    Named(Named<String>),
}
