//! How far a replay is, for people.

use crate::runtime::capture::Progress;
use serde::Serialize;
use utoipa::ToSchema;

/// How far a replay is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReplayView {
    /// What is asked again: a route or a file.
    pub of: String,
    /// How many requests both sides were asked.
    pub asked: u64,
    /// Those whose answers agree.
    pub matched: u64,
    /// Those whose answers do not.
    pub mismatched: u64,
    /// Those that did not count: repeats, and those that a side did not answer.
    pub not_counted: u64,
    /// Those that could not be asked: writes, and those of which a value is masked.
    pub not_replayable: u64,
    /// Those of no route that is there now, or that has one side only.
    pub elsewhere: u64,
    /// Lines that are none.
    pub damaged: u64,
    /// Whether it ended.
    pub ended: bool,
    /// Why it ended early.
    pub why: Option<String>,
}

impl ReplayView {
    /// Of a replay.
    pub fn of(p: Progress) -> ReplayView {
        ReplayView {
            of: p.of,
            asked: p.asked,
            matched: p.matched,
            mismatched: p.mismatched,
            not_counted: p.not_counted,
            not_replayable: p.not_replayable,
            elsewhere: p.elsewhere,
            damaged: p.damaged,
            ended: p.ended,
            why: p.why,
        }
    }
}
