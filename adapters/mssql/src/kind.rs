//! The adapter kind `mssql`.

use crate::config::{self, SourceConfig};
use crate::driver::MssqlDriver;
use crate::faults::REFUSALS;
use banyan_adapter::{Kind, Prepared, RawSource, RefusalDef};
use banyan_sql::{Dialect, Reached, SqlPrepared};
use banyan_words::Problem;
use std::sync::{Arc, LazyLock};

/// Its own refusals and those that all SQL sources share.
static ALL_REFUSALS: LazyLock<Vec<RefusalDef>> = LazyLock::new(|| {
    let mut all = REFUSALS.to_vec();
    all.extend_from_slice(banyan_sql::REFUSALS);
    all
});

/// The adapter kind `mssql`: Microsoft SQL Server.
pub struct Mssql;

impl Kind for Mssql {
    fn name(&self) -> &'static str {
        "mssql"
    }

    fn source_schema(&self) -> schemars::Schema {
        schemars::schema_for!(SourceConfig)
    }

    fn dataset_schema(&self) -> schemars::Schema {
        banyan_sql::dataset_schema()
    }

    fn refusals(&self) -> &'static [RefusalDef] {
        &ALL_REFUSALS
    }

    fn prepare(&self, raw: &RawSource) -> Result<Box<dyn Prepared>, Vec<Problem>> {
        let reached = config::source(raw).map(|source| Reached {
            driver: Arc::new(MssqlDriver::new(source.settings)),
            allow_writable_login: source.allow_writable_login,
            warnings: source.warnings,
        });
        SqlPrepared::of(reached, banyan_sql::datasets(raw, Some(Dialect::Tsql)))
    }
}
