//! Checking the store's own consistency: what is said twice must agree.

use super::blocks;
use super::fault::Columns;
use super::names::{Fields, NULL};
use super::read::SqliteReader;
use super::tidy::entities;
use crate::Result;
use banyan_model::instance::FactsHead;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Sentences, at most.
const MOST: usize = 100;

/// What is wrong, so far.
struct Report(Vec<String>);

impl Report {
    fn say(&mut self, what: impl FnOnce() -> String) {
        if self.0.len() < MOST {
            self.0.push(what());
        }
    }

    /// Tells of a count that should be zero.
    fn none(&mut self, conn: &Connection, sql: &str, what: impl FnOnce(u64) -> String) -> Result<()> {
        let count = conn.query_row(sql, [], |r| r.get::<_, i64>(0))?;
        if count != 0 {
            self.say(|| what(count.unsigned_abs()));
        }
        Ok(())
    }
}

pub(super) fn verify(reader: &mut SqliteReader) -> Result<Vec<String>> {
    reader.with_fields(|conn, fields| {
        let mut report = Report(Vec::new());
        {
            let mut s = conn.prepare("PRAGMA quick_check(20)")?;
            let mut rows = s.query([])?;
            while let Some(r) = rows.next()? {
                let line: String = r.get(0)?;
                if line != "ok" {
                    report.say(|| format!("the file itself: {line}"));
                }
            }
        }
        let sizes = raw_blocks(conn, &mut report)?;
        for number in entities(conn)? {
            ids(conn, number, &mut report)?;
            rows(conn, fields, number, &sizes, &mut report)?;
        }
        mappings(conn, &mut report)?;
        ledger(conn, &mut report)?;
        Ok(report.0)
    })
}

/// Unpacks every raw block; how many records each holds.
fn raw_blocks(conn: &Connection, report: &mut Report) -> Result<BTreeMap<u64, u32>> {
    let mut out = BTreeMap::new();
    let mut s = conn.prepare("SELECT blk, len, z FROM raw")?;
    let mut rows = s.query([])?;
    while let Some(r) = rows.next()? {
        let number = r.number(0)?;
        let count = || -> Result<u32> {
            let bytes = blocks::unpack(r.bytes(2)?, r.number(1)?)?;
            let (mut at, mut records) = (&bytes[..], 0);
            while !at.is_empty() {
                blocks::take(&mut at)?;
                records += 1;
            }
            Ok(records)
        };
        match count() {
            Ok(records) => {
                out.insert(number, records);
            }
            Err(e) => report.say(|| format!("raw block {number}: {e}")),
        }
    }
    Ok(out)
}

fn ids(conn: &Connection, e: u32, report: &mut Report) -> Result<()> {
    let astray = format!("SELECT count(*) FROM ent_{e} e LEFT JOIN ids_{e} i ON i.id = e.id WHERE i.n IS NOT e.n");
    report.none(conn, &astray, |c| format!("entity {e}: the ids of {c} instances do not lead to them"))?;
    let dangling = format!("SELECT count(*) FROM ids_{e} i LEFT JOIN ent_{e} e ON e.n = i.n WHERE e.n IS NULL");
    report.none(conn, &dangling, |c| format!("entity {e}: {c} ids lead nowhere"))?;
    let direct = format!(
        "SELECT (SELECT count(*) FROM ent_{e} WHERE hash <> 0)
            - coalesce((SELECT direct FROM counter WHERE kind = 0 AND number = {e}), 0)"
    );
    report.none(conn, &direct, |c| format!("entity {e}: the count of direct observations is off by {c}"))?;
    let next = format!(
        "SELECT coalesce((SELECT max(n) FROM ent_{e}), 0)
            >= coalesce((SELECT next FROM counter WHERE kind = 0 AND number = {e}), 1)"
    );
    report.none(conn, &next, |_| format!("entity {e}: the next number is given already"))
}

fn mappings(conn: &Connection, report: &mut Report) -> Result<()> {
    let mut s =
        conn.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'rec\\_%' ESCAPE '\\'")?;
    let names: Vec<String> = s.query_map([], |r| r.get(0))?.collect::<std::result::Result<_, _>>()?;
    for m in names.iter().filter_map(|n| n.strip_prefix("rec_")?.parse::<u32>().ok()) {
        let sql = format!("SELECT count(*) FROM rec_{m} r LEFT JOIN rid_{m} i ON i.id = r.id WHERE i.n IS NOT r.n");
        report.none(conn, &sql, |c| format!("mapping {m}: the keys of {c} records do not lead to them"))?;
        let sql = format!(
            "SELECT (SELECT count(*) FROM rec_{m}) - (SELECT count(*) FROM rid_{m}),
                (SELECT count(*) FROM rec_{m}) - coalesce((SELECT direct FROM counter WHERE kind = 1 AND number = {m}), 0)"
        );
        let (ids, counted): (i64, i64) = conn.query_row(&sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?;
        if ids != 0 || counted != 0 {
            report.say(|| format!("mapping {m}: keys are off by {ids}, the count of records by {counted}"));
        }
    }
    Ok(())
}

/// Every row can be read, its raw records are there, and it stands in each index once, or nowhere if it is not live.
fn rows(
    conn: &Connection,
    fields: &mut Fields,
    e: u32,
    blocks: &BTreeMap<u64, u32>,
    report: &mut Report,
) -> Result<()> {
    let mut s = conn.prepare("SELECT field FROM idx WHERE entity = ?1")?;
    let indexed: Vec<u32> = s.query_map([e], |r| r.get(0))?.collect::<std::result::Result<_, _>>()?;
    let probes: Vec<String> =
        indexed.iter().map(|f| format!("SELECT count(*) FROM x_{e}_{f} WHERE v = ?1 AND n = ?2")).collect();
    let mut s = conn.prepare(&format!("SELECT n, facts FROM ent_{e}"))?;
    let mut all = s.query([])?;
    let (mut live, mut key) = (0_i64, Vec::new());
    while let Some(row) = all.next()? {
        let n = row.number(0)?;
        let Some(head) = FactsHead::read(row.bytes(1)?) else {
            report.say(|| format!("entity {e}: instance {n} cannot be read"));
            continue;
        };
        let read = head.for_each_raw(|at| {
            if at.block != 0 && blocks.get(&at.block).is_none_or(|records| at.slot >= *records) {
                report.say(|| format!("entity {e}: instance {n} rests on a raw record that is not there ({at:?})"));
            }
        });
        if read.is_none() {
            report.say(|| format!("entity {e}: the observations of instance {n} cannot be read"));
        }
        if !head.live {
            continue;
        }
        live += 1;
        for (field, probe) in indexed.iter().zip(&probes) {
            key.clear();
            fields.key(conn, *field, &head, &mut key)?;
            let there: i64 = conn.prepare_cached(probe)?.query_row((&key, n as i64), |r| r.get(0))?;
            if there == 0 {
                let null = if key == NULL { " (null)" } else { "" };
                report.say(|| format!("entity {e}: instance {n} is missing in the index of field {field}{null}"));
            }
        }
    }
    for field in indexed {
        let entries: i64 = conn.query_row(&format!("SELECT count(*) FROM x_{e}_{field}"), [], |r| r.get(0))?;
        if entries != live {
            report.say(|| format!("entity {e}: the index of field {field} has {entries} entries for {live} instances"));
        }
    }
    let counted = format!("SELECT {live} - coalesce((SELECT live FROM counter WHERE kind = 0 AND number = {e}), 0)");
    report.none(conn, &counted, |c| format!("entity {e}: the count of live instances is off by {c}"))
}

fn ledger(conn: &Connection, report: &mut Report) -> Result<()> {
    let mut s = conn.prepare(
        "SELECT unit, mapping FROM ledger
         WHERE read <> applied + unchanged + superseded + skipped + held + rejected ORDER BY unit, mapping",
    )?;
    let mut rows = s.query([])?;
    while let Some(r) = rows.next()? {
        let (unit, mapping) = (r.small(0)?, r.small(1)?);
        report.say(|| format!("the ledger of unit {unit}, mapping {mapping}, does not add up"));
    }
    let mut s = conn.prepare(
        "SELECT dataset, mapping FROM folded
         WHERE read <> applied + unchanged + superseded + skipped + held + rejected ORDER BY dataset, mapping",
    )?;
    let mut rows = s.query([])?;
    while let Some(r) = rows.next()? {
        let (dataset, mapping) = (r.small(0)?, r.small(1)?);
        report.say(|| format!("what was folded of dataset {dataset}, mapping {mapping}, does not add up"));
    }
    let lost = "SELECT count(*) FROM letter WHERE unit NOT IN (SELECT number FROM unit)";
    report.none(conn, lost, |c| format!("{c} dead letters belong to no unit"))?;
    let lost = "SELECT count(*) FROM ledger WHERE unit NOT IN (SELECT number FROM unit)";
    report.none(conn, lost, |c| format!("{c} rows of the ledger belong to no unit"))
}
