//! Value tables.

/// A value table.
#[derive(Debug)]
pub struct Table;
