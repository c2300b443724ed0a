//! Telnet with the system's `telnet`, against a real telnetd.

use crate::far::{eventually, open, press, settle, shows, types, until};
use banyan_screens::picture::Shown;
use banyan_screens::refusals;
use banyan_screens::transport::vt::Config;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A telnetd for each connection, as inetd would start it, which runs a script of ours instead of `login`.
pub(crate) fn telnetd(script: &str) -> (SocketAddr, tempfile::TempDir) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let login = folder.path().join("login");
    std::fs::write(&login, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&login, std::fs::Permissions::from_mode(0o755)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream: OwnedFd = stream.unwrap().into();
            let end = || Stdio::from(stream.try_clone().unwrap());
            let child = Command::new("/usr/sbin/telnetd")
                .arg("-h")
                .arg("-E")
                .arg(&login)
                .stdin(end())
                .stdout(end())
                .stderr(Stdio::null())
                .spawn();
            let mut child = child.expect("telnetd is not installed (inetutils-telnetd)");
            std::thread::spawn(move || child.wait());
        }
    });
    (address, folder)
}

fn config(address: SocketAddr) -> Config {
    Config { telnet: Some(address.to_string()), ..Config::default() }
}

#[test]
fn a_host_by_telnet() {
    let (address, _folder) = telnetd(
        // The size is told once the two have agreed to; a script may be quicker.
        r#"while [ "$(stty size)" = "0 0" ]; do sleep 0.02; done; stty size; echo "term $TERM user $USER."; printf 'Name: '; read x; printf 'got %s\033(0q\033(B\n' "$x"; read y; echo bye"#,
    );
    let mut session = open(&config(address), Path::new("/")).unwrap();
    let grid = until(&mut *session, "Name:");
    assert_eq!(grid.row(1).trim_end(), "24 80", "nothing that telnet says itself is on the screen: {}", grid.row(1));
    assert!(grid.row(2).to_lowercase().starts_with("term vt220 user ."), "{}", grid.row(2));
    // The escape character of telnet, which would stop it here.
    types(&mut *session, "schön]");
    press(&mut *session, "Enter");
    until(&mut *session, "got schön]─");
    press(&mut *session, "Enter");
    let end = Instant::now() + Duration::from_secs(10);
    let mut picture = settle(&mut *session, 0);
    while picture.shown != Shown::Disconnected {
        assert!(Instant::now() < end, "the end was not seen");
        picture = settle(&mut *session, picture.revision);
    }
}

#[test]
fn no_key_is_a_command_to_telnet() {
    let (address, _folder) = telnetd("stty raw -echo; printf go; dd bs=1 count=3 2>/dev/null | od -An -tx1; sleep 100");
    let mut session = open(&config(address), Path::new("/")).unwrap();
    until(&mut *session, "go");
    for key in ["Ctrl+]", "Ctrl+C", "Ctrl+D"] {
        press(&mut *session, key);
    }
    until(&mut *session, "1d 03 04");
}

#[test]
fn hosts_that_cannot_be_reached() {
    // Of a service that no machine has any more: a port that was free a moment ago may be taken by the next connection.
    let free: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let fault = open(&config(free), Path::new("/")).err().unwrap();
    assert_eq!(fault.code, refusals::HOST_DOWN);
    assert!(fault.message.contains("refused"), "{fault}");
    let fault = open(&Config { telnet: Some("no-such-host.invalid".into()), ..Config::default() }, Path::new("/"));
    assert_eq!(fault.err().unwrap().code, refusals::HOST_DOWN);
}

#[test]
fn a_line_that_is_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"hello").unwrap();
        *keep.lock().unwrap() = Some(stream);
    });
    let mut session = open(&config(address), Path::new("/")).unwrap();
    let grid = until(&mut *session, "hello");
    assert!(shows(&grid, "hello"));
    drop(kept.lock().unwrap().take());
    eventually("the end was not seen", || session.look().unwrap().shown == Shown::Disconnected);
}
