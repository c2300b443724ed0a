//! The evidence room: from "both sides answered one request" to "a decision, and all it rests on".
//!
//! Purpose: [`Evidence`] takes exchanges from the shadow and answers from the request path, keeps what they come to, and
//! tells what may be done with a route, what is due, and why.
//! Invariant: nothing here delays a request but one lock of its route, held for some additions. A kill loses the last
//! second of comparisons and doubles none. Memory is bounded by routes and clusters, not by traffic.
//! Not here: the arithmetic (`banyan_migration`), SQL (`banyan_store::evidence`), asking the sides, moving a route.

mod deciding;
mod exchange;
mod lineage;
mod look;
pub mod plan;
mod room;
mod sample;
mod shapes;
pub mod sweep;
pub mod sweeps;
mod unkept;
mod verdicts;
mod weigh;
mod witness;

pub use deciding::{EvidenceJudge, decide};
pub use exchange::{Asked, Exchange, Origin, Outcome, Reply, RouteInfo};
pub use lineage::lineage_of;
pub use look::{ClusterLook, Judged};
pub use sample::{Lineage, LineageOf, Sample};
pub use verdicts::{NotJudged, VerdictLine};
pub use witness::evidence_of;

use super::clock::Clock;
use banyan_migration::account::{self, Account};
use banyan_migration::bundle::{Bundle, Cause, Stood};
use banyan_migration::dossier::Dossier;
use banyan_migration::gate::{Basis, Verdict};
use banyan_migration::stage::{Side, Stage, Standing};
use banyan_migration::sticky::Weight;
use banyan_migration::watch::Watch;
use banyan_store::Result;
use banyan_store::evidence::{EvidenceStore, SAMPLES};
use metrics::counter;
use room::{Room, Watches};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

/// Time between two commits at most.
const COMMIT: Duration = Duration::from_millis(900);

/// Samples that a dossier holds at most.
const DOSSIER_SAMPLES: usize = 200;

struct Inner {
    room: Mutex<Room>,
    watches: Watches,
    infos: RwLock<BTreeMap<String, Arc<RouteInfo>>>,
    lineage: RwLock<Option<Arc<LineageOf>>>,
    clock: Clock,
    /// Dropped with the room: the thread that commits ends.
    _alive: Sender<()>,
}

/// The evidence of all routes. A cheap handle; the last one that is dropped commits.
#[derive(Clone)]
pub struct Evidence(Arc<Inner>);

impl Evidence {
    /// Opens the evidence kept in that file; makes it if there is none.
    pub fn open(path: &Path, clock: Clock) -> Result<Evidence> {
        let watches = Watches::default();
        let room = Room::new(EvidenceStore::open(path)?, watches.clone())?;
        let (alive, ended) = channel();
        let inner = Arc::new(Inner {
            room: Mutex::new(room),
            watches,
            infos: RwLock::default(),
            lineage: RwLock::default(),
            clock,
            _alive: alive,
        });
        let weak: Weak<Inner> = Arc::downgrade(&inner);
        let committing = move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(COMMIT) {
                let Some(inner) = weak.upgrade() else { return };
                inner.flush();
            }
        };
        let spawned = std::thread::Builder::new().name("evidence".to_owned()).spawn(committing);
        spawned.map_err(|e| banyan_store::StoreError::Database(format!("cannot start a thread: {e}")))?;
        Ok(Evidence(inner))
    }

    /// Tells where legacy values came from, for samples.
    pub fn with_lineage(&self, lineage: Arc<LineageOf>) {
        *self.0.lineage.write().unwrap_or_else(PoisonError::into_inner) = Some(lineage);
    }

    /// Takes up the routes of a configuration, with what each rests on now.
    pub fn take_up(&self, routes: Vec<Arc<RouteInfo>>) -> Result<()> {
        for route in &routes {
            self.basis(&route.name, &route.basis)?;
        }
        *self.0.infos.write().unwrap_or_else(PoisonError::into_inner) =
            routes.into_iter().map(|r| (r.name.clone(), r)).collect();
        Ok(())
    }

    /// What is known of a route's configuration.
    pub fn info(&self, route: &str) -> Option<Arc<RouteInfo>> {
        self.0.infos.read().unwrap_or_else(PoisonError::into_inner).get(route).cloned()
    }

    /// On what the route's configuration rests now: rules, mappings, adapters (modern tells its build itself). A change
    /// starts its score again, and is noted.
    pub fn basis(&self, route: &str, basis: &Basis) -> Result<()> {
        let now = self.0.clock.now_ms();
        let mut room = self.0.room();
        room.told.insert(route.to_owned(), basis.clone());
        room.change(route, |a| a.based_on(basis, now))?;
        Ok(())
    }

    /// Takes what both sides answered. Called beside the request, on a thread that may block.
    pub fn observe(&self, exchange: &Exchange) -> Outcome {
        let done = self.0.observe(exchange).inspect_err(|e| self.0.room().back(e));
        let outcome = done.unwrap_or(Outcome { found: None, counted: false, why: Some(room::UNKEPT) });
        let word = match (outcome.found, outcome.counted) {
            (None, _) if outcome.why == Some(room::UNKEPT) => "unkept",
            (None, _) => "unanswered",
            (Some(_), false) if outcome.why == Some(room::FULL) => "overflow",
            (Some(_), false) => "repeat",
            (Some(found), true) => look::word(found),
        };
        counter!("banyan_comparisons_total", "route" => exchange.route.name.clone(), "outcome" => word).increment(1);
        outcome
    }

    /// A side answered a consumer, at whatever stage; not a mirrored request. Cheap: it is called on the request path.
    /// Whoever falls back to legacy tells both: the failure of modern, and what legacy answered.
    pub fn answered(&self, route: &str, side: Side, failed: bool, took: Duration, weight: Weight) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let watch = self.0.watch(route);
        let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch.answered(side, failed, micros, weight, self.0.clock.now_ms());
    }

    /// Whether a second answer of legacy would tell more than usual just now.
    pub fn wants_second(&self, route: &str) -> bool {
        self.0.room().files.get(route).is_some_and(|f| f.account.wants_second())
    }

    /// The route stands there now: a move begins its watches anew. To be told after each decision and at the start.
    pub fn moved(&self, route: &str, standing: Standing, now_ms: i64) -> Result<()> {
        let mut room = self.0.room();
        // Asked every second: where nothing moved nothing is written.
        if room.file(route)?.account.standing.is_some_and(|(before, _)| before == standing) {
            return Ok(());
        }
        let moved = room.change(route, |a| a.stands(standing, now_ms))?;
        drop(room);
        if moved {
            let watch = self.0.watch(route);
            watch.lock().unwrap_or_else(PoisonError::into_inner).begins(standing.stage <= Stage::Shadow);
        }
        Ok(())
    }

    /// The evidence of a route, for the board.
    pub fn look(&self, route: &RouteInfo, now_ms: i64) -> Result<Judged> {
        let watch = self.0.watch(&route.name);
        let watch: Watch = watch.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut room = self.0.room();
        let failing = room.failing.clone();
        let account = &room.file(&route.name)?.account;
        let mut judged = Judged::of(route, account, &watch, now_ms);
        if let Some(why) = failing {
            judged.told = format!("evidence cannot be kept ({why}): what is compared meanwhile does not count");
        }
        Ok(judged)
    }

    /// Why nothing can be kept now, if it cannot: nothing goes forward meanwhile but by force.
    pub fn trouble(&self) -> Option<String> {
        self.0.room().failing.clone()
    }

    /// What a promotion would rest on now; else all that speaks against it, in sentences.
    pub fn cause(&self, route: &RouteInfo, now_ms: i64) -> std::result::Result<Cause, Vec<String>> {
        let mut room = self.0.room();
        // Only what is kept counts: a decision must not rest on what a full disk takes back.
        room.durably(now_ms).map_err(|e| vec![format!("evidence cannot be kept ({e})")])?;
        let account = &room.file(&route.name).map_err(|e| vec![e.to_string()])?.account;
        match account.verdict(&route.policy, &route.wanted, now_ms) {
            Verdict::Promote(ground) => {
                let evidence = account.evidence(&route.wanted);
                let score = evidence.counts.score(&route.policy);
                Ok(Cause::Evidence { ground, evidence, policy: route.policy, score })
            }
            other => Err(look::against(&other, account, &route.policy)),
        }
    }

    /// How its evidence stands, as far as it can be read.
    fn stood(&self, route: &RouteInfo) -> Option<Stood> {
        let mut room = self.0.room();
        let evidence = room.file(&route.name).ok()?.account.evidence(&route.wanted);
        let score = evidence.counts.score(&route.policy);
        Some(Stood { evidence, policy: route.policy, score })
    }

    /// What the route does by itself now, if anything. The caller journals and applies it, then tells [`Evidence::moved`]
    /// and [`Evidence::keep`].
    pub fn due(&self, route: &RouteInfo, standing: Standing, now_ms: i64) -> Option<Bundle> {
        self.moved(&route.name, standing, now_ms).ok()?;
        let watch: Watch = self.0.watch(&route.name).lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut room = self.0.room();
        let account = &room.file(&route.name).ok()?.account;
        let mut due = account::due(account, &watch, &route.policy, &route.wanted, route.autos, now_ms)?;
        if let Cause::Evidence { .. } = due.cause {
            // Only what is kept counts, where it leads forward. A way back waits for no disk.
            room.durably(now_ms).ok()?;
            let account = &room.file(&route.name).ok()?.account;
            due = account::due(account, &watch, &route.policy, &route.wanted, route.autos, now_ms)?;
        }
        Some(Bundle {
            route: route.name.clone(),
            at: rfc3339(now_ms),
            author: "banyan".to_owned(),
            reason: due.reason,
            from: (standing.stage, standing.weight),
            to: (due.to.stage, due.to.weight),
            cause: due.cause,
        })
    }

    /// Keeps a decision with all it rests on; its number. Synced when this returns.
    pub fn keep(&self, bundle: &Bundle) -> Result<u64> {
        let mut room = self.0.room();
        let number = room.file(&bundle.route)?.number;
        let samples = room.store.samples(number, None, DOSSIER_SAMPLES)?;
        let samples = samples.iter().filter_map(|s| serde_json::from_str(&s.document).ok()).collect();
        let dossier = room.file(&bundle.route)?.account.dossier(bundle.clone(), samples);
        let text = serde_json::to_string(&dossier).map_err(unwritable)?;
        let done = room.store.add_bundle(&bundle.route, &bundle.at, &text);
        let number = done.inspect_err(|e| room.back(e))?;
        room.durably(self.0.clock.now_ms())?;
        Ok(number)
    }

    /// Decisions that were kept, newest first, each with its number.
    pub fn dossiers(&self, route: Option<&str>, before: Option<u64>, most: usize) -> Result<Vec<(u64, Dossier)>> {
        let rows = self.0.room().store.bundles(route, before, most)?;
        Ok(rows.into_iter().filter_map(|r| Some((r.number, serde_json::from_str(&r.document).ok()?))).collect())
    }

    /// The decision of that number.
    pub fn dossier(&self, number: u64) -> Result<Option<Dossier>> {
        let row = self.0.room().store.bundle(number)?;
        let damaged = |e| banyan_store::StoreError::Damaged(format!("bundle {number} cannot be read ({e})"));
        row.map(|r| serde_json::from_str(&r.document).map_err(damaged)).transpose()
    }

    /// Samples of a cluster, newest first.
    pub fn samples(&self, route: &str, cluster: u64) -> Result<Vec<Sample>> {
        let mut room = self.0.room();
        let number = room.file(route)?.number;
        let rows = room.store.samples(number, Some(cluster), SAMPLES as usize)?;
        Ok(rows.iter().filter_map(|r| serde_json::from_str(&r.document).ok()).collect())
    }

    /// Reads or changes a route's account.
    pub(crate) fn with<R>(&self, route: &str, with: impl FnOnce(&mut Account) -> R) -> Result<R> {
        self.0.room().change(route, with)
    }

    /// Commits for the last time, synced; whatever comes later is lost or kept by chance.
    pub fn close(&self) {
        let done = self.0.room().durably(self.0.clock.now_ms());
        if let Err(e) = done {
            tracing::error!("the last comparisons could not be kept: {e}");
        }
    }

    /// Writes something else that is kept beside evidence, with what waits to be committed; committed when this returns.
    pub(crate) fn keep_beside(&self, write: impl FnOnce(&mut EvidenceStore) -> Result<()>) -> Result<()> {
        let mut room = self.0.room();
        let done = write(&mut room.store);
        if let Err(e) = &done {
            room.back(e);
        }
        done?;
        room.flush(self.0.clock.now_ms())
    }

    /// Reads what is kept beside evidence.
    pub(crate) fn read_beside<R>(&self, read: impl FnOnce(&EvidenceStore) -> Result<R>) -> Result<R> {
        read(&self.0.room().store)
    }

    /// Commits now.
    pub fn flush(&self) {
        self.0.flush();
    }
}

impl Inner {
    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, route: &str) -> Arc<Mutex<Watch>> {
        if let Some(watch) = self.watches.read().unwrap_or_else(PoisonError::into_inner).get(route) {
            return watch.clone();
        }
        self.watches.write().unwrap_or_else(PoisonError::into_inner).entry(route.to_owned()).or_default().clone()
    }

    fn flush(&self) {
        // What fails is told once by the room.
        let _ = self.room().flush(self.clock.now_ms());
    }

    fn observe(&self, exchange: &Exchange) -> Result<Outcome> {
        let now_ms = self.clock.now_ms();
        let route = &exchange.route;
        let asked = 1 + usize::from(exchange.legacy_again.is_some());
        {
            let watch = self.watch(&route.name);
            let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
            // The first one was asked for a consumer, who is counted on the request path.
            (1..asked).for_each(|_| watch.asked_legacy(now_ms));
        }
        let seen = match weigh::weigh(exchange) {
            weigh::Weighed::Unanswered(why) => return self.room().unanswered(route, why),
            weigh::Weighed::Seen(seen) => seen,
        };
        let (outcome, taken, build) = {
            let mut room = self.room();
            let (outcome, taken) = room.takes(exchange, *seen)?;
            room.ticked(now_ms)?;
            let build = room.file(&route.name)?.account.basis.build.clone();
            (outcome, taken, build)
        };
        let samples = taken.map(|t| t.samples).unwrap_or_default();
        if !samples.is_empty() && outcome.counted {
            // Lineage is read from the store: not under the lock.
            let lineage = self.lineage.read().unwrap_or_else(PoisonError::into_inner).clone();
            let told = samples.into_iter().map(|(n, d)| (n, Sample::of(exchange, d, &build, lineage.as_deref())));
            let told: Vec<_> = told.collect();
            let mut room = self.room();
            let number = room.file(&route.name)?.number;
            for (cluster, sample) in told {
                room.store.add_sample(number, cluster, &serde_json::to_string(&sample).map_err(unwritable)?)?;
            }
        }
        Ok(outcome)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.flush();
    }
}

fn unwritable(e: serde_json::Error) -> banyan_store::StoreError {
    banyan_store::StoreError::Database(format!("evidence cannot be written: {e}"))
}

/// An instant for people and programs.
fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |t| t.to_string())
}
