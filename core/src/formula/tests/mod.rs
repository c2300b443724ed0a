//! The language as its users meet it.

mod errors;
mod examples;
mod properties;
mod rules;

use super::sample::{CATEGORY, cells};
use super::*;
use crate::lookup::Table;
use banyan_words::{Batch, BatchBuilder, Column, Place, Shape, Type, UnitRef, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sample record and all that formulas over it may speak of.
pub(super) struct Sample {
    pub(super) columns: Vec<Column>,
    pub(super) batch: Batch,
    pub(super) tables: Vec<Arc<Table>>,
    pub(super) lookups: BTreeMap<String, LookupType>,
    entities: BTreeMap<String, String>,
    pub(super) null_texts: Vec<String>,
    pub(super) null_dates: Vec<String>,
}

impl Sample {
    pub(super) fn new() -> Sample {
        let columns: Vec<Column> =
            cells().into_iter().map(|(name, ty, _)| Column { name: name.to_owned(), ty }).collect();
        let unit = UnitRef {
            name: "sample.csv".into(),
            version: String::new(),
            order: String::new(),
            as_of: jiff::Timestamp::UNIX_EPOCH,
        };
        let mut b = BatchBuilder::new(Arc::new(unit));
        let shape = b.shape(Arc::new(Shape { dataset: "sample".into(), columns: columns.clone() }));
        b.begin(shape);
        cells().into_iter().for_each(|(_, _, v)| b.value(v));
        b.end(Place { line: 2, offset: 0 });
        let keys = ["CTYPE".to_owned(), "REGION".to_owned()];
        let table = Table::parse("lookups/category.csv", CATEGORY.as_bytes(), &keys, "category");
        let tables: Vec<Arc<Table>> = table.into_iter().map(|(t, _)| Arc::new(t)).collect();
        let lookups = tables.iter().map(|t| ("category".to_owned(), LookupType::of_table(0, t.clone()))).collect();
        let entities = ["customer", "part"].into_iter().map(|n| (n.to_owned(), n.to_owned())).collect();
        let null_dates = vec!["99999999".to_owned()];
        Sample { columns, batch: b.finish(), tables, lookups, entities, null_texts: Vec::new(), null_dates }
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            columns: Some(&self.columns),
            zone: Some("Europe/London"),
            null_texts: &self.null_texts,
            null_dates: &self.null_dates,
            lookups: &self.lookups,
            entities: &self.entities,
        }
    }

    /// What a formula comes to over the sample record, for a field of that type.
    pub(super) fn run(&self, text: &str, target: Option<Target<'_>>) -> String {
        match compile(text, &self.scope(), target) {
            Ok((f, _)) => {
                let bound = f.bind(self.batch.row(0).shape());
                bound.eval(&self.batch.row(0), &self.tables).to_string()
            }
            Err(faults) => panic!("{text}: {faults:#?}"),
        }
    }

    /// The codes a formula is refused or warned with, and the text each points at.
    pub(super) fn faults(&self, text: &str, target: Option<Target<'_>>) -> Vec<(&'static str, String)> {
        let faults = match compile(text, &self.scope(), target) {
            Ok((_, warnings)) => warnings,
            Err(faults) => faults,
        };
        faults.into_iter().map(|d| (d.code, text.get(d.offset..d.offset + d.len).unwrap_or("?").to_owned())).collect()
    }
}
