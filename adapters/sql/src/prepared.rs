//! A checked database source, whatever its driver.

use crate::{Datasets, Driver, SqlSource};
use banyan_adapter::{Connected, Context, Fault, Prepared, Pushable, Task};
use banyan_words::{Batch, Column, Problem};
use std::path::Path;
use std::sync::Arc;

/// What a kind's own keys come to.
pub struct Reached {
    /// Opens connections.
    pub driver: Arc<dyn Driver>,
    /// A login that may write is used all the same.
    pub allow_writable_login: bool,
    /// Warnings about the kind's own keys.
    pub warnings: Vec<Problem>,
}

/// See the module.
pub struct SqlPrepared {
    reached: Reached,
    datasets: Datasets,
}

impl SqlPrepared {
    /// Joins what a kind read of its source with what was read of its datasets; the problems of both come out together.
    pub fn of(
        reached: Result<Reached, Vec<Problem>>,
        datasets: Result<Datasets, Vec<Problem>>,
    ) -> Result<Box<dyn Prepared>, Vec<Problem>> {
        match (reached, datasets) {
            (Ok(reached), Ok(datasets)) => Ok(Box::new(SqlPrepared { reached, datasets })),
            (reached, datasets) => {
                let mut problems = reached.err().unwrap_or_default();
                problems.extend(datasets.err().unwrap_or_default());
                Err(problems)
            }
        }
    }
}

impl Prepared for SqlPrepared {
    fn warnings(&self) -> Vec<Problem> {
        self.reached.warnings.iter().chain(&self.datasets.warnings).cloned().collect()
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

    fn pushes(&self, dataset: &str, columns: &[Column], indexed: &[String]) -> Vec<Pushable> {
        self.datasets.pushes(dataset, columns, indexed)
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
        let Reached { driver, allow_writable_login, .. } = &self.reached;
        let source = SqlSource::new(driver.clone(), self.datasets.clone(), cx, *allow_writable_login);
        // The server may be away now and there later: feeds and health say so.
        Box::pin(async move { Ok(Box::new(source) as Box<dyn Connected>) })
    }
}
