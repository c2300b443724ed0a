//! Value tables: what a legacy code means, as a spreadsheet says it.
//!
//! Invariant: for any keys at most one row answers, and which one does not depend on the order of the rows.
//! Not here: lookups whose rows are a dataset's (the caller fetches those).

mod csv;
mod table;

pub use table::Table;
