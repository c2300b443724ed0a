//! A copy of the store while it works.
//!
//! The copy is of one commit: the reader's view is held for as long as it takes. It is written beside its final name
//! and renamed when it is whole and on disk, so that a file of that name is always a backup.

use super::fault::io;
use super::open::beside;
use super::read::SqliteReader;
use crate::{Result, StoreError};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Pages in a step: 16 MB, after which others get the disk for a moment.
const STEP: i32 = 2048;

pub(super) fn backup(reader: &mut SqliteReader, to: &Path) -> Result<()> {
    written(to, |part| {
        reader.with(|from| {
            // The first read is what fixes the view.
            from.query_row("SELECT count(*) FROM name", [], |_| Ok(()))?;
            copy(from, part)
        })
    })
}

/// Writes a copy beside its name, and names it when it is whole and on disk.
pub(crate) fn written(to: &Path, copy: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if to.exists() {
        return Err(StoreError::Database(format!("{} exists already; a backup overwrites nothing", to.display())));
    }
    let part = beside(to, ".partial");
    let _ = std::fs::remove_file(&part);
    let done = copy(&part).and_then(|()| {
        let sync = || File::options().read(true).write(true).open(&part)?.sync_all();
        sync().map_err(|e| io("cannot sync the backup", &part, &e))?;
        std::fs::rename(&part, to).map_err(|e| io("cannot name the backup", to, &e))?;
        let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Not every system lets a folder be synced; the name is then kept when the system sees fit.
        let _ = File::open(folder).and_then(|f| f.sync_all());
        Ok(())
    });
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    done
}

/// Copies the view that a connection has.
pub(crate) fn copy(from: &Connection, part: &Path) -> Result<()> {
    let mut target = Connection::open(part)?;
    let copy = Backup::new(from, &mut target)?;
    loop {
        match copy.step(STEP)? {
            StepResult::Done => return Ok(()),
            StepResult::More => std::thread::yield_now(),
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
