//! Units and the ledger.

use crate::sqlite::codes::unit_state;
use crate::sqlite::fault::Columns;
use crate::{Folded, LedgerRow, Result, Tally, Unit, UnitKey};
use rusqlite::{Connection, Params, Row};

/// Units that meet a condition.
pub(in crate::sqlite) fn units(
    conn: &Connection,
    condition: &str,
    order: &str,
    params: impl Params,
) -> Result<Vec<Unit>> {
    let mut s = conn.prepare_cached(&format!(
        "SELECT number, dataset, name, version, ord, as_of, token, state, records, code, message, begun, finished
         FROM unit WHERE {condition} {order}"
    ))?;
    let mut rows = s.query(params)?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(Unit {
            number: r.small(0)?,
            dataset: r.small(1)?,
            key: UnitKey { name: r.get(2)?, version: r.get(3)?, order: r.get(4)?, as_of: r.get(5)?, token: r.get(6)? },
            state: unit_state(r.get(7)?)?,
            records: r.number(8)?,
            code: r.get(9)?,
            message: r.get(10)?,
            begun: r.get(11)?,
            finished: r.get(12)?,
        });
    }
    Ok(out)
}

/// The highest order among finished units.
pub(super) fn newest_order(conn: &Connection, dataset: u32) -> Result<Option<String>> {
    let sql = "SELECT ord FROM unit WHERE dataset = ?1 AND state IN (1, 3) ORDER BY ord DESC LIMIT 1";
    super::rows::text(conn, sql, [dataset])
}

fn tally(r: &Row<'_>, from: usize) -> Result<Tally> {
    Ok(Tally {
        read: r.get(from)?,
        applied: r.get(from + 1)?,
        unchanged: r.get(from + 2)?,
        superseded: r.get(from + 3)?,
        skipped: r.get(from + 4)?,
        held: r.get(from + 5)?,
        rejected: r.get(from + 6)?,
        discarded: r.get(from + 7)?,
        deleted: r.get(from + 8)?,
    })
}

/// Rows of whole units, newest first: at least one unit, and none more once there are `limit` rows.
pub(super) fn ledger(
    conn: &Connection,
    dataset: Option<u32>,
    before: Option<u32>,
    limit: usize,
) -> Result<Vec<LedgerRow>> {
    let only = if dataset.is_some() { "AND dataset = ?2" } else { "AND ?2 IS NULL" };
    let mut s = conn.prepare_cached(&format!(
        "SELECT unit, dataset, mapping, read, applied, unchanged, superseded, skipped, held, rejected, discarded, deleted
         FROM ledger WHERE unit < ?1 {only} ORDER BY unit DESC, mapping"
    ))?;
    let mut rows = s.query((before.map_or(i64::MAX, i64::from), dataset))?;
    let mut out: Vec<LedgerRow> = Vec::new();
    while let Some(r) = rows.next()? {
        let unit = r.small(0)?;
        if out.len() >= limit && out.last().is_none_or(|l| l.unit != unit) {
            break;
        }
        out.push(LedgerRow { unit, dataset: r.small(1)?, mapping: r.small(2)?, tally: tally(r, 3)? });
    }
    Ok(out)
}

/// Sums by mapping, of what is listed and of what was folded.
pub(super) fn totals(conn: &Connection, dataset: u32) -> Result<Vec<LedgerRow>> {
    const COUNTS: &str = "mapping, read, applied, unchanged, superseded, skipped, held, rejected, discarded, deleted";
    sums(
        conn,
        &format!(
            "SELECT mapping, sum(read), sum(applied), sum(unchanged), sum(superseded), sum(skipped), sum(held),
                sum(rejected), sum(discarded), sum(deleted)
             FROM (SELECT {COUNTS} FROM ledger WHERE dataset = ?1
                UNION ALL SELECT {COUNTS} FROM folded WHERE dataset = ?1)
             GROUP BY mapping ORDER BY mapping"
        ),
        dataset,
    )
}

/// What was folded.
pub(super) fn folded(conn: &Connection, dataset: u32) -> Result<Option<Folded>> {
    let mut s = conn.prepare_cached("SELECT units, abandoned, since, until FROM folded_units WHERE dataset = ?1")?;
    let mut rows = s.query([dataset])?;
    let Some(r) = rows.next()? else { return Ok(None) };
    let (units, abandoned, since, until) = (r.number(0)?, r.number(1)?, r.get(2)?, r.get(3)?);
    let rows = sums(
        conn,
        "SELECT mapping, read, applied, unchanged, superseded, skipped, held, rejected, discarded, deleted
         FROM folded WHERE dataset = ?1 ORDER BY mapping",
        dataset,
    )?;
    Ok(Some(Folded { units, abandoned, since, until, rows }))
}

fn sums(conn: &Connection, sql: &str, dataset: u32) -> Result<Vec<LedgerRow>> {
    let mut s = conn.prepare_cached(sql)?;
    let mut rows = s.query([dataset])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(LedgerRow { unit: 0, dataset, mapping: r.small(0)?, tally: tally(r, 1)? });
    }
    Ok(out)
}
