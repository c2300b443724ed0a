//! Who called which route: one row for a consumer and a route, and one for each day and stage of them.
//!
//! Not here: what the documents mean, what is forgotten when (`runtime/consumers`).

use super::EvidenceStore;
use crate::Result;
use rusqlite::{Row, params};

/// A consumer and a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairRow {
    /// The consumer's name.
    pub consumer: String,
    /// The route's name.
    pub route: String,
    /// What is known of the two.
    pub document: String,
}

/// What a consumer asked of a route on a day, while it stood at a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRow {
    /// The consumer's name.
    pub consumer: String,
    /// The route's name.
    pub route: String,
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// The stage's word.
    pub stage: String,
    /// Calls.
    pub calls: u64,
    /// Of them: legacy answered since modern failed.
    pub fell_back: u64,
    /// Of them: legacy answered since the caller is bound to it.
    pub pinned: u64,
    /// Of them: legacy answered since it had made the token.
    pub tokens: u64,
}

impl EvidenceStore {
    /// Puts rows in place of what was there of them.
    pub fn put_consumers(&mut self, pairs: &[PairRow], days: &[DayRow]) -> Result<()> {
        if pairs.is_empty() && days.is_empty() {
            return Ok(());
        }
        self.begin()?;
        let sql = "INSERT OR REPLACE INTO consumer(consumer, route, document) VALUES (?1, ?2, ?3)";
        let mut put = self.conn.prepare_cached(sql)?;
        for p in pairs {
            put.execute(params![p.consumer, p.route, p.document])?;
        }
        let sql = "INSERT OR REPLACE INTO consumer_day(consumer, route, day, stage, calls, fell_back, pinned, tokens)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let mut put = self.conn.prepare_cached(sql)?;
        for d in days {
            let n = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let (calls, fell_back, pinned, tokens) = (n(d.calls), n(d.fell_back), n(d.pinned), n(d.tokens));
            put.execute(params![d.consumer, d.route, d.day, d.stage, calls, fell_back, pinned, tokens])?;
        }
        Ok(())
    }

    /// Forgets a consumer and a route.
    pub fn forget_consumer(&mut self, consumer: &str, route: &str) -> Result<()> {
        self.begin()?;
        for table in ["consumer", "consumer_day"] {
            let sql = format!("DELETE FROM {table} WHERE consumer = ?1 AND route = ?2");
            self.conn.execute(&sql, params![consumer, route])?;
        }
        Ok(())
    }

    /// Forgets what was before that day.
    pub fn forget_days(&mut self, before: i64) -> Result<()> {
        if self.unmade {
            return Ok(());
        }
        self.begin()?;
        self.conn.execute("DELETE FROM consumer_day WHERE day < ?1", params![before])?;
        Ok(())
    }

    /// All that is known of consumers. A file of an older layout knows nothing.
    pub fn consumers(&self) -> Result<(Vec<PairRow>, Vec<DayRow>)> {
        let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('consumer', 'consumer_day')";
        if self.conn.query_row(sql, [], |r| r.get::<_, i64>(0))? < 2 {
            return Ok((Vec::new(), Vec::new()));
        }
        let pair = |r: &Row<'_>| Ok(PairRow { consumer: r.get(0)?, route: r.get(1)?, document: r.get(2)? });
        let mut all = self.conn.prepare("SELECT consumer, route, document FROM consumer ORDER BY consumer, route")?;
        let pairs = all.query_map([], pair)?.collect::<std::result::Result<_, _>>()?;
        let day = |r: &Row<'_>| {
            let n = |at| r.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
            Ok(DayRow {
                consumer: r.get(0)?,
                route: r.get(1)?,
                day: r.get(2)?,
                stage: r.get(3)?,
                calls: n(4)?,
                fell_back: n(5)?,
                pinned: n(6)?,
                tokens: n(7)?,
            })
        };
        let sql = "SELECT consumer, route, day, stage, calls, fell_back, pinned, tokens FROM consumer_day";
        let mut all = self.conn.prepare(sql)?;
        let days = all.query_map([], day)?.collect::<std::result::Result<_, _>>()?;
        Ok((pairs, days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64, calls: u64) -> DayRow {
        let text = |t: &str| t.to_owned();
        let (consumer, route, stage) = (text("shop"), text("/a"), text("modern"));
        DayRow { consumer, route, day, stage, calls, fell_back: 1, pinned: 2, tokens: 3 }
    }

    #[test]
    fn rows_are_replaced_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.db");
        let pair = PairRow { consumer: "shop".to_owned(), route: "/a".to_owned(), document: "{}".to_owned() };
        {
            let mut store = EvidenceStore::open(&path).unwrap();
            store.put_consumers(std::slice::from_ref(&pair), &[day(1, 5), day(2, 6)]).unwrap();
            store.put_consumers(std::slice::from_ref(&pair), &[day(2, 7)]).unwrap();
            store.commit().unwrap();
            store.put_consumers(&[], &[day(3, 1)]).unwrap();
        }
        let mut store = EvidenceStore::open(&path).unwrap();
        assert_eq!(store.consumers().unwrap(), (vec![pair], vec![day(1, 5), day(2, 7)]), "and nothing uncommitted");
        store.forget_days(2).unwrap();
        assert_eq!(store.consumers().unwrap().1, [day(2, 7)]);
        store.forget_consumer("shop", "/a").unwrap();
        assert_eq!(store.consumers().unwrap(), (vec![], vec![]));
    }

    #[test]
    fn a_file_of_the_first_layout_is_taken_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.db");
        EvidenceStore::open(&path).unwrap().put_consumers(&[], &[day(1, 1)]).unwrap();
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch("DROP TABLE consumer; DROP TABLE consumer_day; PRAGMA user_version = 1").unwrap();
        drop(conn);
        let reader = EvidenceStore::read(&path).unwrap().unwrap();
        assert_eq!(reader.consumers().unwrap(), (vec![], vec![]));
        drop(reader);
        let mut store = EvidenceStore::open(&path).unwrap();
        store.put_consumers(&[], &[day(1, 1)]).unwrap();
        assert_eq!(store.consumers().unwrap().1.len(), 1);
    }
}
