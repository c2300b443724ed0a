//! A checked map: which screens there are, how each is known, what stands on it, and what flows do.
//!
//! Invariant: numbers point into the map's own lists, patterns compile, every name is known: who holds a [`Map`] need not
//! check it again.
//! Not here: reading YAML, and telling what is wrong with it.

mod find;
mod flow;
mod key;
mod read;
mod screen;

pub use find::{Condition, ElementFinder, Finder, Pattern, Side};
pub use flow::{End, Expected, Flow, Given, Paging, Piece, Read, Returns, Step, Verify};
pub use key::{Key, Press};
pub use read::{Checked, read, schema};
pub use screen::{ErrorRule, Exit, Field, Screen, Table, TableEnd, Wanted};

use crate::picture::At;
use std::time::Duration;

/// A screen, by its place in [`Map::screens`].
pub type ScreenNo = usize;
/// A flow, by its place in [`Map::flows`].
pub type FlowNo = usize;
/// A field, by its place in [`Screen::fields`].
pub type FieldNo = usize;

/// A checked map.
#[derive(Clone, Debug)]
pub struct Map {
    /// Its name and version, as written: `stock/v3`.
    pub name: String,
    /// Hash of everything that decides what is read: part of the lineage of every value.
    pub hash: u64,
    /// How many sessions, and how long they are kept.
    pub pool: Pool,
    /// The screens.
    pub screens: Vec<Screen>,
    /// The flows.
    pub flows: Vec<Flow>,
    /// Where a session rests between transactions and where alone it is kept alive (`pool.rest`, else the screen `home`).
    pub rest: ScreenNo,
    /// The flow that leads in from the first screen (`login`), if there is one.
    pub login: Option<FlowNo>,
    /// Rows and columns of a grid; `None` of web pages.
    pub size: Option<(u16, u16)>,
    /// How long the far side must be silent, since its last byte, to be at rest. VT and web; a 3270 tells by itself.
    pub quiet: Duration,
    /// How long a step waits where it does not say `within`.
    pub within: Duration,
}

/// How sessions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Sessions at most.
    pub max: usize,
    /// Logical units, one a session; empty: whatever the host gives.
    pub lu: Vec<String>,
    /// A session that rested for so long is closed.
    pub idle: Duration,
    /// A key that keeps a resting session alive, and how often it is pressed.
    pub keep_alive: Option<(Key, Duration)>,
}

impl Map {
    /// The screen of that name.
    pub fn screen(&self, name: &str) -> Option<ScreenNo> {
        self.screens.iter().position(|s| s.name == name)
    }

    /// The flow of that name.
    pub fn flow(&self, name: &str) -> Option<FlowNo> {
        self.flows.iter().position(|f| f.name == name)
    }
}

/// Where something that was read stood: part of a value's lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The screen's name.
    pub screen: String,
    /// The first cell, of a grid.
    pub at: Option<At>,
    /// Which page of a paged table, from 1.
    pub page: u32,
}
