//! The keys of a source, as they are written.
//!
//! Invariant: these types are the published schema. Secrets are filled in before they are read here.

use crate::settings::{Address, Encrypt, Login, Settings, Trust};
use banyan_adapter::RawSource;
use banyan_words::Problem;
use banyan_words::node::{Dur, Secret, join, read};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The keys of a source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceConfig {
    /// `host`, `host:1433`, or `host\instance`.
    pub server: String,
    /// The database.
    pub database: String,
    /// Who logs in.
    pub login: LoginConfig,
    /// Whether the line is encrypted. Default: `required`.
    #[serde(default)]
    pub encrypt: EncryptConfig,
    /// Which certificates are believed. Default: those that the operating system trusts.
    #[serde(default)]
    pub trust: Option<TrustConfig>,
    /// What the server's administrators see as the program's name. Default: `banyan`.
    #[serde(default)]
    pub application_name: Option<String>,
    /// A login that may write is used all the same. Default: it is refused.
    #[serde(default)]
    pub allow_writable_login: bool,
    /// The mirror that answers when the server cannot be reached.
    #[serde(default)]
    pub failover_partner: Option<String>,
    /// How long a statement waits for a lock. Default: `5s`.
    #[serde(default)]
    pub lock_timeout: Option<Dur>,
    /// The server refuses statements that it expects to cost more than this (QUERY_GOVERNOR_COST_LIMIT).
    #[serde(default)]
    pub query_governor: Option<u32>,
}

/// Who logs in: a login of the server's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginConfig {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

/// Whether the line is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EncryptConfig {
    /// All of it, or no connection.
    #[default]
    Required,
    /// Not at all, for servers without TLS.
    Off,
}

/// Which certificates are believed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustConfig {
    /// Also those that the authority in this file signed (PEM or DER), relative to the configuration file.
    #[serde(default)]
    pub ca: Option<String>,
    /// Any, even an impostor's.
    #[serde(default)]
    pub trust_server_certificate: bool,
}

/// A checked source.
pub(crate) struct Checked {
    pub(crate) settings: Settings,
    pub(crate) allow_writable_login: bool,
    pub(crate) warnings: Vec<Problem>,
}

/// Checks the source's own keys; every problem at once.
pub(crate) fn source(raw: &RawSource) -> Result<Checked, Vec<Problem>> {
    let config = read::<SourceConfig>(&raw.config, &raw.path)?;
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let at = |key: &str| join(&raw.path, key);
    let hint = "write `erp-db:1433`, or `erp-db\\SALES` for a named instance";
    let mut address = |key: &str, text: &str| match text.parse::<Address>() {
        Ok(address) => Some(address),
        Err(message) => {
            problems.push(Problem::error("bad-value", at(key), message).hint(hint));
            None
        }
    };
    let server = address("server", &config.server);
    let partner = config.failover_partner.as_deref().map(|p| address("failover_partner", p));
    for (key, text) in [("database", &config.database), ("login.user", &config.login.user)] {
        if text.trim().is_empty() {
            problems.push(Problem::error("bad-value", at(key), "this is empty").hint("write its name"));
        }
    }
    if config.login.user.contains('\\') {
        let message = "this looks like a Windows login, which is not supported yet";
        warnings
            .push(Problem::warning("windows-login", at("login.user"), message).hint("use a login of the server's own"));
    }
    let trust = trust(&config, raw, &mut problems, &mut warnings);
    if config.encrypt == EncryptConfig::Off {
        let message = "the password and all data cross the network in the clear";
        warnings.push(Problem::warning("no-encryption", at("encrypt"), message).hint("enable TLS on the server"));
    }
    let (Some(server), true) = (server, problems.is_empty()) else { return Err(problems) };
    let login = Login { user: config.login.user, password: config.login.password.expose().to_owned() };
    let mut settings = Settings::new(server, &config.database, login);
    settings.encrypt = match config.encrypt {
        EncryptConfig::Required => Encrypt::Required,
        EncryptConfig::Off => Encrypt::Off,
    };
    settings.trust = trust;
    settings.failover_partner = partner.flatten();
    settings.lock_timeout = config.lock_timeout.map_or(Duration::from_secs(5), |d| d.0);
    settings.query_governor = config.query_governor;
    if let Some(name) = config.application_name {
        settings.application_name = name;
    }
    Ok(Checked { settings, allow_writable_login: config.allow_writable_login, warnings })
}

fn trust(config: &SourceConfig, raw: &RawSource, problems: &mut Vec<Problem>, warnings: &mut Vec<Problem>) -> Trust {
    let at = join(&raw.path, "trust");
    match config.trust.as_ref().map(|t| (&t.ca, t.trust_server_certificate)) {
        None | Some((None, false)) => Trust::System,
        Some((Some(file), false)) => Trust::Authority(raw.base.join(file)),
        Some((None, true)) => {
            let message = "any certificate is believed: an impostor in the network gets the password";
            warnings.push(
                Problem::warning("any-certificate", at, message).hint("name the authority: `trust: { ca: FILE }`"),
            );
            Trust::Any
        }
        Some((Some(_), true)) => {
            let message = "`ca` and `trust_server_certificate` exclude each other";
            problems.push(Problem::error("conflict", at, message).hint("leave `trust_server_certificate` out"));
            Trust::System
        }
    }
}
