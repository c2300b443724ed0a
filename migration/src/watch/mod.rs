//! What moved is watched, and comes back by itself: failures, parity after promotion, latency.
//!
//! Invariant: under the hypothesis that nothing is wrong each score is a supermartingale or has a stated mean time to a
//! false alarm; looking more often makes no alarm more probable.

mod both;
mod cusum;
mod failures;
mod latency;

pub use both::Watch;
pub use cusum::{Cusum, CusumPolicy};
pub use failures::{Failures, Run};
pub use latency::{Latency, SAMPLES, Since, Threshold, martingale, share};

/// Failures and latency: a route is rolled back where a score reaches this. By Ville's inequality a side that is as good as
/// the other is rolled back with probability 1/1000 at most.
pub const ALARM: f64 = 1_000.0;
