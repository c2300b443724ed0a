//! What an upstream may be asked beyond its consumers' own requests: comparisons must not burden a legacy system.

use std::sync::{Mutex, PoisonError};

/// Whole requests are counted in thousandths, so that a second's share can be given out in parts.
const ONE: u64 = 1_000;

/// So many a second, and as many at once.
#[derive(Debug)]
pub(crate) struct Spare {
    rate: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    left: u64,
    at_ms: u64,
}

impl Spare {
    pub(crate) fn new(rate: u32) -> Spare {
        let rate = u64::from(rate);
        Spare { rate, state: Mutex::new(State { left: rate * ONE, at_ms: 0 }) }
    }

    /// Whether one more may be sent at that time, in milliseconds of a clock that does not go back.
    pub(crate) fn spend(&self, now_ms: u64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A rate a second is as many thousandths a millisecond.
        let earned = now_ms.saturating_sub(state.at_ms).saturating_mul(self.rate);
        state.left = state.left.saturating_add(earned).min(self.rate * ONE);
        state.at_ms = state.at_ms.max(now_ms);
        let may = state.left >= ONE;
        if may {
            state.left -= ONE;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_than_twice_its_share() {
        let spare = Spare::new(10);
        let sent: Vec<u64> = (0..10_000).filter(|ms| spare.spend(*ms)).collect();
        assert_eq!(sent.len(), 10 + 99, "ten at once, then ten a second");
        assert!((1_000..9_000).all(|from| sent.iter().filter(|at| (from..from + 1_000).contains(*at)).count() == 10));
        assert!((0..100).all(|ms| !Spare::new(0).spend(ms)));
    }
}
