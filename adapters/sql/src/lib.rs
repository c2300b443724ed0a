//! What all adapters for SQL databases share.
//!
//! Purpose: everything about reading a database that does not depend on how one speaks to it. A driver ([`Driver`],
//! [`Link`]) opens connections and answers SELECTs; this crate decides which SELECTs, when, and what they mean.
//! Invariant: no statement reaches a driver that the guard has not passed, and each is written down with its duration and
//! rows. Not here: protocols and drivers (`adapters/mssql`, `adapters/odbc`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod driver;

pub use driver::{Access, ColumnInfo, Dialect, Driver, IndexInfo, Link, Param, Sink, Statement, TableInfo, TableName};
