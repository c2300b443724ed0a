//! A route's share of the shadow: what it may hold, and what it holds.

use banyan_migration::route::RouteConfig;
use banyan_words::node::Percent;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Bounds and counters of one route of one version of the configuration.
#[derive(Debug)]
pub struct Lane {
    sample: Option<Percent>,
    double: Option<Percent>,
    queue: usize,
    /// The largest body, in bytes.
    pub(super) body: usize,
    pub(super) timeout: Duration,
    waiting: AtomicUsize,
    pub(super) turns: Arc<Semaphore>,
}

impl Lane {
    /// Of a route's keys.
    pub fn new(config: &RouteConfig) -> Lane {
        let shadow = &config.shadow;
        let body = shadow.body.map_or(1 << 20, |s| s.0);
        Lane {
            sample: shadow.sample,
            double: config.compare.double_read,
            queue: shadow.queue.unwrap_or(1_000),
            body: usize::try_from(body).unwrap_or(usize::MAX),
            timeout: shadow.timeout.map_or(Duration::from_secs(5), |d| d.0),
            waiting: AtomicUsize::new(0),
            turns: Arc::new(Semaphore::new(shadow.concurrency.unwrap_or(16).clamp(1, 1_000))),
        }
    }

    /// The largest body that is kept to be compared, in bytes.
    pub fn largest(&self) -> usize {
        self.body
    }

    /// Whether this request is one of the sample; `roll` is anything below a million, each as likely.
    pub(super) fn samples(&self, roll: u64) -> bool {
        self.sample.is_none_or(|share| !share.exceeded_by(roll + 1, 1_000_000))
    }

    /// Whether legacy is asked twice.
    pub(super) fn doubles(&self, roll: u64) -> bool {
        match self.double {
            Some(share) => !share.exceeded_by(roll + 1, 1_000_000),
            None => roll < 20_000,
        }
    }

    /// Takes a place, if there is one.
    pub(super) fn enter(&self) -> bool {
        let room = |n: usize| (n < self.queue).then_some(n + 1);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok()
    }

    pub(super) fn leave(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many wait, those under way included.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}
