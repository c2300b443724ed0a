//! How bytes reach the far side.

use crate::refusals::{DISCONNECTED, NOT_SENT};
use banyan_adapter::Fault;

/// Pieces that may wait to be sent. What a person types never comes near; a far side that reads nothing would.
pub(super) const WAITING: usize = 64;

/// The sending half of a connection. What comes goes to the line by a thread of its own. Dropping ends it.
pub(super) trait Carrier: Send {
    /// Sends bytes, all of them and once. Does not wait for the far side to read them.
    fn send(&mut self, bytes: Vec<u8>) -> Result<(), Fault>;

    /// Ends it and waits until that is done.
    fn close(self: Box<Self>);
}

/// Nothing was sent: what was sent before still waits.
pub(super) fn congested() -> Fault {
    Fault::transient(NOT_SENT, "the far side does not read what is typed; nothing more was sent")
}

/// Nothing can be sent any more.
pub(super) fn gone() -> Fault {
    Fault::transient(DISCONNECTED, "the session has ended")
}
