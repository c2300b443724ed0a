//! A new version of a map's text: what certainly moved is changed, the rest is marked for a person.
//!
//! Invariant: the text stays the user's, comments and all; what is proposed is a document that can be read, with the next
//! version. Nothing is applied here.

use super::{Difference, Failing, Part};
use crate::picture::At;
use banyan_words::node::{Kind, Node, join, yaml};

/// A change of the text: line and column (from 1), what stands there, what shall stand there.
struct Edit {
    line: usize,
    column: usize,
    old: String,
    new: String,
}

/// The map's text as a new version would have it (`stock/v3` becomes `stock/v4`): only what certainly moved is changed,
/// what a person must fill in is marked by a comment above it.
pub fn propose(text: &str, difference: &Difference) -> String {
    let (Some(node), _) = yaml::parse("map", text) else { return marked_above(text, difference) };
    let version = version_edit(&node);
    let mut edits: Vec<Edit> = version.into_iter().collect();
    let mut notes: Vec<(usize, String)> = Vec::new();
    if let Some(screen) = &difference.screen {
        let at = join("screens", screen);
        let conditions = node.find(&join(&at, "match")).map(|m| condition_paths(m, &join(&at, "match")));
        let conditions = conditions.unwrap_or_default();
        for failing in &difference.failing {
            let path = match &failing.part {
                Part::Condition(number) => conditions.get(*number).cloned(),
                Part::Field(name) => Some(join(&join(&at, "fields"), name)),
                Part::Table => Some(join(&at, "table")),
                Part::Screen => None,
            };
            let path = path.unwrap_or_else(|| at.clone());
            let moves = failing.moved.map(|to| moves(&node, &path, to)).unwrap_or_default();
            if moves.is_empty() {
                let line = node.spot_of(&path).or_else(|| node.spot_of(&at)).map_or(1, |s| s.line as usize);
                notes.push((line, note(failing)));
            }
            edits.extend(moves);
        }
    }
    let proposed = apply(text, edits, notes);
    let sound = yaml::parse("map", &proposed);
    if sound.0.is_some() && sound.1.is_empty() { proposed } else { marked_above(text, difference) }
}

/// Where something that moved says its place: `at: [row, column]` or `row:`.
fn moves(node: &Node, path: &str, to: At) -> Vec<Edit> {
    let number = |path: &str, new: u16| {
        let found = node.find(path)?;
        let old = found.as_text()?.to_owned();
        let spot = node.spot_of(path)?;
        let new = new.to_string();
        (old != new).then_some(Edit { line: spot.line as usize, column: spot.column as usize, old, new })
    };
    let at = join(path, "at");
    if node.find(&at).is_some() {
        let both = [number(&format!("{at}[0]"), to.row), number(&format!("{at}[1]"), to.column)];
        return both.into_iter().flatten().collect();
    }
    number(&join(path, "row"), to.row).into_iter().collect()
}

/// The paths of a `match`'s conditions, in the order in which a map numbers them.
fn condition_paths(node: &Node, path: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for key in ["text", "contains", "cursor", "layout", "url", "title", "element"] {
        let Some(value) = node.get(key) else { continue };
        let at = join(path, key);
        match &value.kind {
            Kind::List(items) if key != "cursor" => paths.extend((0..items.len()).map(|n| format!("{at}[{n}]"))),
            _ => paths.push(at),
        }
    }
    paths
}

fn version_edit(node: &Node) -> Option<Edit> {
    let old = node.find("map")?.as_text()?.to_owned();
    let spot = node.spot_of("map")?;
    let new = next_version(&old);
    Some(Edit { line: spot.line as usize, column: spot.column as usize, old, new })
}

/// `stock/v3` becomes `stock/v4`, `stock` becomes `stock/v2`.
fn next_version(name: &str) -> String {
    let numbered = name.rsplit_once('v').and_then(|(head, digits)| Some((head, digits.parse::<u64>().ok()?)));
    match numbered.and_then(|(head, number)| Some((head, number.checked_add(1)?))) {
        Some((head, number)) => format!("{head}v{number}"),
        None => format!("{name}/v2"),
    }
}

fn note(failing: &Failing) -> String {
    let found = failing.found.as_deref().map(|f| format!(" Now: `{f}`.")).unwrap_or_default();
    let untrue = if matches!(failing.part, Part::Condition(_)) { "no longer true: " } else { "" };
    let said = format!("# TO DO: {untrue}{}.{found}", failing.what);
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn apply(text: &str, mut edits: Vec<Edit>, notes: Vec<(usize, String)>) -> String {
    // From the right, so that columns stay what they were.
    edits.sort_by_key(|e| std::cmp::Reverse((e.line, e.column)));
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for edit in &edits {
        let Some(line) = edit.line.checked_sub(1).and_then(|n| lines.get_mut(n)) else { continue };
        let start = line.char_indices().nth(edit.column.saturating_sub(1)).map_or(line.len(), |(i, _)| i);
        if let Some(found) = line.get(start..).and_then(|rest| rest.find(&edit.old)) {
            line.replace_range(start + found..start + found + edit.old.len(), &edit.new);
        }
    }
    let mut out = String::with_capacity(text.len() + 200);
    for (n, line) in lines.iter().enumerate() {
        let blanks: String = line.chars().take_while(|c| *c == ' ').collect();
        for (_, note) in notes.iter().filter(|(at, _)| *at == n + 1) {
            out.push_str(&format!("{blanks}{note}\n"));
        }
        out.push_str(line);
    }
    out
}

/// Where the text cannot be taken apart: as it was, the differences above it.
fn marked_above(text: &str, difference: &Difference) -> String {
    let screen = difference.screen.as_deref().unwrap_or("?");
    let notes: String = difference.failing.iter().map(|f| format!("{} (screen `{screen}`)\n", note(f))).collect();
    notes + text
}
