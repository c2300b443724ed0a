//! A picture as lines of text, with marks.

use super::Failing;
use crate::engine::{cells_of, glyphs, rows};
use crate::picture::{Area, Grid, Picture, Shown};
use std::fmt::Write;

/// The picture, and under each row what is different in it; below, what has no place.
pub(super) fn render(picture: &Picture, volatile: &[Area], failing: &[Failing]) -> String {
    let mut out = String::new();
    match &picture.shown {
        Shown::Grid(grid) => screen(&mut out, grid, volatile, failing),
        Shown::Page(page) => {
            let _ = writeln!(out, "{} \u{2014} {}", page.title, page.url);
            page.text.lines().take(60).for_each(|line| {
                let _ = writeln!(out, "  | {}", line.trim_end());
            });
        }
        Shown::Disconnected => out.push_str("the far side ended the session\n"),
    }
    let placed = |f: &&Failing| f.at.is_none() || picture.grid().is_none();
    for other in failing.iter().filter(placed) {
        let _ = writeln!(out, "! {}{}", other.what, now(other));
    }
    out
}

fn screen(out: &mut String, grid: &Grid, volatile: &[Area], failing: &[Failing]) {
    let mut drawn = grid.clone();
    for area in volatile {
        let Some(start) = grid.index(area.at) else { continue };
        drawn.cells.iter_mut().skip(start).take(usize::from(area.len)).for_each(|c| c.glyph = '~');
    }
    for (row, cells) in rows(&drawn) {
        let _ = writeln!(out, "{row:>3} | {}", glyphs(cells).trim_end());
        for mark in failing.iter().filter(|f| f.at.is_some_and(|at| at.row == row)) {
            let blanks = " ".repeat(mark.at.map_or(0, |at| usize::from(at.column.saturating_sub(1))));
            let width = mark.wanted.as_deref().map_or(1, cells_of).max(1);
            let _ = writeln!(out, "    ! {blanks}{} {}{}", "^".repeat(width), mark.what, now(mark));
        }
    }
}

fn now(failing: &Failing) -> String {
    match (failing.moved, &failing.found) {
        (Some(at), _) => format!("; it stands at row {}, column {} now", at.row, at.column),
        (None, Some(found)) => format!("; now: `{found}`"),
        (None, None) => String::new(),
    }
}
