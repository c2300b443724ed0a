//! Path patterns: `/v1/customers`, `/accounts/{id}`, `/accounts/*/notes`, `/accounts/**`.
//!
//! A `{name}` or `*` stands for one segment that is not empty; `**` at the end for any number of them, none included.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A checked pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern {
    text: String,
    segments: Vec<Segment>,
    /// It ends in `**`.
    deep: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Segment {
    Literal(String),
    Any,
}

impl PathPattern {
    /// Whether a path, as it came, is one of the pattern's. Percent signs are compared as they are: decoding could turn
    /// one path into another.
    pub fn matches(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix('/') else { return false };
        let mut parts = rest.split('/');
        for segment in &self.segments {
            match (segment, parts.next()) {
                (Segment::Literal(text), Some(part)) if text == part => {}
                (Segment::Any, Some(part)) if !part.is_empty() => {}
                _ => return false,
            }
        }
        // `/accounts/**` holds `/accounts` as well.
        self.deep || parts.next().is_none()
    }

    /// Which of two patterns counts where both match: from the left, a literal before a placeholder before `**`; where one
    /// is the other's beginning, the longer one. `Less` comes first.
    pub fn specificity(&self, other: &PathPattern) -> Ordering {
        let rank = |pattern: &PathPattern, n: usize| match pattern.segments.get(n) {
            Some(Segment::Literal(_)) => 0,
            Some(Segment::Any) => 1,
            None if pattern.deep => 2,
            None => -1,
        };
        let longest = self.segments.len().max(other.segments.len()) + 1;
        (0..longest).map(|n| rank(self, n).cmp(&rank(other, n))).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// Whether no path tells the two apart: `/a/{x}` and `/a/*`.
    pub fn is_same(&self, other: &PathPattern) -> bool {
        self.segments == other.segments && self.deep == other.deep
    }

    /// Whether there is a path that both match.
    pub fn overlaps(&self, other: &PathPattern) -> bool {
        let (a, b) = (&self.segments, &other.segments);
        let shared = a.len().min(b.len());
        let agree = a.iter().zip(b).all(|(x, y)| x == y || *x == Segment::Any || *y == Segment::Any);
        agree && (a.len() == shared || other.deep) && (b.len() == shared || self.deep)
    }
}

impl FromStr for PathPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<PathPattern, String> {
        let wrong = |why: &str| {
            format!("`{text}` is not a path: {why}\nwrite it as /accounts, /accounts/{{id}} or /accounts/**")
        };
        let rest = text.strip_prefix('/').ok_or_else(|| wrong("it does not begin with a slash"))?;
        let mut segments = Vec::new();
        let mut deep = false;
        for part in rest.split('/') {
            if deep {
                return Err(wrong("`**` may stand at its end only"));
            }
            match part {
                "**" => deep = true,
                "*" => segments.push(Segment::Any),
                "." | ".." => return Err(wrong("a segment is `.` or `..`")),
                _ if part.starts_with('{') && part.ends_with('}') && part.len() > 2 => segments.push(Segment::Any),
                _ if part.contains(['{', '}', '*', '?', '#', ' ']) => {
                    return Err(wrong("placeholders stand for whole segments"));
                }
                _ => segments.push(Segment::Literal(part.to_owned())),
            }
        }
        Ok(PathPattern { text: text.to_owned(), segments, deep })
    }
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<PathPattern, String> {
        text.parse()
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> String {
        pattern.text
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> PathPattern {
        text.parse().unwrap()
    }

    #[test]
    fn what_matches() {
        for (text, path, yes) in [
            ("/accounts", "/accounts", true),
            ("/accounts", "/accounts/", false),
            ("/accounts/", "/accounts/", true),
            ("/accounts/{id}", "/accounts/7", true),
            ("/accounts/{id}", "/accounts/", false),
            ("/accounts/*/notes", "/accounts/7/notes", true),
            ("/accounts/**", "/accounts", true),
            ("/accounts/**", "/accounts/", true),
            ("/accounts/**", "/accounts/7/notes", true),
            ("/accounts/**", "/accountsx", false),
            ("/**", "/", true),
            ("/**", "*", false),
            ("/", "/", true),
            ("/a%2Fb", "/a/b", false),
        ] {
            assert_eq!(pattern(text).matches(path), yes, "{text} {path}");
        }
        for wrong in ["accounts", "/a/**/b", "/a/x{id}", "/a/../b", "/a?b", ""] {
            assert!(wrong.parse::<PathPattern>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_most_specific_comes_first() {
        let mut sorted = ["/**", "/a/**", "/a/{x}", "/a/b", "/a/{x}/c", "/a/b/**", "/a"].map(pattern);
        sorted.sort_by(PathPattern::specificity);
        let told: Vec<String> = sorted.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["/a", "/a/b", "/a/b/**", "/a/{x}", "/a/{x}/c", "/a/**", "/**"]);
    }

    fn any_pattern() -> impl Strategy<Value = PathPattern> {
        let segment = prop_oneof![Just("a"), Just("b"), Just("*")];
        (prop::collection::vec(segment, 1..4), any::<bool>()).prop_map(|(mut segments, deep)| {
            if deep {
                segments.push("**");
            }
            pattern(&format!("/{}", segments.join("/")))
        })
    }

    proptest! {
        /// Where two different patterns match one path, one of them comes first: no request depends on the order of the
        /// configuration.
        #[test]
        fn there_is_always_a_first(a in any_pattern(), b in any_pattern(), path in "(/[ab]){1,4}") {
            if a.matches(&path) && b.matches(&path) {
                prop_assert!(a.overlaps(&b));
                prop_assert!(a.is_same(&b) || a.specificity(&b).is_ne(), "{a} {b} {path}");
                prop_assert_eq!(a.specificity(&b), b.specificity(&a).reverse());
            }
        }
    }
}
