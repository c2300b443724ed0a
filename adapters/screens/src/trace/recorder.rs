//! Keeps what a run tells: the last of it, or all of it where that was asked for.
//!
//! Invariant: memory is bounded. Keeping costs no more than a counted reference a picture; lines are made when it is
//! written.

use super::line::{Head, Line, Saw, Sent, Shows, Told, What};
use crate::engine::{Event, Log};
use crate::map::ScreenNo;
use crate::picture::{Picture, Shown};
use crate::private;
use banyan_adapter::Fault;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pictures that the trace of a run keeps where not all of it was asked for.
const LAST: usize = 48;
/// Cells (or bytes of a page) that a whole trace holds at most: about 64 MiB.
const MOST: usize = 8 << 20;

/// Why a run stopped, and what it saw: what [`crate::drift::difference`] asks for.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// The fault.
    pub fault: Fault,
    /// What was seen last.
    pub picture: Option<Arc<Picture>>,
    /// The screens that were awaited.
    pub awaited: Vec<ScreenNo>,
}

enum Entry {
    Saw(u64, bool, Arc<Picture>),
    Other(Line),
}

/// A log that can be written to a file.
pub struct Trace {
    whole: bool,
    head: Option<(Head, Timestamp)>,
    entries: VecDeque<Entry>,
    pictures: usize,
    weight: usize,
    cut: bool,
    stopped: Option<Stopped>,
    photo: Option<Vec<u8>>,
}

impl Trace {
    /// Keeps the last of a run, or, if it shall be `whole`, all of it (up to about 64 MiB): only that can be replayed.
    pub fn new(whole: bool) -> Trace {
        Trace {
            whole,
            head: None,
            entries: VecDeque::new(),
            pictures: 0,
            weight: 0,
            cut: false,
            stopped: None,
            photo: None,
        }
    }

    /// Why it stopped, if it did: the first time, where it went on to verify a commit.
    pub fn stopped(&self) -> Option<&Stopped> {
        self.stopped.as_ref()
    }

    /// The photograph of a run that stopped, as PNG.
    pub fn photo(&self) -> Option<&[u8]> {
        self.photo.as_deref()
    }

    /// The lines, as they would be written.
    pub fn lines(&self) -> std::io::Result<String> {
        let mut out = Vec::new();
        self.write_to(&mut out)?;
        String::from_utf8(out).map_err(std::io::Error::other)
    }

    /// Writes it as a file of its own into `folder`, which is made if it is not there, the photograph beside it; the
    /// file's path.
    pub fn write(&self, folder: &Path) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let (path, file) = self.open(folder)?;
        let mut out = BufWriter::new(file);
        self.write_to(&mut out)?;
        out.flush()?;
        if let Some(png) = &self.photo {
            private::write(&path.with_extension("png"), png)?;
        }
        Ok(path)
    }

    /// A file that was not there: two runs may begin in the same millisecond.
    fn open(&self, folder: &Path) -> std::io::Result<(PathBuf, std::fs::File)> {
        let (at, flow) = self
            .head
            .as_ref()
            .map_or((Timestamp::UNIX_EPOCH, "none"), |(head, at)| (*at, head.flow.as_deref().unwrap_or("home")));
        let safe: String =
            flow.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect();
        let stem = format!("{}-{safe}", at.strftime("%Y%m%dT%H%M%S%3f"));
        for n in 0..1000 {
            let name = if n == 0 { format!("{stem}.jsonl") } else { format!("{stem}-{n}.jsonl") };
            let path = folder.join(name);
            match private::create_new(&path) {
                Ok(file) => return Ok((path, file)),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(std::io::Error::other("a thousand traces have this name"))
    }

    fn write_to(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut line = |line: &Line| -> std::io::Result<()> {
            serde_json::to_writer(&mut *out, line)?;
            out.write_all(b"\n")
        };
        if let Some((head, _)) = &self.head {
            line(&Line::Trace(Head { cut: self.cut, ..head.clone() }))?;
        }
        let mut before: Option<&Shown> = None;
        for entry in &self.entries {
            match entry {
                Entry::Other(other) => line(other)?,
                Entry::Saw(ms, waited, picture) => {
                    let same = before == Some(&picture.shown);
                    let shows = if same { Shows::Same(true) } else { Shows::of(&picture.shown) };
                    before = Some(&picture.shown);
                    let (revision, rest) = (picture.revision, picture.at_rest);
                    line(&Line::Saw(Saw { ms: *ms, waited: *waited, revision, rest, shows }))?;
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, at: Timestamp, head: Head) {
        // What follows in the same session (the way home) is shown with it, and not replayed.
        match self.head {
            None => self.head = Some((head, at)),
            Some(_) => self.entries.push_back(Entry::Other(Line::Then(head.flow))),
        }
    }

    fn saw(&mut self, ms: u64, waited: bool, picture: &Arc<Picture>) {
        self.pictures += 1;
        self.weight += weight(picture);
        self.entries.push_back(Entry::Saw(ms, waited, picture.clone()));
        while (if self.whole { self.weight > MOST } else { self.pictures > LAST }) && self.entries.len() > 1 {
            self.cut = true;
            if let Some(Entry::Saw(_, _, old)) = self.entries.pop_front() {
                self.pictures -= 1;
                self.weight -= weight(&old);
            }
        }
    }

    fn ms(&self, at: Timestamp) -> u64 {
        let since = self.head.as_ref().map_or(at, |(_, since)| *since);
        u64::try_from(at.as_millisecond() - since.as_millisecond()).unwrap_or(0)
    }
}

/// About how much a picture holds.
fn weight(picture: &Picture) -> usize {
    match &picture.shown {
        Shown::Grid(grid) => grid.cells.len(),
        Shown::Page(page) => {
            let cells = page.tables.values().flatten().flatten().flatten().map(String::len);
            page.text.len() + cells.sum::<usize>() + page.found.len() * 32
        }
        Shown::Disconnected => 1,
    }
}

impl Log for Trace {
    fn tell(&mut self, at: Timestamp, event: &Event<'_>) {
        let ms = self.ms(at);
        match event {
            Event::Began { map, flow, given, user, password } => {
                let head = Head {
                    format: 1,
                    map: map.name.clone(),
                    hash: format!("{:016x}", map.hash),
                    flow: flow.map(str::to_owned),
                    given: given.to_vec(),
                    user: (*user).to_owned(),
                    password: *password,
                    at: at.to_string(),
                    cut: false,
                };
                self.begin(at, head);
            }
            Event::Saw { picture, waited } => self.saw(ms, *waited, picture),
            Event::Acts { act, screen, before, commit } => {
                let (on, before) = ((*screen).to_owned(), format!("{before:016x}"));
                self.entries.push_back(Entry::Other(Line::Act(Sent {
                    ms,
                    on,
                    before,
                    commit: *commit,
                    what: What::of(act),
                })));
            }
            Event::Failed { fault } => self.entries.push_back(Entry::Other(Line::Failed(Told::of(ms, fault)))),
            Event::Stopped { fault, picture, awaited } => {
                self.entries.push_back(Entry::Other(Line::Stopped(Told::of(ms, fault))));
                let (fault, picture) = ((*fault).clone(), picture.cloned());
                self.stopped.get_or_insert(Stopped { fault, picture, awaited: awaited.to_vec() });
            }
            Event::Photo { png } => self.photo = Some(png.to_vec()),
            Event::Ended { end, brought } => {
                let digest = format!("{:016x}", brought.digest());
                self.entries.push_back(Entry::Other(Line::Brought { records: brought.records, digest }));
                self.entries.push_back(Entry::Other(Line::Ended(format!("{end:?}"))));
            }
        }
    }
}
