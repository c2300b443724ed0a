//! The process group of a program on a terminal of ours, and its end.
//!
//! Invariant: signals go only to a process that is ours and not yet reaped, so never to a stranger with its number.

use portable_pty::Child;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A program whose terminal is hung up has so long to end.
const GRACE: Duration = Duration::from_millis(500);

pub(super) struct Leader {
    pid: Option<u32>,
    state: Mutex<State>,
    gone: Condvar,
}

struct State {
    gone: bool,
}

enum How {
    HangUp,
    Kill,
}

impl Leader {
    pub(super) fn new(pid: Option<u32>) -> Leader {
        Leader { pid, state: Mutex::new(State { gone: false }), gone: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a closed terminal tells its programs.
    pub(super) fn hang_up(&self) {
        self.signal(&mut self.lock(), How::HangUp);
    }

    pub(super) fn kill(&self) {
        self.signal(&mut self.lock(), How::Kill);
    }

    /// Waits a little for the program to end by itself, then makes it; returns when it is gone.
    pub(super) fn kill_unless_gone(&self) {
        let state = self.lock();
        let (mut state, _) =
            self.gone.wait_timeout_while(state, GRACE, |s| !s.gone).unwrap_or_else(PoisonError::into_inner);
        self.signal(&mut state, How::Kill);
        let _ = self.gone.wait_timeout_while(state, GRACE, |s| !s.gone);
    }

    /// Waits for the program's end, ends what is left of its group, reaps it, and tells how it ended.
    pub(super) fn bury(&self, mut child: Box<dyn Child + Send + Sync>) -> String {
        self.until_ended();
        let mut state = self.lock();
        self.signal(&mut state, How::Kill);
        let status = child.wait();
        state.gone = true;
        drop(state);
        self.gone.notify_all();
        match status {
            Ok(status) if !status.success() => format!(" ({})", status.to_string().to_ascii_lowercase()),
            _ => String::new(),
        }
    }

    fn process(&self) -> Option<rustix::process::Pid> {
        rustix::process::Pid::from_raw(i32::try_from(self.pid?).ok()?)
    }

    /// Returns when it has ended and waits to be reaped: until then its number, and its group's, are nobody else's.
    fn until_ended(&self) {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let Some(pid) = self.process() else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(rustix::io::Errno::INTR)) {}
    }

    fn signal(&self, state: &mut State, how: How) {
        use rustix::process::{Signal, kill_process_group};
        let (Some(pid), false) = (self.process(), state.gone) else { return };
        match how {
            How::HangUp => {
                let _ = kill_process_group(pid, Signal::HUP);
                // A stopped program would not hear it.
                let _ = kill_process_group(pid, Signal::CONT);
            }
            How::Kill => {
                let _ = kill_process_group(pid, Signal::KILL);
            }
        }
    }
}
