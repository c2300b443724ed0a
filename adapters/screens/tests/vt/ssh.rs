//! SSH against OpenSSH's own sshd, with keys, ports and files of its own.

use crate::far::{eventually, map, open, press, settle, shows, types, until};
use banyan_adapter::{Call, Fault};
use banyan_screens::picture::Shown;
use banyan_screens::refusals;
use banyan_screens::transport::Session;
use banyan_screens::transport::vt::{Config, Ssh, Term, connect};
use banyan_words::node::Secret;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Sshd {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    process: Child,
}

/// Runs a tool of OpenSSH's.
pub(crate) fn tool(program: &str, args: &[&str], folder: &Path) -> String {
    let run = Command::new(program).args(args).current_dir(folder).stdin(Stdio::null()).output();
    let run = run.unwrap_or_else(|e| panic!("{program} is not installed (openssh-client): {e}"));
    assert!(run.status.success(), "{program}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap().trim().to_owned()
}

pub(crate) fn new_key(folder: &Path, name: &str, kind: &str) {
    tool("ssh-keygen", &["-q", "-t", kind, "-N", "", "-C", "test", "-f", name], folder);
}

pub(crate) fn fingerprint(folder: &Path, file: &str) -> String {
    tool("ssh-keygen", &["-lf", file], folder).split_whitespace().nth(1).unwrap().to_owned()
}

/// Below the ports that systems hand out by themselves: no connection takes it before sshd does.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let ports = std::iter::repeat_with(|| std::process::id().wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)));
    let mut ports = ports.map(|n| u16::try_from(12_000 + n % 20_000).unwrap());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

impl Sshd {
    pub(crate) fn start() -> Sshd {
        Sshd::with(&["ed25519"])
    }

    fn with(host_keys: &[&str]) -> Sshd {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        new_key(base, "user", "ed25519");
        fs::copy(base.join("user.pub"), base.join("authorized")).unwrap();
        let port = free_port();
        let shown = base.display();
        let mut config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nAuthorizedKeysFile {shown}/authorized\nStrictModes no\nPidFile none\n\
             UsePAM no\nPermitRootLogin yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\n\
             PrintMotd no\nPrintLastLog no\nLogLevel VERBOSE\n"
        );
        for kind in host_keys {
            new_key(base, &format!("host_{kind}"), kind);
            config += &format!("HostKey {shown}/host_{kind}\n");
        }
        fs::write(base.join("config"), config).unwrap();
        // What sshd asks for when root starts it.
        if tool("id", &["-u"], base) == "0" {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let log = fs::File::create(base.join("log")).unwrap();
        let process = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(base.join("config"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sshd is not installed (openssh-server)");
        let sshd = Sshd { folder, port, process };
        eventually("sshd does not listen", || sshd.log().contains("Server listening"));
        sshd
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub(crate) fn config(&self, run: Option<&str>) -> Config {
        let base = self.folder.path();
        let ssh = Ssh {
            host: format!("127.0.0.1:{}", self.port),
            user: tool("id", &["-un"], base),
            password: None,
            key: Some("user".into()),
            passphrase: None,
            known_hosts: None,
            fingerprints: vec![fingerprint(base, "host_ed25519.pub")],
            run: run.map(str::to_owned),
        };
        Config { ssh: Some(ssh), term: Term::Xterm, ..Config::default() }
    }

    fn open(&self, change: impl FnOnce(&mut Ssh)) -> Result<Box<dyn Session>, Fault> {
        let mut config = self.config(Some("echo logged in; sleep 100"));
        change(config.ssh.as_mut().unwrap());
        open(&config, self.folder.path())
    }

    fn refuses(&self, code: &str, change: impl FnOnce(&mut Ssh)) -> String {
        let fault = self.open(change).err().expect("it must not open");
        assert_eq!(fault.code, code, "{fault}");
        fault.message
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_shell_on_a_host() {
    let sshd = Sshd::start();
    let config = sshd.config(Some(r"stty size; echo $TERM; read x; printf 'got %s\033(0q\033(B' $x; read y"));
    let mut session = open(&config, sshd.folder.path()).unwrap();
    let grid = until(&mut *session, "24 80");
    assert!(shows(&grid, "xterm"));
    types(&mut *session, "schön");
    press(&mut *session, "Enter");
    until(&mut *session, "got schön─");
    let before = session.look().unwrap().revision;
    press(&mut *session, "Enter");
    let mut end = settle(&mut *session, before);
    while end.shown != Shown::Disconnected {
        end = settle(&mut *session, end.revision);
    }
    let fault = session.act(&banyan_screens::transport::Act::Press("Enter".parse().unwrap())).unwrap_err();
    assert_eq!(fault.code, refusals::DISCONNECTED);
    assert!(fault.message.contains("status"), "{fault}");
}

#[test]
fn a_login_shell_and_the_end_of_its_session() {
    let sshd = Sshd::start();
    let mut session = open(&sshd.config(None), sshd.folder.path()).unwrap();
    settle(&mut *session, 0);
    types(&mut *session, "echo pid=$$=");
    press(&mut *session, "Enter");
    let grid = until(&mut *session, "pid=");
    let row = (1..=24).map(|r| grid.row(r)).find(|r| r.starts_with("pid=")).unwrap();
    let pid = row.split('=').nth(1).unwrap().to_owned();
    assert!(Path::new("/proc").join(&pid).exists(), "{row}");
    session.close();
    eventually("the shell lives on", || !Path::new("/proc").join(&pid).exists());
}

#[test]
fn host_keys_that_are_not_believed() {
    let sshd = Sshd::start();
    let base = sshd.folder.path();
    let shown = fingerprint(base, "host_ed25519.pub");
    new_key(base, "other", "ed25519");
    let host = format!("[127.0.0.1]:{}", sshd.port);
    let line = |file: &str| {
        let key = fs::read_to_string(base.join(file)).unwrap();
        format!("{host} {}", key.trim())
    };
    fs::write(base.join("right"), line("host_ed25519.pub") + "\n").unwrap();
    fs::write(base.join("wrong"), line("other.pub") + "\n").unwrap();
    fs::write(base.join("nobody"), "elsewhere ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Hh\n").unwrap();
    fs::write(base.join("revoked"), format!("{0}\n@revoked {0}\n", line("host_ed25519.pub"))).unwrap();
    let file = |name: &'static str| {
        move |ssh: &mut Ssh| {
            ssh.fingerprints.clear();
            ssh.known_hosts = Some(name.into());
        }
    };
    until(&mut *sshd.open(file("right")).unwrap(), "logged in");
    let changed = sshd.refuses(refusals::UNTRUSTED, file("wrong"));
    assert!(changed.contains(&shown) && changed.contains("not the one that is known"), "{changed}");
    let unknown = sshd.refuses(refusals::UNTRUSTED, file("nobody"));
    assert!(unknown.contains(&shown) && unknown.contains("is not known"), "{unknown}");
    assert!(sshd.refuses(refusals::UNTRUSTED, file("revoked")).contains("revoked"));
    assert!(sshd.refuses(refusals::UNTRUSTED, file("missing")).contains("cannot be read"));
    let other = fingerprint(base, "other.pub");
    let changed = sshd.refuses(refusals::UNTRUSTED, |ssh| ssh.fingerprints = vec![other]);
    assert!(changed.contains(&shown));
    let log = sshd.log();
    assert_eq!(log.matches("Accepted publickey").count(), 1, "nothing was shown to a host that is not believed: {log}");
    assert_eq!(log.matches("Failed").count(), 0, "{log}");
}

#[test]
fn the_kind_of_key_that_is_known_is_asked_for() {
    let sshd = Sshd::with(&["rsa", "ecdsa", "ed25519"]);
    let base = sshd.folder.path();
    for kind in ["rsa", "ecdsa", "ed25519"] {
        let key = fs::read_to_string(base.join(format!("host_{kind}.pub"))).unwrap();
        fs::write(base.join("known"), format!("[127.0.0.1]:{} {}\n", sshd.port, key.trim())).unwrap();
        tool("ssh-keygen", &["-q", "-H", "-f", "known"], base);
        let mut session =
            sshd.open(|ssh| (ssh.fingerprints, ssh.known_hosts) = (Vec::new(), Some("known".into()))).unwrap();
        until(&mut *session, "logged in");
    }
}

#[test]
fn a_refused_login_is_tried_once() {
    let sshd = Sshd::start();
    new_key(sshd.folder.path(), "stranger", "ed25519");
    let refused = sshd.refuses(refusals::LOGIN_REFUSED, |ssh| ssh.key = Some("stranger".into()));
    assert!(refused.contains("refuses the user"), "{refused}");
    eventually("the log is short", || sshd.log().contains("Failed publickey"));
    assert_eq!(sshd.log().matches("Failed publickey").count(), 1, "{}", sshd.log());
    let password = "wrong-Secret-4711";
    let refused = sshd.refuses(refusals::LOGIN_REFUSED, |ssh| {
        ssh.key = None;
        ssh.password = Some(password.parse::<Secret>().unwrap());
    });
    assert!(!refused.contains(password));
    eventually("the log is short", || sshd.log().contains("Failed password"));
    assert_eq!(sshd.log().matches("Failed password").count(), 1, "{}", sshd.log());
    assert!(sshd.refuses(refusals::LOGIN_REFUSED, |ssh| ssh.key = Some("gone".into())).contains("`gone`"));
}

#[test]
fn a_key_with_a_passphrase() {
    let sshd = Sshd::start();
    let base = sshd.folder.path();
    tool("ssh-keygen", &["-q", "-p", "-P", "", "-N", "open sesame", "-f", "user"], base);
    let with = |phrase: &str| {
        let phrase: Secret = phrase.parse().unwrap();
        move |ssh: &mut Ssh| ssh.passphrase = Some(phrase)
    };
    until(&mut *sshd.open(with("open sesame")).unwrap(), "logged in");
    let fault = sshd.refuses(refusals::LOGIN_REFUSED, with("wrong-phrase"));
    assert!(fault.contains("cannot be read") && !fault.contains("wrong-phrase"), "{fault}");
}

#[test]
fn hosts_that_do_not_answer() {
    let sshd = Sshd::start();
    let free = free_port();
    sshd.refuses(refusals::HOST_DOWN, |ssh| ssh.host = format!("127.0.0.1:{free}"));
    // Takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = sshd.config(None);
    config.ssh.as_mut().unwrap().host = silent.local_addr().unwrap().to_string();
    config.connect_timeout = Some("500ms".parse().unwrap());
    let began = Instant::now();
    let fault = open(&config, sshd.folder.path()).err().unwrap();
    assert_eq!(fault.code, refusals::HOST_DOWN);
    assert!(began.elapsed() < Duration::from_secs(5));
    config.connect_timeout = None;
    let call = Call { deadline: Some(Instant::now() + Duration::from_millis(300)), ..Call::default() };
    let fault = connect(&config, sshd.folder.path()).open(&map((24, 80)), None, &call).err().unwrap();
    assert_eq!(fault.code, refusals::GIVEN_UP);
}

#[test]
fn a_lost_connection_is_seen() {
    let sshd = Sshd::start();
    let config = sshd.config(Some("echo pid=$PPID=; sleep 100"));
    let mut session = open(&config, sshd.folder.path()).unwrap();
    let grid = until(&mut *session, "pid=");
    // The process of sshd that serves this connection.
    let pid = grid.row(1).split('=').nth(1).unwrap().to_owned();
    tool("kill", &["-9", &pid], Path::new("/"));
    let end = Instant::now() + Duration::from_secs(10);
    let mut picture = settle(&mut *session, 0);
    while picture.shown != Shown::Disconnected {
        assert!(Instant::now() < end, "it was not seen");
        picture = settle(&mut *session, picture.revision);
    }
}
