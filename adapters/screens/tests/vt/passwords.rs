//! Passwords over SSH, against a server of the protocol library that counts what it is asked: no user of this machine
//! has a password that a test could know.

use crate::far::{open, press, types, until};
use crate::ssh::{fingerprint, new_key};
use banyan_adapter::Fault;
use banyan_screens::refusals;
use banyan_screens::transport::Session;
use banyan_screens::transport::vt::{Config, Ssh};
use russh::keys::load_secret_key;
use russh::server::{
    Auth, ChannelOpenHandle, Config as Server, Handler, Msg, Response, Session as Connection, run_stream,
};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Pty};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PASSWORD: &str = "s3cret pä$$";

/// What was asked of the server, in order.
type Asked = Arc<Mutex<Vec<String>>>;

struct Far {
    asked: Asked,
    /// Prompts of the keyboard-interactive way.
    prompts: Vec<(&'static str, bool)>,
    wrong: Wrong,
}

/// What comes of a wrong password.
#[derive(Clone, Copy)]
enum Wrong {
    Told,
    HangsUp,
    Silent,
}

impl Far {
    fn judge(&self, way: &str, user: &str, password: &str) -> Auth {
        let right = user == "ann" && password == PASSWORD;
        self.asked.lock().unwrap().push(format!("{way} {user} {right}"));
        if right { Auth::Accept } else { Auth::Reject { proceed_with_methods: None, partial_success: false } }
    }
}

impl Handler for Far {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        if password != PASSWORD {
            match self.wrong {
                Wrong::Told => {}
                Wrong::HangsUp => {
                    self.judge("password", user, password);
                    return Err(russh::Error::Disconnect);
                }
                Wrong::Silent => {
                    self.judge("password", user, password);
                    std::future::pending::<()>().await;
                }
            }
        }
        Ok(self.judge("password", user, password))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let Some(mut answers) = response else {
            let prompts = self.prompts.iter().map(|(text, echo)| (Cow::Borrowed(*text), *echo)).collect::<Vec<_>>();
            return Ok(Auth::Partial { name: "".into(), instructions: "".into(), prompts: prompts.into() });
        };
        let password = answers.next().map(|b| String::from_utf8(b.to_vec()).unwrap()).unwrap_or_default();
        Ok(self.judge("keyboard", user, &password))
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Connection,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        modes: &[(Pty, u32)],
        connection: &mut Connection,
    ) -> Result<(), russh::Error> {
        self.asked.lock().unwrap().push(format!("pty {term} {rows}x{columns} {modes:?}"));
        connection.channel_success(channel)
    }

    async fn shell_request(&mut self, channel: ChannelId, connection: &mut Connection) -> Result<(), russh::Error> {
        connection.channel_success(channel)?;
        connection.data(channel, "welcome ".as_bytes().to_vec())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], connection: &mut Connection) -> Result<(), russh::Error> {
        connection.data(channel, data.to_vec())
    }
}

/// A server that takes one connection, in these ways.
fn serve(ways: &[MethodKind], prompts: Vec<(&'static str, bool)>) -> (SocketAddr, String, Asked) {
    serve_so(ways, prompts, Wrong::Told)
}

fn serve_so(ways: &[MethodKind], prompts: Vec<(&'static str, bool)>, wrong: Wrong) -> (SocketAddr, String, Asked) {
    let folder = tempfile::tempdir().unwrap();
    new_key(folder.path(), "host", "ed25519");
    let shown = fingerprint(folder.path(), "host.pub");
    let config = Server {
        keys: vec![load_secret_key(folder.path().join("host"), None).unwrap()],
        methods: MethodSet::from(ways),
        auth_rejection_time: Duration::from_millis(1),
        ..Server::default()
    };
    let asked = Asked::default();
    let far = Far { asked: asked.clone(), prompts, wrong };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (stream, _) = listener.accept().unwrap();
            stream.set_nonblocking(true).unwrap();
            let stream = tokio::net::TcpStream::from_std(stream).unwrap();
            if let Ok(running) = run_stream(Arc::new(config), stream, far).await {
                let _ = running.await;
            }
        });
    });
    (address, shown, asked)
}

fn log_in(address: SocketAddr, fingerprint: &str, password: &str) -> Result<Box<dyn Session>, Fault> {
    let ssh = Ssh {
        host: address.to_string(),
        user: "ann".into(),
        password: Some(password.parse().unwrap()),
        key: None,
        passphrase: None,
        known_hosts: None,
        fingerprints: vec![fingerprint.to_owned()],
        run: None,
    };
    let within = Some("2s".parse().unwrap());
    open(&Config { ssh: Some(ssh), connect_timeout: within, ..Config::default() }, std::path::Path::new("/"))
}

#[test]
fn a_password_that_nobody_answers_counts_as_refused() {
    for (wrong, why) in [(Wrong::HangsUp, ""), (Wrong::Silent, "the password was sent, and nothing said that it was")] {
        let (address, shown, asked) = serve_so(&[MethodKind::Password], Vec::new(), wrong);
        let fault = log_in(address, &shown, "wrong-4711").err().unwrap();
        assert_eq!(fault.code, refusals::LOGIN_REFUSED, "{fault}");
        assert!(fault.message.contains(why), "{fault}");
        assert_eq!(asked.lock().unwrap().len(), 1, "{:?}", asked.lock().unwrap());
    }
}

#[test]
fn the_right_password() {
    for (way, name) in [(MethodKind::Password, "password"), (MethodKind::KeyboardInteractive, "keyboard")] {
        let (address, shown, asked) = serve(&[way], vec![("Password: ", false)]);
        let mut session = log_in(address, &shown, PASSWORD).unwrap();
        until(&mut *session, "welcome");
        types(&mut *session, "échoed");
        press(&mut *session, "Tab");
        until(&mut *session, "welcome échoed");
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked, [format!("{name} ann true"), "pty vt220 24x80 [(VERASE, 8)]".into()]);
    }
}

#[test]
fn a_wrong_password_is_tried_once_whichever_ways_there_are() {
    for ways in [
        &[MethodKind::Password][..],
        &[MethodKind::KeyboardInteractive],
        &[MethodKind::Password, MethodKind::KeyboardInteractive],
    ] {
        let (address, shown, asked) = serve(ways, vec![("Password: ", false)]);
        let fault = log_in(address, &shown, "wrong-4711").err().unwrap();
        assert_eq!(fault.code, refusals::LOGIN_REFUSED, "{fault}");
        assert!(!fault.message.contains("4711"));
        assert_eq!(asked.lock().unwrap().len(), 1, "{:?}", asked.lock().unwrap());
    }
}

#[test]
fn a_password_is_not_given_to_other_questions() {
    for prompts in [vec![("Password: ", false), ("Token: ", false)], vec![("Your name: ", true)]] {
        let (address, shown, asked) = serve(&[MethodKind::KeyboardInteractive], prompts);
        let fault = log_in(address, &shown, PASSWORD).err().unwrap();
        assert_eq!(fault.code, refusals::LOGIN_REFUSED, "{fault}");
        assert!(asked.lock().unwrap().is_empty(), "nothing was answered");
    }
    let (address, shown, asked) = serve(&[MethodKind::PublicKey], Vec::new());
    let fault = log_in(address, &shown, PASSWORD).err().unwrap();
    assert!(fault.code == refusals::LOGIN_REFUSED && fault.message.contains("no passwords"), "{fault}");
    assert!(asked.lock().unwrap().is_empty());
}
