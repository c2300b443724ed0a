//! Where an upstream's own description of its contract (OpenAPI) is.

use banyan_words::Problem;
use banyan_words::node::join;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::fmt;

/// Where an upstream's OpenAPI document is, and which of its differences are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContractConfig {
    /// A path of the upstream's.
    pub path: Option<String>,
    /// A file, relative to the configuration.
    pub file: Option<String>,
    /// Differences that hold nothing back: ids, names, or places of the document in use.
    pub accept: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ContractKeys")]
pub(crate) struct Keys {
    /// A path of the upstream's: `/openapi.json`.
    #[serde(default)]
    path: Option<String>,
    /// A file, relative to the configuration.
    #[serde(default)]
    file: Option<String>,
    /// Differences that hold nothing back, as `banyan routes contract` shows them: an id (`#3f2a91c0`), or a name, in which
    /// `*` stands for anything. Also JSON Pointers into the facade's document; `*` stands for one step, `**` at the end for
    /// any number.
    #[serde(default)]
    accept: Vec<String>,
}

/// A path alone, or all keys.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "published as a schema; read by hand")]
pub(crate) enum ContractSchema {
    Path(String),
    Keys(Keys),
}

impl<'de> Deserialize<'de> for ContractConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ContractConfig;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path such as /openapi.json, or { file: crm.openapi.json }")
            }
            fn visit_str<E: Error>(self, path: &str) -> Result<ContractConfig, E> {
                Ok(ContractConfig { path: Some(path.to_owned()), ..ContractConfig::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ContractConfig, A::Error> {
                let Keys { path, file, accept } = Keys::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ContractConfig { path, file, accept })
            }
        }
        deserializer.deserialize_str(Either)
    }
}

impl ContractConfig {
    /// Checks it; `at` is where it stands.
    pub(crate) fn check(&self, at: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let hint = "write `contract: /openapi.json` or `contract: { file: crm.openapi.json }`";
        if self.path.is_some() == self.file.is_some() {
            let message = "a contract is at a path of the upstream, or in a file: one of the two";
            problems.push(Problem::error("bad-contract", at, message).hint(hint));
        }
        if self.path.as_ref().is_some_and(|p| !p.starts_with('/')) {
            let message = "a path of the upstream begins with a slash";
            problems.push(Problem::error("bad-contract", join(at, "path"), message).hint(hint));
        }
        for (n, what) in self.accept.iter().enumerate().filter(|(_, text)| !can_be(text)) {
            let message = format!("`{what}` is neither an id of a difference, nor a name, nor a JSON Pointer");
            let at = format!("{}[{n}]", join(at, "accept"));
            let hint = "`banyan routes contract` shows id and name of each difference, such as \"#3f2a91c0\"; in YAML both want quotes";
            problems.push(Problem::error("bad-contract", at, message).hint(hint));
        }
        problems
    }
}

/// Whether a text may name a difference.
fn can_be(text: &str) -> bool {
    match text.strip_prefix('#') {
        Some(id) => id.len() == 8 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
        // A name has its kind behind a colon; `*` alone would accept whatever comes.
        None => {
            text.starts_with('/') || text.split_once(": ").is_some_and(|(at, kind)| !at.is_empty() && !kind.is_empty())
        }
    }
}
