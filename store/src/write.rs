//! Writing: the transaction of ingest.

use crate::{DeadLetterState, Found, Result, Tally, UnitChange, UnitKey};
use banyan_model::instance::RawAt;
use banyan_words::{Id, Place};

/// Proof of a commit; see [`crate::Store::durable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receipt(pub u64);

/// A record that speaks about an instance by another key than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRow {
    /// Its own number within the mapping: what a snapshot's bitmap marks.
    pub o: u64,
    /// The instance it speaks about.
    pub n: u64,
    /// The unchanged test.
    pub hash: u64,
}

/// What setting a lookup's row did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupPut {
    /// The row's number: what a snapshot's bitmap marks.
    pub n: u64,
    /// Whether its value is another now.
    pub changed: bool,
    /// The key that its record stood under before.
    pub left: Option<Vec<u8>>,
}

/// A record to refuse.
#[derive(Clone, Debug)]
pub struct NewDeadLetter<'a> {
    /// Tells it from others of its dataset: the same record refused again for the same reason counts up.
    pub fingerprint: u64,
    /// The dataset.
    pub dataset: u32,
    /// The mapping; 0 where it could not be read.
    pub mapping: u32,
    /// The unit.
    pub unit: u32,
    /// Where it stood.
    pub place: Place,
    /// The record's key as an id, if it could be read: a later good record of that key supersedes the letter.
    pub record: Option<Id>,
    /// Code.
    pub code: &'a str,
    /// Message.
    pub message: &'a str,
    /// Field.
    pub field: Option<&'a str>,
    /// The record's own bytes; without them, why there are none.
    pub raw: std::result::Result<&'a [u8], crate::Bytes>,
    /// Columns (number given by [`Ingest::raw_shape`]) and cells.
    pub cells: Option<(u32, &'a [u8])>,
    /// Now, milliseconds since 1970.
    pub at: i64,
}

/// One write transaction. Reads in it see what it wrote.
pub trait Ingest {
    /// For each id the instance it leads to and the hash of its direct observation (0: none, or the id is an alias).
    /// Ids come in reading order: an implementation may guess that they were stored in that order. `out` is replaced.
    fn find(&mut self, entity: u32, ids: &[Id], out: &mut Vec<Option<(u64, u64)>>) -> Result<()>;
    /// An instance's row by number.
    fn load(&mut self, entity: u32, n: u64) -> Result<Option<Found>>;
    /// A new instance; its id leads to it from now on. Returns its number.
    fn insert(&mut self, entity: u32, id: Id, hash: u64, facts: &[u8]) -> Result<u64>;
    /// A changed instance.
    fn update(&mut self, entity: u32, n: u64, id: Id, hash: u64, facts: &[u8]) -> Result<()>;
    /// Removes an instance that was absorbed by another, or never was live and has nothing left to say; its id, and
    /// others that still lead to it, lead nowhere unless they were given away by `alias` before. Its index entries are
    /// the caller's to remove.
    fn remove(&mut self, entity: u32, n: u64, id: Id) -> Result<()>;
    /// Lets another id lead to an instance, from wherever it led before. An instance's own id is given away only after
    /// the instance was removed.
    fn alias(&mut self, entity: u32, id: Id, n: u64) -> Result<()>;
    /// Moves an instance's entry in a field's index. A live instance has exactly one (null has a key too), others none.
    fn index(&mut self, entity: u32, field: u32, n: u64, old: Option<&[u8]>, new: Option<&[u8]>) -> Result<()>;
    /// Instances of which a field's index holds that key (referrers of an id), above number `after`, at most `limit`.
    fn with_key(&mut self, entity: u32, field: u32, key: &[u8], after: u64, limit: usize) -> Result<Vec<u64>>;
    /// Tells the change feed.
    fn changed(&mut self, entity: u32, n: u64) -> Result<()>;

    /// For each record key of a mapping that is not direct, what is known of it.
    fn records(&mut self, mapping: u32, keys: &[Id], out: &mut Vec<Option<RecordRow>>) -> Result<()>;
    /// Remembers it; returns its number.
    fn put_record(&mut self, mapping: u32, key: Id, n: u64, hash: u64) -> Result<u64>;
    /// Forgets it.
    fn remove_record(&mut self, mapping: u32, key: Id) -> Result<()>;
    /// Instances with a direct observation (hash not 0) whose number is not marked: what a snapshot no longer holds.
    /// Pages by `after`.
    fn unmarked(
        &mut self,
        entity: u32,
        marks: &dyn Fn(u64) -> bool,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Id)>>;
    /// The same for records of a mapping that is not direct: (record's number, key, instance).
    fn unmarked_records(
        &mut self,
        mapping: u32,
        marks: &dyn Fn(u64) -> bool,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Id, u64)>>;
    /// How many direct observations an entity has (`None`), or records a mapping has.
    fn count_records(&mut self, entity: u32, mapping: Option<u32>) -> Result<u64>;

    /// Names the columns of raw records; the same number for the same JSON text.
    fn raw_shape(&mut self, columns: &str) -> Result<u32>;
    /// Keeps a raw record.
    fn put_raw(&mut self, dataset: u32, unit: u32, shape: u32, place: Place, cells: &[u8]) -> Result<RawAt>;
    /// Reads one back, of this transaction or an earlier one.
    fn raw(&mut self, at: RawAt) -> Result<Option<crate::RawRow>>;

    /// Begins a unit, or begins it again: its number. Counts of an earlier, broken attempt are cleared. A unit that was
    /// finished before and comes again is a new one.
    fn begin_unit(&mut self, dataset: u32, key: &UnitKey, at: i64) -> Result<u32>;
    /// A unit by dataset, name and version.
    fn unit_named(&mut self, dataset: u32, name: &str, version: &str) -> Result<Option<crate::Unit>>;
    /// Changes a unit's state.
    fn put_unit(&mut self, unit: u32, change: &UnitChange) -> Result<()>;
    /// Gives up the dataset's units that are open: they will not be read to their end. One that has no reason yet gets
    /// the code `abandoned` and that message. How many there were.
    fn abandon_units(&mut self, dataset: u32, message: &str, at: i64) -> Result<u64>;
    /// The order of a unit: which of two observations is newer.
    fn unit_order(&mut self, unit: u32) -> Result<String>;
    /// Adds to the ledger.
    fn tally(&mut self, unit: u32, dataset: u32, mapping: u32, delta: &Tally) -> Result<()>;

    /// Refuses a record: the letter's number, and whether a person discarded this very record before.
    fn put_dead_letter(&mut self, letter: &NewDeadLetter<'_>) -> Result<(u64, bool)>;
    /// Closes a dead letter.
    fn close_dead_letter(&mut self, number: u64, state: DeadLetterState, reason: Option<&str>) -> Result<()>;
    /// Whether that dead letter is still open, as this transaction sees it.
    fn dead_letter_open(&mut self, number: u64) -> Result<bool>;
    /// Open dead letters of a mapping by record key: number, unit and place. Cheap where there are none.
    fn open_dead_letters(&mut self, mapping: u32, record: Id) -> Result<Vec<(u64, u32, Place)>>;
    /// Units that open dead letters of a dataset are of.
    fn units_with_letters(&mut self, dataset: u32) -> Result<Vec<u32>>;
    /// Closes all open dead letters of a dataset that are of that unit, as superseded.
    fn supersede_letters_of(&mut self, dataset: u32, unit: u32) -> Result<()>;
    /// Closes, as superseded, open dead letters of records that could not be read when the unit's very bytes were read
    /// before, under this name: what still cannot be read is a letter of this unit by now.
    fn supersede_earlier_readings(&mut self, unit: u32) -> Result<()>;
    /// Whether that record of that unit has an open dead letter with that code. Cheap where the record has none.
    fn refused_as(&mut self, mapping: u32, record: Id, unit: u32, code: &str) -> Result<bool>;

    /// Sets a value of a dataset-backed lookup. With the `record` that says so (where the lookup's key does not tell it),
    /// what that record said under another key is removed.
    fn put_lookup(&mut self, lookup: u32, key: &[u8], record: Option<Id>, value: &str) -> Result<LookupPut>;
    /// Removes the row of that key; false if there is none.
    fn remove_lookup(&mut self, lookup: u32, key: &[u8]) -> Result<bool>;
    /// Removes the row that a record gave; its key.
    fn remove_lookup_of(&mut self, lookup: u32, record: Id) -> Result<Option<Vec<u8>>>;
    /// The unit that last spoke of a row of a lookup, or of the record behind it (`who`), a deletion included.
    fn lookup_seen(&mut self, lookup: u32, who: &[u8]) -> Result<Option<u32>>;
    /// Notes that a unit spoke of it.
    fn see_lookup(&mut self, lookup: u32, who: &[u8], unit: u32) -> Result<()>;
    /// The number of a row: what a snapshot's bitmap marks.
    fn lookup_row(&mut self, lookup: u32, key: &[u8]) -> Result<Option<u64>>;
    /// How many rows a lookup has.
    fn count_lookup(&mut self, lookup: u32) -> Result<u64>;
    /// Rows whose number is not marked, with their keys. Pages by `after`.
    fn unmarked_lookup(
        &mut self,
        lookup: u32,
        marks: &dyn Fn(u64) -> bool,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>>;
    /// Reads one.
    fn lookup(&mut self, lookup: u32, key: &[u8]) -> Result<Option<String>>;
    /// Remembers that what became of a record rests on a lookup's key.
    fn depend(&mut self, lookup: u32, key: &[u8], mapping: u32, raw: RawAt) -> Result<()>;
    /// The raw records that rest on a key, and forgets them (deriving them again remembers them again).
    fn dependents(&mut self, lookup: u32, key: &[u8], limit: usize) -> Result<Vec<(u32, RawAt)>>;

    /// Asks a person, once per key; an answered question is asked again only with another `about`.
    fn put_review(&mut self, key: &str, kind: &str, entity: u32, id: Id, about: &str, at: i64) -> Result<()>;
    /// The question has answered itself.
    fn close_review(&mut self, key: &str) -> Result<()>;

    /// Keeps a document for a dataset.
    fn put_dataset(&mut self, dataset: u32, document: &str) -> Result<()>;
    /// Keeps a document under a name of the gateway's own.
    fn put_meta(&mut self, name: &str, document: &str) -> Result<()>;

    /// Reads one of these, as this transaction sees it.
    fn meta(&mut self, name: &str) -> Result<Option<String>>;
    /// Numbers of an entity's instances above `after`, at most `limit`.
    fn scan(&mut self, entity: u32, after: u64, limit: usize) -> Result<Vec<u64>>;

    /// Commits. After an error nothing of the transaction is left.
    fn commit(self: Box<Self>, now_ms: i64) -> Result<Receipt>;
}
