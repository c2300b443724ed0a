//! Which host keys are believed.
//!
//! Invariant: a key that is not written down is never believed, and never written down here.

use super::config::Ssh;
use crate::refusals::UNTRUSTED;
use banyan_adapter::Fault;
use russh::keys::ssh_key::Fingerprint;
use russh::keys::{Algorithm, HashAlg, PublicKey, known_hosts::known_host_keys_path};
use std::path::Path;

/// The keys that a host may show.
#[derive(Clone, Debug, Default)]
pub(super) struct Trusted {
    fingerprints: Vec<Fingerprint>,
    keys: Vec<PublicKey>,
    /// In base64, as OpenSSH writes them.
    revoked: Vec<String>,
}

/// What became of a host's key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Believed,
    /// No key of this host is known.
    Unknown(String),
    /// Keys of this host are known, but not this one.
    Changed(String),
    Revoked(String),
}

impl Trusted {
    /// Reads what the configuration names.
    pub(super) fn read(ssh: &Ssh, (host, port): (&str, u16), base: &Path) -> Result<Trusted, Fault> {
        let mut trusted = Trusted::default();
        trusted.fingerprints.extend(ssh.fingerprints.iter().filter_map(|f| f.parse::<Fingerprint>().ok()));
        if let Some(file) = &ssh.known_hosts {
            let path = base.join(file);
            let failed = |e: &dyn std::fmt::Display| {
                Fault::permanent(UNTRUSTED, format!("the file of known hosts, `{file}`, cannot be read: {e}"))
            };
            let text = std::fs::read_to_string(&path).map_err(|e| failed(&e))?;
            let revoked = text.lines().filter(|line| line.starts_with("@revoked"));
            trusted.revoked.extend(revoked.filter_map(|line| line.split_whitespace().nth(3)).map(str::to_owned));
            let keys = known_host_keys_path(host, port, &path).map_err(|e| failed(&e))?;
            trusted.keys.extend(keys.into_iter().map(|(_, key)| key));
        }
        Ok(trusted)
    }

    /// Whether a host that can show keys of several kinds should show one of this kind.
    pub(super) fn wants(&self, algorithm: &Algorithm) -> bool {
        let plain = |a: &Algorithm| match a {
            Algorithm::Rsa { .. } => Algorithm::Rsa { hash: None },
            other => other.clone(),
        };
        self.keys.is_empty()
            || !self.fingerprints.is_empty()
            || self.keys.iter().any(|k| plain(&k.algorithm()) == plain(algorithm))
    }

    pub(super) fn judge(&self, key: &PublicKey) -> Verdict {
        let shown = key.fingerprint(HashAlg::Sha256).to_string();
        let base64 = key.to_openssh().unwrap_or_default();
        if base64.split_whitespace().nth(1).is_none_or(|text| self.revoked.iter().any(|r| r == text)) {
            return Verdict::Revoked(shown);
        }
        let known = self.keys.iter().any(|k| k.key_data() == key.key_data())
            || self.fingerprints.iter().any(|f| *f == key.fingerprint(f.algorithm()));
        match known {
            true => Verdict::Believed,
            false if self.keys.is_empty() && self.fingerprints.is_empty() => Verdict::Unknown(shown),
            false => Verdict::Changed(shown),
        }
    }
}

impl Verdict {
    /// What to tell, of a key that is not believed.
    pub(super) fn fault(&self, host: &str) -> Option<Fault> {
        let message = match self {
            Verdict::Believed => return None,
            Verdict::Unknown(shown) => format!(
                "the key of {host}, {shown}, is not known; compare it with its owner, then write it into `fingerprints` or \
                 the file of known hosts"
            ),
            Verdict::Changed(shown) => format!(
                "the key of {host}, {shown}, is not the one that is known: either it was changed or someone is in between; \
                 ask its owner before you trust it"
            ),
            Verdict::Revoked(shown) => format!("the key of {host}, {shown}, is marked as revoked"),
        };
        Some(Fault::permanent(UNTRUSTED, message))
    }
}
