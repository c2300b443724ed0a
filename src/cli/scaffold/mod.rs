//! `banyan scaffold SOURCE TABLE…`: from tables to a configuration that serves them, for a person to go on from.
//!
//! Invariant: what is printed or written passes `banyan check` with the configuration it is for; nothing that is there is
//! overwritten. Not here: what a table holds (`discover`), how a configuration is checked (`config`).

pub(super) mod names;
mod plan;
mod references;
mod searched;
mod trial;
mod yaml;

use super::discover::{alone, ask, chosen, keep, kept, missing};
use super::{Done, Failure, Global, out};
use crate::adapters::KINDS;
use crate::config::baseline::file_of;
use crate::config::render::Colour;
use crate::config::{self, Built, Disk, Loaded, MissingSecret, World};
use banyan_adapter::Found;
use plan::Table;
use serde_json::json;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use yaml::Example;

/// Propose datasets, entities and mappings for tables of a source.
#[derive(Debug, clap::Args)]
pub(super) struct Scaffold {
    /// The source; it need not have datasets yet.
    source: String,
    /// Its tables and views.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<String>,
    /// What identifies the records of a table or view whose catalog does not tell; may be said several times.
    #[arg(long, value_name = "TABLE=COLUMN[,COLUMN]")]
    key: Vec<String>,
    /// Write a file for each table into this directory, and keep the tables' schemas.
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

impl Scaffold {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (loaded, source, opened) = alone(global, &self.source)?;
        let found = ask(&source, &opened, &self.tables)?;
        missing(&source.name, &self.tables, &found)?;
        let mut found = chosen(&self.tables, found)?;
        self.key.iter().try_for_each(|key| give_key(key, &mut found))?;
        let draft = config::load(&global.config, MissingSecret::Error).draft;
        let mut tables = plan::plan(&source, &draft, &found);
        let (base, name, dir) = (&loaded.base, &source.name, self.write.as_deref());
        for i in 0..tables.len() {
            let Some(table) = tables.get_mut(i) else { continue };
            table.search = searched::by(&opened, &source.keys.adapter, table);
            table.live = !table.search.is_empty();
            // Its filters must be such that the source can be asked for them.
            if table.live && !(Plan { global, base, source: name, tables: &tables, dir }).holds() {
                tables.iter_mut().filter(|t| t.live).for_each(|t| t.search.clear());
            }
            tables.iter_mut().for_each(|t| t.live = false);
        }
        let plan = Plan { global, base, source: name, tables: &tables, dir };
        if let Some(bare) = tables.iter().find(|t| t.fields.is_empty()) {
            let message = format!("{} has no column that a field could be made of", bare.found.name);
            return Err(Failure::Because(message));
        }
        plan.is_room()?;
        let files = plan.proposed()?;
        match &self.write {
            Some(dir) => plan.write(dir, &files),
            None => print(&files, global.json),
        }
    }
}

/// Gives a table the key that was said: `TABLE=COLUMN,COLUMN`.
fn give_key(said: &str, found: &mut [Found]) -> Done {
    let Some((name, columns)) = said.split_once('=') else {
        return Err(Failure::Usage(format!("`{said}` is no key; write --key TABLE=COLUMN,COLUMN")));
    };
    let Some(table) = found.iter_mut().find(|f| f.answers_to(name)) else {
        return Err(Failure::Usage(format!("`{name}` has a key, but is none of the tables named")));
    };
    let columns: Vec<String> = columns.split(',').map(|c| c.trim().to_owned()).collect();
    if let Some(column) = columns.iter().find(|c| !table.columns.iter().any(|t| t.name == **c)) {
        let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        return Err(Failure::Usage(format!("{name} has no column {column}; it has: {}", known.join(", "))));
    }
    match &mut table.table {
        Some(info) => info.key = columns,
        None => return Err(Failure::Usage(format!("{name} is no table; its key stands in the configuration"))),
    }
    Ok(())
}

/// A file of the proposal.
struct File {
    path: PathBuf,
    text: String,
}

struct Plan<'p> {
    global: &'p Global,
    base: &'p Path,
    source: &'p str,
    tables: &'p [Table<'p>],
    /// Where files go; without it, all is one text.
    dir: Option<&'p Path>,
}

impl Plan<'_> {
    /// The files, with examples where there are rows to make them of.
    fn proposed(&self) -> Result<Vec<File>, Failure> {
        let built = self.check(&self.files(&[]))?;
        let examples: Vec<Option<Example>> =
            self.tables.iter().map(|t| trial::example(&built, self.source, t)).collect();
        let files = self.files(&examples);
        self.check(&files)?;
        Ok(files)
    }

    fn files(&self, examples: &[Option<Example>]) -> Vec<File> {
        let pairs: Vec<(&Table<'_>, Option<&Example>)> =
            self.tables.iter().enumerate().map(|(i, t)| (t, examples.get(i).and_then(Option::as_ref))).collect();
        match self.dir {
            Some(dir) => pairs
                .iter()
                .map(|pair| File { path: file_for(dir, pair.0), text: yaml::file(self.source, &[*pair]) })
                .collect(),
            None => vec![File { path: self.base.join("(proposal).yaml"), text: yaml::file(self.source, &pairs) }],
        }
    }

    /// Nothing that is there is overwritten.
    fn is_room(&self) -> Done {
        let files = self.dir.into_iter().flat_map(|dir| self.tables.iter().map(|t| file_for(dir, t)));
        let there: Vec<String> = files.filter(|f| f.exists()).map(|f| f.display().to_string()).collect();
        match there.as_slice() {
            [] => Ok(()),
            _ => Err(Failure::Because(format!("{} is there already; nothing was written", there.join(", ")))),
        }
    }

    /// Whether the configuration has no errors with the tables as they are now.
    fn holds(&self) -> bool {
        self.build(&self.files(&[])).1.is_some()
    }

    /// Builds the configuration as it will be with these files.
    fn check(&self, files: &[File]) -> Result<Built, Failure> {
        let (loaded, built) = self.build(files);
        built.ok_or_else(|| {
            out::aside(&loaded.render(Colour::of(&std::io::stderr())));
            Failure::Because("with the proposal, the configuration has these errors; nothing was written".to_owned())
        })
    }

    fn build(&self, files: &[File]) -> (Loaded, Option<Built>) {
        let mut world = Planned::default();
        for table in self.tables {
            let schema = self.base.join(file_of(&format!("{}.{}", self.source, table.dataset)));
            world.0.insert(schema, kept(table.found).to_yaml());
        }
        world.0.extend(files.iter().map(|f| (f.path.clone(), f.text.clone())));
        let paths: Vec<PathBuf> = files.iter().map(|f| f.path.clone()).collect();
        let mut loaded = config::load_with(&world, &self.global.config, &paths, MissingSecret::Error);
        let built = config::build(&mut loaded, KINDS, &world);
        (loaded, built)
    }

    fn write(&self, dir: &Path, files: &[File]) -> Done {
        let mut written = Vec::new();
        for table in self.tables {
            let full = format!("{}.{}", self.source, table.dataset);
            let (file, what) = keep(self.base, &full, table.found, false)?;
            if what != "unchanged" {
                written.push(self.base.join(file).display().to_string());
            }
        }
        let failed = |path: &Path, e: io::Error| Failure::Because(format!("cannot write {}: {e}", path.display()));
        std::fs::create_dir_all(dir).map_err(|e| failed(dir, e))?;
        for file in files {
            let mut new = std::fs::OpenOptions::new();
            let opened = new.write(true).create_new(true).open(&file.path);
            let done = opened.and_then(|mut f| io::Write::write_all(&mut f, file.text.as_bytes()));
            done.map_err(|e| failed(&file.path, e))?;
            written.push(file.path.display().to_string());
        }
        let included = self.is_included();
        if self.global.json {
            out::json(&json!({ "written": written, "included": included }));
            return Ok(());
        }
        written.iter().for_each(|path| out::answer(&format!("wrote {path}\n")));
        let config = self.global.config.display();
        if !included {
            let dir = dir.strip_prefix(self.base).unwrap_or(dir).display().to_string();
            let patterns: Vec<String> = match dir.as_str() {
                // Beside the configuration, which does not include itself.
                "" | "." => {
                    files.iter().filter_map(|f| Some(f.path.file_name()?.to_string_lossy().into_owned())).collect()
                }
                dir => vec![format!("{dir}/*.yaml")],
            };
            let patterns: Vec<String> = patterns.iter().map(|p| config::quote::quoted(p)).collect();
            let patterns = patterns.join(", ");
            out::answer(&format!("\n{config} does not include them yet; write:\n  include: [{patterns}]\n"));
        }
        out::answer(&format!("\nnext:\n  banyan check --config {config}\n  banyan serve --config {config}\n"));
        Ok(())
    }

    /// Whether the configuration reads what was written.
    fn is_included(&self) -> bool {
        let draft = config::load(&self.global.config, MissingSecret::Warning).draft;
        self.tables.iter().all(|t| draft.entity(&t.entity).is_some())
    }
}

/// The file of a table.
fn file_for(dir: &Path, table: &Table<'_>) -> PathBuf {
    dir.join(format!("{}.yaml", table.entity))
}

fn print(files: &[File], as_json: bool) -> Done {
    if as_json {
        let texts: Vec<&str> = files.iter().map(|f| f.text.as_str()).collect();
        out::json(&json!({ "proposed": texts }));
        return Ok(());
    }
    files.iter().for_each(|f| out::answer(&f.text));
    let hint = "`--write DIR` writes this, a file for each table, and keeps the schemas that make its types exact";
    out::aside(&format!("{hint}\n"));
    Ok(())
}

/// The disk with the files that are not there yet.
#[derive(Default)]
struct Planned(BTreeMap<PathBuf, String>);

impl World for Planned {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.0.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Disk.read(path),
        }
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        Disk.list(dir)
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        Disk.canonical(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        Disk.variable(name)
    }
}
