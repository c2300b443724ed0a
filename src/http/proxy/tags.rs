//! ETags that name the side that made them.
//!
//! Two systems may give the same tag to different bodies: both count versions, say. So what modern made goes to callers
//! as `"…~modern"`, as long as there is another side, and comes back to it as it was. What legacy made stays as it is: it
//! was in callers' hands before there was a modern side.
//! Invariant: no side is asked with a tag of the other's in a way that it could take for its own.
//! Not here: which side a request with `If-Match` goes to (`handle`).

use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use banyan_upstream::Fields;

/// What modern's tags end with.
const MODERN: &[u8] = b"~modern";
/// What is added to legacy's, so that modern finds that it has none of it.
const LEGACY: &[u8] = b"~legacy";

/// The conditions of a request, as the side knows them that is asked.
pub(super) fn ask(route: &Route, side: Side, fields: &mut Fields) {
    if side == Side::Legacy || !route.has_two_sides() {
        return;
    }
    for (name, foreign) in
        [("if-match", Foreign::Kept), ("if-none-match", Foreign::Dropped), ("if-range", Foreign::Dropped)]
    {
        let Some(given) = joined(fields, name) else { continue };
        let mine = of_modern(&given, foreign);
        if mine.is_empty() {
            fields.remove(name);
            if name == "if-range" {
                // A part of something else: it is given whole (RFC 9110, 13.1.5).
                fields.remove("range");
            }
        } else if mine != given {
            fields.set(name, &mine);
        }
    }
}

/// An answer's tag, as callers hold it.
pub(super) fn name(route: &Route, side: Side, fields: &mut Fields) {
    if side == Side::Legacy || !route.has_two_sides() {
        return;
    }
    if let Some(tag) = fields.get("etag")
        && let Some(named) = marked(tag, MODERN)
    {
        fields.set("etag", &named);
    }
}

/// The side that made the tags of an `If-Match`. `None`: it names none, or both.
pub(in crate::http) fn made_by<'v>(if_match: impl Iterator<Item = &'v [u8]>) -> Option<Side> {
    let mut made_by = None;
    for tag in if_match.flat_map(tags).filter(|tag| opaque(tag).is_some()) {
        let side = if unmarked(tag).is_some() { Side::Modern } else { Side::Legacy };
        if *made_by.get_or_insert(side) != side {
            return None;
        }
    }
    made_by
}

/// What becomes of a tag of the other side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Foreign {
    /// Nothing is like it: with none left the request has no condition.
    Dropped,
    /// The condition stays, and is not met.
    Kept,
}

fn joined(fields: &Fields, name: &'static str) -> Option<Vec<u8>> {
    let all: Vec<&[u8]> = fields.get_all(name).collect();
    (!all.is_empty()).then(|| all.join(&b", "[..]))
}

fn of_modern(given: &[u8], foreign: Foreign) -> Vec<u8> {
    let mut mine: Vec<Vec<u8>> = Vec::new();
    for tag in tags(given) {
        match (unmarked(tag), foreign, opaque(tag)) {
            (Some(own), ..) => mine.push(own),
            (None, Foreign::Dropped, Some(_)) => {}
            (None, Foreign::Kept, Some(_)) => mine.extend(marked(tag, LEGACY)),
            // `*`, a date, or what is no tag: that is between the two.
            (None, _, None) => mine.push(tag.to_vec()),
        }
    }
    mine.join(&b", "[..])
}

/// The tags of a list (RFC 9110, 8.8.3 and 13.1): commas within quotes part nothing. A date is parted, and put together
/// again by whoever joins it.
fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let parts = list.split(move |b| {
        quoted ^= *b == b'"';
        *b == b',' && !quoted
    });
    parts.map(<[u8]>::trim_ascii).filter(|part| !part.is_empty())
}

/// A tag without its quotes and its `W/`.
fn opaque(tag: &[u8]) -> Option<&[u8]> {
    tag.strip_prefix(b"W/").unwrap_or(tag).strip_prefix(b"\"")?.strip_suffix(b"\"")
}

fn marked(tag: &[u8], mark: &[u8]) -> Option<Vec<u8>> {
    opaque(tag)?;
    Some([tag.strip_suffix(b"\"")?, mark, b"\""].concat())
}

fn unmarked(tag: &[u8]) -> Option<Vec<u8>> {
    opaque(tag)?.strip_suffix(MODERN)?;
    Some([tag.strip_suffix(b"\"")?.strip_suffix(MODERN)?, b"\""].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(given: &str, foreign: Foreign) -> String {
        String::from_utf8(of_modern(given.as_bytes(), foreign)).unwrap()
    }

    #[test]
    fn each_side_is_asked_with_its_own() {
        for (given, dropped, kept) in [
            (r#""5""#, "", r#""5~legacy""#),
            (r#""5~modern""#, r#""5""#, r#""5""#),
            (r#"W/"a,b~modern", "5" ,,W/"x""#, r#"W/"a,b""#, r#"W/"a,b", "5~legacy", W/"x~legacy""#),
            ("*", "*", "*"),
            ("Mon, 01 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 GMT"),
            ("unquoted", "unquoted", "unquoted"),
            (r#""~modern""#, r#""""#, r#""""#),
        ] {
            assert_eq!(
                (told(given, Foreign::Dropped), told(given, Foreign::Kept)),
                (dropped.into(), kept.into()),
                "{given}"
            );
        }
    }

    #[test]
    fn a_tag_tells_who_made_it() {
        for (given, side) in [
            (r#""5""#, Some(Side::Legacy)),
            (r#"W/"5~modern""#, Some(Side::Modern)),
            (r#""5", "6~modern""#, None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(made_by([given.as_bytes()].into_iter()), side, "{given}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_was_named_comes_back_as_it_was(tag in "(W/)?\"[!#-~]{0,12}\"") {
            let named = marked(tag.as_bytes(), MODERN).unwrap();
            proptest::prop_assert_eq!(of_modern(&named, Foreign::Dropped), tag.clone().into_bytes());
            proptest::prop_assert!(made_by([&named[..]].into_iter()) == Some(Side::Modern));
            let ours = of_modern(tag.as_bytes(), Foreign::Kept);
            proptest::prop_assert!(ours != tag.clone().into_bytes());
        }
    }
}
