//! Dead letters and reviews.

use super::keyed::Db;
use crate::sqlite::codes::{bytes_code, letter_state_code};
use crate::sqlite::fault::Columns;
use crate::{Bytes, DeadLetterState, NewDeadLetter, Result};
use banyan_words::{Id, Place};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// More open letters than this in one mapping are looked up one by one.
const MOST_KNOWN: usize = if cfg!(test) { 3 } else { 100_000 };

/// Record keys of open dead letters by mapping (`None`: too many to hold): nearly every good record asks, and nearly
/// none has one.
#[derive(Default)]
pub(super) struct Letters {
    open: BTreeMap<u32, Option<BTreeSet<Id>>>,
}

impl Letters {
    /// A record refused before counts up; what was closed by itself opens again, what a person discarded stays so. Bytes
    /// once kept stay, unless they are to be discarded.
    pub(super) fn put(&mut self, db: Db<'_>, l: &NewDeadLetter<'_>) -> Result<(u64, bool)> {
        let record = l.record.as_ref().map(|id| &id.0[..]);
        let (shape, cells) = l.cells.map_or((None, None), |(shape, cells)| (Some(shape), Some(cells)));
        let (raw, bytes) = l.raw.map_or_else(|why| (&[][..], why), |raw| (raw, Bytes::Kept));
        let mut s = db.conn.prepare_cached(
            "INSERT INTO letter(fingerprint, dataset, mapping, unit, line, off, record, code, message, field, shape, at,
                times, state, cells, raw, bytes)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1, 0, ?13, ?14, ?15)
             ON CONFLICT(dataset, mapping, fingerprint) DO UPDATE SET times = times + 1, unit = excluded.unit,
                line = excluded.line, off = excluded.off, code = excluded.code, message = excluded.message,
                field = excluded.field, raw = CASE excluded.bytes WHEN 1 THEN raw ELSE excluded.raw END,
                bytes = CASE excluded.bytes WHEN 1 THEN bytes ELSE excluded.bytes END, reason = CASE state WHEN 2 THEN reason END,
                state = CASE state WHEN 2 THEN 2 ELSE 0 END
             RETURNING number, state",
        )?;
        let mut rows = s.query(rusqlite::params![
            l.fingerprint as i64,
            l.dataset,
            l.mapping,
            l.unit,
            l.place.line as i64,
            l.place.offset as i64,
            record,
            l.code,
            l.message,
            l.field,
            shape,
            l.at,
            cells,
            raw,
            bytes_code(bytes),
        ])?;
        let (number, state) = match rows.next()? {
            Some(row) => (row.number(0)?, row.get(1)?),
            None => (0, 0),
        };
        let discarded = state == letter_state_code(DeadLetterState::Discarded);
        if let (Some(id), Some(Some(known))) = (l.record, self.open.get_mut(&l.mapping)) {
            known.insert(id);
        }
        Ok((number, discarded))
    }

    pub(super) fn close(&self, db: Db<'_>, number: u64, state: DeadLetterState, reason: Option<&str>) -> Result<()> {
        db.conn.prepare_cached("UPDATE letter SET state = ?2, reason = ?3 WHERE number = ?1")?.execute((
            number as i64,
            letter_state_code(state),
            reason,
        ))?;
        Ok(())
    }

    /// Fills `open` for that mapping.
    fn know(&mut self, db: Db<'_>, mapping: u32) -> Result<()> {
        if let Entry::Vacant(place) = self.open.entry(mapping) {
            place.insert(known(db, mapping)?);
        }
        Ok(())
    }

    pub(super) fn refused_as(&mut self, db: Db<'_>, mapping: u32, record: Id, unit: u32, code: &str) -> Result<bool> {
        self.know(db, mapping)?;
        if let Some(Some(known)) = self.open.get(&mapping)
            && !known.contains(&record)
        {
            return Ok(false);
        }
        let mut s = db.conn.prepare_cached(
            "SELECT 1 FROM letter WHERE mapping = ?1 AND record = ?2 AND state = 0 AND unit = ?3 AND code = ?4",
        )?;
        Ok(s.exists((mapping, &record.0[..], unit, code))?)
    }

    pub(super) fn open_of(&mut self, db: Db<'_>, mapping: u32, record: Id) -> Result<Vec<(u64, u32, Place)>> {
        self.know(db, mapping)?;
        if let Some(Some(known)) = self.open.get(&mapping)
            && !known.contains(&record)
        {
            return Ok(Vec::new());
        }
        let mut s = db.conn.prepare_cached(
            "SELECT number, unit, line, off FROM letter WHERE mapping = ?1 AND record = ?2 AND state = 0 ORDER BY number",
        )?;
        let mut rows = s.query((mapping, &record.0[..]))?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push((row.number(0)?, row.small(1)?, Place { line: row.number(2)?, offset: row.number(3)? }));
        }
        if out.is_empty()
            && let Some(Some(known)) = self.open.get_mut(&mapping)
        {
            known.remove(&record);
        }
        Ok(out)
    }
}

/// Units that open letters of a dataset are of.
pub(super) fn units(db: Db<'_>, dataset: u32) -> Result<Vec<u32>> {
    let mut s = db.conn.prepare_cached("SELECT DISTINCT unit FROM letter WHERE dataset = ?1 AND state = 0")?;
    let mut rows = s.query([dataset])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(row.small(0)?);
    }
    Ok(out)
}

/// Closes a dataset's open letters of a unit.
pub(super) fn supersede_of(db: Db<'_>, dataset: u32, unit: u32) -> Result<()> {
    db.conn
        .prepare_cached("UPDATE letter SET state = 3 WHERE dataset = ?1 AND state = 0 AND unit = ?2")?
        .execute((dataset, unit))?;
    Ok(())
}

/// Closes open letters that earlier readings of a unit's bytes left of what could not be read.
pub(super) fn supersede_earlier_readings(db: Db<'_>, unit: u32) -> Result<()> {
    db.conn
        .prepare_cached(
            "UPDATE letter SET state = 3 WHERE state = 0 AND record IS NULL AND mapping = 0 AND unit IN (
                SELECT was.number FROM unit AS was JOIN unit AS now ON was.dataset = now.dataset AND was.name = now.name
                    AND was.version = now.version AND was.number <> now.number WHERE now.number = ?1)",
        )?
        .execute([unit])?;
    Ok(())
}

fn known(db: Db<'_>, mapping: u32) -> Result<Option<BTreeSet<Id>>> {
    let mut s = db
        .conn
        .prepare_cached("SELECT record FROM letter WHERE mapping = ?1 AND state = 0 AND record IS NOT NULL LIMIT ?2")?;
    let mut rows = s.query((mapping, MOST_KNOWN as i64 + 1))?;
    let mut out = BTreeSet::new();
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        out.insert(row.id(0)?);
        seen += 1;
    }
    Ok((seen <= MOST_KNOWN).then_some(out))
}

/// Asks a person. Answered (state 1), it is asked again with another `about` only; answered by itself (2), at once.
pub(super) fn put_review(
    db: Db<'_>,
    key: &str,
    kind: &str,
    (entity, id): (u32, Id),
    about: &str,
    at: i64,
) -> Result<()> {
    db.conn
        .prepare_cached(
            "INSERT INTO review(key, kind, entity, id, about, at, state) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)
             ON CONFLICT(key) DO UPDATE SET kind = excluded.kind, entity = excluded.entity, id = excluded.id,
                at = CASE state WHEN 0 THEN at ELSE excluded.at END, about = excluded.about, state = 0
             WHERE state <> 1 OR about <> excluded.about",
        )?
        .execute((key, kind, entity, &id.0[..], about, at))?;
    Ok(())
}

/// The question has answered itself.
pub(super) fn close_review(db: Db<'_>, key: &str) -> Result<()> {
    db.conn.prepare_cached("UPDATE review SET state = 2 WHERE key = ?1 AND state = 0")?.execute([key])?;
    Ok(())
}
