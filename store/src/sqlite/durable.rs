//! What makes a commit survive a power cut.
//!
//! Under `synchronous=NORMAL` a commit is in the write-ahead log, and the log is synced only before it is copied back.
//! Syncing the log file is therefore enough: a commit is in it, or was copied back (and synced) since.
//! Invariant: after a sync that failed nothing is called durable any more, since the kernel may have dropped the pages.

use super::fault::io;
use super::open::beside;
use crate::{Receipt, Result, StoreError};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub(super) struct Syncer {
    log: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    synced: u64,
    failed: bool,
}

impl Syncer {
    pub(super) fn new(store: &Path) -> Syncer {
        Syncer { log: beside(store, "-wal"), state: Mutex::default() }
    }

    /// Callers that wait for one another share a sync: each finds done what the one before did for all.
    pub(super) fn durable(&self, receipt: Receipt, committed: &AtomicU64) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.synced >= receipt.0 {
            return Ok(());
        }
        if state.failed {
            return Err(StoreError::Database(
                "the disk failed to keep the store's log before; restart the gateway once the disk is sound".into(),
            ));
        }
        let upto = committed.load(Ordering::Acquire);
        if state.file.is_none() {
            let open = File::options().read(true).write(true).open(&self.log);
            state.file = Some(open.map_err(|e| io("cannot open the store's log", &self.log, &e))?);
        }
        if let Some(file) = &state.file
            && let Err(e) = file.sync_data()
        {
            state.failed = true;
            return Err(io("cannot sync the store's log", &self.log, &e));
        }
        state.synced = upto;
        Ok(())
    }
}
