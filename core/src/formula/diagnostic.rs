//! What is wrong with a formula, and where in its text.

use banyan_words::{Problem, Severity};

/// One fault found in a formula. Codes are permanent, as those of [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kebab-case code, such as `unknown-column`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// First byte of the faulty part within the formula.
    pub offset: usize,
    /// Its length in bytes.
    pub len: usize,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// The same as a problem of the configuration value at `path`.
    pub fn problem(&self, path: &str) -> Problem {
        let p = match self.severity {
            Severity::Error => Problem::error(self.code, path, self.message.clone()),
            Severity::Warning => Problem::warning(self.code, path, self.message.clone()),
        };
        let p = p.at(self.offset);
        match &self.hint {
            Some(h) => p.hint(h.clone()),
            None => p,
        }
    }
}
