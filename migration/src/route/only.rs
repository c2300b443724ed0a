//! For which requests of a path a route is meant: those with certain headers, those of certain consumers.
//!
//! Invariant: a header that a request sends twice meets nothing. Not here: by what a consumer is known (`consumer`).

use crate::consumer::{ANONYMOUS, Given, Headers};
use banyan_words::Problem;
use banyan_words::node::join;
use banyan_words::problem::nearest;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// For which requests a route is meant, beside its path and methods. Of routes of one path that a request meets, the one
/// that asks for most counts, then the one that stands first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OnlyConfig {
    /// Requests that send these headers, once and with this value.
    pub headers: BTreeMap<String, String>,
    /// Requests of these consumers; `anonymous` is everyone without a name.
    pub consumers: Vec<String>,
}

impl OnlyConfig {
    /// Whether it is meant for all.
    pub fn is_all(&self) -> bool {
        self.headers.is_empty() && self.consumers.is_empty()
    }

    /// Whether a request meets it; `consumer` is the name of the one who calls, if they have one.
    pub fn meets(&self, headers: &impl Headers, consumer: Option<&str>) -> bool {
        let name = consumer.unwrap_or(ANONYMOUS);
        (self.consumers.is_empty() || self.consumers.iter().any(|c| c == name))
            && self
                .headers
                .iter()
                .all(|(header, value)| matches!(headers.given(header), Given::One(sent) if sent == value.as_bytes()))
    }

    /// How much it asks for: one for each header, one for a consumer.
    pub(super) fn asks(&self) -> usize {
        self.headers.len() + usize::from(!self.consumers.is_empty())
    }

    /// Whether no request tells it from another that asks for as much: both are met at once.
    pub(super) fn is_twin(&self, other: &OnlyConfig) -> bool {
        let consumers = match (self.consumers.is_empty(), other.consumers.is_empty()) {
            (true, true) => true,
            (false, false) => self.consumers.iter().any(|c| other.consumers.contains(c)),
            _ => false,
        };
        consumers && self.told_headers() == other.told_headers()
    }

    /// In a word each, as in `x-tenant=acme` and `consumer=shop,till`; empty where it is meant for all.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.told_headers().into_iter().map(|(n, v)| format!("{n}={v}")).collect();
        let mut consumers: Vec<&str> = self.consumers.iter().map(String::as_str).collect();
        consumers.sort_unstable();
        consumers.dedup();
        if !consumers.is_empty() {
            words.push(format!("consumer={}", consumers.join(",")));
        }
        words
    }

    /// Headers have no case.
    fn told_headers(&self) -> BTreeMap<String, &str> {
        self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str())).collect()
    }

    /// Checks it alone; `at` is where it stands.
    pub(super) fn check(&self, at: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, value) in &self.headers {
            let at = join(&join(at, "headers"), name);
            let token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            if !token {
                let problem = Problem::error("bad-header", at, format!("`{name}` is no header's name"));
                problems.push(problem.hint("write it as `X-Tenant: acme`"));
            } else if value.is_empty() || value.trim() != value || value.bytes().any(|b| b < 0x20 || b == 0x7f) {
                let problem = Problem::error("bad-header", at, format!("no request sends `{name}` with this value"));
                problems.push(problem.hint("write the whole value, without spaces around it"));
            }
        }
        problems
    }

    /// Checks that its consumers are declared.
    pub fn check_names(&self, at: &str, declared: &[String]) -> Vec<Problem> {
        let known = |name: &str| name == ANONYMOUS || declared.iter().any(|d| d == name);
        let unknown = self.consumers.iter().filter(|c| !known(c));
        let told = unknown.map(|name| {
            let hint = match nearest(name, declared.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "declare it under `consumers`; who has no name there is `anonymous`".to_owned(),
            };
            let message = format!("there is no consumer `{name}`");
            Problem::error("unknown-consumer", join(at, "consumers"), message).hint(hint)
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sent(&'static [(&'static str, &'static str)]);

    impl Headers for Sent {
        fn given(&self, name: &str) -> Given<'_> {
            let mut all = self.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_bytes());
            match (all.next(), all.next()) {
                (None, _) => Given::None,
                (Some(one), None) => Given::One(one),
                _ => Given::Many,
            }
        }

        fn from(&self) -> Option<core::net::IpAddr> {
            None
        }
    }

    fn only(headers: &[(&str, &str)], consumers: &[&str]) -> OnlyConfig {
        OnlyConfig {
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            consumers: consumers.iter().map(|c| (*c).to_owned()).collect(),
        }
    }

    #[test]
    fn all_that_is_asked_for_must_be_there_once() {
        let acme = only(&[("X-Tenant", "acme")], &["shop"]);
        assert!(acme.meets(&Sent(&[("x-tenant", "acme")]), Some("shop")));
        for (sent, who) in [
            (Sent(&[("x-tenant", "acme")]), Some("till")),
            (Sent(&[("x-tenant", "acme")]), None),
            (Sent(&[("x-tenant", "ACME")]), Some("shop")),
            (Sent(&[]), Some("shop")),
            (Sent(&[("x-tenant", "acme"), ("X-Tenant", "acme")]), Some("shop")),
        ] {
            assert!(!acme.meets(&sent, who), "{:?} {who:?}", sent.0);
        }
        assert!(only(&[], &[ANONYMOUS]).meets(&Sent(&[]), None));
        assert!(!only(&[], &[ANONYMOUS]).meets(&Sent(&[]), Some("shop")));
        assert!(OnlyConfig::default().meets(&Sent(&[]), None));
    }

    #[test]
    fn names_and_twins_know_no_case_and_no_order() {
        let (a, b) = (only(&[("X-A", "1")], &["till", "shop"]), only(&[("x-a", "1")], &["shop"]));
        assert_eq!(a.words(), ["x-a=1", "consumer=shop,till"]);
        assert!(a.is_twin(&b));
        assert!(!a.is_twin(&only(&[("X-A", "2")], &["shop"])));
        assert!(!a.is_twin(&only(&[("X-A", "1")], &[])), "that one asks for less");
        assert_eq!((a.asks(), only(&[], &[]).asks()), (2, 0));
    }

    #[test]
    fn what_nobody_could_send_or_is_nobody_is_told() {
        let bad = only(&[("X Tenant", "acme"), ("X-B", " acme")], &["shpo", "anonymous"]);
        let mut problems = bad.check("routes[0].only");
        problems.extend(bad.check_names("routes[0].only", &["shop".to_owned()]));
        let told: Vec<&str> = problems.iter().map(|p| p.code.as_ref()).collect();
        assert_eq!(told, ["bad-header", "bad-header", "unknown-consumer"]);
        assert!(problems[2].hint.as_deref().is_some_and(|h| h.contains("`shop`")));
    }
}
