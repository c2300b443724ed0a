//! A program started here, on a terminal of ours.
//!
//! Invariant: when the session is gone, so are the program and its whole process group, and nothing was typed into it by
//! the way. Its environment is what is named here and nothing else.

use super::carrier::{Carrier, WAITING, congested, gone};
use super::leader::Leader;
use super::line::Line;
use crate::refusals::{FAILED, PROGRAM_MISSING};
use banyan_adapter::Fault;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};

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
    sender: Option<SyncSender<Vec<u8>>>,
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
    let reader = pair.master.try_clone_reader().map_err(|e| failed("cannot listen to", &e))?;
    let writer = pair.master.take_writer().map_err(|e| failed("cannot type into", &e))?;
    let child = pair.slave.spawn_command(command).map_err(|e| failed("cannot start", &e))?;
    drop(pair.slave);
    let leader = Arc::new(Leader::new(child.process_id(), child.clone_killer()));
    let (sender, waiting) = sync_channel(WAITING);
    let (reaped, when_reaped) = channel::<()>();
    let listener =
        Listener { leader: leader.clone(), line: line.clone(), answers: sender.clone(), _master: pair.master };
    let keeper = leader.clone();
    let spawn =
        |name: &str, work: Box<dyn FnOnce() + Send>| std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawn("screens-pty-in", Box::new(move || listener.listen(reader, prelude)))
        .and_then(|_| spawn("screens-pty-out", Box::new(move || write(writer, &waiting, &when_reaped))))
        .and_then(|_| {
            let bury = move || {
                line.end(&format!("the program ended{}", keeper.bury(child)));
                drop(reaped);
            };
            spawn("screens-pty-end", Box::new(bury))
        })
        .map_err(|e| {
            leader.kill();
            failed("no thread for", &e)
        })?;
    Ok(Pty { sender: Some(sender), leader })
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

/// Writes what is to be sent. The writer outlives the program: when it is dropped it types a line end and an end of
/// file, which nobody must read.
fn write(mut writer: Box<dyn Write + Send>, waiting: &Receiver<Vec<u8>>, reaped: &Receiver<()>) {
    while let Ok(bytes) = waiting.recv() {
        if writer.write_all(&bytes).and_then(|()| writer.flush()).is_err() {
            break;
        }
    }
    let _ = reaped.recv();
}

/// Listens to the program, until neither it nor a child of it has the terminal any more.
struct Listener {
    leader: Arc<Leader>,
    line: Arc<Line>,
    answers: SyncSender<Vec<u8>>,
    _master: Box<dyn MasterPty + Send>,
}

impl Listener {
    fn listen(self, mut reader: Box<dyn Read + Send>, mut prelude: Option<Prelude>) {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let came = buffer.get(..length).unwrap_or_default();
            let answers = match prelude.as_mut().map(|p| p(came)) {
                None => self.line.arrived(came),
                Some(None) => continue,
                Some(Some(rest)) => {
                    prelude = None;
                    if rest.is_empty() { Vec::new() } else { self.line.arrived(&rest) }
                }
            };
            // A far side that asks and does not read the answers goes without.
            if !answers.is_empty() {
                let _ = self.answers.try_send(answers);
            }
        }
        // A program that gave its terminal up cannot be driven any more.
        self.leader.hang_up();
        self.leader.kill_unless_gone();
    }
}

impl Carrier for Pty {
    fn send(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        let sender = self.sender.as_ref().ok_or_else(gone)?;
        sender.try_send(bytes).map_err(|e| match e {
            TrySendError::Full(_) => congested(),
            TrySendError::Disconnected(_) => gone(),
        })
    }

    fn close(self: Box<Self>) {
        self.leader.hang_up();
        self.leader.kill_unless_gone();
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.sender = None;
        self.leader.hang_up();
        let leader = self.leader.clone();
        let later = std::thread::Builder::new().name("screens-pty-end".into());
        if later.spawn(move || leader.kill_unless_gone()).is_err() {
            self.leader.kill();
        }
    }
}
