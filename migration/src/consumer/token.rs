//! The claims of a token, read and not verified: whoever reads them here says that somebody else has.

use serde_json::{Map, Value};

/// Longest token that is read, in bytes.
pub(super) const LONGEST: usize = 8_192;

/// The claims of a JSON Web Token (RFC 7519). `None`: it is none, or too long.
pub(super) fn claims(token: &[u8]) -> Option<Map<String, Value>> {
    if token.len() > LONGEST {
        return None;
    }
    let mut parts = token.split(|b| *b == b'.');
    let (_head, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&decoded(payload)?).ok()
}

/// Whether a claim has that value, or, being a list, holds it.
pub(super) fn holds(claims: &Map<String, Value>, name: &str, value: &str) -> bool {
    let is = |v: &Value| v.as_str() == Some(value);
    claims.get(name).is_some_and(|v| is(v) || v.as_array().is_some_and(|all| all.iter().any(is)))
}

/// base64url without padding (RFC 4648, 5).
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.chunks(4) {
        let mut bits: u32 = 0;
        for c in chunk {
            let six = match c {
                b'A'..=b'Z' => c - b'A',
                b'a'..=b'z' => c - b'a' + 26,
                b'0'..=b'9' => c - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(six);
        }
        let [_, a, b, c] = (bits << (6 * (4 - chunk.len()))).to_be_bytes();
        match chunk.len() {
            4 => out.extend([a, b, c]),
            3 => out.extend([a, b]),
            2 => out.push(a),
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read() {
        // {"client_id":"shop","aud":["a","b"],"n":1}
        let token = b"eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJzaG9wIiwiYXVkIjpbImEiLCJiIl0sIm4iOjF9.sig";
        let found = claims(token).unwrap();
        assert!(holds(&found, "client_id", "shop") && holds(&found, "aud", "b"));
        assert!(!holds(&found, "client_id", "Shop") && !holds(&found, "n", "1") && !holds(&found, "sub", ""));
    }

    #[test]
    fn what_is_no_token_has_no_claims() {
        for bad in [&b""[..], b"a.b", b"a.b.c.d", b"..", b"x.e30=.y", b"x.\xff\xfe.y", b"x.bnVsbA.y", b"x.A.y"] {
            assert!(claims(bad).is_none(), "{:?}", String::from_utf8_lossy(bad));
        }
        assert!(claims(b"x.e30.y").is_some());
        let deep = format!("x.{}.y", "W1tb".repeat(2_000));
        assert!(claims(deep.as_bytes()).is_none());
        assert!(claims(format!("x.{}.y", "e30".repeat(4_000)).as_bytes()).is_none());
    }
}
