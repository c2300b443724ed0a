//! Drafts a map while a person works: the person's terminal on one side, a session on the other.
//!
//! Purpose: [`attend`] hands keys through and shows what comes; a hot key opens a line to name the screen, mark fields, or
//! finish; then a draft is written.
//! Invariant: the session gets exactly the keys that were pressed, each once. What was typed and not echoed is never
//! written down. The draft is kept as it grows, so that no end of a recording loses it but the person's own wish.
//! Not here: how the far side is reached; any terminal with rows and columns will do, 3270 as well.

mod draft;
mod keep;
mod keys;
mod notes;
mod paint;
mod prompt;
#[cfg(unix)]
mod raw;

pub(crate) use draft::quoted;
pub use keep::Keep;
#[cfg(unix)]
pub use raw::RawMode;

use crate::map::Key;
use crate::picture::{Grid, Shown};
use crate::refusals::FAILED;
use crate::transport::{Act, Session};
use banyan_adapter::Fault;
use keys::Keys;
use notes::Notes;
use paint::Painter;
use prompt::{Answer, Prompt};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Opens the line of the recorder itself.
const HOT: Key = Key::Ctrl(']');
/// How long a key may take to arrive whole, and how soon something new is shown.
const BEAT: Duration = Duration::from_millis(30);
/// A key is noted with what is shown once nothing moved for so long.
const STILL: Duration = Duration::from_millis(150);

/// A person's terminal. It should be in raw mode.
pub struct Terminal {
    /// What the person presses.
    pub input: Box<dyn Read + Send>,
    /// What the person sees.
    pub output: Box<dyn Write + Send>,
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The draft; `None` if it was thrown away.
    pub file: Option<PathBuf>,
    /// How many screens it has.
    pub screens: usize,
    /// How many steps.
    pub steps: usize,
}

/// What the flow of a recording is called that nobody has named.
const UNNAMED: &str = "recorded";

/// Lets a person work in the session until they finish, and keeps the draft, anew with everything that is noted.
///
/// # Errors
/// The draft cannot be written, the person's terminal fails, or the session does. What was noted until then is in the file
/// all the same.
pub fn attend(session: &mut dyn Session, keep: Keep<'_>, terminal: Terminal) -> Result<Recorded, Fault> {
    let mut desk = Desk::new(session, terminal, keep);
    let ended = match desk.work() {
        Ok(Some(flow)) => desk.keep.save(&desk.notes, &flow),
        Ok(None) => {
            desk.keep.discard();
            Ok(())
        }
        Err(fault) => {
            // Of two faults the first is told; what was saved before stays.
            let _ = desk.keep.save(&desk.notes, UNNAMED);
            Err(fault)
        }
    };
    let file = desk.keep.file();
    match (ended, &file) {
        (Ok(()), _) => {}
        (Err(fault), None) => return Err(fault),
        (Err(fault), Some(file)) => {
            let message = format!("{}; what was recorded until then is in {}", fault.message, file.display());
            return Err(Fault { message, ..fault });
        }
    }
    Ok(Recorded { file, screens: desk.notes.screens.len(), steps: desk.notes.steps.len() })
}

/// Between a person and a session.
struct Desk<'s, 'k> {
    session: &'s mut dyn Session,
    pressed: Receiver<Vec<u8>>,
    output: Box<dyn Write + Send>,
    notes: Notes,
    painter: Painter,
    prompt: Option<Prompt>,
    /// What is shown, and since when.
    shown: Option<(u64, Grid, Instant)>,
    keep: Keep<'k>,
    /// Why the draft is not as it should be in its file.
    trouble: Option<String>,
}

impl<'s, 'k> Desk<'s, 'k> {
    fn new(session: &'s mut dyn Session, terminal: Terminal, keep: Keep<'k>) -> Desk<'s, 'k> {
        let (send, pressed) = channel();
        let mut input = terminal.input;
        // It ends with the terminal's input, or when nobody listens any more and one more key was pressed.
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(length @ 1..) = input.read(&mut buffer) {
                if send.send(buffer.get(..length).unwrap_or_default().to_vec()).is_err() {
                    break;
                }
            }
        });
        let (notes, painter) = (Notes::default(), Painter::default());
        let output = terminal.output;
        Desk { session, pressed, output, notes, painter, prompt: None, shown: None, keep, trouble: None }
    }

    /// Until the person finishes; the flow's name, or nothing if it is thrown away.
    fn work(&mut self) -> Result<Option<String>, Fault> {
        let mut keys = Keys::default();
        loop {
            self.save();
            if !self.look()? {
                self.notes.disconnected();
                return Ok(Some(UNNAMED.into()));
            }
            let pressed = match self.pressed.recv_timeout(BEAT) {
                Ok(bytes) => keys.feed(&bytes),
                Err(RecvTimeoutError::Timeout) => keys.rest().into_iter().collect(),
                Err(RecvTimeoutError::Disconnected) => return Ok(self.finish(UNNAMED)),
            };
            for key in pressed {
                if let Some(end) = self.take(key)? {
                    return Ok(end);
                }
            }
        }
    }

    /// Keeps what is new. Where that fails the person is told, and may work on: it is tried again with the next note.
    fn save(&mut self) {
        if self.notes.take_changed() {
            self.trouble = self.keep.save(&self.notes, UNNAMED).err().map(|fault| fault.message);
        }
    }

    /// Shows what is new; false when the session has ended.
    fn look(&mut self) -> Result<bool, Fault> {
        let picture = self.session.look()?;
        let Shown::Grid(grid) = picture.shown else { return Ok(false) };
        if self.shown.as_ref().is_none_or(|(revision, ..)| *revision != picture.revision) {
            self.shown = Some((picture.revision, grid, Instant::now()));
        }
        self.paint()?;
        Ok(true)
    }

    fn paint(&mut self) -> Result<(), Fault> {
        let Some((_, grid, _)) = &self.shown else { return Ok(()) };
        let line = self.prompt.as_ref().map(|p| p.line(self.notes.current()));
        let text = self.painter.paint(grid, line.as_deref(), self.trouble.as_deref());
        let done = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
        done.map_err(|e| Fault::permanent(FAILED, format!("your terminal cannot be written to: {e}")))
    }

    /// Takes a key; something if that was the end.
    fn take(&mut self, key: Key) -> Result<Option<Option<String>>, Fault> {
        let Some(prompt) = &mut self.prompt else {
            if key == HOT {
                self.still()?;
                self.prompt = Some(Prompt::default());
            } else {
                self.send(key)?;
            }
            return Ok(None);
        };
        let Some(answer) = prompt.take(key) else { return Ok(None) };
        self.prompt = None;
        let Some((_, grid, _)) = &self.shown else { return Ok(None) };
        match answer {
            Answer::Name(name) => self.notes.name(&name, grid),
            Answer::Field(field) => {
                let field = field.at(grid.cursor);
                if !self.notes.field(field) {
                    self.prompt = Some(Prompt::told("name the screen first (n)"));
                }
            }
            Answer::Send => self.send(HOT)?,
            Answer::Back => {}
            Answer::Finish(flow) => return Ok(Some(self.finish(&flow))),
            Answer::Discard => return Ok(Some(None)),
        }
        Ok(None)
    }

    fn finish(&mut self, flow: &str) -> Option<String> {
        let grid = self.shown.as_ref().map(|(_, grid, _)| grid);
        self.notes.finish(grid);
        Some(flow.to_owned())
    }

    /// Notes a key and sends it.
    fn send(&mut self, key: Key) -> Result<(), Fault> {
        let letter = matches!(key, Key::Char(_)) && self.notes.typing();
        if !letter && !self.still()? {
            return Ok(());
        }
        let Some((_, grid, since)) = &mut self.shown else { return Ok(()) };
        match self.session.act(&Act::Press(key)) {
            Ok(()) => self.notes.act(key, grid),
            // Keys that this kind of terminal lacks, and the end, which is seen next.
            Err(fault) => {
                tracing::debug!(%fault, "not sent");
                let _ = self.output.write_all(b"\x07");
            }
        }
        // What this key does must show before the next one is noted.
        *since = Instant::now();
        Ok(())
    }

    /// Waits until nothing moves any more; false when the session has ended.
    fn still(&mut self) -> Result<bool, Fault> {
        let until = Instant::now() + Duration::from_secs(3);
        loop {
            if !self.look()? {
                return Ok(false);
            }
            let calm = self.shown.as_ref().is_some_and(|(.., since)| since.elapsed() >= STILL);
            if calm || Instant::now() > until {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
