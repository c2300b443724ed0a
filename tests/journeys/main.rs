//! Journeys through the real program: files are dropped, answers are read, the process is killed. One module a story.
//!
//! Not here: what one room does alone (its own tests), what the document promises (`tests/contract.sh`).

#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod crash;
mod databases;
mod demo;
mod discover;
mod drift;
mod failing;
mod feed;
mod hazards;
mod inside;
mod legacy;
mod letters;
mod lookups;
mod redrop;
mod reread;
mod routes;
mod screens;
mod together;
mod tour;
mod trouble;
