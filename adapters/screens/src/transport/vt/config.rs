//! The keys under `transport:` of `kind: vt`, as they are written.
//!
//! Invariant: these types are the published schema. Checking looks at nothing outside the configuration.

use super::charset::Charset;
use banyan_words::Problem;
use banyan_words::node::{Dur, Secret, join};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

const SIZE: (u16, u16) = (24, 80);

/// The keys of a VT transport, besides `kind`. Exactly one of `command`, `ssh`, `telnet` says how it is reached.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A program to start here, and its arguments. A relative path with a slash starts at the configuration file.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// A host to reach by SSH.
    #[serde(default)]
    pub ssh: Option<Ssh>,
    /// A host to reach by telnet: `host` or `host:2323`. Everything crosses the network in the clear.
    #[serde(default)]
    pub telnet: Option<String>,
    /// The kind of terminal that the far side is told it has. Default: `vt220`.
    #[serde(default)]
    pub term: Term,
    /// Rows and columns. Default: `[24, 80]`.
    #[serde(default)]
    pub size: Option<(u16, u16)>,
    /// What bytes mean: `utf-8`, `cp437`, `iso-8859-1` … Default: `utf-8`.
    #[serde(default)]
    pub encoding: Option<String>,
    /// What Backspace sends. Default: what the kind of terminal sends.
    #[serde(default)]
    pub backspace: Option<Backspace>,
    /// Environment variables for a `command`. It gets none of the gateway's own but PATH, HOME, USER, TZ.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// How long reaching the far side may take. Default: `20s`.
    #[serde(default)]
    pub connect_timeout: Option<Dur>,
}

/// A host to reach by SSH.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ssh {
    /// `host` or `host:22`.
    pub host: String,
    /// Who logs in.
    pub user: String,
    /// With which password …
    #[serde(default)]
    pub password: Option<Secret>,
    /// … or with the private key in this file (OpenSSH or PEM; Ed25519 or ECDSA).
    #[serde(default)]
    pub key: Option<String>,
    /// What the key file is encrypted with, if it is.
    #[serde(default)]
    pub passphrase: Option<Secret>,
    /// Which host keys are believed: a file as OpenSSH keeps it …
    #[serde(default)]
    pub known_hosts: Option<String>,
    /// … or fingerprints, `SHA256:…`, as `ssh-keygen -l` shows them.
    #[serde(default)]
    pub fingerprints: Vec<String>,
    /// A command line to run there, on a terminal. Default: the login shell.
    #[serde(default)]
    pub run: Option<String>,
}

/// Kinds of terminals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Term {
    /// DEC VT100.
    Vt100,
    /// DEC VT220.
    #[default]
    Vt220,
    /// xterm.
    Xterm,
    /// xterm with 256 colours.
    #[serde(rename = "xterm-256color")]
    Xterm256,
    /// A PC's ANSI terminal.
    Ansi,
    /// The console of Linux.
    Linux,
}

impl Term {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Term; 6] = [Term::Vt100, Term::Vt220, Term::Xterm, Term::Xterm256, Term::Ansi, Term::Linux];

    /// Its name in terminfo, and in the environment variable TERM.
    pub fn name(self) -> &'static str {
        match self {
            Term::Vt100 => "vt100",
            Term::Vt220 => "vt220",
            Term::Xterm => "xterm",
            Term::Xterm256 => "xterm-256color",
            Term::Ansi => "ansi",
            Term::Linux => "linux",
        }
    }

    pub(super) fn is_xterm(self) -> bool {
        matches!(self, Term::Xterm | Term::Xterm256)
    }

    pub(super) fn backspace(self) -> u8 {
        if self.is_xterm() || self == Term::Linux { 0x7f } else { 0x08 }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What Backspace sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backspace {
    /// Byte 127.
    Delete,
    /// Byte 8, `Ctrl+H`.
    Control,
}

impl Backspace {
    pub(super) fn byte(self) -> u8 {
        match self {
            Backspace::Delete => 0x7f,
            Backspace::Control => 0x08,
        }
    }
}

impl Config {
    /// Rows and columns.
    pub fn size(&self) -> Option<(u16, u16)> {
        Some(self.size.unwrap_or(SIZE))
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.connect_timeout.map_or(Duration::from_secs(20), |t| t.0)
    }

    pub(super) fn charset(&self) -> Result<Charset, String> {
        Charset::named(self.encoding.as_deref().unwrap_or("utf-8"))
    }
}

/// Splits `host:port`; brackets hold an address with colons.
pub(super) fn host_port(text: &str, port: u16) -> Result<(String, u16), String> {
    let wrong = || format!("`{text}` is not a host; write `host`, `host:{port}` or `[2001:db8::1]:{port}`");
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or_else(wrong)?,
        None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
    };
    let port = match rest.strip_prefix(':') {
        Some(digits) => digits.parse().map_err(|_| wrong())?,
        None if rest.is_empty() => port,
        None => return Err(wrong()),
    };
    // A host that begins like an option would be one to the program that is started.
    let sound =
        !host.is_empty() && !host.starts_with('-') && !host.contains(|c: char| c.is_whitespace() || c.is_control());
    if sound && port != 0 { Ok((host.to_owned(), port)) } else { Err(wrong()) }
}

/// Checks it offline; every problem at once, warnings included.
pub fn check(config: &Config, path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let bad = |key: &str, message: String, hint: &str| Problem::error("bad-value", join(path, key), message).hint(hint);
    let ways = [config.command.is_some(), config.ssh.is_some(), config.telnet.is_some()];
    if ways.iter().filter(|w| **w).count() != 1 {
        let message = "it takes exactly one of `command`, `ssh`, `telnet`".to_owned();
        problems.push(Problem::error("bad-value", path, message).hint("say how the far side is reached"));
    }
    if let Some(command) = &config.command
        && command.first().is_none_or(|program| program.trim().is_empty())
    {
        problems.push(bad("command", "there is no program".into(), "write `[program, argument, …]`"));
    }
    if let Some(telnet) = &config.telnet {
        match host_port(telnet, 23) {
            Err(message) => problems.push(bad("telnet", message, "write the host's name")),
            Ok(_) => {
                let message = "everything typed, passwords too, crosses the network in the clear";
                problems.push(
                    Problem::warning("no-encryption", join(path, "telnet"), message)
                        .hint("use `ssh` where the host has it"),
                );
            }
        }
    }
    if let Some(ssh) = &config.ssh {
        check_ssh(ssh, &join(path, "ssh"), &mut problems);
    }
    if let Err(message) = config.charset() {
        problems.push(bad("encoding", message, "utf-8, ascii, cp437, cp850, iso-8859-1 …, windows-1252 …"));
    }
    let (rows, columns) = config.size.unwrap_or(SIZE);
    if !(1..=256).contains(&rows) || !(10..=512).contains(&columns) {
        let message = format!("a terminal has 1 to 256 rows and 10 to 512 columns, not {rows} and {columns}");
        problems.push(bad("size", message, "write `[24, 80]`: rows first"));
    }
    if config.command.is_none() && !config.env.is_empty() {
        problems.push(bad("env", "only a `command` has an environment".into(), "remove it"));
    }
    for name in config.env.keys().filter(|n| n.is_empty() || n.contains(['=', '\0'])) {
        problems.push(bad("env", format!("`{name}` is no name of a variable"), "correct it"));
    }
    problems
}

fn check_ssh(ssh: &Ssh, path: &str, problems: &mut Vec<Problem>) {
    let mut bad = |key: &str, message: &str, hint: &str| {
        let at = if key.is_empty() { path.to_owned() } else { join(path, key) };
        problems.push(Problem::error("bad-value", at, message.to_owned()).hint(hint));
    };
    if let Err(message) = host_port(&ssh.host, 22) {
        bad("host", &message, "write the host's name");
    }
    if ssh.user.trim().is_empty() {
        bad("user", "this is empty", "write who logs in");
    }
    if ssh.password.is_some() == ssh.key.is_some() {
        bad("", "it takes a `password` or a `key`, one of them", "say how the user logs in");
    }
    if ssh.passphrase.is_some() && ssh.key.is_none() {
        bad("passphrase", "it belongs to a `key`", "remove it");
    }
    if ssh.known_hosts.is_none() && ssh.fingerprints.is_empty() {
        let hint = "compare what `ssh-keyscan host | ssh-keygen -lf -` shows with its owner, and write it as `fingerprints: [\"SHA256:…\"]`";
        bad("", "without `known_hosts` or `fingerprints` any impostor would be believed", hint);
    }
    for fingerprint in &ssh.fingerprints {
        if fingerprint.parse::<russh::keys::ssh_key::Fingerprint>().is_err() {
            bad(
                "fingerprints",
                &format!("`{fingerprint}` is no fingerprint"),
                "write it as `ssh-keygen -l` shows it: SHA256:…",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_words::Severity;
    use banyan_words::node::{read, yaml};

    /// The paths of everything that is wrong, and of warnings.
    fn told(text: &str) -> Vec<String> {
        let (node, problems) = yaml::parse("map.yaml", text);
        assert_eq!(problems, vec![]);
        let config = match read::<Config>(&node.unwrap(), "t") {
            Ok(config) => config,
            Err(problems) => return problems.into_iter().map(|p| p.path).collect(),
        };
        let shown = |p: Problem| if p.severity == Severity::Warning { format!("warning {}", p.path) } else { p.path };
        check(&config, "t").into_iter().map(shown).collect()
    }

    #[test]
    fn what_is_right() {
        let fingerprint = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGzbUQIwoPqtVnPp3cg";
        assert_eq!(told("{ command: [abook], term: xterm-256color, encoding: cp850 }"), [""; 0]);
        let ssh =
            format!("{{ ssh: {{ host: \"[::1]:2222\", user: ann, key: id, fingerprints: [\"{fingerprint}\"] }} }}");
        assert_eq!(told(&ssh), [""; 0]);
        assert_eq!(told("telnet: mainframe"), ["warning t.telnet"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        assert_eq!(told("term: vt220"), ["t"]);
        assert_eq!(told("{ command: [sh], telnet: mainframe }"), ["t", "warning t.telnet"]);
        assert_eq!(
            told("{ command: [], encoding: shift_jis, size: [0, 80], env: { \"a=b\": c } }"),
            ["t.command", "t.encoding", "t.size", "t.env"]
        );
        assert_eq!(
            told("{ ssh: { host: \"-oProxyCommand=x\", user: \"\", passphrase: x }, env: { A: b } }"),
            ["t.ssh.host", "t.ssh.user", "t.ssh", "t.ssh.passphrase", "t.ssh", "t.env"]
        );
        assert_eq!(
            told("{ ssh: { host: h, user: u, password: p, fingerprints: [\"ab:cd\"] } }"),
            ["t.ssh.fingerprints"]
        );
        assert_eq!(told("telnet: \"mainframe:0\""), ["t.telnet"]);
        assert_eq!(told("telnet: \"-l root\""), ["t.telnet"]);
        assert_eq!(told("{ command: [sh], trem: x }"), ["t.trem"]);
    }
}
