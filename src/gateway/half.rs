//! The mark of a restore that has begun to change places: what is beside the store belongs to two states until it is gone.
//!
//! Invariant: while it stands nothing opens the store. Not here: the restore (`cli::restore`).

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the mark says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// The backup.
    pub from: String,
    /// By what the names of what was set aside end.
    pub stamp: String,
}

/// Where the mark of a store stands.
pub fn mark_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".restore");
    name.into()
}

/// The mark, if there is one. One that cannot be read is one: it says nothing.
pub fn mark(store: &Path) -> std::io::Result<Option<Mark>> {
    match std::fs::read(mark_of(store)) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text).unwrap_or_default())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Refuses a store whose restore was interrupted.
pub fn whole(store: &Path) -> Result<()> {
    let at = mark_of(store);
    let Some(mark) = mark(store).map_err(|e| anyhow!("cannot read {}: {e}", at.display()))? else { return Ok(()) };
    let from = if mark.from.is_empty() { "BACKUP" } else { &mark.from };
    Err(anyhow!(
        "the restore of {} was interrupted, and what stands there belongs to two states: run `banyan restore {from}` again. Nothing opens it before ({} says so)",
        store.display(),
        at.display()
    ))
}
