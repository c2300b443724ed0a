//! From a loaded configuration to what the gateway runs on: adapters prepared, catalog compiled, addresses read.
//!
//! Invariant: adapters are asked offline only; problems of every part come out in one go, in [`Loaded::problems`].
//! Not here: which adapter kinds there are (the roof hands them in), connecting.

use super::baseline::{self, Kept};
use super::brownouts::{self, BuiltBrownout};
use super::documents;
use super::settings::{self, Settings};
use super::world::MOST_BYTES;
use super::{Loaded, Moving, World, consumers, moving};
use banyan_adapter::{Kind, Prepared, RawDataset, RawSource};
use banyan_migration::consumer::Consumers;
use banyan_model::compile::{self, Input, Pushed, Reading};
use banyan_model::draft::{ContentWord, DatasetKey, Draft, Part, SourceDraft};
use banyan_model::model::{Budget, Catalog};
use banyan_words::Problem;
use banyan_words::node::join;
use banyan_words::problem::nearest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the gateway runs on.
pub struct Built {
    /// The compiled configuration.
    pub catalog: Catalog,
    /// The sources' adapters, checked, by the sources' names.
    pub prepared: BTreeMap<String, Arc<dyn Prepared>>,
    /// Where it listens and where it keeps what it knows.
    pub settings: Settings,
    /// Services behind the wrapper, and the routes that lead there.
    pub moving: Moving,
    /// Who may call by name.
    pub consumers: Consumers,
    /// What consumers go without for a while.
    pub brownouts: Vec<BuiltBrownout>,
}

/// Builds what was loaded. `None` if there are errors; they, and all warnings, are added to `loaded`.
pub fn build(loaded: &mut Loaded, kinds: &[&dyn Kind], world: &dyn World) -> Option<Built> {
    documents::put_in(loaded, kinds, world);
    if !loaded.whole {
        return None;
    }
    let mut problems = Vec::new();
    let settings = settings::read(&loaded.draft, &loaded.base, &mut problems);
    let (prepared, readings) = prepare(loaded, kinds, world, &mut problems);
    let files = lookup_files(loaded, world);
    let compiled = compile::compile(&Input { draft: &loaded.draft, readings: &readings, files: &files });
    let (catalog, told) = match compiled {
        Ok((catalog, warnings)) => (Some(catalog), warnings),
        Err(faults) => (None, faults),
    };
    problems.extend(told);
    let moving = moving::read_all(loaded, catalog.as_ref(), &mut problems);
    let consumers = consumers::read_all(&loaded.draft, &mut problems);
    let brownouts = brownouts::read_all(&loaded.draft, &consumers, catalog.as_ref(), &mut problems);
    name_files(loaded, &files, &mut problems);
    loaded.add(problems);
    match (catalog, settings) {
        (Some(catalog), Some(settings)) if !loaded.has_errors() => {
            Some(Built { catalog, prepared, settings, moving, consumers, brownouts })
        }
        _ => None,
    }
}

/// A source by itself: enough to ask it what it holds.
pub struct Alone {
    /// Its adapter, checked.
    pub prepared: Arc<dyn Prepared>,
    /// What its adapter was given, for commands of that adapter's own.
    pub raw: RawSource,
    /// What it may be asked to bear.
    pub budget: Budget,
    /// Where the store is.
    pub store: std::path::PathBuf,
}

/// Builds one source, whatever else is wrong: it need not have datasets yet, nor need there be entities. `None` if it is
/// faulty itself; that is added to `loaded`.
pub fn alone(loaded: &mut Loaded, name: &str, kinds: &[&dyn Kind], world: &dyn World) -> Option<Alone> {
    documents::put_in(loaded, kinds, world);
    let source = loaded.draft.sources.iter().find(|s| s.name == name).cloned()?;
    let own = |path: &str| path.strip_prefix(source.path.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('.'));
    let barren = |p: &Problem| p.code == "missing-key" && p.path == source.path;
    loaded.problems.retain(|p| (p.path.is_empty() || own(&p.path)) && !barren(p));
    let mut problems = Vec::new();
    // Its budget and zone, as they are compiled; its datasets may still want what is to be found out.
    let bare = SourceDraft { datasets: Vec::new(), ..source.body.clone() };
    let draft = Draft { sources: vec![Part { body: bare, ..source.clone() }], ..Draft::default() };
    let (readings, files) = (BTreeMap::new(), BTreeMap::new());
    let budget = match compile::compile(&Input { draft: &draft, readings: &readings, files: &files }) {
        Ok((catalog, _)) => catalog.sources.into_iter().next().map(|s| s.budget).unwrap_or_default(),
        Err(faults) => {
            problems.extend(faults);
            Budget::default()
        }
    };
    let settings = settings::read(&loaded.draft, &loaded.base, &mut Vec::new());
    let kind = kind_of(&source, kinds, &mut problems);
    let raw = raw(&source, loaded);
    let prepared = kind.and_then(|k| k.prepare(&raw).map_err(|faults| problems.extend(faults)).ok());
    loaded.add(problems);
    if loaded.has_errors() || !loaded.whole {
        return None;
    }
    let store = settings.map_or_else(|| loaded.base.join("banyan.db"), |s| s.store);
    Some(Alone { prepared: Arc::from(prepared?), raw, budget, store })
}

type Prepareds = BTreeMap<String, Arc<dyn Prepared>>;

/// Asks each source's adapter; also what each knows of its datasets.
fn prepare(
    loaded: &Loaded,
    kinds: &[&dyn Kind],
    world: &dyn World,
    problems: &mut Vec<Problem>,
) -> (Prepareds, BTreeMap<String, Reading>) {
    let (mut prepared, mut readings) = (Prepareds::new(), BTreeMap::new());
    for source in &loaded.draft.sources {
        let Some(kind) = kind_of(source, kinds, problems) else { continue };
        match kind.prepare(&raw(source, loaded)) {
            Err(faults) => {
                problems.extend(faults);
                // What a kept schema tells is true all the same, and finds further faults.
                for dataset in &source.datasets {
                    let full = format!("{}.{}", source.name, dataset.name);
                    if let Some(kept) = baseline::read(&full, &loaded.base, world, problems) {
                        readings.insert(full, Reading { columns: Some(kept.columns()), ..Reading::default() });
                    }
                }
            }
            Ok(one) => {
                problems.extend(one.warnings());
                for dataset in &source.datasets {
                    let full = format!("{}.{}", source.name, dataset.name);
                    readings.insert(
                        full.clone(),
                        reading(&*one, &dataset.name, || baseline::read(&full, &loaded.base, world, problems)),
                    );
                }
                prepared.insert(source.name.clone(), Arc::from(one));
            }
        }
    }
    (prepared, readings)
}

/// What the adapter knows of a dataset; else what is kept of it.
fn reading(one: &dyn Prepared, dataset: &str, kept: impl FnOnce() -> Option<Kept>) -> Reading {
    let told = one.columns(dataset);
    let kept = if told.is_none() { kept() } else { None };
    let indexes_known = kept.as_ref().is_some_and(|k| k.indexes.is_some() && !k.view);
    let leading = kept.as_ref().map(Kept::leading).unwrap_or_default();
    let is_kept = kept.is_some();
    let columns = told.or_else(|| kept.map(|k| k.columns()));
    let pushes = one.pushes(dataset, columns.as_deref().unwrap_or_default(), &leading).into_iter().map(|p| Pushed {
        indexed: indexes_known.then(|| leading.contains(&p.column)),
        column: p.column,
        equal: p.equal,
        range: p.range,
        named: p.named,
    });
    Reading {
        kept: is_kept,
        pushes: pushes.collect(),
        indexes_known,
        columns,
        hash: one.reading_hash(dataset),
        live_only: one.looks_up(dataset) && !one.feeds(dataset),
        whole: one.whole(dataset),
    }
}

fn kind_of<'k>(
    source: &Part<SourceDraft>,
    kinds: &[&'k dyn Kind],
    problems: &mut Vec<Problem>,
) -> Option<&'k dyn Kind> {
    let word = source.keys.adapter.as_str();
    let found = kinds.iter().copied().find(|k| k.name() == word);
    if found.is_none() {
        let names: Vec<&str> = kinds.iter().map(|k| k.name()).collect();
        let hint = match nearest(word, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`? there are: {}", names.join(", ")),
            None => format!("there are: {}", names.join(", ")),
        };
        let message = format!("there is no adapter `{word}`");
        problems.push(Problem::error("unknown-adapter", join(&source.path, "adapter"), message).hint(hint));
    }
    found
}

fn raw(source: &Part<SourceDraft>, loaded: &Loaded) -> RawSource {
    let datasets = source.datasets.iter().map(|d| RawDataset {
        name: d.name.clone(),
        path: d.path.clone(),
        config: d.config.clone(),
        snapshot: d.keys.content == Some(ContentWord::Snapshot),
        key: match &d.keys.key {
            Some(DatasetKey::Columns(columns)) => columns.clone(),
            _ => Vec::new(),
        },
    });
    RawSource {
        name: source.name.clone(),
        path: source.path.clone(),
        base: loaded.base.clone(),
        config: source.config.clone(),
        datasets: datasets.collect(),
    }
}

type LookupFiles = BTreeMap<String, Result<Vec<u8>, String>>;

/// The files that lookups name, by the name the configuration gives them.
fn lookup_files(loaded: &Loaded, world: &dyn World) -> LookupFiles {
    let read = |file: &String| {
        let bytes = world.read(&loaded.base.join(file)).map_err(|e| e.to_string())?;
        match bytes.len() as u64 > MOST_BYTES {
            true => Err(format!("it has more than {} MiB; make it a dataset", MOST_BYTES >> 20)),
            false => Ok(bytes),
        }
    };
    let named = loaded.draft.lookups.iter().filter_map(|l| l.file.as_ref());
    named.map(|file| (file.clone(), read(file))).collect()
}

/// Problems in lookup files are shown as those of the configuration's own: named from here, with the line.
fn name_files(loaded: &mut Loaded, files: &LookupFiles, problems: &mut [Problem]) {
    let base = loaded.base.clone();
    let shown = |file: &str| match base.as_os_str() == "." {
        true => file.to_owned(),
        false => base.join(file).to_string_lossy().into_owned(),
    };
    for spot in problems.iter_mut().filter_map(|p| p.spot.as_mut()) {
        if let Some(Ok(bytes)) = files.get(&spot.file) {
            spot.file = shown(&spot.file);
            spot.column = spot.column.max(1);
            if loaded.files.text(&spot.file).is_none() {
                loaded.files.add(spot.file.clone(), String::from_utf8_lossy(bytes).into_owned());
            }
        }
    }
}
