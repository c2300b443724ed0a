//! Old screens, driven as a person would drive them: the last resort, made dependable.
//!
//! Purpose: a *map* says which screens there are and how each is known, *flows* say what to do on them; the engine runs a
//! flow in a session of one of three transports (3270, VT, web). What it reads feeds datasets like any other source.
//! Invariant: no key is sent unless exactly one screen was recognised, and it is one that the flow expects there.
//! Not here: entities, mappings, the store; any Windows desktop.
//!
//! The way of a run: [`map`] (what was checked offline) → [`engine`] (recognise, act, wait, read back, read) → a
//! [`transport`] (how keys reach the far side and pictures come back) → [`picture`] (what a session shows).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod bms;
pub mod drift;
pub mod engine;
pub mod kind;
pub mod map;
pub mod picture;
mod private;
pub mod record;
pub mod refusals;
pub mod show;
pub mod source;
pub mod trace;
pub mod transport;

pub use kind::Screens;
