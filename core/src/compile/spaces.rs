//! Key spaces: who numbers.
//!
//! Invariant: a space's name never changes, because ids derive from it. A renamed source keeps its first name as the
//! name of its space; the configuration may say either.

use super::tell::{Tell, meant};
use crate::draft::Draft;
use banyan_words::Problem;
use std::collections::BTreeMap;

/// Every key space by the names it may be called.
#[derive(Debug, Default)]
pub(super) struct Spaces(BTreeMap<String, String>);

impl Spaces {
    pub(super) fn new(draft: &Draft, tell: &mut Tell<'_>) -> Spaces {
        let mut spaces = Spaces::default();
        for s in &draft.sources {
            let own = s.keys.renamed_from.clone().unwrap_or_else(|| s.name.clone());
            spaces.0.insert(s.name.clone(), own.clone());
            spaces.0.insert(own.clone(), own);
        }
        for s in &draft.sources {
            for (i, space) in s.keys.spaces.iter().enumerate() {
                if spaces.0.insert(space.clone(), space.clone()).is_some() {
                    let message = format!("the key space `{space}` is named twice, or has the name of a source");
                    let hint = "a space is one numbering; name it once, at the source that numbers";
                    tell.error("duplicate-name", &format!("{}.spaces[{i}]", s.path), message, hint);
                }
            }
        }
        spaces
    }

    /// The permanent name of a space; told if there is no such space.
    pub(super) fn find(&self, name: &str, path: &str, tell: &mut Tell<'_>) -> Option<String> {
        if let Some(space) = self.0.get(name) {
            return Some(space.clone());
        }
        let owner = name.split('.').next().unwrap_or(name);
        let told = format!("sources.{owner}");
        if tell.is_left_out(&told) {
            return None;
        }
        let known = self.0.keys().map(String::as_str);
        tell.unknown(("unknown-space", "key space"), path, name, known, "");
        None
    }

    /// Checks a space that a formula names. There it must have its permanent name: the formula derives ids from it.
    pub(super) fn check_ref(&self, name: &str, path: &str, formula: &str, tell: &mut Tell<'_>) {
        let (code, message, hint) = match self.0.get(name) {
            Some(space) if space == name => return,
            Some(space) => {
                let message = format!("the key space of the renamed source `{name}` is still called `{space}`");
                ("unknown-space", message, format!("write \"{space}\": ids derive from that name for ever"))
            }
            None if tell.is_left_out(&format!("sources.{}", name.split('.').next().unwrap_or(name))) => return,
            None => {
                let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
                ("unknown-space", format!("there is no key space `{name}`"), meant(name, &known))
            }
        };
        let at = formula.find(&format!("\"{name}\"")).unwrap_or(0);
        tell.add(Problem::error(code, path, message).hint(hint).at(at));
    }

    /// The space a source numbers in by default.
    pub(super) fn of_source(&self, source: &str) -> String {
        self.0.get(source).cloned().unwrap_or_else(|| source.to_owned())
    }
}
