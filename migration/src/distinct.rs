//! A comparison counts once: repeats of one request about one version of one entity are not independent.
//!
//! Invariant: what counted in a window is not counted in it again; a repeat that comes out worse takes the place of what
//! it repeats, so that a fault that shows now and then is not hidden by the time it did not. Counts therefore do not depend
//! on the order in which repeats come.
//! Not here: where prints are kept (the evidence store).

use crate::compare::Outcome;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long a comparison is remembered: a day, in milliseconds.
pub const WINDOW_MS: i64 = 86_400_000;

/// How many of a route are remembered. Beyond it nothing counts, rather than anything twice.
pub const MOST: u64 = 500_000;

/// What made a comparison distinct.
pub type Print = [u8; 16];

/// What is remembered of a comparison that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// As what it counted.
    pub outcome: Outcome,
    /// Which clusters made it so; 0 for a match, and where they were too many.
    pub signature: u64,
}

/// Names a comparison: the request (method, path, query, headers that choose), the entity asked for, its version.
pub fn print(request: &str, entity: &str, version: &str) -> Print {
    let mut digest = Sha256::new();
    for part in [request, entity, version] {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut print = Print::default();
    print.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
    print
}

/// How bad an outcome is.
pub fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Match => 0,
        Outcome::Indeterminate => 1,
        Outcome::Mismatch => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_tell_requests_entities_and_versions_apart() {
        let one = print("GET /v1/customers/1", "1", "v1");
        assert_eq!(one, print("GET /v1/customers/1", "1", "v1"));
        assert_ne!(one, print("GET /v1/customers/1", "1", "v2"));
        assert_ne!(print("ab", "c", ""), print("a", "bc", ""));
    }
}
