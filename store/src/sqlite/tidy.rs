//! Dropping raw blocks that nobody needs any more.
//!
//! Invariant: a block that a row points to is never dropped. Rows are looked through while ingest goes on; what ingest
//! writes meanwhile is noted by the writer (`Writer::pointed`) from before the look begins.

use super::SqliteStore;
use super::bits::Bits;
use super::fault::Columns;
use super::names::head;
use crate::{Result, StoreError};
use banyan_model::model::Catalog;
use rusqlite::Connection;
use std::sync::PoisonError;

/// Instances looked through, and blocks dropped, at a time.
const BATCH: i64 = if cfg!(test) { 7 } else { 10_000 };

pub(super) fn tidy(store: &SqliteStore, now_ms: i64, catalog: &Catalog) -> Result<u64> {
    let Some(writer) = &store.writer else {
        return Err(StoreError::ReadOnly(store.path.display().to_string()));
    };
    let old = store.sqlite_reader()?.with(|c| old_blocks(c, now_ms, catalog))?;
    if old.is_empty() {
        return Ok(0);
    }
    let note = |pointed| writer.lock().unwrap_or_else(PoisonError::into_inner).pointed = pointed;
    note(Some(Bits::default()));
    let freed = pointed(store).and_then(|pointed| drop_blocks(store, &old, &pointed));
    note(None);
    freed
}

/// Blocks beyond their dataset's retention, with what they take.
fn old_blocks(conn: &Connection, now_ms: i64, catalog: &Catalog) -> Result<Vec<(u64, u64)>> {
    let mut out = Vec::new();
    for d in &catalog.datasets {
        let retain = i64::try_from(d.retain.as_millis()).unwrap_or(i64::MAX);
        let before = now_ms.saturating_sub(retain);
        // Blocks below the first one that was written later than that.
        let mut s = conn.prepare_cached("SELECT coalesce(min(blk), 9223372036854775807) FROM stamp WHERE at >= ?1")?;
        let end: i64 = s.query_row([before], |r| r.get(0))?;
        let mut s =
            conn.prepare_cached("SELECT blk, length(z) FROM raw WHERE dataset = ?1 AND blk < ?2 ORDER BY blk")?;
        let mut rows = s.query((d.stored, end))?;
        while let Some(r) = rows.next()? {
            out.push((r.number(0)?, r.number(1)?));
        }
    }
    Ok(out)
}

/// The numbers of entities that have tables.
pub(super) fn entities(conn: &Connection) -> Result<Vec<u32>> {
    let mut s =
        conn.prepare_cached("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ent\\_%' ESCAPE '\\'")?;
    let mut rows = s.query([])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.extend(r.get_ref(0)?.as_str()?.strip_prefix("ent_").and_then(|n| n.parse::<u32>().ok()));
    }
    out.sort_unstable();
    Ok(out)
}

/// Blocks that rows point to.
fn pointed(store: &SqliteStore) -> Result<Bits> {
    let mut reader = store.sqlite_reader()?;
    let mut out = Bits::default();
    for entity in reader.with(entities)? {
        let mut after = 0;
        loop {
            let before = after;
            // A call each, so that the reader's view does not grow old.
            reader.with(|c| {
                let mut s = c.prepare_cached(&format!(
                    "SELECT n, facts FROM ent_{entity} WHERE n > ?1 ORDER BY n LIMIT {BATCH}"
                ))?;
                let mut rows = s.query([after as i64])?;
                while let Some(row) = rows.next()? {
                    after = row.number(0)?;
                    head(row.bytes(1)?)?
                        .for_each_raw(|at| out.set(at.block))
                        .ok_or_else(|| super::fault::damaged(format!("instance {after} of entity {entity}")))?;
                }
                Ok(())
            })?;
            if after == before {
                break;
            }
        }
    }
    Ok(out)
}

fn drop_blocks(store: &SqliteStore, old: &[(u64, u64)], pointed: &Bits) -> Result<u64> {
    let mut freed = 0;
    for batch in old.chunks(BATCH as usize) {
        let mut tx = store.begin()?;
        freed += tx.with_writer(|w| {
            let noted = w.pointed.take();
            let mut freed = 0;
            {
                let mut drop = w.conn.prepare_cached("DELETE FROM raw WHERE blk = ?1")?;
                for (block, size) in batch {
                    if !pointed.has(*block) && !noted.as_ref().is_some_and(|n| n.has(*block)) {
                        drop.execute([*block as i64])?;
                        freed += size;
                    }
                }
            }
            w.pointed = noted;
            w.conn.execute("DELETE FROM dep WHERE blk NOT IN (SELECT blk FROM raw)", [])?;
            Ok(freed)
        })?;
        tx.finish()?;
    }
    Ok(freed)
}
