//! Values of dataset-backed lookups, and which raw records rest on them.

use super::keyed::Db;
use crate::sqlite::fault::Columns;
use crate::{LookupPut, Result};
use banyan_model::instance::RawAt;
use banyan_words::Id;
use std::collections::BTreeSet;

/// Dependencies that wait, at most.
const MOST: usize = 100_000;

/// Dependencies of this transaction: (lookup, key, mapping, raw record).
#[derive(Default)]
pub(super) struct Dependencies(BTreeSet<(u32, Vec<u8>, u32, RawAt)>);

impl Dependencies {
    pub(super) fn put(&mut self, db: Db<'_>, lookup: u32, key: &[u8], mapping: u32, raw: RawAt) -> Result<()> {
        self.0.insert((lookup, key.to_vec(), mapping, raw));
        if self.0.len() >= MOST { self.flush(db) } else { Ok(()) }
    }

    pub(super) fn flush(&mut self, db: Db<'_>) -> Result<()> {
        let mut s = db
            .conn
            .prepare_cached("INSERT OR REPLACE INTO dep(lookup, key, mapping, blk, slot) VALUES(?1, ?2, ?3, ?4, ?5)")?;
        while let Some((lookup, key, mapping, raw)) = self.0.pop_first() {
            s.execute((lookup, key, mapping, raw.block as i64, raw.slot))?;
        }
        Ok(())
    }

    /// Takes some of those that rest on a key.
    pub(super) fn take(&mut self, db: Db<'_>, lookup: u32, key: &[u8], limit: usize) -> Result<Vec<(u32, RawAt)>> {
        self.flush(db)?;
        let mut out = Vec::new();
        {
            let mut s = db.conn.prepare_cached(
                "SELECT mapping, blk, slot FROM dep WHERE lookup = ?1 AND key = ?2 ORDER BY mapping, blk, slot LIMIT ?3",
            )?;
            let mut rows = s.query((lookup, key, limit as i64))?;
            while let Some(row) = rows.next()? {
                out.push((row.small(0)?, RawAt { block: row.number(1)?, slot: row.small(2)? }));
            }
        }
        let mut s = db.conn.prepare_cached(
            "DELETE FROM dep WHERE lookup = ?1 AND key = ?2 AND mapping = ?3 AND blk = ?4 AND slot = ?5",
        )?;
        for (mapping, raw) in &out {
            s.execute((lookup, key, mapping, raw.block as i64, raw.slot))?;
        }
        Ok(out)
    }
}

/// Sets a row; what its record said under another key goes.
pub(super) fn put(db: Db<'_>, lookup: u32, key: &[u8], record: Option<Id>, value: &str) -> Result<LookupPut> {
    let record = record.as_ref().map(|id| &id.0[..]);
    let found = {
        let mut s = db.conn.prepare_cached("SELECT n, value, record FROM lookup WHERE lookup = ?1 AND key = ?2")?;
        let mut rows = s.query((lookup, key))?;
        match rows.next()? {
            Some(r) => {
                let same = r.get_ref(1)?.as_str()? == value;
                Some((r.number(0)?, same, r.get_ref(2)?.as_blob_or_null()? == record))
            }
            None => None,
        }
    };
    let left = match (record, found) {
        // The row is this record's already, so it has no other one.
        (None, _) | (Some(_), Some((_, _, true))) => None,
        (Some(record), _) => take(db, lookup, record)?,
    };
    let (n, changed) = match found {
        Some((n, true, true)) => (n, false),
        Some((n, same, _)) => {
            let mut s = db.conn.prepare_cached("UPDATE lookup SET value = ?2, record = ?3 WHERE n = ?1")?;
            s.execute((n as i64, value, record))?;
            (n, !same)
        }
        None => {
            let mut s =
                db.conn.prepare_cached("INSERT INTO lookup(lookup, key, record, value) VALUES(?1, ?2, ?3, ?4)")?;
            (s.insert((lookup, key, record, value))? as u64, true)
        }
    };
    Ok(LookupPut { n, changed, left })
}

/// Removes the row that a record gave; its key.
pub(super) fn take(db: Db<'_>, lookup: u32, record: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut s = db.conn.prepare_cached("DELETE FROM lookup WHERE lookup = ?1 AND record = ?2 RETURNING key")?;
    let mut rows = s.query((lookup, record))?;
    Ok(rows.next()?.map(|r| r.get(0)).transpose()?)
}

/// Removes the row of a key.
pub(super) fn remove(db: Db<'_>, lookup: u32, key: &[u8]) -> Result<bool> {
    Ok(db.conn.prepare_cached("DELETE FROM lookup WHERE lookup = ?1 AND key = ?2")?.execute((lookup, key))? > 0)
}

/// The unit that last spoke of a row, or of the record behind it.
pub(super) fn seen(db: Db<'_>, lookup: u32, who: &[u8]) -> Result<Option<u32>> {
    let mut s = db.conn.prepare_cached("SELECT unit FROM lookup_seen WHERE lookup = ?1 AND who = ?2")?;
    let mut rows = s.query((lookup, who))?;
    rows.next()?.map(|r| r.small(0)).transpose()
}

/// Notes that a unit spoke of it.
pub(super) fn see(db: Db<'_>, lookup: u32, who: &[u8], unit: u32) -> Result<()> {
    let mut s = db.conn.prepare_cached("INSERT OR REPLACE INTO lookup_seen(lookup, who, unit) VALUES(?1, ?2, ?3)")?;
    s.execute((lookup, who, unit))?;
    Ok(())
}

/// The number of a key's row.
pub(super) fn row(db: Db<'_>, lookup: u32, key: &[u8]) -> Result<Option<u64>> {
    let mut s = db.conn.prepare_cached("SELECT n FROM lookup WHERE lookup = ?1 AND key = ?2")?;
    let mut rows = s.query((lookup, key))?;
    rows.next()?.map(|r| r.number(0)).transpose()
}

/// How many rows a lookup has.
pub(super) fn count(db: Db<'_>, lookup: u32) -> Result<u64> {
    let mut s = db.conn.prepare_cached("SELECT count(*) FROM lookup WHERE lookup = ?1")?;
    Ok(s.query_row([lookup], |r| r.get::<_, i64>(0))? as u64)
}

/// Rows that are not marked.
pub(super) fn unmarked(
    db: Db<'_>,
    lookup: u32,
    marks: &dyn Fn(u64) -> bool,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, Vec<u8>)>> {
    let mut s = db.conn.prepare_cached("SELECT n, key FROM lookup WHERE n > ?2 AND lookup = ?1 ORDER BY n")?;
    let mut rows = s.query((lookup, after as i64))?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let n = r.number(0)?;
        if !marks(n) {
            out.push((n, r.bytes(1)?.to_vec()));
            if out.len() == limit {
                break;
            }
        }
    }
    Ok(out)
}

/// Reads one.
pub(in crate::sqlite) fn get(conn: &rusqlite::Connection, lookup: u32, key: &[u8]) -> Result<Option<String>> {
    let mut s = conn.prepare_cached("SELECT value FROM lookup WHERE lookup = ?1 AND key = ?2")?;
    let mut rows = s.query((lookup, key))?;
    Ok(rows.next()?.map(|r| r.get(0)).transpose()?)
}
