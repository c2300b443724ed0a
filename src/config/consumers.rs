//! The section `consumers:`, checked.
//!
//! Invariant: what tells one consumer tells no other.
//! Not here: who calls (`banyan_migration::consumer`).

use banyan_migration::consumer::{ConsumerConfig, Consumers, Network, Trust};
use banyan_model::draft::{Draft, TrustedProxyDraft};
use banyan_words::Problem;
use banyan_words::node::{join, read};
use std::collections::BTreeMap;

/// Consumers at most: each digest is looked at for a key that was not seen of late.
const MOST: usize = 1_000;

/// The name that all share who have none.
const RESERVED: [&str; 2] = [banyan_migration::consumer::ANONYMOUS, "others"];

/// Reads the section.
pub(super) fn read_all(draft: &Draft, problems: &mut Vec<Problem>) -> Consumers {
    let certificate = draft.gateway.certificate_header.as_deref();
    let trust = trust(draft, problems);
    let trusted = trust != Trust::Nobody;
    if let Some(header) = certificate
        && (header.is_empty() || !header.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)))
    {
        let message = format!("`{header}` is no name of a header");
        let hint = "write it as X-Client-Subject";
        problems.push(Problem::error("bad-header", "gateway.certificate_header", message).hint(hint));
    }
    if draft.consumers.len() > MOST {
        let message = format!("{} consumers are too many: at most {MOST}", draft.consumers.len());
        let hint = "name teams or applications, not single users";
        problems.push(Problem::error("too-many", "consumers", message).hint(hint));
    }
    let mut configs: Vec<(String, ConsumerConfig)> = Vec::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for part in &draft.consumers {
        if RESERVED.contains(&part.name.as_str()) {
            let message = format!("`{}` is what callers without a name are called", part.name);
            problems.push(Problem::error("bad-name", &part.path, message).hint("choose another name"));
            continue;
        }
        let config = match read::<ConsumerConfig>(&part.body, &part.path) {
            Ok(config) => config,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        problems.extend(config.check(&part.path, trusted, certificate));
        for (sign, at) in signs(&config, &part.path) {
            if let Some(other) = taken.insert(sign, part.name.clone()) {
                let message = format!("this tells `{other}` already, and the first one that is declared counts");
                let hint = "give each consumer something of its own";
                problems.push(Problem::error("consumer-twice", at, message).hint(hint));
            }
        }
        configs.push((part.name.clone(), config));
    }
    Consumers::new(&configs, certificate.filter(|_| trusted)).trusting(trust)
}

/// Which requests come through a proxy that is believed.
fn trust(draft: &Draft, problems: &mut Vec<Problem>) -> Trust {
    let all = match &draft.gateway.trusted_proxy {
        None | Some(TrustedProxyDraft::All(false)) => return Trust::Nobody,
        Some(TrustedProxyDraft::All(true)) => return Trust::Everyone,
        Some(TrustedProxyDraft::From(all)) => all,
    };
    let mut networks = Vec::new();
    for (n, text) in all.iter().enumerate() {
        match Network::parse(text) {
            Some(network) => networks.push(network),
            None => {
                let message = format!("`{text}` is neither an address nor a network");
                let hint = "write 10.0.0.7 or 10.1.0.0/16, with nothing beyond the network's own bits; names are not looked up";
                let at = format!("gateway.trusted_proxy[{n}]");
                problems.push(Problem::error("bad-address", at, message).hint(hint));
            }
        }
    }
    if all.is_empty() { Trust::Nobody } else { Trust::From(networks) }
}

/// All that tells a consumer, each with its place.
fn signs(config: &ConsumerConfig, at: &str) -> Vec<(String, String)> {
    let mut signs: Vec<(String, String)> =
        config.keys.iter().enumerate().map(|(n, k)| (k.to_string(), format!("{at}.keys[{n}]"))).collect();
    for (name, value) in &config.header {
        signs.push((format!("{}: {value}", name.to_ascii_lowercase()), join(&join(at, "header"), name)));
    }
    signs.extend(config.certificate.iter().map(|c| (format!("certificate {c}"), join(at, "certificate"))));
    if !config.claim.is_empty() {
        signs.push((format!("claim {:?}", config.claim), join(at, "claim")));
    }
    signs
}
