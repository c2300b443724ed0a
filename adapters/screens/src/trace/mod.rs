//! What a run saw and did, kept to be looked at and to be replayed.
//!
//! Invariant: a trace holds no secret: pictures were masked when they were taken, secret texts are their length.
//! Not here: when a trace is written, and how many are kept (the pool).

mod line;
mod recorder;
mod replay;
mod shown;

pub use recorder::{Stopped, Trace};
pub use replay::{Replay, replay};
pub use shown::{Glimpse, pictures};
