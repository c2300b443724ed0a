//! A fault in a configuration, told to a person: what, where, and what to do.

use serde::Serialize;
use std::fmt;

/// Whether it stops the product from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Works, but probably not as meant.
    Warning,
    /// Does not work.
    Error,
}

/// A place in a configuration document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Spot {
    /// The file, as the user named it.
    pub file: String,
    /// Line from 1; 0 where it is not known.
    pub line: u32,
    /// Column from 1, in characters; 0 where it is not known.
    pub column: u32,
}

/// One problem. `code` is permanent: it is documented, tested, and never given a second meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Kebab-case code, such as `unknown-column`.
    pub code: String,
    /// Error or warning.
    pub severity: Severity,
    /// Configuration path, such as `mappings[0].fields.name`.
    pub path: String,
    /// Where in the text; filled in by whoever knows the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot: Option<Spot>,
    /// Offset within the scalar at `path` (a formula, a SELECT), in bytes, so that the spot can point into it.
    #[serde(skip)]
    pub within: Option<usize>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// An error at `path`.
    pub fn error(code: &str, path: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem {
            code: code.into(),
            severity: Severity::Error,
            path: path.into(),
            spot: None,
            within: None,
            message: message.into(),
            hint: None,
        }
    }

    /// A warning at `path`.
    pub fn warning(code: &str, path: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(code, path, message) }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    /// Says at which byte of the scalar at `path` it is.
    pub fn at(mut self, offset: usize) -> Problem {
        self.within = Some(offset);
        self
    }

    /// Puts `prefix` before the path.
    pub fn under(mut self, prefix: &str) -> Problem {
        self.path = match (self.path.is_empty(), self.path.starts_with('[')) {
            (true, _) => prefix.to_owned(),
            (_, true) => format!("{prefix}{}", self.path),
            _ => format!("{prefix}.{}", self.path),
        };
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.path, self.message, self.code)
    }
}

/// The nearest of `known` to a misspelt `word`, for "did you mean".
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let limit = (word.chars().count() / 3).max(1);
    known.into_iter().map(|k| (distance(word, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// Optimal string alignment distance, ignoring case.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut d = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                d = d.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = d;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["customer", "order", "category"];
        assert_eq!(nearest("custmoer", known), Some("customer"));
        assert_eq!(nearest("Order", known), Some("order"));
        assert_eq!(nearest("warehouse", known), None);
    }
}
