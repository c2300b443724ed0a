//! The listener, its options, and what it saw.

use crate::conversation;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::{Error, Result};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How it behaves when it answers a SELECT of the client's (never for its own catalog).
#[derive(Clone, Debug, PartialEq)]
pub enum Mood {
    /// As it should.
    Well,
    /// Says nothing, until it is told to stop.
    StallBefore,
    /// After so many rows, half of another, then nothing, until it is told to stop.
    StallMidRow(u64),
    /// After so many rows and half of another the connection is gone.
    DropMidRow(u64),
    /// An error instead of an answer: number, class, text.
    ErrorBefore(i32, u8, String),
    /// An error after so many rows.
    ErrorAfter(u64, i32, u8, String),
    /// After so many rows bytes that are no token.
    Garbage(u64),
}

/// Whether it encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It cannot.
    None,
    /// If the client wants.
    Offered,
    /// In any case.
    Required,
}

/// What may be changed while it runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The only login.
    pub user: String,
    /// Its password.
    pub password: String,
    /// The only database.
    pub database: String,
    /// Whether it encrypts.
    pub tls: Tls,
    /// Accepts connections and then says nothing at all.
    pub deaf: bool,
    /// How it answers.
    pub mood: Mood,
    /// Whether the database says it allows snapshot isolation.
    pub snapshot: bool,
    /// Whether it knows `sp_describe_first_result_set`.
    pub describes: bool,
    /// Answers to the questions for roles and rights, in the adapter's order; `None` is NULL.
    pub rights: [Option<bool>; 9],
    /// A right on a single table: `("INSERT", "[dbo].[orders]")`.
    pub granted: Option<(String, String)>,
}

/// A login that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSeen {
    /// Who.
    pub user: String,
    /// The program's name.
    pub application: String,
    /// The database.
    pub database: String,
    /// ApplicationIntent=ReadOnly.
    pub read_only: bool,
    /// Whether the line was encrypted.
    pub encrypted: bool,
}

/// What it saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Logins.
    pub logins: Vec<LoginSeen>,
    /// Statements, as they came.
    pub statements: Vec<String>,
    /// How often it was told to stop.
    pub attentions: usize,
    /// Connections that ended.
    pub ended: usize,
}

pub(crate) struct State {
    options: Mutex<Options>,
    seen: Mutex<Seen>,
    pub(crate) closing: AtomicBool,
    pub(crate) tls: Arc<ServerConfig>,
    pub(crate) file: PathBuf,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(crate) fn options(&self) -> Options {
        held(&self.options).clone()
    }

    pub(crate) fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut held(&self.seen));
    }

    pub(crate) fn snapshot(&self) -> bool {
        held(&self.options).snapshot
    }

    pub(crate) fn rights(&self) -> [Option<bool>; 9] {
        held(&self.options).rights
    }

    pub(crate) fn granted(&self) -> Option<(String, String)> {
        held(&self.options).granted.clone()
    }
}

/// A running server; ends when dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    authority: String,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts on a free port, with the tables that `setup` makes. Logins: `reader` with `secret`, database `erp`.
    pub fn start(setup: &str) -> Result<Server> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("erp.db");
        let db = rusqlite::Connection::open(&file).map_err(Error::other)?;
        db.execute_batch(setup).map_err(Error::other)?;
        drop(db);
        let (tls, authority) = certificates().map_err(Error::other)?;
        let options = Options {
            user: "reader".into(),
            password: "secret".into(),
            database: "erp".into(),
            tls: Tls::Offered,
            deaf: false,
            mood: Mood::Well,
            snapshot: false,
            describes: true,
            rights: [Some(false); 9],
            granted: None,
        };
        let state = Arc::new(State {
            options: Mutex::new(options),
            seen: Mutex::default(),
            closing: AtomicBool::new(false),
            tls,
            file,
        });
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = state.clone();
        std::thread::Builder::new().name("tds-server".into()).spawn(move || listen(&listener, &shared))?;
        Ok(Server { address, state, authority, _folder: folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority's certificate that signed its own, in PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The embedded database's file.
    pub fn file(&self) -> &Path {
        &self.state.file
    }

    /// Changes how it behaves from now on.
    pub fn set(&self, change: impl FnOnce(&mut Options)) {
        change(&mut held(&self.state.options));
    }

    /// What it saw so far.
    pub fn seen(&self) -> Seen {
        held(&self.state.seen).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.closing.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

fn listen(listener: &TcpListener, state: &Arc<State>) {
    for socket in listener.incoming() {
        if state.closing.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(socket), state) = (socket, state.clone()) else { continue };
        let talk = move || {
            // What goes wrong here ends this connection; the client's side of it is what tests look at.
            let _ = conversation::talk(socket, &state);
            state.note(|seen| seen.ended += 1);
        };
        let _ = std::thread::Builder::new().name("tds-connection".into()).spawn(talk);
    }
}

type Certificates = (Arc<ServerConfig>, String);

fn certificates() -> std::result::Result<Certificates, Box<dyn std::error::Error + Send + Sync>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let own = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()])?.signed_by(&key, &issuer)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // Handshakes of TLS 1.3 go on after the handshake; real servers speak 1.2 inside PRELOGIN packets.
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(
            vec![own.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    Ok((Arc::new(config), authority_pem))
}
