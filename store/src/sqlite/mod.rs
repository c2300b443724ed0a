//! The store on SQLite.
//!
//! One file and its write-ahead log; one writer, any number of readers, none waiting for another. `ENGINE.md` tells what
//! the layout was measured against.
//! Invariant: SQL of the store is written in this folder and nowhere else.

pub(crate) mod backup;
mod bits;
mod blocks;
mod codes;
mod durable;
pub(crate) mod fault;
mod fold;
mod layout;
mod names;
mod open;
mod prepare;
mod read;
#[allow(unsafe_code, reason = "SQLite's virtual tables are two unsafe traits that demand a memory layout")]
mod slice;
#[cfg(test)]
mod tests;
mod tidy;
mod verify;
mod write;

use crate::{Ingest, Reader, Receipt, Result, Store, StoreError};
use banyan_model::model::{Catalog, Named, Numbers};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use write::{SqliteIngest, Writer};

/// Opens the store in that file, makes it if there is none, and holds it for this process.
pub fn open(path: &Path) -> Result<SqliteStore> {
    SqliteStore::open(path)
}

/// What readers compare with: counts of commits, and of registrations of names.
#[derive(Debug, Default)]
struct Clockwork {
    commits: AtomicU64,
    names: AtomicU64,
}

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    writer: Option<Mutex<Writer>>,
    clockwork: Arc<Clockwork>,
    syncer: durable::Syncer,
    /// Held until the store is dropped, after the writer.
    _lock: Option<File>,
}

impl SqliteStore {
    /// See [`open`].
    pub fn open(path: &Path) -> Result<SqliteStore> {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| fault::io("cannot make the folder", folder, &e))?;
        }
        // Looked at before anything is made beside it.
        open::look(path)?;
        let lock = open::lock(path)?;
        let writer = open::writer(path).and_then(Writer::new).map_err(|e| fault::named(e, path))?;
        Ok(SqliteStore::new(path, Some(writer), Some(lock)))
    }

    /// Opens a store for reading, also while a gateway works on it. Calls that write fail.
    pub fn open_reader(path: &Path) -> Result<SqliteStore> {
        match open::look(path)? {
            open::Standing::Ours(layout) if layout == layout::STEPS.len() => {}
            open::Standing::Ours(_) => {
                return Err(StoreError::Database(format!(
                    "the store {} has an older layout; start the gateway once, it brings it up to date",
                    path.display()
                )));
            }
            open::Standing::Empty => {
                return Err(StoreError::Database(format!("there is no store at {}", path.display())));
            }
        }
        Ok(SqliteStore::new(path, None, None))
    }

    fn new(path: &Path, writer: Option<Writer>, lock: Option<File>) -> SqliteStore {
        let clockwork = Clockwork { commits: AtomicU64::new(1), names: AtomicU64::new(1) };
        SqliteStore {
            path: path.to_owned(),
            writer: writer.map(Mutex::new),
            clockwork: Arc::new(clockwork),
            syncer: durable::Syncer::new(path),
            _lock: lock,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn named(&self, e: StoreError) -> StoreError {
        fault::named(e, &self.path)
    }

    fn begin(&self) -> Result<SqliteIngest<'_>> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::ReadOnly(self.path.display().to_string()));
        };
        let writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        SqliteIngest::begin(self, writer).map_err(|e| self.named(e))
    }

    /// Counts a commit.
    fn committed(&self) -> Receipt {
        Receipt(self.clockwork.commits.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// Tells readers that names or tables have changed.
    fn renamed(&self) {
        self.clockwork.names.fetch_add(1, Ordering::AcqRel);
    }

    fn sqlite_reader(&self) -> Result<read::SqliteReader> {
        read::SqliteReader::new(open::reader(&self.path)?, self.clockwork.clone())
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn register(&self, names: &[Named]) -> Result<Numbers> {
        let known = self.sqlite_reader()?.with(|c| names::known(c, names))?;
        if let Some(numbers) = known {
            return Ok(numbers);
        }
        let mut tx = self.begin()?;
        let numbers = tx.with(|c| names::register(c, names))?;
        tx.finish()?;
        Ok(numbers)
    }

    fn about(&self, kind: &str, number: u32) -> Result<Option<(String, String)>> {
        self.sqlite_reader()?.with(|c| names::about(c, kind, number))
    }

    fn prepare(&self, catalog: &Catalog) -> Result<()> {
        prepare::prepare(self, catalog)
    }

    fn reader(&self) -> Result<Box<dyn Reader>> {
        Ok(Box::new(self.sqlite_reader()?))
    }

    fn ingest(&self) -> Result<Box<dyn Ingest + '_>> {
        Ok(Box::new(self.begin()?))
    }

    fn durable(&self, receipt: Receipt) -> Result<()> {
        self.syncer.durable(receipt, &self.clockwork.commits)
    }

    fn rest(&self) -> Result<()> {
        let Some(writer) = &self.writer else { return Ok(()) };
        match writer.try_lock() {
            Ok(writer) => writer.checkpoint().map_err(|e| self.named(e)),
            Err(_) => Ok(()),
        }
    }

    fn generation(&self) -> u64 {
        self.clockwork.commits.load(Ordering::Acquire)
    }

    fn waits(&self) -> bool {
        false
    }

    fn verify(&self) -> Result<Vec<String>> {
        verify::verify(&mut self.sqlite_reader()?)
    }

    fn backup(&self, to: &Path) -> Result<()> {
        backup::backup(&mut self.sqlite_reader()?, to)
    }

    fn tidy(&self, now_ms: i64, catalog: &Catalog) -> Result<u64> {
        tidy::tidy(self, now_ms, catalog)
    }

    fn fold(&self, dataset: u32, keep: u32) -> Result<u64> {
        fold::fold(self, dataset, keep)
    }
}
