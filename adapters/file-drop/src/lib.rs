//! Adapter for folders that files are dropped into.
//!
//! Purpose: notices files, waits until they are whole, and reads them as records: delimited, of fixed width, JSON, XML,
//! packed or not. Two halves that know nothing of each other: [`folder`] (which files, when, in which order) and
//! [`format`] (bytes to records); [`feed`] joins them.
//! Invariant: a file is only read. It is moved or deleted only where the configuration says so, and only after its
//! records are durable. Only [`FileDrop`] is an interface; the modules are open for benches and fuzzing. Not here: what records mean, and what was read before (the gateway's memory).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod feed;
#[doc(hidden)]
pub mod folder;
#[doc(hidden)]
pub mod format;
mod prepared;
mod refusals;

pub use feed::Ticks;
pub use prepared::FileDrop;
pub use refusals::REFUSALS;
