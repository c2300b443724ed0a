//! A unit: a version of a dropped file, or one pass.

use super::moment;
use banyan_store::Unit;
use banyan_words::UnitState;
use serde::Serialize;
use utoipa::ToSchema;

/// A file version, or a pass.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnitView {
    /// Its number: units begun later have higher ones.
    pub number: u32,
    /// Its name within the dataset: the file's path.
    pub name: String,
    /// Hex digest of its content.
    pub version: String,
    /// What became of it.
    pub state: UnitWord,
    /// Records read.
    pub records: u64,
    /// The moment its data speaks of.
    pub as_of: String,
    /// When it was begun.
    pub begun: String,
    /// When it was committed or refused.
    pub finished: Option<String>,
    /// Seconds from beginning to end.
    pub seconds: Option<f64>,
    /// Why it was refused, or that it is identical to an earlier one.
    pub code: Option<String>,
    /// The same for a person.
    pub message: Option<String>,
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnitWord {
    /// Not yet read to its end.
    Open,
    /// Read and committed.
    Done,
    /// Refused as a whole.
    Refused,
    /// Read and committed; the file is still to be moved or deleted.
    Unacknowledged,
    /// A pass that was not read to its end: it failed, or the gateway stopped. What came of it counts.
    Abandoned,
}

impl UnitWord {
    /// As shown.
    pub fn word(self) -> &'static str {
        match self {
            UnitWord::Open => "open",
            UnitWord::Done => "done",
            UnitWord::Refused => "refused",
            UnitWord::Unacknowledged => "unacknowledged",
            UnitWord::Abandoned => "abandoned",
        }
    }
}

impl From<UnitState> for UnitWord {
    fn from(state: UnitState) -> UnitWord {
        match state {
            UnitState::Open => UnitWord::Open,
            UnitState::Done => UnitWord::Done,
            UnitState::Refused => UnitWord::Refused,
            UnitState::Unacknowledged => UnitWord::Unacknowledged,
            UnitState::Abandoned => UnitWord::Abandoned,
        }
    }
}

impl From<Unit> for UnitView {
    fn from(u: Unit) -> UnitView {
        UnitView {
            number: u.number,
            name: u.key.name,
            version: u.key.version,
            state: u.state.into(),
            records: u.records,
            as_of: moment(u.key.as_of),
            begun: moment(u.begun),
            finished: u.finished.map(moment),
            seconds: u.finished.map(|f| (f - u.begun).max(0) as f64 / 1000.0),
            code: u.code,
            message: u.message,
        }
    }
}
