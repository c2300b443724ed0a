//! Refused records become dead letters: with their bytes or cells, their place, a code and a reason.
//!
//! Invariant: the same record refused again is the same letter; columns that must not be stored are not in it, and where
//! there are such columns neither are the record's bytes. Not here: what people do about letters (`replay`).

use super::session::Session;
use super::unit::OpenUnit;
use banyan_model::mapping::Refusal;
use banyan_model::model::{DatasetNo, MappingNo};
use banyan_store::{Bytes, NewDeadLetter, Result};
use banyan_words::{Bad, Id, Row, Value, codec};

impl Session<'_> {
    /// A row that the adapter could not read: one dead letter, whatever number of mappings.
    pub(super) fn unreadable(&mut self, open: &mut OpenUnit, row: &Row<'_>, bad: &Bad) -> Result<()> {
        let d = &self.engine.catalog.datasets[open.dataset];
        let secret = !d.discard.is_empty();
        let message = if secret { without_quotes(&bad.message) } else { bad.message.clone() };
        open.unreadable.get_or_insert_with(|| message.clone());
        let dataset = d.stored;
        let seed = codec::hash(&bad.raw, codec::hash(bad.code.as_bytes(), u64::from(dataset)));
        // A row of a table has values besides the one that could not be read.
        let kept = self.engine.is_table(open.dataset).then(|| readable(row, &d.discard));
        let cells = match &kept {
            Some(cells) => {
                let columns = serde_json::to_string(&super::state::columns_of(row.shape())).unwrap_or_default();
                Some((self.tx.with(|tx| tx.raw_shape(&columns))?, cells.as_slice()))
            }
            None => None,
        };
        let fingerprint = match &kept {
            None => seed,
            Some(cells) => key_text(row, &d.key).map_or_else(
                || codec::hash(cells, seed),
                |key| codec::hash(key.as_bytes(), codec::hash(bad.message.as_bytes(), seed)),
            ),
        };
        let letter = NewDeadLetter {
            fingerprint,
            dataset,
            mapping: 0,
            unit: open.number,
            place: row.place(),
            record: None,
            code: &bad.code,
            message: &message,
            field: None,
            raw: match (secret, &kept) {
                (true, _) => Err(Bytes::Discarded),
                (false, Some(_)) if bad.raw.is_empty() => Err(Bytes::None),
                (false, _) => Ok(&bad.raw),
            },
            cells,
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

/// What stands for a value that could not be read.
const NOT_READABLE: &str = "(could not be read)";

/// The cells of a row that the adapter could not read as a whole, less the columns that must not be stored.
fn readable(row: &Row<'_>, discard: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, column) in row.shape().columns.iter().enumerate() {
        match row.value(i) {
            _ if discard.contains(&column.name) => codec::put_missing(&mut out),
            Value::Missing => codec::put_text(NOT_READABLE.as_bytes(), &mut out),
            value => codec::put_value(&value, &mut out),
        }
    }
    out
}

/// The key of such a row, if it could be read.
fn key_text(row: &Row<'_>, key: &[String]) -> Option<String> {
    let mut text = String::new();
    for column in key {
        let value = row.value(row.shape().position(column)?);
        text.push_str(&value.to_text().filter(|_| !value.is_absent())?);
        text.push('\u{1f}');
    }
    (!text.is_empty()).then_some(text)
}

/// A message less what it quotes of the record: it might be what the dataset discards.
fn without_quotes(message: &str) -> String {
    match (message.find('`'), message.rfind('`')) {
        (Some(from), Some(to)) if from < to => format!("{}`…`{}", &message[..from], &message[to + 1..]),
        _ => message.to_owned(),
    }
}
