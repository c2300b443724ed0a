//! An instance of an entity: the set of what sources said of it, and the canonical value that follows.
//!
//! Invariant: the canonical value is a pure function of the set of observations; in whatever order they came, with
//! whatever repeats, the bytes are the same (a property test says so).
//! Not here: which instance a record speaks about (`identity`), who rules a field (`ownership`).

mod book;
mod facts;
mod fragment;
mod head;
mod order_key;

pub use book::{Book, PlanInfo, ShapeInfo};
pub use facts::{Facts, FactsFront, Lineage, Plans, put_lone};
pub use fragment::{Fragments, json_scalar_text};
pub use head::{FactsHead, with_parts};
pub use order_key::{key_of_fragment, key_of_value, parse, value_of_key};

use crate::model::Stored;
use banyan_words::{Id, Place};

/// An instance, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Whether an authority observes it now: only then is it served.
    pub live: bool,
    /// Whether it was ever live: then its absence is *gone* (410), not *unknown* (404).
    pub was_live: bool,
    /// Whether questions about it were asked that are not closed: then deriving it again may close them.
    pub doubtful: bool,
    /// The shape its canonical value was rendered under.
    pub shape: Stored,
    /// Hash of the canonical content; the strong ETag together with `parts`.
    pub etag: u64,
    /// Sum of the hashes of its parts (`part_of` children), so that their change changes its ETag in any order.
    pub parts: u64,
    /// When the canonical content last changed, milliseconds since 1970 (`Last-Modified`).
    pub changed: i64,
    /// The canonical value: a JSON fragment for each field of the shape; empty means null.
    pub canonical: Fragments,
    /// What sources say, ordered by mapping number and record.
    pub observations: Vec<Observation>,
}

/// What one record says of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The store's number of the mapping's version that made it.
    pub plan: Stored,
    /// The record's key as an id: tells records of one mapping apart.
    pub record: Id,
    /// The store's number of the unit it came in; with `place`, its *seen*.
    pub unit: u32,
    /// Where it stood in the unit.
    pub place: Place,
    /// Where its raw record is kept.
    pub raw: RawAt,
    /// The unchanged test: hash of the raw record and the plan.
    pub hash: u64,
    /// The record was deleted: it says nothing any more, but still supersedes older ones.
    pub withdrawn: bool,
    /// It came before its instance did, and was counted as held in the ledger.
    pub held: bool,
    /// The raw record it replaced in the course of a snapshot: what is restored if its key turns out to stand twice in
    /// that snapshot, where all of them are rejected. Block 0 where it replaced none.
    pub prior: RawAt,
    /// Further keys it claims for its instance.
    pub aliases: Vec<Id>,
    /// The declared time of change as bytes that compare in order; empty where none is declared.
    pub changed_at: Vec<u8>,
    /// The `pick` columns as bytes that compare in order; empty where none are declared.
    pub pick: Vec<u8>,
    /// What it says of each field of its plan.
    pub says: Vec<Say>,
}

impl Observation {
    /// The record is no longer there, as was seen then: it says nothing any more.
    pub fn withdraw(&mut self, seen: (u32, Place)) {
        self.withdrawn = true;
        self.says.clear();
        self.aliases.clear();
        (self.unit, self.place) = seen;
    }
}

/// Where a raw record is kept: block and slot. Block 0 is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RawAt {
    /// Block number from 1.
    pub block: u64,
    /// Which record of the block, from 0.
    pub slot: u32,
}

/// What an observation says of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// Nothing: the next owner speaks.
    Missing,
    /// This value, as a JSON fragment (`null` included).
    Value(Box<[u8]>),
    /// `ELSE KEEP`: the last good value of the same record stays, with a warning. `seen` is where the record last said
    /// something certain (that value, or that there is none), so that an older file that arrives late can still supply
    /// what is newer than that.
    Keep {
        /// The declared code.
        code: Box<str>,
        /// The last good value, if there was one.
        value: Option<Box<[u8]>>,
        /// Unit and place of it.
        seen: Option<(u32, Place)>,
    },
}

impl Say {
    /// The value it puts forward.
    pub fn value(&self) -> Option<&[u8]> {
        match self {
            Say::Missing => None,
            Say::Value(v) => Some(v),
            Say::Keep { value, .. } => value.as_deref(),
        }
    }
}
