//! What a request asks for: query strings and keys, parsed and typed against the catalog.
//!
//! Purpose: one place decides which parameters exist; the document ([`Offer`]) and the parser read the same list, so they
//! cannot disagree.
//! Invariant: pure; no input panics; every fault of a request is told at once, with the valid names.
//! Not here: headers and bodies as HTTP knows them (`http`), running the query (`runtime/execute`).

mod base64;
mod binding;
mod cursor;
mod filter;
mod key;
mod list;
mod narrow;
mod offer;
mod params;
mod select;
#[cfg(test)]
mod tests;

pub use cursor::{CursorFault, Position, change_token, cursor_token, is_token, read_change_token};
pub use filter::{Filter, Test, expected};
pub use key::{KeySpace, LookupIntent, key_spaces, parse_lookup, parse_lookup_body};
pub use list::{DEFAULT_LIMIT, ListIntent, MAX_LIMIT, MAX_LIMIT_WITH_CHILDREN, Scope, SortBy, parse_list, plain_list};
pub use narrow::{Narrowed, Narrowing, narrowed};
pub use offer::{ChangesIntent, Offer, RESERVED_PARAMETERS, filters, parse_changes};
pub use params::{Param, decode, params};
pub use select::{EMBED_DEPTH, Embed, Link, Selection, embed_paths, parse_selection};
