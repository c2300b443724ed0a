//! One session with a host.

use super::answer::{Answer, Status};
use super::child::{Child, PROMPT, SLICE};
use super::{buffer, typing};
use crate::map::Key;
use crate::picture::{At, Grid, Picture, Shown};
use crate::refusals;
use crate::transport::{Act, Session, Text};
use banyan_adapter::{Call, Fault};
use std::time::{Duration, Instant};

const LOOK: &str = "Query(StatsRx) ReadBuffer(Unicode)";

pub(super) struct Terminal {
    child: Child,
    /// Grows with every record of the host, and once when it is gone.
    revision: u64,
    /// Records of the host, when the last picture was taken.
    records: u64,
    gone: bool,
    /// The keyboard, as the last answer said.
    unlocked: bool,
    /// [`Terminal::records`] when a key was last sent to the host.
    asked: Option<u64>,
    /// The last picture's grid, for where fields are; hidden ones masked.
    grid: Option<Grid>,
    /// The cursor may have moved since.
    moved: bool,
}

fn not_sent(message: impl Into<String>) -> Fault {
    Fault::transient(refusals::NOT_SENT, message)
}

impl Terminal {
    pub(super) fn new(child: Child) -> Terminal {
        Terminal { child, revision: 0, records: 0, gone: false, unlocked: false, asked: None, grid: None, moved: false }
    }

    /// A command that is answered at once.
    fn ask(&mut self, command: &str) -> Result<(Status, bool), Fault> {
        let Answer { status, ok, .. } = self.child.ask(command, PROMPT, None)?;
        self.note(status);
        Ok((status, ok))
    }

    fn note(&mut self, status: Status) {
        self.unlocked = status.unlocked;
        if !status.connected && !self.gone {
            self.gone = true;
            self.revision += 1;
        }
    }

    /// Waits by `before` (empty: not at all) and takes a picture. `None`: the wait was over first.
    fn picture(&mut self, before: &str, limit: Duration) -> Result<Option<Picture>, Fault> {
        let answer = self.child.ask(&format!("{before}{LOOK}"), limit + PROMPT, None)?;
        let Answer { status, ok, .. } = answer;
        let read = if ok && status.connected {
            let odd = || Fault::transient(refusals::FAILED, "s3270 shows a screen that is not understood");
            let records = answer.records().ok_or_else(odd)?;
            let grid = buffer::grid(answer.lines().skip(1), status.size, status.cursor).ok_or_else(odd)?;
            Some((records, grid))
        } else {
            None
        };
        self.note(status);
        let shown = match read {
            _ if self.gone => Shown::Disconnected,
            None => return Ok(None),
            Some((records, mut grid)) => {
                if records != self.records {
                    self.records = records;
                    self.revision += 1;
                }
                buffer::mask(&mut grid);
                self.grid = Some(grid.clone());
                self.moved = false;
                Shown::Grid(grid)
            }
        };
        let at_rest = self.gone || (status.unlocked && status.in_3270);
        Ok(Some(Picture { revision: self.revision, at_rest, shown }))
    }

    /// No key may go to a locked keyboard: s3270 would keep it and send it once it is unlocked.
    fn ready(&mut self) -> Result<(), Fault> {
        if !self.unlocked && !self.gone {
            self.ask("Query(StatsRx)")?;
        }
        if self.gone {
            return Err(not_sent("nothing was sent: the host had ended the session"));
        }
        if !self.unlocked {
            return Err(not_sent("nothing was sent: the keyboard is locked"));
        }
        Ok(())
    }

    fn fields(&mut self, cursor_too: bool) -> Result<Grid, Fault> {
        if self.grid.is_none() || (cursor_too && self.moved) {
            self.look()?;
        }
        self.grid.clone().ok_or_else(|| not_sent("nothing was typed: the host had ended the session"))
    }

    fn press(&mut self, key: Key) -> Result<(), Fault> {
        if let Key::Char(c) = key {
            return self.type_here(&Text { plain: c.to_string(), secret: false });
        }
        let Some((command, told)) = typing::press(key) else {
            return Err(Fault::permanent(refusals::NOT_SENT, format!("a 3270 terminal is not given the key {key}")));
        };
        if key == Key::Reset {
            return self.reset();
        }
        self.ready()?;
        self.moved = true;
        if !told {
            let (_, ok) = self.ask(&command)?;
            return if ok { Ok(()) } else { Err(self.operator_error(None)?) };
        }
        self.asked = Some(self.records);
        match self.ask(&command)? {
            (_, true) => Ok(()),
            _ => Err(Fault::transient(refusals::FAILED, format!("s3270 did not do {command}"))),
        }
    }

    /// Unlocks a keyboard that the host's answer left locked. While the answer is still to come it does nothing, as the
    /// key of a real terminal: what is pressed then would be sent twice.
    fn reset(&mut self) -> Result<(), Fault> {
        self.look()?;
        if !self.unlocked && self.asked == Some(self.records) {
            return Err(not_sent("the keyboard is locked until the host answers; Reset does not change that"));
        }
        self.ask("Reset()").map(|_| ())
    }

    fn type_here(&mut self, text: &Text) -> Result<(), Fault> {
        self.ready()?;
        let grid = self.fields(true)?;
        let room = typing::room(&grid, grid.cursor)?;
        typing::check(&text.plain, room.cells, room.numeric)?;
        self.type_at(&grid, grid.cursor, "", &text.plain)
    }

    fn fill(&mut self, at: At, len: Option<u16>, text: &Text) -> Result<(), Fault> {
        self.ready()?;
        let grid = self.fields(false)?;
        let room = typing::room(&grid, at)?;
        let cells = len.map_or(room.cells, |len| room.cells.min(usize::from(len)));
        typing::check(&text.plain, cells, room.numeric)?;
        let there = format!("MoveCursor({},{}) ", at.row - 1, at.column - 1);
        // Part of a field: what stands behind it must stay.
        let behind = room.cells - cells;
        let blank = behind == 0 || self.blank(at, cells, behind)?;
        if blank && !grid.fields.is_empty() {
            return self.type_at(&grid, at, &format!("{there}EraseEOF() "), &text.plain);
        }
        let padded = format!("{:<cells$}", text.plain);
        self.type_at(&grid, at, &there, &padded)
    }

    /// Whether `count` cells are blank, so many cells after a place.
    fn blank(&mut self, at: At, after: usize, count: usize) -> Result<bool, Fault> {
        let grid = self.fields(true)?;
        let start = grid.index(at).unwrap_or_default() + after;
        Ok(grid.cells.iter().cycle().skip(start).take(count).all(|c| c.glyph == ' '))
    }

    fn type_at(&mut self, grid: &Grid, at: At, before: &str, text: &str) -> Result<(), Fault> {
        self.moved = true;
        let command = if text.is_empty() { before.to_owned() } else { format!("{before}{}", typing::string(text)) };
        if command.is_empty() {
            return Ok(());
        }
        let (_, ok) = self.ask(&command)?;
        if !ok {
            return Err(self.operator_error(Some((grid, at)))?);
        }
        if !typing::invariant(text) && !self.took(at, text)? {
            self.ask(&format!("MoveCursor({},{}) EraseEOF()", at.row - 1, at.column - 1))?;
            let message = "the value has a character that the host's code page lacks";
            return Err(Fault::permanent(refusals::NOT_ENCODABLE, message));
        }
        Ok(())
    }

    /// Whether s3270 took every character: what the code page lacks it drops, or takes from the terminal's second set,
    /// which the host's programs do not know.
    fn took(&mut self, at: At, text: &str) -> Result<bool, Fault> {
        let answer = self.child.ask("ReadBuffer(Unicode) ReadBuffer(Ebcdic)", PROMPT, None)?;
        let rows = usize::from(answer.status.size.0);
        let Some(grid) = buffer::grid(answer.lines().take(rows), answer.status.size, answer.status.cursor) else {
            return Ok(false);
        };
        let escaped = buffer::escaped(answer.lines().skip(rows));
        let start = grid.index(at).unwrap_or_default();
        let cells = grid.cells.iter().zip(escaped.iter().chain(std::iter::repeat(&true))).cycle().skip(start);
        let wanted = text.chars().map(|c| (c, false));
        Ok(cells.take(text.chars().count()).map(|(cell, escaped)| (cell.glyph, *escaped)).eq(wanted))
    }

    /// s3270 refused a key as a terminal does (X Protected, X Numeric, X Overflow): unlocks it again, and says why as far
    /// as can be told.
    fn operator_error(&mut self, place: Option<(&Grid, At)>) -> Result<Fault, Fault> {
        self.ask("Reset()")?;
        if self.gone {
            return Ok(not_sent("nothing was sent: the host had ended the session"));
        }
        let numeric = place.and_then(|(grid, at)| typing::room(grid, at).ok()).is_some_and(|r| r.numeric);
        Ok(if numeric {
            Fault::permanent(refusals::NOT_NUMERIC, "the terminal refused the value: its field takes digits only")
        } else {
            Fault::permanent(refusals::PROTECTED, "the terminal refused the key: the place is protected or full")
        })
    }
}

impl Session for Terminal {
    fn look(&mut self) -> Result<Picture, Fault> {
        if self.gone {
            return Ok(Picture { revision: self.revision, at_rest: true, shown: Shown::Disconnected });
        }
        let odd = || Fault::transient(refusals::FAILED, "s3270 does not show its screen");
        self.picture("", Duration::ZERO)?.ok_or_else(odd)
    }

    fn settle(&mut self, since: u64, until: Instant, call: &Call) -> Result<Picture, Fault> {
        let enough = |p: &Picture| p.revision > since && p.at_rest;
        // What came since the last picture counts too: s3270 remembers it, and its wait is over at once.
        if self.gone || self.revision > since {
            let picture = self.look()?;
            if enough(&picture) {
                return Ok(picture);
            }
        }
        loop {
            let now = Instant::now();
            if call.is_over() || now >= until {
                return self.look();
            }
            let slice = until.saturating_duration_since(now).min(SLICE);
            let what = if self.revision > since { "Unlock" } else { "Output" };
            let wait = format!("Wait({:.3},{what}) ", slice.as_secs_f64().max(0.001));
            if let Some(picture) = self.picture(&wait, slice)? {
                if enough(&picture) {
                    return Ok(picture);
                }
                if now.elapsed() < Duration::from_millis(2) {
                    // A wait that is over at once and brought nothing must not become a busy loop.
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), Fault> {
        match act {
            Act::Press(key) => self.press(*key),
            Act::Type(text) => self.type_here(text),
            Act::FillAt { at, len, text } => self.fill(*at, *len, text),
            Act::Click(_) | Act::FillIn { .. } => {
                Err(Fault::permanent(refusals::NOT_SENT, "a 3270 screen has no elements of a page"))
            }
        }
    }
}
