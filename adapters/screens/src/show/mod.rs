//! Pictures for people: as text, and as SVG.
//!
//! Purpose: [`text`] and [`svg`] draw a picture with rulers, the fields of the screen it shows, and their names.
//! Invariant: nothing is drawn that is not in the picture, and pictures hold no secrets; SVG text is escaped.
//! Not here: recognising the screen (the engine), files.

mod places;
mod svg;

pub use svg::svg;

use crate::map::Screen;
use crate::picture::{Grid, Page, Picture, Shown};
use places::{Placed, placed};
use std::fmt::Write;

/// A picture as text: rulers, rows, the cursor, and a legend of the fields of `screen`. Web pages are a list of what
/// was found on them.
pub fn text(picture: &Picture, screen: Option<&Screen>) -> String {
    let mut out = String::new();
    if let Some(screen) = screen {
        let _ = writeln!(out, "screen {}", screen.name);
    }
    match &picture.shown {
        Shown::Grid(grid) => grid_text(&mut out, grid, screen),
        Shown::Page(page) => page_text(&mut out, page),
        Shown::Disconnected => out.push_str("the far side ended the session\n"),
    }
    out
}

fn grid_text(out: &mut String, grid: &Grid, screen: Option<&Screen>) {
    let (rows, columns) = grid.size;
    let ruler = |unit: u16| -> String {
        let digit =
            |c: u16| if unit == 1 || c.is_multiple_of(10) { char::from(b'0' + (c / unit % 10) as u8) } else { ' ' };
        (1..=columns).map(digit).collect()
    };
    let _ = writeln!(out, "    {}", ruler(10).trim_end());
    let _ = writeln!(out, "    {}", ruler(1));
    for row in 1..=rows {
        let text: String = grid.row(row).chars().map(|c| if c.is_control() { '·' } else { c }).collect();
        let _ = writeln!(out, "{row:>3} {}", text.trim_end());
    }
    let _ = writeln!(out, "cursor at {}, {}", grid.cursor.row, grid.cursor.column);
    let Some(screen) = screen else { return };
    for Placed { name, areas, why, .. } in placed(grid, screen) {
        match areas.first() {
            Some(area) => {
                let shown: String = areas.iter().map(|a| grid.text(*a)).collect::<Vec<_>>().join("");
                let place = format!("{}, {} len {}", area.at.row, area.at.column, area.len);
                let _ = writeln!(out, "  {name:<16} {place:<16} {:?}", shown.trim_end());
            }
            None => {
                let _ = writeln!(out, "  {name:<16} {why}");
            }
        }
    }
}

fn page_text(out: &mut String, page: &Page) {
    let _ = writeln!(out, "title {}\nurl   {}", line(&page.title), line(&page.url));
    for (id, found) in &page.found {
        let _ = writeln!(out, "  {}: {} found", line(id), found.len());
        for element in found {
            let seen = if element.visible { "" } else { ", not to be seen" };
            let used = if element.enabled { "" } else { ", not to be used" };
            let value = element.value.as_deref().map(|v| format!(" = {:?}", line(v))).unwrap_or_default();
            let (role, name) = (line(&element.role), line(&element.name));
            let _ = writeln!(out, "    {role} {name:?} {:?}{value}{seen}{used}", line(&element.text));
        }
    }
    for (screen, rows) in &page.tables {
        let _ = writeln!(out, "  table of {}: {} rows", line(screen), rows.len());
        for row in rows {
            let cells: Vec<String> = row.iter().map(|c| c.as_deref().map_or("–".to_owned(), line)).collect();
            let _ = writeln!(out, "    {}", cells.join(" | "));
        }
    }
    out.push('\n');
    for row in page.text.lines() {
        let _ = writeln!(out, "  {}", line(row));
    }
}

/// On one line, without what would move a terminal's cursor.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
