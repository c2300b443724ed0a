//! Records of a mapping that is not direct: where each key stands in the mapping, and of which instance it speaks.

use super::keyed::{Db, Keyed};
use super::pending::{Hit, PendingIds};
use crate::sqlite::fault::Columns;
use crate::{RecordRow, Result};
use banyan_words::Id;
use std::sync::Arc;

/// See the module.
pub(super) struct Records {
    number: u32,
    pub(super) keyed: Keyed,
    /// Keys that `find` last did not find: a record is put soon after it was asked for, and then needs no look at the
    /// table. Forgotten whenever waiting ids are written, since those come first.
    unknown: PendingIds,
    select: String,
    update: String,
}

impl Records {
    pub(super) fn open(db: Db<'_>, number: u32) -> Result<Records> {
        Ok(Records {
            number,
            keyed: Keyed::mapping(db, number)?,
            unknown: PendingIds::default(),
            select: format!(
                "SELECT r.n, r.hash, r.at FROM rid_{number} i JOIN rec_{number} r ON r.n = i.n WHERE i.id = ?1"
            ),
            update: format!("UPDATE rec_{number} SET hash = ?2, at = ?3 WHERE n = ?1"),
        })
    }

    pub(super) fn find(&mut self, db: Db<'_>, keys: &[Id], out: &mut [Option<RecordRow>]) -> Result<()> {
        self.unknown.clear();
        self.keyed.find(db, keys, |i, hit| {
            if let Some(slot) = out.get_mut(i) {
                *slot = Some(RecordRow { o: hit.no, n: hit.to, hash: hit.hash });
            }
        })?;
        for (key, found) in keys.iter().zip(out) {
            if found.is_none() && !self.unknown.is_full() {
                self.unknown.put(*key, Hit { no: 0, hash: 0, to: 0 });
            }
        }
        Ok(())
    }

    fn known(&mut self, db: Db<'_>, key: Id) -> Result<Option<Hit>> {
        if let Some(hit) = self.keyed.ids.get(&key) {
            return Ok(Some(hit));
        }
        if self.keyed.counter.next == 1 || self.unknown.get(&key).is_some() {
            return Ok(None);
        }
        let mut s = db.conn.prepare_cached(&self.select)?;
        let mut rows = s.query([&key.0[..]])?;
        match rows.next()? {
            Some(r) => Ok(Some(Hit { no: r.number(0)?, hash: r.bits(1)?, to: r.number(2)? })),
            None => Ok(None),
        }
    }

    pub(super) fn put(&mut self, db: Db<'_>, key: Id, n: u64, hash: u64) -> Result<u64> {
        let Some(hit) = self.known(db, key)? else {
            self.keyed.counter.direct += 1;
            let no = self.keyed.insert(db, key, hash, n, &[])?;
            if self.keyed.ids.is_empty() {
                self.unknown.clear();
            }
            return Ok(no);
        };
        self.keyed.changed(key, hit.no, hash, n);
        if !Arc::make_mut(&mut self.keyed.rows).set(hit.no, hash, n, &[]) {
            db.conn.prepare_cached(&self.update)?.execute((hit.no as i64, hash as i64, n as i64))?;
        }
        Ok(hit.no)
    }

    pub(super) fn remove(&mut self, db: Db<'_>, key: Id) -> Result<()> {
        let Some(hit) = self.known(db, key)? else { return Ok(()) };
        self.keyed.flush_ids(db)?;
        self.unknown.clear();
        let m = self.number;
        db.conn.prepare_cached(&format!("DELETE FROM rid_{m} WHERE id = ?1"))?.execute([&key.0[..]])?;
        db.conn.prepare_cached(&format!("DELETE FROM rec_{m} WHERE n = ?1"))?.execute([hit.no as i64])?;
        self.keyed.counter.direct -= 1;
        Ok(())
    }

    pub(super) fn flush(&mut self, db: Db<'_>) -> Result<()> {
        self.unknown.clear();
        self.keyed.flush(db)
    }
}
