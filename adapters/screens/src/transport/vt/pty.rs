//! A program started here, on a terminal of ours.
//!
//! Invariant: when the session is gone, so are the program and its whole process group, and nothing was typed into it by
//! the way. Its environment is what is named here and nothing else.

use super::carrier::Carrier;
use super::leader::Leader;
use super::line::Line;
use super::wire::Wire;
use crate::refusals::{FAILED, PROGRAM_MISSING};
use banyan_adapter::Fault;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::collections::BTreeMap;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is started, and where.
pub(super) struct Program<'a> {
    pub(super) command: &'a [String],
    pub(super) env: BTreeMap<String, String>,
    pub(super) base: &'a Path,
    pub(super) size: (u16, u16),
}

/// Takes in what comes before the line does: `None` keeps it, what remains goes on.
pub(super) type Prelude = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send>;

pub(super) struct Pty {
    wire: Arc<Wire>,
    leader: Arc<Leader>,
}

/// Starts a program whose output goes to the line.
pub(super) fn start(program: &Program<'_>, line: Arc<Line>, prelude: Option<Prelude>) -> Result<Pty, Fault> {
    let path = find(program)?;
    let name = program.command.first().map_or("", String::as_str);
    let failed = |what: &str, e: &dyn std::fmt::Display| Fault::transient(FAILED, format!("{what} `{name}`: {e}"));
    let (rows, cols) = program.size;
    let pair = native_pty_system()
        .openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })
        .map_err(|e| failed("no terminal can be opened for", &e))?;
    let mut command = CommandBuilder::new(path);
    command.args(program.command.iter().skip(1));
    command.env_clear();
    for (name, value) in &program.env {
        command.env(name, value);
    }
    command.cwd(program.base);
    let wire =
        ours(&*pair.master).and_then(|tty| Wire::new(tty, prelude)).map_err(|e| failed("cannot listen to", &e))?;
    let wire = Arc::new(wire);
    let child = pair.slave.spawn_command(command).map_err(|e| failed("cannot start", &e))?;
    drop((pair.slave, pair.master));
    let leader = Arc::new(Leader::new(child.process_id()));
    line.hears_by_itself(wire.clone());
    let spawn =
        |name: &str, work: Box<dyn FnOnce() + Send>| std::thread::Builder::new().name(name.to_owned()).spawn(work);
    let keeper = (wire.clone(), line.clone(), leader.clone());
    let keep = move || {
        let (wire, line, leader) = keeper;
        wire.keep(&line);
        // A program that gave its terminal up cannot be driven any more.
        leader.hang_up();
        leader.kill_unless_gone();
    };
    let burier = (wire.clone(), leader.clone());
    let bury = move || {
        let (wire, leader) = burier;
        line.end(&format!("the program ended{}", leader.bury(child)));
        wire.ring();
    };
    spawn("screens-pty", Box::new(keep)).and_then(|_| spawn("screens-pty-end", Box::new(bury))).map_err(|e| {
        leader.kill();
        failed("no thread for", &e)
    })?;
    Ok(Pty { wire, leader })
}

/// Our end of the terminal, as a descriptor of our own. The library's writer would type a line end and an end of file when
/// it is dropped.
fn ours(master: &dyn MasterPty) -> std::io::Result<OwnedFd> {
    let fd = master.as_raw_fd().ok_or(std::io::ErrorKind::Unsupported)?;
    // SAFETY: the terminal owns it and outlives the borrow.
    #[allow(unsafe_code)]
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    fd.try_clone_to_owned()
}

/// Where a program is: a path, or a name to be looked for in PATH.
fn find(program: &Program<'_>) -> Result<PathBuf, Fault> {
    let name = program.command.first().map_or("", String::as_str);
    let found = if name.contains(std::path::is_separator) {
        Some(program.base.join(name)).filter(|path| path.is_file())
    } else {
        let path = program.env.get("PATH").map_or("", String::as_str);
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|path| path.is_file())
    };
    found.ok_or_else(|| {
        Fault::permanent(
            PROGRAM_MISSING,
            format!("the program `{name}` is not there; install it, or correct `command`"),
        )
    })
}

impl Carrier for Pty {
    fn send(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        self.wire.send(bytes)
    }

    fn close(self: Box<Self>) {
        self.leader.hang_up();
        self.leader.kill_unless_gone();
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.leader.hang_up();
        let leader = self.leader.clone();
        let later = std::thread::Builder::new().name("screens-pty-end".into());
        if later.spawn(move || leader.kill_unless_gone()).is_err() {
            self.leader.kill();
        }
    }
}
