//! The formula behind a value, run again over the record that is kept: what went in, each step, what came out.
//!
//! Invariant: a record that is no longer kept, or was mapped by an older version of its mapping, is said to be so; its
//! steps are never guessed from the current formula.

use crate::runtime::ingest::batch_of;
use crate::runtime::looking::Looking;
use crate::runtime::places::Places;
use banyan_model::instance::{Book, Observation};
use banyan_model::model::{Catalog, LookupSource};
use banyan_store::{Reader, UnitKey};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// For each field that an observation's mapping fills: its formula, the raw values it read, where they stood (if the
/// adapter knows), and its steps.
pub(super) fn explain(
    (catalog, places): (&Catalog, &Places),
    book: &Book,
    reader: &mut dyn Reader,
    o: &Observation,
    unit: Option<&UnitKey>,
) -> anyhow::Result<Map<String, Value>> {
    let mut out = Map::new();
    let Some(plan) = book.plan(o.plan) else { return Ok(out) };
    let Some(mapping) = plan.mapping.and_then(|m| catalog.mappings.get(m)).filter(|_| plan.current) else {
        for name in &plan.fields {
            out.insert(name.clone(), json!({ "note": "made by an older version of the mapping" }));
        }
        return Ok(out);
    };
    let raw = if o.raw.block == 0 { None } else { reader.raw(o.raw)? };
    let batch = raw.as_ref().and_then(batch_of);
    let lookups = Looking::new(catalog, reader);
    for (no, formula) in &mapping.fields {
        let name = &catalog.entities[mapping.entity].fields[*no].name;
        let mut told = Map::new();
        told.insert("formula".to_owned(), json!(formula.text()));
        match &batch {
            None => {
                told.insert("note".to_owned(), json!("the raw record is no longer kept (`retain`)"));
            }
            Some(batch) => {
                let row = batch.row(0);
                let mut read = Map::new();
                for column in formula.columns() {
                    let value = row.shape().position(column).map(|at| row.value(at));
                    let text = value.as_ref().and_then(|v| v.to_text());
                    read.insert(column.clone(), text.map_or(Value::Null, |t| json!(t)));
                }
                let bound = formula.bind(row.shape());
                let (steps, _) = bound.explain(&row, &lookups);
                let steps: Vec<Value> = steps
                    .iter()
                    .map(|s| match &s.note {
                        Some(note) => json!({ "step": s.text, "value": s.value, "note": note }),
                        None => json!({ "step": s.text, "value": s.value }),
                    })
                    .collect();
                told.insert("raw".to_owned(), Value::Object(read));
                let dataset = &catalog.datasets[mapping.dataset].full;
                let cell = |column: &String| {
                    let located = places.locate(dataset, Some(column), unit?, o.place)?;
                    Some((column.clone(), json!(located)))
                };
                let cells: Map<String, Value> = formula.columns().iter().filter_map(cell).collect();
                if !cells.is_empty() {
                    told.insert("cells".to_owned(), Value::Object(cells));
                }
                told.insert("steps".to_owned(), Value::Array(steps));
            }
        }
        out.insert(name.clone(), Value::Object(told));
    }
    Ok(out)
}

/// Where a lookup's row stands, for people.
pub fn place(catalog: &Catalog, table: usize, keys: &[Cow<'_, str>]) -> String {
    match catalog.lookups.get(table).map(|l| &l.rows) {
        Some(LookupSource::File { file, table }) => {
            table.get(keys).map_or(String::new(), |(_, line)| format!("row {line} of {file}"))
        }
        Some(LookupSource::Dataset { dataset, .. }) => format!("dataset {}", catalog.datasets[*dataset].full),
        None => String::new(),
    }
}
