//! Rows in order of arrival with an id each: the instances of an entity, or the records of a mapping that is not direct.
//!
//! How an id is found: rows come again in the order they were stored in, so the row after the last hit is read and
//! compared first (no lookup at all); then what this transaction has written; the rest is looked up sorted, together.
//! Not here: aliases and index entries (`entity`), the meaning of rows.

use super::pending::{Hit, PendingIds, PendingRows, Probe};
use super::sieve::Sieve;
use crate::Result;
use crate::sqlite::fault::Columns;
use crate::sqlite::slice::Tray;
use banyan_words::Id;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::Arc;

/// Ids that wait for insertion, at most: 40 bytes each, and the map's slots.
const MOST_IDS: usize = if cfg!(test) { 40 } else { 250_000 };
/// Rows read ahead when the next one is not the one asked for: rows the source has dropped since.
const AHEAD: usize = 8;
/// Questions of so few ids are answered one by one.
const FEW: usize = 4;

/// Connection and slices, as every write needs them.
#[derive(Clone, Copy)]
pub(super) struct Db<'a> {
    pub(super) conn: &'a Connection,
    pub(super) tray: &'a Tray,
}

/// What is counted of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counter {
    /// The next number.
    pub(super) next: u64,
    /// Direct observations (entities), records (mappings).
    pub(super) direct: i64,
    /// Live instances.
    pub(super) live: i64,
}

struct Sql {
    ids: String,
    insert_rows: String,
    insert_ids: String,
    replace_ids: String,
    from: String,
    place: String,
    one: String,
    probe: String,
}

/// See the module.
pub(super) struct Keyed {
    /// Kind and number in table `counter`.
    name: (u32, u32),
    pub(super) counter: Counter,
    counted: Counter,
    /// Whether the tables hold anything.
    stored: bool,
    pub(super) ids: Arc<PendingIds>,
    pub(super) rows: Arc<PendingRows>,
    /// What may be in the tables or waiting; `None` until it pays.
    sieve: Option<Sieve>,
    /// Ids looked for in the tables in vain, since there was a sieve.
    vain: u64,
    /// The row expected next.
    expect: u64,
    probe: Arc<Probe>,
    ahead: VecDeque<(Id, Hit)>,
    sql: Sql,
}

impl Keyed {
    pub(super) fn entity(db: Db<'_>, number: u32) -> Result<Keyed> {
        Keyed::open(db, (crate::sqlite::layout::counter::ENTITY, number), ["ent", "ids", "0"])
    }

    pub(super) fn mapping(db: Db<'_>, number: u32) -> Result<Keyed> {
        Keyed::open(db, (crate::sqlite::layout::counter::MAPPING, number), ["rec", "rid", "t.at"])
    }

    fn open(db: Db<'_>, name: (u32, u32), [rows, ids, to]: [&str; 3]) -> Result<Keyed> {
        let number = name.1;
        let sql = Sql {
            ids: format!("{ids}_{number}"),
            insert_rows: format!("INSERT OR ROLLBACK INTO {rows}_{number} SELECT a, b, c, d FROM slice"),
            insert_ids: format!("INSERT OR IGNORE INTO {ids}_{number}(id, n) SELECT b, a FROM slice"),
            replace_ids: format!("INSERT OR REPLACE INTO {ids}_{number}(id, n) SELECT b, a FROM slice"),
            from: format!("SELECT t.n, t.id, t.hash, {to} FROM {rows}_{number} t WHERE t.n >= ?1 ORDER BY t.n"),
            place: format!("SELECT n FROM {ids}_{number} WHERE id = ?1"),
            one: format!(
                "SELECT t.n, t.id, t.hash, {to} FROM {ids}_{number} i
                 CROSS JOIN {rows}_{number} t ON t.n = i.n WHERE i.id = ?1"
            ),
            probe: format!(
                "SELECT p.a, t.n, t.id = p.b, t.hash, {to} FROM slice p
                 CROSS JOIN {ids}_{number} i ON i.id = p.b CROSS JOIN {rows}_{number} t ON t.n = i.n"
            ),
        };
        let counter = counter(db.conn, name)?;
        let rows = PendingRows::of(name.0 == crate::sqlite::layout::counter::MAPPING);
        Ok(Keyed {
            name,
            counter,
            counted: counter,
            stored: counter.next > 1,
            ids: Arc::default(),
            rows: Arc::new(rows),
            sieve: (counter.next == 1).then(|| Sieve::new(0)),
            vain: 0,
            expect: 1,
            probe: Arc::default(),
            ahead: VecDeque::new(),
            sql,
        })
    }

    /// A new row; its number.
    pub(super) fn insert(&mut self, db: Db<'_>, id: Id, hash: u64, to: u64, last: &[u8]) -> Result<u64> {
        let no = self.counter.next;
        self.counter.next += 1;
        Arc::make_mut(&mut self.rows).push(no, id, hash, to, last);
        self.lead(db, id, Hit { no, hash, to })?;
        if self.rows.is_full() {
            self.flush_rows(db)?;
        }
        Ok(no)
    }

    /// Lets an id lead to a row from now on.
    fn lead(&mut self, db: Db<'_>, id: Id, hit: Hit) -> Result<()> {
        Arc::make_mut(&mut self.ids).put(id, hit);
        if let Some(sieve) = &mut self.sieve {
            sieve.add(&id);
        }
        if self.ids.len() >= MOST_IDS || self.ids.is_full() { self.flush_ids(db) } else { Ok(()) }
    }

    /// The same for a further id, which may lead elsewhere already.
    pub(super) fn alias(&mut self, db: Db<'_>, id: Id, no: u64) -> Result<()> {
        self.lead(db, id, Hit { no, hash: 0, to: 0 })
    }

    /// A row's hash changed; waiting ids know it too.
    pub(super) fn changed(&mut self, id: Id, no: u64, hash: u64, to: u64) {
        if self.ids.get(&id).is_some_and(|h| h.no == no) {
            Arc::make_mut(&mut self.ids).put(id, Hit { no, hash, to });
        }
    }

    pub(super) fn flush_rows(&mut self, db: Db<'_>) -> Result<()> {
        if !self.rows.is_empty() {
            db.tray.execute(db.conn, &self.sql.insert_rows, self.rows.clone())?;
            Arc::make_mut(&mut self.rows).clear();
        }
        Ok(())
    }

    /// Rows first: an id in the table leads to a row in the table.
    pub(super) fn flush_ids(&mut self, db: Db<'_>) -> Result<()> {
        self.flush_rows(db)?;
        if !self.ids.is_empty() {
            if self.sieve.take_if(|s| s.is_full()).is_some() {
                // One that has paid before pays again.
                self.vain = u64::MAX;
            }
            Arc::make_mut(&mut self.ids).sort();
            // Ignoring keeps no journal of the statement, replacing does; and next to no id is there already.
            let rows = self.ids.len();
            if db.tray.execute(db.conn, &self.sql.insert_ids, self.ids.clone())? < rows {
                db.tray.execute(db.conn, &self.sql.replace_ids, self.ids.clone())?;
            }
            Arc::make_mut(&mut self.ids).clear();
            self.stored = true;
        }
        Ok(())
    }

    /// Writes everything, the counter too.
    pub(super) fn flush(&mut self, db: Db<'_>) -> Result<()> {
        self.flush_ids(db)?;
        if self.counter != self.counted {
            put_counter(db.conn, self.name, &self.counter)?;
            self.counted = self.counter;
        }
        Ok(())
    }

    /// For each id that leads somewhere, its place and where to.
    pub(super) fn find(&mut self, db: Db<'_>, ids: &[Id], mut put: impl FnMut(usize, Hit)) -> Result<()> {
        if ids.len() <= FEW {
            // Not a file being read: what the walk expects next stays as it is.
            for (i, id) in ids.iter().enumerate() {
                if let Some(hit) = self.find_one(db, id)? {
                    put(i, hit);
                }
            }
            return Ok(());
        }
        if !self.stored {
            for (i, id) in ids.iter().enumerate() {
                if self.may_be_known(id)
                    && let Some(hit) = self.ids.get(id)
                {
                    put(i, hit);
                }
            }
            return Ok(());
        }
        Arc::make_mut(&mut self.probe).0.clear();
        self.sieve_if_it_pays(db)?;
        let mut last = self.guess(db, ids, &mut put)?;
        if !self.probe.0.is_empty() {
            Arc::make_mut(&mut self.probe).0.sort_unstable_by_key(|(id, _)| u128::from_be_bytes(id.0));
            self.vain = self.vain.saturating_add(self.probe.0.len() as u64);
            db.tray.query(db.conn, &self.sql.probe, self.probe.clone(), |row| {
                self.vain = self.vain.saturating_sub(1);
                let place = row.number(0)? as usize;
                let own = row.number(2)? == 1;
                let hit = Hit { no: row.number(1)?, hash: if own { row.bits(3)? } else { 0 }, to: row.number(4)? };
                put(place, hit);
                if last.is_none_or(|(at, _)| at < place) {
                    last = Some((place, hit.no));
                }
                Ok(())
            })?;
        }
        if let Some((_, no)) = last {
            self.expect = no + 1;
        }
        Ok(())
    }

    fn may_be_known(&self, id: &Id) -> bool {
        self.sieve.as_ref().is_none_or(|s| s.may_have(id))
    }

    /// A sieve costs a walk over all ids: made when a sixteenth of that was looked for in vain, each for more.
    fn sieve_if_it_pays(&mut self, db: Db<'_>) -> Result<()> {
        if self.sieve.is_none() && self.vain > 1000 + self.counter.next / 16 {
            let mut sieve = Sieve::of(db.conn, &self.sql.ids, self.counter.next)?;
            self.ids.each(|id| sieve.add(id));
            self.sieve = Some(sieve);
            self.vain = 0;
        }
        Ok(())
    }

    fn find_one(&mut self, db: Db<'_>, id: &Id) -> Result<Option<Hit>> {
        self.sieve_if_it_pays(db)?;
        if !self.may_be_known(id) {
            return Ok(None);
        }
        if let Some(hit) = self.ids.get(id) {
            return Ok(Some(hit));
        }
        if !self.stored {
            return Ok(None);
        }
        let mut statement = db.conn.prepare_cached(&self.sql.one)?;
        let mut rows = statement.query([&id.0[..]])?;
        let Some(row) = rows.next()? else {
            self.vain = self.vain.saturating_add(1);
            return Ok(None);
        };
        let hash = if row.bytes(1)? == id.0 { row.bits(2)? } else { 0 };
        Ok(Some(Hit { no: row.number(0)?, hash, to: row.number(3)? }))
    }

    /// Walks the rows along with the ids; the rest is left in `probe`. Returns the last hit.
    fn guess(&mut self, db: Db<'_>, ids: &[Id], put: &mut impl FnMut(usize, Hit)) -> Result<Option<(usize, u64)>> {
        let mut statement = db.conn.prepare_cached(&self.sql.from)?;
        let (mut from, mut i, mut last) = (self.expect, 0, None);
        // How many misses in a row until one is looked up alone, to find where the rows go on; doubled each time.
        let (mut missed, mut patience, mut placed) = (0, 0, None);
        'place: loop {
            self.ahead.clear();
            let mut rows = statement.query([from as i64])?;
            let mut ended = false;
            while let Some(id) = ids.get(i) {
                if let Some(hit) = ahead(&mut self.ahead, &mut rows, &mut ended, id)? {
                    put(i, hit);
                    last = Some((i, hit.no));
                    (missed, patience) = (0, 2 * AHEAD);
                } else if !self.may_be_known(id) {
                    // New: the usual case in a file that is.
                } else if let Some(hit) = self.ids.get(id) {
                    put(i, hit);
                } else {
                    missed += 1;
                    if missed > patience && placed != Some(i) {
                        patience = (patience * 2).max(2 * AHEAD);
                        if let Some(no) = place(db, &self.sql.place, id)? {
                            (from, placed) = (no, Some(i));
                            continue 'place;
                        }
                    }
                    Arc::make_mut(&mut self.probe).0.push((*id, i as u32));
                }
                i += 1;
            }
            return Ok(last);
        }
    }
}

fn place(db: Db<'_>, sql: &str, id: &Id) -> Result<Option<u64>> {
    let mut statement = db.conn.prepare_cached(sql)?;
    let mut rows = statement.query([&id.0[..]])?;
    rows.next()?.map(|r| r.number(0)).transpose()
}

/// The row of that id among the next few.
fn ahead(
    window: &mut VecDeque<(Id, Hit)>,
    rows: &mut rusqlite::Rows<'_>,
    ended: &mut bool,
    id: &Id,
) -> Result<Option<Hit>> {
    if let Some(at) = window.iter().position(|(other, _)| other == id) {
        let hit = window.get(at).map(|(_, hit)| *hit);
        window.drain(..=at);
        return Ok(hit);
    }
    while !*ended && window.len() < AHEAD {
        let Some(row) = rows.next()? else {
            *ended = true;
            break;
        };
        let hit = Hit { no: row.number(0)?, hash: row.bits(2)?, to: row.number(3)? };
        if row.bytes(1)? == id.0 {
            window.clear();
            return Ok(Some(hit));
        }
        window.push_back((row.id(1)?, hit));
    }
    Ok(None)
}

/// Reads a counter; numbers begin at 1.
pub(super) fn counter(conn: &Connection, (kind, number): (u32, u32)) -> Result<Counter> {
    let mut s = conn.prepare_cached("SELECT next, direct, live FROM counter WHERE kind = ?1 AND number = ?2")?;
    let mut rows = s.query((kind, number))?;
    match rows.next()? {
        Some(row) => Ok(Counter { next: row.number(0)?, direct: row.get(1)?, live: row.get(2)? }),
        None => Ok(Counter { next: 1, ..Counter::default() }),
    }
}

/// Keeps a counter.
pub(super) fn put_counter(conn: &Connection, (kind, number): (u32, u32), c: &Counter) -> Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO counter(kind, number, next, direct, live) VALUES(?1, ?2, ?3, ?4, ?5)")?
        .execute((kind, number, c.next as i64, c.direct, c.live))?;
    Ok(())
}
