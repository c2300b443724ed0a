//! One screen: how it is known, what stands on it, which errors it shows, and the way off it.

use super::{Condition, Expected, Finder, Paging, Pattern, Press, Step};
use crate::picture::Area;

/// A screen.
#[derive(Clone, Debug)]
pub struct Screen {
    /// Its name.
    pub name: String,
    /// What is true of it and of no other screen: all of them.
    pub conditions: Vec<Condition>,
    /// What may change without meaning anything: a clock.
    pub volatile: Vec<Area>,
    /// What stands on it.
    pub fields: Vec<Field>,
    /// Messages by which it says that it did not do what was asked.
    pub errors: Vec<ErrorRule>,
    /// The safe way off it. `None`: a session that stays here is destroyed.
    pub exit: Option<Exit>,
    /// Its table.
    pub table: Option<Table>,
    /// It may come at any time and is left by these steps: a broadcast message.
    pub transient: Option<Vec<Step>>,
}

impl Screen {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<super::FieldNo> {
        self.fields.iter().position(|f| f.name == name)
    }
}

/// Something on a screen: an input, an output, a button.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// How it is found.
    pub find: Finder,
    /// What is typed is not shown (a password): only its length is read back.
    pub hidden: bool,
    /// Only digits, sign and decimal point may be typed.
    pub numeric: bool,
    /// Only a part of what the far side's field holds is wanted.
    pub part: bool,
    /// What it looked like when the map was drawn and must still look like: protected or not. Pictures of drift show it.
    pub wanted: Wanted,
}

/// Whether something can be typed into a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Not known.
    #[default]
    Any,
    /// An input.
    Input,
    /// An output.
    Output,
}

/// A message by which a screen says no.
#[derive(Clone, Debug)]
pub struct ErrorRule {
    /// Its code, kebab-case: `invalid-login`. It becomes a refusal's code.
    pub code: String,
    /// Where the message stands; `None`: anywhere.
    pub place: Option<Finder>,
    /// What it says: a pattern over the trimmed text, made from `like: "Please enter a valid*"`.
    pub like: Pattern,
}

/// The safe way off a screen.
#[derive(Clone, Debug)]
pub struct Exit {
    /// What is pressed.
    pub press: Press,
    /// Where that leads.
    pub expect: Vec<Expected>,
}

/// A table on a screen.
#[derive(Clone, Debug)]
pub struct Table {
    /// First and last row on a grid; `(0, 0)` on a page.
    pub rows: (u16, u16),
    /// Rows of the screen that make one record, at least 1.
    pub height: u16,
    /// On a page: the selector of a row.
    pub row_css: Option<String>,
    /// Columns: name, and where in the row. Of a grid: [`Finder::Area`] whose row counts from 1 within the record. Of a
    /// page: a selector within the row.
    pub columns: Vec<(String, Finder)>,
    /// How the next page is reached; `None`: there is one page.
    pub next: Option<Paging>,
    /// What says that there is no more.
    pub end: Option<TableEnd>,
    /// Columns that no two records may share.
    pub key: Vec<String>,
}

/// What says that a table has no more.
#[derive(Clone, Debug)]
pub enum TableEnd {
    /// A text on the screen, in no record.
    Text {
        /// The text.
        text: String,
        /// Whether the last page comes once more, with the text, when more of it is asked for.
        repeats: bool,
    },
    /// A blank row.
    Blank,
    /// As many records as this field of the screen says.
    Counter(super::FieldNo),
    /// The way to the next page is gone (web: the link does not exist).
    NoNext,
}
