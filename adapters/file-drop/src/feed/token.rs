//! The token remembered with a unit: which file it was, and how the configuration had it read.
//!
//! Invariant: a file that was read stays read as long as it is the same and would give the same records; one that was
//! refused stays refused as long as nothing is configured otherwise that might admit it. Tokens of older versions say
//! nothing of the configuration: they count as of this one.

use crate::config::spec::DatasetSpec;
use crate::folder::probe::Probe;
use banyan_adapter::{UnitMemo, UnitState};

/// How the configuration has files read.
pub(super) struct Reading {
    /// Decides which records a file gives.
    records: String,
    /// Decides, beside that, whether it is refused.
    refusals: String,
}

/// Stands before what a token says of the configuration.
const MARK: char = '#';

impl Reading {
    /// Of that dataset.
    pub(super) fn of(spec: &DatasetSpec) -> Reading {
        Reading { records: format!("{:016x}", spec.reading_hash()), refusals: format!("{:016x}", spec.judging_hash()) }
    }

    /// The token of a file that is read now.
    pub(super) fn token(&self, probe: &Probe) -> String {
        format!("{}{MARK}{}{}", probe.token(), self.records, self.refusals)
    }

    /// True unless today's configuration may have something else come of that unit.
    pub(super) fn is_as_it_was(&self, memo: &UnitMemo) -> bool {
        let Some((_, told)) = memo.token.split_once(MARK) else { return memo.state != UnitState::Open };
        match memo.state {
            UnitState::Open | UnitState::Abandoned => false,
            UnitState::Refused => told.strip_prefix(&*self.records) == Some(&*self.refusals),
            UnitState::Done | UnitState::Unacknowledged => told.starts_with(&*self.records),
        }
    }
}

/// The part of a token that tells which file it was.
pub(super) fn of_file(token: &str) -> &str {
    token.split(MARK).next().unwrap_or(token)
}
