//! The keys of `transport: { kind: tn3270, … }`.

use banyan_words::Problem;
use banyan_words::node::{Dur, join};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// How a 3270 host is reached.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name and port: `mainframe:992`. Without a port: 992, or 23 where TLS does not begin with the first byte.
    pub host: String,
    /// Whether the line is encrypted. Default: `require`.
    #[serde(default)]
    pub tls: Tls,
    /// Believes certificates that the authorities in this file signed (PEM), relative to the configuration file. Default:
    /// those that the operating system trusts.
    #[serde(default)]
    pub ca: Option<String>,
    /// The name that the host's certificate carries, where it is not the one in `host`.
    #[serde(default)]
    pub certificate_name: Option<String>,
    /// The terminal's model, which says how large the screen is: `3278-2` to `3279-5-E`. Default: `3279-2-E`.
    #[serde(default)]
    pub model: Option<String>,
    /// The host's EBCDIC code page. Default: `cp037`.
    #[serde(default)]
    pub codepage: Option<String>,
    /// The logical unit to ask for, where the map's pool names none.
    #[serde(default)]
    pub lu: Option<String>,
    /// How long the first screen may take. Default: `20s`.
    #[serde(default)]
    pub connect_timeout: Option<Dur>,
}

/// Whether the line is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte, and the host's certificate is verified.
    #[default]
    Require,
    /// After TELNET's START-TLS, and the host's certificate is verified. A host that does not offer it is left.
    StartTls,
    /// It need not be.
    None,
}

pub(super) const MODEL: &str = "3279-2-E";
pub(super) const CODE_PAGE: &str = "cp037";

/// Those of s3270 with one byte a character.
const CODE_PAGES: [&str; 28] = [
    "cp037", "cp273", "cp275", "cp277", "cp278", "cp280", "cp284", "cp285", "cp297", "cp424", "cp500", "cp803",
    "cp870", "cp871", "cp875", "cp880", "cp1026", "cp1047", "cp1140", "cp1141", "cp1142", "cp1143", "cp1144", "cp1145",
    "cp1146", "cp1147", "cp1148", "cp1149",
];

impl Config {
    /// Rows and columns of the largest screen the model has.
    pub fn size(&self) -> Option<(u16, u16)> {
        let rest = self.model().strip_prefix("3278-").or_else(|| self.model().strip_prefix("3279-"))?;
        match rest.strip_suffix("-E").unwrap_or(rest) {
            "2" => Some((24, 80)),
            "3" => Some((32, 80)),
            "4" => Some((43, 80)),
            "5" => Some((27, 132)),
            _ => None,
        }
    }

    pub(super) fn model(&self) -> &str {
        self.model.as_deref().unwrap_or(MODEL)
    }

    pub(super) fn codepage(&self) -> &str {
        self.codepage.as_deref().unwrap_or(CODE_PAGE)
    }

    pub(super) fn patience(&self) -> Duration {
        self.connect_timeout.map_or(Duration::from_secs(20), |d| d.0)
    }

    /// The host's name and port.
    pub(super) fn address(&self) -> Option<(&str, u16)> {
        let default = if self.tls == Tls::Require { 992 } else { 23 };
        let host = self.host.as_str();
        let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((name, "")) => (name, None),
            Some((name, rest)) => (name, Some(rest.strip_prefix(':')?)),
            None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
        };
        let bracketed = host.starts_with('[');
        let sound = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c) || bracketed && c == ':';
        let port = port.map_or(Some(default), |p| p.parse().ok().filter(|p| *p > 0))?;
        (!name.is_empty() && name.chars().all(sound)).then_some((name, port))
    }
}

/// Whether it can be the name of a logical unit.
pub(super) fn is_lu(name: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || "$#-_".contains(c);
    (1..=8).contains(&name.len()) && name.chars().all(sound)
}

/// What is wrong with it.
pub(crate) fn check(config: &Config, path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut bad = |key: &str, message: &str, hint: &str| {
        problems.push(Problem::error("bad-value", join(path, key), message).hint(hint));
    };
    if config.address().is_none() {
        bad("host", "this is no host and port", "write `mainframe:992`, or `[2001:db8::1]:992`");
    }
    if config.size().is_none() {
        let hint = "write 3279-2-E (24 × 80), 3279-3-E (32 × 80), 3279-4-E (43 × 80) or 3279-5-E (27 × 132)";
        bad("model", "this is no model of a 3270 terminal", hint);
    }
    if !CODE_PAGES.contains(&config.codepage()) {
        let hint =
            format!("there are {}; code pages with two bytes a character are not supported", CODE_PAGES.join(", "));
        bad("codepage", "this code page is not known", &hint);
    }
    if config.lu.as_deref().is_some_and(|lu| !is_lu(lu)) {
        bad("lu", "this is no name of a logical unit", "write 1 to 8 letters and digits: LU01");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:*".contains(c);
    if config.certificate_name.as_deref().is_some_and(|name| name.is_empty() || !name.chars().all(plain)) {
        bad("certificate_name", "this is no name of a host", "write the name as the certificate has it");
    }
    if config.connect_timeout.is_some_and(|d| d.0 < Duration::from_secs(1)) {
        bad("connect_timeout", "this is less than a second", "give the host some seconds");
    }
    let numeric = config.address().is_some_and(|(name, _)| name.parse::<std::net::IpAddr>().is_ok());
    if config.tls != Tls::None && numeric && config.certificate_name.is_none() {
        let message = "s3270 compares certificates with names, not with addresses: this will not be trusted";
        let hint = "write the host's name, or `certificate_name` as the certificate has it";
        problems.push(Problem::warning("certificate-name", join(path, "host"), message).hint(hint));
    }
    let at_home = config.address().is_some_and(|(name, _)| {
        name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    if config.tls == Tls::None && !at_home {
        let message = "the password and all data cross the network in the clear";
        let hint = "enable TLS on the host, and write `tls: require`";
        problems.push(Problem::warning("no-encryption", join(path, "tls"), message).hint(hint));
    }
    problems
}
