//! The driver program and its browser, as children of ours.
//!
//! Purpose: starts `chromedriver` on a free port of the loopback and tells which; one for each session, so that a browser
//! that hangs takes nobody along.
//! Invariant: when a [`Driver`] goes, or this process however it ends, driver and browser end and their folder is removed:
//! a small shell script between us waits for the end of its standard input ([`GUARD`]).
//! Not here: what is said to the driver.

use super::{BROWSER_PACKAGES, faults};
use banyan_adapter::Fault;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

const GUARD: &str = include_str!("guard.sh");
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// Lines of the driver's words that are kept, for messages.
const KEPT: usize = 20;
/// All that the children see of our environment, which holds secrets.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "FONTCONFIG_PATH"];

/// A running driver.
pub(super) struct Driver {
    /// Where it listens, on the loopback.
    pub(super) port: u16,
    stdin: Option<ChildStdin>,
    keeper: Option<JoinHandle<()>>,
    words: Arc<Mutex<VecDeque<String>>>,
}

impl Driver {
    /// Starts it.
    pub(super) fn start(program: &Path) -> Result<Driver, Fault> {
        let found = find(program).ok_or_else(|| faults::missing(program, "the driver", "driver"))?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(GUARD).arg("sh").arg(&found).arg("--port=0");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.env_clear().process_group(0).current_dir("/");
        command.envs(PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        let mut child = command.spawn().map_err(|e| faults::not_started(&found, &e.to_string()))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let words = Arc::new(Mutex::new(VecDeque::new()));
        let (tell, port) = channel();
        let kept = Arc::clone(&words);
        let keep = move || {
            if let Some(stdout) = stdout {
                listen(stdout, &kept, &tell);
            }
            drop(tell);
            let _ = child.wait();
        };
        let keeper = Builder::new().name("web-driver".into()).spawn(keep);
        let keeper = keeper.map_err(|e| faults::not_started(&found, &e.to_string()))?;
        let mut driver = Driver { port: 0, stdin, keeper: Some(keeper), words };
        driver.port = driver.announced(&port).map_err(|what| faults::not_started(&found, &what))?;
        Ok(driver)
    }

    fn announced(&self, port: &Receiver<u16>) -> Result<u16, String> {
        port.recv_timeout(STARTS_WITHIN).map_err(|e| match e {
            RecvTimeoutError::Timeout => format!("it did not say its port within {STARTS_WITHIN:?}"),
            RecvTimeoutError::Disconnected => format!("it ended at once, and said: {}", self.last_words()),
        })
    }

    /// The last it said.
    pub(super) fn last_words(&self) -> String {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.is_empty() { "nothing".to_owned() } else { Vec::from(words.clone()).join("; ") }
    }

    /// Ends it and waits until it, its browser and their folder are gone: a few seconds at most.
    pub(super) fn end(mut self) {
        drop(self.stdin.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

/// Reads what the driver says to its end, which is the guard's end too.
fn listen(stdout: impl Read, kept: &Mutex<VecDeque<String>>, tell: &std::sync::mpsc::Sender<u16>) {
    for line in BufReader::new(stdout.take(u64::MAX)).split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(line.get(..line.len().min(400)).unwrap_or_default()).trim().to_owned();
        let announced = line.strip_prefix("ChromeDriver was started successfully on port ");
        if let Some(port) = announced.and_then(|rest| rest.trim_end_matches('.').parse().ok()) {
            let _ = tell.send(port);
        }
        let mut words = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == KEPT {
            words.pop_front();
        }
        words.push_back(line);
    }
}

/// Where a program is: as a path, else by `PATH`.
pub(super) fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Debian's names of what must be installed, for messages.
pub(super) fn packages() -> &'static str {
    BROWSER_PACKAGES
}
