//! Listens to an evaluation for somebody who asks why: the steps, and the reason of a failure.
//!
//! Invariant: the fast path runs without one; a record is evaluated again to be explained.

use super::ast::Span;
use super::eval::{Cx, R, Stop};
use super::outcome::show;
use super::plan::{Node, Step as PlanStep};
use banyan_words::Id;
use std::cell::RefCell;

/// One step of an explained evaluation, innermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The part of the formula's text.
    pub text: String,
    /// Where it stands in the formula, in bytes.
    pub offset: usize,
    /// Its value as a formula would spell it, or `fails`, `KEEP "code"`, `REJECT "code"`.
    pub value: String,
    /// Where the value comes from or why there is none: `row 14 of lookups/category.csv`.
    pub note: Option<String>,
}

/// What has been heard.
#[derive(Default)]
pub(crate) struct Watch {
    text: String,
    steps: RefCell<Vec<Step>>,
    note: RefCell<Option<String>>,
    keys: RefCell<Vec<(Id, Vec<String>)>>,
    why: RefCell<Why>,
}

#[derive(Default)]
struct Why {
    message: String,
    at: Option<Span>,
}

impl Watch {
    pub(crate) fn new(text: &str) -> Watch {
        Watch { text: text.to_owned(), ..Watch::default() }
    }

    pub(crate) fn failed(&self, message: String) {
        *self.why.borrow_mut() = Why { message, at: None };
    }

    /// A reference was made from that key.
    pub(crate) fn referred(&self, id: Id, key: Vec<String>) {
        self.keys.borrow_mut().push((id, key));
    }

    pub(crate) fn into_keys(self) -> Vec<(Id, Vec<String>)> {
        self.keys.into_inner()
    }

    pub(crate) fn note(&self, note: String) {
        if !note.is_empty() {
            *self.note.borrow_mut() = Some(note);
        }
    }

    pub(crate) fn saw(&self, node: &Node, out: &R<'_>, cx: &Cx<'_>) {
        if matches!(node.step, PlanStep::Text(_) | PlanStep::Const(_)) {
            return;
        }
        let mut note = self.note.borrow_mut().take();
        let value = match out {
            Ok(v) => show(v),
            Err(Stop::Keep(code)) => format!("KEEP \"{code}\""),
            Err(Stop::Reject(code)) => format!("REJECT \"{code}\""),
            Err(Stop::NotLoaded) => "not loaded".to_owned(),
            Err(Stop::Fail(_)) => {
                let mut why = self.why.borrow_mut();
                if why.at.is_none() {
                    // The innermost node is heard first; the ones around it fail only because it did.
                    why.at = Some(node.span);
                    note = Some(why.message.clone());
                }
                "fails".to_owned()
            }
        };
        if let PlanStep::Column(slot) = node.step
            && cx.columns.get(slot as usize).is_none_or(|i| *i == u32::MAX)
        {
            note = Some("the record has no such column".to_owned());
        }
        let text = node.span.of(&self.text).to_owned();
        let mut steps = self.steps.borrow_mut();
        // A fitted value is the same step as the expression it fits; it is told only when it changes something.
        if let Some(last) = steps.last()
            && last.text == text
            && last.value == value
        {
            return;
        }
        steps.push(Step { text, offset: node.span.start as usize, value, note });
    }

    /// The reason of the last failure, with the part of the formula that failed; `None` if nothing did.
    pub(crate) fn reason(&self) -> Option<String> {
        let why = self.why.borrow();
        let at = why.at?;
        Some(format!("{} in {}", why.message, at.of(&self.text)))
    }

    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps.into_inner()
    }
}
