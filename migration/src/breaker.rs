//! The breaker of an upstream: five transport failures in a row open it, one probe at a time closes it again.
//!
//! Invariant: a probe whose outcome is never told (its task was dropped) does not wedge the breaker: its permit ends by
//! itself. Times are passed in, in milliseconds of a clock that does not go back.

/// Failures in a row that open it.
pub const FAILURES: u32 = 5;

/// How an upstream fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    /// When it opened, how often in a row, and until when a probe has its time.
    open: Option<Open>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    since_ms: u64,
    times: u32,
    probe_until_ms: Option<u64>,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It may.
    Go,
    /// It may, and its outcome decides whether the breaker closes.
    Probe,
    /// It may not; try again then.
    Not {
        /// When, in milliseconds from now.
        again_ms: u64,
    },
}

/// The first pause; it doubles with each probe that fails, to a minute at most.
const PAUSE_MS: u64 = 1_000;
const LONGEST_MS: u64 = 60_000;

impl Breaker {
    /// Asks for leave. A probe's outcome is to be told within `timeout_ms`; after that another may probe.
    pub fn ask(&mut self, now_ms: u64, timeout_ms: u64) -> Leave {
        let Some(open) = &mut self.open else { return Leave::Go };
        let pause = PAUSE_MS.saturating_mul(1 << open.times.min(6)).min(LONGEST_MS);
        let ready = open.since_ms.saturating_add(pause).max(open.probe_until_ms.unwrap_or(0));
        if now_ms < ready {
            return Leave::Not { again_ms: ready - now_ms };
        }
        open.probe_until_ms = Some(now_ms.saturating_add(timeout_ms));
        Leave::Probe
    }

    /// The upstream answered, whatever it said.
    pub fn answered(&mut self) {
        *self = Breaker::default();
    }

    /// It could not be reached, or broke off.
    pub fn failed(&mut self, now_ms: u64) {
        match &mut self.open {
            Some(open) if open.probe_until_ms.is_some() => {
                *open = Open { since_ms: now_ms, times: open.times.saturating_add(1), probe_until_ms: None };
            }
            // A request that was under way when it opened tells nothing new.
            Some(_) => {}
            None => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    self.open = Some(Open { since_ms: now_ms, times: 0, probe_until_ms: None });
                }
            }
        }
    }

    /// Whether requests are kept from the upstream.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn five_in_a_row_open_it_and_an_answer_closes_it() {
        let mut breaker = Breaker::default();
        (0..4).for_each(|n| breaker.failed(n));
        breaker.answered();
        (0..4).for_each(|n| breaker.failed(n));
        assert_eq!(breaker.ask(10, 100), Leave::Go);
        breaker.failed(10);
        assert_eq!(breaker.ask(10, 100), Leave::Not { again_ms: 1_000 });
        assert_eq!(breaker.ask(1_010, 100), Leave::Probe);
        assert_eq!(breaker.ask(1_011, 100), Leave::Not { again_ms: 99 });
        breaker.failed(1_050);
        assert_eq!(breaker.ask(1_060, 100), Leave::Not { again_ms: 1_990 });
        assert_eq!(breaker.ask(3_050, 100), Leave::Probe);
        breaker.answered();
        assert_eq!(breaker.ask(3_051, 100), Leave::Go);
    }

    #[test]
    fn a_probe_that_never_comes_back_does_not_wedge_it() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|_| breaker.failed(0));
        assert_eq!(breaker.ask(1_000, 500), Leave::Probe);
        assert_eq!(breaker.ask(1_500, 500), Leave::Probe);
    }

    proptest! {
        /// Whatever happens, whoever waits long enough is let through.
        #[test]
        fn it_never_stays_shut(steps in prop::collection::vec((0_u8..3, 0_u64..5_000), 0..60)) {
            let mut breaker = Breaker::default();
            let mut now = 0;
            for (what, later) in steps {
                now += later;
                match what {
                    0 => breaker.failed(now),
                    1 => breaker.answered(),
                    _ => { let _ = breaker.ask(now, 1_000); }
                }
            }
            now += LONGEST_MS + 1_000;
            let leave = breaker.ask(now, 1_000);
            prop_assert!(matches!(leave, Leave::Go | Leave::Probe), "{leave:?}");
        }
    }
}
