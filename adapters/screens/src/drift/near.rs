//! Which screen of the map a picture is nearest to, and what is different about it.

use super::render::render;
use super::{Difference, Failing, Part, layout};
use crate::engine::{Seen, cells_of, glyphs, holds, places, recognise, row_cells};
use crate::map::{Condition, Finder, Map, Screen, ScreenNo, Wanted};
use crate::picture::{Area, At, Grid, Picture, Style};

/// Below this, a screen has nothing in common with a picture.
const LEAST: f64 = 0.35;
/// What having been awaited counts for.
const AWAITED: f64 = 0.2;
/// What its fields count for, if all of them are there.
const FURNITURE: f64 = 0.4;

/// What is different between a picture and the screen of the map that is nearest to it, first of those awaited.
pub fn difference(map: &Map, picture: &Picture, awaited: &[ScreenNo]) -> Difference {
    let (screen, mut failing) = match recognise(map, picture) {
        Seen::One(screen) => (Some(screen), Vec::new()),
        Seen::Two(one, two) => {
            let name = |n: ScreenNo| map.screens.get(n).map_or("", |s| s.name.as_str());
            let what = format!("everything that is true of `{}` is true of `{}` too", name(one), name(two));
            let failing = Failing { part: Part::Screen, what, wanted: None, at: None, found: None, moved: None };
            (Some(one), vec![failing])
        }
        Seen::None | Seen::Disconnected => (nearest(map, picture, awaited), Vec::new()),
    };
    let screen = screen.and_then(|n| map.screens.get(n));
    if let Some(screen) = screen {
        failing.extend(conditions(screen, picture));
        let shifts: Vec<Shift> = failing.iter().filter_map(|f| Shift::of(screen, f)).collect();
        failing.extend(fields(screen, picture, &shifts));
        failing.extend(table(screen, &shifts));
    }
    let volatile = screen.map_or(&[][..], |s| s.volatile.as_slice());
    let text = render(picture, volatile, &failing);
    Difference { screen: screen.map(|s| s.name.clone()), failing, text }
}

fn nearest(map: &Map, picture: &Picture, awaited: &[ScreenNo]) -> Option<ScreenNo> {
    let mut best: Option<(ScreenNo, f64)> = None;
    for (no, screen) in map.screens.iter().enumerate() {
        let count = screen.conditions.len().max(1) as f64;
        let sum: f64 = screen.conditions.iter().map(|c| closeness(c, picture)).sum();
        let bonus = if awaited.contains(&no) { AWAITED } else { 0.0 };
        let score = sum / count + bonus + FURNITURE * furniture(screen, picture);
        if score >= LEAST && best.is_none_or(|(_, most)| score > most) {
            best = Some((no, score));
        }
    }
    best.map(|(no, _)| no)
}

/// The share of a screen's fields whose label stands in the picture, or where the far side has a field of that length.
fn furniture(screen: &Screen, picture: &Picture) -> f64 {
    let Some(grid) = picture.grid() else { return 0.0 };
    let there: Vec<bool> = screen.fields.iter().filter_map(|f| has(grid, &f.find)).collect();
    let count = there.iter().filter(|t| **t).count();
    if there.is_empty() { 0.0 } else { count as f64 / there.len() as f64 }
}

fn has(grid: &Grid, finder: &Finder) -> Option<bool> {
    match finder {
        Finder::Label { label, .. } => Some(places(grid, label).next().is_some()),
        Finder::Area(area) if !grid.fields.is_empty() => Some(grid.fields.iter().any(|f| f.area == *area)),
        _ => None,
    }
}

/// How near a condition is to being true, from 0 to 1.
fn closeness(condition: &Condition, picture: &Picture) -> f64 {
    if holds(condition, picture) {
        return 1.0;
    }
    let (Some(grid), Some((text, at))) = (picture.grid(), wanted(condition)) else { return 0.0 };
    if once(grid, text).is_some() {
        return 0.8;
    }
    let there = at.map(|at| there(grid, at, text)).unwrap_or_default();
    let same = there.chars().zip(text.chars()).filter(|(a, b)| a == b && *a != ' ').count();
    0.7 * same as f64 / text.chars().count().max(1) as f64
}

/// The text that a condition wants, and where.
fn wanted(condition: &Condition) -> Option<(&str, Option<At>)> {
    match condition {
        Condition::TextAt(at, text) => Some((text, Some(*at))),
        Condition::RowHas(row, text) => Some((text, Some(At { row: *row, column: 1 }))),
        Condition::Contains(text) => Some((text, None)),
        _ => None,
    }
}

/// Where a text stands, if it stands there exactly once.
fn once(grid: &Grid, text: &str) -> Option<At> {
    let mut found = places(grid, text);
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

/// What stands in the place of a text.
fn there(grid: &Grid, at: At, text: &str) -> String {
    let len = u16::try_from(cells_of(text)).unwrap_or(u16::MAX);
    glyphs(grid.area(Area { at, len }))
}

fn conditions<'p>(screen: &'p Screen, picture: &'p Picture) -> impl Iterator<Item = Failing> + 'p {
    let failing = screen.conditions.iter().enumerate().filter(|(_, c)| !holds(c, picture));
    failing.map(|(number, condition)| {
        let text = wanted(condition);
        let grid = picture.grid();
        let found = match (condition, grid) {
            (Condition::TextAt(at, text), Some(grid)) => Some(there(grid, *at, text)),
            (Condition::RowHas(row, _) | Condition::RowLike(Some(row), _), Some(grid)) => {
                Some(glyphs(row_cells(grid, *row)).trim().to_owned())
            }
            (Condition::Cursor(_), Some(grid)) => Some(format!("{}, {}", grid.cursor.row, grid.cursor.column)),
            (Condition::Layout(_), Some(grid)) => Some(format!("{:016x}", layout(grid))),
            (Condition::Url(_), _) => picture.page().map(|p| p.url.clone()),
            (Condition::Title(_), _) => picture.page().map(|p| p.title.clone()),
            (Condition::Element(e), _) => {
                let count = picture.page().and_then(|p| p.found.get(&e.id())).map_or(0, Vec::len);
                Some(format!("{count} of them"))
            }
            _ => None,
        };
        Failing {
            part: Part::Condition(number),
            what: describe(condition),
            wanted: text.map(|(t, _)| t.to_owned()),
            at: text.and_then(|(_, at)| at).or(match condition {
                Condition::RowLike(Some(row), _) => Some(At { row: *row, column: 1 }),
                Condition::Cursor(at) => Some(*at),
                _ => None,
            }),
            found,
            moved: grid.zip(text).and_then(|(grid, (text, _))| once(grid, text)),
        }
    })
}

fn describe(condition: &Condition) -> String {
    match condition {
        Condition::TextAt(at, text) => format!("row {}, column {} is `{text}`", at.row, at.column),
        Condition::RowHas(row, text) => format!("row {row} has `{text}`"),
        Condition::Contains(text) => format!("`{text}` stands somewhere"),
        Condition::RowLike(Some(row), pattern) => format!("row {row} is like `{}`", pattern.text),
        Condition::RowLike(None, pattern) => format!("a row is like `{}`", pattern.text),
        Condition::Cursor(at) => format!("the cursor is at row {}, column {}", at.row, at.column),
        Condition::Layout(layout) => format!("the fields lie like {layout:016x}"),
        Condition::Url(pattern) => format!("the address is like `{}`", pattern.text),
        Condition::Title(title) => format!("the title is `{title}`"),
        Condition::Element(element) => format!("there is one {element}"),
    }
}

/// A text of the screen that moved.
struct Shift {
    text: String,
    from: At,
    to: At,
    /// Only its row was said.
    row_only: bool,
}

impl Shift {
    fn of(screen: &Screen, failing: &Failing) -> Option<Shift> {
        let (Part::Condition(number), Some(to)) = (&failing.part, failing.moved) else { return None };
        let shift = |from, text: &String, row_only| Shift { text: text.clone(), from, to, row_only };
        match screen.conditions.get(*number)? {
            Condition::TextAt(at, text) => Some(shift(*at, text, false)),
            Condition::RowHas(row, text) if *row != to.row => Some(shift(At { row: *row, column: 1 }, text, true)),
            _ => None,
        }
    }

    /// Where something else stands that moved as far.
    fn carried(&self, at: At) -> Option<At> {
        let by =
            |place: u16, from: u16, to: u16| u16::try_from(i32::from(place) + i32::from(to) - i32::from(from)).ok();
        let column = if self.row_only { Some(at.column) } else { by(at.column, self.from.column, self.to.column) };
        Some(At { row: by(at.row, self.from.row, self.to.row)?, column: column? })
    }

    /// Whether what stands in these rows may have moved with it: it stands beside it, or below where rows came or went.
    fn touches(&self, first: u16, last: u16) -> bool {
        let inside = (first..=last).contains(&self.from.row);
        inside || (self.from.row != self.to.row && last >= self.from.row)
    }
}

/// Labels that are not there once, places of 3270 fields where no such field begins any more, and places of which nothing
/// tells whether they moved with a text near them.
fn fields(screen: &Screen, picture: &Picture, shifts: &[Shift]) -> Vec<Failing> {
    let Some(grid) = picture.grid() else { return Vec::new() };
    let mut failing = Vec::new();
    for field in &screen.fields {
        let (what, at, wanted, moved) = match &field.find {
            Finder::Label { label, .. } if once(grid, label).is_none() => {
                let times = places(grid, label).count();
                (format!("the label of `{}` is there {times} times", field.name), None, Some(label.clone()), None)
            }
            Finder::Area(area) if !grid.fields.is_empty() && field.wanted != Wanted::Any => {
                if begins(grid, area.at, field.wanted) {
                    continue;
                }
                let moved = shifts.iter().filter_map(|s| s.carried(area.at)).find(|at| {
                    let there = grid.fields.iter().find(|f| f.area.at == *at);
                    begins(grid, *at, field.wanted) && there.is_some_and(|f| f.area.len == area.len)
                });
                let what = format!("`{}` is no longer where the map has it", field.name);
                (what, Some(area.at), None, moved)
            }
            Finder::Area(area) => {
                let Some(shift) = shifts.iter().find(|s| s.touches(area.at.row, area.at.row)) else { continue };
                // Where the far side draws fields it shows which of the two places is one's beginning.
                let drawn = |at: At| grid.fields.iter().any(|f| f.area.at == at);
                let carried = shift.carried(area.at).filter(|at| drawn(*at));
                let (what, moved) = match (drawn(area.at), carried) {
                    (true, None) => continue,
                    (false, Some(to)) => (format!("`{}` is no longer where the map has it", field.name), Some(to)),
                    _ => (doubt(&format!("`{}`", field.name), shift), None),
                };
                let found = Some(glyphs(grid.area(*area)).trim().to_owned()).filter(|f| !f.is_empty());
                let (part, at) = (Part::Field(field.name.clone()), Some(area.at));
                failing.push(Failing { part, what, wanted: None, at, found, moved });
                continue;
            }
            _ => continue,
        };
        failing.push(Failing { part: Part::Field(field.name.clone()), what, wanted, at, found: None, moved });
    }
    failing
}

/// A table has its place by rows and columns alone.
fn table(screen: &Screen, shifts: &[Shift]) -> Option<Failing> {
    let (first, last) = screen.table.as_ref()?.rows;
    let shift = shifts.iter().find(|s| s.touches(first.saturating_sub(1), last))?;
    let what = doubt("the table", shift);
    Some(Failing { part: Part::Table, what, wanted: None, at: None, found: None, moved: None })
}

fn doubt(what: &str, shift: &Shift) -> String {
    format!("`{}` moved, and nothing tells whether {what} did: look, and correct its place or leave it", shift.text)
}

/// Whether a field of the far side begins there that is protected or not, as wanted.
fn begins(grid: &Grid, at: At, wanted: Wanted) -> bool {
    let protected = wanted == Wanted::Output;
    grid.fields.iter().any(|f| f.area.at == at && f.style.has(Style::PROTECTED) == protected)
}
