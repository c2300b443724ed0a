//! Making the tables of a catalog, and filling indexes that are new over rows that are old.
//!
//! Invariant: an index is named in `idx` exactly while it is complete and kept up to date. One that the catalog no longer
//! declares is dropped, since ingest would let it grow stale.

use super::fault::Columns;
use super::names::{Fields, head};
use super::write::SqliteIngest;
use super::{SqliteStore, layout};
use crate::{Ingest, Result};
use banyan_model::model::{Catalog, Entity};
use std::collections::BTreeMap;

/// Instances read at once while an index is filled.
const BATCH: usize = if cfg!(test) { 16 } else { 4096 };

pub(super) fn prepare(store: &SqliteStore, catalog: &Catalog) -> Result<()> {
    let mut tx = store.begin()?;
    for m in catalog.mappings.iter().filter(|m| !m.direct) {
        tx.with(|c| Ok(c.execute_batch(&layout::mapping(m.stored))?))?;
    }
    for e in &catalog.entities {
        entity(&mut tx, e)?;
    }
    tx.finish()
}

fn entity(tx: &mut SqliteIngest<'_>, e: &Entity) -> Result<()> {
    let number = e.stored;
    tx.with(|c| Ok(c.execute_batch(&layout::entity(number))?))?;
    let mut standing = tx.with(|c| {
        let mut s = c.prepare_cached("SELECT field, type FROM idx WHERE entity = ?1")?;
        let mut rows = s.query([number])?;
        let mut out = BTreeMap::new();
        while let Some(r) = rows.next()? {
            out.insert(r.small(0)?, r.get::<_, String>(1)?);
        }
        Ok(out)
    })?;
    let mut wanted = Vec::new();
    for (_, f) in e.indexed() {
        let ty = serde_json::to_string(&f.ty).map_err(|e| super::fault::damaged(e.to_string()))?;
        if standing.remove(&f.stored).as_ref() != Some(&ty) {
            wanted.push((f.stored, ty));
        }
    }
    let drop = |tx: &mut SqliteIngest<'_>, field: u32| {
        tx.with(|c| {
            c.execute_batch(&format!("DROP TABLE IF EXISTS x_{number}_{field}"))?;
            Ok(c.execute("DELETE FROM idx WHERE entity = ?1 AND field = ?2", (number, field))?)
        })
    };
    for field in standing.into_keys() {
        drop(tx, field)?;
    }
    for (field, ty) in &wanted {
        drop(tx, *field)?;
        tx.with(|c| {
            c.execute_batch(&layout::index(number, *field))?;
            Ok(c.execute("INSERT INTO idx(entity, field, type) VALUES(?1, ?2, ?3)", (number, field, ty))?)
        })?;
    }
    let fields: Vec<u32> = wanted.into_iter().map(|(f, _)| f).collect();
    if fields.is_empty() { Ok(()) } else { fill(tx, number, &fields) }
}

fn fill(tx: &mut SqliteIngest<'_>, entity: u32, fields: &[u32]) -> Result<()> {
    let mut known = Fields::default();
    let sql = format!("SELECT n, facts FROM ent_{entity} WHERE n > ?1 ORDER BY n LIMIT {BATCH}");
    let mut after = 0;
    let (mut entries, mut key) = (Vec::new(), Vec::new());
    loop {
        let before = after;
        tx.with(|c| {
            let mut s = c.prepare_cached(&sql)?;
            let mut rows = s.query([after as i64])?;
            while let Some(row) = rows.next()? {
                after = row.number(0)?;
                let head = head(row.bytes(1)?)?;
                for field in fields.iter().filter(|_| head.live) {
                    key.clear();
                    known.key(c, *field, &head, &mut key)?;
                    entries.push((*field, after, key.clone()));
                }
            }
            Ok(())
        })?;
        if after == before {
            return Ok(());
        }
        for (field, n, key) in entries.drain(..) {
            tx.index(entity, field, n, None, Some(&key))?;
        }
    }
}
