//! Nobody waits any more: what the server still does is cancelled.
//!
//! A server does not notice that a connection is gone while it works; a long statement would go on for nobody. So the one
//! who reads requests is another than the one who carries them out, and at the end of the pipe cancels what runs.
//! Invariant: only a statement that is still allocated is cancelled. Not here: what a statement does.
#![allow(unsafe_code)]

use odbc_api::sys::{HStmt, SQLCancel};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The statement that may be running.
static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

struct Running(HStmt);

// SAFETY: ODBC lets another thread cancel a statement; nothing else is done with it there.
unsafe impl Send for Running {}

fn running() -> MutexGuard<'static, Option<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on a statement may be cancelled.
pub(crate) fn begin(statement: HStmt) {
    *running() = Some(Running(statement));
}

/// It is about to be freed.
pub(crate) fn end(statement: HStmt) {
    let mut running = running();
    if running.as_ref().is_some_and(|r| r.0 == statement) {
        *running = None;
    }
}

/// Cancels what runs, and ends the process.
pub(crate) fn leave() -> ! {
    let running = running();
    if let Some(Running(statement)) = *running {
        // SAFETY: it is not freed while the lock is held, and the process ends with it.
        let _ = unsafe { SQLCancel(statement) };
    }
    std::process::exit(0)
}
