//! Raw records on their way into blocks.
//!
//! Each dataset fills a block of its own; the block's number is known when it is begun, so that rows can point into it.

use super::keyed::{Counter, Db, counter, put_counter};
use crate::sqlite::blocks::{self, FULL, Packed, Packer};
use crate::sqlite::fault::{Columns, damaged};
use crate::sqlite::layout::counter::RAW;
use crate::{RawRow, Result};
use banyan_model::instance::RawAt;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Block {
    number: u64,
    bytes: Vec<u8>,
    records: u32,
}

/// Blocks being filled.
pub(super) struct Raw {
    counter: Counter,
    counted: Counter,
    open: BTreeMap<u32, Block>,
    packer: Packer,
    /// Block unpacked last: records are read back in order.
    unpacked: Option<(u64, Vec<u8>)>,
    shapes: BTreeMap<String, u32>,
    names: BTreeMap<u32, Arc<str>>,
}

impl Raw {
    pub(super) fn open(db: Db<'_>) -> Result<Raw> {
        let counter = counter(db.conn, (RAW, 0))?;
        Ok(Raw {
            counter,
            counted: counter,
            open: BTreeMap::new(),
            packer: Packer::new(),
            unpacked: None,
            shapes: BTreeMap::new(),
            names: BTreeMap::new(),
        })
    }

    pub(super) fn shape(&mut self, db: Db<'_>, columns: &str) -> Result<u32> {
        if let Some(number) = self.shapes.get(columns) {
            return Ok(*number);
        }
        db.conn.prepare_cached("INSERT OR IGNORE INTO columns(json) VALUES(?1)")?.execute([columns])?;
        let mut statement = db.conn.prepare_cached("SELECT number FROM columns WHERE json = ?1")?;
        let number = statement.query_row([columns], |r| r.get(0))?;
        if self.shapes.len() > 1000 {
            self.shapes.clear();
        }
        self.shapes.insert(columns.to_owned(), number);
        Ok(number)
    }

    pub(super) fn put(&mut self, db: Db<'_>, dataset: u32, record: &Packed<'_>) -> Result<RawAt> {
        let next = &mut self.counter.next;
        let block = self.open.entry(dataset).or_insert_with(|| {
            *next += 1;
            Block { number: *next - 1, bytes: Vec::with_capacity(FULL + 1024), records: 0 }
        });
        blocks::put(record, &mut block.bytes);
        let at = RawAt { block: block.number, slot: block.records };
        block.records += 1;
        if block.bytes.len() >= FULL {
            self.close(db, dataset)?;
        }
        Ok(at)
    }

    fn close(&mut self, db: Db<'_>, dataset: u32) -> Result<()> {
        let Some(block) = self.open.remove(&dataset) else { return Ok(()) };
        let z = self.packer.pack(&block.bytes)?;
        db.conn
            .prepare_cached("INSERT OR ROLLBACK INTO raw(blk, dataset, len, z) VALUES(?1, ?2, ?3, ?4)")?
            .execute((block.number as i64, dataset, block.bytes.len() as i64, z))?;
        Ok(())
    }

    pub(super) fn get(&mut self, db: Db<'_>, at: RawAt) -> Result<Option<RawRow>> {
        let open = self.open.values().find(|b| b.number == at.block);
        if open.is_none() && self.unpacked.as_ref().is_none_or(|(number, _)| *number != at.block) {
            let mut s = db.conn.prepare_cached("SELECT len, z FROM raw WHERE blk = ?1")?;
            let mut rows = s.query([at.block as i64])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            self.unpacked = Some((at.block, blocks::unpack(row.bytes(1)?, row.number(0)?)?));
        }
        let bytes: &[u8] = match (open, &self.unpacked) {
            (Some(block), _) => &block.bytes,
            (None, Some((_, bytes))) => bytes,
            (None, None) => return Ok(None),
        };
        let Some(record) = blocks::slot(bytes, at.slot)? else { return Ok(None) };
        let shape = match self.names.get(&record.shape) {
            Some(shape) => shape.clone(),
            None => {
                let shape: Arc<str> = columns(db.conn, record.shape)?;
                self.names.insert(record.shape, shape.clone());
                shape
            }
        };
        Ok(Some(RawRow { unit: record.unit, shape, place: record.place, cells: record.cells.to_vec() }))
    }

    /// Writes the open blocks; when they were written is known only now.
    pub(super) fn flush(&mut self, db: Db<'_>, now_ms: i64) -> Result<()> {
        while let Some(dataset) = self.open.keys().next().copied() {
            self.close(db, dataset)?;
        }
        if self.counter != self.counted {
            db.conn
                .prepare_cached("INSERT OR REPLACE INTO stamp(blk, at) VALUES(?1, ?2)")?
                .execute((self.counted.next as i64, now_ms))?;
            put_counter(db.conn, (RAW, 0), &self.counter)?;
            self.counted = self.counter;
        }
        Ok(())
    }
}

/// The column names of that number.
pub(in crate::sqlite) fn columns(conn: &rusqlite::Connection, number: u32) -> Result<Arc<str>> {
    let mut statement = conn.prepare_cached("SELECT json FROM columns WHERE number = ?1")?;
    let mut rows = statement.query([number])?;
    let row = rows.next()?.ok_or_else(|| damaged("a raw record has columns that are not named"))?;
    Ok(row.get_ref(0)?.as_str()?.into())
}
