//! What a session shows at one moment.
//!
//! Invariant: a picture holds no secret: what stands in a hidden field was replaced by [`MASK`] when it was taken.
//! Not here: what a picture means ([`crate::map`]) and how it is taken ([`crate::transport`]).

mod grid;
mod page;

pub use grid::{Area, At, Cell, Grid, Span, Style};
pub use page::{Element, Page};

use serde::{Deserialize, Serialize};

/// Stands for every character of a hidden field.
pub const MASK: char = '*';

/// What a session shows at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Grows whenever the far side sent anything or the page changed. Two pictures of one session with equal revisions
    /// show the same.
    pub revision: u64,
    /// The far side has come to rest: 3270 keyboard unlocked; VT quiet since the last byte received; page loaded. Rest
    /// alone says nothing about which screen it is.
    pub at_rest: bool,
    /// What is shown.
    pub shown: Shown,
}

/// What is shown: characters in rows and columns, or a web page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// A terminal's screen.
    Grid(Grid),
    /// A web page, as far as the map asks about it.
    Page(Page),
    /// Nothing: the far side ended the session.
    Disconnected,
}

impl Picture {
    /// The grid; `None` of a page or a session that ended.
    pub fn grid(&self) -> Option<&Grid> {
        match &self.shown {
            Shown::Grid(grid) => Some(grid),
            _ => None,
        }
    }

    /// The page; `None` of a grid or a session that ended.
    pub fn page(&self) -> Option<&Page> {
        match &self.shown {
            Shown::Page(page) => Some(page),
            _ => None,
        }
    }
}
