//! A proposal as YAML.

use super::plan::{Field, Table};
use crate::config::quote::{list, quoted, scalar};
use banyan_adapter::FoundTable;
use std::fmt::Write;

/// An example of a mapping: cells, and what the fields come to.
pub(super) struct Example {
    pub(super) given: Vec<(String, String)>,
    pub(super) expect: Vec<(String, String)>,
}

/// Tables with their examples as one file.
pub(super) fn file(source: &str, tables: &[(&Table<'_>, Option<&Example>)]) -> String {
    let names: Vec<String> = tables.iter().map(|(t, _)| one_line(&t.found.name)).collect();
    let mut out = format!("# A proposal for {} of {source}. Rename, leave out, describe.\n", names.join(", "));
    if tables.iter().any(|(t, _)| !t.configured) {
        let _ = writeln!(out, "sources:\n  {source}:\n    datasets:");
    }
    tables.iter().filter(|(t, _)| !t.configured).for_each(|(t, _)| dataset(&mut out, t));
    out.push_str("entities:\n");
    tables.iter().for_each(|(t, _)| entity(&mut out, t));
    out.push_str("mappings:\n");
    tables.iter().for_each(|(t, example)| mapping(&mut out, source, t, *example));
    out
}

fn dataset(out: &mut String, table: &Table<'_>) {
    let _ = writeln!(out, "      {}:", table.dataset);
    if let Some(info) = &table.found.table {
        let _ = writeln!(out, "        table: {}", scalar(&place(info)));
    }
    match table.key.as_slice() {
        [] => out.push_str("        key: none\n        content: snapshot\n"),
        key => _ = writeln!(out, "        key: {}", list(key.iter().map(String::as_str))),
    }
    if table.live {
        let _ = writeln!(out, "        read: live\n        find_by: {}", list(table.search.iter().map(String::as_str)));
        return;
    }
    out.push_str("        sync: auto\n        fresh: 30m\n");
    if !table.search.is_empty() {
        let columns = list(table.search.iter().map(String::as_str));
        out.push_str("        # or keep no copy and search the table itself, in place of sync and fresh:\n");
        let _ = writeln!(out, "        # read: live\n        # find_by: {columns}");
    }
}

fn entity(out: &mut String, table: &Table<'_>) {
    let _ = writeln!(out, "  {}:\n    plural: {}\n    fields:", table.entity, table.plural);
    for field in &table.fields {
        let told: Vec<String> = field.declared.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let _ = writeln!(out, "      {}: {{ {} }}", scalar(&field.name), told.join(", "));
    }
    for note in &table.notes {
        let _ = writeln!(out, "      # {}", one_line(note));
    }
}

fn mapping(out: &mut String, source: &str, table: &Table<'_>, example: Option<&Example>) {
    let _ = writeln!(out, "  - from: {source}.{}\n    to: {}\n    fields:", table.dataset, table.entity);
    for Field { name, formula, .. } in &table.fields {
        let _ = writeln!(out, "      {}: {}", scalar(name), formula_scalar(formula));
    }
    let Some(example) = example else { return };
    let pairs = |pairs: &[(String, String)]| {
        pairs.iter().map(|(k, v)| format!("{}: {v}", scalar(k))).collect::<Vec<_>>().join(", ")
    };
    out.push_str("    examples:              # of a real record: replace what is personal\n");
    let _ = writeln!(out, "      - given: {{ {} }}", pairs(&example.given));
    let _ = writeln!(out, "        expect: {{ {} }}", pairs(&example.expect));
}

/// The table as `table:` names it.
pub(super) fn place(info: &FoundTable) -> String {
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
    schema.map(|s| format!("{}.", part(s))).unwrap_or_default() + part(&info.name).as_str()
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
    let number =
        text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.len() > usize::from(text.starts_with('-'));
    match number && text.chars().skip(1).all(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

fn one_line(text: &str) -> String {
    crate::cli::out::plain(text)
}
