//! What discovery keeps of a table, and what becomes of the file that holds it.
//!
//! Invariant: a kept schema that says something else is not overwritten unasked, and what differs is told. Not here: how a
//! kept schema is read back (`config::baseline`).

use super::super::{Failure, out};
use crate::config::Disk;
use crate::config::baseline::{self, Kept, KeptColumn, KeptIndex, KeptReference};
use banyan_adapter::{Found, FoundReference};
use std::path::Path;

/// What is kept of it.
pub(in crate::cli) fn kept(found: &Found) -> Kept {
    let table = found.table.as_ref();
    let columns = found.columns.iter().enumerate().map(|(i, c)| KeptColumn {
        name: c.name.clone(),
        ty: c.ty.clone(),
        server: table.and_then(|t| t.server_types.get(i)).filter(|s| !s.is_empty()).cloned(),
        required: table.and_then(|t| t.nullable.get(i)) == Some(&false),
    });
    let index = |(name, columns, unique): &(String, Vec<String>, bool)| KeptIndex {
        name: name.clone(),
        columns: columns.clone(),
        unique: *unique,
    };
    Kept {
        columns: columns.collect(),
        key: table.map(|t| t.key.clone()).unwrap_or_default(),
        indexes: table.map(|t| t.indexes.iter().map(index).collect()),
        references: table.and_then(|t| t.references.as_ref()).map(|all| all.iter().map(reference).collect()),
        view: table.is_some_and(|t| t.view),
        rows: table.and_then(|t| t.rows),
    }
}

fn reference(r: &FoundReference) -> KeptReference {
    let schema = r.schema.as_ref().map(|s| format!("{s}.")).unwrap_or_default();
    KeptReference { columns: r.columns.clone(), to: format!("{schema}{}", r.table), theirs: r.theirs.clone() }
}

/// Keeps each, whatever becomes of the others. What was kept is told even where something else could not be.
pub(super) fn keep_all(
    base: &Path,
    wanted: &[(String, &Found)],
    force: bool,
) -> Result<Vec<(String, &'static str)>, Failure> {
    let (mut kept, mut failed) = (Vec::new(), Vec::new());
    for (full, found) in wanted {
        match keep(base, full, found, force) {
            Ok(one) => kept.push(one),
            Err(Failure::Because(why)) => failed.push(why),
            Err(other) => return Err(other),
        }
    }
    if failed.is_empty() {
        return Ok(kept);
    }
    kept.iter().for_each(|(file, what)| out::aside(&format!("{what} {file}\n")));
    Err(Failure::Because(failed.join("\n")))
}

/// How a kept schema is overwritten.
fn overwriting(full: &str, found: &Found) -> String {
    let source = full.split('.').next().unwrap_or(full);
    let table = if found.name.contains(' ') { format!("'{}'", found.name) } else { found.name.clone() };
    format!("overwrite it: `banyan discover {source} {table} --write --force`")
}

/// Keeps a schema: what became of its file.
pub(in crate::cli) fn keep(
    base: &Path,
    full: &str,
    found: &Found,
    force: bool,
) -> Result<(String, &'static str), Failure> {
    let file = baseline::file_of(full);
    let path = base.join(&file);
    let new = kept(found);
    let mut problems = Vec::new();
    let old = baseline::read(full, base, &Disk, &mut problems);
    let word = match &old {
        Some(old) if Kept { rows: new.rows, ..old.clone() } == new => return Ok((file, "unchanged")),
        None if problems.is_empty() => "written",
        // One that an older version kept says nothing of foreign keys: what is new contradicts nothing.
        Some(old) if old.references.is_none() && same_but_references(old, &new) => "completed",
        _ if force => "overwritten",
        Some(old) => {
            let told: String = differences(old, &new).iter().map(|d| format!("\n  {d}")).collect();
            return Err(Failure::Because(format!(
                "{file}, kept earlier, is not what {full} is now, and was left as it is:{told}\nif the source is meant to be \
                 so, {}; then `banyan check` says what that means for the mappings",
                overwriting(full, found)
            )));
        }
        None => {
            let why = problems.first().map(|p| p.message.clone()).unwrap_or_default();
            return Err(Failure::Because(format!(
                "{file} cannot be used: {why}\nmend it, or {}",
                overwriting(full, found)
            )));
        }
    };
    let failed = |e: std::io::Error| Failure::Because(format!("cannot write {}: {e}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(&path, new.to_yaml()).map_err(failed)?;
    Ok((file, word))
}

fn same_but_references(old: &Kept, new: &Kept) -> bool {
    Kept { rows: new.rows, references: new.references.clone(), ..old.clone() } == *new
}

/// What differs, a line each.
fn differences(old: &Kept, new: &Kept) -> Vec<String> {
    let mut told = Vec::new();
    for c in &old.columns {
        match new.columns.iter().find(|n| n.name == c.name) {
            None => told.push(format!("column {} is gone", c.name)),
            Some(n) if n != c => told.push(format!("column {} was {} and is {}", c.name, column(c), column(n))),
            Some(_) => {}
        }
    }
    let fresh = new.columns.iter().filter(|n| !old.columns.iter().any(|c| c.name == n.name));
    told.extend(fresh.map(|n| format!("column {} is new: {}", n.name, column(n))));
    if old.key != new.key {
        told.push(format!("the key was ({}) and is ({})", old.key.join(", "), new.key.join(", ")));
    }
    if old.indexes != new.indexes {
        told.push(format!("the indexes were {} and are {}", indexes(old), indexes(new)));
    }
    if old.references != new.references {
        told.push(format!("the foreign keys were {} and are {}", references(old), references(new)));
    }
    if told.is_empty() {
        told.push("the order of its columns, or whether it is a view".to_owned());
    }
    told
}

fn column(c: &KeptColumn) -> String {
    let server = c.server.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
    format!("{}{server}{}", c.ty, if c.required { ", not null" } else { "" })
}

fn indexes(kept: &Kept) -> String {
    let Some(indexes) = &kept.indexes else { return "not known".to_owned() };
    let all: Vec<String> = indexes.iter().map(|i| format!("{}({})", i.name, i.columns.join(", "))).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn references(kept: &Kept) -> String {
    let Some(references) = &kept.references else { return "not known".to_owned() };
    let all: Vec<String> = references.iter().map(written).collect();
    if all.is_empty() { "none".to_owned() } else { all.join("; ") }
}

/// `CUSTNO refers to dbo.CUSTMAS (CUSTNO)`.
pub(super) fn written(r: &KeptReference) -> String {
    let theirs = if r.theirs.is_empty() { String::new() } else { format!(" ({})", r.theirs.join(", ")) };
    format!("{} refers to {}{theirs}", r.columns.join(", "), r.to)
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;
    use banyan_words::Type;

    #[test]
    fn differences_are_told_by_column() {
        let old = kept(&table("dbo", "Orders"));
        let mut new = old.clone();
        new.columns[0].ty = Type::Date;
        new.key = vec!["A".into()];
        assert_eq!(differences(&old, &new), ["column A was text and is date", "the key was () and is (A)"]);
        new.columns.clear();
        assert_eq!(differences(&old, &new)[0], "column A is gone");
    }
}
