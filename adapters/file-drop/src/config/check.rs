//! From keys to a checked dataset, with every problem in one run.

use super::spec::{DatasetSpec, Order, SourceSpec};
use super::{
    AfterConfig, CsvConfig, DatasetConfig, EmptyConfig, FixedConfig, JsonConfig, JsonLinesConfig, OrderConfig,
    ReadyConfig, SourceConfig, TrailerConfig, WatchConfig, XmlConfig, formats,
};
use crate::folder::after::After;
use crate::folder::glob::Glob;
use crate::folder::names::NamePattern;
use crate::folder::ready::Rule;
use crate::format::charset::{self, Charset, Declared};
use crate::format::csv::Csv;
use crate::format::fixed::{Field, FieldType, Fixed};
use crate::format::json::Json;
use crate::format::trailer::{TrailerRule, Where};
use crate::format::unpack::Unpacking;
use crate::format::xml::{Xml, path};
use crate::format::{Format, pointer};
use banyan_adapter::{RawDataset, RawSource};
use banyan_words::Problem;
use banyan_words::node::{Named, Node, Size, join, join_index, read, tagged};
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
        Some(node) => format(node, &join(&raw.path, "format"), trailer.clone()).map_err(|p| problems.extend(p)).ok(),
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

/// Reads the keys under `format`.
fn format(node: &Node, path: &str, trailer: Option<Arc<TrailerRule>>) -> Result<Format, Vec<Problem>> {
    let (kind, rest) = tagged(node, path, "kind", &["csv", "fixed", "json", "jsonl", "xml"])?;
    let mut notes = Notes { path, problems: Vec::new() };
    let format = match kind {
        "csv" => csv(read(&rest, path)?, trailer, &mut notes).map(|f| Format::Csv(Arc::new(f))),
        "fixed" => fixed(read(&rest, path)?, trailer, &mut notes).map(|f| Format::Fixed(Arc::new(f))),
        "json" => json(read(&rest, path)?, &mut notes).map(|f| Format::Json(Arc::new(f))),
        "jsonl" => json_lines(read(&rest, path)?, &mut notes).map(|f| Format::Json(Arc::new(f))),
        _ => xml(read(&rest, path)?, &mut notes).map(|f| Format::Xml(Arc::new(f))),
    };
    match format {
        Some(format) if notes.problems.is_empty() => Ok(format),
        _ => Err(notes.problems),
    }
}

fn encoding(label: Option<&str>, notes: &mut Notes<'_>) -> Option<Declared> {
    match label {
        None => Some(Declared::Auto),
        Some(label) => notes.keep("encoding", "unknown-encoding", charset::named(label)),
    }
}

fn max_record(size: Size, notes: &mut Notes<'_>) -> usize {
    const MOST: u64 = 256 << 20;
    if size.0 == 0 || size.0 > MOST {
        notes.error("max_record", "bad-value", "from 1B to 256MiB: one record is held in memory");
    }
    usize::try_from(size.0.min(MOST)).unwrap_or(1 << 20)
}

/// A text that parsers look for must exist in the encoding.
fn exists(text: &str, key: &str, declared: Option<&Declared>, notes: &mut Notes<'_>) {
    if text.is_empty() {
        notes.error(key, "bad-value", "it must not be empty");
    } else if let Some(Declared::Is(charset)) = declared
        && charset.needle(text).is_none()
    {
        notes.error(key, "bad-value", format!("`{text}` does not exist in {}", charset.name()));
    }
}

fn names_of<'n>(names: impl Iterator<Item = &'n str>, key: &str, notes: &mut Notes<'_>) {
    let mut seen = std::collections::HashSet::new();
    let mut any = false;
    for (i, name) in names.enumerate() {
        any = true;
        if name.is_empty() {
            notes.error(&join_index(key, i), "bad-value", "a column needs a name");
        } else if !seen.insert(name) {
            notes.error(&join_index(key, i), "duplicate-name", format!("there are two columns named `{name}`"));
        }
    }
    if !any {
        notes.error(key, "bad-value", "there must be at least one column");
    }
}

fn csv(c: CsvConfig, trailer: Option<Arc<TrailerRule>>, notes: &mut Notes<'_>) -> Option<Csv> {
    let encoding = encoding(c.encoding.as_deref(), notes);
    exists(&c.delimiter, "delimiter", encoding.as_ref(), notes);
    if let Some(end) = &c.record_end {
        exists(end, "record_end", encoding.as_ref(), notes);
        if *end == c.delimiter {
            notes.error("record_end", "conflict", "`record_end` and `delimiter` are the same");
        }
    } else if c.delimiter.contains(['\n', '\r']) {
        notes.error("delimiter", "conflict", "a line end ends records unless `record_end` says otherwise");
    }
    let quote = match c.quote.as_deref() {
        None => Some('"'),
        Some("none") => None,
        Some(q) => {
            let mut chars = q.chars();
            let one = chars.next().filter(|first| first.is_ascii() && chars.next().is_none());
            if one.is_none() {
                notes.error("quote", "bad-value", "one ASCII character, or `none`");
            }
            one
        }
    };
    if quote.is_some_and(|q| c.delimiter.contains(q) || c.record_end.as_ref().is_some_and(|e| e.contains(q))) {
        notes.error("quote", "conflict", "the quote is part of `delimiter` or `record_end`");
    }
    match &c.columns {
        Some(columns) => names_of(columns.iter().map(String::as_str), "columns", notes),
        None if !c.header => notes.error("columns", "missing-key", "without a header, `columns` names the columns"),
        None => {}
    }
    Some(Csv {
        encoding: encoding?,
        delimiter: c.delimiter,
        record_end: c.record_end,
        quote,
        header: c.header,
        columns: c.columns,
        skip_blank: c.blank_lines == formats::BlankConfig::Skip,
        max_record: max_record(c.max_record, notes),
        trailer,
    })
}

fn fixed(c: FixedConfig, trailer: Option<Arc<TrailerRule>>, notes: &mut Notes<'_>) -> Option<Fixed> {
    let encoding = encoding(c.encoding.as_deref(), notes);
    names_of(c.columns.iter().map(|f| f.name.as_str()), "columns", notes);
    let mut fields = Vec::new();
    for (i, column) in c.columns.iter().enumerate() {
        let key = join_index("columns", i);
        // No position is beyond what one record may hold.
        if column.at == 0 || column.length == 0 || column.at.saturating_add(column.length) > 1 << 28 {
            notes.error(&key, "bad-value", "`at` counts from 1, and `length` is at least 1");
            continue;
        }
        if column.scale > 38 || (column.scale > 0 && column.ty != formats::TypeConfig::Decimal) {
            notes.error(&key, "bad-value", "`scale` belongs to `type: decimal` and is at most 38");
        }
        let ty = match column.ty {
            formats::TypeConfig::Text => FieldType::Text,
            formats::TypeConfig::Integer => FieldType::Integer,
            formats::TypeConfig::Decimal => FieldType::Decimal { scale: column.scale },
        };
        fields.push(Field { name: column.name.clone(), at: column.at - 1, length: column.length, ty });
    }
    let needed = fields.iter().map(|f| f.at + f.length).max().unwrap_or(0);
    let length = c.length.unwrap_or(needed);
    if length < needed {
        notes.error("length", "bad-value", format!("the columns need {needed}"));
    }
    let max_record = max_record(c.max_record, notes);
    if length > max_record {
        notes.error("length", "bad-value", "a record is longer than `max_record`");
    }
    if !c.lines && c.record_end.is_some() {
        notes.error("record_end", "conflict", "`lines: false` means that records have no end");
    }
    if !c.lines && matches!(encoding, Some(Declared::Utf16 | Declared::Is(Charset::Utf16 { .. }))) {
        notes.error("lines", "conflict", "UTF-16 is read as lines only");
    }
    let lines = c.lines.then(|| match &c.record_end {
        Some(end) => {
            exists(end, "record_end", encoding.as_ref(), notes);
            let bytes = match &encoding {
                Some(Declared::Is(charset)) => charset.needle(end),
                _ => Some(end.as_bytes().to_vec()),
            };
            crate::format::lines::LineEnd::Exact(bytes.filter(|b| !b.is_empty()).unwrap_or_else(|| b"\n".to_vec()))
        }
        None => crate::format::lines::LineEnd::Newline,
    });
    Some(Fixed {
        encoding: encoding?,
        fields,
        lines,
        length,
        pad: c.short == formats::ShortConfig::Pad,
        trim: c.trim == formats::TrimConfig::Right,
        characters: c.positions == formats::PositionsConfig::Characters,
        max_record,
        trailer,
    })
}

/// Columns from `fields` or `columns`, one of which must be there.
fn members(
    fields: Option<Named<String>>,
    columns: Option<Vec<String>>,
    notes: &mut Notes<'_>,
) -> Vec<(String, Vec<String>)> {
    match (fields, columns) {
        (Some(fields), None) => {
            names_of(fields.names(), "fields", notes);
            let mut out = Vec::new();
            for (name, text) in fields.iter() {
                let key = join("fields", name);
                match pointer::parse(text) {
                    Ok(p) if p.is_empty() => {
                        notes.error(&key, "bad-pointer", "a field points into the record: `/name`")
                    }
                    Ok(p) => out.push((name.to_owned(), p)),
                    Err(message) => notes.error(&key, "bad-pointer", message),
                }
            }
            out
        }
        (None, Some(columns)) => {
            names_of(columns.iter().map(String::as_str), "columns", notes);
            columns.into_iter().map(|c| (c.clone(), vec![c])).collect()
        }
        (both, _) => {
            let code = if both.is_some() { "conflict" } else { "missing-key" };
            notes.error("fields", code, "say `fields: { name: /pointer }` or `columns: [name]`, one of the two");
            Vec::new()
        }
    }
}

fn json(c: JsonConfig, notes: &mut Notes<'_>) -> Option<Json> {
    let record = notes.keep("record", "bad-pointer", pointer::parse(c.record.as_deref().unwrap_or_default()));
    let fields = members(c.fields, c.columns, notes);
    let encoding = encoding(c.encoding.as_deref(), notes);
    let max_record = max_record(c.max_record, notes);
    Some(Json { encoding: encoding?, record: Some(record?), fields, max_record })
}

fn json_lines(c: JsonLinesConfig, notes: &mut Notes<'_>) -> Option<Json> {
    let fields = members(c.fields, c.columns, notes);
    let encoding = encoding(c.encoding.as_deref(), notes);
    let max_record = max_record(c.max_record, notes);
    Some(Json { encoding: encoding?, record: None, fields, max_record })
}

fn xml(c: XmlConfig, notes: &mut Notes<'_>) -> Option<Xml> {
    let encoding = encoding(c.encoding.as_deref(), notes);
    let record = notes.keep("record", "bad-path", path::record(&c.record, &c.namespaces));
    names_of(c.fields.names(), "fields", notes);
    let mut fields = Vec::new();
    for (name, text) in c.fields.iter() {
        let found = notes.keep(&join("fields", name), "bad-path", path::field(text, &c.namespaces));
        fields.extend(found.map(|p| (name.to_owned(), p)));
    }
    let max_record = max_record(c.max_record, notes);
    Some(Xml { encoding: encoding?, record: record?, fields, max_record })
}

#[cfg(test)]
mod tests;
