//! The rooms that do work: `ingest` (records become rows), `serving` (what requests see), `execute` (reads for requests),
//! `why` (lineage).

pub mod capture;
pub mod clock;
pub mod consumers;
pub mod evidence;
pub mod execute;
pub mod ingest;
pub mod live;
pub mod looking;
pub mod places;
pub mod routes;
pub mod serving;
pub mod shadow;
pub mod sources;
pub mod why;
