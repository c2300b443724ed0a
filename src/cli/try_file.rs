//! `banyan try FILE --mapping M`: raw → canonical for the first records of a file, each rejection explained.
//!
//! Invariant: nothing is stored and nothing is asked of a source; the file is only read.

use super::lookups::Rows;
use super::shown::{Field, Record, Said, Verdict};
use super::{Done, Failure, Global, out};
use crate::config::{Built, MissingSecret};
use banyan_model::formula::{NOT_LOADED, Outcome, show};
use banyan_model::mapping::{Draft, Fate, Runner, Split, Splitter, write_fragment};
use banyan_model::model::{Catalog, Dataset, DatasetNo, Mapping, MappingNo};
use banyan_words::problem::nearest;
use banyan_words::{Batch, Id, Row, Shape, Value};
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::Arc;

/// Show what becomes of the first records of a file, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Try {
    /// A file such as the mapping's dataset would read.
    file: PathBuf,
    /// The mapping, such as `crm.contacts -> customer`, or its dataset.
    #[arg(long, short)]
    mapping: Option<String>,
    /// How many records of the file are read.
    #[arg(long, short = 'n', default_value_t = 10, value_name = "N")]
    limit: usize,
    /// A file with the rows of a lookup that is a dataset; may be said several times.
    #[arg(long, value_name = "LOOKUP=FILE")]
    rows: Vec<String>,
    /// Show the steps of every formula.
    #[arg(long)]
    explain: bool,
}

impl Try {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, built) = global.built(MissingSecret::Warning)?;
        let no = self.mapping(&built.catalog)?;
        let records = self.records(&built, no)?;
        let rejected = records.iter().filter(|r| matches!(r.verdict, Verdict::Rejected { .. })).count();
        match global.json {
            true => out::json(&records.iter().map(|r| r.to_json(self.explain)).collect()),
            false => {
                records.iter().for_each(|r| out::answer(&r.to_text(self.explain)));
                let mapping = built.catalog.mappings.get(no).map_or("", |m| m.name.as_str());
                let (n, file) = (records.len(), self.file.display());
                out::answer(&format!("{n} records of {file} through `{mapping}`: {rejected} rejected\n"));
            }
        }
        if rejected > 0 { Err(Failure::Told) } else { Ok(()) }
    }

    /// The mapping meant: by its name, by its dataset, or the only one.
    fn mapping(&self, catalog: &Catalog) -> Result<MappingNo, Failure> {
        let Some(name) = &self.mapping else {
            return match catalog.mappings.len() {
                1 => Ok(0),
                _ => Err(Failure::Usage(format!("say which mapping: --mapping NAME; there are\n{}", list(catalog)))),
            };
        };
        if let Some((no, _)) = catalog.mapping(name) {
            return Ok(no);
        }
        let reads = |m: &Mapping| catalog.datasets.get(m.dataset).is_some_and(|d| d.full == *name);
        let found: Vec<MappingNo> =
            catalog.mappings.iter().enumerate().filter(|(_, m)| reads(m)).map(|(no, _)| no).collect();
        match found.as_slice() {
            [one] => Ok(*one),
            _ => {
                let near = nearest(name, catalog.mappings.iter().map(|m| m.name.as_str()));
                let meant = near.map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
                Err(Failure::Usage(format!("there is no mapping `{name}`; {meant}there are\n{}", list(catalog))))
            }
        }
    }

    fn records(&self, built: &Built, no: MappingNo) -> Result<Vec<Record>, Failure> {
        let catalog = &built.catalog;
        let unknown = || Failure::Because("the mapping's source is not configured".to_owned());
        let dataset_no = catalog.mappings.get(no).map(|m| m.dataset).ok_or_else(unknown)?;
        let dataset = catalog.datasets.get(dataset_no).ok_or_else(unknown)?;
        let source = catalog.sources.get(dataset.source).ok_or_else(unknown)?;
        let prepared = built.prepared.get(&source.name).ok_or_else(unknown)?;
        let read = prepared.read_file(&dataset.feed, &self.file, self.limit);
        let batches = read.map_err(|fault| Failure::Because(format!("{}: {fault}", self.file.display())))?;
        let lookups = Rows::of(built, &self.rows)?;
        let mut bench = Bench { catalog, no, lookups, runner: None };
        let mut records = Vec::new();
        let mut splitter: Option<Splitter> = None;
        for batch in &batches {
            for own in own_rows(catalog, dataset_no, batch, &mut splitter) {
                records.extend(own.rows().map(|row| bench.record(&row)));
            }
        }
        Ok(records)
    }
}

/// The rows of a batch that belong to the dataset, where the file has several record types.
fn own_rows(catalog: &Catalog, no: DatasetNo, batch: &Batch, splitter: &mut Option<Splitter>) -> Vec<Batch> {
    let Some(dataset) = catalog.datasets.get(no).filter(|d| d.kind.is_some()) else { return vec![batch.clone()] };
    let same = |d: &Dataset| d.source == dataset.source && d.feed == dataset.feed;
    let kinds: Vec<DatasetNo> =
        catalog.datasets.iter().enumerate().filter(|(_, d)| same(d)).map(|(no, _)| no).collect();
    let Some(base) = batch.shapes().first() else { return Vec::new() };
    if splitter.as_ref().is_none_or(|s| !s.fits(base)) {
        *splitter = Splitter::new(catalog, &kinds, base);
    }
    let Some(splitter) = splitter else { return vec![batch.clone()] };
    splitter.split(batch).into_iter().filter(|s: &Split| s.dataset == no).map(|s| s.batch).collect()
}

fn list(catalog: &Catalog) -> String {
    catalog.mappings.iter().map(|m| format!("  {}", m.name)).collect::<Vec<_>>().join("\n")
}

/// Where records are tried.
struct Bench<'c> {
    catalog: &'c Catalog,
    no: MappingNo,
    lookups: Rows,
    runner: Option<(Arc<Shape>, Runner)>,
}

impl Bench<'_> {
    fn record(&mut self, row: &Row<'_>) -> Record {
        let mut record = self.raw(row);
        if let banyan_words::Fate::Bad(bad) = row.fate() {
            record.verdict = Verdict::rejected(&bad.code, None, &bad.message);
            return record;
        }
        let shape = row.shape();
        if self.runner.as_ref().is_none_or(|(s, _)| !Arc::ptr_eq(s, shape)) {
            self.runner = Some((shape.clone(), Runner::new(self.catalog, self.no, shape)));
        }
        let Some((_, runner)) = &self.runner else { return record };
        let id = match runner.record_id(row) {
            Some(Ok(id)) => id,
            Some(Err(fault)) => {
                record.verdict = Verdict::rejected("bad-key", Some(&fault.column), &fault.message);
                return record;
            }
            // Its real id depends on what else the file holds.
            None => Id::derive("try", "", &[row.place().line.to_string()]),
        };
        let mut said = Draft::default();
        record.verdict = match runner.run(row, id, &self.lookups, &mut said) {
            Fate::Says => Verdict::Says { id: said.instance.map(|id| id.to_string()) },
            Fate::Withdrawn => Verdict::Withdrawn,
            Fate::Skipped => Verdict::Skipped,
            Fate::Refused(refusal) if refusal.code == NOT_LOADED => Verdict::NotKnown { field: refusal.field },
            Fate::Refused(refusal) => Verdict::rejected(&refusal.code, refusal.field.as_deref(), &refusal.message),
        };
        if !matches!(record.verdict, Verdict::Skipped | Verdict::Withdrawn) {
            self.fields(&mut record, row, self.zone().as_ref());
        }
        record
    }

    fn dataset(&self) -> Option<&Dataset> {
        self.catalog.mappings.get(self.no).and_then(|m| self.catalog.datasets.get(m.dataset))
    }

    fn zone(&self) -> Option<TimeZone> {
        self.dataset()?.zone.as_deref().and_then(|z| TimeZone::get(z).ok())
    }

    /// What stands in the record, but for what is discarded.
    fn raw(&self, row: &Row<'_>) -> Record {
        let discard = self.dataset().map_or(&[][..], |d| &d.discard);
        let columns = row.shape().columns.iter().enumerate().filter(|(_, c)| !discard.contains(&c.name));
        Record {
            line: row.place().line,
            raw: columns.map(|(i, c)| (c.name.clone(), show(&row.value(i)))).collect(),
            verdict: Verdict::Skipped,
            fields: Vec::new(),
        }
    }

    /// Each field by itself, so that what is right is seen beside what is wrong.
    fn fields(&self, record: &mut Record, row: &Row<'_>, zone: Option<&TimeZone>) {
        let Some((_, runner)) = &self.runner else { return };
        for (name, bound) in runner.bounds() {
            let (steps, outcome) = bound.explain(row, &self.lookups);
            let said = match outcome {
                Outcome::Value(Value::Missing) => Said::Missing,
                Outcome::Value(v) => {
                    let mut json = Vec::new();
                    match write_fragment(&v, zone, &mut json) {
                        Ok(()) => Said::Value(String::from_utf8_lossy(&json).into_owned()),
                        Err(_) => Said::Reject("bad-time".to_owned()),
                    }
                }
                Outcome::Keep(code) => Said::Keep(code.to_owned()),
                Outcome::Reject { code, .. } if code == NOT_LOADED => Said::NotKnown,
                Outcome::Reject { code, .. } => Said::Reject(code.to_owned()),
            };
            record.fields.push(Field { name: name.to_owned(), said, steps });
        }
    }
}
