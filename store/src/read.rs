//! Reading.

use crate::{DeadLetter, DeadLetterFilter, LedgerRow, RawRow, Result, Review, Unit};
use banyan_model::instance::RawAt;
use banyan_words::Id;

/// A reader's view of the store: one commit's state, renewed between calls.
///
/// `entity` is always the store's number of an entity, `field` that of a field.
pub trait Reader: Send {
    /// The instance that has this id, or had it given by another key (an alias: then `Found::id` differs).
    /// Not live ones too: the caller tells *gone* from *unknown* by their head.
    fn instance(&mut self, entity: u32, id: Id) -> Result<Option<Found>>;
    /// Several at once, in the order asked.
    fn instances(&mut self, entity: u32, ids: &[Id]) -> Result<Vec<Option<Found>>>;
    /// Live instances that meet the query.
    fn list(&mut self, entity: u32, query: &ListQuery) -> Result<Page>;
    /// How many live instances meet the conditions.
    fn count(&mut self, entity: u32, conditions: &[Condition]) -> Result<u64>;
    /// All ids that lead to an instance, its own first.
    fn aliases(&mut self, entity: u32, found: &Found) -> Result<Vec<Id>>;
    /// What changed since, oldest first; an instance that changed several times may come several times.
    fn changes(&mut self, entity: u32, since: Since, limit: usize) -> Result<ChangePage>;
    /// The newest position of the change feed.
    fn newest_change(&mut self) -> Result<Since>;
    /// A raw record, if it is still kept.
    fn raw(&mut self, at: RawAt) -> Result<Option<RawRow>>;
    /// A unit by its number.
    fn unit(&mut self, number: u32) -> Result<Option<Unit>>;
    /// The newest version of a unit by dataset number and name.
    fn unit_named(&mut self, dataset: u32, name: &str) -> Result<Option<Unit>>;
    /// A finished unit of that dataset with that content.
    fn unit_with_content(&mut self, dataset: u32, version: &str) -> Result<Option<Unit>>;
    /// Units of a dataset (all with `None`), newest first, before that number.
    fn units(&mut self, dataset: Option<u32>, before: Option<u32>, limit: usize) -> Result<Vec<Unit>>;
    /// Units of a dataset that were refused and not read since under their name, newest first.
    fn refused_units(&mut self, dataset: u32, limit: usize) -> Result<Vec<Unit>>;
    /// Units committed whose `after` is still to be carried out.
    fn unacknowledged(&mut self, dataset: u32) -> Result<Vec<Unit>>;
    /// The highest order among finished units of a dataset.
    fn newest_order(&mut self, dataset: u32) -> Result<Option<String>>;
    /// Ledger rows of units, newest unit first, below that unit number.
    fn ledger(&mut self, dataset: Option<u32>, before: Option<u32>, limit: usize) -> Result<Vec<LedgerRow>>;
    /// Sums over all units of a dataset, a row a mapping.
    fn ledger_totals(&mut self, dataset: u32) -> Result<Vec<LedgerRow>>;
    /// What was folded of a dataset; its sums are part of the totals.
    fn folded(&mut self, dataset: u32) -> Result<Option<crate::Folded>>;
    /// Dead letters, newest first; `filter.before` pages.
    fn dead_letters(&mut self, filter: &DeadLetterFilter, limit: usize) -> Result<Vec<DeadLetter>>;
    /// One dead letter.
    fn dead_letter(&mut self, number: u64) -> Result<Option<DeadLetter>>;
    /// Open dead letters by dataset number.
    fn dead_letter_counts(&mut self) -> Result<Vec<(u32, u64)>>;
    /// Reviews, newest first, below that number.
    fn reviews(&mut self, open: bool, before: Option<u64>, limit: usize) -> Result<Vec<Review>>;
    /// The document kept for a dataset ([`crate::Ingest::put_dataset`]).
    fn dataset(&mut self, dataset: u32) -> Result<Option<String>>;
    /// A value of a dataset-backed lookup.
    fn lookup(&mut self, lookup: u32, key: &[u8]) -> Result<Option<String>>;
    /// A document kept under a name of the gateway's own.
    fn meta(&mut self, name: &str) -> Result<Option<String>>;
    /// Lets go of the commit it looks at, if that is no longer the newest or is held for long: an idle reader would
    /// otherwise keep the store from reusing its log. For a worker's timer; calls do it by themselves.
    fn rest(&mut self);
    /// Raw records of a dataset in order of arrival, from that block on: what a changed mapping re-derives from.
    /// Calls `each` with (block, slot, unit, record) and stops after a block once `limit` records were seen;
    /// returns the next block, `None` at the end.
    fn raw_from(
        &mut self,
        dataset: u32,
        block: u64,
        limit: usize,
        each: &mut dyn FnMut(RawAt, RawRow) -> Result<()>,
    ) -> Result<Option<u64>>;
}

/// An instance's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its canonical id.
    pub id: Id,
    /// Its number in the store: arrival order, never shown.
    pub n: u64,
    /// Its row, in the form of `banyan_model::instance::Facts`.
    pub facts: Vec<u8>,
}

/// A query for a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Sort fields, the first leads; arrival order decides between equals (the latest first where the last sort field
    /// is descending). Where there are none: the order of the first field that has a range, a prefix or a list of values
    /// as its condition while none has a single one; else arrival order alone.
    pub sort: Vec<Sort>,
    /// Continue after this.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
}

/// A sort field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The field's number.
    pub field: u32,
    /// Highest first. Null comes last either way.
    pub descending: bool,
}

/// A condition on an indexed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The field's number.
    pub field: u32,
    /// What must hold.
    pub test: Test,
}

/// A test on the order key of a field (`banyan_model::instance::key_of_value`). Null meets none of them but `Ne` and
/// an `Eq` with null's own key (one byte, `ff`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Is this.
    Eq(Vec<u8>),
    /// Is another, or null.
    Ne(Vec<u8>),
    /// Is one of these.
    In(Vec<Vec<u8>>),
    /// Begins with these bytes.
    Prefix(Vec<u8>),
    /// Lies between; the flag says whether the bound itself counts.
    Range {
        /// Lower bound.
        from: Option<(Vec<u8>, bool)>,
        /// Upper bound.
        to: Option<(Vec<u8>, bool)>,
    },
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The order keys of the sort fields of the last row (of the field that decides, where the query named none).
    pub keys: Vec<Vec<u8>>,
    /// Its number.
    pub n: u64,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Found>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

/// A position in the change feed: a slice and an item within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// Slice.
    pub slice: u64,
    /// Items of the slice already seen.
    pub item: u32,
}

/// A page of the change feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangePage {
    /// The instances that changed, as they are now, with the time of the change (milliseconds since 1970).
    pub rows: Vec<(Found, i64)>,
    /// Where to go on.
    pub next: Since,
    /// Whether more is there already.
    pub more: bool,
}
