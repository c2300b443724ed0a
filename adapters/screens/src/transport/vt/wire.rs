//! Our end of a terminal of ours: who listens to it, and how bytes go out.
//!
//! Whoever drives a session listens by themselves while they wait; a thread does so when nobody has for [`LINGER`]. To wake
//! another thread for each key and each screen would cost a third of what the emulator does with them.
//! Invariant: one listens at a time. What is sent goes out once, in order and as it is; nobody waits for a far side that
//! does not read.
//! Not here: what the bytes mean (`line`), the program on the other end (`pty`).

use super::carrier::{WAITING, congested, gone};
use super::line::Line;
use super::pty::Prelude;
use banyan_adapter::Fault;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after a session was driven the thread takes over: between two screens it stays out of the way.
const LINGER: Duration = Duration::from_millis(100);

pub(super) struct Wire {
    tty: OwnedFd,
    /// Wakes who listens: there is something to send, or someone else wants to.
    bell: (PipeReader, PipeWriter),
    turn: Mutex<Turn>,
    passed: Condvar,
    intake: Mutex<Intake>,
    waiting: Mutex<Waiting>,
}

/// Whose turn it is to listen.
#[derive(Default)]
struct Turn {
    /// Someone drives the session.
    driving: bool,
    /// When they last did.
    drove: Option<Instant>,
    /// The thread listens.
    listening: bool,
    /// The far side gave the terminal up: there is nothing to listen to any more.
    over: bool,
}

struct Intake {
    buffer: Vec<u8>,
    /// Dropped when there is nothing to listen to any more.
    prelude: Option<Prelude>,
}

/// What the far side has not taken yet.
#[derive(Default)]
struct Waiting {
    pieces: VecDeque<Vec<u8>>,
    /// How much of the first went out.
    sent: usize,
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wire {
    pub(super) fn new(tty: OwnedFd, prelude: Option<Prelude>) -> std::io::Result<Wire> {
        let bell = std::io::pipe()?;
        for fd in [tty.as_fd(), bell.0.as_fd(), bell.1.as_fd()] {
            fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
        }
        Ok(Wire {
            tty,
            bell,
            turn: Mutex::default(),
            passed: Condvar::new(),
            intake: Mutex::new(Intake { buffer: vec![0; 16 * 1024], prelude }),
            waiting: Mutex::default(),
        })
    }

    /// Sends at once what the far side takes at once; whoever listens sends the rest.
    pub(super) fn send(&self, bytes: Vec<u8>) -> Result<(), Fault> {
        let mut waiting = locked(&self.waiting);
        if waiting.pieces.len() >= WAITING {
            return Err(congested());
        }
        waiting.pieces.push_back(bytes);
        // What waits already is sent by who listens.
        if waiting.pieces.len() == 1 {
            waiting.flush(&self.tty).map_err(|_| gone())?;
            if !waiting.pieces.is_empty() {
                self.ring();
            }
        }
        Ok(())
    }

    /// Wakes who listens.
    pub(super) fn ring(&self) {
        // A bell that is full has rung.
        let _ = (&self.bell.1).write(&[0]);
    }

    /// Listens whenever nobody else does, until the far side gives the terminal up.
    pub(super) fn keep(&self, line: &Line) {
        loop {
            let mut turn = locked(&self.turn);
            loop {
                let left = turn.drove.and_then(|at| LINGER.checked_sub(at.elapsed()));
                let pause = match (turn.over, turn.driving, left) {
                    (true, ..) => return,
                    (_, true, _) => LINGER,
                    (_, false, Some(left)) => left,
                    (_, false, None) => break,
                };
                turn = self.passed.wait_timeout(turn, pause).unwrap_or_else(PoisonError::into_inner).0;
            }
            turn.listening = true;
            drop(turn);
            self.hear(line, None);
            locked(&self.turn).listening = false;
            self.passed.notify_all();
        }
    }

    /// Takes the turn: until what it gives is dropped, the caller alone listens.
    pub(super) fn drive(&self) -> Driving<'_> {
        let mut turn = locked(&self.turn);
        turn.driving = true;
        if turn.listening {
            self.ring();
        }
        while turn.listening {
            turn = self.passed.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        Driving(self)
    }

    /// Takes in what has come, unless the thread does so already.
    pub(super) fn glance(&self, line: &Line) {
        if !locked(&self.turn).listening {
            self.drive().hear(line, Duration::ZERO);
        }
    }

    /// Waits for so long at most (`None`: for ever) until something comes or the bell rings, and takes it in.
    fn hear(&self, line: &Line, pause: Option<Duration>) {
        let mut wanted = PollFlags::IN;
        if !locked(&self.waiting).pieces.is_empty() {
            wanted |= PollFlags::OUT;
        }
        let pause = pause.and_then(|p| Timespec::try_from(p).ok());
        let mut polled = [PollFd::new(&self.tty, wanted), PollFd::new(&self.bell.0, PollFlags::IN)];
        if poll(&mut polled, pause.as_ref()).is_err() {
            return;
        }
        let [tty, bell] = polled.map(|p| p.revents());
        if bell.contains(PollFlags::IN) {
            let _ = (&self.bell.0).read(&mut [0; 64]);
        }
        if tty.contains(PollFlags::OUT) {
            // That nobody takes it any more is told by listening.
            let _ = locked(&self.waiting).flush(&self.tty);
        }
        if tty.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            self.take(line);
        }
    }

    fn take(&self, line: &Line) {
        let mut intake = locked(&self.intake);
        let Intake { buffer, prelude } = &mut *intake;
        let came = match rustix::io::read(&self.tty, &mut buffer[..]) {
            Err(Errno::INTR | Errno::AGAIN) => return,
            Ok(0) | Err(_) => {
                *prelude = None;
                locked(&self.turn).over = true;
                return self.passed.notify_all();
            }
            Ok(length) => buffer.get(..length).unwrap_or_default(),
        };
        let answers = match prelude.as_mut().map(|p| p(came)) {
            None => line.arrived(came),
            Some(None) => return,
            Some(Some(rest)) => {
                *prelude = None;
                if rest.is_empty() { Vec::new() } else { line.arrived(&rest) }
            }
        };
        drop(intake);
        // A far side that asks and does not read the answers goes without.
        if !answers.is_empty() {
            let _ = self.send(answers);
        }
    }
}

impl Waiting {
    /// Sends what is taken at once.
    fn flush(&mut self, tty: &OwnedFd) -> Result<(), Errno> {
        while let Some(piece) = self.pieces.front() {
            let rest = piece.get(self.sent..).unwrap_or_default();
            if rest.is_empty() {
                self.pieces.pop_front();
                self.sent = 0;
                continue;
            }
            match rustix::io::write(tty, rest) {
                Ok(length) => self.sent += length,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// The turn to listen.
pub(super) struct Driving<'w>(&'w Wire);

impl Driving<'_> {
    /// Whether there is still something to listen to.
    pub(super) fn hears(&self) -> bool {
        !locked(&self.0.turn).over
    }

    /// Takes in what comes, and returns as soon as something did, or after that pause.
    pub(super) fn hear(&self, line: &Line, pause: Duration) {
        if self.hears() {
            self.0.hear(line, Some(pause));
        }
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        let mut turn = locked(&self.0.turn);
        turn.driving = false;
        turn.drove = Some(Instant::now());
    }
}
