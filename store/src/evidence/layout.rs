//! The layout of the file, and how it is opened.
//!
//! Invariant: a file that is not ours, or of a newer layout, is not changed by a byte. A step that was released is never
//! changed; a new layout is a new step.

use super::{busy, foreign};
use crate::{Result, StoreError};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::path::Path;

/// "BNYE".
const APPLICATION: i64 = 0x424e_5945;

const STEPS: &[&str] = &[
    "
CREATE TABLE route(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, account TEXT NOT NULL, watch TEXT NOT NULL);
CREATE TABLE print(route INTEGER NOT NULL, print BLOB NOT NULL, epoch INTEGER NOT NULL, at INTEGER NOT NULL,
    outcome INTEGER NOT NULL, signature INTEGER NOT NULL, PRIMARY KEY(route, print)) WITHOUT ROWID;
CREATE TABLE sample(number INTEGER PRIMARY KEY AUTOINCREMENT, route INTEGER NOT NULL, cluster INTEGER NOT NULL,
    document TEXT NOT NULL);
CREATE INDEX sample_cluster ON sample(route, cluster, number);
CREATE TABLE bundle(number INTEGER PRIMARY KEY AUTOINCREMENT, route TEXT NOT NULL, at TEXT NOT NULL,
    document TEXT NOT NULL);
CREATE INDEX bundle_route ON bundle(route, number);
CREATE TABLE verdict(number INTEGER PRIMARY KEY AUTOINCREMENT, route TEXT NOT NULL, at TEXT NOT NULL,
    document TEXT NOT NULL);
CREATE INDEX verdict_route ON verdict(route, number);
",
    "
CREATE TABLE consumer(consumer TEXT NOT NULL, route TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY(consumer, route)) WITHOUT ROWID;
CREATE TABLE consumer_day(consumer TEXT NOT NULL, route TEXT NOT NULL, day INTEGER NOT NULL, stage TEXT NOT NULL,
    calls INTEGER NOT NULL, fell_back INTEGER NOT NULL, pinned INTEGER NOT NULL, tokens INTEGER NOT NULL,
    PRIMARY KEY(consumer, route, day, stage)) WITHOUT ROWID;
",
];

/// Opens it. `None`: it is opened for reading, and nothing is laid out in it yet.
pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<Option<Connection>> {
    let mut conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    busy(&conn)?;
    conn.set_prepared_statement_cache_capacity(64);
    let look = || -> std::result::Result<_, rusqlite::Error> {
        // At one moment: somebody may be laying it out just now.
        let moment = conn.unchecked_transaction()?;
        let one = |sql: &str| moment.query_row(sql, [], |r| r.get::<_, i64>(0));
        Ok((one("PRAGMA application_id")?, one("PRAGMA user_version")?, one("SELECT count(*) FROM sqlite_master")?))
    };
    let (application, layout, tables) = match look() {
        Ok(found) => found,
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::NotADatabase) => return Err(foreign(path)),
        Err(e) => return Err(e.into()),
    };
    let known = STEPS.len();
    let from = match (application, usize::try_from(layout)) {
        (APPLICATION, Ok(found)) if found <= known => found,
        (APPLICATION, _) => {
            let path = path.display().to_string();
            return Err(StoreError::Newer { path, found: layout, known: known as i64 });
        }
        (0, Ok(0)) if tables == 0 => 0,
        _ => return Err(foreign(path)),
    };
    if flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
        return Ok((from > 0).then_some(conn));
    }
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |r| r.get::<_, String>(0))?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "cache_size", -4_000)?;
    conn.pragma_update(None, "journal_size_limit", 64_i64 << 20)?;
    if from < known {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        for step in STEPS.iter().skip(from) {
            tx.execute_batch(step)?;
        }
        tx.pragma_update(None, "application_id", APPLICATION)?;
        tx.pragma_update(None, "user_version", known as i64)?;
        tx.commit()?;
    }
    Ok(Some(conn))
}
