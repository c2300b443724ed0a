//! Lists: which index is walked, and what becomes of several sort fields.
//!
//! Invariant: pages follow one another by key, never by counting rows off; whichever way is taken, the order is the
//! same, so that a cursor of one way goes on in another.
//! Ways: without sort fields by arrival, through the index of a field of which one value is wanted, if there is one.
//! With them: where a condition leaves few rows, those are gathered and sorted; else the first sort field's index is
//! walked, and rows of equal keys are sorted by the others (where many are equal, the next field's index is walked).

use super::filter::Filter;
use super::sets::{FieldSet, Interval, sets};
use super::sizes::{SMALL, Sizes};
use super::walk::{Index, Seen, Start, walk};
use crate::sqlite::fault::Columns;
use crate::sqlite::names::{Fields, NULL, head};
use crate::{Cursor, Found, ListQuery, Page, Result, Sort, StoreError};
use rusqlite::Connection;
use std::cmp::Ordering;
use std::ops::ControlFlow;

/// Rows of equal keys that are sorted in memory, at most.
const GROUP: usize = if cfg!(test) { 5 } else { 1000 };

struct Row {
    keys: Vec<Vec<u8>>,
    found: Found,
}

/// The rest of a cursor: keys of the sort fields from some depth on, and the number.
type After<'a> = Option<(&'a [Vec<u8>], u64)>;

struct Lister<'a> {
    entity: u32,
    filter: Filter<'a>,
    sort: Vec<Sort>,
    want: usize,
    out: Vec<Row>,
}

/// See [`crate::Reader::list`].
pub(super) fn list(
    conn: &Connection,
    fields: &mut Fields,
    sizes: &mut Sizes,
    entity: u32,
    query: &ListQuery,
) -> Result<Page> {
    let sets = sets(&query.conditions);
    if query.limit == 0 || sets.iter().any(|s| s.intervals.is_empty()) {
        return Ok(Page::default());
    }
    let sort = order(&query.sort, &sets);
    let after = match &query.after {
        Some(c) if c.keys.len() != sort.len() => {
            return Err(StoreError::Database("the cursor is not of this query".into()));
        }
        Some(c) => Some((&c.keys[..], c.n)),
        None => None,
    };
    let want = query.limit.saturating_add(1);
    let filter = Filter::new(conn, fields, &sets);
    let mut lister = Lister { entity, filter, sort, want, out: Vec::new() };
    match lister.sort.first() {
        None => {
            let mut points = sets.iter().filter(|s| s.is_point());
            let point = match (points.next(), points.next()) {
                (only, None) => only,
                _ => sizes.least(conn, entity, sets.iter().filter(|s| s.is_point()))?.map(|(_, s)| s),
            };
            match point {
                Some(set) => lister.by_arrival_in(set, after)?,
                None => lister.by_arrival(after)?,
            }
        }
        Some(lead) => {
            let others = sets.iter().filter(|s| s.wanted && s.field != lead.field);
            match sizes.least(conn, entity, others)? {
                Some((size, set)) if size <= SMALL => lister.gather(set, after)?,
                _ => lister.sorted(0, after, &mut Vec::new())?,
            }
        }
    }
    Ok(lister.page(query.limit))
}

/// The order of a list (see [`ListQuery::sort`]).
fn order(asked: &[Sort], sets: &[FieldSet]) -> Vec<Sort> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    if sets.iter().any(FieldSet::is_point) {
        return Vec::new();
    }
    let lead = sets.iter().find(|s| s.wanted).map(|s| Sort { field: s.field, descending: false });
    lead.into_iter().collect()
}

/// Compares keys in a direction, null last in both.
fn compare(a: &[u8], b: &[u8], descending: bool) -> Ordering {
    let null = (a == NULL).cmp(&(b == NULL));
    null.then_with(|| if descending { b.cmp(a) } else { a.cmp(b) })
}

impl Lister<'_> {
    fn full(&self) -> bool {
        self.out.len() >= self.want
    }

    fn page(mut self, limit: usize) -> Page {
        let more = self.out.len() > limit;
        self.out.truncate(limit);
        let last = self.out.last_mut().filter(|_| more);
        let next = last.map(|r| Cursor { keys: std::mem::take(&mut r.keys), n: r.found.n });
        Page { rows: self.out.into_iter().map(|r| r.found).collect(), next }
    }

    fn compare(&self, depth: usize, (a, an): (&[Vec<u8>], u64), (b, bn): (&[Vec<u8>], u64)) -> Ordering {
        let sort = self.sort.get(depth..).unwrap_or_default();
        let keys = sort.iter().zip(a.iter().zip(b)).map(|(s, (a, b))| compare(a, b, s.descending));
        let descending = self.sort.last().is_some_and(|s| s.descending);
        let by_arrival = if descending { bn.cmp(&an) } else { an.cmp(&bn) };
        keys.fold(Ordering::Equal, Ordering::then).then(by_arrival)
    }

    /// Sorts rows that are equal down to `depth`, and keeps what lies after the cursor.
    fn settle(&self, rows: &mut Vec<Row>, depth: usize, after: After<'_>) {
        fn tail(r: &Row, depth: usize) -> (&[Vec<u8>], u64) {
            (r.keys.get(depth..).unwrap_or_default(), r.found.n)
        }
        if let Some(after) = after {
            rows.retain(|r| self.compare(depth, tail(r, depth), after).is_gt());
        }
        rows.sort_unstable_by(|a, b| self.compare(depth, tail(a, depth), tail(b, depth)));
    }

    /// The row with its keys; those down to `keys.len()` are known.
    fn row(&mut self, mut keys: Vec<Vec<u8>>, seen: &Seen<'_>) -> Result<Row> {
        for depth in keys.len()..self.sort.len() {
            let field = self.sort[depth].field;
            keys.push(self.filter.key_of(field, seen.facts)?.to_vec());
        }
        Ok(Row { keys, found: Found { id: seen.id, n: seen.n, facts: seen.facts.to_vec() } })
    }

    /// Whether a row meets the conditions and lies in the groups that are fixed.
    fn passes(&mut self, field: u32, seen: &Seen<'_>, fixed: &[Vec<u8>]) -> Result<bool> {
        if !self.filter.passes(seen.facts, Some((field, seen.key)))? {
            return Ok(false);
        }
        for (depth, key) in fixed.iter().enumerate() {
            let at = self.sort[depth].field;
            if self.filter.key_of(at, seen.facts)? != key {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn by_arrival(&mut self, after: After<'_>) -> Result<()> {
        let sql = format!("SELECT n, id, facts FROM ent_{} WHERE n > ?1 ORDER BY n", self.entity);
        let mut statement = self.filter.conn.prepare_cached(&sql)?;
        let mut rows = statement.query([after.map_or(0, |(_, n)| n as i64)])?;
        while !self.full()
            && let Some(row) = rows.next()?
        {
            let seen = Seen { key: &[], n: row.number(0)?, id: row.id(1)?, facts: row.bytes(2)? };
            if head(seen.facts)?.live && self.filter.passes(seen.facts, None)? {
                let row = self.row(Vec::new(), &seen)?;
                self.out.push(row);
            }
        }
        Ok(())
    }

    fn by_arrival_in(&mut self, set: &FieldSet, after: After<'_>) -> Result<()> {
        let index = Index { entity: self.entity, field: set.field, descending: false };
        let key = set.intervals.first().map_or(&[][..], |i| &i.lo.0);
        let start = after.map_or(Start::First, |(_, n)| Start::After(key, n));
        let conn = self.filter.conn;
        walk(conn, index, &set.intervals, start, &mut |seen| {
            if self.passes(set.field, &seen, &[])? {
                let row = self.row(Vec::new(), &seen)?;
                self.out.push(row);
            }
            Ok(if self.full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    /// All rows of a set, sorted; of many only the first are kept on the way.
    fn gather(&mut self, set: &FieldSet, after: After<'_>) -> Result<()> {
        let index = Index { entity: self.entity, field: set.field, descending: false };
        let conn = self.filter.conn;
        let mut rows = Vec::new();
        walk(conn, index, &set.intervals, Start::First, &mut |seen| {
            if self.passes(set.field, &seen, &[])? {
                rows.push(self.row(Vec::new(), &seen)?);
            }
            if rows.len() >= self.want.saturating_mul(2).max(GROUP) {
                self.settle(&mut rows, 0, after);
                rows.truncate(self.want);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.settle(&mut rows, 0, after);
        rows.truncate(self.want);
        self.out = rows;
        Ok(())
    }

    fn intervals(&self, field: u32) -> Vec<Interval> {
        let set = self.filter.sets.iter().find(|s| s.field == field);
        set.map_or_else(|| vec![Interval { lo: (Vec::new(), true), hi: None }], |s| s.intervals.clone())
    }

    /// Walks the index of the sort field at `depth`, within groups of equal keys (`fixed`) of those before it.
    fn sorted(&mut self, depth: usize, after: After<'_>, fixed: &mut Vec<Vec<u8>>) -> Result<()> {
        let Some(sort) = self.sort.get(depth).copied() else { return Ok(()) };
        let index = Index { entity: self.entity, field: sort.field, descending: sort.descending };
        let intervals = self.intervals(sort.field);
        if depth + 1 == self.sort.len() {
            let start = match after {
                Some(([key, ..], n)) => Start::After(key, n),
                _ => Start::First,
            };
            return self.leaf(index, &intervals, start, fixed);
        }
        let mut begun: Option<Vec<u8>> = None;
        if let Some(([key, rest @ ..], n)) = after {
            let within: Vec<_> =
                intervals.iter().filter(|i| i.has(key)).map(|_| Interval::point(key.clone())).collect();
            if let Some(large) = self.groups(depth, (index, &within, Start::First), Some((rest, n)), fixed)? {
                self.deeper(depth, large, Some((rest, n)), fixed)?;
            }
            begun = Some(key.clone());
        }
        while !self.full() {
            let start = begun.as_deref().map_or(Start::First, Start::Beyond);
            let Some(large) = self.groups(depth, (index, &intervals, start), None, fixed)? else { break };
            begun = Some(large.clone());
            self.deeper(depth, large, None, fixed)?;
        }
        Ok(())
    }

    fn deeper(&mut self, depth: usize, key: Vec<u8>, after: After<'_>, fixed: &mut Vec<Vec<u8>>) -> Result<()> {
        fixed.push(key);
        self.sorted(depth + 1, after, fixed)?;
        fixed.pop();
        Ok(())
    }

    /// The last sort field: rows come as they are wanted.
    fn leaf(&mut self, index: Index, intervals: &[Interval], start: Start<'_>, fixed: &[Vec<u8>]) -> Result<()> {
        let conn = self.filter.conn;
        walk(conn, index, intervals, start, &mut |seen| {
            if self.passes(index.field, &seen, fixed)? {
                let mut keys = fixed.to_vec();
                keys.push(seen.key.to_vec());
                let row = self.row(keys, &seen)?;
                self.out.push(row);
            }
            Ok(if self.full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    /// Groups of equal keys one after the other, each sorted by the fields that follow; stops at one that is too large
    /// and returns its key. `after` is the cursor within the (only) group.
    fn groups(
        &mut self,
        depth: usize,
        (index, intervals, start): (Index, &[Interval], Start<'_>),
        after: After<'_>,
        fixed: &[Vec<u8>],
    ) -> Result<Option<Vec<u8>>> {
        let conn = self.filter.conn;
        let (mut group, mut key, mut large) = (Vec::<Row>::new(), None::<Vec<u8>>, false);
        walk(conn, index, intervals, start, &mut |seen| {
            if key.as_deref() != Some(seen.key) {
                self.settle(&mut group, depth + 1, after);
                self.out.append(&mut group);
                if self.full() {
                    return Ok(ControlFlow::Break(()));
                }
                key = Some(seen.key.to_vec());
            }
            if self.passes(index.field, &seen, fixed)? {
                let mut keys = fixed.to_vec();
                keys.push(seen.key.to_vec());
                group.push(self.row(keys, &seen)?);
            }
            large = group.len() > GROUP;
            Ok(if large { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if large {
            return Ok(key);
        }
        self.settle(&mut group, depth + 1, after);
        self.out.append(&mut group);
        Ok(None)
    }
}
