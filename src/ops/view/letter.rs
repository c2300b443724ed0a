//! A dead letter: a refused record with all that is known of it.

use super::{Names, UnitView, moment};
use crate::runtime::ingest::{CODES, batch_of};
use banyan_adapter::RefusalDef;
use banyan_store::{Bytes, DeadLetter, DeadLetterState, Reader, Result};
use banyan_words::value::base64;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// In lists, bytes beyond these are left out.
const SHOWN_IN_LISTS: usize = 2_048;

/// A refused record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeadLetterView {
    /// Its number.
    pub number: u64,
    /// `open`, `replayed`, `discarded` or `superseded`.
    pub state: String,
    /// Its dataset.
    pub dataset: String,
    /// The mapping that refused it; null where it could not even be read.
    pub mapping: Option<String>,
    /// The unit it came in, by name.
    pub unit: Option<String>,
    /// Where it stood, where that is no place in a file: screen, page and row.
    #[serde(rename = "where")]
    pub located: Option<String>,
    /// Its line, or its ordinal, from 1.
    pub line: u64,
    /// Byte offset of the record in the (decompressed) file.
    pub offset: u64,
    /// Why: a declared code.
    pub code: String,
    /// Why, for a person.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The field whose formula refused it.
    pub field: Option<String>,
    /// The record's bytes as the source gave them (of a long one the first 64 KiB), base 64. In lists the first 2,048.
    pub raw: String,
    /// The same as text; what is no UTF-8 is shown as `�`. Where there are no bytes, its columns, a line each.
    pub text: String,
    /// How many bytes there are.
    pub raw_bytes: u64,
    /// Why there are none.
    pub no_bytes: Option<String>,
    /// Its columns in their order, where it could be read; null for a column without a value.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Option<String>>>)]
    pub record: Option<Map<String, Value>>,
    /// Whether a replay is possible: it could be read, but not mapped.
    pub replayable: bool,
    /// When it was refused first.
    pub at: String,
    /// How often it came.
    pub times: u32,
    /// Why it was discarded.
    pub reason: Option<String>,
}

/// A dead letter as shown; whole, or as in lists.
pub fn dead_letter(
    reader: &mut dyn Reader,
    names: &Names<'_>,
    codes: &[RefusalDef],
    letter: DeadLetter,
    whole: bool,
) -> Result<DeadLetterView> {
    let unit = reader.unit(letter.unit)?;
    let dataset = names.name("dataset", letter.dataset)?;
    let located = unit.as_ref().and_then(|u| names.places.locate(&dataset, None, &u.key, letter.place));
    let unit = unit.map(UnitView::from);
    let shown = letter.raw.get(..SHOWN_IN_LISTS).filter(|_| !whole).unwrap_or(&letter.raw);
    let mapping = names.mapping(letter.mapping)?;
    let record = letter.record.as_ref().and_then(columns);
    let text = match letter.bytes {
        Bytes::Kept => String::from_utf8_lossy(shown).into_owned(),
        _ => record
            .iter()
            .flatten()
            .map(|(name, v)| format!("{name}={}", v.as_str().unwrap_or("")))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    Ok(DeadLetterView {
        number: letter.number,
        state: word(letter.state).to_owned(),
        dataset,
        located,
        unit: unit.map(|u| u.name),
        line: letter.place.line,
        offset: letter.place.offset,
        hint: hint_of(codes, &letter.code, mapping.as_deref(), letter.field.as_deref()),
        mapping,
        message: letter.message,
        code: letter.code,
        raw: base64(shown),
        text,
        no_bytes: no_bytes(letter.bytes).map(str::to_owned),
        raw_bytes: letter.raw.len() as u64,
        replayable: letter.state == DeadLetterState::Open && letter.record.is_some(),
        record,
        field: letter.field,
        at: moment(letter.at),
        times: letter.times,
        reason: letter.reason,
    })
}

/// Why a dead letter has no bytes.
fn no_bytes(bytes: Bytes) -> Option<&'static str> {
    match bytes {
        Bytes::Kept => None,
        Bytes::None => {
            Some("the source gives values, not bytes, or the record was mapped again from what is kept of it")
        }
        Bytes::Discarded => Some("the dataset discards columns, and they would hold these too"),
    }
}

fn word(state: DeadLetterState) -> &'static str {
    match state {
        DeadLetterState::Open => "open",
        DeadLetterState::Replayed => "replayed",
        DeadLetterState::Discarded => "discarded",
        DeadLetterState::Superseded => "superseded",
    }
}

fn columns(record: &banyan_store::RawRow) -> Option<Map<String, Value>> {
    let batch = batch_of(record)?;
    let row = batch.rows().next()?;
    let columns = row.shape().columns.iter().enumerate();
    Some(columns.map(|(i, c)| (c.name.clone(), row.value(i).to_text().into())).collect())
}

/// What to do about a refused record.
pub fn hint_of(codes: &[RefusalDef], code: &str, mapping: Option<&str>, field: Option<&str>) -> String {
    // What a mapping refuses is mended in the mapping, whatever the code; some codes are the gateway's own.
    let own = CODES.iter().filter(|d| !matches!(d.code, "bad-time" | "required"));
    if let Some(def) = codes.iter().chain(own).find(|d| d.code == code) {
        return def.hint.to_owned();
    }
    match mapping {
        Some(mapping) => {
            let formula = field.map_or_else(|| "the mapping".to_owned(), |f| format!("the formula of `{f}`"));
            format!("Mend {formula} in mapping `{mapping}`, or the lookup it reads, and replay; or correct the record in the source and drop the file again; or discard it, with a reason.")
        }
        None => "The record could not be read. Correct it in the source and drop the file again, or mend the dataset's `format:`; a new version of the file applies only what differs.".to_owned(),
    }
}
