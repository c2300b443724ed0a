//! Comparisons that parity has taken and that nothing on disk remembers: none of them shall bring a route back twice.
//!
//! A way back waits for no disk, so the sum of parity goes on while nothing can be written, and beyond what is remembered
//! of a route at most. What counted there is remembered in memory alone.
//! Invariant: it is bounded. What finds no room makes the older half forgotten: a request that comes again after so many
//! others may count again, which so many matches outweigh.

use banyan_migration::compare::Outcome;
use banyan_migration::distinct::{Print, WINDOW_MS, rank};
use std::collections::HashMap;

/// Comparisons in each half at most.
const HALF: usize = 25_000;

/// A route's number, its epoch, and what made the comparison distinct.
pub(super) type Key = (i64, u64, Print);

#[derive(Default)]
pub(super) struct Unkept {
    /// Those since the last commit: if it fails, the store has forgotten them.
    fresh: Vec<(Key, Outcome, i64)>,
    young: HashMap<Key, (Outcome, i64)>,
    old: HashMap<Key, (Outcome, i64)>,
}

impl Unkept {
    /// As what parity took it, if the store does not remember that.
    pub(super) fn known(&self, key: &Key, now_ms: i64) -> Option<Outcome> {
        let found = self.young.get(key).or_else(|| self.old.get(key));
        found.filter(|(_, at_ms)| *at_ms >= now_ms.saturating_sub(WINDOW_MS)).map(|(outcome, _)| *outcome)
    }

    /// Parity took it, and it was written down, not committed yet.
    pub(super) fn taken(&mut self, key: Key, outcome: Outcome, at_ms: i64) {
        self.fresh.push((key, outcome, at_ms));
    }

    /// Parity took it, and it is not written down.
    pub(super) fn beside(&mut self, key: Key, outcome: Outcome, at_ms: i64) {
        if self.known(&key, at_ms).is_some_and(|before| rank(before) > rank(outcome)) {
            return;
        }
        if self.young.len() >= HALF && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, (outcome, at_ms));
    }

    /// What was written down is committed.
    pub(super) fn committed(&mut self) {
        self.fresh.clear();
    }

    /// It is not, and never will be.
    pub(super) fn lost(&mut self) {
        for (key, outcome, at_ms) in std::mem::take(&mut self.fresh) {
            self.beside(key, outcome, at_ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::clock::Clock;
    use crate::runtime::evidence::{Asked, Evidence, Exchange, Origin, Reply, RouteInfo};
    use banyan_migration::account::Autos;
    use banyan_migration::bundle::Cause;
    use banyan_migration::stage::{Stage, Standing};
    use banyan_migration::sticky::Weight;
    use banyan_store::StoreError;
    use std::sync::Arc;
    use std::time::Duration;

    fn route() -> Arc<RouteInfo> {
        Arc::new(RouteInfo {
            name: "/a".into(),
            rules: Default::default(),
            policy: Default::default(),
            wanted: Default::default(),
            build: Some("X-Build".into()),
            basis: Default::default(),
            autos: Autos { promote: true, rollback: true, dwell_ms: 0, first: Weight::ALL, writes_only: false },
            entity: None,
        })
    }

    fn exchange(route: &Arc<RouteInfo>, target: &str, modern: &str, build: &str) -> Exchange {
        let reply = |body: &str| {
            let headers = vec![("content-type".into(), "application/json".into()), ("X-Build".into(), build.into())];
            Reply { status: 200, headers, body: body.to_owned().into(), took: Duration::from_millis(1), version: None }
        };
        Exchange {
            route: route.clone(),
            request: Asked { method: "GET".into(), target: target.into(), ..Asked::default() },
            trace_id: String::new(),
            at_ms: 1,
            legacy: Ok(reply("{\"a\":1}")),
            legacy_again: None,
            modern: Ok(reply(modern)),
            origin: Origin::Live,
        }
    }

    /// After each comparison the disk takes back what was not committed.
    #[test]
    fn parity_brings_a_route_back_though_nothing_can_be_kept_and_repeats_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let evidence = Evidence::open(&dir.path().join("e.db"), Clock::system()).unwrap();
        let route = route();
        evidence.take_up(vec![route.clone()]).unwrap();
        let modern = Standing { stage: Stage::Modern, weight: Weight::NONE, killed: false };
        evidence.moved("/a", modern, 1).unwrap();
        assert!(evidence.observe(&exchange(&route, "/a/0", "{\"a\":1}", "1")).counted);
        evidence.flush();
        let seen = |target: &str, build: &str| {
            let outcome = evidence.observe(&exchange(&route, target, "{\"a\":2}", build));
            evidence.0.room().back(&StoreError::Database("the disk is full".to_owned()));
            assert_eq!(evidence.with("/a", |a| a.counts.mismatches).unwrap(), 0, "nothing of it counts");
            outcome
        };
        // The build that brings the fault is told while nothing can be kept, and so is each that follows.
        for _ in 0..20 {
            seen("/a/same", "2");
        }
        assert_eq!(evidence.due(&route, modern, 2), None, "one request that is repeated is one");
        for n in 1..7 {
            seen(&format!("/a/{n}"), "2");
        }
        assert_eq!(evidence.due(&route, modern, 2), None);
        seen("/a/7", "2");
        let due = evidence.due(&route, modern, 2).unwrap();
        assert!(matches!(due.cause, Cause::Parity { .. }) && due.to.0 == Stage::Shadow, "{due:?}");
        banyan_migration::bundle::verify(&due).unwrap();
        // It was kept in no other way: there is room again, and what comes then is counted once.
        evidence.flush();
        assert_eq!(evidence.trouble(), None);
        assert!(evidence.observe(&exchange(&route, "/a/7", "{\"a\":2}", "2")).counted);
        assert_eq!(evidence.with("/a", |a| a.counts.mismatches).unwrap(), 1);
    }

    #[test]
    fn what_cannot_be_read_goes_on_from_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.db");
        let evidence = Evidence::open(&path, Clock::system()).unwrap();
        let route = route();
        evidence.take_up(vec![route.clone()]).unwrap();
        let modern = Standing { stage: Stage::Modern, weight: Weight::NONE, killed: false };
        evidence.moved("/a", modern, 1).unwrap();
        evidence.flush();
        // Whoever takes the table away takes all there is to read.
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("ALTER TABLE route RENAME TO gone").unwrap();
        for n in 0..8 {
            evidence.observe(&exchange(&route, &format!("/a/{n}"), "{\"a\":2}", "2"));
            evidence.flush();
        }
        let due = evidence.due(&route, modern, 2).unwrap();
        assert!(matches!(due.cause, Cause::Parity { .. }), "{due:?}");
        assert!(evidence.trouble().is_some());
        other.execute_batch("ALTER TABLE gone RENAME TO route").unwrap();
        evidence.flush();
        assert_eq!(evidence.trouble(), None);
        assert_eq!(evidence.with("/a", |a| a.counts.mismatches).unwrap(), 0, "they did not count");
    }

    fn key(n: usize) -> Key {
        let mut print = Print::default();
        print[..8].copy_from_slice(&n.to_be_bytes());
        (1, 1, print)
    }

    #[test]
    fn what_a_failed_commit_took_back_is_known_and_what_was_committed_is_the_stores() {
        let mut all = Unkept::default();
        all.taken(key(1), Outcome::Match, 0);
        all.committed();
        all.taken(key(2), Outcome::Mismatch, 0);
        assert_eq!((all.known(&key(1), 1), all.known(&key(2), 1)), (None, None));
        all.lost();
        assert_eq!((all.known(&key(1), 1), all.known(&key(2), 1)), (None, Some(Outcome::Mismatch)));
        all.beside(key(2), Outcome::Match, 1);
        assert_eq!(all.known(&key(2), 1), Some(Outcome::Mismatch), "the worse one stays");
        assert_eq!(all.known(&key(2), WINDOW_MS + 2), None);
    }

    #[test]
    fn it_has_an_end() {
        let mut all = Unkept::default();
        (0..10 * HALF).for_each(|n| all.beside(key(n), Outcome::Match, 0));
        assert!(all.young.len() + all.old.len() <= 2 * HALF);
        assert!(all.known(&key(9 * HALF), 0).is_some(), "at least so many are known");
        assert!(all.known(&key(0), 0).is_none());
    }
}
