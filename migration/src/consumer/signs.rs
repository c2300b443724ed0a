//! By what a consumer is known, as it can be told to people: never a key, a token or more of a digest than tells it apart.

use super::Digest;
use std::fmt;

/// What of a request showed who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A key, as `X-Api-Key`.
    Key,
    /// A key, as a bearer's token.
    Bearer,
    /// Claims of a token.
    Claim,
    /// A header.
    Header,
    /// A certificate that a proxy tells of.
    Certificate,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Key => "its key in `X-Api-Key`",
            By::Bearer => "its key in `Authorization`",
            By::Claim => "the claims of its token, which the proxy must have verified",
            By::Header => "a header, which anyone can send",
            By::Certificate => "its certificate, which the proxy tells of",
        })
    }
}

/// Something by which a consumer is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// A key with that digest.
    Key(Digest),
    /// A header's name, in small letters, and its value.
    Header(String, String),
    /// What stands in the certificate's header.
    Certificate(String, String),
    /// Claims, all of which hold.
    Claim(Vec<(String, String)>),
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sign::Key(digest) => write!(f, "the key whose digest begins with {}", &digest.to_string()[..8]),
            Sign::Header(name, value) => write!(f, "the header `{name}: {value}`"),
            Sign::Certificate(header, value) => write!(f, "the certificate `{value}` in `{header}`"),
            Sign::Claim(claims) => {
                let all: Vec<String> = claims.iter().map(|(name, value)| format!("`{name}: {value}`")).collect();
                write!(f, "the claim {}", all.join(" and "))
            }
        }
    }
}
