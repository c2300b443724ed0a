//! What BMS macros say: maps, and their fields with place, length, name and attributes.

use super::scan::{Call, calls, literal};

/// One map of a mapset: a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BmsMap {
    /// Its name, in small letters.
    pub name: String,
    /// Rows and columns.
    pub size: (u16, u16),
    /// Its fields, in the order of the source.
    pub fields: Vec<BmsField>,
}

/// One field. Its place is that of its first cell, not of the attribute byte before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BmsField {
    /// The line of the source it stands on.
    pub line: usize,
    /// Its name, in small letters; `None` of constants.
    pub name: Option<String>,
    /// Row and column.
    pub at: (u16, u16),
    /// How many cells.
    pub len: u16,
    /// Nothing can be typed there.
    pub protected: bool,
    /// What stands there is not shown.
    pub hidden: bool,
    /// Only digits can be typed there.
    pub numeric: bool,
    /// What stands there at first.
    pub initial: Option<String>,
}

/// What a source says, and what of it was not understood: line and words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BmsSource {
    /// Its maps.
    pub maps: Vec<BmsMap>,
    /// What was passed over.
    pub notes: Vec<(usize, String)>,
}

/// More fields than any terminal has cells.
const MOST_FIELDS: usize = 10_000;

/// Reads the source of a mapset. Never fails: what is not understood is in the notes.
pub fn parse(text: &str) -> BmsSource {
    let mut source = BmsSource::default();
    let mut origin = (1, 1);
    let mut count = 0_usize;
    for call in calls(text) {
        match call.name.as_str() {
            "DFHMDI" => {
                let name =
                    if call.label.is_empty() { format!("map{}", source.maps.len() + 1) } else { plain(&call.label) };
                let name = unused(&name, |n| source.maps.iter().any(|m| m.name == n));
                let size = pair(call.operand("SIZE")).unwrap_or((24, 80));
                let start = |key: &str| call.operand(key).map_or(Some(1), |t| t.trim().parse::<u16>().ok());
                origin = (start("LINE").unwrap_or(1), start("COLUMN").unwrap_or(1));
                if start("LINE").is_none() || start("COLUMN").is_none() {
                    let message = format!("{name} is placed after another map: its rows are counted from 1");
                    source.notes.push((call.line, message));
                }
                source.maps.push(BmsMap { name, size, fields: Vec::new() });
            }
            "DFHMDF" if count < MOST_FIELDS => {
                let Some(map) = source.maps.last_mut() else {
                    source.notes.push((call.line, "a field before the first DFHMDI was passed over".into()));
                    continue;
                };
                match fields(&call, map, origin) {
                    Ok(fields) => {
                        count += fields.len();
                        map.fields.extend(fields);
                    }
                    Err(message) => source.notes.push((call.line, message)),
                }
            }
            _ => {}
        }
    }
    source
}

/// `(3,40)` or `(3,40` and the like.
fn pair(text: Option<&str>) -> Option<(u16, u16)> {
    let inner = text?.trim().trim_start_matches('(').trim_end_matches(')');
    let (a, b) = inner.split_once(',')?;
    Some((a.trim().parse().ok()?, b.trim().parse().ok()?))
}

/// The fields of one macro: several where OCCURS says so.
fn fields(call: &Call, map: &BmsMap, (line, column): (u16, u16)) -> Result<Vec<BmsField>, String> {
    let columns = u32::from(map.size.1.max(1));
    let cells = u32::from(map.size.0) * columns;
    let at = match (pair(call.operand("POS")), call.operand("POS").map(|t| t.trim().parse::<u32>())) {
        (Some((row, col)), _) if row > 0 && col > 0 => {
            let row = u32::from(row) + u32::from(line.max(1)) - 2;
            row * columns + u32::from(col) + u32::from(column.max(1)) - 2
        }
        (None, Some(Ok(offset))) => offset,
        _ => return Err("a field without a place (POS) was passed over".into()),
    };
    let initial = call.operand("INITIAL").and_then(literal);
    let picture = call.operand("PICIN").or(call.operand("PICOUT")).and_then(literal);
    let told = initial.as_deref().or(picture.as_deref()).map(|t| t.chars().count());
    let len = match call.operand("LENGTH").map(|t| t.trim().parse::<u16>()) {
        Some(Ok(len)) => len,
        Some(Err(_)) => return Err("a field whose LENGTH is no number was passed over".into()),
        None => told.and_then(|n| u16::try_from(n).ok()).unwrap_or(0),
    };
    if len == 0 {
        return Ok(Vec::new()); // it only ends the field before it
    }
    let times: u32 = match call.operand("OCCURS").map(|t| t.trim().parse()) {
        None => 1,
        Some(Ok(times)) if times <= 500 => times,
        Some(_) => return Err("a field whose OCCURS is no number was passed over".into()),
    };
    let name = (!call.label.is_empty()).then(|| plain(&call.label));
    let attributes = call.words("ATTRB");
    let has = |word: &str| attributes.iter().any(|a| a == word);
    let digits = call.operand("PICIN").and_then(literal).is_some_and(|p| p.chars().all(|c| "9SV+-.".contains(c)));
    let mut all = Vec::new();
    for i in 0..times {
        let first = at + 1 + i * (u32::from(len) + 1);
        if first >= cells || u32::from(len) > cells - first {
            return Err(format!("{} is not on the screen and was passed over", name.as_deref().unwrap_or("a field")));
        }
        let place = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        let wanted = name.as_ref().map(|n| if times > 1 { format!("{n}_{}", i + 1) } else { n.clone() });
        let taken = |n: &str| map.fields.iter().any(|f| f.name.as_deref() == Some(n));
        all.push(BmsField {
            line: call.line,
            name: wanted.map(|n| unused(&n, taken)),
            at: (place(first / columns + 1), place(first % columns + 1)),
            len,
            // Without any attribute a field is skipped; with some that say nothing of it, it is open.
            protected: attributes.is_empty() || has("ASKIP") || has("PROT"),
            hidden: has("DRK"),
            numeric: has("NUM") || digits,
            initial: initial.clone(),
        });
    }
    Ok(all)
}

/// A name as maps have them: small letters, digits, `_`.
fn plain(label: &str) -> String {
    let name: String =
        label.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let name: String = name.chars().take(40).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { name } else { format!("f_{name}") }
}

/// The name, or with a number behind it if it is taken.
fn unused(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut found = name.to_owned();
    let mut n = 2;
    while taken(&found) && n < MOST_FIELDS {
        found = format!("{name}_{n}");
        n += 1;
    }
    found
}
