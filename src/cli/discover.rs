//! `banyan discover SOURCE`: what a source holds, and `--write`, which keeps the schemas.
//!
//! Invariant: samples are shown to whoever sits at the terminal and go nowhere else: not into schemas, not into JSON. A kept
//! schema that says something else is not overwritten unasked.

mod keeping;

pub(super) use keeping::{keep, kept};

use super::scaffold::names;
use super::{Done, Failure, Global, connect, out};
use crate::adapters::KINDS;
use crate::config::baseline::{KeptColumn, KeptIndex, KeptReference};
use crate::config::render::Colour;
use crate::config::{self, Alone, Loaded, MissingSecret};
use banyan_adapter::Found;
use banyan_model::draft::{Part, SourceDraft};
use banyan_words::problem::nearest;
use keeping::{keep_all, written};
use serde_json::{Value, json};
use std::fmt::Write;

/// Sample values of a column that are shown.
const SHOWN: usize = 3;
/// Characters of a sample value that are shown.
const WIDEST: usize = 24;

/// Show what a source holds: tables, columns, keys, indexes, samples. It is only read.
#[derive(Debug, clap::Args)]
pub(super) struct Discover {
    /// The source; it need not have datasets yet.
    source: String,
    /// Only these tables.
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Only this table; the same as naming it.
    #[arg(long, value_name = "NAME")]
    table: Vec<String>,
    /// Keep the schemas of these tables, or of the configured datasets, under schemas/.
    #[arg(long)]
    write: bool,
    /// Overwrite kept schemas that say something else.
    #[arg(long, requires = "write")]
    force: bool,
}

impl Discover {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (loaded, source, alone) = alone(global, &self.source)?;
        let named: Vec<String> = self.tables.iter().chain(&self.table).cloned().collect();
        let found = ask(&source, &alone, &named)?;
        missing(&source.name, &named, &found)?;
        let kept = match self.write {
            true => {
                let chosen = if named.is_empty() { found.clone() } else { chosen(&named, found.clone())? };
                let wanted = wanted(&source, &chosen, !named.is_empty())?;
                Some(keep_all(&loaded.base, &wanted, self.force)?)
            }
            false => None,
        };
        show(&found, kept, global.json)
    }
}

/// The source by itself, whatever else is wrong with the configuration.
pub(super) fn alone(global: &Global, name: &str) -> Result<(Loaded, Part<SourceDraft>, Alone), Failure> {
    let mut loaded = config::load(&global.config, MissingSecret::Error);
    let source = loaded.draft.sources.iter().find(|s| s.name == name).cloned();
    let faulty = loaded.draft.is_left_out(&format!("sources.{name}")) || !loaded.whole;
    if source.is_none() && !faulty && loaded.node.get("sources").and_then(|s| s.get(name)).is_none() {
        let known: Vec<&str> = loaded.draft.sources.iter().map(|s| s.name.as_str()).collect();
        let meant = nearest(name, known.iter().copied()).map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
        let list = if known.is_empty() { "none at all".to_owned() } else { known.join(", ") };
        return Err(Failure::Usage(format!("there is no source `{name}`; {meant}there are: {list}")));
    }
    let alone = config::alone(&mut loaded, name, KINDS, &config::Disk);
    match (source, alone) {
        (Some(source), Some(alone)) => Ok((loaded, source, alone)),
        _ => {
            out::aside(&loaded.render(Colour::of(&std::io::stderr())));
            Err(Failure::Told)
        }
    }
}

/// What the source holds. Columns that a dataset discards are known by name alone.
pub(super) fn ask(source: &Part<SourceDraft>, alone: &Alone, named: &[String]) -> Result<Vec<Found>, Failure> {
    let mut found = connect::discover(&source.name, alone, named)?;
    for f in &mut found {
        let discarded = discarded(source, f);
        let hidden: Vec<usize> =
            (0..f.columns.len()).filter(|i| f.columns.get(*i).is_some_and(|c| discarded.contains(&c.name))).collect();
        for cell in f.sample.iter_mut().flat_map(|row| row.iter_mut().enumerate()) {
            if hidden.contains(&cell.0) {
                cell.1.clear();
            }
        }
    }
    Ok(found)
}

/// The columns that the dataset which reads what was found drops before anything sees them.
pub(super) fn discarded<'s>(source: &'s Part<SourceDraft>, found: &Found) -> &'s [String] {
    let name = dataset_of(source, found);
    source.datasets.iter().find(|d| Some(d.name.as_str()) == name).map_or(&[], |d| &d.keys.discard)
}

/// Every name that was given must be there.
pub(super) fn missing(source: &str, named: &[String], found: &[Found]) -> Done {
    match named.iter().find(|n| !found.iter().any(|f| f.answers_to(n))) {
        Some(name) => Err(Failure::Because(format!(
            "{source} has no table `{name}`, or its login may not read it; `banyan discover {source}` shows what there is"
        ))),
        None => Ok(()),
    }
}

/// The tables in the order in which they were named, each once.
pub(super) fn chosen(names: &[String], found: Vec<Found>) -> Result<Vec<Found>, Failure> {
    let mut chosen: Vec<Found> = Vec::new();
    for name in names {
        let answers: Vec<&Found> = found.iter().filter(|f| f.answers_to(name)).collect();
        let exact = answers.iter().find(|f| f.name == *name).copied();
        let one = match (exact, answers.as_slice()) {
            (Some(one), _) => one,
            (None, [one]) => *one,
            _ => {
                let all: Vec<&str> = answers.iter().map(|f| f.name.as_str()).collect();
                return Err(Failure::Usage(format!("`{name}` may be any of {}; say which", all.join(", "))));
            }
        };
        if one.columns.is_empty() {
            return Err(Failure::Because(format!("which columns {name} has could not be found out")));
        }
        if !chosen.iter().any(|c| c.name == one.name) {
            chosen.push(one.clone());
        }
    }
    Ok(chosen)
}

/// The dataset of the source that reads what was found, if there is one.
pub(super) fn dataset_of<'s>(source: &'s Part<SourceDraft>, found: &Found) -> Option<&'s str> {
    let reads = |d: &&Part<banyan_model::draft::DatasetDraft>| match &found.table {
        Some(_) => d.config.get("table").and_then(|t| t.as_text()).is_some_and(|t| found.answers_to(t)),
        None => d.name == found.name,
    };
    source.datasets.iter().find(reads).map(|d| d.name.as_str())
}

/// What is to be kept, with the full names of its datasets.
fn wanted<'f>(
    source: &Part<SourceDraft>,
    found: &'f [Found],
    named: bool,
) -> Result<Vec<(String, &'f Found)>, Failure> {
    let mut taken: Vec<String> = source.datasets.iter().map(|d| d.name.clone()).collect();
    let mut wanted = Vec::new();
    for f in found.iter().filter(|f| !f.columns.is_empty()) {
        let name = match dataset_of(source, f) {
            Some(name) => name.to_owned(),
            None if named => names::dataset(f, &mut taken),
            None => continue,
        };
        wanted.push((format!("{}.{name}", source.name), f));
    }
    if wanted.is_empty() {
        return Err(Failure::Usage(nothing_to_keep(&source.name, found)));
    }
    Ok(wanted)
}

/// Why there is nothing to keep, and what to do.
fn nothing_to_keep(source: &str, found: &[Found]) -> String {
    let columns = |f: &&Found| !f.columns.is_empty();
    let there: Vec<&str> = found.iter().filter(columns).map(|f| f.name.as_str()).take(5).collect();
    match there.as_slice() {
        [] => format!(
            "nothing that could be kept was found in {source}: no table with columns that its login may read, no file that \
             a dataset reads. `banyan discover {source}` shows what there is"
        ),
        some => format!(
            "no dataset of {source} reads what was found there, so nothing was kept; say which tables are to be kept, as in \
             `banyan discover {source} {} --write`. There {}: {}{}",
            some.first().unwrap_or(&""),
            if some.len() == 1 { "is" } else { "are" },
            some.join(", "),
            if found.iter().filter(columns).count() > some.len() { ", …" } else { "" },
        ),
    }
}

fn show(found: &[Found], kept: Option<Vec<(String, &'static str)>>, as_json: bool) -> Done {
    let kept = kept.unwrap_or_default();
    if as_json {
        let tables: Vec<Value> = found.iter().map(to_json).collect();
        let kept: Vec<Value> = kept.iter().map(|(file, what)| json!({ "file": file, "outcome": what })).collect();
        out::json(&json!({ "found": tables, "kept": kept }));
        return Ok(());
    }
    found.iter().for_each(|f| out::answer(&to_text(f)));
    kept.iter().for_each(|(file, what)| out::answer(&format!("{what} {file}\n")));
    Ok(())
}

fn to_json(found: &Found) -> Value {
    let kept = kept(found);
    let column = |c: &KeptColumn| {
        json!({ "name": c.name, "type": c.ty.to_string(), "server_type": c.server,
                "nullable": found.table.as_ref().map(|_| !c.required) })
    };
    let index = |i: &KeptIndex| json!({ "name": i.name, "columns": i.columns, "unique": i.unique });
    let reference = |r: &KeptReference| json!({ "columns": r.columns, "to": r.to, "theirs": r.theirs });
    json!({
        "name": found.name,
        "view": kept.view,
        "rows": kept.rows,
        "key": kept.key,
        "columns": kept.columns.iter().map(column).collect::<Vec<_>>(),
        "references": kept.references.as_ref().map(|all| all.iter().map(reference).collect::<Vec<_>>()),
        "indexes": kept.indexes.as_ref().map(|all| all.iter().map(index).collect::<Vec<_>>()),
    })
}

/// One table, with a line for each column.
fn to_text(found: &Found) -> String {
    let kept = kept(found);
    let mut out = out::plain(&found.name);
    if found.table.is_some() {
        out.push_str(if kept.view { ": view" } else { ": table" });
        out.push_str(&kept.rows.map(|n| format!(", about {n} rows")).unwrap_or_default());
        match kept.key.as_slice() {
            [] => out.push_str(", no key"),
            key => _ = write!(out, ", key {}", out::plain(&key.join(", "))),
        }
    }
    out.push('\n');
    let rows: Vec<[String; 4]> = kept.columns.iter().enumerate().map(|(i, c)| line(found, i, c)).collect();
    let mut widths = [0; 4];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(w, cell)| *w = (*w).max(cell.chars().count()));
    }
    for row in &rows {
        let padded: Vec<String> = row.iter().zip(widths).map(|(cell, w)| format!("{cell:w$}")).collect();
        let _ = writeln!(out, "  {}", padded.join("  ").trim_end());
    }
    for i in kept.indexes.iter().flatten() {
        let unique = if i.unique { "unique " } else { "" };
        let _ = writeln!(out, "  {unique}index {} on {}", out::plain(&i.name), out::plain(&i.columns.join(", ")));
    }
    for r in kept.references.iter().flatten() {
        let _ = writeln!(out, "  {}", out::plain(&written(r)));
    }
    out.push('\n');
    out
}

/// Name, type, the server's words for it, samples.
fn line(found: &Found, i: usize, c: &KeptColumn) -> [String; 4] {
    let server = match (&c.server, c.required) {
        (Some(server), true) => format!("{server} not null"),
        (Some(server), false) => server.clone(),
        (None, true) => "not null".to_owned(),
        (None, false) => String::new(),
    };
    let mut samples: Vec<String> = Vec::new();
    if c.ty != banyan_words::Type::Bytes {
        for value in found.sample.iter().filter_map(|row| row.get(i)).filter(|v| !v.trim().is_empty()) {
            let mut text: String = out::plain(value.trim_end()).chars().take(WIDEST).collect();
            if value.trim_end().chars().count() > WIDEST {
                text.push('…');
            }
            if samples.len() < SHOWN && !samples.contains(&text) {
                samples.push(text);
            }
        }
    }
    [out::plain(&c.name), c.ty.to_string(), out::plain(&server), samples.join(" | ")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_adapter::FoundTable;
    use banyan_words::{Column, Type};

    pub(super) fn table(schema: &str, name: &str) -> Found {
        Found {
            name: format!("{schema}.{name}"),
            columns: vec![Column { name: "A".into(), ty: Type::Text }],
            sample: Vec::new(),
            table: Some(FoundTable { schema: Some(schema.into()), name: name.into(), ..FoundTable::default() }),
        }
    }

    #[test]
    fn a_name_that_may_be_two_tables_is_asked_back() {
        let found = || vec![table("dbo", "Orders"), table("old", "Orders"), table("dbo", "Line.Items")];
        let names = |said: &[&str]| {
            let said: Vec<String> = said.iter().map(|s| (*s).to_owned()).collect();
            chosen(&said, found()).map(|f| f.into_iter().map(|f| f.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["dbo.[line.items]", "OLD.orders"]).unwrap(), ["dbo.Line.Items", "old.Orders"]);
        assert_eq!(names(&["dbo.Orders", "dbo.orders"]).unwrap(), ["dbo.Orders"], "each once");
        match names(&["orders"]) {
            Err(Failure::Usage(told)) => assert!(told.contains("dbo.Orders, old.Orders"), "{told}"),
            other => panic!("{other:?}"),
        }
    }
}
