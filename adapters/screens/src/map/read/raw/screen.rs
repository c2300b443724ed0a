//! A screen as it is written: what it is told by, its fields, its messages, its table.

use super::RawStep;
use super::forms::{ColumnSchema, ExitSchema, NextSchema, OneOrMany};
use banyan_words::node::{Named, Node};
use schemars::JsonSchema;
use serde::Deserialize;

/// A screen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::map::read) struct RawScreen {
    /// What is true of it and of no other screen: all of it.
    #[serde(rename = "match")]
    pub conditions: RawMatch,
    /// What may change without meaning anything: row, column, length.
    pub volatile: Vec<(u16, u16, u16)>,
    /// What stands on it.
    pub fields: Named<RawField>,
    /// Messages by which it says no.
    pub errors: Vec<RawError>,
    /// The safe way off it; `none` where there is none: a session that stays here is then destroyed.
    #[schemars(with = "Option<ExitSchema>")]
    pub exit: Option<Node>,
    /// Its table.
    pub table: Option<RawTable>,
    /// It may come at any time and is left by `do`.
    pub transient: bool,
    /// How a transient screen is left; without it, it goes by itself.
    #[serde(rename = "do")]
    #[schemars(with = "Option<OneOrMany<RawStep>>")]
    pub leave: Option<Node>,
}

/// What is true of a screen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::map::read) struct RawMatch {
    /// Texts in their places.
    #[schemars(with = "Option<OneOrMany<RawText>>")]
    pub text: Option<Node>,
    /// Texts that stand anywhere.
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub contains: Option<Node>,
    /// Where the cursor stands: row, column.
    pub cursor: Option<(u16, u16)>,
    /// The fingerprint of the fields the host declares, as `banyan screens show` tells it (3270).
    pub layout: Option<String>,
    /// The page's address; `*` is anything. One that begins with / is of any host and leaves out what follows `?`.
    pub url: Option<String>,
    /// The page's title.
    pub title: Option<String>,
    /// Elements of which the page shows exactly one each.
    #[schemars(with = "Option<OneOrMany<RawElement>>")]
    pub element: Option<Node>,
}

impl RawMatch {
    /// Nothing is said.
    pub(in crate::map::read) fn is_empty(&self) -> bool {
        let nodes = [&self.text, &self.contains, &self.element].iter().all(|n| n.as_ref().is_none_or(nothing));
        let texts = [&self.layout, &self.url, &self.title].iter().all(|t| t.is_none());
        nodes && texts && self.cursor.is_none()
    }
}

fn nothing(node: &Node) -> bool {
    matches!(&node.kind, banyan_words::node::Kind::List(items) if items.is_empty())
}

/// A text in its place.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::map::read) struct RawText {
    /// Row and column of its first character.
    pub at: Option<(u16, u16)>,
    /// The row it stands in.
    pub row: Option<u16>,
    /// With `at`: exactly this text. With `row`: all of the row, without blanks at its ends.
    pub is: Option<String>,
    /// The row has this text somewhere.
    pub has: Option<String>,
    /// The row, without blanks at its ends, is this; `*` is anything. Without `row`: any row.
    pub like: Option<String>,
    /// The row matches this regular expression. Without `row`: any row.
    pub regex: Option<String>,
}

/// An element of a page. What is given must agree on exactly one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::map::read) struct RawElement {
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
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::map::read) struct RawField {
    /// Row and column of its first cell.
    pub at: Option<(u16, u16)>,
    /// Its length.
    pub len: Option<u16>,
    /// The text it follows.
    pub label: Option<String>,
    /// On which side of the label. Default: `right`.
    pub side: Option<RawSide>,
    /// A regular expression whose first group it is.
    pub regex: Option<String>,
    /// The row that `regex` looks at. Without it, any row, but one only.
    pub row: Option<u16>,
    /// Of a page: a CSS selector.
    pub css: Option<String>,
    /// Of a page: its ARIA role.
    pub role: Option<String>,
    /// Of a page: its accessible name.
    pub name: Option<String>,
    /// What is typed is not shown.
    pub hidden: bool,
    /// Only digits, sign and decimal point may be typed.
    pub numeric: bool,
    /// Whether the host protects it, where that is known.
    pub protected: Option<bool>,
    /// Only a part of what stands there is wanted. Otherwise a value that goes on beyond `len` is an error.
    pub part: bool,
}

/// Which side of its label a field is on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::map::read) enum RawSide {
    /// Right of it.
    Right,
    /// Below it.
    Below,
}

/// A message by which a screen says no. It stands in a place, or anywhere.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::map::read) struct RawError {
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
pub(in crate::map::read) struct RawTable {
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
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::map::read) struct RawEnd {
    /// A text anywhere on the screen but in a record.
    pub text: Option<String>,
    /// With `text`: the last page comes once more, with the text, when more of it is asked for. Otherwise a page that comes
    /// again is an error.
    pub repeats: bool,
    /// A blank row.
    pub blank: bool,
    /// A field of the screen that says how many records there are.
    pub counter: Option<String>,
    /// The way to the next page is gone.
    pub no_next: bool,
}
