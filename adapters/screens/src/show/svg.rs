//! A grid as SVG: cells, colours for what is bright, reversed or protected, fields outlined and named.

use super::placed;
use crate::map::Screen;
use crate::picture::{Area, At, Cell, Grid, Picture, Shown, Style};
use std::fmt::Write;

/// Pixels of a cell.
const WIDE: u32 = 10;
const HIGH: u32 = 20;
/// What is not as it should be.
const WRONG: &str = "#ffb000";
/// Pixels of the rulers.
const MARGIN: u32 = 34;

/// A picture as an SVG document, with the fields of `screen` outlined, and what is wrong in `marks`. Web pages and ended
/// sessions are drawn as the text of [`super::text`].
pub fn svg(picture: &Picture, screen: Option<&Screen>, marks: &[Area]) -> String {
    match &picture.shown {
        Shown::Grid(grid) => grid_svg(grid, screen, marks),
        _ => {
            let text = super::text(picture, screen);
            let lines: Vec<&str> = text.lines().take(2000).collect();
            let widest = lines.iter().map(|l| l.chars().count()).max().unwrap_or(0).min(400);
            let mut out = open(size(widest, WIDE), size(lines.len(), HIGH));
            for (i, line) in lines.iter().enumerate() {
                words(&mut out, MARGIN, MARGIN + size(i, HIGH), "#d8d8d8", line);
            }
            out + "</svg>\n"
        }
    }
}

fn size(n: usize, each: u32) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX / 100).saturating_mul(each)
}

fn open(width: u32, height: u32) -> String {
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"16\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#101418\"/>\n"
    )
}

fn words(out: &mut String, x: u32, y: u32, fill: &str, text: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{}\" fill=\"{fill}\" xml:space=\"preserve\">{}</text>",
        y + 15,
        escaped(text)
    );
}

fn grid_svg(grid: &Grid, screen: Option<&Screen>, marks: &[Area]) -> String {
    let (rows, columns) = grid.size;
    let mut out = open(u32::from(columns) * WIDE, u32::from(rows) * HIGH);
    for column in (10..=columns).step_by(10) {
        small(&mut out, x(column), MARGIN - 6, "#707070", &column.to_string());
    }
    for row in 1..=rows {
        small(&mut out, 6, y(row) + 14, "#707070", &row.to_string());
        runs(&mut out, grid, row);
    }
    let at = grid.cursor;
    outline(&mut out, Area { at, len: 1 }, columns, "#ffffff");
    for field in screen.map(|s| placed(grid, s)).unwrap_or_default() {
        let colour = if field.hidden { "#ff6060" } else { "#40c0ff" };
        for area in &field.areas {
            outline(&mut out, *area, columns, colour);
        }
        if let Some(area) = field.areas.first() {
            small(&mut out, x(area.at.column), y(area.at.row).saturating_sub(1), colour, &field.name);
        }
    }
    for mark in marks.iter().filter(|m| grid.index(m.at).is_some()) {
        outline(&mut out, *mark, columns, WRONG);
    }
    out + "</svg>\n"
}

fn x(column: u16) -> u32 {
    MARGIN + u32::from(column.saturating_sub(1)) * WIDE
}

fn y(row: u16) -> u32 {
    MARGIN + u32::from(row.saturating_sub(1)) * HIGH
}

fn small(out: &mut String, x: u32, y: u32, fill: &str, text: &str) {
    let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" font-size=\"10\" fill=\"{fill}\">{}</text>", escaped(text));
}

/// Neighbours that look alike are one text; each character keeps its column.
fn runs(out: &mut String, grid: &Grid, row: u16) {
    let cells = grid.area(Area { at: At { row, column: 1 }, len: grid.size.1 });
    let mut column = 1_u16;
    for run in cells.chunk_by(|a, b| a.style == b.style) {
        let len = u16::try_from(run.len()).unwrap_or(u16::MAX);
        let style = run.first().unwrap_or(&Cell::BLANK).style;
        let (ink, paper) = colours(style);
        if let Some(paper) = paper {
            let (x, y, width) = (x(column), y(row), u32::from(len) * WIDE);
            let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HIGH}\" fill=\"{paper}\"/>");
        }
        let text: String = run.iter().map(|c| c.glyph).filter(|g| *g != '\0').collect();
        if !text.trim().is_empty() {
            let (x, y, width) = (x(column), y(row) + 15, u32::from(len) * WIDE);
            let line = if style.has(Style::UNDERLINE) { " text-decoration=\"underline\"" } else { "" };
            let _ = writeln!(
                out,
                "<text x=\"{x}\" y=\"{y}\" textLength=\"{width}\" fill=\"{ink}\"{line} xml:space=\"preserve\">{}</text>",
                escaped(&text)
            );
        }
        column = column.saturating_add(len);
    }
}

fn colours(style: Style) -> (&'static str, Option<&'static str>) {
    let ink = if style.has(Style::BRIGHT) { "#ffffff" } else { "#a8e0a8" };
    if style.has(Style::REVERSE) { ("#101418", Some("#a8e0a8")) } else { (ink, None) }
}

/// An outline around cells, row by row where they run on.
fn outline(out: &mut String, area: Area, columns: u16, colour: &str) {
    let (mut at, mut left) = (area.at, area.len);
    for _ in 0..200 {
        let here = left.min(columns.saturating_add(1).saturating_sub(at.column));
        if here == 0 {
            return;
        }
        let (x, y, width) = (x(at.column), y(at.row), u32::from(here) * WIDE);
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HIGH}\" fill=\"none\" stroke=\"{colour}\"/>"
        );
        left -= here;
        at = At { row: at.row.saturating_add(1), column: 1 };
    }
}

/// Text that no reader of SVG takes for markup, without characters that XML forbids.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
