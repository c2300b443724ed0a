//! The adapter kind `mssql`.

use crate::config::{self, SourceConfig};
use crate::driver::MssqlDriver;
use crate::faults::REFUSALS;
use crate::settings::Settings;
use banyan_adapter::{Connected, Context, Fault, Kind, Prepared, RawSource, RefusalDef, Task};
use banyan_sql::{Datasets, Dialect, SqlSource};
use banyan_words::{Batch, Column, Problem};
use std::path::Path;
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
        match (config::source(raw), banyan_sql::datasets(raw, Some(Dialect::Tsql))) {
            (Ok(source), Ok(datasets)) => {
                let mut warnings = source.warnings;
                warnings.extend_from_slice(&datasets.warnings);
                let allow_writable_login = source.allow_writable_login;
                Ok(Box::new(Ready { settings: source.settings, allow_writable_login, datasets, warnings }))
            }
            (source, datasets) => {
                let mut problems = source.err().unwrap_or_default();
                problems.extend(datasets.err().unwrap_or_default());
                Err(problems)
            }
        }
    }
}

/// A checked source.
struct Ready {
    settings: Settings,
    allow_writable_login: bool,
    datasets: Datasets,
    warnings: Vec<Problem>,
}

impl Prepared for Ready {
    fn warnings(&self) -> Vec<Problem> {
        self.warnings.clone()
    }

    fn columns(&self, _dataset: &str) -> Option<Vec<Column>> {
        None
    }

    fn feeds(&self, dataset: &str) -> bool {
        self.datasets.feeds(dataset)
    }

    fn together(&self, dataset: &str) -> Option<String> {
        self.datasets.together(dataset)
    }

    fn looks_up(&self, dataset: &str) -> bool {
        self.datasets.looks_up(dataset)
    }

    fn whole(&self, dataset: &str) -> bool {
        self.datasets.feeds(dataset)
    }

    fn reading_hash(&self, dataset: &str) -> u64 {
        self.datasets.reading_hash(dataset)
    }

    fn read_file(&self, _dataset: &str, _path: &Path, _limit: usize) -> Result<Vec<Batch>, Fault> {
        Err(Fault::permanent("not-a-file", "this source is a database; there is no file to read"))
    }

    fn connect(&self, cx: Context) -> Task<'_, Result<Box<dyn Connected>, Fault>> {
        let driver = Arc::new(MssqlDriver::new(self.settings.clone()));
        let source = SqlSource::new(driver, self.datasets.clone(), cx, self.allow_writable_login);
        // The server may be away now and there later: feeds and health say so.
        Box::pin(async move { Ok(Box::new(source) as Box<dyn Connected>) })
    }
}
