//! The worker process: started, asked, and killed where it does not answer.
//!
//! Invariant: whatever the worker does, a call comes back soon after its time is over, with a fault that says what
//! happened. Nothing of the connection string is on the command line, in the environment or in a message.
//! Not here: what is asked (`link`).

use crate::wire::{self, Request};
use banyan_adapter::{Call, Fault};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a waiting call looks whether it is over.
const LOOK: Duration = Duration::from_millis(20);
/// How long a worker may take to have the server cancel what it does.
const FAREWELL: Duration = Duration::from_secs(1);
/// How much of the worker's standard error is kept.
const SAID: usize = 4096;
/// Frames up to this length fit the pipe of a worker that waits for one, so that writing them cannot block.
const SHORT: usize = 32 << 10;

/// Where the worker's program is: what `BANYAN_ODBC_WORKER` names, or else beside the gateway's.
pub(crate) fn program() -> Result<PathBuf, Fault> {
    let path = match std::env::var_os("BANYAN_ODBC_WORKER") {
        // The worker runs in another folder than the gateway.
        Some(path) => std::path::absolute(&path).unwrap_or(PathBuf::from(path)),
        None => {
            let here = std::env::current_exe().unwrap_or_default();
            here.with_file_name(format!("banyan-odbc-worker{}", std::env::consts::EXE_SUFFIX))
        }
    };
    if path.is_file() { Ok(path) } else { Err(missing(&path)) }
}

fn missing(path: &Path) -> Fault {
    let message = format!(
        "the ODBC worker {} is not there. It is built as package banyan-odbc-worker and belongs beside the gateway's own \
         program; or let BANYAN_ODBC_WORKER name it",
        path.display()
    );
    Fault::permanent("odbc-worker-missing", message)
}

/// A running worker.
pub(crate) struct Worker {
    child: Option<Child>,
    stdin: Option<Arc<Mutex<ChildStdin>>>,
    answers: Receiver<std::io::Result<Vec<u8>>>,
    spare: Sender<Vec<u8>>,
    said: Arc<Mutex<Vec<u8>>>,
    over: bool,
}

impl Worker {
    /// Starts a worker in that folder. `test` makes it misbehave, for tests.
    pub(crate) fn start(program: &Path, folder: Option<&Path>, test: Option<&str>) -> Result<Worker, Fault> {
        let mut command = Command::new(program);
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        // Drivers and the driver manager convert by the locale; without one, what is not ASCII is lost.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C.UTF-8");
        command.env_remove("BANYAN_ODBC_WORKER_TEST");
        if let Some(test) = test {
            command.env("BANYAN_ODBC_WORKER_TEST", test);
        }
        let mut child = command.spawn().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => missing(program),
            _ => Fault::transient("odbc-worker-crashed", format!("the ODBC worker cannot be started: {e}")),
        })?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Fault::transient("odbc-worker-crashed", "the ODBC worker has no pipes"));
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let (into, answers) = channel();
        let (spare, spares) = channel::<Vec<u8>>();
        std::thread::spawn(move || {
            let mut stdout = BufReader::with_capacity(64 << 10, stdout);
            loop {
                let mut frame = spares.try_recv().unwrap_or_default();
                let answer = match wire::read_frame(&mut stdout, &mut frame) {
                    Ok(true) => Ok(frame),
                    Ok(false) => break,
                    Err(e) => Err(e),
                };
                let ends = answer.is_err();
                if into.send(answer).is_err() || ends {
                    break;
                }
            }
        });
        let keep = said.clone();
        std::thread::spawn(move || listen(stderr, &keep));
        let stdin = Some(Arc::new(Mutex::new(stdin)));
        Ok(Worker { child: Some(child), stdin, answers, spare, said, over: false })
    }

    /// Asks and waits for the answer: at most `limit`, and not past the call's end. After a fault the worker is gone.
    pub(crate) fn ask(&mut self, request: &Request, call: &Call, limit: Duration) -> Result<Vec<u8>, Fault> {
        if self.over {
            return Err(Fault::transient("odbc-worker-crashed", "the ODBC worker is gone"));
        }
        if call.is_over() {
            return Err(over());
        }
        self.send(request.encode());
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left.min(LOOK)) {
                Ok(Ok(frame)) => return Ok(frame),
                Ok(Err(e)) if e.kind() == std::io::ErrorKind::InvalidData => return Err(self.nonsense()),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Err(self.crashed()),
                Err(RecvTimeoutError::Timeout) if call.is_over() => {
                    self.leave();
                    return Err(over());
                }
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    self.leave();
                    let message = format!(
                        "the ODBC driver did not answer within {} s (driver_timeout); its process was ended",
                        limit.as_secs()
                    );
                    return Err(Fault::transient("odbc-worker-hung", message));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn send(&self, frame: Vec<u8>) {
        // A worker that is gone is found out by the missing answer.
        let write = |stdin: &Mutex<ChildStdin>, frame: &[u8]| {
            let _ = wire::write_frame(&mut *stdin.lock().unwrap_or_else(PoisonError::into_inner), frame);
        };
        let Some(stdin) = self.stdin.clone() else { return };
        if frame.len() <= SHORT {
            write(&stdin, &frame);
        } else {
            std::thread::spawn(move || write(&stdin, &frame));
        }
    }

    /// Gives an answer's memory back.
    pub(crate) fn recycle(&self, frame: Vec<u8>) {
        let _ = self.spare.send(frame);
    }

    /// The worker spoke nonsense: it is killed.
    pub(crate) fn nonsense(&mut self) -> Fault {
        self.kill();
        let message = format!(
            "the ODBC worker answered something that is no answer; is it of the same version as the gateway?{}",
            self.words()
        );
        Fault::transient("odbc-worker-nonsense", message)
    }

    fn crashed(&mut self) -> Fault {
        // The pipe may end a moment before the process does.
        let until = Instant::now() + Duration::from_millis(500);
        let status = loop {
            match self.child.as_mut().map_or(Ok(None), Child::try_wait) {
                Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                Ok(status) => break status,
                Err(_) => break None,
            }
        };
        self.kill();
        let message = format!(
            "the ODBC driver's process {}; the next attempt starts a new one{}",
            status.map_or("closed its pipe".to_owned(), ended),
            self.words()
        );
        Fault::transient("odbc-worker-crashed", message)
    }

    fn words(&self) -> String {
        // What it said last may still be under way.
        std::thread::sleep(Duration::from_millis(10));
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        let text = text.trim();
        if text.is_empty() { String::new() } else { format!(". It said: {text}") }
    }

    /// Ends the process, and with it the connection it holds.
    pub(crate) fn kill(&mut self) {
        self.over = true;
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Ends a process that is still at work: at the end of its pipe it has the server cancel what runs, for which it is
    /// given a moment; nobody waits for that.
    fn leave(&mut self) {
        self.over = true;
        self.stdin = None;
        let Some(mut child) = self.child.take() else { return };
        std::thread::spawn(move || {
            let until = Instant::now() + FAREWELL;
            while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = child.kill();
            let _ = child.wait();
        });
    }

    /// Whether it can be asked.
    pub(crate) fn lives(&self) -> bool {
        !self.over
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The call is over.
fn over() -> Fault {
    Fault::transient("odbc-given-up", "the reading was given up: its caller went away or its time was over")
}

fn listen(mut stderr: impl Read, keep: &Mutex<Vec<u8>>) {
    let mut some = [0; 1024];
    while let Ok(n) = stderr.read(&mut some) {
        let Some(new) = some.get(..n).filter(|new| !new.is_empty()) else { return };
        let mut said = keep.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend_from_slice(new);
        let excess = said.len().saturating_sub(SAID);
        said.drain(..excess);
    }
}

fn ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            let name = match signal {
                4 => " (SIGILL)",
                6 => " (SIGABRT)",
                7 => " (SIGBUS)",
                9 => " (SIGKILL)",
                11 => " (SIGSEGV)",
                _ => "",
            };
            return format!("crashed with signal {signal}{name}");
        }
    }
    format!("ended with {status}")
}
