//! What is read back.

use super::EvidenceStore;
use crate::Result;
use rusqlite::{OptionalExtension, Row, params};

/// A route's documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRow {
    /// Its number here.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its account; empty before the first commit.
    pub account: String,
    /// Its watch; the same.
    pub watch: String,
}

/// What is remembered of a print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrintRow {
    /// As what it counted.
    pub outcome: u8,
    /// Its signature.
    pub signature: u64,
}

/// A sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRow {
    /// Its number, growing.
    pub number: u64,
    /// Its cluster.
    pub cluster: u64,
    /// What it shows.
    pub document: String,
}

/// A bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRow {
    /// Its number, growing.
    pub number: u64,
    /// The route.
    pub route: String,
    /// When, RFC 3339.
    pub at: String,
    /// The bundle.
    pub document: String,
}

/// A verdict: shaped like a bundle.
pub type VerdictRow = BundleRow;

impl EvidenceStore {
    /// All routes that are known.
    pub fn routes(&self) -> Result<Vec<RouteRow>> {
        let mut all = self.conn.prepare_cached("SELECT number, name, account, watch FROM route ORDER BY number")?;
        let row =
            |r: &Row<'_>| Ok(RouteRow { number: r.get(0)?, name: r.get(1)?, account: r.get(2)?, watch: r.get(3)? });
        Ok(all.query_map([], row)?.collect::<std::result::Result<_, _>>()?)
    }

    /// Samples of a route, of one cluster or all, newest first.
    pub fn samples(&self, route: i64, cluster: Option<u64>, most: usize) -> Result<Vec<SampleRow>> {
        let sql = "SELECT number, cluster, document FROM sample WHERE route = ?1 AND (?2 IS NULL OR cluster = ?2)
             ORDER BY number DESC LIMIT ?3";
        let mut found = self.conn.prepare_cached(sql)?;
        let row = |r: &Row<'_>| {
            let (number, cluster): (i64, i64) = (r.get(0)?, r.get(1)?);
            Ok(SampleRow { number: number as u64, cluster: cluster as u64, document: r.get(2)? })
        };
        let rows = found.query_map(params![route, cluster.map(|c| c as i64), most as i64], row)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Bundles, of one route or all, newest first, below `before`.
    pub fn bundles(&self, route: Option<&str>, before: Option<u64>, most: usize) -> Result<Vec<BundleRow>> {
        self.kept("bundle", route, before, most)
    }

    /// Verdicts, of one route or all, newest first, below `before`.
    pub fn verdicts(&self, route: Option<&str>, before: Option<u64>, most: usize) -> Result<Vec<VerdictRow>> {
        self.kept("verdict", route, before, most)
    }

    /// The bundle of that number.
    pub fn bundle(&self, number: u64) -> Result<Option<BundleRow>> {
        let mut found = self.conn.prepare_cached("SELECT number, route, at, document FROM bundle WHERE number = ?1")?;
        Ok(found.query_row([number as i64], kept).optional()?)
    }

    fn kept(&self, table: &str, route: Option<&str>, before: Option<u64>, most: usize) -> Result<Vec<BundleRow>> {
        let sql = format!(
            "SELECT number, route, at, document FROM {table} WHERE (?1 IS NULL OR route = ?1)
                 AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3"
        );
        let mut found = self.conn.prepare_cached(&sql)?;
        let rows = found.query_map(params![route, before.map(|b| b as i64), most as i64], kept)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}

fn kept(r: &Row<'_>) -> std::result::Result<BundleRow, rusqlite::Error> {
    Ok(BundleRow { number: r.get::<_, i64>(0)? as u64, route: r.get(1)?, at: r.get(2)?, document: r.get(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreError;
    use crate::evidence::SAMPLES;

    #[test]
    fn the_file_is_made_with_the_first_thing_that_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.db");
        let mut store = EvidenceStore::open(&path).unwrap();
        assert!(store.routes().unwrap().is_empty() && store.bundles(None, None, 9).unwrap().is_empty());
        store.put_consumers(&[], &[]).unwrap();
        store.forget_days(7).unwrap();
        store.commit_durably().unwrap();
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
        let number = store.route("/a").unwrap();
        store.put(number, "{}", None).unwrap();
        store.commit().unwrap();
        drop(store);
        assert_eq!(EvidenceStore::read(&path).unwrap().unwrap().routes().unwrap().len(), 1);
    }

    #[test]
    fn what_was_not_committed_is_gone_wholly() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("banyan.evidence.db");
        let row = PrintRow { outcome: 2, signature: u64::MAX };
        {
            let mut store = EvidenceStore::open(&path).unwrap();
            let route = store.route("/a").unwrap();
            store.put(route, "one", Some("w")).unwrap();
            store.remember(route, 1, &[1; 16], 10, row).unwrap();
            store.commit().unwrap();
            store.put(route, "two", None).unwrap();
            store.remember(route, 1, &[2; 16], 10, row).unwrap();
        }
        let mut store = EvidenceStore::open(&path).unwrap();
        let route = store.route("/a").unwrap();
        assert_eq!(store.routes().unwrap()[0].account, "one");
        assert_eq!(store.remembered(route, 1, &[1; 16], 10).unwrap(), Some(row));
        assert_eq!(store.remembered(route, 1, &[2; 16], 10).unwrap(), None);
        assert_eq!(store.remembered(route, 2, &[1; 16], 10).unwrap(), None, "another epoch");
        assert_eq!(store.remembered(route, 1, &[1; 16], 11).unwrap(), None, "another window");
        store.forget_prints(route, 1, 11).unwrap();
        assert_eq!(store.prints(route).unwrap(), 0);
    }

    #[test]
    fn samples_are_bounded_and_the_newest_stay() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = EvidenceStore::open(&dir.path().join("e.db")).unwrap();
        let route = store.route("/a").unwrap();
        for n in 0..50 {
            store.add_sample(route, 1, &n.to_string()).unwrap();
            store.add_sample(route, 2, "x").unwrap();
        }
        let found = store.samples(route, Some(1), 100).unwrap();
        assert_eq!(found.len() as i64, SAMPLES);
        assert_eq!(found[0].document, "49");
        store.keep_samples_of(route, &[2]).unwrap();
        assert_eq!(store.samples(route, Some(1), 100).unwrap(), []);
        assert_eq!(store.samples(route, None, 5).unwrap().len(), 5);
    }

    #[test]
    fn bundles_are_kept_and_read_by_number() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = EvidenceStore::open(&dir.path().join("e.db")).unwrap();
        let number = store.add_bundle("/a", "t", "{}").unwrap();
        store.add_verdict("/a", "t", "v").unwrap();
        store.commit_durably().unwrap();
        assert_eq!(store.bundle(number).unwrap().unwrap().document, "{}");
        let reader = EvidenceStore::read(store.path()).unwrap().unwrap();
        assert_eq!(reader.bundles(Some("/a"), None, 10).unwrap().len(), 1);
        assert_eq!(reader.bundles(Some("/b"), None, 10).unwrap().len(), 0);
        assert_eq!(reader.verdicts(None, None, 10).unwrap()[0].document, "v");
    }

    #[test]
    fn a_file_that_is_not_ours_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.db");
        std::fs::write(
            &path,
            "not a database, and long enough to be looked at as one by whoever opens it. ".repeat(20),
        )
        .unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(EvidenceStore::open(&path), Err(StoreError::Foreign(_))));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(EvidenceStore::read(&dir.path().join("none.db")).unwrap().is_none());
    }

    #[test]
    fn whoever_reads_while_it_is_made_finds_nothing_yet_or_all_of_it() {
        let dir = tempfile::tempdir().unwrap();
        for turn in 0..40 {
            let path = dir.path().join(format!("{turn}.db"));
            let written = path.clone();
            let writer = std::thread::spawn(move || {
                let mut store = EvidenceStore::open(&written).unwrap();
                store.add_bundle("/a", "t", "{}").unwrap();
                store.commit_durably().unwrap();
            });
            // Errors, too, would be told to somebody who looks with the command line.
            while EvidenceStore::read(&path).unwrap().is_none_or(|s| s.bundles(None, None, 1).unwrap().is_empty()) {
                assert!(!writer.is_finished() || EvidenceStore::read(&path).unwrap().is_some());
            }
            writer.join().unwrap();
        }
    }
}
