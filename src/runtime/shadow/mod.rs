//! Mirroring: what one side answered is asked of the other afterwards, and both are handed to whoever compares.
//!
//! Purpose: [`Shadow::begin`] says whether a request is one of the sample, [`Capture`] keeps its answer on its way to the
//! consumer, and a thread of its own asks the other side.
//! Invariant: a mirror never delays, alters or fails the consumer's request: nothing here waits on a request's path. What
//! waits is bounded by number and bytes, and what does not fit is counted by its reason. After [`Shadow::settle`] nothing is
//! sent for a route that does not mirror any more, what waited included.
//! Not here: which requests have another side (`routes`), what the difference of two answers means (`evidence`).

mod ask;
mod capture;
mod decode;
mod exchange;
mod lane;
mod pair;
mod run;

pub use ask::{Facade, NoFacade};
pub use capture::{Capture, Seen};
pub use exchange::{Exchange, Question, Reply, Skipped};
pub use lane::Lane;
pub use pair::pair;

use super::clock::Clock;
use super::routes::Route;
use banyan_migration::stage::Side;
use metrics::counter;
use run::{Job, Message};
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// What answers that wait may hold over all routes, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// How long whoever turns a route off waits for what is under way to end. It ends at once; this is for a machine that is
/// overloaded.
const SETTLES: Duration = Duration::from_secs(10);

/// Who wants to know.
pub trait Witness: Send + Sync {
    /// Takes what both sides said. Called on the shadow's thread.
    fn saw(&self, exchange: Exchange);

    /// A consumer was answered by that side: `failed` if the side failed (no answer, or 5xx). Called on the request's path.
    fn answered(&self, route: &Route, side: Side, failed: bool, took: Duration) {
        let _ = (route, side, failed, took);
    }

    /// Whether legacy should be asked twice, beyond the share that is configured.
    fn wants_second(&self, route: &Route) -> bool {
        let _ = route;
        false
    }
}

/// Nobody.
pub struct Nobody;

impl Witness for Nobody {
    fn saw(&self, _: Exchange) {}
}

/// The shadow's handle.
pub struct Shadow {
    sender: UnboundedSender<Message>,
    held: Arc<AtomicUsize>,
    witness: Arc<dyn Witness>,
    clock: Clock,
}

impl Shadow {
    /// Starts its thread. It ends with the last handle.
    pub fn start(witness: Arc<dyn Witness>, facade: Arc<dyn Facade>, clock: Clock) -> std::io::Result<Arc<Shadow>> {
        let (sender, receiver) = unbounded_channel();
        let told = witness.clone();
        // A runtime of its own: consumers' threads never wait for it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            tokio::task::LocalSet::new().block_on(&runtime, run::run(receiver, told, facade));
        };
        std::thread::Builder::new().name("shadow".to_owned()).spawn(work)?;
        Ok(Arc::new(Shadow { sender, held: Arc::default(), witness, clock }))
    }

    /// Who wants to know.
    pub fn witness(&self) -> &dyn Witness {
        &*self.witness
    }

    /// Begins to keep the answer of a request that is one of the sample. `None`: it is none, or there is no room.
    pub fn begin(self: &Arc<Shadow>, route: &Arc<Route>, answers: Side) -> Option<Capture> {
        if !route.lane.samples(roll()) {
            return None;
        }
        if !route.lane.enter() {
            count(route, Skipped::QueueFull.word());
            return None;
        }
        Some(Capture::new(self.clone(), route.clone(), answers))
    }

    /// Waits until nothing more is sent for routes that do not mirror any more. Called by whoever turned one off, before
    /// saying so.
    pub fn settle(&self) {
        let (told, settled) = std::sync::mpsc::channel();
        if self.sender.send(Message::Settle(told)).is_ok() && settled.recv_timeout(SETTLES).is_err() {
            tracing::error!("mirrored requests that were under way have not ended");
        }
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn send(&self, job: Job) {
        // The thread lives as long as this handle.
        let _ = self.sender.send(Message::Job(Box::new(job)));
    }
}

/// What became of one of the sample.
fn count(route: &Route, result: &'static str) {
    counter!("banyan_shadow_requests_total", "route" => route.name.clone(), "result" => result).increment(1);
}

/// Anything below a million, each as likely.
pub(super) fn roll() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0) | 1);
    }
    STATE.with(|state| {
        // xorshift64: a sample needs no secret.
        let mut x = state.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        state.set(x);
        (x >> 16) % 1_000_000
    })
}
