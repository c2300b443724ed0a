//! `ReadBuffer(Unicode)` as a grid.
//!
//! Invariant: takes any bytes; the grid has exactly as many cells as its size says.

use crate::picture::{Area, At, Cell, Grid, MASK, Span, Style};
use memchr::memchr;

/// Reads the lines; `None` if they are not a screen of that size.
pub(super) fn grid<'a>(lines: impl Iterator<Item = &'a [u8]>, size: (u16, u16), cursor: (u16, u16)) -> Option<Grid> {
    let wanted = usize::from(size.0) * usize::from(size.1);
    let mut reading =
        Reading { cells: Vec::with_capacity(wanted), starts: Vec::new(), field: Style(0), char: Style(0) };
    for line in lines {
        let mut rest = line;
        // Most of a screen is characters of four digits, and a screen is read before and after every key.
        loop {
            rest = reading.characters(rest);
            let end = memchr(b' ', rest).unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            if !token.is_empty() {
                reading.token(token)?;
            }
            match after.split_first() {
                Some((_, after)) => rest = after,
                None => break,
            }
        }
    }
    let Reading { mut cells, starts, field, .. } = reading;
    if cells.len() != wanted {
        return None;
    }
    // The last field goes on at the top.
    if let Some(&(first, ..)) = starts.first() {
        cells.iter_mut().take(first).for_each(|c| c.style = c.style.with(field));
    }
    let fields = spans(&starts, size.1, wanted);
    Some(Grid { size, cursor: At::from(cursor), cells, fields })
}

/// What stands in hidden fields becomes [`MASK`].
pub(super) fn mask(grid: &mut Grid) {
    for cell in &mut grid.cells {
        if cell.style.has(Style::HIDDEN) && cell.glyph != ' ' {
            cell.glyph = MASK;
        }
    }
}

/// Of `ReadBuffer(Ebcdic)`: for each cell whether it holds a character of the terminal's second set (graphic escape), which
/// is not of the host's code page.
pub(super) fn escaped<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<bool> {
    let cells = lines.flat_map(|line| line.split(|b| *b == b' ')).filter(|t| !t.is_empty() && !t.starts_with(b"SA("));
    cells.map(|token| token.starts_with(b"GE(")).collect()
}

struct Reading {
    cells: Vec<Cell>,
    /// Where attributes stand, how their fields look, and whether they were modified.
    starts: Vec<(usize, Style, bool)>,
    field: Style,
    char: Style,
}

impl Reading {
    /// Takes characters of four digits, as long as there are; what follows them.
    fn characters<'a>(&mut self, mut rest: &'a [u8]) -> &'a [u8] {
        let style = self.field.with(self.char);
        while let Some((&[a, b, c, d, b' '], after)) = rest.split_first_chunk() {
            let code = digit(a) << 12 | digit(b) << 8 | digit(c) << 4 | digit(d);
            let Some(glyph) = char::from_u32(code).filter(|_| code < NO_DIGIT) else { break };
            self.cells.push(Cell { glyph: visible(glyph), style });
            rest = after;
        }
        rest
    }

    fn token(&mut self, token: &[u8]) -> Option<()> {
        match token {
            [a, b, c, d] if *a != b'S' => {
                let code = hex(*a)? << 12 | hex(*b)? << 8 | hex(*c)? << 4 | hex(*d)?;
                self.glyph(char::from_u32(code)?);
            }
            b"-" => self.cells.push(Cell { glyph: '\0', style: self.field }),
            [b'G', b'E', b'(', rest @ ..] => {
                let code = number(rest.strip_suffix(b")")?)?;
                self.glyph(char::from_u32(code)?);
            }
            [b'S', b'F', b'(', rest @ ..] => {
                let (style, modified) = attributes(rest.strip_suffix(b")")?)?;
                self.starts.push((self.cells.len(), style, modified));
                let style = Style::ATTRIBUTE.with(Style::PROTECTED);
                self.cells.push(Cell { glyph: ' ', style });
                (self.field, self.char) = (self.starts.last()?.1, Style(0));
            }
            [b'S', b'A', b'(', rest @ ..] => self.char = attributes(rest.strip_suffix(b")")?)?.0,
            other => self.glyph(char::from_u32(number(other)?)?),
        }
        Some(())
    }

    fn glyph(&mut self, glyph: char) {
        self.cells.push(Cell { glyph: visible(glyph), style: self.field.with(self.char) });
    }
}

fn visible(glyph: char) -> char {
    if glyph.is_control() { ' ' } else { glyph }
}

/// `c0=f0,42=f5`: the field's attribute, highlighting, colour.
fn attributes(text: &[u8]) -> Option<(Style, bool)> {
    let (mut style, mut modified) = (Style(0), false);
    for pair in text.split(|b| *b == b',') {
        let mut parts = pair.splitn(2, |b| *b == b'=');
        let (name, value) = (number(parts.next()?)?, number(parts.next()?)?);
        let mut set = |on: bool, what: Style| {
            if on {
                style = style.with(what);
            }
        };
        match name {
            0xc0 => {
                set(value & 0x20 != 0, Style::PROTECTED);
                set(value & 0x10 != 0, Style::NUMERIC);
                set(value & 0x0c == 0x0c, Style::HIDDEN);
                set(value & 0x0c == 0x08, Style::BRIGHT);
                modified = value & 1 != 0;
            }
            0x41 => {
                set(value == 0xf2, Style::REVERSE);
                set(value == 0xf4, Style::UNDERLINE);
            }
            _ => {}
        }
    }
    Some((style, modified))
}

fn spans(starts: &[(usize, Style, bool)], columns: u16, cells: usize) -> Vec<Span> {
    let ends = starts.iter().skip(1).map(|(at, ..)| *at).chain([cells]);
    let span = |((at, style, modified), end): (&(usize, Style, bool), usize)| {
        let first = at + 1;
        let row = u16::try_from(first / usize::from(columns)).ok()? + 1;
        let column = u16::try_from(first % usize::from(columns)).ok()? + 1;
        let len = u16::try_from(end.checked_sub(first)?).ok()?;
        let area = Area { at: At { row, column }, len };
        (len > 0).then_some(Span { area, style: *style, modified: *modified })
    };
    starts.iter().zip(ends).filter_map(span).collect()
}

/// Larger than what four digits say.
const NO_DIGIT: u32 = 0x1_0000;

/// What each byte is worth as a digit, or [`NO_DIGIT`].
static DIGITS: [u32; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u32;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u32;
        value += 1;
    }
    digits
};

fn digit(byte: u8) -> u32 {
    DIGITS.get(usize::from(byte)).copied().unwrap_or(NO_DIGIT)
}

fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

fn number(digits: &[u8]) -> Option<u32> {
    let short = (1..=6).contains(&digits.len());
    short.then_some(())?;
    digits.iter().try_fold(0, |sum, d| Some(sum << 4 | hex(*d)?))
}
