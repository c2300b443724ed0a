//! What people do about what was refused or stopped: replay, discard, accept.

use super::again::{Again, batch_of};
use super::session::Session;
use super::state::Suspended;
use super::worker::Desk;
use banyan_store::{DeadLetter, DeadLetterState, StoreError, Tally, UnitChange};
use banyan_words::UnitState;
use serde::Serialize;

/// What became of a dead letter that was replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Replayed {
    /// It went through.
    Applied,
    /// It was refused again.
    RefusedAgain {
        /// Code.
        code: String,
        /// Why.
        message: String,
    },
    /// It cannot be replayed, and why.
    NotPossible {
        /// Why, and what to do instead.
        message: String,
    },
}

/// Maps a dead letter's record again.
pub fn replay(desk: &mut Desk<'_>, number: u64) -> Result<Replayed, StoreError> {
    let letter = desk.store.reader()?.dead_letter(number)?;
    let Some(letter) = letter.filter(|l| l.state == DeadLetterState::Open) else {
        return Ok(not_possible("there is no open dead letter of that number"));
    };
    let Some(record) = &letter.record else {
        let why = "its bytes could not be read as a record; correct the file and drop it again: it becomes a new version, and only what differs is applied";
        return Ok(not_possible(why));
    };
    if letter.mapping == 0 {
        return Ok(not_possible(
            "no mapping refused it, so none can take it now; correct it in the source: what is read next takes it",
        ));
    }
    let mapping = desk.engine.catalog.mappings.iter().position(|m| m.stored == letter.mapping);
    let (Some(mapping), Some(batch)) = (mapping, batch_of(record)) else {
        return Ok(not_possible("the mapping that refused it is no longer configured"));
    };
    let mut session = Session::new(desk.engine, desk.store.ingest()?, desk.now);
    let dataset = desk.engine.catalog.mappings[mapping].dataset;
    let d = desk.engine.catalog.datasets[dataset].stored;
    let shape = session.tx.with(|tx| tx.raw_shape(&record.shape))?;
    let at = session.tx.with(|tx| tx.put_raw(d, letter.unit, shape, record.place, &record.cells))?;
    let again = session.again_from(mapping, &batch, letter.unit, at, &record.cells, true)?;
    if again == Again::Gone {
        return Ok(not_possible(
            "a newer whole snapshot no longer has this record, so it must not come to life; discard the letter, with a reason",
        ));
    }
    let good = again == Again::Good;
    session.settle()?;
    if good {
        finish(&mut session, &letter, dataset)?;
    }
    session.commit()?;
    if good {
        return Ok(Replayed::Applied);
    }
    let now = desk.store.reader()?.dead_letter(number)?.unwrap_or(letter);
    Ok(Replayed::RefusedAgain { code: now.code, message: now.message })
}

/// Closes a letter that went through, unless applying its record closed it already, and moves its count.
fn finish(session: &mut Session<'_>, letter: &DeadLetter, dataset: usize) -> Result<(), StoreError> {
    let closed = session.tx.with(|tx| tx.dead_letter_open(letter.number))?;
    if closed {
        session.tx.with(|tx| tx.close_dead_letter(letter.number, DeadLetterState::Replayed, None))?;
        let moved = Tally { rejected: -1, applied: 1, ..Tally::default() };
        session.moved(letter.unit, dataset, letter.mapping).add(&moved);
    }
    Ok(())
}

fn not_possible(why: &str) -> Replayed {
    Replayed::NotPossible { message: why.to_owned() }
}

/// Discards a dead letter, with a reason. False if there is no open one of that number.
pub fn discard(desk: &mut Desk<'_>, number: u64, reason: &str) -> Result<bool, StoreError> {
    let letter = desk.store.reader()?.dead_letter(number)?;
    let Some(letter) = letter.filter(|l| l.state == DeadLetterState::Open) else { return Ok(false) };
    let mut session = Session::new(desk.engine, desk.store.ingest()?, desk.now);
    session.tx.with(|tx| tx.close_dead_letter(number, DeadLetterState::Discarded, Some(reason)))?;
    let dataset = desk.engine.catalog.datasets.iter().position(|d| d.stored == letter.dataset);
    if let Some(dataset) = dataset {
        session.count_discarded(letter.unit, dataset, letter.mapping);
    }
    session.commit()?;
    Ok(true)
}

/// Accepts a dataset's changed columns, or deletions that wait. Returns what was accepted, `None` if nothing waited.
pub fn accept(desk: &mut Desk<'_>, dataset: usize) -> Result<Option<String>, StoreError> {
    let mut state = desk.states.0[dataset].clone();
    let mut session = Session::new(desk.engine, desk.store.ingest()?, desk.now);
    let said = if let Some(drift) = state.drift.take() {
        state.columns = drift.columns;
        Some(format!("the changed columns of {} ({})", drift.unit, drift.differences.join("; ")))
    } else if let Some(s) = state.suspended.as_mut().filter(|s| !s.accepted) {
        s.accepted = true;
        let Suspended { unit, missing, .. } = s.clone();
        let d = desk.engine.catalog.datasets[dataset].stored;
        // A file is read again; this time its deletions are carried out. Of a table the next pass carries them out.
        if !desk.engine.is_table(dataset)
            && let Some(u) = desk.store.reader()?.unit_named(d, &unit)?
        {
            let change =
                UnitChange { state: UnitState::Open, records: u.records, code: None, message: None, at: desk.now };
            session.tx.with(|tx| tx.put_unit(u.number, &change))?;
        }
        let when = if desk.engine.is_table(dataset) { "with the next pass" } else { "as soon as it is read again" };
        Some(format!("{missing} deletions of {unit}, which are carried out {when}"))
    } else {
        None
    };
    if said.is_some() {
        let mut states = desk.states.clone();
        states.0[dataset] = state;
        session.keep(dataset, &states)?;
        session.commit()?;
        *desk.states = states;
        desk.resume.push(dataset);
    }
    Ok(said)
}
