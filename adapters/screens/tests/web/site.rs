//! Django's admin over a stock of items, as a child; and a browser on it.

use banyan_adapter::{Call, Fault};
use banyan_screens::map::{Checked, read};
use banyan_screens::transport::{Config, Session, Transport, web};
use banyan_words::node::yaml;
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) const USER: &str = "clerk";
pub(crate) const PASSWORD: &str = "Kräuter & Tee";

/// A running site.
pub(crate) struct Site {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn start() -> Site {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("../../.venv/bin/python");
        assert!(python.is_file(), "Django is not installed: run `scripts/setup.sh --for test`");
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(python);
        command.arg(here.join("tests/django/serve.py")).arg(folder.path().join("stock.sqlite"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("Django does not start: run `scripts/setup.sh --for test`");
        Site { child, pipes: RefCell::new((stdin, stdout)), port, _folder: folder }
    }

    /// Tells the server something and gives its answer.
    pub(crate) fn tell(&self, command: &str) -> String {
        let (stdin, stdout) = &mut *self.pipes.borrow_mut();
        writeln!(stdin, "{command}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Sets what it does wrong until the guard goes.
    pub(crate) fn mood(&self, name: &'static str, value: &str) -> Mood<'_> {
        assert_eq!(self.tell(&format!("mood {name}={value}")), "ok");
        Mood(self, name)
    }

    pub(crate) fn hits(&self, what: &str) -> usize {
        self.tell(&format!("hits {what}")).parse().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// See [`Site::mood`].
pub(crate) struct Mood<'a>(&'a Site, &'static str);

impl Drop for Mood<'_> {
    fn drop(&mut self) {
        let calm = if self.1 == "slow" { "0" } else { "" };
        self.0.tell(&format!("mood {}={calm}", self.1));
    }
}

/// A map, with its first page at `url`.
pub(crate) fn map(text: &str, url: &str) -> Checked {
    let text = text.replace("http://127.0.0.1:8000/admin/", url);
    let (node, problems) = yaml::parse("map.yaml", &text);
    assert_eq!(problems, vec![]);
    read(&node.unwrap(), "").unwrap_or_else(|p| panic!("{p:#?}"))
}

pub(crate) fn transport(checked: &Checked) -> Box<dyn Transport> {
    let Config::Web(config) = &checked.transport else { panic!("no web transport") };
    web::connect(config, Path::new("."))
}

pub(crate) fn open(checked: &Checked) -> Box<dyn Session> {
    try_open(checked).unwrap_or_else(|fault| {
        panic!("a browser cannot be started (scripts/setup.sh --for test installs one): {fault}")
    })
}

pub(crate) fn try_open(checked: &Checked) -> Result<Box<dyn Session>, Fault> {
    // One after the other: several that start at once on a busy machine keep each other from answering in time.
    static STARTING: Mutex<()> = Mutex::new(());
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    transport(checked).open(&checked.map, None, &Call::default())
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(15)
}

/// Folders that sessions work in.
pub(crate) fn folders() -> Vec<PathBuf> {
    let all = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten().map(|e| e.path());
    all.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("banyan-web."))).collect()
}
