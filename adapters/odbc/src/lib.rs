//! Any database with an ODBC driver, through a worker process.
//!
//! Purpose: [`OdbcDriver`] opens connections for `banyan-sql`, each held by a process of its own that alone links libodbc:
//! a driver that crashes, hangs or is not thread-safe costs that connection and nothing else.
//! Invariant: a connection whose server can promise read-only has promised and proved it before it is used; secrets of the
//! connection string travel over a pipe only. Not here: which statements are sent, and when (`banyan-sql`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod access;
mod catalog;
mod driver;
mod fault;
mod kind;
mod link;
pub mod page;
mod process;
mod secret;
mod session;
pub mod wire;

pub use driver::{Config, OdbcDriver};
pub use kind::{Odbc, REFUSALS};
