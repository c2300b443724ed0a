//! The process group of a program on a terminal of ours, and its end.
//!
//! Invariant: signals go only to a process that is ours and not yet reaped, so never to a stranger with its number.

use portable_pty::Child;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A program whose terminal is hung up has so long to end.
const GRACE: Duration = Duration::from_millis(500);

pub(super) struct Leader {
    pid: Option<u32>,
    gone: Mutex<bool>,
    went: Condvar,
}

/// What a closed terminal tells its programs. A stopped one would not hear the first without the second.
const HANG_UP: [Signal; 2] = [Signal::HUP, Signal::CONT];
const KILL: [Signal; 1] = [Signal::KILL];

impl Leader {
    pub(super) fn new(pid: Option<u32>) -> Leader {
        Leader { pid, gone: Mutex::new(false), went: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hang_up(&self) {
        self.signal(&self.lock(), &HANG_UP);
    }

    pub(super) fn kill(&self) {
        self.signal(&self.lock(), &KILL);
    }

    /// Waits a little for the program to end by itself, then makes it; returns when it is gone.
    pub(super) fn kill_unless_gone(&self) {
        let gone = self.lock();
        let (gone, _) =
            self.went.wait_timeout_while(gone, GRACE, |gone| !*gone).unwrap_or_else(PoisonError::into_inner);
        self.signal(&gone, &KILL);
        let _ = self.went.wait_timeout_while(gone, GRACE, |gone| !*gone);
    }

    /// Waits for the program's end, ends what is left of its group, reaps it, and tells how it ended.
    pub(super) fn bury(&self, mut child: Box<dyn Child + Send + Sync>) -> String {
        self.until_ended();
        let mut gone = self.lock();
        self.signal(&gone, &KILL);
        let status = child.wait();
        *gone = true;
        drop(gone);
        self.went.notify_all();
        match status {
            Ok(status) if !status.success() => format!(" ({})", status.to_string().to_ascii_lowercase()),
            _ => String::new(),
        }
    }

    fn process(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.pid?).ok()?)
    }

    /// Returns when it has ended and waits to be reaped: until then its number, and its group's, are nobody else's.
    fn until_ended(&self) {
        let Some(pid) = self.process() else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(rustix::io::Errno::INTR)) {}
    }

    /// Sends those to the group. Whoever sends holds the lock, so that it is not reaped meanwhile.
    fn signal(&self, gone: &MutexGuard<'_, bool>, signals: &[Signal]) {
        let (Some(pid), false) = (self.process(), **gone) else { return };
        for signal in signals {
            let _ = kill_process_group(pid, *signal);
        }
    }
}
