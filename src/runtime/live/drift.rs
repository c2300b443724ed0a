//! Whether what was read live has the columns that were agreed on.
//!
//! Invariant: a column whose type is another than the accepted one answers nobody: its records would be refused one by
//! one, and a list without them would look complete. Not here: drift of passes, which a person accepts (`ingest`).

use crate::runtime::execute::unreadable;
use crate::runtime::ingest::DatasetState;
use crate::runtime::serving::Serving;
use banyan_adapter::Fault;
use banyan_model::model::DatasetNo;
use banyan_model::refusal::Refusal;
use banyan_store::Reader;
use banyan_words::{Batch, Column, Type};
use std::mem::discriminant;

/// The fault for a batch whose columns are of other types than those a pass accepted last, or the kept schema has.
pub(super) fn drifted(
    serving: &Serving,
    reader: &mut dyn Reader,
    dataset: DatasetNo,
    batch: &Batch,
) -> Result<Option<Fault>, Refusal> {
    let d = &serving.catalog.datasets[dataset];
    let state = reader.dataset(d.stored).map_err(unreadable)?;
    let state: DatasetState = state.and_then(|s| serde_json::from_str(&s).ok()).unwrap_or_default();
    let accepted: Vec<(&str, &Type)> = match state.columns.is_empty() {
        true => d.kept.iter().map(|c| (c.name.as_str(), &c.ty)).collect(),
        false => state.columns.iter().map(|c| (c.name.as_str(), &c.ty)).collect(),
    };
    let found = batch.shapes().iter().flat_map(|s| &s.columns);
    let told: Vec<String> = found.filter_map(|c| difference(&accepted, c)).collect();
    if told.is_empty() {
        return Ok(None);
    }
    let message = format!(
        "{}: the columns changed: {}. Mend the mapping, and take the new columns with `banyan discover {} --write --force`, or \
         `banyan accept` where a pass stands still for them",
        d.full,
        told.join("; "),
        d.full.split('.').next().unwrap_or_default()
    );
    tracing::warn!(dataset = %d.full, code = "drift", "a live read is not believed: {message}");
    Ok(Some(Fault::permanent("drift", message)))
}

/// How a column differs from the accepted one of its name. Digits may: a driver need not tell them with each answer.
fn difference(accepted: &[(&str, &Type)], found: &Column) -> Option<String> {
    let (_, ty) = accepted.iter().find(|(name, _)| *name == found.name)?;
    let known = **ty != Type::Any && found.ty != Type::Any;
    let other = known && discriminant(*ty) != discriminant(&found.ty);
    other.then(|| format!("column {} was {ty} and is {}", found.name, found.ty))
}
