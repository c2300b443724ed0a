//! Screens that changed: what is different, that it stops the map, and what a new version of the map would say.
//!
//! Invariant: nothing here is applied by itself; a person accepts.
//! Not here: who keeps the breaker, and where (the pool).

mod near;
mod propose;
mod render;

pub use near::difference;
pub use propose::propose;

use crate::engine::{Fnv, cells_of};
use crate::map::Map;
use crate::picture::{Area, At, Grid, Picture, Style};
use crate::refusals;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is different about a screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The screen of the map that is nearest; `None`: none has anything in common.
    pub screen: Option<String>,
    /// What of that screen is not as the map says.
    pub failing: Vec<Failing>,
    /// The picture as text, with marks where something is different; what is volatile is drawn as `~`.
    pub text: String,
}

impl Difference {
    /// The cells in which something is not as the map says.
    pub fn marks(&self) -> Vec<Area> {
        let length = |f: &Failing| f.wanted.as_deref().map_or(1, cells_of).clamp(1, usize::from(u16::MAX));
        let mark = |f: &Failing| Some(Area { at: f.at?, len: u16::try_from(length(f)).ok()? });
        self.failing.iter().filter_map(mark).collect()
    }
}

/// One thing that is not as the map says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failing {
    /// Which part of the screen it is.
    pub part: Part,
    /// The condition or field, as people read it.
    pub what: String,
    /// The text that was wanted, where it is one.
    pub wanted: Option<String>,
    /// Where it was wanted.
    pub at: Option<At>,
    /// What stands there now.
    pub found: Option<String>,
    /// Where it certainly stands now: the wanted text is there exactly once.
    pub moved: Option<At>,
}

/// Part of a screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The condition of that number, from 0.
    Condition(usize),
    /// The field of that name.
    Field(String),
    /// Its table.
    Table,
    /// The screen as a whole.
    Screen,
}

/// A map that is not used until a person has looked: kept by the pool, and over restarts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breaker {
    /// The map's name and version.
    pub map: String,
    /// Its hash: a map with another hash is not held back.
    pub hash: u64,
    /// The fault's code.
    pub code: String,
    /// The fault's message.
    pub message: String,
    /// What was seen.
    pub picture: Picture,
    /// What is different about it.
    pub difference: Difference,
    /// Since when.
    pub since: Timestamp,
}

impl Breaker {
    /// The breaker that a stopped run opens; `None` if it did not stop for a screen that changed.
    pub fn of(map: &Map, stopped: &crate::trace::Stopped, since: Timestamp) -> Option<Breaker> {
        let picture = stopped.picture.as_ref().filter(|_| is_drift(&stopped.fault.code))?;
        Some(Breaker {
            map: map.name.clone(),
            hash: map.hash,
            code: stopped.fault.code.clone(),
            message: stopped.fault.message.clone(),
            picture: Picture::clone(picture),
            difference: difference(map, picture, &stopped.awaited),
            since,
        })
    }

    /// Whether it holds that map back.
    pub fn holds(&self, map: &Map) -> bool {
        self.hash == map.hash
    }
}

/// Whether a fault of that code says that a screen changed.
pub fn is_drift(code: &str) -> bool {
    [
        refusals::UNKNOWN_SCREEN,
        refusals::AMBIGUOUS_SCREEN,
        refusals::FIELD_MISSING,
        refusals::PROTECTED,
        refusals::ELEMENT_AMBIGUOUS,
    ]
    .contains(&code)
}

/// The layout of the far side's own fields as a number: places, lengths, protection. The same in every version.
pub fn layout(grid: &Grid) -> u64 {
    let mut hash = Fnv::default();
    for field in &grid.fields {
        let At { row, column } = field.area.at;
        let protected = u64::from(field.style.has(Style::PROTECTED));
        hash.number(u64::from(row) << 33 | u64::from(column) << 17 | u64::from(field.area.len) << 1 | protected);
    }
    hash.0
}
