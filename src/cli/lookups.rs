//! Lookup rows as far as they are at hand: those of files, and those of datasets whose file was named.

use super::Failure;
use crate::config::Built;
use banyan_model::formula::{LookupAnswer, Lookups};
use banyan_model::lookup::Table;
use banyan_model::model::{DatasetNo, LookupSource, LookupTable};
use banyan_words::id::key_text;
use banyan_words::{Fate, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Most rows of a dataset that are read as a lookup.
const MOST_ROWS: usize = 1_000_000;

/// Rows by lookup.
pub(super) struct Rows(Vec<Kind>);

enum Kind {
    Table(Arc<Table>),
    /// Rows of a dataset, by key, and the file they are from.
    Read(BTreeMap<Vec<String>, Value<'static>>, String),
    NotAtHand,
}

impl Rows {
    /// Those of files, and of the datasets' files that are named as `lookup=FILE`.
    pub(super) fn of(built: &Built, named: &[String]) -> Result<Rows, Failure> {
        let mut kinds = Vec::with_capacity(built.catalog.lookups.len());
        let files = pairs(named, &built.catalog.lookups)?;
        for lookup in &built.catalog.lookups {
            kinds.push(match (&lookup.rows, files.get(lookup.name.as_str())) {
                (LookupSource::File { table, .. }, _) => Kind::Table(table.clone()),
                (LookupSource::Dataset { dataset, .. }, Some(file)) => read(built, lookup, *dataset, file)?,
                (LookupSource::Dataset { .. }, None) => Kind::NotAtHand,
            });
        }
        Ok(Rows(kinds))
    }
}

fn pairs<'n>(named: &'n [String], lookups: &[LookupTable]) -> Result<BTreeMap<&'n str, &'n str>, Failure> {
    let mut files = BTreeMap::new();
    for text in named {
        let Some((name, file)) = text.split_once('=') else {
            return Err(Failure::Usage(format!("`{text}` names no lookup; write --rows LOOKUP=FILE")));
        };
        match lookups.iter().find(|l| l.name == name).map(|l| &l.rows) {
            Some(LookupSource::Dataset { .. }) => files.insert(name, file),
            Some(LookupSource::File { .. }) => {
                return Err(Failure::Usage(format!("the rows of `{name}` are in a file of the configuration already")));
            }
            None => return Err(Failure::Usage(format!("there is no lookup `{name}`"))),
        };
    }
    Ok(files)
}

fn read(built: &Built, lookup: &LookupTable, dataset: DatasetNo, file: &str) -> Result<Kind, Failure> {
    let unknown = || Failure::Because(format!("the dataset of lookup `{}` is not configured", lookup.name));
    let dataset = built.catalog.datasets.get(dataset).ok_or_else(unknown)?;
    let source = built.catalog.sources.get(dataset.source).ok_or_else(unknown)?;
    let prepared = built.prepared.get(&source.name).ok_or_else(unknown)?;
    let batches = prepared.read_file(&dataset.feed, Path::new(file), MOST_ROWS);
    let batches = batches.map_err(|fault| Failure::Because(format!("{file}: {fault}")))?;
    let mut rows = BTreeMap::new();
    for row in batches.iter().flat_map(|b| b.rows()).filter(|r| *r.fate() == Fate::Record) {
        let value = |name: &str| row.shape().position(name).map_or(Value::Missing, |i| row.value(i));
        let key: Option<Vec<String>> = lookup.keys.iter().map(|k| Some(key_text(&value(k))?.into_owned())).collect();
        if let Some(key) = key {
            rows.insert(key, value(&lookup.value).into_owned());
        }
    }
    Ok(Kind::Read(rows, file.to_owned()))
}

impl Lookups for Rows {
    fn get<'t>(&'t self, table: usize, keys: &[Cow<'_, str>]) -> LookupAnswer<'t> {
        match self.0.get(table) {
            Some(Kind::Table(t)) => {
                t.get(keys).map_or(LookupAnswer::Absent, |(v, _)| LookupAnswer::Found(Value::text(v)))
            }
            Some(Kind::Read(rows, _)) => {
                let key: Vec<String> = keys.iter().map(|k| k.to_string()).collect();
                rows.get(&key).map_or(LookupAnswer::Absent, |v| LookupAnswer::Found(v.clone()))
            }
            Some(Kind::NotAtHand) | None => LookupAnswer::NotLoaded,
        }
    }

    fn place(&self, table: usize, keys: &[Cow<'_, str>]) -> String {
        match self.0.get(table) {
            Some(Kind::Table(t)) => {
                t.get(keys).map_or(String::new(), |(_, line)| format!("row {line} of {}", t.name()))
            }
            Some(Kind::Read(_, file)) => file.clone(),
            Some(Kind::NotAtHand) | None => String::new(),
        }
    }
}
