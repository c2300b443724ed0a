//! Digests of API keys.
//!
//! Invariant: how long a comparison takes tells nothing of the digest that is known.

use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The SHA-256 digest of an API key: 64 hexadecimal digits where people write it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of a key, as it is presented.
    pub fn of(key: &[u8]) -> Digest {
        Digest(Sha256::digest(key).into())
    }

    /// Whether it is that one, in a time that does not depend on where they differ.
    pub fn is(&self, other: &Digest) -> bool {
        same(&self.0, &other.0)
    }
}

/// Equality in a time that depends on the lengths alone.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    // The hint keeps the loop from being cut short where the outcome is known.
    let differs = a.iter().zip(b).fold(0_u8, |sum, (x, y)| std::hint::black_box(sum | (x ^ y)));
    a.len() == b.len() && differs == 0
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Digest, String> {
        let nibble = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut digest = [0; 32];
        let pairs = text.as_bytes().chunks(2);
        let good = text.len() == 64
            && digest.iter_mut().zip(pairs).all(|(byte, pair)| match pair {
                [high, low] => nibble(*high).zip(nibble(*low)).map(|(h, l)| *byte = h << 4 | l).is_some(),
                _ => false,
            });
        // The text is not shown: it may be the key itself.
        let why =
            "this is no digest of a key\na digest has 64 hexadecimal digits; `banyan keys hash` makes one of a key";
        if good { Ok(Digest(digest)) } else { Err(why.to_owned()) }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell two apart.
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), text);
        assert_eq!(Digest::try_from(text.to_uppercase()), Ok(digest));
        for bad in ["", "abc", &text[1..], &format!("{text}0"), &text.replace("ba", "bx"), &"é".repeat(32)] {
            assert!(Digest::try_from((*bad).to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn equality_is_equality() {
        assert!(same(b"", b"") && same(b"ab", b"ab"));
        assert!(!same(b"ab", b"ac") && !same(b"ab", b"abc") && !same(b"", b"a"));
    }
}
