//! Our own store: what the gateway keeps, behind one trait.
//!
//! Purpose: the interface that SQLite implements here and PostgreSQL will implement too.
//! Invariant: one transaction holds everything that follows from a batch: rows, ids, indexes, raw records, ledger, dead
//! letters, changes, unit and dataset states. Dropping an [`Ingest`] without `commit` leaves no trace.
//! Not here: what rows mean (`banyan_model::instance`), and SQL of any legacy system.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod error;
pub mod evidence;
mod read;
mod rows;
pub mod sqlite;
mod write;

pub use error::StoreError;
pub use read::{ChangePage, Condition, Cursor, Found, ListQuery, Page, Reader, Since, Sort, Test};
pub use rows::{
    Bytes, DeadLetter, DeadLetterFilter, DeadLetterState, Folded, LedgerRow, RawRow, Review, Tally, Unit, UnitChange,
    UnitKey,
};
pub use write::{Ingest, LookupPut, NewDeadLetter, Receipt, RecordRow};

use banyan_model::model::{Catalog, Named, Numbers};

/// A result of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The store.
pub trait Store: Send + Sync {
    /// Gives every name its number, the same for ever. Like `prepare` and `tidy` it waits for an open [`Ingest`].
    fn register(&self, names: &[Named]) -> Result<Numbers>;
    /// What was remembered about the name with that number (`Named::about`), for reading rows of older versions.
    fn about(&self, kind: &str, number: u32) -> Result<Option<(String, String)>>;
    /// Makes tables and indexes for that (bound) catalog. A filter declared for the first time over rows that are there
    /// already is filled from them. Idempotent.
    fn prepare(&self, catalog: &Catalog) -> Result<()>;
    /// A reader. Each thread that reads has its own; it sees every commit within 250 ms.
    fn reader(&self) -> Result<Box<dyn Reader>>;
    /// Begins the write transaction of ingest; waits for the one before.
    fn ingest(&self) -> Result<Box<dyn Ingest + '_>>;
    /// Returns once the commit of that receipt survives a power cut. Nothing irreversible happens before.
    fn durable(&self, receipt: Receipt) -> Result<()>;
    /// Uses a quiet moment: what was written lately is put where it reads fastest. Does nothing while someone writes.
    fn rest(&self) -> Result<()>;
    /// Grows with every commit: what caches compare.
    fn generation(&self) -> u64;
    /// Whether readers may wait for a network; then they are called on threads that may block.
    fn waits(&self) -> bool;
    /// Checks the store's own consistency (ids, indexes, ledger, raw blocks); what is wrong, in sentences.
    fn verify(&self) -> Result<Vec<String>>;
    /// Copies the store, while it works, into that file.
    fn backup(&self, to: &std::path::Path) -> Result<()>;
    /// Drops raw blocks older than each dataset's retention on which no observation stands. Returns bytes freed, about.
    fn tidy(&self, now_ms: i64, catalog: &Catalog) -> Result<u64>;
    /// Folds ended units of a dataset of which nothing is left but their counts: no observation, raw record or dead
    /// letter refers to them. The newest `keep` of those stay. Their counts go on in `Reader::folded` and in the totals.
    /// Returns how many were folded.
    fn fold(&self, dataset: u32, keep: u32) -> Result<u64>;
}
