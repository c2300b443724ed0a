//! A source whose records stand on screens: its sessions, feeds, live reads and writes.
//!
//! Invariant: at most `pool.max` sessions, one transaction at a time in each; a session that is not at rest is never used
//! again; after a commit nothing is repeated. Not here: how a flow runs ([`crate::engine`]).

mod spec;

pub use spec::{DatasetSpec, Login, PassSpec, ReadSpec, Spec};
