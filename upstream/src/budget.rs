//! How many requests may be sent a second time: retries must not double the load of a service that is already slow.

use std::sync::atomic::{AtomicU32, Ordering};

/// A retry costs as much as this many requests earn.
const PRICE: u32 = 10;
/// As many retries are saved up at most.
const SAVED: u32 = 100 * PRICE;

/// One retry for ten requests, and ten to begin with.
#[derive(Debug)]
pub(crate) struct Retries(AtomicU32);

impl Default for Retries {
    fn default() -> Retries {
        Retries(AtomicU32::new(10 * PRICE))
    }
}

impl Retries {
    /// A request was sent.
    pub(crate) fn earn(&self) {
        // Relaxed: an estimate of load, which orders nothing.
        let saved = self.0.load(Ordering::Relaxed);
        if saved < SAVED {
            self.0.store(saved + 1, Ordering::Relaxed);
        }
    }

    /// Whether one more may be sent.
    pub(crate) fn spend(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| saved.checked_sub(PRICE)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_ten() {
        let retries = Retries::default();
        assert_eq!((0..100).filter(|_| retries.spend()).count(), 10);
        (0..100).for_each(|_| retries.earn());
        assert_eq!((0..100).filter(|_| retries.spend()).count(), 10);
        (0..1_000_000).for_each(|_| retries.earn());
        assert_eq!((0..1_000).filter(|_| retries.spend()).count(), 100);
    }
}
