//! The registry of what a consumer can be refused with, and a refusal on its way to one.
//!
//! Invariant: a code is permanent. It is documented, tested, and never given a second meaning; a retired code stays
//! listed. `openapi/errors.json` (all name spaces) and the table in `docs/api.md` are made from [`REGISTRY`].
//! Not here: HTTP statuses (`http/fault.rs` maps classes to them), codes of adapters (their own tables), codes that
//! mappings declare, codes of failed formula steps (`formula`).

mod registry;

pub use registry::{REGISTRY, def};

use serde::Serialize;

/// Where in the course of a request it is refused. The stages run in this order; a refusal ends the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Method and path.
    Address,
    /// Request headers.
    Headers,
    /// Query parameters.
    Query,
    /// The body.
    Body,
    /// Finding the answer.
    Answer,
}

/// What kind of refusal it is, in terms of who can do what about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The request is wrong; it must be changed.
    Malformed,
    /// There is nothing at this address.
    NotFound,
    /// There was something, and it has ended.
    Gone,
    /// The address does not offer this method.
    MethodNotAllowed,
    /// None of the accepted media types can be given.
    NotAcceptable,
    /// The body's media type is not understood.
    UnsupportedMedia,
    /// The address is too long.
    TooLong,
    /// The body is too large.
    TooLarge,
    /// What is known is older than what was asked for.
    NotFreshEnough,
    /// Cannot be answered now; try again.
    Unavailable,
    /// The body comes too slowly.
    TooSlow,
    /// The system behind cannot be reached, or its answer is none.
    BadUpstream,
    /// The system behind took too long.
    UpstreamTooSlow,
    /// A fault of the gateway.
    Internal,
}

/// A code with its permanent meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalDef {
    /// Kebab-case.
    pub code: &'static str,
    /// Where it is refused.
    pub stage: Stage,
    /// What kind it is.
    pub class: Class,
    /// A short sentence that is the same for every occurrence.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub hint: &'static str,
}

/// Where in the request a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A query parameter.
    Parameter(String),
    /// A request header.
    Header(&'static str),
    /// A JSON pointer into the body.
    Pointer(String),
}

/// One fault of a request; a refusal may name several at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Its code.
    pub code: &'static str,
    /// Where it is.
    pub at: At,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl Flaw {
    /// A flaw of a query parameter.
    pub fn parameter(code: &'static str, name: &str, detail: impl Into<String>) -> Flaw {
        Flaw { code, at: At::Parameter(name.to_owned()), detail: detail.into() }
    }

    /// A flaw of the body.
    pub fn pointer(code: &'static str, pointer: &str, detail: impl Into<String>) -> Flaw {
        Flaw { code, at: At::Pointer(pointer.to_owned()), detail: detail.into() }
    }
}

/// A request refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its code's definition.
    pub def: &'static RefusalDef,
    /// What happened in this case, for the consumer's developer. Never holds SQL, hosts or screens.
    pub detail: String,
    /// Its single faults, where there are several places to name.
    pub flaws: Vec<Flaw>,
}

impl Refusal {
    /// A refusal with that code.
    pub fn new(code: &str, detail: impl Into<String>) -> Refusal {
        Refusal { def: def(code), detail: detail.into(), flaws: Vec::new() }
    }

    /// All the faults of a request at once. Their common code, if they have one, is the refusal's.
    pub fn flaws(flaws: Vec<Flaw>) -> Refusal {
        let code = match flaws.first() {
            Some(first) if flaws.iter().all(|f| f.code == first.code) => first.code,
            _ => "bad-request",
        };
        let detail = match flaws.as_slice() {
            [one] => one.detail.clone(),
            several => format!("the request has {} faults; `errors` lists them", several.len()),
        };
        Refusal { def: def(code), detail, flaws }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut codes: Vec<&str> = REGISTRY.iter().map(|d| d.code).collect();
        codes.sort_unstable();
        let n = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), n);
        for d in REGISTRY {
            assert!(d.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", d.code);
            assert!(!d.title.is_empty() && !d.meaning.is_empty() && !d.hint.is_empty(), "{}", d.code);
        }
    }

    #[test]
    fn flaws_of_one_kind_keep_their_code() {
        let f = |code| Flaw::parameter(code, "x", "no");
        assert_eq!(Refusal::flaws(vec![f("bad-value"), f("bad-value")]).def.code, "bad-value");
        assert_eq!(Refusal::flaws(vec![f("bad-value"), f("unknown-field")]).def.code, "bad-request");
    }

    #[test]
    fn an_unlisted_code_is_a_fault_of_ours() {
        assert_eq!(Refusal::new("never-heard-of", "").def.code, "internal");
    }
}
