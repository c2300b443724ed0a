//! Where a record came from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One unit of intake: a version of a dropped file, or one pass over a table or a screen list.
///
/// `order` decides which of two observations is the newer one (*seen*): the adapter composes it so that
/// comparing the texts byte by byte compares what the dataset declared (`order: name | mtime | {date}`; read start
/// for databases and screens). Never the time of arrival: replays and late files are harmless in any order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRef {
    /// Name within its dataset, for people: `2026/contacts_20260101.csv`, or the pass's start.
    pub name: String,
    /// Which version of that name: hex digest of the content for files, empty for passes.
    pub version: String,
    /// Orders units of one dataset; see above.
    pub order: String,
    /// The moment the data speaks of: data date, else modification time; read start for passes.
    pub as_of: Timestamp,
}

/// The place of one record in its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Line (files of lines), else the ordinal of the record, from 1.
    pub line: u64,
    /// Byte offset of the record's first byte in the (decompressed) file; 0 where there is none.
    pub offset: u64,
}

/// What became of a unit (a file version).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitState {
    /// Begun, not yet read to its end: begin it again from its start (what was applied counts as unchanged).
    Open,
    /// Read to its end and committed.
    Done,
    /// Refused as a whole; not tried again in this version.
    Refused,
    /// Read to its end, `after` (move, delete) not yet carried out.
    Unacknowledged,
    /// A pass that was not read to its end and never will be: the next one begins anew. What came of it counts.
    Abandoned,
}
