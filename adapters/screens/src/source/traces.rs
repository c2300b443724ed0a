//! The folder of traces: what runs saw and did, the newest of them.
//!
//! Invariant: a trace of a run that failed is not pushed out by runs that did not.

use crate::trace::Trace;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const FAULTS: &str = "faults";
const RUNS: &str = "runs";

/// See the module.
pub(super) struct Traces {
    folder: Option<PathBuf>,
    keep: usize,
    last: Mutex<Option<PathBuf>>,
}

impl Traces {
    /// In `folder/traces`, `keep` of each kind.
    pub(super) fn new(folder: Option<&Path>, keep: usize) -> Traces {
        Traces { folder: folder.map(|f| f.join("traces")), keep, last: Mutex::default() }
    }

    /// Writes a trace and removes the oldest beyond what is kept. A failure is told in the log: no run fails for it.
    pub(super) fn write(&self, trace: &Trace, failed: bool) -> Option<PathBuf> {
        let folder = self.folder.as_ref().filter(|_| self.keep > 0)?.join(if failed { FAULTS } else { RUNS });
        match trace.write(&folder) {
            Ok(path) => {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.clone());
                prune(&folder, self.keep);
                Some(path)
            }
            Err(e) => {
                tracing::error!("a trace cannot be written to {}: {e}", folder.display());
                None
            }
        }
    }

    /// The newest one, of this process or an earlier one.
    pub(super) fn last(&self) -> Option<PathBuf> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.or_else(|| {
            let folder = self.folder.as_ref()?;
            [FAULTS, RUNS]
                .iter()
                .filter_map(|kind| all(&folder.join(kind)).pop())
                .max_by_key(|p| p.file_name().map(ToOwned::to_owned))
        })
    }
}

/// Traces in a folder, by name, which begins with the time: the oldest first.
fn all(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_file()).collect();
    all.sort();
    all
}

fn prune(folder: &Path, keep: usize) {
    let all = all(folder);
    for old in all.iter().take(all.len().saturating_sub(keep)) {
        let _ = fs::remove_file(old);
    }
}
