//! Tests of the whole store. The limits at which things are written, sorted or cut are small here (`cfg!(test)`), so that
//! small tests pass them.

mod crash;
mod folding;
mod ingest;
mod lists;
mod opening;
mod records;
mod shapes;
mod support;
mod units;
mod upkeep;
