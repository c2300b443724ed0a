//! Units that were not read to their end, and passes of which nothing is left but their counts.
//!
//! Invariant: a pass that failed or was killed is not listed as open once the next one begins, nor a file once another one
//! does; folding changes no total of the ledger. Not here: how a file that is still there is begun again, under its number.

use super::engine::Engine;
use super::session::Session;
use super::unit::OpenFeed;
use banyan_model::model::DatasetNo;
use banyan_store::{Result, Store, UnitChange};
use banyan_words::UnitState;

/// What a pass is told that no fault ended.
const NOT_ENDED: &str = "it was not read to its end; what came of it counts, and the next pass reads on";
/// What a file is told that was replaced, removed or put off meanwhile.
const NOT_READ: &str = "it was not read to its end; what came of it counts, and it is begun again if it is still there";
/// The same, where the gateway itself had ended.
const STOPPED: &str =
    "the gateway stopped before it was read to its end; what came of it counts, and the next pass reads on";
/// Passes that may end between two looks for what can be folded: a few pages of the ledger.
const FOLD_EVERY: u32 = 50;

impl Session<'_> {
    /// Gives up the units of those datasets that are open: another one begins.
    pub(super) fn abandon(&mut self, datasets: &[DatasetNo]) -> Result<()> {
        for no in datasets {
            self.abandon_as(*no, if self.engine.is_table(*no) { NOT_ENDED } else { NOT_READ })?;
        }
        Ok(())
    }

    fn abandon_as(&mut self, dataset: DatasetNo, message: &str) -> Result<()> {
        let (stored, now) = (self.engine.catalog.datasets[dataset].stored, self.now);
        self.tx.with(|tx| tx.abandon_units(stored, message, now)).map(drop)
    }

    /// A pass failed, for that reason (code, message).
    pub(super) fn broken(&mut self, open: &OpenFeed, (code, message): (String, String)) -> Result<()> {
        for part in &open.parts {
            let records = if open.several { part.records } else { open.records };
            let (code, message) = (Some(code.clone()), Some(message.clone()));
            let change = UnitChange { state: UnitState::Abandoned, records, code, message, at: self.now };
            self.tx.with(|tx| tx.put_unit(part.number, &change))?;
        }
        Ok(())
    }
}

/// Gives up the passes that an earlier process left open. One that waits for a person (`drift`) stays as it is.
pub(super) fn close_left_open(engine: &Engine, store: &dyn Store, standing: &[bool], now: i64) -> Result<()> {
    let mut session = Session::new(engine, store.ingest()?, now);
    for no in 0..engine.catalog.datasets.len() {
        if engine.is_table(no) && !standing.get(no).copied().unwrap_or(false) {
            session.abandon_as(no, STOPPED)?;
        }
    }
    session.commit().map(drop)
}

/// When passes are folded.
#[derive(Default)]
pub(super) struct Folding {
    ended: Option<u32>,
}

impl Folding {
    /// A pass has ended.
    pub(super) fn ended(&mut self) {
        self.ended = self.ended.map(|n| n + 1);
    }

    /// Folds, at the first call and then after every few passes. What cannot be folded now is folded later.
    pub(super) fn go(&mut self, engine: &Engine, store: &dyn Store) {
        if self.ended.is_some_and(|n| n < FOLD_EVERY) {
            return;
        }
        self.ended = Some(0);
        for (no, d) in engine.catalog.datasets.iter().enumerate().filter(|(no, _)| engine.is_table(*no)) {
            match store.fold(d.stored, engine.keep_passes) {
                Ok(0) => {}
                Ok(folded) => tracing::debug!(folded, dataset = engine.catalog.datasets[no].feed, "passes were folded"),
                Err(e) => tracing::warn!("passes that changed nothing could not be folded: {e}"),
            }
        }
    }
}
