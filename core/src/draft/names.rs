//! Which names the configuration may give.

use banyan_words::Problem;

/// What a name is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Sources, datasets, lookups: parts of paths and of `source.dataset`.
    Source,
    /// Entities, fields, collections: names in JSON, URLs and query parameters.
    Json,
}

/// A problem if `name` cannot be used so.
pub(super) fn check(path: &str, name: &str, what: &str, usage: Use) -> Option<Problem> {
    let letter = |b: &u8| b.is_ascii_lowercase() || (usage == Use::Source && b.is_ascii_uppercase());
    let rest = |b: &u8| letter(b) || b.is_ascii_digit() || *b == b'_' || (usage == Use::Source && *b == b'-');
    let bytes = name.as_bytes();
    if name.len() <= 64 && bytes.first().is_some_and(letter) && bytes.iter().all(rest) {
        return None;
    }
    let hint = match usage {
        Use::Source => "begin with a letter, go on with letters, digits, _ and -; at most 64 characters",
        Use::Json => "begin with a lowercase letter, go on with lowercase letters, digits and _; at most 64 characters",
    };
    Some(Problem::error("bad-name", path, format!("`{name}` cannot be the name of {what}")).hint(hint))
}
