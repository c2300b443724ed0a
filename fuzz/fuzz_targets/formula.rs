//! No formula makes the compiler panic, no record its evaluation; a printed formula reads back as itself.
//!
//! Input: the formula on the first line, the cells of a record on the others.

#![no_main]

use banyan_model::formula::{Scope, Target, canonical, compile};
use banyan_words::{BatchBuilder, Place, Shape, Type, UnitRef};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::Arc;

fuzz_target!(|text: &str| {
    let (formula, cells) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(printed) = canonical(formula) {
        assert_eq!(canonical(&printed).as_ref(), Ok(&printed));
    }
    let unit = UnitRef {
        name: String::new(),
        version: String::new(),
        order: String::new(),
        as_of: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut batch = BatchBuilder::new(Arc::new(unit));
    let shape = batch.shape(Arc::new(Shape::of_text("d", ["A", "B", "C"])));
    batch.begin(shape);
    cells.lines().take(3).for_each(|cell| batch.text(cell));
    batch.end(Place::default());
    let batch = batch.finish();
    let row = batch.row(0);
    let (lookups, entities) = (BTreeMap::new(), BTreeMap::from([("a".to_owned(), "a".to_owned())]));
    let tables = Vec::new();
    for columns in [Some(row.shape().columns.as_slice()), None] {
        let scope = Scope {
            columns,
            zone: Some("Europe/London"),
            null_texts: &[],
            null_dates: &[],
            lookups: &lookups,
            entities: &entities,
        };
        for ty in [None, Some(Type::Text), Some(Type::Decimal { precision: 12, scale: 2 })] {
            match compile(formula, &scope, ty.as_ref().map(Target::of)) {
                Ok((f, _)) => {
                    let bound = f.bind(row.shape());
                    bound.eval(&row, &tables);
                    bound.explain(&row, &tables);
                }
                Err(faults) => {
                    for d in faults {
                        assert!(formula.get(d.offset..d.offset + d.len).is_some(), "{d:?}");
                    }
                }
            }
        }
    }
});
