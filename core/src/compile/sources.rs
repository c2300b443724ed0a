//! Sources and datasets: keys, content, zones, what is discarded.

use super::spaces::Spaces;
use super::tell::{Tell, meant};
use super::{Input, Pushed, kinds, zones};
use crate::draft::{ContentWord, DatasetDraft, DatasetKey, DatasetKeys, Part, SourceDraft, SourceKeys};
use crate::model::{Budget, Content, Dataset, DatasetNo, Operation, ShrinkGuard, Source, SourceNo};
use banyan_words::decimal::MAX_DIGITS;
use banyan_words::node::{Percent, join};
use banyan_words::{Column, Type};
use std::time::Duration;

/// How much of a snapshot may vanish at once unless the dataset says otherwise: half of it.
const DEFAULT_SHRINK_GUARD: ShrinkGuard = ShrinkGuard { permille: 500 };
/// How long raw records that nothing stands on are kept unless the dataset says otherwise.
const DEFAULT_RETAIN: Duration = Duration::from_secs(30 * 86_400);

/// Sources and datasets, checked.
pub(super) struct World {
    pub(super) sources: Vec<Source>,
    pub(super) datasets: Vec<Known>,
    pub(super) spaces: Spaces,
}

/// A dataset and what mappings need to know of it.
pub(super) struct Known {
    pub(super) dataset: Dataset,
    /// Where it stands.
    pub(super) path: String,
    /// Its columns where they are known, those discarded included.
    pub(super) columns: Option<Vec<Column>>,
    pub(super) reading: u64,
    /// Columns by which its source can be searched.
    pub(super) pushes: Vec<Pushed>,
    /// It is known which indexes its table has.
    pub(super) indexes_known: bool,
    pub(super) null_dates: Vec<String>,
    /// Its adapter accepted its configuration. If not, that its columns are not known means nothing.
    pub(super) sound: bool,
    /// It says `key: none`.
    pub(super) keyless: bool,
    /// Something is wrong with it, and has been told: its examples would fail for that reason.
    pub(super) faulty: bool,
}

impl World {
    /// The dataset of that full name; told if there is none.
    pub(super) fn find(&self, full: &str, path: &str, tell: &mut Tell<'_>) -> Option<DatasetNo> {
        if let Some(no) = self.datasets.iter().position(|d| d.dataset.full == full) {
            return Some(no);
        }
        let (source, name) = full.split_once('.').unwrap_or((full, ""));
        let is_source = |d: &Known| self.sources.get(d.dataset.source).is_some_and(|s| s.name == source);
        let kinds: Vec<&str> = self
            .datasets
            .iter()
            .filter(|d| d.dataset.feed == name && is_source(d))
            .map(|d| d.dataset.full.as_str())
            .collect();
        if !kinds.is_empty() {
            let message = format!("`{full}` has records of several types, each a dataset of its own");
            tell.error("record-type-missing", path, message, format!("name one of: {}", kinds.join(", ")));
            return None;
        }
        if tell.is_left_out(&format!("sources.{source}")) || tell.is_partial(&format!("sources.{source}.datasets")) {
            return None;
        }
        let known: Vec<&str> = self.datasets.iter().map(|d| d.dataset.full.as_str()).collect();
        tell.unknown(("unknown-dataset", "dataset"), path, full, known, "");
        None
    }
}

impl Known {
    /// Whether records have that column; told if not.
    pub(super) fn check_column(&self, name: &str, path: &str, tell: &mut Tell<'_>) -> bool {
        if self.dataset.discard.iter().any(|d| d == name) {
            let message = format!("{} discards the column {name} before anything sees it", self.dataset.full);
            tell.error("discarded-column", path, message, format!("take {name} out of `discard`, or do without it"));
            return false;
        }
        let Some(columns) = &self.columns else { return true };
        if columns.iter().any(|c| c.name == name) {
            return true;
        }
        let known: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        let message = format!("{} has no column {name}", self.dataset.full);
        tell.error("unknown-column", path, message, meant(name, &known));
        false
    }

    /// The same for a list of columns.
    pub(super) fn check_columns(&self, names: &[String], path: &str, tell: &mut Tell<'_>) {
        for (i, name) in names.iter().enumerate() {
            let at = format!("{path}[{i}]");
            self.check_column(name, &at, tell);
            if names.iter().take(i).any(|n| n == name) {
                let message = format!("the column {name} is named twice");
                tell.error("duplicate-name", &at, message, "name it once");
            }
        }
    }
}

pub(super) fn build(input: &Input<'_>, tell: &mut Tell<'_>) -> World {
    let spaces = Spaces::new(input.draft, tell);
    let mut world = World { sources: Vec::new(), datasets: Vec::new(), spaces };
    for source in &input.draft.sources {
        let no = world.sources.len();
        world.sources.push(Source {
            name: source.name.clone(),
            adapter: source.keys.adapter.clone(),
            budget: budget(&source.keys),
        });
        for dataset in &source.datasets {
            let known = one(input, source, no, dataset, tell);
            let all = match dataset.keys.records.is_empty() {
                true => vec![known],
                false => kinds::build(source, dataset, known, tell),
            };
            for known in all {
                let (full, id_name) = (&known.dataset.full, &known.dataset.id_name);
                let same = |d: &&Known| d.dataset.full == *full || d.dataset.id_name == *id_name;
                if let Some(other) = world.datasets.iter().find(same) {
                    let name = if other.dataset.full == *full { full } else { id_name };
                    let message = format!("`{name}` is or was the name of two datasets (the other is {})", other.path);
                    tell.error("duplicate-name", &known.path, message, "give one of them another name");
                    continue;
                }
                world.datasets.push(known);
            }
        }
    }
    world
}

fn one(input: &Input<'_>, s: &Part<SourceDraft>, no: SourceNo, d: &Part<DatasetDraft>, tell: &mut Tell<'_>) -> Known {
    let before = tell.errors();
    let full = format!("{}.{}", s.name, d.name);
    let reading = input.readings.get(&full);
    let zone = match (&d.keys.zone, &s.keys.zone) {
        (Some(zone), _) => zones::check(zone, &join(&d.path, "zone"), tell),
        (None, Some(zone)) => zones::check(zone, &join(&s.path, "zone"), tell),
        (None, None) => None,
    };
    let texts = |own: &Option<Vec<String>>, source: &Option<Vec<String>>| {
        own.clone().or_else(|| source.clone()).unwrap_or_default()
    };
    let dataset = Dataset {
        stored: 0,
        source: no,
        feed: d.name.clone(),
        id_name: id_name(s, d.keys.renamed_from.as_deref().unwrap_or(&d.name)),
        full,
        key: key(d, tell),
        content: content(&d.keys, &d.path, tell),
        shrink_guard: guard(&d.keys, reading.is_some_and(|r| r.whole), &d.path, tell),
        fresh: d.keys.fresh.map(|f| f.0),
        stale_if_error: d.keys.stale_if_error.map(|f| f.0),
        kept: reading.filter(|r| r.kept).and_then(|r| r.columns.as_deref()).map(exact).unwrap_or_default(),
        discard: d.keys.discard.clone(),
        kind: None,
        null_texts: texts(&d.keys.null, &s.keys.null),
        zone,
        live_only: reading.is_some_and(|r| r.live_only),
        retain: d.keys.retain.map_or(DEFAULT_RETAIN, |r| r.0),
    };
    let known = Known {
        dataset,
        path: d.path.clone(),
        columns: reading.and_then(|r| r.columns.clone()),
        reading: reading.map_or(0, |r| r.hash),
        pushes: reading.map(|r| r.pushes.clone()).unwrap_or_default(),
        indexes_known: reading.is_some_and(|r| r.indexes_known),
        null_dates: texts(&d.keys.null_dates, &s.keys.null_dates),
        sound: reading.is_some(),
        keyless: d.keys.key == Some(DatasetKey::None),
        faulty: false,
    };
    columns(&known, &d.keys, tell);
    Known { faulty: tell.errors() > before, ..known }
}

/// The columns whose kept types say all that a source would say.
fn exact(columns: &[Column]) -> Vec<Column> {
    let vague = |ty: &Type| matches!(ty, Type::Any | Type::Decimal { precision: MAX_DIGITS, scale: MAX_DIGITS });
    columns.iter().filter(|c| !vague(&c.ty)).cloned().collect()
}

/// The full name by which a dataset was first known. Of a renamed source, all datasets had another one.
pub(super) fn id_name(s: &Part<SourceDraft>, dataset: &str) -> String {
    format!("{}.{dataset}", s.keys.renamed_from.as_deref().unwrap_or(&s.name))
}

fn key(d: &Part<DatasetDraft>, tell: &mut Tell<'_>) -> Vec<String> {
    let at = join(&d.path, "key");
    match &d.keys.key {
        Some(DatasetKey::Columns(columns)) => columns.clone(),
        Some(DatasetKey::None) => {
            if d.keys.content != Some(ContentWord::Snapshot) && !tell.is_left_out(&join(&d.path, "content")) {
                let message = "without a key it cannot be told what a changed record was before";
                tell.error("snapshot-only", &at, message, "say `content: snapshot`, or name the key's columns");
            }
            Vec::new()
        }
        None => {
            // Each record type may have its own.
            let named = !d.keys.records.is_empty() && d.keys.records.iter().all(|(_, r)| r.key.is_some());
            if !named && !tell.is_left_out(&at) {
                let message = "it is not said which columns identify a record";
                let hint = "write `key: [COLUMN]`, or `key: none` for a snapshot of records without a key";
                tell.error("key-missing", &d.path, message, hint);
            }
            Vec::new()
        }
    }
}

fn content(keys: &DatasetKeys, path: &str, tell: &mut Tell<'_>) -> Content {
    match (keys.content, &keys.operation) {
        (Some(ContentWord::Snapshot), None) => Content::Snapshot,
        (Some(ContentWord::Snapshot), Some(_)) => {
            let message = "a snapshot has no operations: what is missing from it is deleted";
            let hint = "say `content: changes`, or leave `operation` out";
            tell.error("changes-only", &join(path, "operation"), message, hint);
            Content::Snapshot
        }
        // No deletion is ever guessed: what is missing from a file of changes was not changed.
        (Some(ContentWord::Changes) | None, operation) => {
            let operation = operation.as_ref();
            Content::Changes(operation.map(|o| Operation { column: o.column.clone(), delete: o.delete.clone() }))
        }
    }
}

fn guard(keys: &DatasetKeys, whole: bool, path: &str, tell: &mut Tell<'_>) -> Option<ShrinkGuard> {
    let snapshot = whole || keys.content == Some(ContentWord::Snapshot);
    match (&keys.shrink_guard, snapshot) {
        (None, true) => Some(DEFAULT_SHRINK_GUARD),
        (None, false) => None,
        (Some(share), true) => Some(ShrinkGuard { permille: permille(*share) }),
        (Some(_), false) => {
            let at = join(path, "shrink_guard");
            if !tell.is_left_out(&join(path, "content")) {
                let message = "only a snapshot can shrink: in a file of changes nothing is missing";
                tell.error("snapshot-only", &at, message, "say `content: snapshot`, or leave it out");
            }
            None
        }
    }
}

/// Thousandths, rounded down: the guard is rather stricter than said.
fn permille(share: Percent) -> u32 {
    (0..=1000).rev().find(|n| !share.exceeded_by(u64::from(*n), 1000)).unwrap_or(0)
}

/// Columns that the dataset itself names.
fn columns(known: &Known, keys: &DatasetKeys, tell: &mut Tell<'_>) {
    if let Some(columns) = &known.columns {
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        for (i, name) in known.dataset.discard.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let message = format!("{} has no column {name}", known.dataset.full);
                let at = format!("{}[{i}]", join(&known.path, "discard"));
                tell.error("unknown-column", &at, message, meant(name, &names));
            }
        }
    }
    known.check_columns(&known.dataset.key, &join(&known.path, "key"), tell);
    if let Some(operation) = &keys.operation {
        let at = join(&known.path, "operation");
        known.check_column(&operation.column, &join(&at, "column"), tell);
        if operation.delete.is_empty() {
            let hint = "write `delete: [D]`";
            tell.error("missing-key", &join(&at, "delete"), "no value is said to mean deletion", hint);
        }
    }
}

/// What the source may be asked to bear.
fn budget(keys: &SourceKeys) -> Budget {
    let Some(b) = &keys.budget else { return Budget::default() };
    Budget {
        concurrency: b.concurrency,
        pace: b.rate.filter(|r| r.count > 0).map(|r| r.per / r.count),
        timeout: b.timeout.map(|d| d.0),
        closed: b.closed.iter().map(|w| (w.from, w.to)).collect(),
        zone: keys.zone.clone(),
    }
}
