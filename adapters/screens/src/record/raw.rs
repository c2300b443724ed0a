//! A terminal that hands every key on as it is pressed.

use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use std::os::fd::{AsFd, OwnedFd};

/// Holds a terminal in raw mode; dropped, it is as it was before.
pub struct RawMode {
    terminal: OwnedFd,
    before: Termios,
}

impl RawMode {
    /// Sets the terminal behind `of` to raw mode; `None` if it is no terminal.
    ///
    /// # Errors
    /// The system refuses.
    pub fn of(of: &impl AsFd) -> std::io::Result<Option<RawMode>> {
        if !isatty(of) {
            return Ok(None);
        }
        let terminal = of.as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&terminal)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&terminal, OptionalActions::Now, &raw)?;
        Ok(Some(RawMode { terminal, before }))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}
