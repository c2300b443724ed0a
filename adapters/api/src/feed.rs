//! A dataset's feed: pull, one outstanding call, so that the reader's pace is the backpressure.

use crate::{Call, Fault};
use banyan_words::{Batch, Column, UnitRef};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How much the gateway would like.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Rows, about.
    pub rows: usize,
    /// Bytes of batch, about ([`Batch::weight`]).
    pub bytes: usize,
    /// How long to wait for something to happen before answering [`Delivery::Idle`].
    pub wait: Duration,
}

/// A feed that blocks its thread.
pub trait BlockingFeed: Send {
    /// The next delivery. After [`Delivery::Begin`] come its batches and exactly one `Done` or `Refused`.
    fn next(&mut self, ask: Ask, call: &Call) -> Result<Delivery, Fault>;
    /// Carries out what shall happen to a unit once it is durably committed (`after: move | delete`).
    /// Repeatable; called again after a restart if it may have been lost.
    fn acknowledge(&mut self, unit: &UnitRef, token: &str) -> Result<(), Fault>;
    /// Gives up the open unit, to begin again with the first one that is not done (after drift was accepted,
    /// or a commit failed).
    fn rewind(&mut self);
    /// The same, and a person waits for it: what is read from time to time is read now.
    fn again(&mut self) {
        self.rewind();
    }
}

/// What a feed hands over.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// A unit begins. `token` is remembered with it ([`crate::UnitMemo::token`]).
    Begin {
        /// The unit.
        unit: Arc<UnitRef>,
        /// The adapter's quick test for "the same file as then".
        token: String,
        /// What the unit shows.
        scope: Scope,
        /// The source's own columns, where it tells them apart from the records (a database's table): drift is then
        /// judged by these, by name, and only by those that are wanted. `None`: by the shape of the records.
        columns: Option<Vec<Column>>,
    },
    /// Records of the open unit. A unit without records still delivers one empty batch with its shapes, so that a
    /// changed header is seen.
    Records(Batch),
    /// Records of the open unit that are known to be deleted: rows hold the columns of the dataset's key, by name, and
    /// nothing else. They do not count as records of the unit.
    Deleted(Batch),
    /// The columns of one of several datasets that a feed delivers together ([`crate::Prepared::together`]), as `columns`
    /// of `Begin` are of a dataset alone. Comes after `Begin` and before records; `Begin` then has none.
    Columns {
        /// The dataset.
        dataset: String,
        /// The source's own columns of it.
        columns: Vec<Column>,
    },
    /// What follows, up to the unit's end, was read already and comes at once: it is committed in one transaction, so that
    /// no reader sees a part of it.
    Together,
    /// The open unit was read to its end.
    Done(UnitDone),
    /// A unit cannot be used, as a whole: before or after some of its records were delivered.
    Refused(UnitRefused),
    /// The same content was already read under this or another name; nothing to do but to remember it.
    Identical {
        /// The unit.
        unit: Arc<UnitRef>,
        /// As in `Begin`.
        token: String,
        /// The name it was first read under.
        first: String,
    },
    /// Nothing new within [`Ask::wait`].
    Idle,
    /// A pass that began then looked at the source and found nothing new: what is stored is as of then.
    Current {
        /// When it began.
        as_of: Timestamp,
    },
}

/// What a unit shows of its dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What the dataset's `content` says.
    Declared,
    /// Every record there is: what is missing was deleted.
    Everything,
    /// Records that changed.
    Changes,
    /// The keys of every record there is, and nothing but the keys: what is missing was deleted, and what is not yet known
    /// comes another way.
    Keys,
}

/// The end of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDone {
    /// Records delivered, bad ones included.
    pub records: u64,
    /// Which part of which snapshot it is; `None` where the unit alone is the snapshot.
    pub part: Option<SnapshotPart>,
    /// Where the next pass goes on; remembered in the same transaction ([`crate::Memory::position`]).
    pub position: Option<String>,
}

/// A unit that is one of several which together make a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPart {
    /// Names the snapshot: the date of its name, say.
    pub snapshot: String,
    /// This part.
    pub part: String,
    /// All parts.
    pub parts: Vec<String>,
}

/// A unit that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRefused {
    /// The unit.
    pub unit: UnitRef,
    /// As in [`Delivery::Begin`].
    pub token: String,
    /// One of the kind's declared codes, such as `truncated-archive`.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
}
