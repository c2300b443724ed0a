//! The rooms that do work: `ingest` (records become rows), `serving` (what requests see), `why` (lineage).

pub mod clock;
pub mod ingest;
