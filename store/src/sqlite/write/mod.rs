//! The one writer: what a transaction has collected, and the connection it goes to.
//!
//! Invariant: a transaction that met an error does nothing any more; it is rolled back when it is dropped, and what was
//! collected is forgotten with it.
//! Not here: the trait's methods (`ingest`).

mod entity;
mod ingest;
mod keyed;
mod keys;
mod letters;
pub(super) mod lookups;
mod pending;
pub(super) mod raw;
mod records;
mod sieve;
mod units;

pub(super) use ingest::SqliteIngest;

use super::bits::Bits;
use super::layout::counter::CHANGE;
use super::slice::Tray;
use crate::Result;
use banyan_model::instance::FactsHead;
use banyan_words::codec::put_varint;
use entity::Entity;
use keyed::{Counter, Db, counter, put_counter};
use raw::Raw;
use records::Records;
use rusqlite::Connection;

/// Collected entries are written when they take about so many bytes, even in the middle of a transaction.
const MOST_BYTES: usize = 40 << 20;
/// Numbers of entities and mappings are given from 1; a larger one than this is a mistake.
const MOST_NUMBERS: u32 = 1 << 20;
/// Instances in a row of the change feed: small enough to be read for one page of it.
const SLICE: usize = if cfg!(test) { 10 } else { 8192 };

/// The writing connection and what waits for it.
pub(super) struct Writer {
    pub(super) conn: Connection,
    tray: Tray,
    state: State,
    /// Raw blocks that rows written now point to, while `tidy` looks which ones are needed.
    pub(super) pointed: Option<Bits>,
}

/// What a transaction has collected; kept between transactions for its buffers and counters.
#[derive(Default)]
struct State {
    entities: Vec<Option<Box<Entity>>>,
    mappings: Vec<Option<Box<Records>>>,
    raw: Option<Box<Raw>>,
    units: units::Units,
    letters: letters::Letters,
    dependencies: lookups::Dependencies,
    /// About how many bytes wait in index entries.
    waiting: usize,
    /// The first change of this transaction, once there is one.
    changes: Option<(u64, Counter)>,
}

/// The element of that number, made if need be.
fn at<T>(list: &mut Vec<Option<Box<T>>>, number: u32, make: impl FnOnce() -> Result<T>) -> Result<&mut T> {
    let index = number as usize;
    if number > MOST_NUMBERS {
        return Err(crate::StoreError::Database(format!("nothing in the store has the number {number}")));
    }
    if list.len() <= index {
        list.resize_with(index + 1, || None);
    }
    let slot = &mut list[index];
    if slot.is_none() {
        *slot = Some(Box::new(make()?));
    }
    slot.as_deref_mut().ok_or_else(|| super::fault::damaged("a table is missing"))
}

impl Writer {
    pub(super) fn new(conn: Connection) -> Result<Writer> {
        let tray = Tray::attach(&conn)?;
        Ok(Writer { conn, tray, state: State::default(), pointed: None })
    }

    fn parts(&mut self) -> (Db<'_>, &mut State) {
        (Db { conn: &self.conn, tray: &self.tray }, &mut self.state)
    }

    fn entity(&mut self, number: u32) -> Result<(Db<'_>, &mut Entity)> {
        let (db, state) = self.parts();
        Ok((db, at(&mut state.entities, number, || Entity::open(db, number))?))
    }

    fn mapping(&mut self, number: u32) -> Result<(Db<'_>, &mut Records)> {
        let (db, state) = self.parts();
        Ok((db, at(&mut state.mappings, number, || Records::open(db, number))?))
    }

    fn raw(&mut self) -> Result<(Db<'_>, &mut Raw)> {
        let (db, state) = self.parts();
        if state.raw.is_none() {
            state.raw = Some(Box::new(Raw::open(db)?));
        }
        let raw = state.raw.as_deref_mut().ok_or_else(|| super::fault::damaged("raw blocks are missing"))?;
        Ok((db, raw))
    }

    /// Begins a transaction; one that a panic left behind is rolled back first.
    pub(super) fn begin(&mut self) -> Result<()> {
        if !self.conn.is_autocommit() {
            self.abandon();
        }
        Ok(self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)?)
    }

    /// Moves the log into the file, as far as no reader needs it.
    pub(super) fn checkpoint(&self) -> Result<()> {
        Ok(self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    }

    /// Rolls back and forgets.
    pub(super) fn abandon(&mut self) {
        self.state = State::default();
        if !self.conn.is_autocommit()
            && let Err(e) = self.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(error = %e, "the store could not roll back");
        }
    }

    /// Remembers which units a row refers to, and which raw blocks it points to, where someone asks.
    fn watch(&mut self, facts: &[u8]) {
        // A row that cannot be read to its end names nothing; `verify` tells of it.
        let Some(head) = FactsHead::read(facts) else { return };
        let _ = head.for_each_unit(|unit| self.state.units.refer(unit));
        if let Some(pointed) = &mut self.pointed {
            let _ = head.for_each_raw(|at| pointed.set(at.block));
        }
    }

    fn grown(&mut self, bytes: usize) -> Result<()> {
        self.state.waiting += bytes;
        if self.state.waiting < MOST_BYTES {
            return Ok(());
        }
        self.flush_tables()
    }

    /// Writes what waits for the tables of entities and mappings.
    fn flush_tables(&mut self) -> Result<()> {
        let (db, state) = self.parts();
        for entity in state.entities.iter_mut().flatten() {
            entity.flush(db)?;
        }
        for mapping in state.mappings.iter_mut().flatten() {
            mapping.flush(db)?;
        }
        state.waiting = 0;
        Ok(())
    }

    /// Writes an entity's changes as rows of the feed; their time is set at the end.
    fn flush_changes(&mut self, number: u32) -> Result<()> {
        let mut changed = std::mem::take(&mut self.entity(number)?.1.changed);
        changed.sort_unstable();
        changed.dedup();
        let (db, state) = self.parts();
        let (first, mut next) = match state.changes {
            Some(changes) => changes,
            None => counter(db.conn, (CHANGE, 0)).map(|c| (c.next, c))?,
        };
        let mut ns = Vec::with_capacity(SLICE * 2);
        {
            let mut s =
                db.conn.prepare_cached("INSERT INTO chg(seq, entity, at, count, ns) VALUES(?1, ?2, 0, ?3, ?4)")?;
            for slice in changed.chunks(SLICE) {
                ns.clear();
                let mut before = 0;
                for n in slice {
                    put_varint(n - before, &mut ns);
                    before = *n;
                }
                s.execute((next.next as i64, number, slice.len() as i64, &ns))?;
                next.next += 1;
            }
        }
        self.state.changes = Some((first, next));
        changed.clear();
        self.entity(number)?.1.changed = changed;
        Ok(())
    }

    /// Writes everything and commits.
    pub(super) fn commit(&mut self, now_ms: i64) -> Result<()> {
        for number in 0..self.state.entities.len() as u32 {
            if self.state.entities[number as usize].as_ref().is_some_and(|e| !e.changed.is_empty()) {
                self.flush_changes(number)?;
            }
        }
        self.flush_tables()?;
        let (db, state) = self.parts();
        if let Some((first, next)) = state.changes {
            db.conn.prepare_cached("UPDATE chg SET at = ?2 WHERE seq >= ?1")?.execute((first as i64, now_ms))?;
            put_counter(db.conn, (CHANGE, 0), &next)?;
        }
        if let Some(raw) = &mut state.raw {
            raw.flush(db, now_ms)?;
        }
        state.units.flush(db)?;
        state.dependencies.flush(db)?;
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        self.state.changes = None;
        Ok(())
    }
}
