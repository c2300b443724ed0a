//! A configuration document as a tree that knows where each of its parts stands in the text.
//!
//! Invariant: a scalar keeps the text the user wrote (`0123` stays `0123`, `no` stays `no`); only the type that reads
//! it decides what it means ([`read`]). A scalar that holds a secret is never shown, not even by `Debug`.
//! Not here: includes and expanding secrets (the gateway's `config`). YAML itself only with the feature `yaml`.

mod access;
mod de;
mod fail;
mod named;
mod path;
mod phantom;
mod read;
mod scalar;
pub mod units;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use named::Named;
pub use path::{join, join_index};
pub use read::{Reading, read, read_partly, tagged};
pub use units::{Dur, Percent, Secret, Size};

use crate::Spot;
use std::fmt;

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub spot: Spot,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// A scalar; `plain` if it was written without quotes.
    Scalar {
        /// Its text.
        text: String,
        /// Written without quotes: may be read as null, a number or a boolean.
        plain: bool,
        /// Holds text from `${env:…}` or `${file:…}`: never shown.
        secret: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in order; keys with their places.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub spot: Spot,
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Scalar { secret: true, .. } => f.write_str("Scalar(secret)"),
            Kind::Scalar { text, plain: true, .. } => write!(f, "Scalar({text})"),
            Kind::Scalar { text, .. } => write!(f, "Scalar({text:?})"),
            Kind::List(items) => f.debug_list().entries(items).finish(),
            Kind::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, n)| (&k.text, n))).finish(),
        }
    }
}

impl Node {
    /// A scalar at no known place. `plain`: as if written without quotes.
    pub fn scalar(text: impl Into<String>, plain: bool) -> Node {
        Node { spot: Spot::default(), kind: Kind::Scalar { text: text.into(), plain, secret: false } }
    }

    /// A list at no known place.
    pub fn list(items: Vec<Node>) -> Node {
        Node { spot: Spot::default(), kind: Kind::List(items) }
    }

    /// A map at no known place.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Node)>) -> Node {
        let keyed = entries.into_iter().map(|(k, n)| (Key { text: k.into(), spot: Spot::default() }, n));
        Node { spot: Spot::default(), kind: Kind::Map(keyed.collect()) }
    }

    /// The value under `key`; `None` where there is none or this is no map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k.text == key).map(|(_, n)| n)
    }

    /// The entries of a map, in order; none for anything else.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar, as written.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Nothing was written, or a plain `null` or `~`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true, .. } if scalar::is_null(text))
    }

    /// A scalar that holds a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Scalar { secret: true, .. })
    }

    /// Two maps: the entries under one of `keys`, and the rest. Anything but a map is all rest.
    pub fn split(&self, keys: &[&str]) -> (Node, Node) {
        let Kind::Map(entries) = &self.kind else {
            return (Node { spot: self.spot.clone(), kind: Kind::Map(Vec::new()) }, self.clone());
        };
        let (common, rest) = entries.iter().cloned().partition(|(k, _)| keys.contains(&k.text.as_str()));
        let map = |entries| Node { spot: self.spot.clone(), kind: Kind::Map(entries) };
        (map(common), map(rest))
    }

    /// Told to a person: `a list`, `text "abc"`; a secret is not shown.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::List(_) => "a list".into(),
            Kind::Map(_) => "a map".into(),
            Kind::Scalar { secret: true, .. } => "a secret".into(),
            Kind::Scalar { text, plain: true, .. } if text.is_empty() => "nothing".into(),
            Kind::Scalar { text, .. } => format!("`{}`", scalar::shown(text)),
        }
    }
}

/// For tests and for documents that come as JSON: strings are quoted scalars, the rest is plain.
impl From<serde_json::Value> for Node {
    fn from(value: serde_json::Value) -> Node {
        use serde_json::Value as J;
        match value {
            J::Null => Node::scalar("null", true),
            J::Bool(b) => Node::scalar(b.to_string(), true),
            J::Number(n) => Node::scalar(n.to_string(), true),
            J::String(s) => Node::scalar(s, false),
            J::Array(items) => Node::list(items.into_iter().map(Node::from).collect()),
            J::Object(map) => Node::map(map.into_iter().map(|(k, v)| (k, Node::from(v)))),
        }
    }
}

#[cfg(test)]
mod tests;
