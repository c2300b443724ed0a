//! What every adapter must do, as checks that its author runs.
//!
//! Purpose: [`check_feed`] puts a feed through its paces and names every promise it breaks. [`Store`] is a memory of
//! units as the gateway keeps one; [`Gateway`] is the smallest thing that takes in deliveries as the gateway does.
//! Not here: what a record should say. That is the adapter's own test.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod check;
mod gateway;
mod memory;

pub use check::{Subject, assert_feed, check_feed};
pub use gateway::{Cell, End, Gateway, Record, Unit, block_on};
pub use memory::Store;
