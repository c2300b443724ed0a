//! Drafts of screens from CICS's own descriptions of them: BMS map source.
//!
//! Purpose: [`import`] reads the macros (DFHMSD, DFHMDI, DFHMDF) and writes a screen map that checks cleanly, to be
//! completed by a person: exits, errors and flows are not in such a source.
//! Invariant: no text makes it panic; what is not understood is told with its line.
//! Not here: files.

mod fields;
mod scan;

pub use fields::{BmsField, BmsMap, BmsSource, parse};

use std::fmt::Write;

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The map, as YAML.
    pub yaml: String,
    /// How many screens there are in it.
    pub screens: usize,
    /// What of the source was passed over: line and words.
    pub notes: Vec<(usize, String)>,
}

/// Drafts a map of the name `name` from BMS source.
pub fn import(name: &str, text: &str) -> Imported {
    let BmsSource { maps, notes } = parse(text);
    let (maps, empty): (Vec<BmsMap>, Vec<BmsMap>) = maps.into_iter().partition(|m| !m.fields.is_empty());
    let mut notes = notes;
    notes.extend(empty.iter().map(|m| (0, format!("{} has no fields and was left out", m.name))));
    let mut yaml = String::new();
    head(&mut yaml, name, &maps);
    for (i, map) in maps.iter().enumerate() {
        screen(&mut yaml, map, &maps, i, &mut notes);
    }
    Imported { yaml, screens: maps.len(), notes }
}

fn head(out: &mut String, name: &str, maps: &[BmsMap]) {
    let size = maps.iter().map(|m| m.size).max().unwrap_or((24, 80));
    let model = match size {
        (rows, columns) if rows <= 24 && columns <= 80 => "3279-2-E",
        (rows, columns) if rows <= 32 && columns <= 80 => "3279-3-E",
        (_, columns) if columns <= 80 => "3279-4-E",
        _ => "3279-5-E",
    };
    let _ =
        writeln!(out, "# A draft from BMS map source. To be completed by hand: the transport, how each screen is left");
    let _ = writeln!(out, "# (`exit`), by which messages it says no (`errors`), and what is to be done (`flows`).");
    let _ = writeln!(out, "map: {}", quoted(&format!("{name}/v1")));
    let _ = writeln!(out, "transport: {{ kind: tn3270, host: \"host:992\", model: {model} }}");
    if let Some(first) = maps.first() {
        let _ = writeln!(out, "pool: {{ rest: {} }}    # the screen on which a session waits", first.name);
    }
    let _ = writeln!(out, "screens:");
}

fn screen(out: &mut String, map: &BmsMap, maps: &[BmsMap], no: usize, notes: &mut Vec<(usize, String)>) {
    let _ = writeln!(out, "  {}:", map.name);
    let _ = writeln!(out, "    match:");
    let (known_by, unique) = conditions(map, maps, no);
    if !unique {
        let message = format!("{} has no text of its own: complete its `match` by hand", map.name);
        notes.push((map.fields.first().map_or(0, |f| f.line), message));
        let _ = writeln!(out, "      # Nothing here tells this screen from every other: complete it by hand.");
    }
    if known_by.is_empty() {
        let _ = writeln!(
            out,
            "      cursor: [{}, {}]",
            map.fields.first().map_or(1, |f| f.at.0),
            map.fields.first().map_or(1, |f| f.at.1)
        );
    } else {
        let _ = writeln!(out, "      text:");
    }
    for (at, text) in known_by {
        let _ = writeln!(out, "        - {{ at: [{}, {}], is: {} }}", at.0, at.1, quoted(&text));
    }
    let named: Vec<&BmsField> = map.fields.iter().filter(|f| f.name.is_some()).collect();
    if !named.is_empty() {
        let _ = writeln!(out, "    fields:");
    }
    let mut taken: Vec<(u32, u32)> = Vec::new();
    for field in named {
        let start = u32::from(field.at.0) * u32::from(map.size.1) + u32::from(field.at.1);
        let span = (start, start + u32::from(field.len));
        let name = field.name.as_deref().unwrap_or_default();
        if taken.iter().any(|(a, b)| *a < span.1 && span.0 < *b) {
            notes.push((field.line, format!("{name} shares cells with another field and was left out")));
            continue;
        }
        taken.push(span);
        let mut told =
            format!("at: [{}, {}], len: {}, protected: {}", field.at.0, field.at.1, field.len, field.protected);
        if field.hidden {
            told.push_str(", hidden: true");
        }
        if field.numeric {
            told.push_str(", numeric: true");
        }
        let _ = writeln!(out, "      {name}: {{ {told} }}");
    }
    let _ = writeln!(out, "    exit: none    # say how it is left: exit: {{ key: PF3, expect: … }}");
}

type Text = ((u16, u16), String);

/// Texts that are there on this screen, at least one of which is on no other where that is possible.
fn conditions(map: &BmsMap, maps: &[BmsMap], no: usize) -> (Vec<Text>, bool) {
    let mine = constants(map);
    let others: Vec<Vec<Text>> = maps.iter().enumerate().filter(|(i, _)| *i != no).map(|(_, m)| constants(m)).collect();
    let own: Vec<&Text> = mine.iter().filter(|t| !others.iter().any(|o| o.contains(t))).collect();
    if let Some(first) = own.first() {
        // The longest says most; the topmost is least likely to be written over.
        let longest = own.iter().max_by_key(|(_, t)| t.chars().count()).unwrap_or(first);
        let mut chosen = vec![(**first).clone()];
        if longest != first {
            chosen.push((**longest).clone());
        }
        return (chosen, true);
    }
    // All of them together may still differ.
    let unique = !mine.is_empty() && !others.iter().any(|o| mine.iter().all(|t| o.contains(t)));
    (mine.into_iter().take(40).collect(), unique)
}

/// Constants that can be seen, fit into their row and say something; topmost first.
fn constants(map: &BmsMap) -> Vec<Text> {
    let seen = |f: &&BmsField| f.name.is_none() && f.protected && !f.hidden;
    let text = |f: &BmsField| {
        let text: String = f.initial.as_deref()?.chars().take(usize::from(f.len)).collect();
        let blanks = text.chars().take_while(|c| *c == ' ').count();
        let trimmed = text.trim().to_owned();
        let letters = trimmed.chars().filter(|c| c.is_alphanumeric()).count();
        let column = f.at.1.checked_add(u16::try_from(blanks).ok()?)?;
        let end = usize::from(column) + trimmed.chars().count();
        let fits = end <= usize::from(map.size.1) + 1 && !trimmed.chars().any(char::is_control);
        (letters >= 3 && fits).then_some(((f.at.0, column), trimmed))
    };
    let mut all: Vec<Text> = map.fields.iter().filter(seen).filter_map(text).collect();
    all.sort();
    all.dedup();
    all
}

/// In double quotes, as YAML reads it back.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c) & 0xffff);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
