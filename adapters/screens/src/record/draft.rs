//! From notes to a map that a person goes on writing.
//!
//! Invariant: what it writes is read without surprise by those who know nothing of recording: texts are quoted, secrets are
//! references. Where a screen cannot be told from another it says so instead of guessing.

use super::notes::{Notes, Seen, Step, To, Typed};
use crate::picture::{Area, At, Grid};
use std::fmt::Write;

/// Conditions of one screen at most; more make it brittle.
const CONDITIONS: usize = 4;
/// The shortest text that tells a screen.
const SHORTEST: usize = 3;
const LONGEST: usize = 40;

/// What else a draft says.
pub(super) struct Heading<'a> {
    /// The flow's name; the map's is the same.
    pub(super) flow: &'a str,
    /// The keys of `transport:`, as flow-style YAML.
    pub(super) transport: &'a str,
}

/// Writes it all.
pub(super) fn write(notes: &Notes, heading: &Heading<'_>) -> String {
    let mut out = String::new();
    let flow = heading.flow;
    out.push_str("# Drafted from a recording. Look through it: conditions and fields show what was on the screens, which may be\n");
    out.push_str("# personal. Give every screen its `exit`, mark the press after which it may be done with `commit: true`, and\n");
    out.push_str("# name a `verify` flow for it.\n");
    let _ = writeln!(out, "map: {flow}/v1\ntransport: {}", heading.transport);
    let home = notes.screens.iter().position(|s| s.name == "home");
    let rest = home.unwrap_or(0);
    if let Some(screen) = notes.screens.get(rest) {
        let _ = writeln!(out, "pool: {{ max: 1, rest: {} }}", screen.name);
    }
    out.push_str("screens:\n");
    for (no, screen) in notes.screens.iter().enumerate() {
        screen_of(&mut out, notes, no, screen, no == rest);
    }
    out.push_str("flows:\n");
    let first = notes.steps.first().map_or(rest, |s| s.from);
    let arrives = notes.steps.iter().position(|s| s.to == Some(To::Screen(rest)));
    let mut secrets = 0;
    match arrives.filter(|_| first != rest) {
        Some(last) => {
            let (inward, after) = notes.steps.split_at(last + 1);
            flow_of(&mut out, notes, "login", inward, &mut secrets);
            if !after.is_empty() {
                flow_of(&mut out, notes, flow, after, &mut secrets);
            }
        }
        None => flow_of(&mut out, notes, flow, &notes.steps, &mut secrets),
    }
    out
}

fn screen_of(out: &mut String, notes: &Notes, no: usize, screen: &Seen, rests: bool) {
    let _ = writeln!(out, "  {}:", screen.name);
    let found = conditions(notes, no, screen);
    let texts: Vec<String> = (found.texts.iter())
        .map(|(at, text)| format!("{{ at: [{}, {}], is: {} }}", at.row, at.column, quoted(text)))
        .collect();
    let mut parts = Vec::new();
    if !texts.is_empty() {
        parts.push(format!("text: [{}]", texts.join(", ")));
    }
    if let Some(at) = found.cursor {
        parts.push(format!("cursor: [{}, {}]", at.row, at.column));
    }
    for other in &found.alike {
        let _ = writeln!(out, "    # Nothing recorded tells it from `{other}`.");
    }
    let _ = writeln!(out, "    match: {{ {} }}", parts.join(", "));
    let volatile: Vec<String> =
        volatile(screen).iter().map(|a| format!("[{}, {}, {}]", a.at.row, a.at.column, a.len)).collect();
    if !volatile.is_empty() {
        let _ = writeln!(out, "    volatile: [{}]", volatile.join(", "));
    }
    if !screen.fields.is_empty() {
        out.push_str("    fields:\n");
        for field in &screen.fields {
            let Area { at, len } = field.area;
            let hidden = if field.hidden { ", hidden: true" } else { "" };
            let _ = writeln!(out, "      {}: {{ at: [{}, {}], len: {len}{hidden} }}", field.name, at.row, at.column);
        }
    }
    if !rests {
        out.push_str("    exit: none\n");
    }
}

fn flow_of(out: &mut String, notes: &Notes, name: &str, steps: &[Step], secrets: &mut usize) {
    let screen = |no: usize| notes.screens.get(no).map_or("?", |s| s.name.as_str());
    let _ = writeln!(out, "  {name}:\n    start: {}", screen(steps.first().map_or(0, |s| s.from)));
    let mut given: Vec<&str> = Vec::new();
    for (field, typed) in steps.iter().flat_map(|s| &s.set) {
        if *typed != Typed::Secret && !given.contains(&field.as_str()) {
            given.push(field);
        }
    }
    if !given.is_empty() {
        let given: Vec<String> = given.iter().map(|g| format!("{g}: text")).collect();
        let _ = writeln!(out, "    given: {{ {} }}", given.join(", "));
    }
    out.push_str("    steps:\n");
    let mut reference = || {
        *secrets += 1;
        format!("\"${{env:SCREENS_SECRET_{secrets}}}\"")
    };
    for step in steps {
        let mut parts = Vec::new();
        let mut set = Vec::new();
        for (field, typed) in &step.set {
            let value = if *typed == Typed::Secret { reference() } else { format!("${field}") };
            set.push(format!("{field}: {value}"));
        }
        if !set.is_empty() {
            parts.push(format!("set: {{ {} }}", set.join(", ")));
        }
        match step.typed.as_slice() {
            [] => {}
            [Typed::Text(text)] => parts.push(format!("type: {}", quoted(&text.replace('$', "$$")))),
            _ => parts.push(format!("type: {}", reference())),
        }
        if let Some(key) = step.press {
            parts.push(format!("press: {}", quoted(&key.to_string())));
            match step.to {
                Some(To::Screen(no)) => parts.push(format!("expect: {}", screen(no))),
                _ => parts.push("expect: disconnected".into()),
            }
        }
        let _ = writeln!(out, "      - {{ {} }}", parts.join(", "));
    }
}

/// How a screen is known.
#[derive(Debug, Default)]
struct Found {
    texts: Vec<(At, String)>,
    cursor: Option<At>,
    /// Screens that meet all of it as well.
    alike: Vec<String>,
}

/// Chooses, one after the other, what most of the other screens do not show.
fn conditions(notes: &Notes, no: usize, screen: &Seen) -> Found {
    let mut others: Vec<(&str, &Grid)> = (notes.screens.iter().enumerate())
        .filter(|(other, _)| *other != no)
        .flat_map(|(_, s)| s.pictures.iter().map(|p| (s.name.as_str(), p)))
        .collect();
    let candidates = texts(screen);
    let stands = |(at, text): &(At, String), grid: &Grid| {
        grid.text(Area { at: *at, len: u16::try_from(text.chars().count()).unwrap_or(u16::MAX) }) == *text
    };
    let mut found = Found::default();
    while found.texts.len() < CONDITIONS {
        // Of equals the longer text, then the upper one.
        let best = (candidates.iter().enumerate())
            .map(|(n, c)| {
                (
                    others.iter().filter(|(_, grid)| !stands(c, grid)).count(),
                    c.1.chars().count(),
                    std::cmp::Reverse(n),
                    c,
                )
            })
            .max_by_key(|(excluded, length, place, _)| (*excluded, *length, *place));
        let Some((excluded, _, _, best)) = best else { break };
        if excluded == 0 && !found.texts.is_empty() {
            break;
        }
        found.texts.push(best.clone());
        others.retain(|(_, grid)| stands(best, grid));
        if others.is_empty() {
            return found;
        }
    }
    let cursor = screen.pictures.first().map(|p| p.cursor);
    let steady = cursor.filter(|at| screen.pictures.iter().all(|p| p.cursor == *at));
    if let Some(at) = steady.filter(|at| found.texts.is_empty() || others.iter().any(|(_, grid)| grid.cursor != *at)) {
        found.cursor = Some(at);
        others.retain(|(_, grid)| grid.cursor == at);
    }
    found.alike = others.iter().map(|(name, _)| (*name).to_owned()).collect();
    found.alike.dedup();
    found
}

/// Texts that stood still in all pictures of a screen, outside its fields.
fn texts(screen: &Seen) -> Vec<(At, String)> {
    let Some(first) = screen.pictures.first() else { return Vec::new() };
    let mut found = Vec::new();
    for row in 1..=first.size.0 {
        let mut run: Vec<(u16, char)> = Vec::new();
        for column in 1..=first.size.1.saturating_add(1) {
            let at = At { row, column };
            match glyph(screen, at) {
                Some(c) if c != ' ' || run.last().is_some_and(|(_, last)| *last != ' ') => run.push((column, c)),
                _ => take(&mut found, row, &mut run),
            }
        }
        take(&mut found, row, &mut run);
    }
    found
}

fn take(found: &mut Vec<(At, String)>, row: u16, run: &mut Vec<(u16, char)>) {
    let start = run.first().map(|(column, _)| *column);
    let text: String = run.drain(..).map(|(_, c)| c).take(LONGEST).collect();
    let text = text.trim_end();
    if let Some(column) = start.filter(|_| text.chars().filter(|c| c.is_alphabetic()).count() >= SHORTEST) {
        found.push((At { row, column }, text.to_owned()));
    }
}

/// The character at a place, if it is the same in all pictures and in no field.
fn glyph(screen: &Seen, at: At) -> Option<char> {
    let first = screen.pictures.first()?;
    let index = first.index(at)?;
    let c = first.cells.get(index)?.glyph;
    let inside =
        |area: &Area| first.index(area.at).is_some_and(|start| (start..start + usize::from(area.len)).contains(&index));
    let still = screen.pictures.iter().all(|p| p.cells.get(index).is_some_and(|cell| cell.glyph == c));
    (still && c != '\0' && !screen.fields.iter().any(|f| inside(&f.area))).then_some(c)
}

/// Where two pictures of a screen differ, outside its fields.
fn volatile(screen: &Seen) -> Vec<Area> {
    let mut areas: Vec<Area> = Vec::new();
    let Some(first) = screen.pictures.first() else { return areas };
    for row in 1..=first.size.0 {
        for column in 1..=first.size.1 {
            let at = At { row, column };
            let Some(index) = first.index(at) else { continue };
            let shown = |p: &Grid| p.cells.get(index).map(|c| c.glyph);
            let differs = screen.pictures.iter().any(|p| shown(p) != shown(first));
            let marked = screen.fields.iter().any(|f| {
                f.area.at.row == row
                    && (f.area.at.column..f.area.at.column.saturating_add(f.area.len)).contains(&column)
            });
            if !differs || marked {
                continue;
            }
            match areas.last_mut().filter(|a| a.at.row == row && a.at.column + a.len + 2 >= column) {
                Some(area) => area.len = column - area.at.column + 1,
                None => areas.push(Area { at, len: 1 }),
            }
        }
    }
    areas
}

/// A text as YAML takes it, whatever is in it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}
