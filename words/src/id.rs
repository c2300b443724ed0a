//! Canonical ids: 128 bits, derived, never drawn.
//!
//! Invariant: an id is the first 128 bits of SHA-256 over the length-prefixed parts
//! `"banyan-id-1"`, entity, key space, and each normalised key part (DESIGN section 2, promise 5).
//! The same legacy world therefore yields the same ids, whatever store or machine it is rebuilt on.

use crate::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// Crockford's base 32 alphabet in lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Length of the text form: 128 bits in groups of five.
pub const TEXT_LEN: usize = 26;

/// A canonical id. Its text form is 26 characters of lower-case Crockford base 32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// The id of the instance that `space` numbers with `parts` (already normalised with [`key_text`]).
    pub fn derive<S: AsRef<str>>(entity: &str, space: &str, parts: &[S]) -> Id {
        let mut h = IdHasher::new(entity, space);
        for p in parts {
            h.part(p.as_ref());
        }
        h.finish()
    }

    /// Reads the text form; letters of either case, and Crockford's look-alikes are *not* accepted,
    /// so that one instance has exactly one address.
    pub fn parse(text: &str) -> Option<Id> {
        let bytes = text.as_bytes();
        if bytes.len() != TEXT_LEN {
            return None;
        }
        let mut n: u128 = 0;
        for (i, b) in bytes.iter().enumerate() {
            let v = DECODE[*b as usize];
            // 26 × 5 = 130 bits: the first character holds the top three bits only.
            if v == 0xff || (i == 0 && v > 7) {
                return None;
            }
            n = (n << 5) | u128::from(v);
        }
        Some(Id(n.to_be_bytes()))
    }

    /// The text form, without allocating.
    pub fn text(&self) -> [u8; TEXT_LEN] {
        let mut n = u128::from_be_bytes(self.0);
        let mut out = [b'0'; TEXT_LEN];
        for slot in out.iter_mut().rev() {
            *slot = ALPHABET[(n & 31) as usize];
            n >>= 5;
        }
        out
    }
}

const DECODE: [u8; 256] = {
    let mut t = [0xff_u8; 256];
    let mut i = 0;
    while i < 32 {
        t[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    t
};

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or("?"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// An [`Id`] in the making. Cloning one that has absorbed entity and space saves hashing them for every record.
#[derive(Clone)]
pub struct IdHasher(Sha256);

impl IdHasher {
    /// Starts with the scheme's name, the entity and the key space.
    pub fn new(entity: &str, space: &str) -> Self {
        let mut h = IdHasher(Sha256::new());
        h.part("banyan-id-1");
        h.part(entity);
        h.part(space);
        h
    }

    /// Absorbs one part, prefixed with its length in bytes (u32, little endian).
    pub fn part(&mut self, text: &str) {
        self.0.update((text.len() as u32).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    /// The id.
    pub fn finish(self) -> Id {
        let digest = self.0.finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Id(id)
    }
}

/// Normalises one key part to the text that is hashed and shown: integers plain, a decimal without
/// trailing zeros, everything else verbatim (CHAR columns are right-trimmed by the adapter, which alone knows
/// the declared type). `None` where the value can be no key: null, missing, floats and nested values.
pub fn key_text<'v>(value: &'v Value<'_>) -> Option<std::borrow::Cow<'v, str>> {
    use std::borrow::Cow;
    match value {
        Value::Text(t) if t.is_empty() => None,
        Value::Text(t) => Some(Cow::Borrowed(t)),
        Value::Integer(i) => Some(Cow::Owned(i.to_string())),
        Value::Decimal(d) => Some(Cow::Owned(d.normalised().to_string())),
        Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Instant(_) | Value::Boolean(_) => {
            Some(Cow::Owned(value.to_text()?.into_owned()))
        }
        Value::Bytes(b) => Some(Cow::Owned(crate::value::hex(b))),
        Value::Ref(id) => Some(Cow::Owned(id.to_string())),
        Value::Null | Value::Missing | Value::Float(..) | Value::List(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form() {
        let id = Id::derive("customer", "erp", &["001001"]);
        assert_eq!(Id::parse(&id.to_string()), Some(id));
        assert_eq!(id.to_string().len(), TEXT_LEN);
    }

    #[test]
    fn ids_are_frozen() {
        // A change here re-numbers every store in the field. It must never be made.
        assert_eq!(Id::derive("customer", "erp", &["001001"]).to_string(), "5pga7r8a2xsmynwhp3fje39cc1");
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        assert_ne!(Id::derive("a", "b", &["xy", "z"]), Id::derive("a", "b", &["x", "yz"]));
    }

    #[test]
    fn text_that_is_no_id_is_refused() {
        assert_eq!(Id::parse(""), None);
        assert_eq!(Id::parse("zzzzzzzzzzzzzzzzzzzzzzzzzz"), None, "130 bits");
        assert_eq!(Id::parse("0000000000000000000000000u"), None, "u is not in the alphabet");
        assert_eq!(Id::parse("0000000000000000000000000É"), None);
    }
}
