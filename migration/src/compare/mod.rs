//! Whether two answers say the same.
//!
//! Purpose: the semantic difference of two answers, by place: numbers by value, instants by instant, sets where order is
//! declared not to count.
//! Invariant: an answer compared with itself never differs; what differs is told at the place where it differs, and a value
//! that changed its JSON type is a difference. Nothing personal leaves this room unredacted.
//! Not here: asking either side, and whether anybody minds ([`crate::gate`]).

mod answer;
mod diff;
mod lists;
mod noise;
mod normal;
mod rules;

pub use answer::{Answer, Compared, compare};
pub use diff::{Cluster, Difference, Kind};
pub use noise::{Noise, Outcome};
pub use rules::{Rules, Tolerance};
