//! Trace ids: the caller's, if it sent a `traceparent` (W3C Trace Context), else one of our own.

use actix_web::http::header::{HeaderMap, HeaderName};
use banyan_words::codec::hash;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The request's trace id, 32 hexadecimal digits. Made only where one is shown or logged.
pub fn id(headers: &HeaderMap) -> String {
    let given = headers.get(TRACEPARENT).and_then(|v| v.to_str().ok()).and_then(of_parent);
    given.map(str::to_owned).unwrap_or_else(fresh)
}

/// The trace of a request that goes on to another system.
pub(super) struct Traced {
    id: String,
    /// The `traceparent` to send, where the caller's was none.
    pub(super) made: Option<String>,
}

impl Traced {
    /// The caller's, else one that begins here.
    pub(super) fn of(headers: &HeaderMap) -> Traced {
        match headers.get(TRACEPARENT).and_then(|v| v.to_str().ok()).and_then(of_parent) {
            Some(given) => Traced { id: given.to_owned(), made: None },
            None => {
                let id = fresh();
                let span = fresh();
                let made = format!("00-{id}-{}-01", span.get(..16).unwrap_or_default());
                Traced { id, made: Some(made) }
            }
        }
    }

    /// 32 hexadecimal digits.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

fn of_parent(parent: &str) -> Option<&str> {
    let mut pieces = parent.split('-');
    let (version, trace, span) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let hex = |t: &str, len| t.len() == len && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let zero = |t: &str| t.bytes().all(|b| b == b'0');
    let good = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(span, 16) && !zero(trace) && !zero(span);
    good.then_some(trace)
}

fn fresh() -> String {
    static SEED: LazyLock<(u64, u64)> =
        LazyLock::new(|| (RandomState::new().hash_one(1), RandomState::new().hash_one(2)));
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    format!("{:016x}{:016x}", hash(&n, SEED.0), hash(&n, SEED.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_parent_is_taken_over() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(of_parent(&format!("00-{trace}-00f067aa0ba902b7-01")), Some(trace));
        for bad in [
            "",
            "00-x-y-z",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(of_parent(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_of_our_own_differ() {
        assert_eq!(fresh().len(), 32);
        assert_ne!(fresh(), fresh());
    }
}
