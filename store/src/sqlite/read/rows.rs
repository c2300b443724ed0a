//! Small reads: aliases, documents, raw records.

use crate::sqlite::blocks::{self, Packed};
use crate::sqlite::fault::Columns;
use crate::sqlite::write::raw::columns;
use crate::{Found, RawRow, Result};
use banyan_model::instance::RawAt;
use banyan_words::Id;
use rusqlite::{Connection, Params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Unpacked blocks kept: 64 KB each.
const KEPT: usize = 8;

/// A text, if there is a row.
pub(in crate::sqlite) fn text(conn: &Connection, sql: &str, params: impl Params) -> Result<Option<String>> {
    let mut s = conn.prepare_cached(sql)?;
    let mut rows = s.query(params)?;
    Ok(rows.next()?.map(|r| r.get(0)).transpose()?)
}

/// A pair of an alias and an instance may be out of date: only what the ids table says counts.
pub(super) fn aliases(conn: &Connection, entity: u32, found: &Found) -> Result<Vec<Id>> {
    let mut s = conn.prepare_cached(&format!(
        "SELECT a.id FROM also_{entity} a CROSS JOIN ids_{entity} i ON i.id = a.id
         WHERE a.n = ?1 AND i.n = a.n AND a.id <> ?2 ORDER BY a.id"
    ))?;
    let mut rows = s.query((found.n as i64, &found.id.0[..]))?;
    let mut out = vec![found.id];
    while let Some(row) = rows.next()? {
        out.push(row.id(0)?);
    }
    Ok(out)
}

/// Raw blocks read lately, and column names.
#[derive(Default)]
pub(super) struct Blocks {
    /// The one used last is at the end.
    kept: Vec<(u64, Arc<[u8]>)>,
    shapes: BTreeMap<u32, Arc<str>>,
}

impl Blocks {
    fn row(&mut self, conn: &Connection, r: &Packed<'_>) -> Result<RawRow> {
        let shape = match self.shapes.get(&r.shape) {
            Some(shape) => shape.clone(),
            None => {
                let shape = columns(conn, r.shape)?;
                self.shapes.insert(r.shape, shape.clone());
                shape
            }
        };
        Ok(RawRow { unit: r.unit, shape, place: r.place, cells: r.cells.to_vec() })
    }

    pub(super) fn raw(&mut self, conn: &Connection, at: RawAt) -> Result<Option<RawRow>> {
        let block = match self.kept.iter().position(|(number, _)| *number == at.block) {
            Some(i) => self.kept.remove(i).1,
            None => {
                let mut s = conn.prepare_cached("SELECT len, z FROM raw WHERE blk = ?1")?;
                let mut rows = s.query([at.block as i64])?;
                let Some(row) = rows.next()? else { return Ok(None) };
                if self.kept.len() >= KEPT {
                    self.kept.remove(0);
                }
                blocks::unpack(row.bytes(1)?, row.number(0)?)?.into()
            }
        };
        self.kept.push((at.block, block.clone()));
        match blocks::slot(&block, at.slot)? {
            Some(record) => self.row(conn, &record).map(Some),
            None => Ok(None),
        }
    }

    /// Streams whole blocks until `limit` records were seen; the next block.
    pub(super) fn from(
        &mut self,
        conn: &Connection,
        (dataset, block): (u32, u64),
        limit: usize,
        each: &mut dyn FnMut(RawAt, RawRow) -> Result<()>,
    ) -> Result<Option<u64>> {
        let mut s = conn.prepare_cached(
            "SELECT r.blk, r.len, r.z FROM raw r INDEXED BY raw_dataset WHERE r.dataset = ?1 AND r.blk >= ?2 ORDER BY r.blk",
        )?;
        let mut rows = s.query((dataset, block as i64))?;
        let mut seen = 0;
        while let Some(row) = rows.next()? {
            let number = row.number(0)?;
            if seen >= limit {
                return Ok(Some(number));
            }
            let bytes = blocks::unpack(row.bytes(2)?, row.number(1)?)?;
            let (mut at, mut slot) = (&bytes[..], 0);
            while !at.is_empty() {
                let record = blocks::take(&mut at)?;
                each(RawAt { block: number, slot }, self.row(conn, &record)?)?;
                slot += 1;
            }
            seen += slot as usize;
        }
        Ok(None)
    }
}
