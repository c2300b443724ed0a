//! The one list that names concrete adapters. A new adapter is a new crate and one line here.

use banyan_adapter::Kind;

/// Every adapter kind this product was built with.
pub const KINDS: &[&dyn Kind] =
    &[&banyan_file_drop::FileDrop, &banyan_mssql::Mssql, &banyan_odbc::Odbc, &banyan_screens::Screens];
