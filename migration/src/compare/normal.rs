//! One text for all documents that say the same under the rules: elements of arrays are found by it.

use super::Rules;
use super::diff::redacted;
use crate::json::Doc;
use crate::path::Step;
use jiff::Timestamp;

/// The instant a text names, if it is one: RFC 3339 with an offset. A local time is no instant.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    // Cheap test first: `2026-01-31T…`.
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 20 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    let timed = matches!(bytes.get(10), Some(b'T' | b't' | b' '));
    if dated && timed { text.parse().ok() } else { None }
}

/// The normal text of a document that stands at `place`. Tolerances cannot be normalised: what they allow shows here.
pub(super) fn normal(doc: &Doc, rules: &Rules, place: &mut Vec<Step>) -> String {
    let mut text = String::new();
    write(doc, rules, place, &mut text);
    text
}

fn write(doc: &Doc, rules: &Rules, place: &mut Vec<Step>, out: &mut String) {
    if rules.ignores(place) {
        return;
    }
    match doc {
        Doc::Null => out.push_str("null"),
        Doc::Boolean(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Doc::Number(number) => out.push_str(&number.normal()),
        Doc::Text(_) if rules.opaque(place) => out.push_str("(text)"),
        Doc::Text(text) => match instant(text) {
            // No string looks like this: strings are quoted.
            Some(at) => out.push_str(&format!("@{at}")),
            None => out.push_str(&format!("{text:?}")),
        },
        Doc::List(items) => {
            let parts = items.iter().enumerate().map(|(n, item)| below(Step::Index(n), item, rules, place));
            let mut parts: Vec<String> = parts.collect();
            if rules.unordered(place) {
                parts.sort_unstable();
            }
            out.push_str(&format!("[{}]", parts.join(",")));
        }
        Doc::Object(members) => {
            let mut parts = Vec::with_capacity(members.len());
            for (name, member) in members {
                place.push(Step::Name(name.clone()));
                if !rules.ignores(place) {
                    parts.push(format!("{name:?}:{}", normal(member, rules, place)));
                }
                place.pop();
            }
            parts.sort_unstable();
            out.push_str(&format!("{{{}}}", parts.join(",")));
        }
    }
}

fn below(step: Step, doc: &Doc, rules: &Rules, place: &mut Vec<Step>) -> String {
    place.push(step);
    let text = normal(doc, rules, place);
    place.pop();
    text
}

/// The document for people, personal places redacted.
pub(super) fn readable(doc: &Doc, rules: &Rules, place: &mut Vec<Step>) -> String {
    if rules.personal(place) {
        return redacted(doc);
    }
    let mut parts = Vec::new();
    match doc {
        Doc::List(items) => {
            for (n, item) in items.iter().enumerate().take(20) {
                place.push(Step::Index(n));
                parts.push(readable(item, rules, place));
                place.pop();
            }
            format!("[{}]", parts.join(","))
        }
        Doc::Object(members) => {
            for (name, member) in members.iter().take(20) {
                place.push(Step::Name(name.clone()));
                parts.push(format!("{name:?}:{}", readable(member, rules, place)));
                place.pop();
            }
            format!("{{{}}}", parts.join(","))
        }
        Doc::Text(text) => format!("{text:?}"),
        Doc::Number(number) => number.text().to_owned(),
        Doc::Boolean(yes) => yes.to_string(),
        Doc::Null => "null".to_owned(),
    }
}
