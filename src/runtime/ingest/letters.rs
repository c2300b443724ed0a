//! Refused records become dead letters: with their bytes or cells, their place, a code and a reason.
//!
//! Invariant: the same record refused again is the same letter; columns that must not be stored are not in it, and where
//! there are such columns neither are the record's bytes. Not here: what people do about letters (`replay`).

use super::session::Session;
use super::unit::OpenUnit;
use banyan_model::mapping::Refusal;
use banyan_model::model::{DatasetNo, MappingNo};
use banyan_store::{Bytes, NewDeadLetter, Result};
use banyan_words::{Bad, Id, Row, codec};

impl Session<'_> {
    /// A row that the adapter could not read: one dead letter, whatever number of mappings.
    pub(super) fn unreadable(&mut self, open: &mut OpenUnit, row: &Row<'_>, bad: &Bad) -> Result<()> {
        let d = &self.engine.catalog.datasets[open.dataset];
        let secret = !d.discard.is_empty();
        let message = if secret { without_quotes(&bad.message) } else { bad.message.clone() };
        open.unreadable.get_or_insert_with(|| message.clone());
        let dataset = d.stored;
        let letter = NewDeadLetter {
            fingerprint: codec::hash(&bad.raw, codec::hash(bad.code.as_bytes(), u64::from(dataset))),
            dataset,
            mapping: 0,
            unit: open.number,
            place: row.place(),
            record: None,
            code: &bad.code,
            message: &message,
            field: None,
            raw: if secret { Err(Bytes::Discarded) } else { Ok(&bad.raw) },
            cells: None,
            at: self.now,
        };
        let (_, discarded) = self.tx.with(|tx| tx.put_dead_letter(&letter))?;
        if self.engine.mappings_of[open.dataset].is_empty() {
            let t = self.tally(open.number, open.dataset, 0);
            t.read += 1;
            t.rejected += 1;
        }
        if discarded {
            self.count_discarded(open.number, open.dataset, 0);
        }
        Ok(())
    }

    /// Counts a letter that a person discarded: one of a record that could not be read was rejected in every mapping.
    pub(super) fn count_discarded(&mut self, unit: u32, dataset: DatasetNo, mapping: u32) {
        let engine = self.engine;
        let all: Vec<u32> = match engine.mappings_of[dataset].as_slice() {
            mappings if mapping == 0 && !mappings.is_empty() => {
                mappings.iter().map(|m| engine.catalog.mappings[*m].stored).collect()
            }
            _ => vec![mapping],
        };
        all.into_iter().for_each(|m| self.moved(unit, dataset, m).discarded += 1);
    }

    pub(super) fn refuse(
        &mut self,
        i: usize,
        mapping: MappingNo,
        open: &mut OpenUnit,
        row: &Row<'_>,
        record: Option<Id>,
        refusal: &Refusal,
    ) -> Result<()> {
        let cells = self.cells_of(i).to_vec();
        self.letter(Some(mapping), open, row, record, refusal, &cells)
    }

    /// Writes a dead letter of a record that could be read; without a mapping where none reads it.
    pub(super) fn letter(
        &mut self,
        mapping: Option<MappingNo>,
        open: &OpenUnit,
        row: &Row<'_>,
        record: Option<Id>,
        refusal: &Refusal,
        cells: &[u8],
    ) -> Result<()> {
        let columns = serde_json::to_string(&super::state::columns_of(row.shape())).unwrap_or_default();
        let shape = self.tx.with(|tx| tx.raw_shape(&columns))?;
        let engine = self.engine;
        let mapping = mapping.map_or(0, |m| engine.catalog.mappings[m].stored);
        let dataset = &engine.catalog.datasets[open.dataset];
        let letter = NewDeadLetter {
            fingerprint: codec::hash(cells, u64::from(mapping)),
            dataset: dataset.stored,
            mapping,
            unit: open.number,
            place: row.place(),
            record,
            code: &refusal.code,
            message: &refusal.message,
            field: refusal.field.as_deref(),
            raw: if dataset.discard.is_empty() { row.raw().ok_or(Bytes::None) } else { Err(Bytes::Discarded) },
            cells: Some((shape, cells)),
            at: self.now,
        };
        if self.tx.with(|tx| tx.put_dead_letter(&letter))?.1 {
            self.tally(open.number, open.dataset, mapping).discarded += 1;
        }
        Ok(())
    }
}

/// A message less what it quotes of the record: it might be what the dataset discards.
fn without_quotes(message: &str) -> String {
    match (message.find('`'), message.rfind('`')) {
        (Some(from), Some(to)) if from < to => format!("{}`…`{}", &message[..from], &message[to + 1..]),
        _ => message.to_owned(),
    }
}
