//! One at a time, with an end to the waiting.

use crate::refusals;
use banyan_adapter::{Call, Fault};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// See the module.
#[derive(Default)]
pub(super) struct Turn {
    busy: Mutex<bool>,
    freed: Condvar,
}

impl Turn {
    /// Does it when nobody else does; refused once the call is over.
    pub(super) fn alone<T>(&self, call: &Call, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        struct Ends<'t>(&'t Turn);
        impl Drop for Ends<'_> {
            fn drop(&mut self) {
                *self.0.busy.lock().unwrap_or_else(PoisonError::into_inner) = false;
                self.0.freed.notify_one();
            }
        }
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        while *busy {
            if call.is_over() {
                return Err(Fault::transient(refusals::BUSY, "others log in, and the time was over"));
            }
            let wait = Duration::from_millis(50);
            busy = self.freed.wait_timeout(busy, wait).map_or_else(|e| e.into_inner().0, |(busy, _)| busy);
        }
        *busy = true;
        drop(busy);
        let _ends = Ends(self);
        work()
    }
}
