//! How many rows a condition leaves, as far as that matters for the way a list is found.
//!
//! Only the way depends on it, never the answer: a stale figure costs time, no row.

use super::sets::{FieldSet, Interval};
use crate::Result;
use crate::sqlite::fault::Columns;
use banyan_words::codec;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// So many rows are gathered and sorted at once; beyond it an index is walked in order.
pub(super) const SMALL: u64 = if cfg!(test) { 12 } else { 4096 };
/// A figure is used for so long.
const FRESH: Duration = Duration::from_secs(10);

/// Figures counted lately.
#[derive(Default)]
pub(super) struct Sizes {
    since: Option<Instant>,
    known: BTreeMap<u64, u64>,
}

impl Sizes {
    /// Rows the set leaves, counted up to `SMALL + 1`.
    pub(super) fn of(&mut self, conn: &Connection, entity: u32, set: &FieldSet) -> Result<u64> {
        if self.since.is_none_or(|s| s.elapsed() > FRESH) || self.known.len() > 10_000 {
            self.known.clear();
            self.since = Some(Instant::now());
        }
        let mut name = Vec::new();
        for n in [entity, set.field] {
            codec::put_varint(u64::from(n), &mut name);
        }
        for i in &set.intervals {
            for (key, with) in [Some(&i.lo), i.hi.as_ref()].into_iter().flatten() {
                codec::put_bytes(key, &mut name);
                name.push(u8::from(*with));
            }
        }
        let name = codec::hash(&name, 0);
        if let Some(size) = self.known.get(&name) {
            return Ok(*size);
        }
        let mut size = 0;
        for i in &set.intervals {
            size += count(conn, entity, set.field, i, Some(SMALL + 1 - size))?;
            if size > SMALL {
                break;
            }
        }
        self.known.insert(name, size);
        Ok(size)
    }

    /// The set that leaves fewest rows, with how many.
    pub(super) fn least<'s>(
        &mut self,
        conn: &Connection,
        entity: u32,
        sets: impl Iterator<Item = &'s FieldSet>,
    ) -> Result<Option<(u64, &'s FieldSet)>> {
        let mut least: Option<(u64, &FieldSet)> = None;
        for set in sets {
            let size = self.of(conn, entity, set)?;
            if least.is_none_or(|(s, _)| size < s) {
                least = Some((size, set));
            }
        }
        Ok(least)
    }
}

/// An interval in terms of SQL.
pub(super) fn bounds(i: &Interval) -> (String, Vec<Value>) {
    let mut params = vec![i.lo.0.clone().into()];
    let mut sql = if i.lo.1 { "v >= ?1".to_owned() } else { "v > ?1".to_owned() };
    if i.is_point() {
        "v = ?1".clone_into(&mut sql);
    } else if let Some((hi, with)) = &i.hi {
        params.push(hi.clone().into());
        sql.push_str(if *with { " AND v <= ?2" } else { " AND v < ?2" });
    }
    (sql, params)
}

/// Entries of an interval, up to a limit.
pub(super) fn count(conn: &Connection, entity: u32, field: u32, i: &Interval, most: Option<u64>) -> Result<u64> {
    let (bounds, params) = bounds(i);
    let table = format!("x_{entity}_{field}");
    let sql = match most {
        Some(most) => format!("SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {bounds} LIMIT {most})"),
        None => format!("SELECT count(*) FROM {table} WHERE {bounds}"),
    };
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    rows.next()?.map_or(Ok(0), |r| r.number(0))
}
