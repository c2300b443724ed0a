//! The instances of one entity within a transaction: rows, ids, aliases, index entries, what changed.

use super::keyed::{Db, Keyed};
use super::keys::{self, PendingKeys};
use crate::sqlite::fault::{Columns, damaged};
use crate::sqlite::slice::{Cell, Slice};
use crate::{Found, Result};
use banyan_model::instance::FactsHead;
use banyan_words::Id;
use std::sync::Arc;

/// Index entries that wait, at most (in one field).
const MOST_KEYS: usize = if cfg!(test) { 30 } else { 250_000 };
/// Changes that wait, at most.
const MOST_CHANGES: usize = if cfg!(test) { 25 } else { 1_000_000 };
/// `with_key` looks through so many waiting entries; beyond that they are written first.
const FEW: usize = if cfg!(test) { 4 } else { 1024 };

/// Which instance has which further id.
#[derive(Clone, Default)]
struct Pairs(Vec<(u64, Id)>);

impl Slice for Pairs {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let (n, id) = &self.0[row];
        if column == 0 { Cell::Number(*n) } else { Cell::Bytes(&id.0) }
    }
}

/// See the module.
pub(super) struct Entity {
    number: u32,
    pub(super) keyed: Keyed,
    fields: Vec<(u32, Arc<PendingKeys>)>,
    also: Arc<Pairs>,
    pub(super) changed: Vec<u64>,
    select: String,
    update: String,
}

fn is_live(facts: &[u8]) -> bool {
    FactsHead::read(facts).is_some_and(|h| h.live)
}

impl Entity {
    pub(super) fn open(db: Db<'_>, number: u32) -> Result<Entity> {
        Ok(Entity {
            number,
            keyed: Keyed::entity(db, number)?,
            fields: Vec::new(),
            also: Arc::default(),
            changed: Vec::new(),
            select: format!("SELECT id, hash, facts FROM ent_{number} WHERE n = ?1"),
            update: format!("UPDATE ent_{number} SET hash = ?2, facts = ?3 WHERE n = ?1"),
        })
    }

    fn count(&mut self, hash: u64, facts: &[u8], by: i64) {
        let c = &mut self.keyed.counter;
        c.direct += i64::from(hash != 0) * by;
        c.live += i64::from(is_live(facts)) * by;
    }

    pub(super) fn insert(&mut self, db: Db<'_>, id: Id, hash: u64, facts: &[u8]) -> Result<u64> {
        self.count(hash, facts, 1);
        self.keyed.insert(db, id, hash, 0, facts)
    }

    /// Calls `read` with an instance's id, hash and facts, if there is one of that number.
    fn with_row<R>(&self, db: Db<'_>, n: u64, read: impl FnOnce(Id, u64, &[u8]) -> R) -> Result<Option<R>> {
        if let Some((row, facts)) = self.keyed.rows.get(n) {
            return Ok(Some(read(row.id, row.hash, facts)));
        }
        let mut statement = db.conn.prepare_cached(&self.select)?;
        let mut rows = statement.query([n as i64])?;
        match rows.next()? {
            Some(row) => Ok(Some(read(row.id(0)?, row.bits(1)?, row.bytes(2)?))),
            None => Ok(None),
        }
    }

    pub(super) fn load(&self, db: Db<'_>, n: u64) -> Result<Option<Found>> {
        self.with_row(db, n, |id, _, facts| Found { id, n, facts: facts.to_vec() })
    }

    pub(super) fn update(&mut self, db: Db<'_>, n: u64, id: Id, hash: u64, facts: &[u8]) -> Result<()> {
        let before = self.with_row(db, n, |_, hash, facts| (hash, is_live(facts)))?;
        let Some((old_hash, old_live)) = before else {
            return Err(damaged(format!("instance {n} of entity {} is to change and is not there", self.number)));
        };
        self.count(hash, facts, 1);
        let c = &mut self.keyed.counter;
        c.direct -= i64::from(old_hash != 0);
        c.live -= i64::from(old_live);
        self.keyed.changed(id, n, hash, 0);
        if Arc::make_mut(&mut self.keyed.rows).set(n, hash, 0, facts) {
            // A row that is told again and again would pile up its old versions.
            return if self.keyed.rows.is_full() { self.keyed.flush_rows(db) } else { Ok(()) };
        }
        db.conn.prepare_cached(&self.update)?.execute((n as i64, hash as i64, facts))?;
        Ok(())
    }

    pub(super) fn remove(&mut self, db: Db<'_>, n: u64, id: Id) -> Result<()> {
        self.flush_ids(db)?;
        let Some((hash, live)) = self.with_row(db, n, |_, hash, facts| (hash, is_live(facts)))? else { return Ok(()) };
        let e = self.number;
        let n = n as i64;
        db.conn
            .prepare_cached(&format!(
                "DELETE FROM ids_{e} WHERE n = ?1 AND (id = ?2 OR id IN (SELECT id FROM also_{e} WHERE n = ?1))"
            ))?
            .execute((n, &id.0[..]))?;
        db.conn.prepare_cached(&format!("DELETE FROM also_{e} WHERE n = ?1"))?.execute([n])?;
        db.conn.prepare_cached(&format!("DELETE FROM ent_{e} WHERE n = ?1"))?.execute([n])?;
        let c = &mut self.keyed.counter;
        c.direct -= i64::from(hash != 0);
        c.live -= i64::from(live);
        Ok(())
    }

    pub(super) fn alias(&mut self, db: Db<'_>, id: Id, n: u64) -> Result<()> {
        Arc::make_mut(&mut self.also).0.push((n, id));
        if self.also.0.len() >= MOST_KEYS {
            self.flush_also(db)?;
        }
        self.keyed.alias(db, id, n)
    }

    fn field(&mut self, field: u32) -> &mut Arc<PendingKeys> {
        let at = match self.fields.iter().position(|(f, _)| *f == field) {
            Some(at) => at,
            None => {
                self.fields.push((field, Arc::default()));
                self.fields.len() - 1
            }
        };
        &mut self.fields[at].1
    }

    fn flush_field(&mut self, db: Db<'_>, field: u32) -> Result<()> {
        let table = format!("x_{}_{field}", self.number);
        keys::flush(self.field(field), &table, db.conn, db.tray)
    }

    /// Returns about how many bytes now wait more.
    pub(super) fn index(
        &mut self,
        db: Db<'_>,
        field: u32,
        n: u64,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<usize> {
        if old == new {
            return Ok(0);
        }
        let keys = Arc::make_mut(self.field(field));
        let mut grown = 0;
        for (key, gone) in [(old, true), (new, false)] {
            if let Some(key) = key {
                keys.push(key, n, gone);
                grown += key.len() + 33;
            }
        }
        if keys.len() >= MOST_KEYS {
            self.flush_field(db, field)?;
        }
        Ok(grown)
    }

    pub(super) fn with_key(
        &mut self,
        db: Db<'_>,
        field: u32,
        key: &[u8],
        after: u64,
        limit: usize,
    ) -> Result<Vec<u64>> {
        let waiting = self.field(field);
        if waiting.len() > FEW || waiting.speaks_of(key) {
            self.flush_field(db, field)?;
        }
        let sql = format!("SELECT n FROM x_{}_{field} WHERE v = ?1 AND n > ?2 ORDER BY n LIMIT ?3", self.number);
        let mut statement = db.conn.prepare_cached(&sql)?;
        let mut rows = statement.query((key, after as i64, limit as i64))?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(row.number(0)?);
        }
        Ok(out)
    }

    /// Tells whether there are so many changes that they should be written.
    pub(super) fn change(&mut self, n: u64) -> bool {
        // The usual case: the same instance in a row.
        if self.changed.last() != Some(&n) {
            self.changed.push(n);
        }
        self.changed.len() >= MOST_CHANGES
    }

    fn flush_also(&mut self, db: Db<'_>) -> Result<()> {
        if self.also.0.is_empty() {
            return Ok(());
        }
        Arc::make_mut(&mut self.also).0.sort_unstable();
        let sql = format!("INSERT OR IGNORE INTO also_{}(n, id) SELECT a, b FROM slice", self.number);
        db.tray.execute(db.conn, &sql, self.also.clone())?;
        Arc::make_mut(&mut self.also).0.clear();
        Ok(())
    }

    /// Writes rows, ids and aliases.
    pub(super) fn flush_ids(&mut self, db: Db<'_>) -> Result<()> {
        self.keyed.flush_ids(db)?;
        self.flush_also(db)
    }

    /// Writes everything but what changed.
    pub(super) fn flush(&mut self, db: Db<'_>) -> Result<()> {
        for (field, keys) in &mut self.fields {
            keys::flush(keys, &format!("x_{}_{field}", self.number), db.conn, db.tray)?;
        }
        self.flush_also(db)?;
        self.keyed.flush(db)
    }
}
