//! Writing through a legacy system's own front doors.
//!
//! Invariant: an error says that certainly nothing was done; whoever cannot say that answers [`Outcome::Unknown`].
//! Not here: the queue of commands, and what is done about one in doubt (the gateway).

use crate::{Call, Fault, Task};
use banyan_words::Batch;

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What the adapter calls it: of screens, a flow that commits.
    pub what: String,
    /// What it is given, by name.
    pub given: Vec<(String, String)>,
}

/// What came of a step.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was done; what the system showed of it, if anything.
    Done(Option<Batch>),
    /// The system said no, in its own words. Nothing was changed.
    Rejected {
        /// The system's error, by the code its description gives it.
        code: String,
        /// Its words.
        message: String,
    },
    /// It was sent, and nothing tells whether it was done: in doubt. Never to be repeated blindly.
    Unknown {
        /// What is known.
        message: String,
    },
}

/// Whether a step that is in doubt was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It was.
    Happened,
    /// It was not.
    NotHappened,
    /// The system does not tell.
    CannotTell(String),
}

/// Carries out steps.
pub trait Actuator: Send + Sync {
    /// Whether it knows such steps.
    fn knows(&self, what: &str) -> bool;
    /// Carries out a step, once. An error means that certainly nothing was done. Dropping the future does not undo it: a
    /// step that was sent is brought to its end.
    fn perform<'a>(&'a self, step: &'a Step, call: &'a Call) -> Task<'a, Result<Outcome, Fault>>;
    /// Finds out whether a step was done, without doing it.
    fn probe<'a>(&'a self, step: &'a Step, call: &'a Call) -> Task<'a, Result<Probed, Fault>>;
}
