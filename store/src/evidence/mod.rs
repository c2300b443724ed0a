//! The evidence store: what comparisons came to, in a file of its own beside the store.
//!
//! Purpose: each route's documents (its account, its watch), prints of what counted, samples of mismatches, bundles of
//! decisions, verdicts of people.
//! Invariant: everything between two commits is there wholly or not at all, so that after a kill counts and prints agree
//! and nothing counts twice. What people decided is synced before it is told to be done.
//! Not here: what the documents mean (`banyan_migration`); they are text to this room.

mod consumers;
mod copy;
mod layout;
mod rows;

pub use consumers::{DayRow, PairRow};
pub use rows::{BundleRow, PrintRow, RouteRow, SampleRow, VerdictRow};

use crate::sqlite::fault::{io, named};
use crate::{Result, StoreError};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Samples kept of a cluster; the oldest make room.
pub const SAMPLES: i64 = 20;

/// Bundles and verdicts kept of a route; the oldest make room.
const KEPT: i64 = 1_000;

/// Where the evidence of a store's gateway is: beside the store.
pub fn path_of(store: &Path) -> PathBuf {
    store.with_extension("evidence.db")
}

/// The evidence store, opened by the one who writes, or for reading.
#[derive(Debug)]
pub struct EvidenceStore {
    conn: Connection,
    path: PathBuf,
    /// A transaction is open.
    within: bool,
    /// The file is not made yet, since nothing was written: until then an empty one in memory stands for it.
    unmade: bool,
}

impl EvidenceStore {
    /// Opens it for writing. Where there is none it is made with the first thing that is written.
    pub fn open(path: &Path) -> Result<EvidenceStore> {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| io("cannot make the folder", folder, &e))?;
        }
        let unmade = !path.exists();
        let conn = for_writing(if unmade { Path::new(":memory:") } else { path })?;
        Ok(EvidenceStore { conn, path: path.to_owned(), within: false, unmade })
    }

    /// Opens it for reading, also while a gateway works with it. `None`: there is none yet.
    pub fn read(path: &Path) -> Result<Option<EvidenceStore>> {
        if !path.exists() {
            return Ok(None);
        }
        let conn = layout::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| named(e, path))?;
        Ok(conn.map(|conn| EvidenceStore { conn, path: path.to_owned(), within: false, unmade: false }))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn begin(&mut self) -> Result<()> {
        if self.unmade {
            self.conn = for_writing(&self.path)?;
            self.unmade = false;
        }
        if !self.within {
            self.conn.execute_batch("BEGIN IMMEDIATE")?;
            self.within = true;
        }
        Ok(())
    }

    /// Keeps what was written since the last commit.
    pub fn commit(&mut self) -> Result<()> {
        if self.within {
            self.conn.execute_batch("COMMIT")?;
            self.within = false;
        }
        Ok(())
    }

    /// Drops what was written since the last commit.
    pub fn roll_back(&mut self) {
        if std::mem::take(&mut self.within) && !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }

    /// Keeps it, synced: a power cut does not take it back.
    pub fn commit_durably(&mut self) -> Result<()> {
        self.commit()?;
        // Copying the log back syncs it first. Readers may hold some pages; those are synced all the same.
        self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// The route's number here; makes it known.
    pub fn route(&mut self, name: &str) -> Result<i64> {
        let known =
            self.conn.prepare_cached("SELECT number FROM route WHERE name = ?1")?.query_row([name], |r| r.get(0));
        if let Some(number) = known.optional()? {
            return Ok(number);
        }
        self.begin()?;
        self.conn.execute("INSERT INTO route(name, account, watch) VALUES (?1, '', '')", [name])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Puts the documents of a route; without a watch the one that is there stays.
    pub fn put(&mut self, route: i64, account: &str, watch: Option<&str>) -> Result<()> {
        self.begin()?;
        let sql = "UPDATE route SET account = ?2, watch = coalesce(?3, watch) WHERE number = ?1";
        let mut put = self.conn.prepare_cached(sql)?;
        put.execute(params![route, account, watch])?;
        Ok(())
    }

    /// What is remembered of a print under that epoch since then.
    pub fn remembered(&self, route: i64, epoch: u64, print: &[u8; 16], since_ms: i64) -> Result<Option<PrintRow>> {
        let sql = "SELECT outcome, signature FROM print WHERE route = ?1 AND print = ?2 AND epoch = ?3 AND at >= ?4";
        let mut found = self.conn.prepare_cached(sql)?;
        let row = found.query_row(params![route, print, epoch as i64, since_ms], |r| {
            Ok(PrintRow { outcome: r.get(0)?, signature: r.get::<_, i64>(1)? as u64 })
        });
        Ok(row.optional()?)
    }

    /// Remembers a print, in place of what was remembered of it.
    pub fn remember(&mut self, route: i64, epoch: u64, print: &[u8; 16], at_ms: i64, row: PrintRow) -> Result<()> {
        self.begin()?;
        let sql = "INSERT INTO print(route, print, epoch, at, outcome, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT(route, print) DO UPDATE SET
                 at = excluded.at, epoch = excluded.epoch, outcome = excluded.outcome, signature = excluded.signature";
        let mut put = self.conn.prepare_cached(sql)?;
        put.execute(params![route, print, epoch as i64, at_ms, row.outcome, row.signature as i64])?;
        Ok(())
    }

    /// How many prints of a route are remembered.
    pub fn prints(&self, route: i64) -> Result<u64> {
        let n: i64 = self.conn.query_row("SELECT count(*) FROM print WHERE route = ?1", [route], |r| r.get(0))?;
        Ok(n as u64)
    }

    /// Forgets prints of before then, and those of older epochs.
    pub fn forget_prints(&mut self, route: i64, epoch: u64, before_ms: i64) -> Result<()> {
        self.begin()?;
        let sql = "DELETE FROM print WHERE route = ?1 AND (at < ?2 OR epoch <> ?3)";
        self.conn.prepare_cached(sql)?.execute(params![route, before_ms, epoch as i64])?;
        Ok(())
    }

    /// Keeps a sample of a cluster, the newest [`SAMPLES`].
    pub fn add_sample(&mut self, route: i64, cluster: u64, document: &str) -> Result<()> {
        self.begin()?;
        let sql = "INSERT INTO sample(route, cluster, document) VALUES (?1, ?2, ?3)";
        self.conn.prepare_cached(sql)?.execute(params![route, cluster as i64, document])?;
        let sql = "DELETE FROM sample WHERE route = ?1 AND cluster = ?2 AND number <= (SELECT number FROM sample
             WHERE route = ?1 AND cluster = ?2 ORDER BY number DESC LIMIT 1 OFFSET ?3)";
        self.conn.prepare_cached(sql)?.execute(params![route, cluster as i64, SAMPLES])?;
        Ok(())
    }

    /// Drops the samples of clusters of a route that are not among those.
    pub fn keep_samples_of(&mut self, route: i64, clusters: &[u64]) -> Result<()> {
        self.begin()?;
        let listed = serde_json::to_string(clusters).unwrap_or_default();
        let sql = "DELETE FROM sample WHERE route = ?1 AND cluster NOT IN (SELECT value FROM json_each(?2))";
        self.conn.execute(sql, params![route, listed])?;
        Ok(())
    }

    /// Keeps a bundle; its number.
    pub fn add_bundle(&mut self, route: &str, at: &str, document: &str) -> Result<u64> {
        self.add("bundle", route, at, document)
    }

    /// Keeps a person's verdict; its number.
    pub fn add_verdict(&mut self, route: &str, at: &str, document: &str) -> Result<u64> {
        self.add("verdict", route, at, document)
    }

    fn add(&mut self, table: &str, route: &str, at: &str, document: &str) -> Result<u64> {
        self.begin()?;
        self.conn.execute(
            &format!("INSERT INTO {table}(route, at, document) VALUES (?1, ?2, ?3)"),
            params![route, at, document],
        )?;
        let number = self.conn.last_insert_rowid();
        let sql = format!(
            "DELETE FROM {table} WHERE route = ?1 AND number <= (SELECT number FROM {table} WHERE route = ?1
                 ORDER BY number DESC LIMIT 1 OFFSET ?2)"
        );
        self.conn.execute(&sql, params![route, KEPT])?;
        Ok(number as u64)
    }
}

impl Drop for EvidenceStore {
    fn drop(&mut self) {
        self.roll_back();
    }
}

fn for_writing(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let opened = layout::open(path, flags).map_err(|e| named(e, path))?;
    opened.ok_or_else(|| foreign(path))
}

fn busy(conn: &Connection) -> std::result::Result<(), rusqlite::Error> {
    conn.busy_timeout(Duration::from_secs(5))
}

fn foreign(path: &Path) -> StoreError {
    StoreError::Foreign(path.display().to_string())
}
