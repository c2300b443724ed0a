//! Record -> what it says of which instance, or why it is refused.
//!
//! Purpose: a [`Runner`] is a mapping bound to the columns of one shape; it reads keys and runs the formulas.
//! Invariant: running is pure; the same record, plan and lookup rows give the same bytes.
//! Not here: which observation wins (`identity`, `ownership`), storing.

mod draft;
mod fragment;
mod kinds;
mod runner;

pub use draft::{Draft, SayKind};
pub use fragment::write_fragment;
pub use kinds::{Split, Splitter};
pub use runner::{Fate, KeyFault, Refusal, Runner};
