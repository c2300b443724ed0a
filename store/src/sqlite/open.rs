//! Opening the file: whose it is, which layout it has, and who else holds it.
//!
//! Invariant: a file that is not ours, or was written by a newer version, is not changed by a byte. The file itself is
//! opened by SQLite alone: closing a second handle of our own would drop the locks SQLite holds on it.

use super::fault::{io, named};
use super::layout::{APPLICATION, STEPS};
use crate::{Result, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes of the file that may be mapped. Mapped pages belong to the file, not to the process' own memory.
const MAPPED: i64 = 1 << 30;

/// How long a lock may outlast the gateway that held it.
const LETS_GO_WITHIN: Duration = Duration::from_secs(1);
/// Between two tries to lock.
const LOCK_AGAIN: Duration = Duration::from_millis(20);

/// A path with something appended to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Holds the store for this process until dropped.
pub(super) fn lock(path: &Path) -> Result<File> {
    let at = beside(path, ".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&at)
        .map_err(|e| io("cannot open the lock file", &at, &e))?;
    // A program that the one before started has everything that was open until it runs itself: a moment longer.
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LETS_GO_WITHIN => std::thread::sleep(LOCK_AGAIN),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(path.display().to_string())),
            Err(TryLockError::Error(e)) => return Err(io("cannot lock", &at, &e)),
        }
    }
}

/// What stands at that path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing, or a file that was created and never filled.
    Empty,
    /// One of ours, of that layout.
    Ours(usize),
}

/// Looks without touching; errors are `Foreign` and `Newer`.
pub(super) fn look(path: &Path) -> Result<Standing> {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Standing::Empty),
        Err(e) => return Err(io("cannot look at", path, &e)),
        Ok(m) if !m.is_file() => return Err(StoreError::Foreign(path.display().to_string())),
        Ok(m) if m.len() == 0 => return Ok(Standing::Empty),
        Ok(_) => {}
    }
    let foreign = || StoreError::Foreign(path.display().to_string());
    let look = || -> std::result::Result<(i64, i64, i64), rusqlite::Error> {
        let conn =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.busy_timeout(Duration::from_secs(5))?;
        // At one moment: somebody may be laying it out just now.
        let moment = conn.unchecked_transaction()?;
        let one = |sql: &str| moment.query_row(sql, [], |r| r.get::<_, i64>(0));
        Ok((one("PRAGMA application_id")?, one("PRAGMA user_version")?, one("SELECT count(*) FROM sqlite_master")?))
    };
    match look() {
        Ok((APPLICATION, layout, _)) => {
            let known = STEPS.len();
            match usize::try_from(layout) {
                Ok(found) if found <= known => Ok(Standing::Ours(found)),
                _ => Err(StoreError::Newer { path: path.display().to_string(), found: layout, known: known as i64 }),
            }
        }
        Ok((0, 0, 0)) => Ok(Standing::Empty),
        Ok(_) => Err(foreign()),
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => Err(foreign()),
        Err(e) => Err(named(e.into(), path)),
    }
}

/// What every connection is told. Plans must not depend on bound values: otherwise SQLite (3.54) prepares a statement
/// anew whenever it comes out of the cache, which costs several times what the statement does.
fn steady(conn: &Connection) -> Result<()> {
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(256);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// The connection that writes; makes the file, or brings an older one to our layout.
pub(super) fn writer(path: &Path) -> Result<Connection> {
    let standing = look(path)?;
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    steady(&conn)?;
    if standing == Standing::Empty {
        conn.pragma_update(None, "page_size", 8192)?;
    }
    // Commits are big and rare: the log is synced when it is copied back, and by `durable` before that.
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |r| r.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Database(format!(
            "the file system of {} cannot hold a store (no write-ahead log)",
            path.display()
        )));
    }
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "cache_size", -12_000)?;
    conn.pragma_update(None, "mmap_size", MAPPED)?;
    conn.pragma_update(None, "wal_autocheckpoint", 16_000)?;
    conn.pragma_update(None, "journal_size_limit", 256_i64 << 20)?;
    let from = if let Standing::Ours(layout) = standing { layout } else { 0 };
    raise(&mut conn, from, STEPS)?;
    Ok(conn)
}

/// Brings a file from layout `from` to the newest, wholly or not at all.
pub(super) fn raise(conn: &mut Connection, from: usize, steps: &[&str]) -> Result<()> {
    let missing = steps.get(from..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    for step in missing {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", steps.len() as i64)?;
    Ok(tx.commit()?)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let open = || -> Result<Connection> {
        let conn =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        steady(&conn)?;
        conn.pragma_update(None, "mmap_size", MAPPED)?;
        conn.pragma_update(None, "cache_size", -2_000)?;
        Ok(conn)
    };
    open().map_err(|e| named(e, path))
}
