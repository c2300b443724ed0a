//! A JSON document whose numbers keep every digit.
//!
//! The grammar is serde_json's; this only takes its raw values apart, so that a number is never a float on the way.
//! Invariant: input of any shape gives a document or a reason; depth is bounded.

use crate::Number;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Deeper documents are not compared.
pub const DEEPEST: usize = 64;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Doc {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Doc>),
    /// An object, its members in the order they came.
    Object(Vec<(String, Doc)>),
}

/// Why a body is not a document that can be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Invalid(String),
    /// It is nested too deeply.
    #[error("nested deeper than {DEEPEST} levels")]
    TooDeep,
    /// An object has a name twice: which one counts is anybody's guess.
    #[error("the name {0:?} stands twice in one object")]
    Twice(String),
}

impl Doc {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Doc, NotJson> {
        let raw: &RawValue = serde_json::from_slice(bytes).map_err(invalid)?;
        take(raw.get(), 0)
    }

    /// What kind of value it is, in JSON's words.
    pub fn kind(&self) -> &'static str {
        match self {
            Doc::Null => "null",
            Doc::Boolean(_) => "boolean",
            Doc::Number(_) => "number",
            Doc::Text(_) => "string",
            Doc::List(_) => "array",
            Doc::Object(_) => "object",
        }
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Doc> {
        match self {
            Doc::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, d)| d),
            _ => None,
        }
    }
}

fn invalid(e: serde_json::Error) -> NotJson {
    NotJson::Invalid(e.to_string())
}

fn take(text: &str, depth: usize) -> Result<Doc, NotJson> {
    if depth > DEEPEST {
        return Err(NotJson::TooDeep);
    }
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    Ok(match text.as_bytes().first() {
        Some(b'n') => Doc::Null,
        Some(b't') => Doc::Boolean(true),
        Some(b'f') => Doc::Boolean(false),
        Some(b'"') => Doc::Text(serde_json::from_str(text).map_err(invalid)?),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(invalid)?;
            Doc::List(items.into_iter().map(|i| take(i.get(), depth + 1)).collect::<Result<_, _>>()?)
        }
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(invalid)?;
            let mut names: Vec<&str> = members.iter().map(|(n, _)| n.as_ref()).collect();
            names.sort_unstable();
            if let Some(name) = names.windows(2).find(|w| w.first() == w.last()).and_then(|w| w.first()) {
                return Err(NotJson::Twice((*name).to_owned()));
            }
            let taken = members.into_iter().map(|(n, d)| Ok((n.into_owned(), take(d.get(), depth + 1)?)));
            Doc::Object(taken.collect::<Result<_, _>>()?)
        }
        _ => Doc::Number(Number::new(text)),
    })
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taken;
        impl<'de> Visitor<'de> for Taken {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((Cow::Owned(name), value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Taken).map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_are_kept_and_odd_documents_refused() {
        let doc = Doc::parse(br#" {"a": [1.10, {"b": "x\u0041"}], "n": 12345678901234567890.123 } "#).unwrap();
        assert_eq!(doc.get("n"), Some(&Doc::Number(Number::new("12345678901234567890.123"))));
        assert_eq!(doc.get("a").map(Doc::kind), Some("array"));
        assert_eq!(Doc::parse(br#"{"a":1,"a":2}"#), Err(NotJson::Twice("a".into())));
        assert!(matches!(Doc::parse(b"{"), Err(NotJson::Invalid(_))));
        assert!(matches!(Doc::parse(b""), Err(NotJson::Invalid(_))));
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert_eq!(Doc::parse(deep.as_bytes()), Err(NotJson::TooDeep));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_document_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Doc::parse(&bytes);
        }

        #[test]
        fn what_serde_json_takes_is_taken(text in r#"[\[\]{}:,"a1.e\-+ tnf]{0,40}"#) {
            let ours = Doc::parse(text.as_bytes());
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // Floats out of range and names that stand twice are where the two differ by intent.
            if theirs.is_ok() {
                prop_assert!(ours.is_ok() || matches!(ours, Err(NotJson::Twice(_))), "{text} {ours:?}");
            }
        }
    }
}
