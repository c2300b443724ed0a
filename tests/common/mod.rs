//! What journeys share: a folder with a configuration, and the real program serving it.
//!
//! Each [`Site`] is its own temporary folder and each [`Gateway`] its own process on free ports, so journeys run side by
//! side. A gateway is killed when it is dropped; its log is shown if the test panics.

#![allow(dead_code)] // each test binary uses its part

use serde_json::Value;
use std::cell::Cell;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The project's folder.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_banyan");
/// How long anything may take that should happen soon. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// The gateway starts banyan-odbc-worker from beside itself; a run of the gateway's tests alone has not built it.
pub(crate) fn worker() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let beside = Path::new(PROGRAM).with_file_name("banyan-odbc-worker");
        if !beside.exists() {
            let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
            let mut build = Command::new(cargo);
            build.args(["build", "--quiet", "--locked", "--package", "banyan-odbc-worker"]).current_dir(ROOT);
            if PROGRAM.contains("/release/") {
                build.arg("--release");
            }
            assert!(
                build.status().unwrap().success(),
                "banyan-odbc-worker cannot be built: scripts/setup.sh --for test"
            );
        }
    });
}

/// A folder with a `banyan.yaml`, and what is dropped into it.
pub(crate) struct Site {
    folder: TempDir,
    port: u16,
    admin: u16,
    /// The demo's mainframe.
    host: Option<banyan_testkit_tn3270::Server>,
    /// Where the demo's new customer service listens, once it is started.
    modern: u16,
}

/// A running `banyan serve`.
pub(crate) struct Gateway {
    child: Child,
    /// Of the facade, `http://127.0.0.1:…`.
    pub(crate) facade: String,
    /// Of the admin listener.
    pub(crate) admin: String,
    http: reqwest::blocking::Client,
    log: PathBuf,
    ended: Cell<bool>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its headers.
    pub(crate) headers: reqwest::header::HeaderMap,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Site {
    /// A site with that configuration, to which `gateway:` is added, and an empty folder `drop`.
    pub(crate) fn new(yaml: &str) -> Site {
        let site = Site::empty();
        fs::create_dir(site.path("drop")).unwrap();
        let gateway =
            format!("gateway: {{ listen: \"127.0.0.1:{}\", admin: \"127.0.0.1:{}\" }}\n", site.port, site.admin);
        fs::write(site.config(), format!("banyan: 1\nstore: sqlite:banyan.db\n{gateway}{yaml}")).unwrap();
        site
    }

    /// A copy of the demo.
    pub(crate) fn demo() -> Site {
        worker();
        let mut site = Site::empty();
        copy(&Path::new(ROOT).join("examples/wholesaler"), site.folder.path());
        // The stock room's host, on a port of its own.
        let stock = banyan_testkit_tn3270::Stock::from_csv(&fs::read_to_string(site.path("green/stock.csv")).unwrap());
        let host = banyan_testkit_tn3270::Server::start(stock.unwrap()).unwrap();
        host.set(|o| (o.user, o.password) = ("HARBOUR".into(), "HARBOUR".into()));
        site.edit("green/stock.yaml", |map| map.replace("127.0.0.1:3270", &host.address().to_string()));
        site.host = Some(host);
        site.edit("routes.yaml", |routes| routes.replace(":9090", &format!(":{}", site.modern)));
        let yaml = fs::read_to_string(site.config()).unwrap();
        let yaml = yaml.replace(":8080", &format!(":{}", site.port)).replace(":8081", &format!(":{}", site.admin));
        fs::write(site.config(), yaml).unwrap();
        site
    }

    fn empty() -> Site {
        let [port, admin, modern] = [(); 3].map(|()| free_port());
        Site { folder: TempDir::new().unwrap(), port, admin, host: None, modern }
    }

    /// The demo's mainframe.
    pub(crate) fn host(&self) -> &banyan_testkit_tn3270::Server {
        self.host.as_ref().expect("a site of the demo")
    }

    /// Starts the demo's new customer service. It follows the facade's change feed as soon as a gateway serves.
    pub(crate) fn modern(&self) -> banyan_modern_customers::Modern {
        let options = banyan_modern_customers::Options {
            listen: format!("127.0.0.1:{}", self.modern),
            from: format!("http://127.0.0.1:{}", self.port),
            data: self.path("modern/customers.json"),
        };
        banyan_modern_customers::Modern::start(&options).unwrap()
    }

    /// Its configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("banyan.yaml")
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path within it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file as a careful sender does: under another name, then renamed.
    pub(crate) fn drop_file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        let folder = path.parent().unwrap();
        fs::create_dir_all(folder).unwrap();
        let part = folder.join(format!(".{}.part", path.file_name().unwrap().to_string_lossy()));
        fs::write(&part, content).unwrap();
        fs::rename(&part, &path).unwrap();
    }

    /// Changes a file of the site.
    pub(crate) fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        fs::write(self.path(name), change(text)).unwrap();
    }

    /// Runs a command of the program on this site.
    pub(crate) fn banyan(&self, args: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(args).arg("--config").arg(self.config()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).env("NO_COLOR", "1").output().unwrap()
    }

    /// The same: whether it succeeded, and all that it printed.
    pub(crate) fn tries(&self, args: &[&str]) -> (bool, String) {
        let out = self.banyan(args);
        (out.status.success(), printed(&out))
    }

    /// The same; it must succeed, and prints JSON.
    pub(crate) fn banyan_json(&self, args: &[&str]) -> Value {
        let out = self.banyan(&[args, &["--json"]].concat());
        let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "{args:?}: {}\n{stdout}\n{stderr}", out.status);
        serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{args:?} prints no JSON ({e}):\n{stdout}"))
    }

    /// Starts a gateway and waits until it is ready.
    pub(crate) fn start(&self) -> Gateway {
        self.spawn().ready()
    }

    /// Starts a gateway without waiting.
    pub(crate) fn spawn(&self) -> Gateway {
        self.spawn_after(":")
    }

    /// The same, after those commands of a shell, which becomes the gateway.
    pub(crate) fn spawn_after(&self, commands: &str) -> Gateway {
        let log = self.path("banyan.log");
        let file = fs::File::options().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{commands}; exec \"$@\"")).arg("sh").arg(PROGRAM);
        command.arg("serve").arg("--config").arg(self.config()).current_dir(self.folder.path());
        let child = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Gateway {
            child,
            facade: format!("http://127.0.0.1:{}", self.port),
            admin: format!("http://127.0.0.1:{}", self.admin),
            http: reqwest::blocking::Client::builder().timeout(Duration::from_secs(60)).build().unwrap(),
            log,
            ended: Cell::new(false),
        }
    }
}

/// All that a program printed: first its output, then its errors.
pub(crate) fn printed(out: &Output) -> String {
    (String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr)).into_owned()
}

/// Waits until something holds; false if it does not in time.
fn comes(mut holds: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !holds() {
        if begun.elapsed() >= PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Waits until something holds that no gateway's log would explain.
pub(crate) fn until(what: &str, holds: impl FnMut() -> bool) {
    assert!(comes(holds), "waited {PATIENCE:?} for: {what}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// A port that nobody listens on, and that no other test is given. It lies below those that systems hand out by
/// themselves: one of those could be taken by any connection before the program binds it, or while it is started again.
pub(crate) fn free_port() -> u16 {
    const FROM: u32 = 12_000;
    const MANY: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(n < MANY, "no port is free");
        // Processes of tests that run side by side begin far from each other.
        let port = FROM + (std::process::id().wrapping_mul(7_919) + n) % MANY;
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Gateway {
    /// Waits until it is ready.
    pub(crate) fn ready(self) -> Gateway {
        self.until("ready", |g| g.try_get(&format!("{}/readyz", g.admin)).is_some_and(|a| a.status == 200));
        self
    }

    fn try_get(&self, url: &str) -> Option<Answer> {
        let response = self.http.get(url).send().ok()?;
        Answer::of(response)
    }

    /// GETs a path of the facade, with headers.
    pub(crate) fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.get(format!("{}{path}", self.facade));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().unwrap_or_else(|e| panic!("GET {path}: {e}\n{}", self.log()));
        Answer::of(response).unwrap()
    }

    /// GETs a path of the facade; it must be 200 and JSON.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.ask(path, &[]);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()
    }

    /// The items of a list.
    pub(crate) fn items(&self, path: &str) -> Vec<Value> {
        self.get(path)["items"].as_array().unwrap_or_else(|| panic!("{path} is no list")).clone()
    }

    /// Every item of a list, as NDJSON lines.
    pub(crate) fn lines(&self, path: &str) -> Vec<String> {
        let answer = self.ask(path, &[("accept", "application/x-ndjson")]);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.text().lines().map(str::to_owned).collect()
    }

    /// The exact number of items of a list.
    pub(crate) fn count(&self, path: &str) -> u64 {
        let answer = self.ask(path, &[("prefer", "count=exact")]);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()["count"].as_u64().unwrap_or_else(|| panic!("{path} has no count: {}", answer.text()))
    }

    /// GETs a path of the admin listener; it must be 200 and JSON.
    pub(crate) fn admin(&self, path: &str) -> Value {
        let answer = self.try_get(&format!("{}{path}", self.admin)).expect("the admin listener answers");
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()
    }

    /// POSTs JSON to a path of the admin listener.
    pub(crate) fn act(&self, path: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{}{path}", self.admin)).json(body);
        Answer::of(request.send().unwrap()).unwrap()
    }

    /// GETs a path of the admin listener, with headers.
    pub(crate) fn ask_admin(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.http.get(format!("{}{path}", self.admin));
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        Answer::of(request.send().unwrap()).unwrap()
    }

    /// POSTs a body to a path of the admin listener, with those headers and no others.
    pub(crate) fn post_admin(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let request = self.http.post(format!("{}{path}", self.admin)).body(body.to_owned());
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        Answer::of(request.send().unwrap()).unwrap()
    }

    /// What the admin listener says of a dataset.
    pub(crate) fn dataset(&self, name: &str) -> Value {
        self.admin(&format!("/admin/v1/datasets/{name}"))
    }

    /// Waits until something holds.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut(&Gateway) -> bool) {
        assert!(comes(|| holds(self)), "waited {PATIENCE:?} for: {what}\n{}", self.log());
    }

    /// Waits until that file of the dataset was read to its end or refused; says which (`done`, `refused`, …). Files of
    /// one moment are read by their names, so others may have followed it.
    pub(crate) fn settled(&self, dataset: &str, file: &str) -> String {
        let mut state = String::new();
        self.until(&format!("{file} of {dataset}"), |g| {
            let units = g.admin(&format!("/admin/v1/units?dataset={dataset}"))["items"].clone();
            let unit = units.as_array().into_iter().flatten().find(|u| u["name"] == file);
            state = unit.and_then(|u| u["state"].as_str()).unwrap_or("").to_owned();
            !["", "open", "unacknowledged"].contains(&state.as_str())
        });
        state
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.ended.set(true);
    }

    /// Asks it to end, and makes sure that it does so in order.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut status = None;
        let ended = comes(|| {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(ended, "it does not stop\n{}", self.log());
        self.ended.set(true);
        assert!(status.is_some_and(|s| s.success()), "it ended with {status:?}\n{}", self.log());
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The end of its log.
    pub(crate) fn log(&self) -> String {
        let text = fs::read(&self.log).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if !self.ended.get() {
            let _ = self.child.kill();
            let _ = self.child.wait();
            if std::thread::panicking() {
                eprintln!("the gateway's log ends with:\n{}", self.log());
            }
        }
    }
}

impl Answer {
    fn of(response: reqwest::blocking::Response) -> Option<Answer> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Answer { status, headers, body: response.bytes().ok()?.to_vec() })
    }

    /// Its body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Its body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.text()))
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }
}
