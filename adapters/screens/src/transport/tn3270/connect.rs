//! Opening a session: the child, the connection, its certificate and its logical unit.

use super::child::{Child, PROMPT, SLICE};
use super::config::{Config, Tls, is_lu};
use super::session::Terminal;
use crate::map::Map;
use crate::refusals;
use crate::transport::{Session, Transport};
use banyan_adapter::{Call, Fault};
use std::path::{Path, PathBuf};

/// A way to a 3270 host. `base` is the folder of the configuration file. Opens nothing yet.
pub fn connect(config: &Config, base: &Path) -> Box<dyn Transport> {
    let ca = config.ca.as_ref().map(|file| base.join(file));
    Box::new(Host { config: config.clone(), ca })
}

struct Host {
    config: Config,
    ca: Option<PathBuf>,
}

impl Transport for Host {
    fn open(&self, _map: &Map, lu: Option<&str>, call: &Call) -> Result<Box<dyn Session>, Fault> {
        Ok(Box::new(Terminal::new(self.reach(lu, call)?)))
    }
}

impl Host {
    fn arguments(&self) -> Result<Vec<String>, Fault> {
        let mut arguments: Vec<String> = [
            "-utf8",
            "-minversion",
            "4.1",
            "-model",
            self.config.model(),
            "-codepage",
            self.config.codepage(),
            // A key is answered by the host when it is; s3270 itself must not wait for that.
            "-clear",
            "aidWait",
            "-clear",
            "unlockDelay",
            "-set",
            "oerrLock",
            "-xrm",
            "s3270.numericLock: true",
        ]
        .map(str::to_owned)
        .into();
        if let Some(file) = &self.ca {
            let unread = |why: String| {
                let message = format!("the authorities' certificates in {} cannot be read: {why}", file.display());
                Fault::permanent(refusals::UNTRUSTED, message)
            };
            std::fs::File::open(file).map_err(|e| unread(e.to_string()))?;
            let file = file.to_str().ok_or_else(|| unread("its name is not Unicode".into()))?;
            arguments.extend(["-cafile".into(), file.to_owned()]);
        }
        if let Some(name) = &self.config.certificate_name {
            arguments.extend(["-accepthostname".into(), name.clone()]);
        }
        Ok(arguments)
    }

    fn reach(&self, lu: Option<&str>, call: &Call) -> Result<Child, Fault> {
        if call.is_over() {
            return Err(Fault::transient(refusals::GIVEN_UP, "the caller's time was over"));
        }
        let lu = lu.or(self.config.lu.as_deref());
        if lu.is_some_and(|lu| !is_lu(lu)) {
            let message = "the pool names a logical unit that cannot be one: 1 to 8 letters and digits";
            return Err(Fault::permanent(refusals::HOST_DOWN, message));
        }
        let mut child = Child::start("s3270", &self.arguments()?)?;
        let command = self.command(lu)?;
        // The first thing it says tells whether it runs at all.
        child.ask("Query(ConnectionState)", PROMPT, Some(call))?;
        let limit = self.config.patience();
        let (ok, words) = match child.ask(&command, limit, Some(call)) {
            Ok(answer) => (answer.ok && answer.status.connected, answer.words()),
            Err(fault) if fault.code == refusals::GIVEN_UP => return Err(fault),
            Err(fault) => (false, fault.message),
        };
        if !ok {
            return Err(self.unreachable(&words, lu, &command, call));
        }
        self.look_at(&mut child, lu, call)?;
        Ok(child)
    }

    fn command(&self, lu: Option<&str>) -> Result<String, Fault> {
        let (name, port) = self.config.address().ok_or_else(|| {
            Fault::permanent(refusals::HOST_DOWN, format!("`{}` is no host and port", self.config.host))
        })?;
        let tunnel = if self.config.tls == Tls::Require { "L:" } else { "" };
        let lu = lu.map(|lu| format!("{lu}@")).unwrap_or_default();
        let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
        Ok(format!("Connect(\"{tunnel}{lu}{name}:{port}\")"))
    }

    /// What was promised must hold before anything is typed: encryption, and the logical unit.
    fn look_at(&self, child: &mut Child, lu: Option<&str>, call: &Call) -> Result<(), Fault> {
        let host = &self.config.host;
        let tls = child.ask("Query(Tls)", PROMPT, Some(call))?.words();
        let secure = tls.starts_with("secure") && tls.contains("host-verified");
        if self.config.tls != Tls::None && !secure {
            let message = format!("{host} does not encrypt the line as `tls` wants; nothing was sent");
            return Err(Fault::permanent(refusals::UNTRUSTED, message));
        }
        let Some(lu) = lu else { return Ok(()) };
        let given = child.ask("Query(LuName)", PROMPT, Some(call))?.words();
        if given != lu {
            let message = format!("{host} does not give the logical unit {lu}, but {given:?}");
            return Err(Fault::transient(refusals::HOST_DOWN, message));
        }
        Ok(())
    }

    /// Why there is no connection. s3270 4.1 does not tell whether it was the certificate: if a host can be reached without
    /// verifying it, it was. Nothing is sent on that connection but its negotiation.
    fn unreachable(&self, words: &str, lu: Option<&str>, command: &str, call: &Call) -> Fault {
        let host = &self.config.host;
        if let Some(fault) = self.unverified(command, call) {
            return fault;
        }
        let unit = lu.map(|lu| format!(" (logical unit {lu})")).unwrap_or_default();
        let why = words.trim_end_matches(':');
        let tls = if self.config.tls == Tls::None { "" } else { ", or it does not speak TLS there" };
        let message = format!("{host}{unit} cannot be reached{tls}: {why}");
        Fault::transient(refusals::HOST_DOWN, message)
    }

    fn unverified(&self, command: &str, call: &Call) -> Option<Fault> {
        if self.config.tls == Tls::None && self.ca.is_none() {
            return None;
        }
        let mut arguments = self.arguments().ok()?;
        arguments.push("-noverifycert".into());
        let mut child = Child::start("s3270", &arguments).ok()?;
        let limit = self.config.patience().min(PROMPT).max(SLICE);
        let answer = child.ask(command, limit, Some(call)).ok()?;
        if !(answer.ok && answer.status.connected) {
            return None;
        }
        let certificate = child.ask("Query(TlsCertInfo)", PROMPT, Some(call)).map(|a| a.words()).unwrap_or_default();
        let certificate: String = certificate.chars().take(300).collect();
        let message = format!(
            "the certificate of {} is not signed by a trusted authority, or is for another name: {certificate}",
            self.config.host
        );
        Some(Fault::permanent(refusals::UNTRUSTED, message))
    }
}
