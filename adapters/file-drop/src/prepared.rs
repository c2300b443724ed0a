//! The ports: checking a source, opening it, and what it tells of itself.

use crate::config::spec::{DatasetSpec, SourceSpec};
use crate::config::{self, SourceConfig, check};
use crate::feed::{Feed, Ticks};
use crate::folder::probe::{self, Look};
use crate::folder::sweep::{Met, sweep};
use crate::format::Limit;
use crate::format::trouble::Trouble;
use crate::refusals::REFUSALS;
use banyan_adapter::{
    BlockingFeed, Connected, Context, Fault, Found, Health, Kind, Prepared, RawSource, RefusalDef, Task,
};
use banyan_words::{Batch, BatchBuilder, Column, Problem, UnitRef};
use jiff::Timestamp;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The adapter kind `file-drop`.
pub struct FileDrop;

impl Kind for FileDrop {
    fn name(&self) -> &'static str {
        "file-drop"
    }

    fn source_schema(&self) -> schemars::Schema {
        schemars::schema_for!(SourceConfig)
    }

    fn dataset_schema(&self) -> schemars::Schema {
        config::dataset_schema()
    }

    fn refusals(&self) -> &'static [RefusalDef] {
        REFUSALS
    }

    fn prepare(&self, raw: &RawSource) -> Result<Box<dyn Prepared>, Vec<Problem>> {
        let mut problems = Vec::new();
        let source = check::source(raw).map_err(|p| problems.extend(p)).ok();
        let mut datasets = Vec::new();
        for dataset in &raw.datasets {
            match check::dataset(dataset) {
                Ok(spec) => datasets.push(Arc::new(spec)),
                Err(found) => problems.extend(found),
            }
        }
        match source {
            Some(source) if problems.is_empty() => {
                let start = Instant::now();
                let ticks: Ticks = Arc::new(move || start.elapsed());
                Ok(Box::new(Checked { source: Arc::new(source), datasets, ticks }))
            }
            _ => Err(problems),
        }
    }
}

/// A checked source.
struct Checked {
    source: Arc<SourceSpec>,
    datasets: Vec<Arc<DatasetSpec>>,
    ticks: Ticks,
}

impl Checked {
    fn dataset(&self, name: &str) -> Option<&Arc<DatasetSpec>> {
        self.datasets.iter().find(|d| d.name == name)
    }
}

impl Prepared for Checked {
    fn columns(&self, dataset: &str) -> Option<Vec<Column>> {
        self.dataset(dataset)?.format.columns()
    }

    fn reading_hash(&self, dataset: &str) -> u64 {
        self.dataset(dataset).map_or(0, |d| d.reading_hash())
    }

    fn read_file(&self, dataset: &str, path: &Path, limit: usize) -> Result<Vec<Batch>, Fault> {
        let spec = self.dataset(dataset).ok_or_else(|| {
            Fault::permanent("unknown-dataset", format!("there is no dataset `{dataset}` in this source"))
        })?;
        read_file(spec, path, limit)
    }

    fn connect(&self, cx: Context) -> Task<'_, Result<Box<dyn Connected>, Fault>> {
        let open =
            Opened { source: self.source.clone(), datasets: self.datasets.clone(), cx, ticks: self.ticks.clone() };
        // The folder may be missing now and there later: each feed says so, and health does.
        Box::pin(async move { Ok(Box::new(open) as Box<dyn Connected>) })
    }
}

fn read_file(spec: &DatasetSpec, path: &Path, limit: usize) -> Result<Vec<Batch>, Fault> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let io = |e: std::io::Error| Fault::permanent("file-io", format!("{} cannot be read: {e}", path.display()));
    let refused = |t: Trouble| match t {
        Trouble::Io(e) => io(e),
        Trouble::Refused(r) => Fault::permanent(r.code, format!("{}: {}", path.display(), r.message)),
    };
    let file = File::open(path).map_err(io)?;
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(Fault::permanent("not-a-file", format!("{} is no file", path.display())));
    }
    let modified = probe::of(&meta).modified;
    let unit = Arc::new(UnitRef {
        name: name.clone(),
        version: String::new(),
        order: String::new(),
        as_of: Timestamp::from_nanosecond(modified).unwrap_or_default(),
    });
    if meta.len() == 0 && spec.empty_ok {
        return Ok(vec![Batch::empty(unit)]);
    }
    if meta.len() == 0 {
        return Err(Fault::permanent("empty-file", format!("{} holds nothing", path.display())));
    }
    let mut reader = spec.open(file, &name).map_err(refused)?;
    let mut batches = Vec::new();
    let mut left = limit;
    loop {
        let mut batch = BatchBuilder::new(unit.clone());
        let read = reader.read(&mut batch, Limit { rows: left.clamp(1, 1000), bytes: 4 << 20 });
        left = left.saturating_sub(batch.len());
        batches.push(batch.finish());
        match read {
            Ok(true) if left > 0 => {}
            Ok(_) => return Ok(batches),
            Err(trouble) => return Err(refused(trouble)),
        }
    }
}

/// An open source.
struct Opened {
    source: Arc<SourceSpec>,
    datasets: Vec<Arc<DatasetSpec>>,
    cx: Context,
    ticks: Ticks,
}

impl Connected for Opened {
    fn feed(&self, dataset: &str) -> Option<Box<dyn BlockingFeed>> {
        let spec = self.datasets.iter().find(|d| d.name == dataset)?;
        Some(Box::new(Feed::new(self.source.clone(), spec.clone(), self.cx.clone(), self.ticks.clone())))
    }

    fn health(&self) -> Task<'_, Health> {
        let folder = &self.source.folder;
        Box::pin(async move {
            match std::fs::read_dir(folder) {
                Ok(_) => Health { ok: true, message: format!("folder {} is readable", folder.display()) },
                Err(e) => Health {
                    ok: false,
                    message: format!("folder {} cannot be read: {e} [folder-missing]", folder.display()),
                },
            }
        })
    }

    fn discover(&self) -> Task<'_, Result<Vec<Found>, Fault>> {
        Box::pin(async move { discover(&self.source, &self.datasets) })
    }
}

/// Configured datasets with their columns and a few records; then the files that belong to none.
fn discover(source: &SourceSpec, datasets: &[Arc<DatasetSpec>]) -> Result<Vec<Found>, Fault> {
    let root = source.folder.canonicalize().map_err(|e| {
        Fault::transient("folder-missing", format!("folder {} cannot be read: {e}", source.folder.display()))
    })?;
    let every = crate::folder::glob::Glob::parse("**/*").map_err(|e| Fault::permanent("file-io", e))?;
    let mut names = Vec::new();
    let swept = sweep(&root, &every, None, &mut |met| {
        if let Met::Match(name) = met {
            names.push(name);
        }
    });
    match swept {
        Err((folder, e)) if folder.is_empty() => {
            return Err(Fault::transient("file-io", format!("{} cannot be read: {e}", root.display())));
        }
        Err((folder, e)) => tracing::warn!("{} cannot be read: {e}", root.join(folder).display()),
        Ok(()) => {}
    }
    names.sort();
    names.retain(|name| matches!(probe::look(&root, &root.join(name)), Ok(Look::File(..))));
    let mut found = Vec::new();
    for spec in datasets {
        let first = names.iter().find(|n| spec.files.matches(n));
        let batches = first.and_then(|n| read_file(spec, &root.join(n), 5).ok()).unwrap_or_default();
        found.push(described(spec, &batches));
    }
    let stray = names.iter().filter(|n| !datasets.iter().any(|d| d.files.matches(n)));
    found.extend(stray.map(|name| Found { name: name.clone(), columns: Vec::new(), sample: Vec::new(), table: None }));
    Ok(found)
}

fn described(spec: &DatasetSpec, batches: &[Batch]) -> Found {
    let shape = batches.iter().find_map(|b| b.shapes().first());
    let columns = spec.format.columns().or_else(|| shape.map(|s| s.columns.clone())).unwrap_or_default();
    let text = |v: &banyan_words::Value<'_>| v.to_text().map(|t| t.into_owned()).unwrap_or_default();
    let sample = batches
        .iter()
        .flat_map(Batch::rows)
        .take(5)
        .map(|row| (0..columns.len()).map(|i| text(&row.value(i))).collect())
        .collect();
    Found { name: spec.name.clone(), columns, sample, table: None }
}
