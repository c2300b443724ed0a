//! Files with several record types: each type is a dataset of its own.

use super::sources::Known;
use super::tell::Tell;
use super::{formulas, sources};
use crate::draft::{ContentWord, DatasetDraft, DatasetKey, Part, RecordDraft, SourceDraft};
use crate::model::{Dataset, RecordKind};
use banyan_words::node::join;
use banyan_words::{Column, Type};

/// The column that counts a record among those of its parent, from 1.
pub(super) const ORDINAL: &str = "ORDINAL";

/// The datasets of a file's record types.
pub(super) fn build(s: &Part<SourceDraft>, d: &Part<DatasetDraft>, file: Known, tell: &mut Tell<'_>) -> Vec<Known> {
    let records = &d.keys.records;
    let mut all = Vec::with_capacity(records.len());
    for (name, record) in records.iter() {
        let (before, path) = (tell.errors(), join(&join(&d.path, "records"), name));
        check_parent(name, record, d, &path, tell);
        // Of a parent that does not exist, the columns are not known.
        let has_parent = record.within.as_ref().is_none_or(|p| records.get(p).is_some());
        let mut columns = file.columns.clone().filter(|_| has_parent);
        if let (Some(parent), Some(own)) = (&record.within, &mut columns) {
            let parents: Vec<Column> =
                own.iter().map(|c| Column { name: format!("{parent}.{}", c.name), ty: c.ty.clone() }).collect();
            own.extend(parents);
            own.push(Column { name: ORDINAL.to_owned(), ty: Type::Integer });
        }
        let when = formulas::record_type(&record.when, &join(&path, "when"), &file, tell);
        let key = match &record.key {
            Some(DatasetKey::Columns(columns)) => columns.clone(),
            Some(DatasetKey::None) => Vec::new(),
            None => file.dataset.key.clone(),
        };
        if record.key == Some(DatasetKey::None) && d.keys.content != Some(ContentWord::Snapshot) {
            let message = "without a key it cannot be told what a changed record was before";
            let hint = "say `content: snapshot`, or name the key's columns";
            tell.error("snapshot-only", &join(&path, "key"), message, hint);
        }
        let dataset = Dataset {
            full: format!("{}.{name}", s.name),
            id_name: sources::id_name(s, name),
            key,
            discard: discard(&file.dataset.discard, record.within.as_deref()),
            kind: when.map(|when| RecordKind { name: name.to_owned(), when, within: record.within.clone() }),
            ..file.dataset.clone()
        };
        let known = Known {
            dataset,
            columns,
            null_dates: file.null_dates.clone(),
            path,
            pushes: Vec::new(),
            indexes_known: false,
            reading: file.reading,
            sound: file.sound,
            keyless: record.key == Some(DatasetKey::None) || (record.key.is_none() && file.keyless),
            faulty: false,
        };
        if let Some(DatasetKey::Columns(columns)) = &record.key {
            known.check_columns(columns, &join(&known.path, "key"), tell);
        }
        all.push(Known { faulty: file.faulty || tell.errors() > before, ..known });
    }
    all
}

/// What is discarded is discarded from the parent's columns too.
fn discard(columns: &[String], parent: Option<&str>) -> Vec<String> {
    let mut all = columns.to_vec();
    if let Some(parent) = parent {
        all.extend(columns.iter().map(|c| format!("{parent}.{c}")));
    }
    all
}

fn check_parent(name: &str, record: &RecordDraft, d: &Part<DatasetDraft>, path: &str, tell: &mut Tell<'_>) {
    let Some(parent) = &record.within else { return };
    let at = join(path, "within");
    let records = &d.keys.records;
    if records.get(parent).is_none() {
        let told = join(&join(&d.path, "records"), parent);
        tell.unknown(("unknown-record-type", "record type"), &at, parent, records.names(), &told);
        return;
    }
    let (mut seen, mut next) = (vec![name], Some(parent.as_str()));
    while let Some(ancestor) = next {
        if seen.contains(&ancestor) {
            if ancestor == name {
                let message = format!("the record type {name} stands within itself: {} -> {name}", seen.join(" -> "));
                tell.error("cycle", &at, message, "one of them begins; it is `within` nothing");
            }
            return;
        }
        seen.push(ancestor);
        next = records.get(ancestor).and_then(|r| r.within.as_deref());
    }
}
