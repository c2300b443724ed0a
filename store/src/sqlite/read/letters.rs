//! Dead letters and reviews.

use crate::sqlite::codes::{bytes, letter_state, letter_state_code};
use crate::sqlite::fault::Columns;
use crate::sqlite::write::raw::columns;
use crate::{DeadLetter, DeadLetterFilter, RawRow, Result, Review};
use banyan_words::Place;
use rusqlite::{Connection, Params, Row};

fn letter(conn: &Connection, r: &Row<'_>) -> Result<DeadLetter> {
    let place = Place { line: r.number(4)?, offset: r.number(5)? };
    let unit = r.small(3)?;
    let record = match r.get::<_, Option<u32>>(9)? {
        Some(shape) => {
            let cells = r.get_ref(15)?.as_blob_or_null()?.unwrap_or_default().to_vec();
            Some(RawRow { unit, shape: columns(conn, shape)?, place, cells })
        }
        None => None,
    };
    Ok(DeadLetter {
        number: r.number(0)?,
        dataset: r.small(1)?,
        mapping: r.small(2)?,
        unit,
        place,
        code: r.get(6)?,
        message: r.get(7)?,
        field: r.get(8)?,
        raw: r.bytes(14)?.to_vec(),
        bytes: bytes(r.get(16)?)?,
        record,
        at: r.get(10)?,
        times: r.small(11)?,
        state: letter_state(r.get(12)?)?,
        reason: r.get(13)?,
    })
}

fn letters(conn: &Connection, rest: &str, params: impl Params) -> Result<Vec<DeadLetter>> {
    let mut s = conn.prepare_cached(&format!(
        "SELECT number, dataset, mapping, unit, line, off, code, message, field, shape, at, times, state, reason, raw,
            cells, bytes FROM letter WHERE {rest}"
    ))?;
    let mut rows = s.query(params)?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(letter(conn, r)?);
    }
    Ok(out)
}

/// Those that meet the filter, newest first.
pub(super) fn list(conn: &Connection, f: &DeadLetterFilter, limit: usize) -> Result<Vec<DeadLetter>> {
    let before = f.before.map_or(i64::MAX, |b| i64::try_from(b).unwrap_or(i64::MAX));
    let rest = "number < ?1 AND (?2 IS NULL OR dataset = ?2) AND (?3 IS NULL OR code = ?3)
        AND (?4 IS NULL OR state = ?4) ORDER BY number DESC LIMIT ?5";
    letters(conn, rest, (before, f.dataset, &f.code, f.state.map(letter_state_code), limit as i64))
}

/// One.
pub(super) fn one(conn: &Connection, number: u64) -> Result<Option<DeadLetter>> {
    Ok(letters(conn, "number = ?1", [number as i64])?.pop())
}

/// Open ones by dataset.
pub(super) fn counts(conn: &Connection) -> Result<Vec<(u32, u64)>> {
    let mut s =
        conn.prepare_cached("SELECT dataset, count(*) FROM letter WHERE state = 0 GROUP BY dataset ORDER BY dataset")?;
    let mut rows = s.query([])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push((r.small(0)?, r.number(1)?));
    }
    Ok(out)
}

/// Questions, newest first.
pub(super) fn reviews(conn: &Connection, open: bool, before: Option<u64>, limit: usize) -> Result<Vec<Review>> {
    let mut s = conn.prepare_cached(
        "SELECT number, key, kind, entity, id, about, at, state FROM review
         WHERE number < ?1 AND (state = 0) = ?2 ORDER BY number DESC LIMIT ?3",
    )?;
    let before = before.map_or(i64::MAX, |b| i64::try_from(b).unwrap_or(i64::MAX));
    let mut rows = s.query((before, open, limit as i64))?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(Review {
            number: r.number(0)?,
            key: r.get(1)?,
            kind: r.get(2)?,
            entity: r.small(3)?,
            id: r.id(4)?,
            about: r.get(5)?,
            at: r.get(6)?,
            open: r.get::<_, i64>(7)? == 0,
        });
    }
    Ok(out)
}
