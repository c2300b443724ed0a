//! Examples from real rows: each is run through the mapping as a record would be, and what comes out is what is expected.
//!
//! Invariant: an example that is written passes `check`.

use super::plan::{Field, Table};
use super::yaml::{Example, value};
use crate::config::{Built, quote};
use banyan_model::formula::NoLookups;
use banyan_model::instance;
use banyan_model::mapping::{Draft, Fate, Runner, SayKind};
use banyan_words::id::key_text;
use banyan_words::{BatchBuilder, Column, Id, Place, Shape, Type, UnitRef, Value};
use std::sync::Arc;

/// Longest text of an example.
const LONGEST: usize = 80;

/// An example from the first sampled row that the mapping takes; `None` if there is none.
pub(super) fn example(built: &Built, source: &str, table: &Table<'_>) -> Option<Example> {
    let (no, mapping) = built.catalog.mapping(&table.mapping(source))?;
    let space = mapping.key.space.clone();
    let columns = &table.found.columns;
    let shape = Arc::new(Shape { dataset: table.dataset.clone(), columns: columns.clone() });
    let runner = Runner::new(&built.catalog, no, &shape);
    let used = used(built, no, table);
    table.found.sample.iter().find_map(|row| {
        let cells: Vec<Value<'static>> =
            columns.iter().enumerate().map(|(i, c)| cell(table, i, c, row.get(i)?)).collect::<Option<_>>()?;
        let said = run(&runner, &shape, &cells)?;
        let mut given = Vec::new();
        for (column, cell) in columns.iter().zip(&cells).filter(|(c, v)| used.contains(&c.name) && !v.is_absent()) {
            given.push((column.name.clone(), written(cell)?));
        }
        let names = runner.bounds().map(|(name, _)| name.to_owned());
        let expect = names.enumerate().map(|(i, name)| {
            let field = table.fields.iter().find(|f| f.name == name)?;
            let shown = match said.says.get(i)? {
                SayKind::Value => shown(said.fragments.get(i), field, table, &cells, &space)?,
                _ => return None,
            };
            Some((name, shown))
        });
        Some(Example { given, expect: expect.collect::<Option<_>>()? })
    })
}

/// The columns the mapping reads.
fn used(built: &Built, no: usize, table: &Table<'_>) -> Vec<String> {
    let formulas = built.catalog.mappings.get(no).into_iter().flat_map(|m| m.fields.iter());
    formulas.flat_map(|(_, f)| f.columns().to_vec()).chain(table.key.iter().cloned()).collect()
}

/// A sampled cell as it was; `None` if it cannot be told. Samples do not tell null from empty.
fn cell(table: &Table<'_>, i: usize, column: &Column, text: &str) -> Option<Value<'static>> {
    let never_null = table.found.table.as_ref().is_some_and(|t| t.nullable.get(i) == Some(&false));
    Some(match &column.ty {
        Type::Bytes => Value::Null,
        Type::Text if text.is_empty() && never_null => Value::text("").into_owned(),
        _ if text.is_empty() => Value::Null,
        Type::Text | Type::Any => Value::Text(text.chars().take(LONGEST).collect::<String>().into()),
        Type::Decimal { .. } => Value::Decimal(text.parse().ok()?),
        ty => instance::parse(ty, text)?.into_owned(),
    })
}

fn written(cell: &Value<'_>) -> Option<String> {
    Some(match cell {
        Value::Text(t) => quote::scalar(t),
        other => value(&other.to_text()?),
    })
}

fn run(runner: &Runner, shape: &Arc<Shape>, cells: &[Value<'static>]) -> Option<Draft> {
    let unit = UnitRef {
        name: "sample".to_owned(),
        version: String::new(),
        order: String::new(),
        as_of: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut builder = BatchBuilder::new(Arc::new(unit));
    let number = builder.shape(shape.clone());
    builder.begin(number);
    cells.iter().for_each(|cell| builder.value(cell.clone()));
    builder.end(Place { line: 1, offset: 0 });
    let batch = builder.finish();
    let row = batch.row(0);
    let record = match runner.record_id(&row) {
        Some(id) => id.ok()?,
        None => Id::derive("sample", "", &["1"]),
    };
    let mut said = Draft::default();
    (runner.run(&row, record, &NoLookups, &mut said) == Fate::Says).then_some(said)
}

/// A value as an example expects it.
fn shown(json: &[u8], field: &Field, table: &Table<'_>, cells: &[Value<'_>], space: &str) -> Option<String> {
    Some(match serde_json::from_slice(json).ok()? {
        serde_json::Value::Null => "null".to_owned(),
        serde_json::Value::String(text) => match &field.refers {
            Some((_, columns)) => {
                let at = |name: &String| table.found.columns.iter().position(|c| c.name == *name);
                let parts: Option<Vec<String>> =
                    columns.iter().map(|c| Some(value(&key_text(cells.get(at(c)?)?)?))).collect();
                format!("{{ ref: [{space}, {}] }}", parts?.join(", "))
            }
            None if field.declared.contains(&("type", "text".to_owned())) => quote::scalar(&text),
            None => value(&text),
        },
        serde_json::Value::Bool(yes) => yes.to_string(),
        other => value(&other.to_string()),
    })
}
