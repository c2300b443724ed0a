//! The gateway: the roof over the pure library, the store and the adapters.
//!
//! Rooms: `config` reads the YAML, `runtime` does the work (ingest, reads, re-derivation), `http` serves the facade,
//! `ops` shows what happens, `cli` is the command line, `adapters` is the one list that names concrete adapters.
//! Arrows run downward only (DESIGN: the house); `tests/architecture.rs` fails on one that climbs.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod adapters;
pub mod cli;
pub mod config;
pub mod gateway;
pub mod http;
pub mod ops;
pub mod runtime;
