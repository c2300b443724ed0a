//! How screens and what stands on them are found.

use crate::picture::{Area, At};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A compiled pattern that remembers how it was written.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written.
    pub text: String,
    /// Compiled, under a size limit.
    pub regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

/// One thing that is true of a screen and of no other.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A text stands exactly there.
    TextAt(At, String),
    /// A row has a text somewhere.
    RowHas(u16, String),
    /// A text stands anywhere (a page: in its body).
    Contains(String),
    /// A row (`None`: any row) matches.
    RowLike(Option<u16>, Pattern),
    /// The cursor stands there.
    Cursor(At),
    /// The far side's own fields lie so: [`crate::map::Screen`] `layout`, places, lengths and protection of all fields.
    Layout(u64),
    /// The page's address matches.
    Url(Pattern),
    /// The page's title is this.
    Title(String),
    /// The page has exactly one such element, to be seen.
    Element(ElementFinder),
}

/// Which side of a label its field is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Right of it, in the same row.
    Right,
    /// In the row below, from the same column.
    Below,
}

/// How a field is found on its screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Finder {
    /// By its place.
    Area(Area),
    /// By the label before it, which must stand on the screen exactly once: what follows after blanks, to the length or,
    /// without one, up to two blanks, the next 3270 field or the row's end.
    Label {
        /// The label's text.
        label: String,
        /// Where its field is.
        side: Side,
        /// The field's length.
        len: Option<u16>,
    },
    /// By a pattern on a row (`None`: on exactly one row), its first group.
    Like(Option<u16>, Pattern),
    /// An element of a page.
    Element(ElementFinder),
}

/// How an element of a page is found: every part that is given must agree on exactly one element.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ElementFinder {
    /// A CSS selector.
    pub css: String,
    /// Its ARIA role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Its accessible name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl ElementFinder {
    /// What names it in a [`crate::picture::Page`] and in messages: `button "Save" input[name=_save]`.
    pub fn id(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for ElementFinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(role) = &self.role {
            write!(f, "{role} ")?;
        }
        if let Some(name) = &self.name {
            write!(f, "{name:?} ")?;
        }
        f.write_str(&self.css)
    }
}
