//! What the store remembers of a dataset between units.

use banyan_words::{Column, Shape};
use serde::{Deserialize, Serialize};

/// A dataset's document (`Ingest::put_dataset`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetState {
    /// The accepted columns: what drift is measured against.
    pub columns: Vec<ColumnState>,
    /// The dataset stands still until a person accepts this.
    pub drift: Option<Drift>,
    /// Start of the last successful pass that would have shown a change, milliseconds since 1970.
    pub as_of: Option<i64>,
    /// The order of the newest snapshot that was read to its end.
    pub newest_snapshot: Option<String>,
    /// The newest part of a snapshot that was read to its end: its order, and its snapshot's name.
    pub newest_part: Option<(String, String)>,
    /// Deletions of the last snapshot that wait for a person.
    pub suspended: Option<Suspended>,
    /// How the adapter reads it; a change means that files are read again.
    pub reading: u64,
    /// Where the feed goes on, in its own words.
    pub position: Option<String>,
    /// Name of the last unit.
    pub last_unit: Option<String>,
}

/// A column of the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnState {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: banyan_words::Type,
}

/// A changed shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The unit that showed it.
    pub unit: String,
    /// What differs, a line each.
    pub differences: Vec<String>,
    /// The columns found.
    pub columns: Vec<ColumnState>,
}

/// Deletions that wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspended {
    /// The snapshot's unit.
    pub unit: String,
    /// Why, for a person.
    pub reason: String,
    /// Records that would be deleted.
    pub missing: u64,
    /// Records there are.
    pub of: u64,
    /// Whether a person accepted them: the next reading of the unit carries them out.
    pub accepted: bool,
}

/// The columns of a shape as kept.
pub(super) fn columns_of(shape: &Shape) -> Vec<ColumnState> {
    shape.columns.iter().map(|c: &Column| ColumnState { name: c.name.clone(), ty: c.ty.clone() }).collect()
}

/// What differs between the accepted columns and those found; empty where nothing does. Order counts: a file without
/// names in its header is read by position, and a moved column is exactly what nobody notices.
pub fn differences(accepted: &[ColumnState], found: &[ColumnState]) -> Vec<String> {
    if accepted == found {
        return Vec::new();
    }
    let mut out = Vec::new();
    for c in accepted {
        match found.iter().find(|f| f.name == c.name) {
            None => out.push(format!("column {} is gone", c.name)),
            Some(f) if f.ty != c.ty => out.push(format!("column {} was {} and is {}", c.name, c.ty, f.ty)),
            Some(_) => {}
        }
    }
    for f in found.iter().filter(|f| !accepted.iter().any(|c| c.name == f.name)) {
        out.push(format!("column {} is new", f.name));
    }
    if out.is_empty() {
        let names = |cs: &[ColumnState]| cs.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
        out.push(format!("the order was {} and is {}", names(accepted), names(found)));
    }
    out
}
