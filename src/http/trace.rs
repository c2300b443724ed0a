//! Trace ids: the caller's, if it sent a `traceparent` (W3C Trace Context), else one of our own.

use actix_web::http::header::{HeaderMap, HeaderName};
use banyan_words::codec::hash;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Bytes of a `traceparent`, and those in it that are the trace.
const PARENT: usize = 55;
const TRACE: std::ops::Range<usize> = 3..35;

/// The request's trace id, 32 hexadecimal digits. Made only where one is shown or logged.
pub fn id(headers: &HeaderMap) -> String {
    let given = headers.get(TRACEPARENT).and_then(|v| v.to_str().ok()).and_then(of_parent);
    given.map(str::to_owned).unwrap_or_else(fresh)
}

/// The trace of a request that goes on to another system.
pub(super) struct Traced {
    /// As it came, or as it is sent.
    parent: String,
    made: bool,
}

impl Traced {
    /// The caller's, else one that begins here.
    pub(super) fn of(headers: &HeaderMap) -> Traced {
        match headers.get(TRACEPARENT).and_then(|v| v.to_str().ok()).and_then(of_parent) {
            Some(given) => Traced { parent: format!("00-{given}"), made: false },
            None => {
                let mut parent = String::with_capacity(PARENT);
                parent.push_str("00-");
                number().into_iter().for_each(|half| hex(&mut parent, half));
                parent.push('-');
                hex(&mut parent, number()[0]);
                parent.push_str("-01");
                Traced { parent, made: true }
            }
        }
    }

    /// 32 hexadecimal digits.
    pub(super) fn id(&self) -> &str {
        self.parent.get(TRACE).unwrap_or_default()
    }

    /// The `traceparent` to send, where the caller's was none.
    pub(super) fn made(&self) -> Option<&str> {
        self.made.then_some(&*self.parent)
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
    let mut id = String::with_capacity(32);
    number().into_iter().for_each(|half| hex(&mut id, half));
    id
}

/// Sixteen hexadecimal digits. Made for each request: without the machinery of formats.
fn hex(to: &mut String, number: u64) {
    let digits: [u8; 16] = std::array::from_fn(|at| b"0123456789abcdef"[(number >> (60 - 4 * at)) as usize & 15]);
    to.push_str(std::str::from_utf8(&digits).unwrap_or_default());
}

/// 128 bits that nobody else has.
fn number() -> [u64; 2] {
    static SEED: LazyLock<(u64, u64)> =
        LazyLock::new(|| (RandomState::new().hash_one(1), RandomState::new().hash_one(2)));
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    [hash(&n, SEED.0), hash(&n, SEED.1)]
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
        let mut digits = String::new();
        hex(&mut digits, 0x0123_4567_89ab_cdef);
        assert_eq!(digits, "0123456789abcdef");
    }

    #[test]
    fn what_is_made_is_a_parent_and_what_is_given_is_kept() {
        let made = Traced::of(&HeaderMap::new());
        let parent = made.made().unwrap();
        assert_eq!((parent.len(), of_parent(parent)), (PARENT, Some(made.id())));
        let (mut headers, trace) = (HeaderMap::new(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let parent = format!("01-{trace}-00f067aa0ba902b7-01-more");
        headers.insert(TRACEPARENT, parent.parse().unwrap());
        let given = Traced::of(&headers);
        assert_eq!((given.id(), given.made()), (trace, None));
    }
}
