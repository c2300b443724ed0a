//! Folding units of which nothing is left but their counts.
//!
//! Invariant: the ledger's totals are the same before and after. A unit that an observation ever referred to, that a raw
//! block may hold a record of, or that a dead letter came in, is never folded; nor is the one with the highest order,
//! which tells where the dataset stands. Not here: which datasets are read in passes (the caller knows).

use super::SqliteStore;
use super::fault::Columns;
use crate::Result;
use rusqlite::Connection;

/// Units folded in a transaction.
const BATCH: usize = if cfg!(test) { 7 } else { 5_000 };

pub(super) fn fold(store: &SqliteStore, dataset: u32, keep: u32) -> Result<u64> {
    // The highest number of all must not be given again.
    let keep = keep.max(1);
    let mut folded = 0;
    // A look first, so that nothing is written where there is nothing to fold.
    while !store.sqlite_reader()?.with(|c| loose(c, dataset, keep))?.is_empty() {
        let mut tx = store.begin()?;
        folded += tx.with(|c| {
            let found = loose(c, dataset, keep)?;
            found.iter().try_for_each(|unit| fold_one(c, dataset, *unit))?;
            Ok(found.len() as u64)
        })?;
        tx.finish()?;
    }
    Ok(folded)
}

/// Ended units that nothing refers to, oldest first, without the newest ones.
fn loose(conn: &Connection, dataset: u32, keep: u32) -> Result<Vec<u32>> {
    let mut s = conn.prepare_cached(
        "SELECT number FROM unit WHERE dataset = ?1 AND refers = 0 ORDER BY number DESC LIMIT 1 OFFSET ?2",
    )?;
    let mut rows = s.query((dataset, keep))?;
    let Some(newest) = rows.next()?.map(|r| r.small(0)).transpose()? else { return Ok(Vec::new()) };
    let mut s = conn.prepare_cached(
        "SELECT number FROM unit u WHERE dataset = ?1 AND refers = 0 AND number <= ?2 AND state IN (1, 2, 4)
            AND NOT EXISTS (SELECT 1 FROM raw WHERE dataset = ?1 AND blk BETWEEN u.raw_first AND u.raw_last)
            AND NOT EXISTS (SELECT 1 FROM letter WHERE unit = u.number)
            AND number IS NOT (SELECT number FROM unit WHERE dataset = ?1 AND state IN (1, 3)
                ORDER BY ord DESC LIMIT 1)
         ORDER BY number LIMIT ?3",
    )?;
    let mut rows = s.query((dataset, newest, BATCH as i64))?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(r.small(0)?);
    }
    Ok(out)
}

fn fold_one(conn: &Connection, dataset: u32, unit: u32) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO folded(dataset, mapping, read, applied, unchanged, superseded, skipped, held, rejected, discarded,
            deleted)
         SELECT dataset, mapping, read, applied, unchanged, superseded, skipped, held, rejected, discarded, deleted
         FROM ledger WHERE unit = ?1
         ON CONFLICT(dataset, mapping) DO UPDATE SET read = read + excluded.read, applied = applied + excluded.applied,
            unchanged = unchanged + excluded.unchanged, superseded = superseded + excluded.superseded,
            skipped = skipped + excluded.skipped, held = held + excluded.held,
            rejected = rejected + excluded.rejected, discarded = discarded + excluded.discarded,
            deleted = deleted + excluded.deleted",
    )?
    .execute([unit])?;
    conn.prepare_cached(
        "INSERT INTO folded_units(dataset, units, abandoned, since, until)
         SELECT ?2, 1, state IN (2, 4), begun, begun FROM unit WHERE number = ?1
         ON CONFLICT(dataset) DO UPDATE SET units = units + 1, abandoned = abandoned + excluded.abandoned,
            since = min(since, excluded.since), until = max(until, excluded.until)",
    )?
    .execute((unit, dataset))?;
    conn.prepare_cached("DELETE FROM ledger WHERE unit = ?1")?.execute([unit])?;
    conn.prepare_cached("DELETE FROM unit WHERE number = ?1")?.execute([unit])?;
    Ok(())
}
