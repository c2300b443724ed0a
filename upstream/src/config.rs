//! An upstream's keys, checked.

use crate::contract::{ContractConfig, ContractSchema};
use banyan_words::Problem;
use banyan_words::node::{Dur, join};
use http::Uri;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// A service behind the wrapper.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Where it is: `http://crm.internal:9000`, with a path in front of all of its paths if it has one.
    pub url: String,
    /// How long it may take until the head of an answer. Default: 30s.
    #[serde(default)]
    pub timeout: Option<Dur>,
    /// How long connecting may take, TLS included. Default: 2s.
    #[serde(default)]
    pub connect_timeout: Option<Dur>,
    /// How long a body may pause in between. Default: 60s. Server-sent events and WebSockets are exempt.
    #[serde(default)]
    pub idle_timeout: Option<Dur>,
    /// Idle connections that each worker thread keeps. Default: 32.
    #[serde(default)]
    pub idle_connections: Option<usize>,
    /// Which `Host` it is sent. Default: `upstream`, that of its URL.
    #[serde(default)]
    pub host: HostField,
    /// How its certificate is checked, and ours shown.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// Requests a second that it may be asked beyond those of consumers, for comparisons. Default: 10.
    #[serde(default)]
    pub spare: Option<u32>,
    /// The header in which it names its build (`X-Build`): evidence starts again where it changes.
    #[serde(default)]
    pub build: Option<String>,
    /// Where its OpenAPI document is: `/openapi.json`, or `{ file: crm.openapi.json }`. No step that lets it answer callers
    /// is taken while it would break them.
    #[serde(default)]
    #[schemars(with = "Option<ContractSchema>")]
    pub contract: Option<ContractConfig>,
}

/// Which `Host` an upstream is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HostField {
    /// That of its URL; the caller's is in `X-Forwarded-Host`.
    #[default]
    Upstream,
    /// The caller's.
    Keep,
}

/// TLS with an upstream.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file of the authorities that are trusted, instead of the system's.
    #[serde(default)]
    pub ca: Option<String>,
    /// PEM file of the certificate that is shown.
    #[serde(default)]
    pub certificate: Option<String>,
    /// PEM file of its key.
    #[serde(default)]
    pub key: Option<String>,
    /// The name its certificate must bear, where it is not the URL's host.
    #[serde(default)]
    pub name: Option<String>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Connecting, TLS included.
    pub connect: Duration,
    /// Until the head of an answer.
    pub head: Duration,
    /// A pause within a body.
    pub idle: Duration,
}

/// Where an upstream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As it stands in `Host`.
    pub(crate) authority: String,
    /// Stands before every path; without a slash at its end.
    pub(crate) base: String,
}

impl UpstreamConfig {
    /// Checks it, offline; `path` is where it stands.
    pub fn check(&self, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Err(why) = self.address() {
            let problem = Problem::error("bad-url", join(path, "url"), why);
            problems.push(problem.hint("write it as http://host:port or https://host, with a path if it has one"));
        }
        if let Some(tls) = &self.tls
            && tls.certificate.is_some() != tls.key.is_some()
        {
            let message = "a client certificate and its key belong together";
            problems.push(Problem::error("incomplete-tls", join(path, "tls"), message).hint("give both, or neither"));
        }
        for (key, dur) in
            [("timeout", self.timeout), ("connect_timeout", self.connect_timeout), ("idle_timeout", self.idle_timeout)]
        {
            if dur.is_some_and(|d| d.0.is_zero()) {
                problems.push(Problem::error("zero-timeout", join(path, key), "nothing can be done in no time"));
            }
        }
        if let Some(contract) = &self.contract {
            problems.extend(contract.check(&join(path, "contract")));
        }
        problems
    }

    /// How long things may take.
    pub fn timeouts(&self) -> Timeouts {
        let or = |dur: Option<Dur>, seconds| dur.map_or(Duration::from_secs(seconds), |d| d.0);
        Timeouts { connect: or(self.connect_timeout, 2), head: or(self.timeout, 30), idle: or(self.idle_timeout, 60) }
    }

    pub(crate) fn address(&self) -> Result<Address, String> {
        let wrong = |why: &str| format!("`{}` is not a URL of a service: {why}", self.url);
        let uri: Uri = self.url.parse().map_err(|_| wrong("it cannot be read"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("it begins with neither http:// nor https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("a login does not belong into it"));
        }
        if uri.query().is_some() || self.url.contains('#') {
            return Err(wrong("a query or fragment does not belong into it"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let base = uri.path().trim_end_matches('/').to_owned();
        Ok(Address { tls, host, port, authority: authority.as_str().to_owned(), base })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Result<Address, String> {
        UpstreamConfig {
            url: url.to_owned(),
            timeout: None,
            connect_timeout: None,
            idle_timeout: None,
            idle_connections: None,
            host: HostField::Upstream,
            tls: None,
            spare: None,
            build: None,
            contract: None,
        }
        .address()
    }

    #[test]
    fn urls_are_taken_apart() {
        let told = |url| at(url).map(|a| (a.tls, a.host, a.port, a.authority, a.base)).unwrap();
        let s = str::to_owned;
        assert_eq!(told("http://crm:9000"), (false, s("crm"), 9000, s("crm:9000"), s("")));
        assert_eq!(told("https://crm.example/api/"), (true, s("crm.example"), 443, s("crm.example"), s("/api")));
        assert_eq!(told("http://[::1]:80/"), (false, s("::1"), 80, s("[::1]:80"), s("")));
        for wrong in ["crm:9000", "ftp://crm", "http://", "http://a:b@crm", "http://crm/?a=b", "http://crm/#x", "/x"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
