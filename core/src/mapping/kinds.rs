//! Files with several record types: one file's rows, told apart into the datasets they belong to.
//!
//! Invariant: every row goes to exactly one kind, or becomes a bad row of the first one. A `within` row carries its
//! parent's columns as `parent.COLUMN` and its `ORDINAL` under that parent, from 1.

use crate::formula::{Bound, NoLookups, Outcome};
use crate::model::{Catalog, DatasetNo};
use banyan_words::{Bad, Batch, BatchBuilder, Column, Fate, Row, Shape, Type, Value};
use std::sync::Arc;

/// Rows of one kind.
pub struct Split {
    /// Its dataset.
    pub dataset: DatasetNo,
    /// Its rows.
    pub batch: Batch,
}

struct Kind {
    dataset: DatasetNo,
    name: String,
    within: Option<usize>,
    bound: Bound,
    shape: Arc<Shape>,
    parent_columns: usize,
}

/// Tells the rows of one unit apart; keeps the last parent across batches.
pub struct Splitter {
    kinds: Vec<Kind>,
    last: Vec<Option<Vec<Value<'static>>>>,
    ordinal: Vec<i64>,
    base: Arc<Shape>,
}

impl Splitter {
    /// For the kinds of a file's dataset, bound to the file's columns. `None` where the file has but one kind.
    pub fn new(catalog: &Catalog, kinds: &[DatasetNo], base: &Arc<Shape>) -> Option<Splitter> {
        let mut out: Vec<Kind> = Vec::new();
        for no in kinds {
            let d = &catalog.datasets[*no];
            let kind = d.kind.as_ref()?;
            let within = kind
                .within
                .as_ref()
                .and_then(|p| kinds.iter().position(|k| catalog.datasets[*k].kind_name() == Some(p)));
            let mut columns = base.columns.clone();
            let mut parent_columns = 0;
            if let (Some(parent), Some(_)) = (&kind.within, within) {
                let named =
                    base.columns.iter().map(|c| Column { name: format!("{parent}.{}", c.name), ty: c.ty.clone() });
                columns.extend(named);
                columns.push(Column { name: "ORDINAL".into(), ty: Type::Integer });
                parent_columns = base.columns.len();
            }
            out.push(Kind {
                dataset: *no,
                name: kind.name.clone(),
                within,
                bound: kind.when.bind(base),
                shape: Arc::new(Shape { dataset: d.full.clone(), columns }),
                parent_columns,
            });
        }
        let n = out.len();
        Some(Splitter { kinds: out, last: vec![None; n], ordinal: vec![0; n], base: base.clone() })
    }

    /// Whether it was made for these columns.
    pub fn fits(&self, base: &Arc<Shape>) -> bool {
        Arc::ptr_eq(&self.base, base) || self.base.columns == base.columns
    }

    /// Tells a batch's rows apart.
    pub fn split(&mut self, batch: &Batch) -> Vec<Split> {
        let mut builders: Vec<BatchBuilder> =
            self.kinds.iter().map(|_| BatchBuilder::new(batch.unit.clone())).collect();
        for (b, k) in builders.iter_mut().zip(&self.kinds) {
            b.shape(k.shape.clone());
        }
        for row in batch.rows() {
            if let Fate::Bad(bad) = row.fate() {
                builders[0].end_bad(0, row.place(), (**bad).clone());
                continue;
            }
            let found = self
                .kinds
                .iter()
                .position(|k| matches!(k.bound.eval(&row, &NoLookups), Outcome::Value(Value::Boolean(true))));
            match found {
                Some(k) => self.put(k, &row, &mut builders[k]),
                None => refuse(&mut builders[0], &row, "unknown-record-type", "no record type's `when` holds for it"),
            }
        }
        builders.into_iter().zip(&self.kinds).map(|(b, k)| Split { dataset: k.dataset, batch: b.finish() }).collect()
    }

    fn put(&mut self, k: usize, row: &Row<'_>, out: &mut BatchBuilder) {
        let kind = &self.kinds[k];
        let width = self.base.columns.len();
        let own: Vec<Value<'_>> = (0..width).map(|i| row.value(i)).collect();
        if let Some(parent) = kind.within {
            let Some(parent_row) = &self.last[parent] else {
                let why = format!("it stands within {}, but none came before it", self.kinds[parent].name);
                refuse(out, row, "no-parent-record", &why);
                return;
            };
            self.ordinal[k] += 1;
            out.begin(0);
            own.iter().for_each(|v| out.value(v.clone()));
            parent_row.iter().take(kind.parent_columns).for_each(|v| out.value(v.clone()));
            out.value(Value::Integer(self.ordinal[k]));
        } else {
            out.begin(0);
            own.iter().for_each(|v| out.value(v.clone()));
        }
        if let Some(raw) = row.raw() {
            out.raw(raw);
        }
        out.end(row.place());
        // It may be a parent itself: those within it count anew.
        for (child, c) in self.kinds.iter().enumerate() {
            if c.within == Some(k) {
                self.ordinal[child] = 0;
            }
        }
        self.last[k] = Some(own.into_iter().map(Value::into_owned).collect());
    }
}

fn refuse(out: &mut BatchBuilder, row: &Row<'_>, code: &str, message: &str) {
    let raw = row.raw().map(<[u8]>::to_vec).unwrap_or_else(|| {
        let columns = 0..row.shape().columns.len();
        let texts: Vec<_> = columns.map(|i| row.value(i).to_text().unwrap_or_default().into_owned()).collect();
        texts.join("|").into_bytes()
    });
    let message = format!("line {}: {message}", row.place().line);
    out.end_bad(0, row.place(), Bad { code: code.into(), message, raw });
}
