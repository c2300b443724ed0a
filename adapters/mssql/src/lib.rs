//! Reads Microsoft SQL Server over TDS 7.3 and 7.4, and never writes to it.
//!
//! Purpose: [`MssqlDriver`] opens connections for `banyan-sql`. It knows TDS, the server's types and its catalog; which
//! SELECTs are sent, when, and what they mean is decided there.
//! Invariant: nothing the server sends makes this crate panic or changes a value silently. A value that cannot be carried
//! over exactly makes its row a dead letter; an answer that cannot be decoded is a fault that names what to do; a panic
//! inside the protocol library ends its task, which is reported as a fault as well.
//! Not here: the guard, passes, lookups, discovery (`banyan-sql`); Windows logins.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod access;
mod catalog;
mod cells;
mod config;
mod describe;
mod driver;
mod faults;
mod kind;
mod link;
mod params;
mod session;
mod settings;
mod times;
mod types;

pub use driver::MssqlDriver;
pub use faults::REFUSALS;
pub use kind::Mssql;
pub use settings::{Address, Encrypt, Login, Settings, Trust};
pub use types::{read_as, type_of};
