//! Value tables: CSV files and datasets.

use super::Input;
use super::sources::World;
use super::tell::Tell;
use crate::draft::{LookupDraft, Part};
use crate::formula::LookupType;
use crate::lookup::Table;
use crate::model::{LookupSource, LookupTable};
use banyan_words::node::join;
use banyan_words::{Type, codec};
use std::sync::Arc;

/// A lookup, sound or not.
pub(super) struct Found {
    pub(super) name: String,
    /// What formulas may expect of it. Its number is its position among the draft's lookups.
    pub(super) ty: LookupType,
    /// Covers whatever decides what it answers, as far as that is known here.
    pub(super) hash: u64,
    /// `None` if it is faulty.
    pub(super) table: Option<LookupTable>,
}

/// One for each lookup of the draft, at the same position.
pub(super) fn build(input: &Input<'_>, world: &World, tell: &mut Tell<'_>) -> Vec<Found> {
    let drafts = input.draft.lookups.iter().enumerate();
    drafts
        .map(|(id, part)| {
            let found = match (&part.file, &part.dataset) {
                (Some(file), _) => of_file(id, part, file, input, tell),
                (None, Some(dataset)) => of_dataset(id, part, dataset, world, tell),
                (None, None) => None,
            };
            // A faulty one is there all the same: that a formula uses it is no further fault.
            found.unwrap_or_else(|| Found {
                name: part.name.clone(),
                ty: LookupType::of_dataset(id, part.keys.len(), Type::Any),
                hash: 0,
                table: None,
            })
        })
        .collect()
}

fn of_file(id: usize, part: &Part<LookupDraft>, file: &str, input: &Input<'_>, tell: &mut Tell<'_>) -> Option<Found> {
    let at = join(&part.path, "file");
    let bytes = match input.files.get(file) {
        Some(Ok(bytes)) => bytes,
        other => {
            let why = match other {
                Some(Err(why)) => why.as_str(),
                _ => "it was not read",
            };
            let hint = "the path starts from the directory of the configuration";
            tell.error("file-unreadable", &at, format!("{file} cannot be read: {why}"), hint);
            return None;
        }
    };
    let table = match Table::parse(file, bytes, &part.keys, &part.value) {
        Ok((table, warnings)) => {
            for problem in warnings {
                tell.add(problem.under(&part.path));
            }
            Arc::new(table)
        }
        Err(problems) => {
            for problem in problems {
                tell.add(problem.under(&part.path));
            }
            return None;
        }
    };
    Some(Found {
        name: part.name.clone(),
        hash: table.hash(),
        ty: LookupType::of_table(id, table.clone()),
        table: Some(LookupTable {
            name: part.name.clone(),
            keys: part.keys.clone(),
            value: part.value.clone(),
            rows: LookupSource::File { file: file.to_owned(), table },
        }),
    })
}

fn of_dataset(id: usize, part: &Part<LookupDraft>, full: &str, world: &World, tell: &mut Tell<'_>) -> Option<Found> {
    let before = tell.errors();
    let no = world.find(full, &join(&part.path, "dataset"), tell)?;
    let known = world.datasets.get(no)?;
    known.check_columns(&part.keys, &join(&part.path, "keys"), tell);
    known.check_column(&part.value, &join(&part.path, "value"), tell);
    if known.keyless {
        let message = format!("the records of {full} have no key, so a changed row could not be told from a new one");
        tell.error("key-missing", &join(&part.path, "dataset"), message, format!("say `key:` of {full}"));
    }
    if tell.errors() > before {
        return None;
    }
    let column = known.columns.iter().flatten().find(|c| c.name == part.value);
    let ty = column.map_or(Type::Any, |c| c.ty.clone());
    Some(Found {
        name: part.name.clone(),
        ty: LookupType::of_dataset(id, part.keys.len(), ty),
        hash: codec::hash(format!("{full}\u{0}{}\u{0}{}", part.keys.join("\u{0}"), part.value).as_bytes(), 0),
        table: Some(LookupTable {
            name: part.name.clone(),
            keys: part.keys.clone(),
            value: part.value.clone(),
            rows: LookupSource::Dataset { dataset: no, stored: 0 },
        }),
    })
}
