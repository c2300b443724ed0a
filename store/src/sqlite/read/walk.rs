//! Walks an index in order, from anywhere: the rows behind its entries, one by one, until the caller has enough.
//!
//! Order: by key, then by number in the same direction; null last in both directions. That is the order of the table,
//! forwards or backwards, so that nothing is ever sorted.

use super::sets::Interval;
use crate::Result;
use crate::sqlite::fault::Columns;
use crate::sqlite::names::NULL;
use banyan_words::Id;
use rusqlite::Connection;
use std::ops::ControlFlow;

/// Where a walk begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start<'a> {
    /// At the beginning.
    First,
    /// After that entry.
    After(&'a [u8], u64),
    /// After all entries of that key.
    Beyond(&'a [u8]),
}

/// A row on the way.
pub(super) struct Seen<'a> {
    pub(super) key: &'a [u8],
    pub(super) n: u64,
    pub(super) id: Id,
    pub(super) facts: &'a [u8],
}

/// A stretch of the index: bounds in terms of SQL.
struct Stretch {
    sql: String,
    params: Vec<rusqlite::types::Value>,
}

/// Which index, and in which direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index {
    pub(super) entity: u32,
    pub(super) field: u32,
    pub(super) descending: bool,
}

/// Calls `each` with the rows of the intervals, in order, until it breaks.
pub(super) fn walk(
    conn: &Connection,
    index: Index,
    intervals: &[Interval],
    start: Start<'_>,
    each: &mut dyn FnMut(Seen<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    for stretch in stretches(index, intervals, start) {
        let mut statement = conn.prepare_cached(&stretch.sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(stretch.params))?;
        while let Some(row) = rows.next()? {
            let seen = Seen { key: row.bytes(0)?, n: row.number(1)?, id: row.id(2)?, facts: row.bytes(3)? };
            if each(seen)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Null is a stretch of its own when walking backwards, since it comes last there too.
fn stretches(index: Index, intervals: &[Interval], start: Start<'_>) -> Vec<Stretch> {
    if !index.descending {
        return intervals.iter().filter_map(|i| forwards(index, i, start)).collect();
    }
    let values = Interval { lo: (Vec::new(), true), hi: Some((NULL.to_vec(), false)) };
    let null = Interval::point(NULL.to_vec());
    let parts = |part: &Interval| intervals.iter().rev().filter_map(|i| i.and(part)).collect::<Vec<_>>();
    let mut out: Vec<Stretch> = parts(&values).iter().filter_map(|i| backwards(index, i, start)).collect();
    out.extend(parts(&null).iter().filter_map(|i| backwards(index, i, start)));
    out
}

fn forwards(index: Index, i: &Interval, start: Start<'_>) -> Option<Stretch> {
    let mut s = Stretch::new(index);
    match start {
        // A bound above the start decides alone; otherwise the start does.
        Start::After(key, n) if i.lo.0.as_slice() < key || (i.lo.0 == key && i.lo.1) => {
            if !i.has(key) && i.hi.as_ref().is_some_and(|(hi, _)| hi.as_slice() <= key) {
                return None;
            }
            s.after(i.is_point(), ">", key, n);
        }
        Start::Beyond(key) if i.lo.0.as_slice() <= key => {
            if i.hi.as_ref().is_some_and(|(hi, _)| hi.as_slice() <= key) {
                return None;
            }
            s.bound("x.v >", key);
        }
        _ if i.is_point() => s.bound("x.v =", &i.lo.0),
        _ if !i.is_bounded() => {}
        _ => s.bound(if i.lo.1 { "x.v >=" } else { "x.v >" }, &i.lo.0),
    }
    match &i.hi {
        Some((hi, with)) if !i.is_point() => s.bound(if *with { "x.v <=" } else { "x.v <" }, hi),
        _ => {}
    }
    Some(s.end(index))
}

fn backwards(index: Index, i: &Interval, start: Start<'_>) -> Option<Stretch> {
    let mut s = Stretch::new(index);
    let null = i.lo.0 == NULL;
    let hi = i.hi.as_ref();
    // Walking backwards, null lies behind every value, though its key is the greatest.
    let ahead = |key: &[u8]| null && key != NULL;
    // Whether the start lies within the stretch or below it; above it, the stretch's own bound decides.
    let reaches = |key: &[u8]| hi.is_none_or(|(hi, with)| hi.as_slice() > key || (hi == key && *with));
    match start {
        Start::After(key, n) if !ahead(key) && reaches(key) => {
            if i.lo.0.as_slice() > key || (i.lo.0 == key && !i.lo.1) {
                return None;
            }
            s.after(i.is_point(), "<", key, n);
        }
        Start::Beyond(key) if !ahead(key) && reaches(key) => {
            if i.lo.0.as_slice() >= key {
                return None;
            }
            s.bound("x.v <", key);
        }
        // The start is null and lies behind every value: nothing of this stretch is left.
        Start::After(key, _) | Start::Beyond(key) if !null && key == NULL => return None,
        _ if i.is_point() => s.bound("x.v =", &i.lo.0),
        _ => {
            if let Some((hi, with)) = hi {
                s.bound(if *with { "x.v <=" } else { "x.v <" }, hi);
            }
        }
    }
    if !i.is_point() && i.is_bounded() {
        s.bound(if i.lo.1 { "x.v >=" } else { "x.v >" }, &i.lo.0);
    }
    Some(s.end(index))
}

impl Stretch {
    fn new(index: Index) -> Stretch {
        let Index { entity, field, .. } = index;
        let sql = format!(
            "SELECT x.v, x.n, e.id, e.facts FROM x_{entity}_{field} x CROSS JOIN ent_{entity} e ON e.n = x.n WHERE 1"
        );
        Stretch { sql, params: Vec::new() }
    }

    fn bound(&mut self, left: &str, key: &[u8]) {
        self.params.push(key.to_vec().into());
        self.sql.push_str(&format!(" AND {left} ?{}", self.params.len()));
    }

    /// Entries on the far side of one; within a single key, numbers suffice.
    fn after(&mut self, point: bool, op: &str, key: &[u8], n: u64) {
        let at = self.params.len();
        self.params.push(key.to_vec().into());
        self.params.push((n as i64).into());
        let (k, n) = (at + 1, at + 2);
        self.sql.push_str(&match point {
            true => format!(" AND x.v = ?{k} AND x.n {op} ?{n}"),
            false => format!(" AND (x.v, x.n) {op} (?{k}, ?{n})"),
        });
    }

    fn end(mut self, index: Index) -> Stretch {
        let way = if index.descending { "DESC" } else { "ASC" };
        self.sql.push_str(&format!(" ORDER BY x.v {way}, x.n {way}"));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_walk_is_one_search_of_the_index_and_sorts_nothing() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(&crate::sqlite::layout::entity(1)).unwrap();
        conn.execute_batch(&crate::sqlite::layout::index(1, 2)).unwrap();
        let intervals = [
            vec![Interval::point(vec![1, 5])],
            vec![Interval { lo: (vec![], true), hi: None }],
            vec![Interval { lo: (vec![1, 2], false), hi: Some((vec![1, 9], true)) }],
        ];
        for intervals in intervals {
            for start in [Start::First, Start::After(&[1, 5], 7), Start::Beyond(&[1, 4])] {
                for descending in [false, true] {
                    for s in stretches(Index { entity: 1, field: 2, descending }, &intervals, start) {
                        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", s.sql)).unwrap();
                        let details: Vec<String> = plan
                            .query_map(rusqlite::params_from_iter(&s.params), |r| r.get(3))
                            .unwrap()
                            .map(|r| r.unwrap())
                            .collect();
                        let text = details.join("; ");
                        assert!(!text.contains("TEMP B-TREE"), "{}\n{text}", s.sql);
                        assert_eq!(details.len(), 2, "{text}");
                        if s.sql.contains("AND") {
                            assert!(details[0].starts_with("SEARCH x"), "{}\n{text}", s.sql);
                        }
                    }
                }
            }
        }
    }
}
