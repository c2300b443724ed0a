//! The terminal itself: bytes go in, a grid of cells comes out, and the answers that a terminal gives to questions.
//!
//! Purpose: a thin coat around `alacritty_terminal`, which knows what the sequences mean.
//! Invariant: no input makes it panic or grow: it keeps no scrollback, no titles, no overlong strings, one character in a
//! cell, and never changes its size.
//! Not here: where bytes come from, when the far side is at rest, what characters in one cell become (`marks`).

use super::charset::{Charset, Reader};
use super::marks;
use super::track::{Run, Track};
use crate::picture::{At, Cell, Grid, MASK, Style};
use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::{Config, Osc52, TermMode};
use alacritty_terminal::vte::ansi::{Processor, Timeout};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Bytes of answers that wait at most; a far side that asks without end gets no more.
const ANSWERS: usize = 4096;

/// A terminal without a window.
pub struct Screen {
    term: Term<Answers>,
    parser: Processor<Never>,
    reader: Reader,
    track: Track,
    answers: Answers,
    size: (u16, u16),
    scratch: String,
}

/// Modes that decide what keys send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modes {
    /// Cursor keys send application sequences.
    pub(super) cursor: bool,
    /// Enter also sends a line feed.
    pub(super) newline: bool,
}

impl Screen {
    /// An empty terminal of so many rows and columns, which speaks the encoding of that name.
    ///
    /// # Errors
    /// The encoding is not known; what to write instead.
    pub fn new(size: (u16, u16), encoding: &str) -> Result<Screen, String> {
        Ok(Screen::of(size, Charset::named(encoding)?))
    }

    pub(super) fn of(size: (u16, u16), charset: Charset) -> Screen {
        let answers = Answers::default();
        let config =
            Config { scrolling_history: 0, kitty_keyboard: false, osc52: Osc52::Disabled, ..Config::default() };
        let size = (size.0.clamp(1, 256), size.1.clamp(2, 512));
        let term = Term::new(config, &Size(size), answers.clone());
        let reader = Reader::new(charset);
        Screen {
            term,
            parser: Processor::new(),
            reader,
            track: Track::default(),
            answers,
            size,
            scratch: String::new(),
        }
    }

    /// Takes in what came; what a terminal answers to it is appended to `answers`.
    pub fn feed(&mut self, bytes: &[u8], answers: &mut Vec<u8>) {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        self.reader.read(bytes, &mut text);
        let mut rest = text.as_str();
        if !rest.is_ascii() {
            while let Some(mark) = rest.find(marks::is_mark) {
                let (before, from) = rest.split_at(mark);
                self.pass(before.as_bytes());
                let mut after = from.chars();
                after.next().into_iter().for_each(|mark| self.mark(mark));
                rest = after.as_str();
            }
        }
        self.pass(rest.as_bytes());
        self.scratch = text;
        answers.append(&mut self.answers.lock());
    }

    /// Takes in what has a cell of its own.
    fn pass(&mut self, mut rest: &[u8]) {
        while !rest.is_empty() {
            let run = self.track.take(rest);
            let (Run::Pass(length) | Run::PassAndCancel(length) | Run::Drop(length)) = run;
            let (these, after) = rest.split_at(length.min(rest.len()));
            if !matches!(run, Run::Drop(_)) {
                self.parser.advance(&mut self.term, these);
            }
            if matches!(run, Run::PassAndCancel(_)) {
                self.parser.advance(&mut self.term, b"\x18");
            }
            rest = after;
        }
    }

    /// A mark goes to the character before the cursor. The emulator would keep any number of them, and not in one character.
    fn mark(&mut self, mark: char) {
        if self.track.midway() {
            return;
        }
        let grid = self.term.grid_mut();
        let (at, wraps) = (grid.cursor.point, grid.cursor.input_needs_wrap);
        let row = &mut grid[at.line];
        let back = |column: Column| Column(column.0.saturating_sub(1));
        let mut column = if wraps { at.column } else { back(at.column) };
        if row[column].flags.contains(Flags::WIDE_CHAR_SPACER) {
            column = back(column);
        }
        let cell = &mut row[column];
        cell.c = marks::marked(cell.c, mark);
    }

    /// Whether a sequence or a character has begun and not ended.
    pub fn midway(&self) -> bool {
        self.track.midway() || self.reader.partial()
    }

    pub(super) fn modes(&self) -> Modes {
        let mode = self.term.mode();
        Modes { cursor: mode.contains(TermMode::APP_CURSOR), newline: mode.contains(TermMode::LINE_FEED_NEW_LINE) }
    }

    /// Where the cursor stands.
    pub fn cursor(&self) -> At {
        let point = self.term.grid().cursor.point;
        let place = |n: usize, most: u16| u16::try_from(n).unwrap_or(most).saturating_add(1).min(most);
        let row = usize::try_from(point.line.0).unwrap_or(0);
        At { row: place(row, self.size.0), column: place(point.column.0, self.size.1) }
    }

    /// What is shown. Hidden cells show [`MASK`].
    pub fn grid(&self) -> Grid {
        let (rows, columns) = self.size;
        let shown = self.term.grid();
        let mut cells = Vec::with_capacity(usize::from(rows) * usize::from(columns));
        for row in 0..rows {
            let row = &shown[Line(i32::from(row))];
            cells.extend(row[..Column(usize::from(columns))].iter().map(cell));
        }
        Grid { size: self.size, cursor: self.cursor(), cells, fields: Vec::new() }
    }
}

fn cell(of: &alacritty_terminal::term::cell::Cell) -> Cell {
    if of.flags.is_empty() {
        return Cell { glyph: glyph(of.c), style: Style::default() };
    }
    let mut style = Style::default();
    for (flag, meaning) in [
        (Flags::BOLD, Style::BRIGHT),
        (Flags::INVERSE, Style::REVERSE),
        (Flags::HIDDEN, Style::HIDDEN),
        (Flags::ALL_UNDERLINES, Style::UNDERLINE),
    ] {
        if of.flags.intersects(flag) {
            style = style.with(meaning);
        }
    }
    let glyph = match glyph(of.c) {
        _ if of.flags.contains(Flags::WIDE_CHAR_SPACER) => '\0',
        ' ' => ' ',
        _ if of.flags.contains(Flags::HIDDEN) => MASK,
        glyph => glyph,
    };
    Cell { glyph, style }
}

/// The emulator leaves tabulators where it jumped.
fn glyph(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

struct Size((u16, u16));

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        usize::from(self.0.0)
    }

    fn columns(&self) -> usize {
        usize::from(self.0.1)
    }
}

/// What the terminal answers, gathered until someone sends it.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<Vec<u8>>>);

impl Answers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventListener for Answers {
    fn send_event(&self, event: Event) {
        let Event::PtyWrite(text) = event else { return };
        let mut waiting = self.lock();
        if waiting.len() + text.len() <= ANSWERS {
            waiting.extend_from_slice(text.as_bytes());
        }
    }
}

/// Updates that are held back until complete (mode 2026) are not held back: rest tells when a screen is complete.
#[derive(Default)]
struct Never;

impl Timeout for Never {
    fn set_timeout(&mut self, _: Duration) {}
    fn clear_timeout(&mut self) {}
    fn pending_timeout(&self) -> bool {
        false
    }
}
