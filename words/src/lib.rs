//! Plain words that both the pure library and every adapter speak.
//!
//! Purpose: values, exact decimals, canonical ids, records with their origin, and problems.
//! Invariant: nothing here does IO, reads a clock, or draws randomness; every type is plain data.
//! Not here: entities, mappings and ownership (`banyan-model`), ports (`banyan-adapter`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod batch;
pub mod codec;
pub mod decimal;
pub mod id;
pub mod node;
pub mod origin;
pub mod problem;
pub mod types;
pub mod value;

pub use batch::{Bad, Batch, BatchBuilder, Column, Fate, Row, Shape};
pub use decimal::Decimal;
pub use id::Id;
pub use origin::{Place, UnitRef, UnitState};
pub use problem::{Problem, Severity, Spot};
pub use types::Type;
pub use value::Value;
