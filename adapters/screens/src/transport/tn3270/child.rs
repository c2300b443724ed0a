//! The s3270 process: one command, one answer, each within its time.
//!
//! Invariant: the process ends with this value, and is waited for. After a command that was not answered in time it is not
//! spoken to any more.

use super::answer::{Answer, complete};
use crate::refusals;
use banyan_adapter::{Call, Fault};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often a wait looks whether the caller still wants the answer.
pub(super) const SLICE: Duration = Duration::from_millis(250);
/// How long any command may take beyond what it says itself.
pub(super) const PROMPT: Duration = Duration::from_secs(10);
/// What answers a whole screen. s3270 writes it line by line, in some 200 µs; who takes each line as it comes is woken for
/// each.
const SCREEN: &str = "ReadBuffer";
/// How long is waited after the first lines of a screen for the others.
const LINES: Duration = Duration::from_micros(200);
/// More than any answer has: a screen of 27 by 132 takes some 40 KB.
const MOST: usize = 1024 * 1024;

/// s3270 4.1 can fall into a loop that takes all memory there is: it gets 1 GiB of address space, then it ends, and with it
/// this one session.
const LIMITED: &str = "ulimit -v 1048576 && exec \"$0\" \"$@\"";

/// Where the program is.
fn find(program: &str) -> Result<PathBuf, Fault> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file()).ok_or_else(|| {
        let message = "the program `s3270` is not installed; on Debian: apt-get install s3270";
        Fault::permanent(refusals::PROGRAM_MISSING, message)
    })
}

pub(super) struct Child {
    process: std::process::Child,
    /// Its stdin and stdout: a socket, for that has time-outs.
    line: UnixStream,
    errors: UnixStream,
    buffer: Vec<u8>,
    lost: bool,
}

/// It said nothing in time, or is gone.
fn lost(what: &str) -> Fault {
    Fault::transient(refusals::FAILED, format!("{what}; the session is closed"))
}

impl Child {
    /// Starts the program with these arguments and nothing of this process' environment but the path.
    pub(super) fn start(program: &str, arguments: &[String]) -> Result<Child, Fault> {
        let wire = || -> std::io::Result<_> {
            let (line, theirs) = UnixStream::pair()?;
            line.set_read_timeout(Some(SLICE))?;
            line.set_write_timeout(Some(PROMPT))?;
            let (errors, their_errors) = UnixStream::pair()?;
            errors.set_nonblocking(true)?;
            Ok((line, theirs.try_clone()?, theirs, errors, their_errors))
        };
        let broken = |e: std::io::Error| Fault::transient(refusals::FAILED, format!("s3270 could not be started: {e}"));
        let (line, theirs_in, theirs_out, errors, their_errors) = wire().map_err(broken)?;
        let process = Command::new("/bin/sh")
            .args(["-c", LIMITED])
            .arg(find(program)?)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::from(OwnedFd::from(theirs_in)))
            .stdout(Stdio::from(OwnedFd::from(theirs_out)))
            .stderr(Stdio::from(OwnedFd::from(their_errors)))
            .spawn()
            .map_err(broken)?;
        Ok(Child { process, line, errors, buffer: Vec::new(), lost: false })
    }

    /// One command, which may take `limit`; it is given up before that when the call is over.
    pub(super) fn ask(&mut self, command: &str, limit: Duration, call: Option<&Call>) -> Result<Answer<'_>, Fault> {
        if self.lost {
            return Err(lost("s3270 is gone"));
        }
        self.lost = true;
        self.buffer.clear();
        let mut line = Vec::with_capacity(command.len() + 1);
        line.extend(command.bytes());
        line.push(b'\n');
        if self.line.write_all(&line).is_err() {
            return Err(lost(&self.last_words()));
        }
        let pause = command.contains(SCREEN).then_some(LINES);
        self.receive(Instant::now() + limit, call, pause)?;
        self.lost = false;
        Answer::read(&self.buffer).ok_or_else(|| lost("s3270 answers in a way that is not understood"))
    }

    fn receive(&mut self, until: Instant, call: Option<&Call>, pause: Option<Duration>) -> Result<(), Fault> {
        let mut chunk = [0; 16 * 1024];
        while !complete(&self.buffer) {
            match self.line.read(&mut chunk) {
                Ok(0) => return Err(lost(&self.last_words())),
                Ok(n) => self.buffer.extend(chunk.get(..n).unwrap_or_default()),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                Err(_) => return Err(lost(&self.last_words())),
            }
            if self.buffer.len() > MOST {
                return Err(lost("s3270 does not stop talking"));
            }
            if complete(&self.buffer) {
                break;
            }
            if call.is_some_and(Call::is_over) {
                return Err(Fault::transient(refusals::GIVEN_UP, "the caller's time was over"));
            }
            if Instant::now() >= until {
                return Err(lost("s3270 does not answer"));
            }
            if let Some(pause) = pause.filter(|_| !self.buffer.is_empty()) {
                std::thread::sleep(pause);
            }
        }
        Ok(())
    }

    /// What it said before it ended.
    fn last_words(&mut self) -> String {
        let mut bytes = [0; 1024];
        let read = self.errors.read(&mut bytes).unwrap_or(0);
        let said = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()).into_owned();
        let said: Vec<&str> = said.lines().filter(|l| !l.chars().any(|c| c.is_control() || c == '\u{fffd}')).collect();
        match said.first() {
            Some(line) => format!("s3270 ended: {line}"),
            None => "s3270 ended".to_owned(),
        }
    }

    /// The process' number.
    #[cfg(test)]
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
