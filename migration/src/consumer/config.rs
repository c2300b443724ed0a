//! A consumer's keys, checked.

use super::Digest;
use banyan_words::Problem;
use banyan_words::node::join;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// By what a caller is recognised. One of these is enough.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConsumerConfig {
    /// SHA-256 digests of its API keys, as `banyan keys hash` prints them. A key comes as `X-Api-Key` or as
    /// `Authorization: Bearer`.
    pub keys: Vec<Digest>,
    /// Headers with these values: `{ X-Consumer: shop }`. Anyone can send them.
    pub header: BTreeMap<String, String>,
    /// What a trusted proxy tells of the client certificate, wholly: its subject, or a name.
    pub certificate: Option<String>,
    /// Claims of a token that a trusted proxy has verified: `{ client_id: shop }`. All must hold.
    pub claim: BTreeMap<String, String>,
}

/// Digests, headers or claims of one consumer at most.
const MOST: usize = 100;

/// Longest value, in bytes.
const LONGEST: usize = 1_024;

impl ConsumerConfig {
    /// Checks it alone. `trusted`: a proxy stands before the gateway that verifies tokens and certificates; `certificate`:
    /// the header in which it tells of a certificate.
    pub fn check(&self, at: &str, trusted: bool, certificate: Option<&str>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut tell = |code: &str, path: String, message: String, hint: &str| {
            problems.push(Problem::error(code, path, message).hint(hint));
        };
        if self.keys.is_empty() && self.header.is_empty() && self.certificate.is_none() && self.claim.is_empty() {
            let hint = "say by what it is recognised: `keys`, `header`, `certificate` or `claim`";
            tell("nobody", at.to_owned(), "nothing tells this consumer from others".to_owned(), hint);
        }
        let sizes = [("keys", self.keys.len()), ("header", self.header.len()), ("claim", self.claim.len())];
        for (key, n) in sizes.into_iter().filter(|(_, n)| *n > MOST) {
            tell(
                "too-many",
                join(at, key),
                format!("{n} are too many: at most {MOST}"),
                "make several consumers of it",
            );
        }
        for (name, value) in &self.header {
            let path = join(&join(at, "header"), name);
            if !is_token(name) {
                tell("bad-header", path.clone(), format!("`{name}` is no name of a header"), "write it as X-Consumer");
            }
            if RESERVED.iter().any(|r| name.eq_ignore_ascii_case(r)) {
                let hint = "digests of keys go under `keys`: nothing secret stands in a configuration in clear";
                tell("secret-in-clear", path.clone(), format!("`{name}` carries a secret"), hint);
            }
            if value.is_empty() || value.len() > LONGEST || !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
                let hint = "a value is 1 to 1024 visible ASCII characters";
                tell("bad-header", path, "no header has that value".to_owned(), hint);
            }
        }
        for (key, used) in [("certificate", self.certificate.is_some()), ("claim", !self.claim.is_empty())] {
            if used && !trusted {
                let message = format!("nobody vouches for a `{key}`: no signature is checked here");
                let hint = "say `trusted_proxy: true` under `gateway` if, and only if, every request comes through a proxy \
                    that verifies it and drops what it could not verify";
                tell("not-verified", join(at, key), message, hint);
            }
        }
        if self.certificate.is_some() && trusted && certificate.is_none() {
            let hint = "say `certificate_header: X-Client-Subject` under `gateway`";
            let message = "in which header does the proxy tell of the certificate?".to_owned();
            tell("no-certificate-header", join(at, "certificate"), message, hint);
        }
        problems
    }
}

/// Headers whose values are secret.
const RESERVED: [&str; 4] = ["x-api-key", "authorization", "proxy-authorization", "cookie"];

/// Whether it is a name of a header (RFC 9110, token).
pub(super) fn is_token(name: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.len() <= 128 && name.bytes().all(tchar)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(config: &ConsumerConfig, trusted: bool, certificate: Option<&str>) -> Vec<String> {
        let problems = config.check("consumers.shop", trusted, certificate);
        problems.iter().map(|p| format!("{} {}", p.path, p.code)).collect()
    }

    #[test]
    fn what_nobody_verified_names_nobody() {
        let pair = |k: &str, v: &str| BTreeMap::from([(k.to_owned(), v.to_owned())]);
        let claim = ConsumerConfig { claim: pair("client_id", "shop"), ..Default::default() };
        assert_eq!(codes(&claim, false, None), ["consumers.shop.claim not-verified"]);
        assert_eq!(codes(&claim, true, None), Vec::<String>::new());
        let certificate = ConsumerConfig { certificate: Some("CN=shop".to_owned()), ..Default::default() };
        assert_eq!(codes(&certificate, false, Some("X-S")), ["consumers.shop.certificate not-verified"]);
        assert_eq!(codes(&certificate, true, None), ["consumers.shop.certificate no-certificate-header"]);
        assert_eq!(codes(&certificate, true, Some("X-S")), Vec::<String>::new());
        let header = |name: &str, value: &str| ConsumerConfig { header: pair(name, value), ..Default::default() };
        assert_eq!(codes(&header("X-Consumer", "shop"), false, None), Vec::<String>::new());
        assert_eq!(
            codes(&header("X-API-Key", "s3cret"), false, None),
            ["consumers.shop.header.X-API-Key secret-in-clear"]
        );
        assert_eq!(codes(&header("X Y", "a\nb"), false, None).len(), 2);
        assert_eq!(codes(&ConsumerConfig::default(), false, None), ["consumers.shop nobody"]);
    }
}
