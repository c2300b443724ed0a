//! The evidence in memory and its store: whoever holds the lock changes both.
//!
//! Invariant: an account is what the store committed plus what the open transaction holds, so that a kill loses the last
//! second at most, of both alike. If a commit fails, both go back to the last one, but for what brings a route back: that
//! waits for no disk.

use super::unkept::Unkept;
use super::weigh::Seen;
use super::{Exchange, Outcome, RouteInfo};
use banyan_migration::account::{Account, Sight, Taken};
use banyan_migration::compare::Outcome as Found;
use banyan_migration::distinct::{MOST, Remembered, WINDOW_MS, rank};
use banyan_migration::gate::Basis;
use banyan_migration::watch::Watch;
use banyan_store::evidence::{EvidenceStore, PrintRow};
use banyan_store::{Result, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Exchanges between two commits at most.
const COMMIT: usize = 500;

/// Why a comparison does not count that finds no room.
pub(super) const FULL: &str = "too many are remembered";

/// Why a comparison does not count that could not be written down.
pub(super) const UNKEPT: &str = "evidence cannot be kept";

/// How often prints that are too old are forgotten: an hour, in milliseconds.
const TIDY_MS: i64 = 3_600_000;

/// A route's part.
pub(super) struct File {
    pub(super) number: i64,
    pub(super) account: Account,
    /// Prints that are remembered, about: those of this epoch, and some that are too old.
    prints: u64,
    dirty: bool,
    epoch: u64,
}

/// What the request path tells, by route: it takes no other lock than that of its route.
pub(super) type Watches = Arc<RwLock<BTreeMap<String, Arc<Mutex<Watch>>>>>;

pub(super) struct Room {
    pub(super) store: EvidenceStore,
    pub(super) files: BTreeMap<String, File>,
    watches: Watches,
    /// The basis of each route, as the configuration told it.
    pub(super) told: BTreeMap<String, Basis>,
    since_commit: usize,
    tidied_ms: i64,
    unkept: Unkept,
    /// Accounts of routes that the store knew nothing of when it went back.
    unknown: BTreeMap<String, Account>,
    /// The accounts are no longer those of the store: it could not be read when they were to go back to it.
    astray: bool,
    /// Why nothing could be kept when it was last tried. It was said, and will be said again when it succeeded in between.
    pub(super) failing: Option<String>,
}

fn read<T: serde::de::DeserializeOwned + Default>(text: &str, route: &str) -> Result<T> {
    if text.is_empty() {
        return Ok(T::default());
    }
    let damaged = |e| StoreError::Damaged(format!("what is known of route {route} cannot be read ({e})"));
    serde_json::from_str(text).map_err(damaged)
}

impl Room {
    pub(super) fn new(store: EvidenceStore, watches: Watches) -> Result<Room> {
        let mut room = Room {
            store,
            files: BTreeMap::new(),
            watches,
            told: BTreeMap::new(),
            since_commit: 0,
            tidied_ms: i64::MIN,
            unkept: Unkept::default(),
            unknown: BTreeMap::new(),
            astray: false,
            failing: None,
        };
        room.load()?;
        for row in room.store.routes()? {
            let watch: Watch = read(&row.watch, &row.name)?;
            let mut watches = room.watches.write().unwrap_or_else(PoisonError::into_inner);
            watches.insert(row.name, Arc::new(Mutex::new(watch)));
        }
        Ok(room)
    }

    /// Takes the accounts as they were committed; what brings a route back goes on as it was.
    fn load(&mut self) -> Result<()> {
        let mut files = BTreeMap::new();
        for row in self.store.routes()? {
            let account: Account = read(&row.account, &row.name)?;
            let (prints, epoch) = (self.store.prints(row.number)?, account.epoch);
            files.insert(row.name, File { number: row.number, account, prints, dirty: false, epoch });
        }
        for (name, was) in std::mem::replace(&mut self.files, files) {
            match self.files.get_mut(&name) {
                Some(file) => {
                    file.account.goes_on_from(&was.account);
                    file.dirty = true;
                }
                None => drop(self.unknown.insert(name, was.account)),
            }
        }
        self.astray = false;
        Ok(())
    }

    pub(super) fn file(&mut self, route: &str) -> Result<&mut File> {
        if !self.files.contains_key(route) {
            let number = self.store.route(route)?;
            let mut account = Account::default();
            if let Some(was) = self.unknown.remove(route) {
                account.goes_on_from(&was);
            }
            let file = File { number, account, prints: 0, dirty: true, epoch: 0 };
            self.files.insert(route.to_owned(), file);
        }
        self.files.get_mut(route).ok_or_else(|| StoreError::Database("a route's evidence is gone".to_owned()))
    }

    /// Changes a route's account.
    pub(super) fn change<R>(&mut self, route: &str, change: impl FnOnce(&mut Account) -> R) -> Result<R> {
        let file = self.file(route)?;
        file.dirty = true;
        Ok(change(&mut file.account))
    }

    /// An exchange that could not be compared.
    pub(super) fn unanswered(&mut self, route: &RouteInfo, why: &'static str) -> Result<Outcome> {
        self.change(&route.name, |a| a.unanswered += 1)?;
        Ok(Outcome { found: None, counted: false, why: Some(why) })
    }

    pub(super) fn takes(&mut self, exchange: &Exchange, seen: Seen) -> Result<(Outcome, Option<Taken>)> {
        let (name, at_ms) = (&exchange.route.name, exchange.at_ms);
        if self.told.get(name).is_some_and(|told| *told != exchange.route.basis) {
            return Ok((Outcome { found: None, counted: false, why: Some("the configuration changed") }, None));
        }
        let first = self.file(name)?;
        // Known already, unless it could not be written down when it was told.
        first.account.based_on(&exchange.route.basis, at_ms);
        first.dirty = true;
        if let Some(build) = &seen.build {
            first.account.built(build, at_ms);
        }
        if first.epoch != first.account.epoch {
            (first.epoch, first.prints) = (first.account.epoch, 0);
        }
        let (number, epoch, prints) = (first.number, first.account.epoch, first.prints);
        let key = (number, epoch, seen.print);
        let watched = self.unkept.known(&key, at_ms);
        let before = self.store.remembered(number, epoch, &seen.print, at_ms.saturating_sub(WINDOW_MS));
        // Parity takes it even where nothing can be read: it is what may bring the route back.
        let (before, unread) = before.map_or_else(|e| (None, Some(e)), |row| (row, None));
        let before = before.map(|row| Remembered { outcome: outcome(row.outcome), signature: row.signature });
        let file = self.file(name)?;
        let sight = Sight {
            compared: seen.compared,
            twice: seen.twice.as_ref(),
            status: seen.status,
            body: seen.body.as_ref(),
            at_ms,
            watched,
        };
        let full = before.is_none() && prints >= MOST;
        let taken = if full {
            file.account.overflow += 1;
            let found = file.account.looks(sight);
            self.unkept.beside(key, found, at_ms);
            Taken { outcome: found, counted: false, remember: None, samples: Vec::new() }
        } else {
            file.account.takes(sight, before, &exchange.route.wanted)
        };
        if taken.counted {
            self.unkept.taken(key, taken.outcome, at_ms);
        }
        if let Some(e) = unread {
            return Err(e);
        }
        if let (Some(remember), Some(file)) = (taken.remember, self.files.get_mut(name)) {
            file.prints += u64::from(before.is_none());
            let row = PrintRow { outcome: rank(remember.outcome), signature: remember.signature };
            self.store.remember(number, epoch, &seen.print, at_ms, row)?;
        }
        let why = if full { Some(FULL) } else { (!taken.counted).then_some("it was compared before") };
        Ok((Outcome { found: Some(taken.outcome), counted: taken.counted, why }, Some(taken)))
    }

    /// Counts an exchange towards the next commit.
    pub(super) fn ticked(&mut self, now_ms: i64) -> Result<()> {
        self.since_commit += 1;
        if self.since_commit >= COMMIT { self.flush(now_ms) } else { Ok(()) }
    }

    /// Writes everything down.
    pub(super) fn flush(&mut self, now_ms: i64) -> Result<()> {
        self.since_commit = 0;
        if self.failing.is_some() {
            // Where nothing is written nothing fails: only what was written shows that there is room again.
            self.files.values_mut().for_each(|file| file.dirty = true);
        }
        let done = if self.astray { self.load() } else { Ok(()) };
        let done = done.and_then(|()| self.write(now_ms)).and_then(|()| self.store.commit());
        match done {
            Ok(()) => {
                self.unkept.committed();
                if self.failing.take().is_some() {
                    tracing::info!("evidence is kept again");
                }
                Ok(())
            }
            Err(e) => {
                self.back(&e);
                Err(e)
            }
        }
    }

    /// Writes everything down, synced.
    pub(super) fn durably(&mut self, now_ms: i64) -> Result<()> {
        self.flush(now_ms)?;
        self.store.commit_durably()
    }

    /// Goes back to the last commit.
    pub(super) fn back(&mut self, why: &StoreError) {
        if self.failing.replace(why.to_string()).is_none() {
            tracing::error!("evidence cannot be kept ({why}); what was compared since the last commit does not count");
        }
        self.store.roll_back();
        self.unkept.lost();
        self.astray = true;
        // Where it cannot be read what is in memory goes on: nothing of it is written before it could be.
        if let Err(e) = self.load() {
            tracing::error!("evidence cannot be read: {e}");
        }
    }

    fn write(&mut self, now_ms: i64) -> Result<()> {
        let watches = self.watches.read().unwrap_or_else(PoisonError::into_inner).clone();
        for name in watches.keys().filter(|n| !self.files.contains_key(*n)).cloned().collect::<Vec<_>>() {
            self.file(&name)?;
        }
        let tidy = now_ms.saturating_sub(self.tidied_ms) >= TIDY_MS;
        for (name, file) in &mut self.files {
            if tidy {
                self.store.forget_prints(file.number, file.account.epoch, now_ms.saturating_sub(WINDOW_MS))?;
                file.prints = self.store.prints(file.number)?;
                let numbers: Vec<u64> = file.account.clusters().iter().map(|(_, g)| g.number).collect();
                self.store.keep_samples_of(file.number, &numbers)?;
            }
            let watch = match watches.get(name) {
                Some(watch) => {
                    let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
                    watch.take_changed().then(|| watch.clone())
                }
                None => None,
            };
            if !std::mem::take(&mut file.dirty) && watch.is_none() {
                continue;
            }
            file.account.point(now_ms);
            let text = |e| StoreError::Database(format!("evidence cannot be written: {e}"));
            let account = serde_json::to_string(&file.account).map_err(text)?;
            let watch = watch.map(|w| serde_json::to_string(&w)).transpose().map_err(text)?;
            self.store.put(file.number, &account, watch.as_deref())?;
        }
        if tidy {
            self.tidied_ms = now_ms;
        }
        Ok(())
    }
}

fn outcome(rank: u8) -> Found {
    match rank {
        0 => Found::Match,
        1 => Found::Indeterminate,
        _ => Found::Mismatch,
    }
}

#[cfg(test)]
mod tests {
    use crate::runtime::clock::Clock;
    use crate::runtime::evidence::Evidence;
    use banyan_migration::stage::{Side, Stage, Standing};
    use banyan_migration::sticky::Weight;
    use banyan_store::StoreError;
    use std::time::Duration;

    #[test]
    fn what_cannot_be_written_takes_no_move_back_and_begins_no_watch_anew() {
        let dir = tempfile::tempdir().unwrap();
        let evidence = Evidence::open(&dir.path().join("e.db"), Clock::system()).unwrap();
        let at = |stage| Standing { stage, weight: Weight::ALL, killed: false };
        let basis = |rules: &str| banyan_migration::gate::Basis { rules: rules.to_owned(), ..Default::default() };
        evidence.basis("/a", &basis("1")).unwrap();
        evidence.moved("/a", at(Stage::Shadow), 1).unwrap();
        evidence.flush();
        evidence.moved("/a", at(Stage::Canary), 2).unwrap();
        for n in 1..=3 {
            evidence.answered("/a", Side::Modern, true, Duration::from_millis(1), "50%".parse().unwrap());
            evidence.0.room().back(&StoreError::Database("the disk is full".to_owned()));
            evidence.moved("/a", at(Stage::Canary), 3).unwrap();
            let watch = evidence.0.watch("/a").lock().unwrap().clone();
            assert_eq!(watch.answers_of_modern(), n, "what was counted before counts on");
            assert_eq!(evidence.with("/a", |a| a.standing).unwrap(), Some((at(Stage::Canary), 2)));
        }
        assert_eq!(evidence.trouble().as_deref(), Some("the store failed: the disk is full"));
        evidence.flush();
        assert_eq!(evidence.trouble(), None, "it was written");
    }
}
