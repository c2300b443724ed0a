//! Members taken out of a JSON document; all else stays as it was written.
//!
//! Not here: which members, and what is done with a document that is none.

use super::members::Members;
use banyan_migration::path::{Pattern, Step};
use serde_json::value::RawValue;

/// A document without the members at these places. `None`: it is no JSON.
pub fn prune(body: &[u8], at: &[Pattern]) -> Option<Vec<u8>> {
    let raw: &RawValue = serde_json::from_slice(body).ok()?;
    let mut out = Vec::with_capacity(body.len());
    walk(raw, at, &mut Vec::new(), &mut out)?;
    Some(out)
}

fn walk(raw: &RawValue, at: &[Pattern], place: &mut Vec<Step>, out: &mut Vec<u8>) -> Option<()> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).ok()?;
            out.push(b'{');
            let begin = out.len();
            for (name, member) in members {
                let through = at.iter().any(|p| p.leads_through(place, &name));
                let key = serde_json::to_vec(&name).ok()?;
                if through {
                    place.push(Step::Name(name.into_owned()));
                    if at.iter().any(|p| p.matches(place)) {
                        place.pop();
                        continue;
                    }
                }
                if out.len() > begin {
                    out.push(b',');
                }
                out.extend(key);
                out.push(b':');
                if through {
                    walk(member, at, place, out)?;
                    place.pop();
                } else {
                    out.extend_from_slice(member.get().as_bytes());
                }
            }
            out.push(b'}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push(b'[');
            for (n, item) in items.into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                place.push(Step::Index(n));
                walk(item, at, place, out)?;
                place.pop();
            }
            out.push(b']');
        }
        _ => out.extend_from_slice(text.as_bytes()),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_taken_out_and_all_else_stays_as_it_was_written() {
        let at: Vec<Pattern> = ["/items/*/fax", "/items/*/to/fax"].iter().map(|t| t.parse().unwrap()).collect();
        let told = |body: &str| prune(body.as_bytes(), &at).map(|out| String::from_utf8(out).unwrap());
        let body = r#"{"items": [{"fax":"1", "n": 1.10}, {"n":1e400,"f\u0061x":{"a":[]},"to":{"fax":2,"x":{"fax":3}},"fax":4},7],"fax":5}"#;
        let without = r#"{"items":[{"n":1.10},{"n":1e400,"to":{"x":{"fax":3}}},7],"fax":5}"#;
        assert_eq!(told(body).as_deref(), Some(without));
        assert_eq!(told(r#"{"items":[{"fax":1}]}"#).as_deref(), Some(r#"{"items":[{}]}"#));
        assert_eq!(told("[1,").as_deref(), None);
        assert_eq!(told("").as_deref(), None);
    }
}
