//! From keys to checked datasets, with every problem in one run.

use super::group;
use super::spec::{DatasetSpec, Datasets, Mode, SyncSpec};
use super::{DatasetConfig, ModeConfig, SyncConfig};
use crate::guard::{self, Checked, Refused};
use crate::text::ReadFrom;
use crate::{Dialect, TableName};
use banyan_adapter::{RawDataset, RawSource};
use banyan_words::Problem;
use banyan_words::node::{Node, join, read};
use std::sync::Arc;
use std::time::Duration;

const PAGE_ROWS: u32 = 10_000;

/// Checks all datasets of a source. `dialect`: what the server will speak, where that is known before it is asked.
pub fn datasets(raw: &RawSource, dialect: Option<Dialect>) -> Result<Datasets, Vec<Problem>> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for one in &raw.datasets {
        let mut notes = Notes { path: &one.path, problems: Vec::new() };
        if let Some(spec) = dataset(one, dialect, &mut notes) {
            all.push(Arc::new(spec));
        }
        problems.append(&mut notes.problems);
    }
    group::join(raw, &mut all, &mut problems);
    let faulty = problems.iter().any(|p| p.severity == banyan_words::Severity::Error);
    if faulty { Err(problems) } else { Ok(Datasets { all, warnings: problems, dialect }) }
}

/// Collects problems under one path.
struct Notes<'p> {
    path: &'p str,
    problems: Vec<Problem>,
}

impl Notes<'_> {
    fn at(&self, key: &str) -> String {
        if key.is_empty() { self.path.to_owned() } else { join(self.path, key) }
    }

    fn error(&mut self, key: &str, code: &str, message: &str, hint: &str) {
        self.problems.push(Problem::error(code, self.at(key), message).hint(hint));
    }

    fn warning(&mut self, key: &str, code: &str, message: impl Into<String>, hint: &str) {
        self.problems.push(Problem::warning(code, self.at(key), message).hint(hint));
    }
}

fn dataset(raw: &RawDataset, dialect: Option<Dialect>, notes: &mut Notes<'_>) -> Option<DatasetSpec> {
    let (sync_node, rest) = raw.config.split(&["sync"]);
    let config = read::<DatasetConfig>(&rest, &raw.path).map_err(|p| notes.problems.extend(p)).ok();
    let sync_node = sync_node.get("sync");
    let written = sync_node.map(|node| written(node, raw, notes));
    let config = config?;
    let from = from(&config, dialect, notes);
    let live = config.read.is_some();
    if live && raw.key.is_empty() {
        notes.error("read", "missing-key", "`read: live` needs a key to read by", "declare `key: [column]`");
    }
    if config.page_rows == Some(0) {
        notes.error("page_rows", "bad-value", "a page has at least one row", "leave it out, or write 10000");
    }
    let page_rows = config.page_rows.unwrap_or(PAGE_ROWS);
    let sync = match written {
        Some(None) => return None,
        Some(Some(sync)) => Some(sync),
        None if live => None,
        None => Some(SyncConfig::default()),
    };
    let sync = sync.map(|sync| checked_sync(&sync, raw, from.as_ref(), notes));
    if live && matches!(&from, Some(ReadFrom::Query(q)) if !q.wraps()) {
        let hint = "make it a view in the database, or leave ORDER BY and WITH out";
        notes.error("read", "conflict", "this query cannot be narrowed to a key", hint);
    }
    find_by(&config, sync.is_some(), dialect, notes);
    Some(DatasetSpec {
        name: raw.name.clone(),
        from: from?,
        key: raw.key.clone(),
        sync,
        live,
        find_by: config.find_by,
        page_rows: usize::try_from(page_rows).unwrap_or(usize::MAX),
    })
}

/// Columns by which live lists may search.
fn find_by(config: &DatasetConfig, synced: bool, dialect: Option<Dialect>, notes: &mut Notes<'_>) {
    let Some(first) = config.find_by.first() else { return };
    if config.read.is_none() || synced {
        let message = "lists of a dataset that passes bring are answered from what is stored";
        notes.error("find_by", "conflict", message, "it goes with `read: live` and without `sync`; leave it out");
    }
    if config.query.is_some() {
        let hint = "make it a view in the database, and name that as `table`";
        notes.error("find_by", "conflict", "a query has no catalog entry that tells its columns' types", hint);
    }
    if dialect == Some(Dialect::Bare) {
        let message = "this driver knows no conditions: it reads tables as a whole only";
        notes.error("find_by", "conflict", message, "leave it out, and use `sync` instead of `read: live`");
    }
    let twice = config.find_by.iter().enumerate().any(|(i, c)| config.find_by.iter().take(i).any(|b| b == c));
    if twice || first.is_empty() {
        notes.error("find_by", "bad-value", "a column is empty or named twice", "name each column once");
    }
}

/// `sync: auto` or a map. The outer `None`: faulty, and told.
fn written(node: &Node, raw: &RawDataset, notes: &mut Notes<'_>) -> Option<SyncConfig> {
    let at = join(&raw.path, "sync");
    match node.as_text() {
        Some("auto") => Some(SyncConfig::default()),
        Some(_) => {
            let message = format!("expected `auto` or a map, found {}", node.describe());
            let spot = (node.spot.line > 0).then(|| node.spot.clone());
            let hint = "write `sync: auto`, or `sync: { mode: watermark, column: CHANGED }`";
            notes.problems.push(Problem { spot, ..Problem::error("wrong-type", at, message).hint(hint) });
            None
        }
        None => read::<SyncConfig>(node, &at).map_err(|p| notes.problems.extend(p)).ok(),
    }
}

fn from(config: &DatasetConfig, dialect: Option<Dialect>, notes: &mut Notes<'_>) -> Option<ReadFrom> {
    let hint = "write `table: dbo.CUSTMAS`, or `query: SELECT …`";
    match (&config.table, &config.query) {
        (Some(_), Some(_)) => {
            notes.error("query", "conflict", "`table` and `query` exclude each other", hint);
            None
        }
        (None, None) => {
            notes.error("", "missing-key", "there is neither `table` nor `query`", hint);
            None
        }
        (Some(table), None) => {
            if config.unchecked.is_some() {
                notes.error("unchecked", "conflict", "`unchecked` belongs to a `query`", "leave it out");
            }
            let name = table_name(table);
            if name.is_none() {
                let hint = "write `CUSTMAS`, `dbo.CUSTMAS` or `dbo.[ORDER NO]`; a dot in a name goes in brackets";
                notes.error("table", "bad-value", "this is no name of a table", hint);
            }
            name.map(ReadFrom::Table)
        }
        (None, Some(query)) => match (guarded(query, dialect), &config.unchecked) {
            (Ok(checked), None) => Some(ReadFrom::Query(checked)),
            (Ok(checked), Some(_)) => {
                let message = "the guard can read this query";
                notes.warning("unchecked", "needless-unchecked", message, "leave `unchecked` out");
                Some(ReadFrom::Query(checked))
            }
            (Err(refused), None) => {
                let at = notes.at("query");
                let told = format!("this query is not sent: {}", refused.message);
                notes.problems.push(Problem::error("unsafe-sql", at, told).hint(refused.hint).at(refused.at));
                None
            }
            (Err(refused), Some(reason)) => vouched(query, &refused, reason, notes),
        },
    }
}

fn guarded(query: &str, dialect: Option<Dialect>) -> Result<Checked, Refused> {
    match dialect {
        Some(dialect) => guard::check(query, dialect),
        None => guard::check_any(query),
    }
}

fn vouched(query: &str, refused: &Refused, reason: &str, notes: &mut Notes<'_>) -> Option<ReadFrom> {
    if reason.trim().is_empty() {
        notes.error("unchecked", "bad-value", "say why this query may be sent", "`unchecked: \"reads a pivot\"`");
        return None;
    }
    if query.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        notes.error("query", "unsafe-sql", "there is a control character", "remove it");
        return None;
    }
    let told = format!("this query is sent although the guard does not pass it ({}): {reason}", refused.message);
    notes.warning("unchecked", "unchecked-sql", told, "a view in the database needs no such exception");
    Some(ReadFrom::Query(Checked::vouched(query)))
}

fn checked_sync(sync: &SyncConfig, raw: &RawDataset, from: Option<&ReadFrom>, notes: &mut Notes<'_>) -> SyncSpec {
    let mode = match sync.mode {
        ModeConfig::Auto => None,
        ModeConfig::Full => Some(Mode::Full),
        ModeConfig::Keyset => Some(Mode::Keyset),
        ModeConfig::Watermark => Some(Mode::Watermark),
        ModeConfig::Rowversion => Some(Mode::Rowversion),
        ModeConfig::ChangeTracking => Some(Mode::ChangeTracking),
    };
    let column_of = matches!(mode, Some(Mode::Watermark | Mode::Rowversion));
    if mode == Some(Mode::Watermark) && sync.column.is_none() {
        let hint = "name the column that every change sets: `column: CHANGED_AT`";
        notes.error("sync", "missing-key", "`mode: watermark` needs `column`", hint);
    }
    if !sync.together.is_empty() && !matches!(mode, None | Some(Mode::Full | Mode::Keyset)) {
        let hint = "use `full` or `keyset`, or leave `together` out";
        notes.error("sync.mode", "conflict", "datasets that belong together are read as wholes", hint);
    }
    if sync.column.is_some() && !column_of {
        notes.error("sync.column", "conflict", "this mode looks at no column", "leave `column` out, or say the mode");
    }
    if sync.lag.is_some() && mode != Some(Mode::Watermark) {
        notes.error("sync.lag", "conflict", "`lag` belongs to `mode: watermark`", "leave it out");
    }
    let keyed = matches!(mode, Some(Mode::Keyset | Mode::ChangeTracking));
    if keyed && raw.key.is_empty() {
        let hint = "declare `key: [column]`, or use `mode: full`";
        notes.error("sync.mode", "missing-key", "this mode needs the dataset's key", hint);
    }
    if let Some(ReadFrom::Query(query)) = from {
        if mode == Some(Mode::ChangeTracking) {
            notes.error("sync.mode", "conflict", "change tracking is of tables, not of queries", "name the `table`");
        }
        let narrows = sync.deletes.is_some() || mode.is_some_and(|m| m != Mode::Full);
        if narrows && !query.wraps() {
            let hint = "make it a view in the database, leave ORDER BY and WITH out, or use `mode: full`";
            notes.error("sync.mode", "conflict", "this query can only be read as a whole", hint);
        }
    }
    if sync.deletes.is_some() {
        match mode {
            Some(Mode::Full | Mode::Keyset | Mode::ChangeTracking) => {
                let message = "this mode finds deleted records by itself";
                notes.error("sync.deletes", "conflict", message, "leave `deletes` out");
            }
            _ if raw.key.is_empty() => {
                let hint = "declare `key: [column]`";
                notes.error("sync.deletes", "missing-key", "comparing keys needs the dataset's key", hint);
            }
            _ => {}
        }
    }
    let short = |d: Option<banyan_words::node::Dur>| d.is_some_and(|d| d.0 < Duration::from_millis(10));
    if short(sync.every) || short(sync.deletes.as_ref().and_then(|d| d.every)) {
        notes.error("sync.every", "bad-value", "passes need at least 10ms between them", "write 1m");
    }
    SyncSpec {
        mode,
        column: sync.column.clone(),
        lag: sync.lag.map(|d| d.0),
        every: sync.every.map(|d| d.0),
        together: sync.together.clone(),
        deletes: sync.deletes.as_ref().map(|d| d.every.map_or(Duration::from_secs(6 * 3600), |e| e.0)),
    }
}

/// `NAME`, `schema.NAME`; parts in brackets, quotes or backticks are taken as they are.
fn table_name(text: &str) -> Option<TableName> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let close = match rest.chars().next()? {
            '[' => Some(']'),
            q @ ('"' | '`') => Some(q),
            _ => None,
        };
        let (part, after) = match close {
            Some(close) => {
                let inner = rest.get(1..)?;
                let (part, after) = inner.split_once(close)?;
                (part, after)
            }
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if part.trim().is_empty() || part.chars().any(char::is_control) {
            return None;
        }
        parts.push(part.to_owned());
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => break,
            None => return None,
        }
    }
    let name = parts.pop()?;
    let schema = parts.pop();
    parts.is_empty().then_some(TableName { schema, name })
}

#[cfg(test)]
mod tests;
