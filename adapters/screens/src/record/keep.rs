//! The draft's file, which grows with the recording.
//!
//! Invariant: from the first thing noted the file holds a whole draft of all that was noted, however the recording ends: a
//! closed terminal kills the recorder before it can say or write anything. What was there before is never written over.

use super::draft::{self, Heading};
use super::notes::Notes;
use crate::refusals::FAILED;
use banyan_adapter::Fault;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Where a draft is kept, and what it says of the far side.
pub struct Keep<'a> {
    out: &'a Path,
    transport: &'a str,
    begun: bool,
}

impl<'a> Keep<'a> {
    /// For a draft at `out`, before anything is asked of the far side. `transport` are the keys of the draft's `transport:`,
    /// as YAML in braces.
    ///
    /// # Errors
    /// Something is there already, or nothing can be written there.
    pub fn new(out: &'a Path, transport: &'a str) -> Result<Keep<'a>, Fault> {
        let keep = Keep { out, transport, begun: false };
        if out.symlink_metadata().is_ok() {
            let message = format!("`{}` is there already; name another file, or move that one away", out.display());
            return Err(Fault::permanent(FAILED, message));
        }
        // Said before anybody has worked in vain.
        let beside = keep.beside();
        fs::write(&beside, "").and_then(|()| fs::remove_file(&beside)).map_err(|e| keep.failed(&e))?;
        Ok(keep)
    }

    /// Where it is, once there is one.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.begun.then(|| self.out.to_owned())
    }

    /// Writes all that was noted; nothing, where nothing was.
    pub(super) fn save(&mut self, notes: &Notes, flow: &str) -> Result<(), Fault> {
        if notes.screens.is_empty() {
            return Ok(());
        }
        let text = draft::write(notes, &Heading { flow, transport: self.transport });
        self.put(&text).map_err(|e| self.failed(&e))
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        let beside = self.beside();
        fs::write(&beside, text)?;
        if !self.begun {
            OpenOptions::new().write(true).create_new(true).open(self.out)?;
            self.begun = true;
        }
        fs::rename(beside, self.out)
    }

    /// It is not wanted.
    pub(super) fn discard(&mut self) {
        if std::mem::take(&mut self.begun) {
            let _ = fs::remove_file(self.out);
        }
    }

    fn beside(&self) -> PathBuf {
        let mut name = self.out.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        self.out.with_file_name(name)
    }

    fn failed(&self, e: &io::Error) -> Fault {
        Fault::permanent(FAILED, format!("`{}` cannot be written: {e}", self.out.display()))
    }
}
