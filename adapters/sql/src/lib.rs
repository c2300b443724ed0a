//! What all adapters for SQL databases share.
//!
//! Purpose: everything about reading a database that does not depend on how one speaks to it. A driver ([`Driver`],
//! [`Link`]) opens connections and answers SELECTs; this crate decides which SELECTs, when, and what they mean. A kind
//! reads its own keys, lets [`datasets`] read those of its datasets, and opens a [`SqlSource`].
//! Invariant: no statement reaches a driver that the guard has not passed, and each is written down with its duration and
//! rows. Not here: protocols and drivers (`adapters/mssql`, `adapters/odbc`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod config;
mod door;
mod driver;
mod feed;
mod find;
mod fit;
pub mod guard;
mod lane;
mod lookup;
mod prepared;
mod refusals;
mod source;
mod task;
mod text;

pub use config::spec::{DatasetSpec, Datasets, Mode, SyncSpec, misses};
pub use config::{dataset_schema, datasets};
pub use driver::{
    Access, Aside, Asides, ColumnInfo, Dialect, Driver, IndexInfo, Link, Param, ReferenceInfo, Sink, Statement,
    TableInfo, TableName,
};
pub use prepared::{Reached, SqlPrepared};
pub use refusals::REFUSALS;
pub use source::SqlSource;
pub use text::{ReadFrom, quoted};
