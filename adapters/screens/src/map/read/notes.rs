//! Where problems of a map are collected.

use banyan_words::node::{Node, join_index, read_partly};
use banyan_words::problem::nearest;
use banyan_words::{Problem, Severity};
use serde::de::DeserializeOwned;

/// Problems so far, and the paths that could not be read: what only follows from those is not told.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) problems: Vec<Problem>,
    left_out: Vec<String>,
}

impl Notes {
    pub(super) fn error(&mut self, code: &str, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.tell(Problem::error(code, path, message).hint(hint));
    }

    pub(super) fn warning(&mut self, code: &str, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.tell(Problem::warning(code, path, message).hint(hint));
    }

    /// Something is missing at `path`: told unless a part of it is there and faulty.
    pub(super) fn missing(&mut self, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        if !self.partial(path) {
            self.error("missing-key", path, message, hint);
        }
    }

    /// A name that is not known, with the one that was probably meant.
    pub(super) fn unknown<'k>(&mut self, what: &str, path: &str, name: &str, known: impl IntoIterator<Item = &'k str>) {
        let known: Vec<&str> = known.into_iter().collect();
        let told = match known.as_slice() {
            [] => "there are none".to_owned(),
            some => format!("there are: {}", some.join(", ")),
        };
        let hint = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`? {told}"),
            None => told,
        };
        self.error(&format!("unknown-{what}"), path, format!("there is no {what} `{name}`"), hint);
    }

    fn tell(&mut self, problem: Problem) {
        if self.problems.len() < 1000 {
            self.problems.push(problem);
        }
    }

    /// What stands at `path` could not be used.
    pub(super) fn leave_out(&mut self, path: &str) {
        self.left_out.push(path.to_owned());
    }

    /// Whether something at or under `path` could not be read.
    pub(super) fn partial(&self, path: &str) -> bool {
        self.left_out.iter().any(|p| p.strip_prefix(path).is_some_and(|r| r.is_empty() || r.starts_with(['.', '['])))
    }

    /// Reads what can be read.
    pub(super) fn read<T: DeserializeOwned>(&mut self, node: &Node, path: &str) -> Option<T> {
        let reading = read_partly(node, path);
        reading.problems.into_iter().for_each(|p| self.tell(p));
        self.left_out.extend(reading.left_out);
        if reading.value.is_none() {
            self.left_out.push(path.to_owned());
        }
        reading.value
    }

    /// Whether there is an error.
    pub(super) fn faulty(&self) -> bool {
        self.errors() > 0
    }

    /// How many errors there are.
    pub(super) fn errors(&self) -> usize {
        self.problems.iter().filter(|p| p.severity == Severity::Error).count()
    }
}

/// The items of a list, or the one that stands there alone; with their paths.
pub(super) fn each<'n>(node: Option<&'n Node>, path: &str) -> Vec<(&'n Node, String)> {
    match node {
        None => Vec::new(),
        Some(node) if node.is_null() => Vec::new(),
        Some(node) => match &node.kind {
            banyan_words::node::Kind::List(items) => {
                items.iter().enumerate().map(|(i, n)| (n, join_index(path, i))).collect()
            }
            _ => vec![(node, path.to_owned())],
        },
    }
}
