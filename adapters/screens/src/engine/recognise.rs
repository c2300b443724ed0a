//! Which screen a picture shows, and whether it shows one of that screen's errors.
//!
//! Invariant: a screen is recognised if all its conditions hold and no other screen's do; nothing is guessed. Texts are
//! compared cell by cell: a picture costs no memory, unless the map uses patterns.

use super::find;
use crate::drift;
use crate::map::{Condition, ErrorRule, Map, Pattern, Screen, ScreenNo};
use crate::picture::{Area, At, Cell, Grid, Page, Picture, Shown};

/// What a picture was recognised as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Exactly this screen.
    One(ScreenNo),
    /// No screen of the map.
    None,
    /// At least these two.
    Two(ScreenNo, ScreenNo),
    /// The far side ended the session.
    Disconnected,
}

/// Which screen a picture shows.
pub fn recognise(map: &Map, picture: &Picture) -> Seen {
    if picture.shown == Shown::Disconnected {
        return Seen::Disconnected;
    }
    let mut fits = map.screens.iter().enumerate().filter(|(_, s)| is(s, picture)).map(|(n, _)| n);
    match (fits.next(), fits.next()) {
        (None, _) => Seen::None,
        (Some(one), None) => Seen::One(one),
        (Some(one), Some(two)) => Seen::Two(one, two),
    }
}

/// Whether all conditions of a screen hold. A screen without conditions is never recognised.
pub(crate) fn is(screen: &Screen, picture: &Picture) -> bool {
    !screen.conditions.is_empty() && screen.conditions.iter().all(|c| holds(c, picture))
}

/// Whether a condition holds.
pub(crate) fn holds(condition: &Condition, picture: &Picture) -> bool {
    match &picture.shown {
        Shown::Grid(grid) => on_grid(condition, grid),
        Shown::Page(page) => on_page(condition, page),
        Shown::Disconnected => false,
    }
}

fn on_grid(condition: &Condition, grid: &Grid) -> bool {
    match condition {
        Condition::TextAt(at, text) => {
            grid.index(*at).and_then(|i| grid.cells.get(i..)).is_some_and(|c| begins(c, text))
        }
        Condition::RowHas(row, text) => position(row_cells(grid, *row), text, 0).is_some(),
        Condition::Contains(text) => rows(grid).any(|(_, cells)| position(cells, text, 0).is_some()),
        Condition::RowLike(Some(row), pattern) => row_like(row_cells(grid, *row), pattern),
        Condition::RowLike(None, pattern) => rows(grid).any(|(_, cells)| row_like(cells, pattern)),
        Condition::Cursor(at) => grid.cursor == *at,
        Condition::Layout(layout) => drift::layout(grid) == *layout,
        Condition::Url(_) | Condition::Title(_) | Condition::Element(_) => false,
    }
}

fn on_page(condition: &Condition, page: &Page) -> bool {
    match condition {
        Condition::Contains(text) => page.text.contains(text.as_str()),
        Condition::RowLike(None, pattern) => page.text.lines().any(|l| pattern.regex.is_match(l.trim_end())),
        Condition::Url(pattern) => pattern.regex.is_match(&page.url),
        Condition::Title(title) => page.title == *title,
        Condition::Element(finder) => {
            page.found.get(&finder.id()).is_some_and(|found| matches!(found.as_slice(), [one] if one.visible))
        }
        _ => false,
    }
}

/// The first error of a screen that a picture shows, with its message.
pub(crate) fn error<'m>(screen: &'m Screen, picture: &Picture) -> Option<(&'m ErrorRule, String)> {
    screen.errors.iter().find_map(|rule| message(screen, rule, picture).map(|m| (rule, m)))
}

fn message(screen: &Screen, rule: &ErrorRule, picture: &Picture) -> Option<String> {
    let fits = |text: &str| rule.like.regex.is_match(text);
    if let Some(place) = &rule.place {
        let text = find::text(screen, place, picture).ok()?;
        return fits(text.trim()).then(|| text.trim().to_owned());
    }
    match &picture.shown {
        Shown::Grid(grid) => rows(grid).map(|(_, cells)| glyphs(cells).trim().to_owned()).find(|line| fits(line)),
        Shown::Page(page) => page.text.lines().map(str::trim).find(|line| fits(line)).map(str::to_owned),
        Shown::Disconnected => None,
    }
}

fn row_like(cells: &[Cell], pattern: &Pattern) -> bool {
    pattern.regex.is_match(glyphs(cells).trim_end())
}

/// The text of cells: the right halves of wide characters left out.
pub(crate) fn glyphs(cells: &[Cell]) -> String {
    cells.iter().map(|c| c.glyph).filter(|g| *g != '\0').collect()
}

/// The cells of a row, from 1.
pub(crate) fn row_cells(grid: &Grid, row: u16) -> &[Cell] {
    grid.area(Area { at: At { row, column: 1 }, len: grid.size.1 })
}

/// All rows, with their numbers.
pub(crate) fn rows(grid: &Grid) -> impl Iterator<Item = (u16, &[Cell])> {
    (1..=grid.size.0).map(|row| (row, row_cells(grid, row)))
}

/// Whether a text stands at the beginning of the cells.
pub(crate) fn begins(cells: &[Cell], text: &str) -> bool {
    let mut there = cells.iter().map(|c| c.glyph).filter(|g| *g != '\0');
    text.chars().all(|wanted| there.next() == Some(wanted))
}

/// Where a text stands among cells, from `start` on.
pub(crate) fn position(cells: &[Cell], text: &str, start: usize) -> Option<usize> {
    let first = text.chars().next()?;
    let tail = cells.get(start..)?;
    let fits = |i: &usize| tail.get(*i..).is_some_and(|c| begins(c, text));
    (0..tail.len()).filter(|i| tail.get(*i).is_some_and(|c| c.glyph == first)).find(fits).map(|i| i + start)
}

/// Every place where a text stands, rows one by one.
pub(crate) fn places<'g>(grid: &'g Grid, text: &'g str) -> impl Iterator<Item = At> + 'g {
    rows(grid).flat_map(move |(row, cells)| {
        let next = move |from: usize| position(cells, text, from);
        std::iter::successors(next(0), move |last| next(last + 1))
            .filter_map(move |i| u16::try_from(i + 1).ok().map(|column| At { row, column }))
    })
}
