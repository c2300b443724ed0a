//! A configuration document as a tree that knows where each of its parts stands in the text.
//!
//! Invariant: a scalar keeps the text the user wrote (`0123` stays `0123`, `no` stays `no`); only the type that reads
//! it decides what it means. Not here: YAML, includes and secrets (the gateway's `config`).

use crate::Spot;

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub spot: Spot,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A scalar; `plain` if it was written without quotes.
    Scalar {
        /// Its text.
        text: String,
        /// Written without quotes: may be read as null, a number or a boolean.
        plain: bool,
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
