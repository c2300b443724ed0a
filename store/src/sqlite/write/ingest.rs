//! The trait `Ingest` over the writer: each call reaches the part that knows, none after an error.

use super::{Writer, letters, lookups};
use crate::sqlite::SqliteStore;
use crate::sqlite::blocks::Packed;
use crate::sqlite::fault::Columns;
use crate::sqlite::read::{rows::text, units::units};
use crate::{
    DeadLetterState, Found, Ingest, LookupPut, NewDeadLetter, RawRow, Receipt, RecordRow, Result, StoreError, Tally,
    Unit, UnitChange, UnitKey,
};
use banyan_model::instance::RawAt;
use banyan_words::{Id, Place};
use std::sync::MutexGuard;

/// One write transaction.
pub(in crate::sqlite) struct SqliteIngest<'a> {
    writer: MutexGuard<'a, Writer>,
    store: &'a SqliteStore,
    broken: bool,
}

impl<'a> SqliteIngest<'a> {
    /// Begins; the guard keeps others waiting.
    pub(in crate::sqlite) fn begin(store: &'a SqliteStore, mut writer: MutexGuard<'a, Writer>) -> Result<Self> {
        writer.begin()?;
        Ok(SqliteIngest { writer, store, broken: false })
    }

    fn run<R>(&mut self, act: impl FnOnce(&mut Writer) -> Result<R>) -> Result<R> {
        if self.broken {
            return Err(StoreError::Database("this transaction failed before and is rolled back".into()));
        }
        let done = act(&mut self.writer);
        self.broken = done.is_err();
        done.map_err(|e| self.store.named(e))
    }

    /// Runs statements of the caller's own within the transaction.
    pub(in crate::sqlite) fn with<R>(&mut self, act: impl FnOnce(&rusqlite::Connection) -> Result<R>) -> Result<R> {
        self.run(|w| act(&w.conn))
    }

    /// The same, with the writer itself.
    pub(in crate::sqlite) fn with_writer<R>(&mut self, act: impl FnOnce(&mut Writer) -> Result<R>) -> Result<R> {
        self.run(act)
    }

    /// Commits without a time: for changes of tables and names, which no feed tells of.
    pub(in crate::sqlite) fn finish(mut self) -> Result<()> {
        self.run(|w| w.commit(0))?;
        self.store.renamed();
        self.store.committed();
        Ok(())
    }
}

impl Drop for SqliteIngest<'_> {
    fn drop(&mut self) {
        // After a commit there is no transaction any more, and what was collected is written.
        if !self.writer.conn.is_autocommit() || self.broken {
            self.writer.abandon();
        }
    }
}

impl Ingest for SqliteIngest<'_> {
    fn find(&mut self, entity: u32, ids: &[Id], out: &mut Vec<Option<(u64, u64)>>) -> Result<()> {
        out.clear();
        out.resize(ids.len(), None);
        self.run(|w| {
            let (db, e) = w.entity(entity)?;
            e.keyed.find(db, ids, |i, hit| {
                if let Some(slot) = out.get_mut(i) {
                    *slot = Some((hit.no, hit.hash));
                }
            })
        })
    }

    fn load(&mut self, entity: u32, n: u64) -> Result<Option<Found>> {
        self.run(|w| {
            let (db, e) = w.entity(entity)?;
            e.load(db, n)
        })
    }

    fn insert(&mut self, entity: u32, id: Id, hash: u64, facts: &[u8]) -> Result<u64> {
        self.run(|w| {
            w.watch(facts);
            let (db, e) = w.entity(entity)?;
            e.insert(db, id, hash, facts)
        })
    }

    fn update(&mut self, entity: u32, n: u64, id: Id, hash: u64, facts: &[u8]) -> Result<()> {
        self.run(|w| {
            w.watch(facts);
            let (db, e) = w.entity(entity)?;
            e.update(db, n, id, hash, facts)
        })
    }

    fn remove(&mut self, entity: u32, n: u64, id: Id) -> Result<()> {
        self.run(|w| {
            let (db, e) = w.entity(entity)?;
            e.remove(db, n, id)
        })
    }

    fn alias(&mut self, entity: u32, id: Id, n: u64) -> Result<()> {
        self.run(|w| {
            let (db, e) = w.entity(entity)?;
            e.alias(db, id, n)
        })
    }

    fn index(&mut self, entity: u32, field: u32, n: u64, old: Option<&[u8]>, new: Option<&[u8]>) -> Result<()> {
        self.run(|w| {
            let (db, e) = w.entity(entity)?;
            let bytes = e.index(db, field, n, old, new)?;
            w.grown(bytes)
        })
    }

    fn with_key(&mut self, entity: u32, field: u32, key: &[u8], after: u64, limit: usize) -> Result<Vec<u64>> {
        self.run(|w| {
            let (db, e) = w.entity(entity)?;
            e.with_key(db, field, key, after, limit)
        })
    }

    fn changed(&mut self, entity: u32, n: u64) -> Result<()> {
        self.run(|w| if w.entity(entity)?.1.change(n) { w.flush_changes(entity) } else { Ok(()) })
    }

    fn records(&mut self, mapping: u32, keys: &[Id], out: &mut Vec<Option<RecordRow>>) -> Result<()> {
        out.clear();
        out.resize(keys.len(), None);
        self.run(|w| {
            let (db, m) = w.mapping(mapping)?;
            m.find(db, keys, out)
        })
    }

    fn put_record(&mut self, mapping: u32, key: Id, n: u64, hash: u64) -> Result<u64> {
        self.run(|w| {
            let (db, m) = w.mapping(mapping)?;
            m.put(db, key, n, hash)
        })
    }

    fn remove_record(&mut self, mapping: u32, key: Id) -> Result<()> {
        self.run(|w| {
            let (db, m) = w.mapping(mapping)?;
            m.remove(db, key)
        })
    }

    fn unmarked(
        &mut self,
        entity: u32,
        marks: &dyn Fn(u64) -> bool,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Id)>> {
        self.run(|w| {
            let (db, e) = w.entity(entity)?;
            e.keyed.flush_rows(db)?;
            let sql = format!("SELECT n, id FROM ent_{entity} WHERE n > ?1 AND hash <> 0 ORDER BY n");
            unmarked(db.conn, &sql, marks, after, limit, |r| Ok((r.number(0)?, r.id(1)?)))
        })
    }

    fn unmarked_records(
        &mut self,
        mapping: u32,
        marks: &dyn Fn(u64) -> bool,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Id, u64)>> {
        self.run(|w| {
            let (db, m) = w.mapping(mapping)?;
            m.keyed.flush_rows(db)?;
            let sql = format!("SELECT n, id, at FROM rec_{mapping} WHERE n > ?1 ORDER BY n");
            unmarked(db.conn, &sql, marks, after, limit, |r| Ok((r.number(0)?, r.id(1)?, r.number(2)?)))
        })
    }

    fn count_records(&mut self, entity: u32, mapping: Option<u32>) -> Result<u64> {
        self.run(|w| {
            let direct = match mapping {
                None => w.entity(entity)?.1.keyed.counter.direct,
                Some(mapping) => w.mapping(mapping)?.1.keyed.counter.direct,
            };
            Ok(direct.max(0) as u64)
        })
    }

    fn raw_shape(&mut self, columns: &str) -> Result<u32> {
        self.run(|w| {
            let (db, raw) = w.raw()?;
            raw.shape(db, columns)
        })
    }

    fn put_raw(&mut self, dataset: u32, unit: u32, shape: u32, place: Place, cells: &[u8]) -> Result<RawAt> {
        self.run(|w| {
            let (db, raw) = w.raw()?;
            let at = raw.put(db, dataset, &Packed { unit, shape, place, cells })?;
            w.state.units.raw(unit, at.block);
            Ok(at)
        })
    }

    fn raw(&mut self, at: RawAt) -> Result<Option<RawRow>> {
        self.run(|w| {
            let (db, raw) = w.raw()?;
            raw.get(db, at)
        })
    }

    fn begin_unit(&mut self, dataset: u32, key: &UnitKey, at: i64) -> Result<u32> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.units.begin(db, dataset, key, at)
        })
    }

    fn unit_named(&mut self, dataset: u32, name: &str, version: &str) -> Result<Option<Unit>> {
        self.run(|w| {
            let wanted = "dataset = ?1 AND name = ?2 AND version = ?3";
            Ok(units(&w.conn, wanted, "ORDER BY number DESC LIMIT 1", (dataset, name, version))?.pop())
        })
    }

    fn put_unit(&mut self, unit: u32, change: &UnitChange) -> Result<()> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.units.put(db, unit, change)
        })
    }

    fn abandon_units(&mut self, dataset: u32, message: &str, at: i64) -> Result<u64> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.units.abandon(db, dataset, message, at)
        })
    }

    fn unit_order(&mut self, unit: u32) -> Result<String> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.units.order(db, unit)
        })
    }

    fn tally(&mut self, unit: u32, dataset: u32, mapping: u32, delta: &Tally) -> Result<()> {
        self.run(|w| {
            w.state.units.tally(unit, dataset, mapping, delta);
            Ok(())
        })
    }

    fn put_dead_letter(&mut self, letter: &NewDeadLetter<'_>) -> Result<(u64, bool)> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.letters.put(db, letter)
        })
    }

    fn close_dead_letter(&mut self, number: u64, to: DeadLetterState, reason: Option<&str>) -> Result<()> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.letters.close(db, number, to, reason)
        })
    }

    fn dead_letter_open(&mut self, number: u64) -> Result<bool> {
        self.run(|w| {
            let mut s = w.conn.prepare_cached("SELECT 1 FROM letter WHERE number = ?1 AND state = 0")?;
            Ok(s.exists([number as i64])?)
        })
    }

    fn open_dead_letters(&mut self, mapping: u32, record: Id) -> Result<Vec<(u64, u32, Place)>> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.letters.open_of(db, mapping, record)
        })
    }

    fn units_with_letters(&mut self, dataset: u32) -> Result<Vec<u32>> {
        self.run(|w| letters::units(w.parts().0, dataset))
    }

    fn supersede_letters_of(&mut self, dataset: u32, unit: u32) -> Result<()> {
        self.run(|w| letters::supersede_of(w.parts().0, dataset, unit))
    }

    fn supersede_earlier_readings(&mut self, unit: u32) -> Result<()> {
        self.run(|w| letters::supersede_earlier_readings(w.parts().0, unit))
    }

    fn refused_as(&mut self, mapping: u32, record: Id, unit: u32, code: &str) -> Result<bool> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.letters.refused_as(db, mapping, record, unit, code)
        })
    }

    fn put_lookup(&mut self, lookup: u32, key: &[u8], record: Option<Id>, value: &str) -> Result<LookupPut> {
        self.run(|w| lookups::put(w.parts().0, lookup, key, record, value))
    }

    fn remove_lookup(&mut self, lookup: u32, key: &[u8]) -> Result<bool> {
        self.run(|w| lookups::remove(w.parts().0, lookup, key))
    }

    fn remove_lookup_of(&mut self, lookup: u32, record: Id) -> Result<Option<Vec<u8>>> {
        self.run(|w| lookups::take(w.parts().0, lookup, &record.0))
    }

    fn lookup_seen(&mut self, lookup: u32, who: &[u8]) -> Result<Option<u32>> {
        self.run(|w| lookups::seen(w.parts().0, lookup, who))
    }

    fn see_lookup(&mut self, lookup: u32, who: &[u8], unit: u32) -> Result<()> {
        self.run(|w| lookups::see(w.parts().0, lookup, who, unit))
    }

    fn lookup_row(&mut self, lookup: u32, key: &[u8]) -> Result<Option<u64>> {
        self.run(|w| lookups::row(w.parts().0, lookup, key))
    }

    fn count_lookup(&mut self, lookup: u32) -> Result<u64> {
        self.run(|w| lookups::count(w.parts().0, lookup))
    }

    fn unmarked_lookup(
        &mut self,
        lookup: u32,
        marks: &dyn Fn(u64) -> bool,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>> {
        self.run(|w| lookups::unmarked(w.parts().0, lookup, marks, after, limit))
    }

    fn lookup(&mut self, lookup: u32, key: &[u8]) -> Result<Option<String>> {
        self.run(|w| lookups::get(&w.conn, lookup, key))
    }

    fn depend(&mut self, lookup: u32, key: &[u8], mapping: u32, raw: RawAt) -> Result<()> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.dependencies.put(db, lookup, key, mapping, raw)
        })
    }

    fn dependents(&mut self, lookup: u32, key: &[u8], limit: usize) -> Result<Vec<(u32, RawAt)>> {
        self.run(|w| {
            let (db, state) = w.parts();
            state.dependencies.take(db, lookup, key, limit)
        })
    }

    fn put_review(&mut self, key: &str, kind: &str, entity: u32, id: Id, about: &str, at: i64) -> Result<()> {
        self.run(|w| letters::put_review(w.parts().0, key, kind, (entity, id), about, at))
    }

    fn close_review(&mut self, key: &str) -> Result<()> {
        self.run(|w| letters::close_review(w.parts().0, key))
    }

    fn put_dataset(&mut self, dataset: u32, document: &str) -> Result<()> {
        self.run(|w| {
            let sql = "INSERT OR REPLACE INTO dataset(number, document) VALUES(?1, ?2)";
            Ok(w.conn.prepare_cached(sql)?.execute((dataset, document)).map(drop)?)
        })
    }

    fn put_meta(&mut self, name: &str, document: &str) -> Result<()> {
        self.run(|w| {
            let sql = "INSERT OR REPLACE INTO meta(name, document) VALUES(?1, ?2)";
            Ok(w.conn.prepare_cached(sql)?.execute((name, document)).map(drop)?)
        })
    }

    fn meta(&mut self, name: &str) -> Result<Option<String>> {
        self.run(|w| text(&w.conn, "SELECT document FROM meta WHERE name = ?1", [name]))
    }

    fn scan(&mut self, entity: u32, after: u64, limit: usize) -> Result<Vec<u64>> {
        self.run(|w| {
            let (db, e) = w.entity(entity)?;
            e.keyed.flush_rows(db)?;
            let sql = format!("SELECT n FROM ent_{entity} WHERE n > ?1 ORDER BY n");
            unmarked(db.conn, &sql, &|_| false, after, limit, |r| r.number(0))
        })
    }

    fn commit(mut self: Box<Self>, now_ms: i64) -> Result<Receipt> {
        self.run(|w| w.commit(now_ms))?;
        Ok(self.store.committed())
    }
}

fn unmarked<T>(
    conn: &rusqlite::Connection,
    sql: &str,
    marks: &dyn Fn(u64) -> bool,
    after: u64,
    limit: usize,
    read: impl Fn(&rusqlite::Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([after as i64])?;
    let mut out = Vec::new();
    while out.len() < limit
        && let Some(row) = rows.next()?
    {
        if !marks(row.number(0)?) {
            out.push(read(row)?);
        }
    }
    Ok(out)
}
