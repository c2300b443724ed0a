//! Reading a tree into types, with every problem in one go.
//!
//! Serde stops at the first failure. So a reading is repeated: the place that failed is left out (or, if its reader
//! cannot do without, replaced by a [`Phantom`](super::phantom::Phantom)), and the next failure shows.
//! Invariant: each round leaves out more, so it ends; a failure that only follows from what was left out is not told.

use super::de::De;
use super::fail::{Fail, listed};
use super::{Key, Kind, Node};
use crate::Problem;
use crate::problem::nearest;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

/// More faults than this in one reading are not looked for.
const MOST: usize = 200;

/// What could be read, and what could not.
#[derive(Clone, Debug)]
pub struct Reading<T> {
    /// The value without its faulty parts; `None` if it is faulty as a whole.
    pub value: Option<T>,
    /// Every problem found.
    pub problems: Vec<Problem>,
    /// The paths that `value` lacks because they are faulty: whoever misses them need not say so again.
    pub left_out: Vec<String>,
}

/// Reads a whole `T` from `node`, which stands at `path`; else every problem.
pub fn read<T: DeserializeOwned>(node: &Node, path: &str) -> Result<T, Vec<Problem>> {
    let reading = read_partly(node, path);
    match reading.value {
        Some(value) if reading.problems.is_empty() => Ok(value),
        _ => Err(reading.problems),
    }
}

/// Reads what can be read of a `T`, so that later checks can go on with the sound part.
pub fn read_partly<T: DeserializeOwned>(node: &Node, path: &str) -> Reading<T> {
    let mut session = Session::default();
    let mut value = None;
    for _ in 0..MOST {
        match session.attempt::<T>(node, path) {
            Ok(v) => {
                value = Some(v);
                break;
            }
            Err(fail) => {
                if !session.note(fail, path) {
                    break;
                }
            }
        }
    }
    if value.is_some() && !session.phantoms.is_empty() {
        value = session.without_phantoms(node, path);
    }
    let left_out = session.skipped.into_iter().collect();
    let mut problems = session.problems.into_inner();
    problems.sort_by(|a, b| (&a.spot, &a.path).cmp(&(&b.spot, &b.path)));
    Reading { value, problems, left_out }
}

/// What is known of a tree's faults so far.
#[derive(Default)]
pub(super) struct Session {
    /// Left out.
    skipped: BTreeSet<String>,
    /// Made up: the path, and the path of the map that needs it.
    phantoms: BTreeMap<String, String>,
    problems: RefCell<Vec<Problem>>,
}

impl Session {
    pub(super) fn skips(&self, path: &str) -> bool {
        self.skipped.contains(path)
    }

    pub(super) fn made_up(&self, path: &str) -> bool {
        self.phantoms.contains_key(path)
    }

    pub(super) fn record(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if !problems.iter().any(|p| p.path == problem.path && p.message == problem.message) {
            problems.push(problem);
        }
    }

    fn attempt<T: DeserializeOwned>(&self, node: &Node, path: &str) -> Result<T, Fail> {
        De { node, path: path.to_owned(), session: self }.run(PhantomData::<T>)
    }

    /// Takes note of a failure. False if nothing can be gained by trying again.
    fn note(&mut self, fail: Fail, root: &str) -> bool {
        let at = fail.path.clone().unwrap_or_default();
        if let Some(key) = &fail.phantom {
            // Told when it was made up; now the map that needs it goes.
            let map = self.phantoms.remove(key).unwrap_or_default();
            return self.leave_out(map, root);
        }
        if let Some(missing) = &fail.missing {
            let key = super::join(&at, missing);
            if !self.skipped.contains(&key) {
                self.record(fail.into_problem());
            }
            return match self.phantoms.insert(key, at.clone()) {
                None => true,
                Some(_) => self.leave_out(at, root),
            };
        }
        let follows = self.skipped.iter().chain(self.phantoms.keys()).any(|p| is_under(p, &at));
        if !follows {
            self.record(fail.into_problem());
        }
        self.leave_out(at, root)
    }

    fn leave_out(&mut self, path: String, root: &str) -> bool {
        let possible = path != root;
        self.skipped.insert(path) && possible
    }

    /// The value again, less the maps that hold made-up values.
    fn without_phantoms<T: DeserializeOwned>(&mut self, node: &Node, root: &str) -> Option<T> {
        for _ in 0..MOST {
            for map in std::mem::take(&mut self.phantoms).into_values() {
                self.skipped.insert(map);
            }
            if self.skipped.contains(root) {
                return None;
            }
            let told = self.problems.borrow().len();
            match self.attempt::<T>(node, root) {
                Ok(value) => return Some(value),
                Err(fail) => {
                    let again = self.note(fail, root);
                    self.problems.borrow_mut().truncate(told);
                    if !again {
                        return None;
                    }
                }
            }
        }
        None
    }
}

/// True if `path` lies below `ancestor`.
fn is_under(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor).is_some_and(|rest| ancestor.is_empty() || rest.starts_with(['.', '[']))
}

/// For a map whose `tag` says what its other keys mean (`format: { kind: csv, … }`): the tag's word, one of `words`,
/// and the other keys, to be read as that word demands.
pub fn tagged<'w>(node: &Node, path: &str, tag: &str, words: &[&'w str]) -> Result<(&'w str, Node), Vec<Problem>> {
    let problem = |code: &str, at: &str, message: String| Err(vec![Problem::error(code, at, message)]);
    let located = |result: Result<_, Vec<Problem>>, spot: &crate::Spot, hint: String| {
        result.map_err(|problems| {
            let spot = (spot.line > 0).then(|| spot.clone());
            problems.into_iter().map(|p| Problem { spot: spot.clone(), ..p }.hint(hint.clone())).collect()
        })
    };
    let valid = format!("`{tag}` is one of: {}", listed(words));
    let Kind::Map(entries) = &node.kind else {
        let message = format!("expected a map, found {}", node.describe());
        return located(problem("wrong-type", path, message), &node.spot, format!("write `{{ {tag}: … }}`; {valid}"));
    };
    let at = super::join(path, tag);
    let Some((_, value)) = entries.iter().find(|(k, _)| k.text == tag) else {
        return located(problem("missing-key", path, format!("the key `{tag}` is missing")), &node.spot, valid);
    };
    let Some(text) = value.as_text() else {
        let message = format!("expected a word, found {}", value.describe());
        return located(problem("wrong-type", &at, message), &value.spot, valid);
    };
    if let Some(word) = words.iter().find(|w| **w == text) {
        let rest: Vec<(Key, Node)> = entries.iter().filter(|(k, _)| k.text != tag).cloned().collect();
        return Ok((word, Node { spot: node.spot.clone(), kind: Kind::Map(rest) }));
    }
    let hint = match nearest(text, words.iter().copied()) {
        Some(word) => format!("did you mean `{word}`? {valid}"),
        None => valid,
    };
    located(problem("unknown-word", &at, format!("{} is not known here", value.describe())), &value.spot, hint)
}
