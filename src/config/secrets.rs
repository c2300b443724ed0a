//! `${env:NAME}` and `${file:PATH}` in any scalar, filled in when the configuration is loaded.
//!
//! Invariant: what was filled in is remembered and hidden from every message; the scalars that hold it are marked, so
//! that no reader quotes them. `$${env:…}` is the text itself.

use super::MissingSecret;
use super::world::World;
use banyan_words::node::{Kind, Node, join, join_index};
use banyan_words::{Problem, Severity, Spot};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// The code of a secret that is not set.
pub(super) const UNSET: &str = "unset-secret";
/// Texts shorter than this are not looked for in messages: they would hide half of every sentence.
const SHORTEST: usize = 4;
/// Longest secret from a file, in bytes.
const LONGEST: usize = 64 << 10;

/// What must never be shown.
#[derive(Clone, Default)]
pub struct Secrets {
    values: BTreeSet<String>,
    /// Paths of scalars whose secret is not set.
    unset: BTreeSet<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} hidden)", self.values.len())
    }
}

impl Secrets {
    /// `text` with every secret in it replaced by `***`.
    pub fn hide(&self, text: &str) -> String {
        // Longest first, so that a secret within another leaves no rest.
        let mut values: Vec<&String> = self.values.iter().filter(|v| text.contains(v.as_str())).collect();
        values.sort_by_key(|v| std::cmp::Reverse(v.len()));
        values.into_iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), "***"))
    }

    /// True if the scalar at `path` lacks its secret.
    pub(super) fn is_unset(&self, path: &str) -> bool {
        self.unset.contains(path)
    }

    /// Fills in every secret of `node`, which stands at `path`.
    pub(super) fn expand(
        &mut self,
        world: &dyn World,
        base: &Path,
        missing: MissingSecret,
        (node, path): (&mut Node, &str),
        problems: &mut Vec<Problem>,
    ) {
        let mut expander = Expander { secrets: self, world, base, missing, problems };
        expander.node(node, path);
    }

    fn remember(&mut self, value: &str) {
        // A message may quote one line of it, or a part without its blanks.
        let whole = [value, value.trim()].into_iter().chain(value.lines().map(str::trim));
        self.values.extend(whole.filter(|v| v.chars().count() >= SHORTEST).map(str::to_owned));
    }
}

struct Expander<'e> {
    secrets: &'e mut Secrets,
    world: &'e dyn World,
    base: &'e Path,
    missing: MissingSecret,
    problems: &'e mut Vec<Problem>,
}

impl Expander<'_> {
    fn node(&mut self, node: &mut Node, path: &str) {
        match &mut node.kind {
            Kind::List(items) => {
                for (i, item) in items.iter_mut().enumerate() {
                    self.node(item, &join_index(path, i));
                }
            }
            Kind::Map(entries) => {
                for (key, node) in entries {
                    self.node(node, &join(path, &key.text));
                }
            }
            Kind::Scalar { text, secret, .. } if text.contains("${") => {
                let (full, filled) = self.fill(text, path, &node.spot);
                *text = full;
                *secret |= filled;
            }
            Kind::Scalar { .. } => {}
        }
    }

    /// The text with its secrets, and whether there were any.
    fn fill(&mut self, text: &str, path: &str, spot: &Spot) -> (String, bool) {
        let (mut full, mut filled, mut rest) = (String::new(), false, text);
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            let end = from.find('}');
            let (whole, after) = from.split_at(end.map_or(2, |e| e + 1));
            rest = after;
            let inner = end.and_then(|e| from.get(2..e)).unwrap_or_default();
            let named = inner.split_once(':').map(|(kind, name)| (kind, name.trim()));
            if let Some(before) = before.strip_suffix('$') {
                full.push_str(before);
                full.push_str(whole);
                continue;
            }
            full.push_str(before);
            let value = match named {
                Some(("env", name)) if !name.is_empty() => self.variable(name),
                Some(("file", name)) if !name.is_empty() => self.file(name),
                _ if is_reference(inner) => {
                    let message = format!("`{whole}` is no secret that can be filled in");
                    let hint =
                        format!("write ${{env:NAME}} or ${{file:PATH}}; write $${{{inner}}} for the text itself");
                    self.problems.push(at_spot(Problem::error("unknown-secret", path, message).hint(hint), spot));
                    continue;
                }
                _ => {
                    full.push_str(whole);
                    continue;
                }
            };
            filled = true;
            match value {
                Ok(value) => {
                    self.secrets.remember(&value);
                    full.push_str(&value);
                }
                Err((message, hint)) => self.unset(path, spot, message, hint),
            }
        }
        full.push_str(rest);
        (full, filled)
    }

    fn unset(&mut self, path: &str, spot: &Spot, message: String, hint: String) {
        self.secrets.unset.insert(path.to_owned());
        let severity = match self.missing {
            MissingSecret::Error => Severity::Error,
            MissingSecret::Warning => Severity::Warning,
        };
        let problem = Problem { severity, ..Problem::error(UNSET, path, message) };
        self.problems.push(at_spot(problem.hint(hint), spot));
    }

    fn variable(&self, name: &str) -> Result<String, (String, String)> {
        self.world.variable(name).ok_or_else(|| {
            (format!("the environment variable {name} is not set"), format!("set {name} where banyan runs"))
        })
    }

    fn file(&self, name: &str) -> Result<String, (String, String)> {
        let fault = |why: &str| {
            let hint = "the name is relative to the main configuration file; the file holds nothing but the secret";
            (format!("cannot read the secret file {name}: {why}"), hint.to_owned())
        };
        let bytes = self.world.read(&self.base.join(name)).map_err(|e| fault(&e.to_string()))?;
        if bytes.len() > LONGEST {
            return Err(fault("it is larger than a secret can be"));
        }
        let text = String::from_utf8(bytes).map_err(|_| fault("it is not UTF-8"))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
    }
}

/// Looks like a reference: `NAME` or `kind:name`. Other braces after a dollar are left alone.
fn is_reference(inner: &str) -> bool {
    let word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let head = inner.split_once(':').map_or(inner, |(kind, _)| kind);
    word(head) && !head.starts_with(|c: char| c.is_ascii_digit())
}

fn at_spot(mut problem: Problem, spot: &Spot) -> Problem {
    problem.spot = (spot.line > 0).then(|| spot.clone());
    problem
}
