//! Who lets a login pass.
//!
//! Invariant: every submission of the login flow goes through the door, wherever in a run it becomes necessary.

use banyan_adapter::{Call, Fault};

/// Lets logins pass, one at a time where many share one user, and is told of refusals.
pub trait Door {
    /// Does `log_in` when it may be done, and remembers it if that was refused.
    ///
    /// # Errors
    /// That of `log_in`, or why it may not be done.
    fn pass(&self, call: &Call, log_in: &mut dyn FnMut() -> Result<(), Fault>) -> Result<(), Fault>;

    /// The far side asks again after a login that it seemed to have taken.
    fn refused(&self, fault: &Fault);
}

/// Lets everybody pass, and remembers nothing: for a session that nobody else shares a user with.
pub struct OpenDoor;

impl Door for OpenDoor {
    fn pass(&self, _: &Call, log_in: &mut dyn FnMut() -> Result<(), Fault>) -> Result<(), Fault> {
        log_in()
    }

    fn refused(&self, _: &Fault) {}
}
