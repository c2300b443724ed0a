//! What a run saw and did, kept to be looked at and to be replayed.

mod recorder;
mod replay;

pub use recorder::{Stopped, Trace};
pub use replay::replay;
