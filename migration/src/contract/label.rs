//! Names of differences: of what they are, and not of where they stand in a file, so that a document may grow beside them.

use super::Kind;
use sha2::{Digest, Sha256};

/// Digits of a short id.
const DIGITS: usize = 8;

/// The name: `GET /v1/customers/{id} 200 /credit_limit: type number -> string`. `at` is a place in a schema
/// (`items[].name`), or nothing.
pub(super) fn name(site: &str, at: &str, kind: Kind, detail: &str) -> String {
    let place = place(at);
    let kind = serde_json::to_value(kind).ok().and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default();
    let space = if detail.is_empty() { "" } else { " " };
    format!("{site}{place}: {kind}{space}{detail}")
}

/// A place in a schema, as a name has it: ` /items/*/name`.
pub(super) fn place(at: &str) -> String {
    match at {
        "" => String::new(),
        at => format!(" /{}", at.replace("[]", ".*").replace('.', "/").trim_start_matches('/')),
    }
}

/// The short id of a name: `#3f2a91c0`.
pub(super) fn id(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>();
    format!("#{}", digest.get(..DIGITS).unwrap_or_default())
}

/// Whether a text holds a name; `*` in it stands for anything.
pub(super) fn holds(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(found) = rest.find(part) else { return false };
        rest = rest.get(found + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_and_found_again() {
        let told = name("GET /v1/customers/{id} 200", "items[].credit_limit", Kind::Type, "number -> string");
        assert_eq!(told, "GET /v1/customers/{id} 200 /items/*/credit_limit: type number -> string");
        assert_eq!(name("GET /a", "", Kind::RemovedPath, ""), "GET /a: removed-path");
        assert_eq!(name("GET /a 200", "[].x", Kind::RemovedField, ""), "GET /a 200 /*/x: removed-field");
        let short = id(&told);
        assert!(short.len() == 9 && short.starts_with('#') && short != id("GET /a: removed-path"), "{short}");
        for (pattern, yes) in [
            (told.as_str(), true),
            ("*", true),
            ("GET * 200 /items/*/credit_limit: type *", true),
            ("* 200 *: type number -> string", true),
            ("GET /v1/customers/{id} 200 /items/*/credit_limit: type", false),
            ("* 200 *: type number", false),
            ("PUT*", false),
            ("", false),
        ] {
            assert_eq!(holds(pattern, &told), yes, "{pattern}");
        }
        assert!(!holds("a*a", "a") && holds("a*a", "aa"), "what is found once counts once");
    }
}
