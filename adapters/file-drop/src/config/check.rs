//! From keys to a checked dataset, with every problem in one run.

mod format;

use super::spec::{DatasetSpec, Order, SourceSpec};
use super::{
    AfterConfig, DatasetConfig, EmptyConfig, OrderConfig, ReadyConfig, SourceConfig, TrailerConfig, WatchConfig,
};
use crate::folder::after::After;
use crate::folder::glob::Glob;
use crate::folder::names::NamePattern;
use crate::folder::ready::Rule;
use crate::format::Format;
use crate::format::trailer::{TrailerRule, Where};
use crate::format::unpack::Unpacking;
use banyan_adapter::{RawDataset, RawSource};
use banyan_words::Problem;
use banyan_words::node::{Node, join, read};
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Duration;

/// Collects problems under one path.
struct Notes<'p> {
    path: &'p str,
    problems: Vec<Problem>,
}

impl Notes<'_> {
    fn error(&mut self, key: &str, code: &str, message: impl Into<String>) {
        let path = if key.is_empty() { self.path.to_owned() } else { join(self.path, key) };
        self.problems.push(Problem::error(code, path, message));
    }

    /// Keeps the value, or the problem.
    fn keep<T>(&mut self, key: &str, code: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.error(key, code, message)).ok()
    }
}

/// Checks the source's own keys.
pub fn source(raw: &RawSource) -> Result<SourceSpec, Vec<Problem>> {
    let config: SourceConfig = read(&raw.config, &raw.path)?;
    if config.folder.trim().is_empty() {
        return Err(vec![Problem::error("bad-value", join(&raw.path, "folder"), "the folder has no name")]);
    }
    let poll = config.watch == WatchConfig::Poll;
    let every = config.every.map_or(Duration::from_secs(if poll { 5 } else { 30 }), |d| d.0);
    if every < Duration::from_millis(100) {
        let problem = Problem::error("bad-value", join(&raw.path, "every"), "sweeps need at least 100ms between them");
        return Err(vec![problem]);
    }
    Ok(SourceSpec { folder: raw.base.join(&config.folder), poll, every })
}

/// Checks a dataset.
pub fn dataset(raw: &RawDataset) -> Result<DatasetSpec, Vec<Problem>> {
    let (format_node, rest) = raw.config.split(&["format"]);
    let mut problems = Vec::new();
    let config = read::<DatasetConfig>(&rest, &raw.path).map_err(|p| problems.extend(p)).ok();
    let trailer = config.as_ref().and_then(|c| c.ready.trailer.as_ref());
    let trailer = trailer.map(|t| self::trailer(t, &join(&raw.path, "ready.trailer")));
    let trailer = match trailer {
        Some(Err(found)) => {
            problems.extend(found);
            None
        }
        Some(Ok(rule)) => Some(Arc::new(rule)),
        None => None,
    };
    let format = match format_node.get("format") {
        Some(node) => {
            format::format(node, &join(&raw.path, "format"), trailer.clone()).map_err(|p| problems.extend(p)).ok()
        }
        None => {
            let problem = Problem::error("missing-key", raw.path.as_str(), "the key `format` is missing");
            problems.push(
                Problem { spot: known(&raw.config), ..problem }
                    .hint("write `format: { kind: csv }`; `kind` is one of: csv, fixed, json, jsonl, xml"),
            );
            None
        }
    };
    let spec = match (config, format) {
        (Some(config), format) => whole(raw, config, format, trailer.is_some(), &mut problems),
        (None, _) => None,
    };
    match spec {
        Some(spec) if problems.is_empty() => Ok(spec),
        _ => Err(problems),
    }
}

fn known(node: &Node) -> Option<banyan_words::Spot> {
    (node.spot.line > 0).then(|| node.spot.clone())
}

/// What the keys mean together.
fn whole(
    raw: &RawDataset,
    config: DatasetConfig,
    format: Option<Format>,
    has_trailer: bool,
    problems: &mut Vec<Problem>,
) -> Option<DatasetSpec> {
    let mut notes = Notes { path: &raw.path, problems: Vec::new() };
    let files = notes.keep("files", "bad-pattern", Glob::parse(&config.files));
    let member = match &config.member {
        Some(m) => notes.keep("member", "bad-pattern", Glob::parse(m)),
        None => None,
    };
    let ready = ready(&config.ready, &mut notes);
    let (order, names, parts) = naming(raw, &config, &mut notes);
    let after = after(&config.after, &mut notes);
    if has_trailer && matches!(format, Some(Format::Json(_) | Format::Xml(_))) {
        notes.error(
            "ready.trailer",
            "conflict",
            "a trailer is known for csv and fixed only; JSON and XML end by themselves",
        );
    }
    problems.append(&mut notes.problems);
    let unpacking = Unpacking { packing: config.compression, member, max: config.max_unpacked.0 };
    Some(DatasetSpec {
        name: raw.name.clone(),
        files: files?,
        format: format?,
        unpacking,
        ready,
        has_trailer,
        order,
        names,
        parts,
        after: after?,
        empty_ok: config.empty == EmptyConfig::Ok,
    })
}

fn ready(config: &ReadyConfig, notes: &mut Notes<'_>) -> Rule {
    if config.done_file.is_some() && config.trailer.is_some() {
        notes.error("ready", "conflict", "`done_file` and `trailer` exclude each other");
    }
    if config.patience.is_some() && config.trailer.is_none() {
        notes.error("ready.patience", "conflict", "`patience` belongs to a `trailer`");
    }
    if let Some(done) = &config.done_file
        && (done.is_empty() || done.contains(['/', '\\']) || done.contains("..") || done == "{name}")
    {
        notes.error("ready.done_file", "bad-pattern", "name a file beside the data file, such as `{stem}.done`");
    }
    let quiet = if config.done_file.is_some() { 0 } else { 2 };
    Rule {
        quiet: config.quiet.map_or(Duration::from_secs(quiet), |d| d.0),
        done_file: config.done_file.clone(),
        patience: config.patience.map_or(Duration::from_secs(600), |d| d.0),
    }
}

fn naming(
    raw: &RawDataset,
    config: &DatasetConfig,
    notes: &mut Notes<'_>,
) -> (Order, Option<NamePattern>, Vec<String>) {
    let dated = match &config.order {
        Some(OrderConfig::Date(text)) => Some(("order.date", text)),
        _ => None,
    };
    let snapshot = config.snapshot.as_ref().map(|s| ("snapshot.name", &s.name));
    if dated.is_some() && snapshot.is_some() {
        notes.error("order", "conflict", "`snapshot.name` gives the date already; leave `order` out");
    }
    let names = match snapshot.or(dated) {
        Some((key, text)) => {
            let pattern = notes.keep(key, "bad-pattern", NamePattern::parse(text));
            if pattern.as_ref().is_some_and(|p| !p.has_date()) {
                notes.error(key, "bad-pattern", "the pattern has no date, such as `{date:yyyyMMdd}`");
            }
            pattern
        }
        None => None,
    };
    let parts = config.snapshot.as_ref().map(|s| s.parts.clone()).unwrap_or_default();
    if config.snapshot.is_some() && !raw.snapshot {
        notes.error("snapshot", "conflict", "`snapshot` belongs to `content: snapshot`");
    }
    if let (Some(pattern), true) = (&names, config.snapshot.is_some())
        && pattern.has_part() == parts.is_empty()
    {
        notes.error("snapshot", "conflict", "`{part}` in `name` and the list `parts` belong together");
    }
    let order = match &config.order {
        Some(OrderConfig::Name) => Order::Name,
        Some(OrderConfig::Mtime) => Order::Modified,
        Some(OrderConfig::Date(_)) => Order::Date,
        None if config.snapshot.is_some() => Order::Date,
        None => Order::Modified,
    };
    (order, names, parts)
}

fn after(config: &AfterConfig, notes: &mut Notes<'_>) -> Option<After> {
    Some(match config {
        AfterConfig::Leave => After::Leave,
        AfterConfig::Delete => After::Delete,
        AfterConfig::Move(folder) => {
            let inside = Path::new(folder).components().all(|c| matches!(c, Component::Normal(_)));
            let folder = folder.trim_end_matches('/');
            if !inside || folder.is_empty() || folder.contains('\\') {
                notes.error("after.move", "bad-value", "name a sub-folder of the folder, such as `done/`");
                return None;
            }
            After::Move(folder.to_owned())
        }
    })
}

fn trailer(config: &TrailerConfig, path: &str) -> Result<TrailerRule, Vec<Problem>> {
    let mut notes = Notes { path, problems: Vec::new() };
    let place = |column: Option<usize>, at: Option<usize>, length: Option<usize>| match (column, at, length) {
        (Some(n), None, None) if n > 0 => Ok(Where::Field(n - 1)),
        (None, Some(at), Some(length)) if at > 0 && length > 0 => Ok(Where::Chars { at: at - 1, length }),
        _ => Err("say `column` (from 1), or `at` (from 1) and `length`".to_owned()),
    };
    if config.starts.is_empty() {
        notes.error("starts", "bad-value", "say how the trailer's line begins");
    }
    if config.count.is_none() && config.total.is_none() {
        notes.error("", "missing-key", "a trailer needs `count`, `total` or both");
    }
    let count = match &config.count {
        Some(c) => notes.keep("count", "bad-value", place(c.column, c.at, c.length)),
        None => None,
    };
    let total = match &config.total {
        Some(t) => notes.keep("total", "bad-value", place(t.column, t.at, t.length)).map(|w| (t.of.clone(), w)),
        None => None,
    };
    if notes.problems.is_empty() {
        Ok(TrailerRule { starts: config.starts.clone(), count, extra: config.extra, total })
    } else {
        Err(notes.problems)
    }
}

#[cfg(test)]
mod tests;
