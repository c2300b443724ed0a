//! The change feed: one writer, so that the order of slices is the order of commits, and nothing is above an open one.

use crate::sqlite::fault::{Columns, damaged};
use crate::{ChangePage, Found, Result, Since};
use banyan_words::codec::take_varint;
use rusqlite::Connection;

/// See [`crate::Reader::changes`].
pub(super) fn changes(conn: &Connection, entity: u32, since: Since, limit: usize) -> Result<ChangePage> {
    let mut page = ChangePage { next: since, ..ChangePage::default() };
    let mut slices = conn.prepare_cached("SELECT seq, at, ns FROM chg WHERE entity = ?1 AND seq >= ?2 ORDER BY seq")?;
    let mut select = conn.prepare_cached(&format!("SELECT id, facts FROM ent_{entity} WHERE n = ?1"))?;
    let mut rows = slices.query((entity, i64::try_from(since.slice).unwrap_or(i64::MAX)))?;
    while let Some(row) = rows.next()? {
        let slice = row.number(0)?;
        let at: i64 = row.get(1)?;
        let mut ns = row.bytes(2)?;
        let (mut n, mut item) = (0_u64, 0);
        let seen = if slice == since.slice { since.item } else { 0 };
        while !ns.is_empty() {
            let step = take_varint(&mut ns).and_then(|s| s.checked_add(n));
            n = step.ok_or_else(|| damaged(format!("slice {slice} of the change feed")))?;
            item += 1;
            if item <= seen {
                continue;
            }
            if page.rows.len() >= limit {
                page.more = true;
                return Ok(page);
            }
            page.next = Since { slice, item };
            // An instance that was absorbed since is told of by the one that absorbed it.
            let mut found = select.query([n as i64])?;
            if let Some(r) = found.next()? {
                page.rows.push((Found { n, id: r.id(0)?, facts: r.bytes(1)?.to_vec() }, at));
            }
        }
    }
    Ok(page)
}

/// See [`crate::Reader::newest_change`].
pub(super) fn newest(conn: &Connection) -> Result<Since> {
    let mut s = conn.prepare_cached("SELECT seq, count FROM chg ORDER BY seq DESC LIMIT 1")?;
    let mut rows = s.query([])?;
    match rows.next()? {
        Some(r) => Ok(Since { slice: r.number(0)?, item: r.small(1)? }),
        None => Ok(Since::default()),
    }
}
