//! Where the fields of a screen stand in a picture.
//!
//! Invariant: a label, a pattern or an element counts only if it is there exactly once. Not here: what may be typed there.

use super::recognise::{glyphs, places, row_cells, rows};
use crate::map::{ElementFinder, Finder, Pattern, Screen, Side};
use crate::picture::{Area, At, Cell, Element, Grid, Picture, Shown, Span, Style};
use crate::refusals;
use banyan_adapter::Fault;

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot<'m> {
    /// On a grid.
    Area(Area),
    /// On a page.
    Element(&'m ElementFinder),
}

/// Finds something. `input`: something shall be typed there.
pub(crate) fn locate<'m>(
    screen: &Screen,
    finder: &'m Finder,
    picture: &Picture,
    input: bool,
) -> Result<Spot<'m>, Fault> {
    match (finder, &picture.shown) {
        (Finder::Element(element), Shown::Page(_)) => one(element, picture).map(|_| Spot::Element(element)),
        (Finder::Area(area), Shown::Grid(grid)) => {
            let whole = grid.index(area.at).is_some_and(|i| i + usize::from(area.len) <= grid.cells.len());
            whole
                .then_some(Spot::Area(*area))
                .ok_or_else(|| missing(format!("row {}, column {} is not on the screen", area.at.row, area.at.column)))
        }
        (Finder::Label { label, side, len }, Shown::Grid(grid)) => {
            let at = once(places(grid, label)).map_err(|n| missing(format!("the label `{label}` is there {n}")))?;
            let width = cells_of(label);
            let area = match side {
                Side::Right => right_of(screen, grid, at, width, *len, input),
                Side::Below => below(screen, grid, at, *len),
            };
            area.map(Spot::Area).ok_or_else(|| missing(format!("there is no room for a field at the label `{label}`")))
        }
        (Finder::Like(row, pattern), Shown::Grid(grid)) => like(grid, *row, pattern).map(Spot::Area),
        (_, Shown::Disconnected) => Err(Fault::transient(refusals::DISCONNECTED, "the far side ended the session")),
        _ => Err(missing("a field of a page on a terminal, or the other way round".to_owned())),
    }
}

/// The text of something, blanks and all.
pub(crate) fn text(screen: &Screen, finder: &Finder, picture: &Picture) -> Result<String, Fault> {
    let spot = locate(screen, finder, picture, false)?;
    text_of(&spot, picture)
}

/// The text of a spot.
pub(crate) fn text_of(spot: &Spot<'_>, picture: &Picture) -> Result<String, Fault> {
    match (spot, &picture.shown) {
        (Spot::Area(area), Shown::Grid(grid)) => Ok(grid.text(*area)),
        (Spot::Element(element), _) => {
            let found = one(element, picture)?;
            Ok(found.value.clone().unwrap_or_else(|| found.text.clone()))
        }
        _ => Err(missing("the screen is gone".to_owned())),
    }
}

/// The one element that a finder found and that can be seen.
pub(crate) fn one<'p>(finder: &ElementFinder, picture: &'p Picture) -> Result<&'p Element, Fault> {
    let found = picture.page().and_then(|p| p.found.get(&finder.id())).map_or(&[][..], Vec::as_slice);
    match found {
        [one] if one.visible => Ok(one),
        [_] => Err(missing(format!("{finder} is there, but cannot be seen"))),
        [] => Err(missing(format!("{finder} is not there"))),
        many => Err(Fault::permanent(
            refusals::ELEMENT_AMBIGUOUS,
            format!("{finder} is there {} times; nothing was done", many.len()),
        )),
    }
}

/// The far side's own field that holds a place; `None` if it declares none there.
pub(crate) fn span_at(grid: &Grid, at: At) -> Option<&Span> {
    let place = grid.index(at)?;
    grid.fields.iter().find(|span| {
        grid.index(span.area.at).is_some_and(|start| (start..start + usize::from(span.area.len)).contains(&place))
    })
}

fn missing(what: String) -> Fault {
    Fault::permanent(refusals::FIELD_MISSING, what)
}

fn once<T>(mut found: impl Iterator<Item = T>) -> Result<T, &'static str> {
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err("nowhere"),
        (Some(_), Some(_)) => Err("more than once"),
    }
}

/// How many cells a text takes: East Asian wide characters take two.
pub(crate) fn cells_of(text: &str) -> usize {
    let wide = |c: char| {
        matches!(u32::from(c), 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F
            | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD)
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

fn right_of(screen: &Screen, grid: &Grid, at: At, width: usize, len: Option<u16>, input: bool) -> Option<Area> {
    let row = row_cells(grid, at.row);
    let after = usize::from(at.column - 1) + width;
    let spans = || grid.fields.iter().filter(|s| s.area.at.row == at.row && usize::from(s.area.at.column) > after);
    let column = |index: usize| u16::try_from(index + 1).ok();
    let area = |index: usize, room: usize| {
        let room = u16::try_from(room).ok()?;
        let len = len.map_or(room, |l| l.min(room));
        (len > 0).then_some(Area { at: At { row: at.row, column: column(index)? }, len })
    };
    if input && !grid.fields.is_empty() {
        let span = spans().find(|s| !s.style.has(Style::PROTECTED))?;
        let blank = row.get(after..usize::from(span.area.at.column - 1))?.iter().all(is_blank);
        return blank.then_some(Area { at: span.area.at, len: len.unwrap_or(span.area.len).min(span.area.len) });
    }
    let first = (after..row.len()).find(|i| row.get(*i).is_some_and(|c| !is_blank(c)));
    let cursor = usize::from(grid.cursor.column.saturating_sub(1));
    let cursor_there = grid.cursor.row == at.row && cursor >= after && first.is_none_or(|f| cursor <= f);
    if input && cursor_there {
        return area(cursor, row.len() - cursor);
    }
    // Another field's label, or the next field of a 3270, is not this one's value: then this one is blank.
    let start = first.filter(|f| !is_label(screen, row, *f));
    match start {
        Some(start) => {
            let end = spans().map(|s| usize::from(s.area.at.column - 1)).find(|s| *s > start).unwrap_or(row.len());
            area(start, if len.is_some() { end - start } else { run_length(screen, row.get(start..end)?) })
        }
        None => {
            let start = (after + 1).min(row.len().checked_sub(1)?);
            area(start, first.unwrap_or(row.len()).saturating_sub(start).max(1))
        }
    }
}

fn below(screen: &Screen, grid: &Grid, at: At, len: Option<u16>) -> Option<Area> {
    let at = At { row: at.row.checked_add(1)?, column: at.column };
    grid.index(at)?;
    let row = row_cells(grid, at.row);
    let rest = row.get(usize::from(at.column - 1)..)?;
    let next = grid
        .fields
        .iter()
        .filter(|s| s.area.at.row == at.row && s.area.at.column > at.column)
        .map(|s| s.area.at.column);
    let room = next.min().map_or(rest.len(), |c| usize::from(c - at.column)).min(rest.len());
    let room = u16::try_from(room).ok()?;
    let len = match (len, span_at(grid, at)) {
        (Some(len), _) => len.min(room),
        (None, Some(span)) => span.area.len.min(room),
        (None, None) => u16::try_from(run_length(screen, rest)).ok()?.clamp(1, room),
    };
    Some(Area { at, len })
}

/// How far a value reaches: up to two blanks or another label.
fn run_length(screen: &Screen, cells: &[Cell]) -> usize {
    let ends = |i: &usize| {
        let blank = |n: usize| cells.get(n).is_none_or(is_blank);
        (blank(*i) && blank(*i + 1)) || (*i > 0 && blank(*i - 1) && is_label(screen, cells, *i))
    };
    (0..cells.len()).find(ends).unwrap_or(cells.len())
}

fn is_label(screen: &Screen, row: &[Cell], index: usize) -> bool {
    let here = row.get(index..).unwrap_or_default();
    screen
        .fields
        .iter()
        .any(|f| matches!(&f.find, Finder::Label { label, .. } if super::recognise::begins(here, label)))
}

fn is_blank(cell: &Cell) -> bool {
    cell.glyph == ' '
}

fn like(grid: &Grid, row: Option<u16>, pattern: &Pattern) -> Result<Area, Fault> {
    let found = rows(grid).filter(|(n, _)| row.is_none_or(|wanted| wanted == *n)).filter_map(|(n, cells)| {
        let line = glyphs(cells);
        let captures = pattern.regex.captures(line.trim_end())?;
        let group = captures.get(1).or_else(|| captures.get(0))?;
        let start = cell_index(cells, line.get(..group.start())?.chars().count());
        let end = cell_index(cells, line.get(..group.end())?.chars().count());
        let (column, len) = (u16::try_from(start + 1).ok()?, u16::try_from(end - start).ok()?);
        Some(Area { at: At { row: n, column }, len })
    });
    once(found).map_err(|n| missing(format!("a row like `{}` is there {n}", pattern.text)))
}

/// The cell in which the character of that number stands.
fn cell_index(cells: &[Cell], character: usize) -> usize {
    let mut there = cells.iter().enumerate().filter(|(_, c)| c.glyph != '\0').map(|(i, _)| i);
    there.nth(character).unwrap_or(cells.len())
}
