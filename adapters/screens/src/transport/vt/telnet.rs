//! A host reached by the system's `telnet`, on a terminal of ours.
//!
//! Invariant: no character typed is a command to `telnet` itself; what it says about connecting is not on the screen.

use super::line::Line;
use super::pty::{self, Prelude, Program, Pty};
use crate::refusals::{GIVEN_UP, HOST_DOWN};
use banyan_adapter::{Call, Fault};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// What it says at most before it is connected.
const CHATTER: usize = 4096;
/// The last line of that.
const CONNECTED: &[u8] = b"Connected to ";

/// Connects; returns once the host has taken the connection.
pub(super) fn open(
    (host, port): (&str, u16),
    env: BTreeMap<String, String>,
    size: (u16, u16),
    line: &Arc<Line>,
    (within, call): (Duration, &Call),
) -> Result<Pty, Fault> {
    // No escape character, no commands from a file, no user's name told by itself.
    let command: Vec<String> =
        ["telnet", "-E", "-c", "-K", host, &port.to_string()].iter().map(|s| (*s).to_owned()).collect();
    let (tell, told) = channel::<Said>();
    let program = Program { command: &command, env, base: Path::new("/"), size };
    let pty = pty::start(&program, line.clone(), Some(prelude(tell)))?;
    let until = Instant::now() + within;
    let mut chatter = Vec::new();
    loop {
        match told.recv_timeout(Duration::from_millis(50)) {
            Ok(Said::Connected) => return Ok(pty),
            Ok(Said::More(said)) => chatter.extend(said),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if call.is_over() => {
                return Err(Fault::transient(
                    GIVEN_UP,
                    format!("{host}:{port} had not answered when the call was over"),
                ));
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                return Err(Fault::transient(HOST_DOWN, format!("{host}:{port} does not answer")));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    let said = String::from_utf8_lossy(&chatter);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("telnet ended without a word");
    Err(Fault::transient(HOST_DOWN, format!("{host}:{port} cannot be reached: {last}")))
}

enum Said {
    More(Vec<u8>),
    Connected,
}

/// Keeps what `telnet` says itself from the screen. Dropped when the program has ended.
fn prelude(tell: std::sync::mpsc::Sender<Said>) -> Prelude {
    let mut said: Vec<u8> = Vec::new();
    Box::new(move |came| {
        said.extend_from_slice(came);
        let _ = tell.send(Said::More(came.to_vec()));
        let at = said.windows(CONNECTED.len()).position(|w| w == CONNECTED);
        // It says which character escapes, or that none does, on a line of its own.
        let after = at.and_then(|at| {
            let mut ends = said.iter().enumerate().skip(at).filter(|(_, byte)| **byte == b'\n');
            ends.nth(1).map(|(end, _)| end + 1)
        });
        match after {
            Some(after) => {
                let _ = tell.send(Said::Connected);
                Some(said.split_off(after))
            }
            None if said.len() > CHATTER => Some(std::mem::take(&mut said)),
            None => None,
        }
    })
}
