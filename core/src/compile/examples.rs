//! Examples are tests: each record is mapped as a real one would be, and compared with what it says.

use super::example_values::{Wanted, cell, same, wanted};
use super::lookups::Found;
use super::mappings::Written;
use super::sources::{Known, World};
use super::tell::{Tell, meant};
use crate::draft::{Draft, ExampleDraft, MappingDraft, Part};
use crate::formula::{LookupAnswer, Lookups, NOT_LOADED};
use crate::lookup::Table;
use crate::mapping::{self, Fate, Runner, SayKind};
use crate::model::{Catalog, LookupSource, MappingNo};
use banyan_words::node::{Named, Node, join};
use banyan_words::{Batch, BatchBuilder, Column, Id, Place, Problem, Shape, Type, UnitRef, Value};
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::sync::Arc;

/// Runs the examples of every sound mapping.
pub(super) fn run(
    draft: &Draft,
    catalog: &Catalog,
    world: &World,
    written: &[Written],
    tables: &[Found],
    tell: &mut Tell<'_>,
) {
    let rows = Rows::new(tables);
    for w in written {
        let (Some(no), Some(part)) = (w.no, draft.mappings.get(w.at)) else { continue };
        let Some(known) = w.dataset.and_then(|d| world.datasets.get(d)) else { continue };
        if known.faulty {
            continue;
        }
        for (i, example) in part.examples.iter().enumerate() {
            let path = format!("{}[{i}]", join(&part.path, "examples"));
            let case = Case { draft, catalog, no, part, known, rows: &rows, path };
            case.run(example, tell);
        }
    }
}

/// Lookup rows as far as they are known offline.
struct Rows {
    tables: Vec<Option<Arc<Table>>>,
    /// Names of lookups that are faulty, which has been told.
    faulty: Vec<String>,
}

impl Rows {
    fn new(tables: &[Found]) -> Rows {
        let table = |found: &Found| match found.table.as_ref().map(|t| &t.rows) {
            Some(LookupSource::File { table, .. }) => Some(table.clone()),
            _ => None,
        };
        let faulty = tables.iter().filter(|f| f.table.is_none()).map(|f| f.name.clone()).collect();
        Rows { tables: tables.iter().map(table).collect(), faulty }
    }

    fn table(&self, no: usize) -> Option<&Table> {
        self.tables.get(no).and_then(|t| t.as_deref())
    }
}

impl Lookups for Rows {
    fn get<'t>(&'t self, table: usize, keys: &[Cow<'_, str>]) -> LookupAnswer<'t> {
        match self.table(table) {
            None => LookupAnswer::NotLoaded,
            Some(t) => t.get(keys).map_or(LookupAnswer::Absent, |(v, _)| LookupAnswer::Found(Value::text(v))),
        }
    }

    fn place(&self, table: usize, keys: &[Cow<'_, str>]) -> String {
        let found = self.table(table).and_then(|t| t.get(keys).map(|(_, line)| (t, line)));
        found.map_or(String::new(), |(t, line)| format!("row {line} of {}", t.name()))
    }
}

/// One example of one mapping.
struct Case<'c> {
    draft: &'c Draft,
    catalog: &'c Catalog,
    no: MappingNo,
    part: &'c Part<MappingDraft>,
    known: &'c Known,
    rows: &'c Rows,
    path: String,
}

impl Case<'_> {
    fn run(&self, example: &ExampleDraft, tell: &mut Tell<'_>) {
        let before = tell.errors();
        let Some(batch) = self.record(&example.given, tell) else { return };
        if tell.errors() > before || batch.is_empty() {
            return;
        }
        let row = batch.row(0);
        let runner = Runner::new(self.catalog, self.no, row.shape());
        let record = match runner.record_id(&row) {
            Some(Ok(id)) => id,
            Some(Err(fault)) => {
                return self.outcome(
                    example,
                    &format!("rejected with \"bad-key\": {}", fault.message),
                    Some("bad-key"),
                    tell,
                );
            }
            None => Id::derive("example", "", &[self.path.as_str()]),
        };
        let mut said = mapping::Draft::default();
        match runner.run(&row, record, self.rows, &mut said) {
            Fate::Says => match &example.reject {
                Some(_) => self.outcome(example, "accepted", None, tell),
                None => self.compare(example, &said, &runner, &batch, tell),
            },
            Fate::Withdrawn => self.outcome(example, "withdrawn by `deleted`", None, tell),
            Fate::Skipped => self.outcome(example, "skipped by `when`", None, tell),
            Fate::Refused(refusal) if refusal.code == NOT_LOADED => {
                if self.asks_faulty() {
                    return;
                }
                let field = refusal.field.as_deref().unwrap_or("a condition");
                let message =
                    format!("{field} asks a lookup whose rows come from a dataset, so this cannot be run offline");
                tell.warn("example-not-run", &self.path, message, "it is right or wrong only once the dataset is read");
            }
            Fate::Refused(refusal) => {
                let field = refusal.field.as_deref();
                let what = format!(
                    "rejected with \"{}\"{}: {}",
                    refusal.code,
                    field.map(|f| format!(" by `{f}`")).unwrap_or_default(),
                    refusal.message
                );
                self.outcome(example, &what, Some(&refusal.code), tell);
            }
        }
    }

    fn asks_faulty(&self) -> bool {
        let m = self.catalog.mappings.get(self.no);
        let mut formulas = m.iter().flat_map(|m| m.fields.iter().map(|(_, f)| f).chain(&m.when).chain(&m.deleted));
        formulas.any(|f| f.lookups().iter().any(|l| self.rows.faulty.contains(l)))
    }

    /// What became of the record as a whole: told unless it is what was expected.
    fn outcome(&self, example: &ExampleDraft, what: &str, code: Option<&str>, tell: &mut Tell<'_>) {
        let (at, message, hint) = match (&example.reject, code) {
            (Some(wanted), Some(code)) if wanted == code => return,
            (Some(wanted), _) => (
                join(&self.path, "reject"),
                format!("the record should be rejected with \"{wanted}\", but is {what}"),
                "correct the formula or the example",
            ),
            (None, Some(_)) => {
                (self.path.clone(), format!("the record is {what}"), "write `reject:` with that code if that is meant")
            }
            (None, None) => {
                (self.path.clone(), format!("the record is {what}"), "correct the condition or the example")
            }
        };
        tell.error("example-failed", &at, message, hint);
    }

    fn compare(
        &self,
        example: &ExampleDraft,
        said: &mapping::Draft,
        runner: &Runner,
        batch: &Batch,
        tell: &mut Tell<'_>,
    ) {
        let (Some(expect), Some(m)) = (&example.expect, self.catalog.mappings.get(self.no)) else { return };
        let Some(entity) = self.catalog.entities.get(m.entity) else { return };
        let zone = self.known.dataset.zone.as_deref().and_then(|z| TimeZone::get(z).ok());
        for (name, node) in expect.iter() {
            let at = join(&join(&self.path, "expect"), name);
            let filled = m.fields.iter().position(|(no, _)| entity.fields.get(*no).is_some_and(|f| f.name == name));
            let (Some(i), Some((_, field))) = (filled, entity.field(name)) else {
                if self.part.fields.get(name).is_some()
                    || tell.is_partial(&join(&join(&self.part.path, "fields"), name))
                {
                    continue; // it is faulty, and that has been told
                }
                let known: Vec<&str> = self.part.fields.names().collect();
                tell.error("unknown-field", &at, format!("this mapping does not fill `{name}`"), meant(name, &known));
                continue;
            };
            let wanted = match wanted(node, &field.ty, zone.as_ref(), self.draft) {
                Ok(wanted) => wanted,
                Err(why) => {
                    tell.error("example-value", &at, why, format!("the field is {}", field.ty));
                    continue;
                }
            };
            let (kind, fragment) = (said.says.get(i), said.fragments.get(i));
            if matches(&wanted, kind, fragment) {
                continue;
            }
            let got = got(kind, fragment);
            let message = format!("`{name}` should be {}, but is {got}", written(&wanted));
            let mut problem = Problem::error("example-failed", at, message);
            if let Some(steps) = explain(name, runner, batch, self.rows) {
                problem = problem.hint(steps);
            }
            tell.add(problem);
        }
    }

    /// The record: columns that are not named are null.
    fn record(&self, given: &Named<Node>, tell: &mut Tell<'_>) -> Option<Batch> {
        let at = join(&self.path, "given");
        let columns = self.columns(given);
        let unit = UnitRef {
            name: "example".to_owned(),
            version: String::new(),
            order: String::new(),
            as_of: jiff::Timestamp::UNIX_EPOCH,
        };
        for name in given.names() {
            self.known.check_column(name, &join(&at, name), tell);
        }
        let mut builder = BatchBuilder::new(Arc::new(unit));
        let shape = Shape { dataset: self.known.dataset.feed.clone(), columns };
        let shape = Arc::new(shape);
        let number = builder.shape(shape.clone());
        builder.begin(number);
        for column in &shape.columns {
            match given.get(&column.name).map_or(Ok(Value::Null), |node| cell(node, &column.ty)) {
                Ok(value) => builder.value(value),
                Err(why) => {
                    let hint = format!("the column is {}", column.ty);
                    tell.error("example-value", &join(&at, &column.name), why, hint);
                    builder.value(Value::Null);
                }
            }
        }
        builder.end(Place { line: 1, offset: 0 });
        Some(builder.finish())
    }

    /// Its columns: those of the dataset, or whatever the mapping and the example name; then all are texts.
    fn columns(&self, given: &Named<Node>) -> Vec<Column> {
        if let Some(columns) = &self.known.columns {
            return columns.clone();
        }
        let mut names: Vec<&str> = given.names().collect();
        if let Some(m) = self.catalog.mappings.get(self.no) {
            let formulas = m.fields.iter().map(|(_, f)| f).chain(&m.when).chain(&m.deleted).chain(&m.changed_at);
            names.extend(formulas.flat_map(|f| f.columns()).map(String::as_str));
            names.extend(m.key.columns.iter().chain(&self.known.dataset.key).map(String::as_str));
        }
        let mut columns: Vec<Column> = Vec::with_capacity(names.len());
        for name in names {
            if columns.iter().all(|c| c.name != name) {
                let nested = given.get(name).is_some_and(|n| n.as_text().is_none());
                let ty = if nested { Type::Any } else { Type::Text };
                columns.push(Column { name: name.to_owned(), ty });
            }
        }
        columns
    }
}

fn matches(wanted: &Wanted, kind: Option<&SayKind>, fragment: &[u8]) -> bool {
    match (wanted, kind) {
        (Wanted::Absent, Some(SayKind::Missing)) => true,
        (Wanted::Absent, Some(SayKind::Value)) => fragment == b"null",
        (Wanted::Keep(code), Some(SayKind::Keep(got))) => code.as_str() == got.as_ref(),
        (Wanted::Json(json), Some(SayKind::Value)) => same(json, fragment),
        _ => false,
    }
}

fn written(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Absent => "null".to_owned(),
        Wanted::Keep(code) => format!("kept with \"{code}\""),
        Wanted::Json(json) => String::from_utf8_lossy(json).into_owned(),
    }
}

fn got(kind: Option<&SayKind>, fragment: &[u8]) -> String {
    match kind {
        None | Some(SayKind::Missing) => "MISSING: the record says nothing of it".to_owned(),
        Some(SayKind::Value) => String::from_utf8_lossy(fragment).into_owned(),
        Some(SayKind::Keep(code)) => format!("kept with \"{code}\""),
    }
}

/// The steps that led to a field's value, on one line.
fn explain(field: &str, runner: &Runner, batch: &Batch, rows: &Rows) -> Option<String> {
    let (_, bound) = runner.bounds().find(|(name, _)| *name == field)?;
    let row = batch.row(0);
    let (steps, _) = bound.explain(&row, rows);
    let shown: Vec<String> = steps
        .iter()
        .map(|s| match &s.note {
            Some(note) => format!("{} = {} ({note})", s.text, s.value),
            None => format!("{} = {}", s.text, s.value),
        })
        .collect();
    (!shown.is_empty()).then(|| shown.join("; "))
}
