//! Words of the store as numbers in its columns. Frozen: files in the field hold them.

use super::fault::damaged;
use crate::{Bytes, DeadLetterState, Result};
use banyan_words::UnitState;

pub(super) fn unit_state_code(state: UnitState) -> i64 {
    match state {
        UnitState::Open => 0,
        UnitState::Done => 1,
        UnitState::Refused => 2,
        UnitState::Unacknowledged => 3,
        UnitState::Abandoned => 4,
    }
}

pub(super) fn unit_state(code: i64) -> Result<UnitState> {
    Ok(match code {
        0 => UnitState::Open,
        1 => UnitState::Done,
        2 => UnitState::Refused,
        3 => UnitState::Unacknowledged,
        4 => UnitState::Abandoned,
        _ => return Err(damaged("a unit is in no known state")),
    })
}

pub(super) fn letter_state_code(state: DeadLetterState) -> i64 {
    match state {
        DeadLetterState::Open => 0,
        DeadLetterState::Replayed => 1,
        DeadLetterState::Discarded => 2,
        DeadLetterState::Superseded => 3,
    }
}

pub(super) fn bytes_code(bytes: Bytes) -> i64 {
    match bytes {
        Bytes::Kept => 0,
        Bytes::None => 1,
        Bytes::Discarded => 2,
    }
}

pub(super) fn bytes(code: i64) -> Result<Bytes> {
    Ok(match code {
        0 => Bytes::Kept,
        1 => Bytes::None,
        2 => Bytes::Discarded,
        _ => return Err(damaged("a dead letter's bytes are of no known kind")),
    })
}

pub(super) fn letter_state(code: i64) -> Result<DeadLetterState> {
    Ok(match code {
        0 => DeadLetterState::Open,
        1 => DeadLetterState::Replayed,
        2 => DeadLetterState::Discarded,
        3 => DeadLetterState::Superseded,
        _ => return Err(damaged("a dead letter is in no known state")),
    })
}
