//! A captured request as it is written, and what is masked of it.

use super::Seen;
use crate::runtime::routes::{Route, access};
use banyan_migration::stage::Access;
use banyan_model::model::Catalog;
use banyan_model::query::decode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What stands where a value was.
const MASKED: &str = "***";
/// Names places in lists: what they hold may be made of values, and no other side understands them.
const TOKENS: [&str; 2] = ["cursor", "since"];

/// A captured request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When, RFC 3339.
    pub at: String,
    /// The route.
    pub route: String,
    /// The method.
    pub method: String,
    /// Path and query; of a write the route's path.
    pub target: String,
    /// Query parameters whose values are not here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// Headers that choose between answers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Who asked: the name of a consumer that is declared, else what it said in `X-Consumer`. Empty: nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub consumer: String,
    /// The trace.
    pub trace: String,
    /// Of a write: bytes of its body, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl Line {
    pub(super) fn of(seen: Seen, masks: &Masks) -> Line {
        let (target, masked) = masks.apply(&seen.target);
        let at = jiff::Timestamp::from_millisecond(seen.at_ms).unwrap_or_default().to_string();
        Line {
            at,
            route: seen.route.name.clone(),
            method: seen.method,
            target,
            masked,
            headers: seen.headers.into_iter().map(|(n, v)| (n.to_owned(), v)).collect(),
            consumer: seen.consumer,
            trace: seen.trace,
            size: seen.size,
        }
    }

    /// Whether it can be asked again as it was: safe, and whole.
    pub fn is_replayable(&self) -> bool {
        self.method == "GET" && access(&self.method) == Access::Read && self.masked.is_empty()
    }
}

/// Query parameters whose values are never written.
#[derive(Clone, Debug, Default)]
pub struct Masks {
    names: BTreeSet<String>,
}

impl Masks {
    /// Of a route: those it names, and filters by personal fields of its entity.
    pub fn of(route: &Route, catalog: &Catalog) -> Masks {
        let entity = route.entity.and_then(|e| catalog.entities.get(e));
        let personal = entity.into_iter().flat_map(|e| &e.fields).filter(|f| f.personal).map(|f| f.name.clone());
        let named = route.config.capture.iter().flat_map(|c| c.query.iter().cloned());
        let tokens = TOKENS.iter().filter(|_| entity.is_some()).map(|t| (*t).to_owned());
        Masks { names: personal.chain(named).chain(tokens).collect() }
    }

    #[cfg(test)]
    pub(super) fn these(names: &[&str]) -> Masks {
        Masks { names: names.iter().map(|n| (*n).to_owned()).collect() }
    }

    /// A target without those values, and the parameters that lost theirs.
    pub(super) fn apply(&self, target: &str) -> (String, Vec<String>) {
        let Some((path, query)) = target.split_once('?') else { return (target.to_owned(), Vec::new()) };
        let mut masked = Vec::new();
        let piece = |piece: &str| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let plain = decode(name, true);
            // `email[in]` filters by `email`. What cannot be read may be anything.
            let field = plain.as_deref().map(|n| n.split('[').next().unwrap_or_default().trim());
            let harmless = field.is_some_and(|f| !self.names.iter().any(|n| n.eq_ignore_ascii_case(f)));
            if harmless || value.is_empty() || (plain.as_deref() == Some("since") && value == "now") {
                return piece.to_owned();
            }
            masked.push(name.to_owned());
            format!("{name}={MASKED}")
        };
        let query: Vec<String> = query.split('&').map(piece).collect();
        (format!("{path}?{}", query.join("&")), masked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_personal_is_masked_however_it_is_written() {
        let masks = Masks::these(&["email", "cursor"]);
        for (target, told) in [
            ("/v1/c", "/v1/c"),
            ("/v1/c?name=x&limit=2", "/v1/c?name=x&limit=2"),
            ("/v1/c?email=a@b.c&limit=2", "/v1/c?email=***&limit=2"),
            ("/v1/c?email%5Bin%5D=a,b", "/v1/c?email%5Bin%5D=***"),
            ("/v1/c?%65mail=a", "/v1/c?%65mail=***"),
            ("/v1/c?EMAIL=a", "/v1/c?EMAIL=***"),
            ("/v1/c?%ff=a", "/v1/c?%ff=***"),
            ("/v1/c?email=a=b?c", "/v1/c?email=***"),
            ("/v1/c?cursor=abc&x", "/v1/c?cursor=***&x"),
        ] {
            let (masked, names) = masks.apply(target);
            assert_eq!((masked.as_str(), names.is_empty()), (told, target == told), "{target}");
        }
    }

    proptest! {
        #[test]
        fn no_masked_value_is_left(name in "(email|e%6Dail|email\\[in\\])", value in "[A-Z]{6,12}", rest in "[a-z=&%0-9]{0,30}") {
            let (told, masked) = Masks::these(&["email"]).apply(&format!("/x?{rest}&{name}={value}"));
            prop_assert!(!told.contains(&value), "{told}");
            prop_assert!(!masked.is_empty());
        }
    }
}
