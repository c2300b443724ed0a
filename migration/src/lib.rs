//! Moving routes behind the wrapper, on evidence: when a route may move from the legacy side to the modern one, and when
//! it must come back.
//!
//! Purpose: which route a request belongs to ([`route`]), comparing two answers ([`compare`]), counting what comparisons are worth ([`score`], [`census`]), watching what
//! moved ([`watch`]), what its contract would break ([`contract`]), naming who calls ([`consumer`]), choosing who goes where
//! ([`sticky`], [`stage`]), and deciding ([`gate`]) so that anyone can compute the
//! decision again ([`bundle`]).
//! Invariant: everything is a pure function of what is passed in. No clock, no randomness, no IO: equal evidence gives
//! equal decisions, on every instance and at every later check.
//! Not here: asking either side, keeping evidence, drawing it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod account;
pub mod breaker;
pub mod bundle;
pub mod census;
pub mod compare;
pub mod consumer;
pub mod contract;
pub mod coverage;
pub mod distinct;
pub mod dossier;
pub mod gate;
pub mod json;
mod number;
mod pairs;
pub mod path;
pub mod ramp;
pub mod route;
pub mod score;
pub mod stage;
pub mod sticky;
pub mod watch;

pub use number::Number;
