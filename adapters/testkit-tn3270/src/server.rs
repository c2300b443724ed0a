//! The listener, and what it saw.

use crate::conversation;
use crate::options::Options;
use crate::{Stock, tls};
use rustls::ServerConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, Result};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A key that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySeen {
    /// Which session, from 1.
    pub session: u64,
    /// The screen that the host had shown: the name at its top left, `broadcast` or `abend`.
    pub screen: &'static str,
    /// The key: `Enter`, `PF3`, `Clear`.
    pub key: String,
    /// Fields that came along, with their contents, passwords too; `?` is a place where the screen has no field.
    pub fields: Vec<(String, String)>,
}

/// What it saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Connections that were accepted.
    pub connections: u64,
    /// Sessions that got their first screen: the terminal's type, its logical unit, whether it was encrypted.
    pub sessions: Vec<(String, Option<String>, bool)>,
    /// Connections that ended.
    pub ended: u64,
    /// Every key, in the order they came.
    pub keys: Vec<KeySeen>,
    /// Wrong logins of each account since its last right one.
    pub wrong_logins: BTreeMap<String, u32>,
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) stock: Stock,
    pub(crate) seen: Seen,
    pub(crate) taken: BTreeSet<String>,
}

pub(crate) struct State {
    shared: Mutex<Shared>,
    pub(crate) closing: AtomicBool,
    /// How often a message was broadcast out of turn.
    pub(crate) shouts: AtomicU64,
    pub(crate) tls: Arc<ServerConfig>,
}

impl State {
    pub(crate) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running host; ends when dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    authority: String,
}

impl Server {
    /// Starts on a free port of this machine.
    pub fn start(stock: Stock) -> Result<Server> {
        Server::listen("127.0.0.1:0", stock)
    }

    /// Starts at an address.
    pub fn listen(address: impl ToSocketAddrs, stock: Stock) -> Result<Server> {
        let (tls, authority) = tls::certificates().map_err(Error::other)?;
        let shared = Shared { options: Options::default(), stock, seen: Seen::default(), taken: BTreeSet::new() };
        let state = Arc::new(State {
            shared: Mutex::new(shared),
            closing: AtomicBool::new(false),
            shouts: AtomicU64::new(0),
            tls,
        });
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let theirs = state.clone();
        std::thread::Builder::new().name("tn3270-host".into()).spawn(move || accept(&listener, &theirs))?;
        Ok(Server { address, state, authority })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority's certificate that signed its own, in PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Another authority's certificate, which signed nothing here, in PEM.
    pub fn stranger(&self) -> Result<String> {
        tls::stranger().map_err(Error::other)
    }

    /// Changes how it behaves from now on.
    pub fn set(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.state.shared().options);
    }

    /// Shows the operator's message on every terminal, out of turn.
    pub fn shout(&self) {
        self.state.shouts.fetch_add(1, Ordering::SeqCst);
    }

    /// What it saw so far.
    pub fn seen(&self) -> Seen {
        self.state.shared().seen.clone()
    }

    /// Forgets the keys it saw.
    pub fn forget_keys(&self) {
        self.state.shared().seen.keys.clear();
    }

    /// The stock as it is now.
    pub fn stock(&self) -> Stock {
        self.state.shared().stock.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.closing.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for socket in listener.incoming() {
        if state.closing.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(socket), state) = (socket, state.clone()) else { continue };
        let talk = move || {
            state.shared().seen.connections += 1;
            // What goes wrong here ends this connection; the terminal's side of it is what tests look at.
            let _ = conversation::talk(socket, &state);
            state.shared().seen.ended += 1;
        };
        let _ = std::thread::Builder::new().name("tn3270-session".into()).spawn(talk);
    }
}
