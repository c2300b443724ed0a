//! How far a replay is, for people.

use crate::runtime::capture::Progress;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What became of one consumer's requests.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReplayOfConsumer {
    /// How many both sides were asked.
    pub asked: u64,
    /// Those whose answers agree.
    pub matched: u64,
    /// Those whose answers do not.
    pub mismatched: u64,
}

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
    /// The same by consumer: by the name of one that is declared, by what it said in `X-Consumer`, or as `anonymous`.
    /// Beyond a hundred names the rest is `others`.
    pub consumers: BTreeMap<String, ReplayOfConsumer>,
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
            consumers: p
                .consumers
                .into_iter()
                .map(|(name, c)| {
                    let of_it = ReplayOfConsumer { asked: c.asked, matched: c.matched, mismatched: c.mismatched };
                    (name, of_it)
                })
                .collect(),
            ended: p.ended,
            why: p.why,
        }
    }
}
