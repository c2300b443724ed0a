//! A trace as a far side: demands the very same acts, byte for byte, and shows the pictures that were recorded.

use crate::engine::Ran;
use crate::map::Map;
use crate::refusals;
use banyan_adapter::Fault;

/// Runs the flow of a whole trace again, against what it recorded. Any difference is [`refusals::REPLAY_DIFFERS`], with
/// both sides; so is another end than the recorded one.
pub fn replay(map: &Map, trace: &str) -> Result<Ran, Fault> {
    let _ = (map, trace);
    Err(Fault::permanent(refusals::REPLAY_DIFFERS, "replaying is being built"))
}
