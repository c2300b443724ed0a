//! The recorder on a VT terminal.

use super::{Config, Vt};
use crate::record::{Keep, Recorded, Terminal, attend, quoted};
use crate::transport::Session;
use banyan_adapter::{Call, Fault};
use std::path::Path;
use std::time::Duration;

/// How long the far side must be silent to be at rest, while a person works.
const QUIET: Duration = Duration::from_millis(150);

/// Connects, lets the person at `terminal` work until they finish (`Ctrl+]`, then `q`), and writes a draft of a map to
/// `out`, which must not be there yet.
///
/// # Errors
/// The far side cannot be reached, the file is there or cannot be written, or the person's terminal fails.
pub fn record(config: &Config, base: &Path, out: &Path, terminal: Terminal) -> Result<Recorded, Fault> {
    let vt = Vt { config: config.clone(), base: base.to_owned() };
    let transport = transport(config);
    let keep = Keep::new(out, &transport)?;
    let mut session = vt.session(config.size(), QUIET, &Call::default())?;
    let recorded = attend(&mut session, keep, terminal);
    Box::new(session).close();
    recorded
}

/// The keys of `transport:`, with references in place of secrets.
fn transport(config: &Config) -> String {
    let mut keys = vec!["kind: vt".to_owned()];
    let list = |items: &[String]| items.iter().map(|i| quoted(i)).collect::<Vec<_>>().join(", ");
    if let Some(command) = &config.command {
        keys.push(format!("command: [{}]", list(command)));
    }
    if let Some(telnet) = &config.telnet {
        keys.push(format!("telnet: {}", quoted(telnet)));
    }
    if let Some(ssh) = &config.ssh {
        let mut inner = vec![format!("host: {}", quoted(&ssh.host)), format!("user: {}", quoted(&ssh.user))];
        let text = |name: &str, value: &Option<String>| value.as_ref().map(|v| format!("{name}: {}", quoted(v)));
        inner.extend(ssh.password.as_ref().map(|_| "password: \"${env:SSH_PASSWORD}\"".to_owned()));
        inner.extend(text("key", &ssh.key));
        inner.extend(ssh.passphrase.as_ref().map(|_| "passphrase: \"${env:SSH_PASSPHRASE}\"".to_owned()));
        inner.extend(text("known_hosts", &ssh.known_hosts));
        if !ssh.fingerprints.is_empty() {
            inner.push(format!("fingerprints: [{}]", list(&ssh.fingerprints)));
        }
        inner.extend(text("run", &ssh.run));
        keys.push(format!("ssh: {{ {} }}", inner.join(", ")));
    }
    keys.push(format!("term: {}", config.term));
    if let Some((rows, columns)) = config.size {
        keys.push(format!("size: [{rows}, {columns}]"));
    }
    keys.extend(config.encoding.as_ref().map(|e| format!("encoding: {}", quoted(e))));
    if !config.env.is_empty() {
        // A value may be a secret: the names alone are written down.
        let env: Vec<_> =
            config.env.keys().map(|n| format!("{}: {}", quoted(n), quoted(&format!("${{env:{n}}}")))).collect();
        keys.push(format!("env: {{ {} }}", env.join(", ")));
    }
    format!("{{ {} }}", keys.join(", "))
}
