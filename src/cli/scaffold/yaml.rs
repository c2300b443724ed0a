//! A proposal as YAML: one file for each table.

use super::plan::{Field, Table};
use crate::config::quote::{list, quoted, scalar};
use banyan_adapter::FoundTable;
use std::fmt::Write;

/// An example of a mapping: cells, and what the fields come to.
pub(super) struct Example {
    pub(super) given: Vec<(String, String)>,
    pub(super) expect: Vec<(String, String)>,
}

/// The file of a table.
pub(super) fn file(source: &str, table: &Table<'_>, example: Option<&Example>) -> String {
    let mut out = format!("# A proposal for {} of {source}. Rename, leave out, describe.\n", one_line(&table.found.name));
    if !table.configured {
        dataset(&mut out, source, table);
    }
    let _ = writeln!(out, "entities:\n  {}:\n    plural: {}\n    fields:", table.entity, table.plural);
    for field in &table.fields {
        let told: Vec<String> = field.declared.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let _ = writeln!(out, "      {}: {{ {} }}", scalar(&field.name), told.join(", "));
    }
    for note in &table.notes {
        let _ = writeln!(out, "      # {}", one_line(note));
    }
    let _ = writeln!(out, "mappings:\n  - from: {source}.{}\n    to: {}\n    fields:", table.dataset, table.entity);
    for Field { name, formula, .. } in &table.fields {
        let _ = writeln!(out, "      {}: {}", scalar(name), formula_scalar(formula));
    }
    if let Some(example) = example {
        let pairs = |pairs: &[(String, String)]| {
            pairs.iter().map(|(k, v)| format!("{}: {v}", scalar(k))).collect::<Vec<_>>().join(", ")
        };
        out.push_str("    examples:              # of a real record: replace what is personal\n");
        let _ = writeln!(out, "      - given: {{ {} }}", pairs(&example.given));
        let _ = writeln!(out, "        expect: {{ {} }}", pairs(&example.expect));
    }
    out
}

fn dataset(out: &mut String, source: &str, table: &Table<'_>) {
    let _ = writeln!(out, "sources:\n  {source}:\n    datasets:\n      {}:", table.dataset);
    if let Some(info) = &table.found.table {
        let _ = writeln!(out, "        table: {}", scalar(&place(info)));
    }
    match table.key.as_slice() {
        [] => out.push_str("        key: none\n        content: snapshot\n"),
        key => _ = writeln!(out, "        key: {}", list(key.iter().map(String::as_str))),
    }
    out.push_str("        sync: auto\n        fresh: 30m\n");
}

/// The table as `table:` names it.
fn place(info: &FoundTable) -> String {
    let part = |name: &str| {
        let odd = name.contains('.') || name.trim() != name || name.starts_with(['[', '"', '`']);
        match odd {
            false => name.to_owned(),
            true if !name.contains(']') => format!("[{name}]"),
            true if !name.contains('"') => format!("\"{name}\""),
            true => format!("`{name}`"),
        }
    };
    let schema = info.schema.as_deref().filter(|s| !s.is_empty());
    schema.map(|s| format!("{}.", part(s))).unwrap_or_default() + &part(&info.name)
}

/// A formula as a scalar: without quotes where YAML takes it so.
fn formula_scalar(formula: &str) -> String {
    let begins = formula.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let harmless = !formula.contains(": ") && !formula.contains(" #") && !formula.ends_with([':', ' ']);
    let visible = formula.chars().all(|c| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric());
    match begins && harmless && visible && scalar_word(formula) {
        true => formula.to_owned(),
        false => quoted(formula),
    }
}

/// Not one of the words that mean something in YAML.
fn scalar_word(formula: &str) -> bool {
    !formula.chars().all(|c| c.is_ascii_alphabetic()) || scalar(formula) == formula
}

/// A value in an example: a number or a date as it is, the rest as text.
pub(super) fn value(text: &str) -> String {
    let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.len() > usize::from(text.starts_with('-'));
    match number && text.chars().skip(1).all(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

fn one_line(text: &str) -> String {
    crate::cli::out::plain(text)
}
