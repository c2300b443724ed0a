//! Places in a document, as JSON Pointers (RFC 6901), and patterns of such places.
//!
//! In a pattern `*` stands for any one step (any index, any name), `**` for any number of them, at the end only.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To a member of an object.
    Name(String),
    /// To an element of an array, from 0.
    Index(usize),
    /// To an element of an array whose order does not count.
    Any,
}

/// A pattern of places, as configuration writes it: `/items/*/at`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    steps: Vec<String>,
    deep: bool,
}

impl Pattern {
    /// Whether the place is one of the pattern's.
    pub fn matches(&self, place: &[Step]) -> bool {
        let enough = if self.deep { place.len() >= self.steps.len() } else { place.len() == self.steps.len() };
        enough && self.steps.iter().zip(place).all(|(pattern, step)| step_matches(pattern, step))
    }

    /// Whether a place of the pattern's may lie at the member of that name of what stands at `place`, or within it.
    pub fn leads_through(&self, place: &[Step], name: &str) -> bool {
        let deep_enough = self.deep && place.len() >= self.steps.len();
        let next = self.steps.get(place.len()).is_some_and(|s| s == "*" || s == name);
        self.steps.iter().zip(place).all(|(pattern, step)| step_matches(pattern, step)) && (deep_enough || next)
    }
}

fn step_matches(pattern: &str, step: &Step) -> bool {
    pattern == "*"
        || match step {
            Step::Name(name) => pattern == name,
            Step::Index(index) => pattern.parse() == Ok(*index),
            Step::Any => false,
        }
}

/// A pattern that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a place in a document: write a JSON Pointer such as /items/*/at; `**` may stand at its end only")]
pub struct NotAPattern(pub String);

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Pattern, NotAPattern> {
        let wrong = || NotAPattern(text.to_owned());
        let mut steps: Vec<String> = match text.strip_prefix('/') {
            Some(rest) => rest.split('/').map(unescape).collect::<Option<_>>().ok_or_else(wrong)?,
            None if text.is_empty() => Vec::new(),
            None => return Err(wrong()),
        };
        let deep = steps.last().is_some_and(|s| s == "**");
        if deep {
            steps.pop();
        }
        if steps.iter().any(|s| s == "**") {
            return Err(wrong());
        }
        Ok(Pattern { steps, deep })
    }
}

impl TryFrom<String> for Pattern {
    type Error = NotAPattern;

    fn try_from(text: String) -> Result<Pattern, NotAPattern> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|s| write!(f, "/{}", escape(s)))?;
        if self.deep { f.write_str("/**") } else { Ok(()) }
    }
}

/// The place as a pointer: `/items/3/at`.
pub fn pointer(place: &[Step]) -> String {
    written(place, |index| index.to_string())
}

/// The place without its indexes, by which differences are gathered: `/items/*/at`.
pub fn general(place: &[Step]) -> String {
    written(place, |_| "*".to_owned())
}

fn written(place: &[Step], index: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for step in place {
        text.push('/');
        match step {
            Step::Name(name) => text.push_str(&escape(name)),
            Step::Index(i) => text.push_str(&index(*i)),
            Step::Any => text.push('*'),
        }
    }
    text
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescape(step: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = step.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_places() {
        let place = [Step::Name("items".into()), Step::Index(3), Step::Name("a/t".into())];
        assert_eq!(pointer(&place), "/items/3/a~1t");
        assert_eq!(general(&place), "/items/*/a~1t");
        for (pattern, yes) in [
            ("/items/*/a~1t", true),
            ("/items/3/a~1t", true),
            ("/items/**", true),
            ("/**", true),
            ("/items/4/a~1t", false),
            ("/items/*", false),
            ("", false),
        ] {
            let parsed: Pattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(&place), yes, "{pattern}");
            assert_eq!(parsed.to_string(), pattern);
        }
        for wrong in ["items", "/a/**/b", "/a~2"] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
        assert!("".parse::<Pattern>().unwrap().matches(&[]));
    }
}
