//! Units and the ledger.

use super::keyed::Db;
use crate::sqlite::codes::unit_state_code;
use crate::sqlite::fault::{Columns, damaged};
use crate::{Result, Tally, UnitChange, UnitKey};
use banyan_words::UnitState;
use std::collections::{BTreeMap, BTreeSet};

/// Counts of this transaction, and orders of units that were asked for.
#[derive(Default)]
pub(super) struct Units {
    tallies: BTreeMap<(u32, u32), (u32, Tally)>,
    orders: BTreeMap<u32, String>,
    /// Units that an observation refers to from now on.
    referred: BTreeSet<u32>,
    /// The one noted last: most come in a row.
    last_referred: u32,
    /// Raw blocks, first and last, that hold records of a unit.
    blocks: BTreeMap<u32, (u64, u64)>,
}

impl Units {
    pub(super) fn begin(&mut self, db: Db<'_>, dataset: u32, key: &UnitKey, at: i64) -> Result<u32> {
        let again = {
            let mut s = db.conn.prepare_cached(
                "SELECT number FROM unit WHERE dataset = ?1 AND name = ?2 AND version = ?3
                 AND state IN (?4, ?5, ?6) ORDER BY number DESC LIMIT 1",
            )?;
            let [open, refused, abandoned] =
                [UnitState::Open, UnitState::Refused, UnitState::Abandoned].map(unit_state_code);
            let mut rows = s.query((dataset, &key.name, &key.version, open, refused, abandoned))?;
            rows.next()?.map(|r| r.small(0)).transpose()?
        };
        let open = unit_state_code(UnitState::Open);
        let number = if let Some(number) = again {
            db.conn
                .prepare_cached(
                    "UPDATE unit SET ord = ?2, as_of = ?3, token = ?4, state = ?5, records = 0, code = NULL,
                     message = NULL, begun = ?6, finished = NULL WHERE number = ?1",
                )?
                .execute((number, &key.order, key.as_of, &key.token, open, at))?;
            db.conn.prepare_cached("DELETE FROM ledger WHERE unit = ?1")?.execute([number])?;
            self.tallies.retain(|(unit, _), _| *unit != number);
            number
        } else {
            db.conn
                .prepare_cached(
                    "INSERT INTO unit(dataset, name, version, ord, as_of, token, state, records, begun, refers)
                     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, 0)",
                )?
                .execute((dataset, &key.name, &key.version, &key.order, key.as_of, &key.token, open, at))?;
            u32::try_from(db.conn.last_insert_rowid()).map_err(|_| damaged("there are more units than can be"))?
        };
        self.orders.insert(number, key.order.clone());
        Ok(number)
    }

    pub(super) fn put(&mut self, db: Db<'_>, unit: u32, c: &UnitChange) -> Result<()> {
        let finished = (c.state != UnitState::Open).then_some(c.at);
        db.conn
            .prepare_cached(
                "UPDATE unit SET state = ?2, records = ?3, code = ?4, message = ?5,
                 finished = CASE WHEN ?6 IS NULL THEN NULL ELSE coalesce(finished, ?6) END WHERE number = ?1",
            )?
            .execute((unit, unit_state_code(c.state), c.records as i64, &c.code, &c.message, finished))?;
        Ok(())
    }

    /// Gives up the dataset's open units.
    pub(super) fn abandon(&self, db: Db<'_>, dataset: u32, message: &str, at: i64) -> Result<u64> {
        let closed = db
            .conn
            .prepare_cached(
                "UPDATE unit SET state = ?2, code = coalesce(code, 'abandoned'), message = coalesce(message, ?3),
                    finished = ?4,
                    records = max(records, coalesce((SELECT max(read) FROM ledger WHERE unit = number), 0))
                 WHERE dataset = ?1 AND state = 0",
            )?
            .execute((dataset, unit_state_code(UnitState::Abandoned), message, at))?;
        Ok(closed as u64)
    }

    /// An observation refers to that unit from now on.
    pub(super) fn refer(&mut self, unit: u32) {
        if self.last_referred != unit {
            self.last_referred = unit;
            self.referred.insert(unit);
        }
    }

    /// A raw block holds a record of that unit.
    pub(super) fn raw(&mut self, unit: u32, block: u64) {
        let blocks = self.blocks.entry(unit).or_insert((block, block));
        *blocks = (blocks.0.min(block), blocks.1.max(block));
    }

    pub(super) fn order(&mut self, db: Db<'_>, unit: u32) -> Result<String> {
        if let Some(order) = self.orders.get(&unit) {
            return Ok(order.clone());
        }
        let mut s = db.conn.prepare_cached("SELECT ord FROM unit WHERE number = ?1")?;
        let mut rows = s.query([unit])?;
        let row = rows.next()?.ok_or_else(|| damaged(format!("unit {unit} is not there")))?;
        let order: String = row.get(0)?;
        if self.orders.len() > 10_000 {
            self.orders.clear();
        }
        self.orders.insert(unit, order.clone());
        Ok(order)
    }

    pub(super) fn tally(&mut self, unit: u32, dataset: u32, mapping: u32, delta: &Tally) {
        self.tallies.entry((unit, mapping)).or_insert((dataset, Tally::default())).1.add(delta);
    }

    pub(super) fn flush(&mut self, db: Db<'_>) -> Result<()> {
        let mut s = db.conn.prepare_cached("UPDATE unit SET refers = 1 WHERE number = ?1 AND refers = 0")?;
        while let Some(unit) = self.referred.pop_first() {
            s.execute([unit])?;
        }
        self.last_referred = 0;
        let mut s = db.conn.prepare_cached(
            "UPDATE unit SET raw_first = min(coalesce(raw_first, ?2), ?2), raw_last = max(coalesce(raw_last, ?3), ?3)
             WHERE number = ?1",
        )?;
        while let Some((unit, (first, last))) = self.blocks.pop_first() {
            s.execute((unit, first as i64, last as i64))?;
        }
        let mut s = db.conn.prepare_cached(
            "INSERT INTO ledger(unit, mapping, dataset, read, applied, unchanged, superseded, skipped, held, rejected,
                discarded, deleted) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT(unit, mapping) DO UPDATE SET read = read + excluded.read, applied = applied + excluded.applied,
                unchanged = unchanged + excluded.unchanged, superseded = superseded + excluded.superseded,
                skipped = skipped + excluded.skipped, held = held + excluded.held,
                rejected = rejected + excluded.rejected, discarded = discarded + excluded.discarded,
                deleted = deleted + excluded.deleted",
        )?;
        while let Some(((unit, mapping), (dataset, t))) = self.tallies.pop_first() {
            s.execute((
                unit,
                mapping,
                dataset,
                t.read,
                t.applied,
                t.unchanged,
                t.superseded,
                t.skipped,
                t.held,
                t.rejected,
                t.discarded,
                t.deleted,
            ))?;
        }
        Ok(())
    }
}
