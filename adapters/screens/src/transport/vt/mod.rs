//! VT terminals: a program on a pty of ours, SSH, telnet.
//!
//! Purpose: [`connect`] makes a transport of a [`Config`]; each session is an emulator ([`Screen`]) fed with
//! what comes, and a carrier that takes what is typed.
//! Invariant: what is typed goes out once and as it is, or not at all; the terminal never changes its size.
//! Not here: what a screen means, what may be sent when.
//!
//! The way of a byte: carrier (`pty` and `telnet` by `wire`, `ssh`) → `line` → `screen` (→ `charset`, `track`) → a picture.
//! The way of a key: `session` → `keys` → carrier.

mod carrier;
mod charset;
mod config;
mod keys;
mod leader;
mod line;
mod marks;
mod pty;
mod recording;
mod screen;
mod session;
mod ssh;
mod telnet;
mod track;
mod trust;
mod wire;

pub use config::{Backspace, Config, Ssh, Term, check};
pub use recording::record;
pub use screen::Screen;

use crate::map::{Key, Map};
use crate::refusals::FAILED;
use crate::transport::{Session, Transport};
use banyan_adapter::{Call, Fault};
use line::Line;
use session::{Manner, VtSession};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Variables of the gateway's own environment that a program gets.
const KEPT: [&str; 5] = ["PATH", "HOME", "USER", "LOGNAME", "TZ"];
/// Where programs are looked for when the gateway has no PATH.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A transport of that configuration, whose relative paths start at `base`. Opens nothing.
pub fn connect(config: &Config, base: &Path) -> Box<dyn Transport> {
    Box::new(Vt { config: config.clone(), base: base.to_owned() })
}

/// Whether this kind of terminal has that key, in this encoding; else why not.
pub(super) fn has_key(config: &Config, key: Key) -> Result<(), String> {
    let manner = manner(config)?;
    keys::bytes(key, manner.term, manner.backspace, screen::Modes::default(), &manner.charset).map(drop)
}

struct Vt {
    config: Config,
    base: PathBuf,
}

fn manner(config: &Config) -> Result<Manner, String> {
    Ok(Manner { term: config.term, charset: config.charset()?, backspace: config.backspace.map(Backspace::byte) })
}

impl Transport for Vt {
    fn open(&self, map: &Map, _lu: Option<&str>, call: &Call) -> Result<Box<dyn Session>, Fault> {
        Ok(Box::new(self.session(map.size, map.quiet, call)?))
    }

    fn login(&self) -> Vec<&str> {
        let Some(ssh) = &self.config.ssh else { return Vec::new() };
        let secrets = [&ssh.password, &ssh.passphrase].into_iter().flatten().map(|s| s.expose());
        [ssh.host.as_str(), &ssh.user].into_iter().chain(ssh.key.as_deref()).chain(secrets).collect()
    }
}

impl Vt {
    fn session(&self, size: Option<(u16, u16)>, quiet: Duration, call: &Call) -> Result<VtSession, Fault> {
        let config = &self.config;
        let manner = manner(config).map_err(|e| Fault::permanent(FAILED, e))?;
        let size = size.or(config.size()).unwrap_or((24, 80));
        let line = Arc::new(Line::new(Screen::of(size, manner.charset.clone()), quiet));
        let within = (config.connect_timeout(), call);
        let carrier: Box<dyn carrier::Carrier> = match (&config.command, &config.ssh, &config.telnet) {
            (Some(command), ..) => {
                let program = pty::Program { command, env: self.environment(), base: &self.base, size };
                Box::new(pty::start(&program, line.clone(), None)?)
            }
            (_, Some(ssh), _) => Box::new(ssh::open((ssh, &self.base), size, &manner, &line, within)?),
            (_, _, Some(telnet)) => {
                let (host, port) = config::host_port(telnet, 23).map_err(|e| Fault::permanent(FAILED, e))?;
                let mut env = self.environment();
                // What it says is looked at.
                env.insert("LC_ALL".into(), "C".into());
                Box::new(telnet::open((&host, port), env, size, &line, within)?)
            }
            _ => return Err(Fault::permanent(FAILED, "the transport says neither `command` nor `ssh` nor `telnet`")),
        };
        Ok(VtSession::new(line, manner, carrier))
    }

    /// The environment of a program: little of ours, what the terminal is, and what the configuration adds.
    fn environment(&self) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> =
            KEPT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
        env.entry("PATH".into()).or_insert_with(|| PATH.to_owned());
        env.insert("TERM".into(), self.config.term.name().to_owned());
        let utf8 = self.config.charset().is_ok_and(|c| c == charset::Charset::Utf8);
        env.insert("LANG".into(), if utf8 { "C.UTF-8" } else { "C" }.to_owned());
        env.extend(self.config.env.clone());
        env
    }
}
