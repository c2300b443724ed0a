//! From the keys under `format` to a compiled format.

use super::Notes;
use crate::config::{CsvConfig, FixedConfig, JsonConfig, JsonLinesConfig, XmlConfig, formats};
use crate::format::charset::{self, Charset, Declared};
use crate::format::csv::Csv;
use crate::format::fixed::{Field, FieldType, Fixed};
use crate::format::json::Json;
use crate::format::lines::LineEnd;
use crate::format::trailer::TrailerRule;
use crate::format::xml::{Xml, path};
use crate::format::{Format, pointer};
use banyan_words::Problem;
use banyan_words::node::{Named, Node, Size, join, join_index, read, tagged};
use std::sync::Arc;

/// Reads the keys under `format`.
pub(super) fn format(node: &Node, path: &str, trailer: Option<Arc<TrailerRule>>) -> Result<Format, Vec<Problem>> {
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
            LineEnd::Exact(bytes.filter(|b| !b.is_empty()).unwrap_or_else(|| b"\n".to_vec()))
        }
        None => LineEnd::Newline,
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
