//! A picture on a person's own terminal.
//!
//! Invariant: only rows that changed are written; nothing the far side sends reaches the person's terminal as it is.

use crate::picture::{At, Cell, Grid, Style};
use std::fmt::Write;

/// What stands on the person's terminal.
#[derive(Default)]
pub(super) struct Painter {
    rows: Vec<String>,
}

impl Painter {
    /// What is to be written so that the terminal shows this grid. In place of its last row stands what the recorder asks,
    /// with the cursor behind it, or else what it tells, while the person works on.
    pub(super) fn paint(&mut self, grid: &Grid, asks: Option<&str>, tells: Option<&str>) -> String {
        let mut out = String::new();
        // A longer line would go on in a row that the terminal does not have.
        let room = usize::from(grid.size.1.saturating_sub(1));
        let line = asks.or(tells).map(|l| l.chars().filter(|c| !c.is_control()).take(room).collect::<String>());
        if self.rows.is_empty() {
            out.push_str("\x1b[m\x1b[2J");
        }
        for row in 1..=grid.size.0 {
            let text = match line.as_ref().filter(|_| row == grid.size.0) {
                Some(line) => format!("\x1b[7m{line}\x1b[m"),
                None => shown(grid, row),
            };
            let place = usize::from(row - 1);
            if self.rows.len() <= place {
                self.rows.resize(place + 1, String::new());
            }
            if let Some(before) = self.rows.get_mut(place).filter(|before| **before != text) {
                let _ = write!(out, "\x1b[{row};1H{text}\x1b[K");
                *before = text;
            }
        }
        let cursor = match line.filter(|_| asks.is_some()) {
            Some(line) => At { row: grid.size.0, column: u16::try_from(line.chars().count() + 1).unwrap_or(1) },
            None => grid.cursor,
        };
        let _ = write!(out, "\x1b[{};{}H", cursor.row, cursor.column);
        out
    }
}

fn shown(grid: &Grid, row: u16) -> String {
    let columns = usize::from(grid.size.1);
    let start = usize::from(row - 1) * columns;
    let cells = grid.cells.get(start..start + columns).unwrap_or_default();
    let last = cells.iter().rposition(|c| *c != Cell::BLANK).map_or(0, |last| last + 1);
    let (mut text, mut style) = (String::new(), Style::default());
    for cell in cells.iter().take(last).filter(|c| c.glyph != '\0') {
        if cell.style != style {
            style = cell.style;
            text.push_str("\x1b[0");
            for (meaning, code) in [(Style::BRIGHT, ";1"), (Style::UNDERLINE, ";4"), (Style::REVERSE, ";7")] {
                if style.has(meaning) {
                    text.push_str(code);
                }
            }
            text.push('m');
        }
        text.push(if cell.glyph.is_control() { ' ' } else { cell.glyph });
    }
    if style != Style::default() {
        text.push_str("\x1b[m");
    }
    text
}
