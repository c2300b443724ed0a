//! What flows do.

use super::{FieldNo, FlowNo, Press, ScreenNo};
use crate::transport::Text;
use std::time::Duration;

/// A flow.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// The screen it starts on.
    pub start: ScreenNo,
    /// What it must be given.
    pub given: Vec<(String, Given)>,
    /// What it does.
    pub steps: Vec<Step>,
    /// What it brings.
    pub returns: Returns,
    /// The error that says that what was asked for does not exist; it is an answer, not a failure.
    pub absent: Option<(ScreenNo, String)>,
    /// How to find out whether its commit happened. Present if and only if a step commits (checked).
    pub verify: Option<Verify>,
}

impl Flow {
    /// The names of the columns its records have, in order.
    pub fn columns<'m>(&'m self, map: &'m super::Map) -> Vec<&'m str> {
        let mut names = Vec::new();
        for read in self.steps.iter().filter_map(|s| s.read.as_ref()) {
            match read {
                Read::Table(screen) => {
                    let table = map.screens.get(*screen).and_then(|s| s.table.as_ref());
                    names.extend(table.into_iter().flat_map(|t| t.columns.iter().map(|(n, _)| n.as_str())));
                }
                Read::Fields(fields) => names.extend(fields.iter().map(|(n, ..)| n.as_str())),
            }
        }
        names
    }
}

/// The type of something that is given to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// An exact decimal.
    Decimal,
    /// A date, typed as `YYYY-MM-DD` unless a piece says another format.
    Date,
}

/// What a flow brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Nothing.
    Nothing,
    /// One record.
    Record,
    /// Any number of records.
    Records,
}

/// One step: on one of `on`, sets fields, types, presses, waits for one of `expect`, reads.
#[derive(Clone, Debug)]
pub struct Step {
    /// The screens it may begin on (what the step before expects, errors left out).
    pub on: Vec<ScreenNo>,
    /// Fields of that screen, and what they shall hold.
    pub set: Vec<(FieldNo, Vec<Piece>)>,
    /// What is typed at the cursor.
    pub typed: Vec<Piece>,
    /// What is typed is read back before anything is pressed. Default yes.
    pub readback: bool,
    /// What is pressed.
    pub press: Option<Press>,
    /// The named set of what may come then.
    pub expect: Vec<Expected>,
    /// How long to wait for it.
    pub within: Option<Duration>,
    /// After this press the far side may have done what was asked: it is never repeated.
    pub commit: bool,
    /// What is read, once the expected screen is there (of a step without `press`: from the screen it begins on).
    pub read: Option<Read>,
}

/// Part of a text that is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands; a secret if it came from `${env:…}` or `${file:…}`.
    Plain(Text),
    /// What was given under that name, or the source's `login` (`user`, `password`, a secret).
    Given(String),
}

/// One thing that may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A screen, without any of its errors showing.
    Screen(ScreenNo),
    /// Any error of that screen.
    Errors(ScreenNo),
    /// That error of that screen.
    Error(ScreenNo, String),
    /// The far side ends the session.
    Disconnected,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// The table of that screen, all pages.
    Table(ScreenNo),
    /// Fields: name in the record, screen, field.
    Fields(Vec<(String, ScreenNo, FieldNo)>),
}

/// How the next page is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// What is pressed.
    pub press: Press,
    /// How long to wait.
    pub within: Option<Duration>,
}

/// How to find out whether a commit happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verify {
    /// A flow that reads: a record means that it happened, absent or no record that it did not.
    pub flow: FlowNo,
    /// What it is given, made from what the flow was given.
    pub with: Vec<(String, Vec<Piece>)>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It did all its steps.
    Done,
    /// What was asked for does not exist.
    Absent,
    /// The far side said no, with that error's code and its message.
    Rejected {
        /// The error rule's code.
        code: String,
        /// What the screen says.
        message: String,
    },
    /// The commit was sent, it did not come to its end, and the `verify` flow found that nothing was done.
    NotDone {
        /// What happened to it.
        message: String,
    },
    /// The commit was sent and nothing tells whether it was done: in doubt.
    Unknown {
        /// What is known.
        message: String,
    },
}
