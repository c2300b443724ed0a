//! The pure library: what the configuration means, and what records become.
//!
//! Invariant: no IO, no runtime, no clock, no randomness; all of that is passed in. The same inputs give the same bytes.
//! Not here: reading sources (adapters), keeping rows (`banyan-store`), serving them (the gateway).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod compile;
pub mod draft;
pub mod formula;
pub mod identity;
pub mod instance;
pub mod lookup;
pub mod mapping;
pub mod model;
pub mod ownership;
pub mod query;
pub mod refusal;
