//! Counting without listing: by counters, by one index, or by sets of bits.

use super::filter::Filter;
use super::sets::{FieldSet, Interval, sets};
use super::sizes::{SMALL, Sizes, bounds, count as entries};
use super::walk::{Index, Start, walk};
use crate::sqlite::bits::Bits;
use crate::sqlite::fault::Columns;
use crate::sqlite::layout::counter::ENTITY;
use crate::sqlite::names::Fields;
use crate::{Condition, Result};
use rusqlite::Connection;
use std::ops::ControlFlow;

/// See [`crate::Reader::count`].
pub(super) fn count(
    conn: &Connection,
    fields: &mut Fields,
    sizes: &mut Sizes,
    entity: u32,
    conditions: &[Condition],
) -> Result<u64> {
    let sets = sets(conditions);
    if sets.iter().any(|s| s.intervals.is_empty()) {
        return Ok(0);
    }
    match &sets[..] {
        [] => live(conn, entity),
        [one] => one_field(conn, entity, one),
        several => {
            let wanted = several.iter().filter(|s| s.wanted);
            match sizes.least(conn, entity, wanted)? {
                Some((size, set)) if size <= SMALL => few(conn, fields, entity, set, several),
                _ => by_bits(conn, entity, several),
            }
        }
    }
}

fn live(conn: &Connection, entity: u32) -> Result<u64> {
    let mut s = conn.prepare_cached("SELECT live FROM counter WHERE kind = ?1 AND number = ?2")?;
    let mut rows = s.query((ENTITY, entity))?;
    rows.next()?.map_or(Ok(0), |r| r.number(0))
}

fn one_field(conn: &Connection, entity: u32, set: &FieldSet) -> Result<u64> {
    let mut sum = 0;
    for i in &set.intervals {
        sum += entries(conn, entity, set.field, i, None)?;
    }
    for key in set.excepted() {
        sum -= entries(conn, entity, set.field, &Interval::point(key), None)?.min(sum);
    }
    Ok(sum)
}

fn few(conn: &Connection, fields: &mut Fields, entity: u32, set: &FieldSet, all: &[FieldSet]) -> Result<u64> {
    let mut filter = Filter::new(conn, fields, all);
    let index = Index { entity, field: set.field, descending: false };
    let mut sum = 0;
    walk(conn, index, &set.intervals, Start::First, &mut |seen| {
        sum += u64::from(filter.passes(seen.facts, Some((set.field, seen.key)))?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(sum)
}

/// A bit for each instance: an eighth of a byte for each, however many meet one condition only.
fn by_bits(conn: &Connection, entity: u32, sets: &[FieldSet]) -> Result<u64> {
    let mut left: Option<Bits> = None;
    // The first set stands for all instances even where it only leaves some out: each has an entry in every index.
    for set in sets {
        if left.is_none() || set.wanted {
            let bits = numbers(conn, entity, set.field, &set.intervals)?;
            match &mut left {
                Some(left) => left.and(&bits),
                None => left = Some(bits),
            }
        }
        let except: Vec<_> = set.excepted().map(Interval::point).collect();
        if let (Some(left), false) = (&mut left, except.is_empty()) {
            left.without(&numbers(conn, entity, set.field, &except)?);
        }
    }
    Ok(left.map_or(0, |b| b.count()))
}

fn numbers(conn: &Connection, entity: u32, field: u32, intervals: &[Interval]) -> Result<Bits> {
    let mut out = Bits::default();
    for i in intervals {
        let (bounds, params) = bounds(i);
        let mut s = conn.prepare_cached(&format!("SELECT n FROM x_{entity}_{field} WHERE {bounds}"))?;
        let mut rows = s.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            out.set(row.number(0)?);
        }
    }
    Ok(out)
}
