//! Refused records become dead letters: with their bytes or cells, their place, a code and a reason.
//!
//! Invariant: the same record refused again for the same reason is the same letter; columns that must not be stored are
//! not in it. Not here: what people do about letters (`replay`).

use super::session::Session;
use super::unit::OpenUnit;
use banyan_model::mapping::Refusal;
use banyan_model::model::MappingNo;
use banyan_store::{NewDeadLetter, Result};
use banyan_words::{Bad, Id, Row, codec};

impl Session<'_> {
    /// A row that the adapter could not read: one dead letter, whatever number of mappings.
    pub(super) fn unreadable(&mut self, open: &mut OpenUnit, row: &Row<'_>, bad: &Bad) -> Result<()> {
        open.unreadable.get_or_insert_with(|| bad.message.clone());
        let dataset = self.engine.catalog.datasets[open.dataset].stored;
        let letter = NewDeadLetter {
            fingerprint: codec::hash(&bad.raw, codec::hash(bad.code.as_bytes(), u64::from(dataset))),
            dataset,
            mapping: 0,
            unit: open.number,
            place: row.place(),
            record: None,
            code: &bad.code,
            message: &bad.message,
            field: None,
            raw: &bad.raw,
            cells: None,
            at: self.now,
        };
        self.tx.with(|tx| tx.put_dead_letter(&letter))?;
        if self.engine.mappings_of[open.dataset].is_empty() {
            let t = self.tally(open.number, open.dataset, 0);
            t.read += 1;
            t.rejected += 1;
        }
        Ok(())
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
        self.letter(mapping, open, row, record, refusal, &cells)
    }

    /// Writes a dead letter of a record that could be read.
    pub(super) fn letter(
        &mut self,
        mapping: MappingNo,
        open: &OpenUnit,
        row: &Row<'_>,
        record: Option<Id>,
        refusal: &Refusal,
        cells: &[u8],
    ) -> Result<()> {
        let columns = serde_json::to_string(&super::state::columns_of(row.shape())).unwrap_or_default();
        let shape = self.tx.with(|tx| tx.raw_shape(&columns))?;
        let engine = self.engine;
        let (m, dataset) = (&engine.catalog.mappings[mapping], &engine.catalog.datasets[open.dataset]);
        let shown: Vec<String> = row
            .shape()
            .columns
            .iter()
            .enumerate()
            .filter(|(_, c)| !dataset.discard.contains(&c.name))
            .map(|(i, c)| format!("{}={}", c.name, row.value(i).to_text().unwrap_or_default()))
            .collect();
        let shown = shown.join("\n");
        let letter = NewDeadLetter {
            fingerprint: codec::hash(cells, u64::from(m.stored)),
            dataset: dataset.stored,
            mapping: m.stored,
            unit: open.number,
            place: row.place(),
            record,
            code: &refusal.code,
            message: &refusal.message,
            field: refusal.field.as_deref(),
            raw: shown.as_bytes(),
            cells: Some((shape, cells)),
            at: self.now,
        };
        self.tx.with(|tx| tx.put_dead_letter(&letter)).map(drop)
    }
}
