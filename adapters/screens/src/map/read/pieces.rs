//! Texts that are typed: as they stand, `$item` for what was given, `$$` for a dollar sign.

use super::super::{Given, Piece};
use super::Reader;
use crate::transport::Text;
use banyan_words::node::Node;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The names a flow's texts may use.
#[derive(Default)]
pub(super) struct Names {
    pub(super) given: Vec<(String, Given)>,
    pub(super) used: RefCell<BTreeSet<String>>,
}

/// What the source's `login` gives.
pub(super) const LOGIN: [&str; 2] = ["user", "password"];

impl Names {
    fn knows(&self, name: &str) -> bool {
        LOGIN.contains(&name) || self.given.iter().any(|(n, _)| n == name)
    }
}

impl Reader<'_> {
    /// The pieces of a text. One that holds a secret is taken as it stands, dollar signs and all.
    pub(super) fn pieces(&mut self, node: &Node, path: &str, names: &Names) -> Option<Vec<Piece>> {
        let Some(text) = node.as_text() else {
            let message = format!("expected a text, found {}", node.describe());
            self.notes.error("wrong-type", path, message, "quote it if it begins with [ or {");
            return None;
        };
        let plain = |text: &str, secret| Piece::Plain(Text { plain: text.to_owned(), secret });
        let control = text.char_indices().find(|(_, c)| c.is_control());
        if node.is_secret() {
            if control.is_some() {
                let message = "the secret given here has a control character, which would act as a key";
                self.notes.error("bad-value", path, message, "look at what the variable or the file holds");
            }
            return Some(vec![plain(text, true)]);
        }
        if control.is_some() {
            let message = "a control character would act as a key";
            self.notes.error("bad-value", path, message, "press keys in a step of their own: `press: Tab`");
            return None;
        }
        let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            literal.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                literal.push('$');
                rest = after;
                continue;
            }
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            rest = after;
            if name.is_empty() {
                let hint = "write `$item` for what was given, `$$` for a dollar sign";
                self.notes.error("bad-value", path, "nothing is named after this $", hint);
                return None;
            }
            if !names.knows(name) {
                let known = names.given.iter().map(|(n, _)| n.as_str()).chain(LOGIN);
                self.notes.unknown("given", path, name, known);
                return None;
            }
            names.used.borrow_mut().insert(name.to_owned());
            if !literal.is_empty() {
                pieces.push(plain(&std::mem::take(&mut literal), false));
            }
            pieces.push(Piece::Given(name.to_owned()));
        }
        literal.push_str(rest);
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(plain(&literal, false));
        }
        Some(pieces)
    }
}
