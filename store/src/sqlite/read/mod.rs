//! A reader: one connection that looks at one commit, renewed between calls.
//!
//! A transaction kept open saves a fifth of a read by id, but holds the log (415 MB in the prototype): it is renewed
//! when a commit was made and after 250 ms in any case, and `rest` lets go of it when nobody calls.

mod changes;
mod count;
mod filter;
mod letters;
mod list;
pub(super) mod rows;
mod sets;
mod sizes;
pub(super) mod units;
mod walk;

use super::Clockwork;
use super::codes::unit_state_code;
use super::fault::Columns;
use super::names::Fields;
use crate::{
    ChangePage, Condition, DeadLetter, DeadLetterFilter, Folded, Found, LedgerRow, ListQuery, Page, RawRow, Reader,
    Result, Review, Since, Unit,
};
use banyan_model::instance::RawAt;
use banyan_words::{Id, UnitState};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A commit is looked at for so long at most.
const HOLD: Duration = Duration::from_millis(250);

/// See the module.
pub(super) struct SqliteReader {
    conn: Connection,
    clockwork: Arc<Clockwork>,
    /// Commits and names as they were when the transaction was begun, and when that was; `None` when none is open.
    view: Option<(u64, Instant)>,
    names: u64,
    fields: Fields,
    sizes: sizes::Sizes,
    blocks: rows::Blocks,
    /// The statement that reads by id, by entity.
    selects: BTreeMap<u32, String>,
}

impl SqliteReader {
    pub(super) fn new(conn: Connection, clockwork: Arc<Clockwork>) -> Result<SqliteReader> {
        Ok(SqliteReader {
            conn,
            clockwork,
            view: None,
            names: 0,
            fields: Fields::default(),
            sizes: sizes::Sizes::default(),
            blocks: rows::Blocks::default(),
            selects: BTreeMap::new(),
        })
    }

    /// Whether what it looks at is stale.
    fn stale(&self) -> bool {
        self.view.is_some_and(|(commits, since)| {
            commits != self.clockwork.commits.load(Ordering::Acquire) || since.elapsed() > HOLD
        })
    }

    fn release(&mut self) -> Result<()> {
        if self.view.take().is_some() {
            self.conn.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }

    /// Looks at the newest commit, if what it looks at is stale.
    fn renew(&mut self) -> Result<()> {
        if self.stale() {
            self.release()?;
        }
        if self.view.is_none() {
            let names = self.clockwork.names.load(Ordering::Acquire);
            let commits = self.clockwork.commits.load(Ordering::Acquire);
            if names != self.names {
                self.fields.clear();
                self.names = names;
            }
            if !self.conn.is_autocommit() {
                // Letting go failed before.
                self.conn.prepare_cached("ROLLBACK")?.execute([])?;
            }
            self.conn.prepare_cached("BEGIN")?.execute([])?;
            self.view = Some((commits, Instant::now()));
        }
        Ok(())
    }

    fn by_id(&mut self, entity: u32, id: Id) -> Result<Option<Found>> {
        let sql = self.selects.entry(entity).or_insert_with(|| {
            format!(
                "SELECT e.n, e.id, e.facts FROM ids_{entity} i CROSS JOIN ent_{entity} e ON e.n = i.n WHERE i.id = ?1"
            )
        });
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([&id.0[..]])?;
        rows.next()?.map(|r| Ok(Found { n: r.number(0)?, id: r.id(1)?, facts: r.bytes(2)?.to_vec() })).transpose()
    }

    /// Looks at one commit for as long as `act` takes.
    pub(super) fn with<R>(&mut self, act: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        self.renew()?;
        act(&self.conn)
    }

    /// The same, with what finds the keys of fields.
    pub(super) fn with_fields<R>(&mut self, act: impl FnOnce(&Connection, &mut Fields) -> Result<R>) -> Result<R> {
        self.renew()?;
        act(&self.conn, &mut self.fields)
    }
}

impl Reader for SqliteReader {
    fn instance(&mut self, entity: u32, id: Id) -> Result<Option<Found>> {
        self.renew()?;
        self.by_id(entity, id)
    }

    fn instances(&mut self, entity: u32, ids: &[Id]) -> Result<Vec<Option<Found>>> {
        self.renew()?;
        ids.iter().map(|id| self.by_id(entity, *id)).collect()
    }

    fn list(&mut self, entity: u32, query: &ListQuery) -> Result<Page> {
        self.renew()?;
        list::list(&self.conn, &mut self.fields, &mut self.sizes, entity, query)
    }

    fn count(&mut self, entity: u32, conditions: &[Condition]) -> Result<u64> {
        self.renew()?;
        count::count(&self.conn, &mut self.fields, &mut self.sizes, entity, conditions)
    }

    fn aliases(&mut self, entity: u32, found: &Found) -> Result<Vec<Id>> {
        self.with(|c| rows::aliases(c, entity, found))
    }

    fn changes(&mut self, entity: u32, since: Since, limit: usize) -> Result<ChangePage> {
        self.with(|c| changes::changes(c, entity, since, limit))
    }

    fn newest_change(&mut self) -> Result<Since> {
        self.with(changes::newest)
    }

    fn raw(&mut self, at: RawAt) -> Result<Option<RawRow>> {
        self.renew()?;
        self.blocks.raw(&self.conn, at)
    }

    fn unit(&mut self, number: u32) -> Result<Option<Unit>> {
        self.with(|c| Ok(units::units(c, "number = ?1", "", [number])?.pop()))
    }

    fn unit_named(&mut self, dataset: u32, name: &str) -> Result<Option<Unit>> {
        self.with(|c| {
            let newest = "ORDER BY number DESC LIMIT 1";
            Ok(units::units(c, "dataset = ?1 AND name = ?2", newest, (dataset, name))?.pop())
        })
    }

    fn unit_with_content(&mut self, dataset: u32, version: &str) -> Result<Option<Unit>> {
        self.with(|c| {
            let (finished, newest) =
                ("dataset = ?1 AND version = ?2 AND state IN (1, 3)", "ORDER BY number DESC LIMIT 1");
            Ok(units::units(c, finished, newest, (dataset, version))?.pop())
        })
    }

    fn refused_units(&mut self, dataset: u32, limit: usize) -> Result<Vec<Unit>> {
        self.with(|c| {
            let still = "dataset = ?1 AND state = ?2 AND NOT EXISTS (
                SELECT 1 FROM unit AS later WHERE later.dataset = unit.dataset AND later.name = unit.name
                AND later.number > unit.number)";
            let refused = unit_state_code(UnitState::Refused);
            units::units(c, still, "ORDER BY number DESC LIMIT ?3", (dataset, refused, limit as i64))
        })
    }

    fn units(&mut self, dataset: Option<u32>, before: Option<u32>, limit: usize) -> Result<Vec<Unit>> {
        self.with(|c| {
            let before = before.map_or(i64::MAX, i64::from);
            let newest = "ORDER BY number DESC LIMIT ?2";
            match dataset {
                Some(d) => units::units(c, "number < ?1 AND dataset = ?3", newest, (before, limit as i64, d)),
                None => units::units(c, "number < ?1", newest, (before, limit as i64)),
            }
        })
    }

    fn unacknowledged(&mut self, dataset: u32) -> Result<Vec<Unit>> {
        self.with(|c| units::units(c, "dataset = ?1 AND state = 3", "ORDER BY number", [dataset]))
    }

    fn newest_order(&mut self, dataset: u32) -> Result<Option<String>> {
        self.with(|c| units::newest_order(c, dataset))
    }

    fn ledger(&mut self, dataset: Option<u32>, before: Option<u32>, limit: usize) -> Result<Vec<LedgerRow>> {
        self.with(|c| units::ledger(c, dataset, before, limit))
    }

    fn ledger_totals(&mut self, dataset: u32) -> Result<Vec<LedgerRow>> {
        self.with(|c| units::totals(c, dataset))
    }

    fn folded(&mut self, dataset: u32) -> Result<Option<Folded>> {
        self.with(|c| units::folded(c, dataset))
    }

    fn dead_letters(&mut self, filter: &DeadLetterFilter, limit: usize) -> Result<Vec<DeadLetter>> {
        self.with(|c| letters::list(c, filter, limit))
    }

    fn dead_letter(&mut self, number: u64) -> Result<Option<DeadLetter>> {
        self.with(|c| letters::one(c, number))
    }

    fn dead_letter_counts(&mut self) -> Result<Vec<(u32, u64)>> {
        self.with(letters::counts)
    }

    fn reviews(&mut self, open: bool, before: Option<u64>, limit: usize) -> Result<Vec<Review>> {
        self.with(|c| letters::reviews(c, open, before, limit))
    }

    fn dataset(&mut self, dataset: u32) -> Result<Option<String>> {
        self.with(|c| rows::text(c, "SELECT document FROM dataset WHERE number = ?1", [dataset]))
    }

    fn lookup(&mut self, lookup: u32, key: &[u8]) -> Result<Option<String>> {
        self.with(|c| super::write::lookups::get(c, lookup, key))
    }

    fn meta(&mut self, name: &str) -> Result<Option<String>> {
        self.with(|c| rows::text(c, "SELECT document FROM meta WHERE name = ?1", [name]))
    }

    fn rest(&mut self) {
        if self.stale()
            && let Err(e) = self.release()
        {
            tracing::warn!(error = %e, "a reader could not let go of its view of the store");
        }
    }

    fn raw_from(
        &mut self,
        dataset: u32,
        block: u64,
        limit: usize,
        each: &mut dyn FnMut(RawAt, RawRow) -> Result<()>,
    ) -> Result<Option<u64>> {
        self.renew()?;
        self.blocks.from(&self.conn, (dataset, block), limit, each)
    }
}
