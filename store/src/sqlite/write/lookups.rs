//! Values of dataset-backed lookups, and which raw records rest on them.

use super::keyed::Db;
use crate::Result;
use crate::sqlite::fault::Columns;
use banyan_model::instance::RawAt;
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

/// Sets a value; whether that changed it.
pub(super) fn put(db: Db<'_>, lookup: u32, key: &[u8], value: Option<&str>) -> Result<bool> {
    let changed = match value {
        Some(value) => db
            .conn
            .prepare_cached(
                "INSERT INTO lookup(lookup, key, value) VALUES(?1, ?2, ?3)
                 ON CONFLICT(lookup, key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
            )?
            .execute((lookup, key, value))?,
        None => db.conn.prepare_cached("DELETE FROM lookup WHERE lookup = ?1 AND key = ?2")?.execute((lookup, key))?,
    };
    Ok(changed > 0)
}

/// Reads one.
pub(in crate::sqlite) fn get(conn: &rusqlite::Connection, lookup: u32, key: &[u8]) -> Result<Option<String>> {
    let mut s = conn.prepare_cached("SELECT value FROM lookup WHERE lookup = ?1 AND key = ?2")?;
    let mut rows = s.query((lookup, key))?;
    Ok(rows.next()?.map(|r| r.get(0)).transpose()?)
}
