//! What keeps a source from being used until a person acts: a screen that drifted, a login that was refused.
//!
//! Invariant: a refused login is tried once, whoever asks; a drifted map is not used by any session, nor after a restart.
//! Other processes with the same folder (`banyan screens`) see the same: the file is looked at before every transaction.
//! Not here: what drift is ([`crate::drift`]).

use crate::drift::Breaker;
use crate::map::Map;
use crate::refusals;
use banyan_adapter::Fault;
use jiff::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

const FILE: &str = "breaker.json";

/// See the module.
pub(super) struct Hold {
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    breaker: Option<Breaker>,
    /// What the file looked like when it was read or written.
    stamp: Option<(SystemTime, u64)>,
    refused: Option<(Timestamp, Fault)>,
}

impl Hold {
    /// With what is kept in `folder`.
    pub(super) fn new(folder: Option<&Path>) -> Hold {
        Hold { file: folder.map(|f| f.join(FILE)), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.file else { return state };
        let stamp = fs::metadata(file).ok().and_then(|m| Some((m.modified().ok()?, m.len())));
        if stamp != state.stamp {
            state.stamp = stamp;
            state.breaker = stamp.and_then(|_| read(file));
        }
        state
    }

    /// Refuses while something waits for a person.
    pub(super) fn check(&self, map: &Map) -> Result<(), Fault> {
        let state = self.state();
        if let Some((since, fault)) = &state.refused {
            let told =
                "It is not tried again, lest the user be locked: correct user and password, then reload, or accept it";
            let message = format!("{} (at {since}). {told}", fault.message.trim_end_matches('.'));
            return Err(Fault::permanent(&fault.code, message));
        }
        match state.breaker.as_ref().filter(|b| b.holds(map)) {
            Some(breaker) => {
                let (since, told) = (breaker.since, breaker.message.trim_end_matches('.'));
                let message = format!(
                    "the map {} is not used since {since}: {told}. `banyan screens accept` shows the difference",
                    breaker.map
                );
                Err(Fault::permanent(refusals::BREAKER_OPEN, message))
            }
            None => Ok(()),
        }
    }

    /// The breaker that holds that map back.
    pub(super) fn breaker(&self, map: &Map) -> Option<Breaker> {
        self.state().breaker.clone().filter(|b| b.holds(map))
    }

    /// When the login was refused, and how.
    pub(super) fn refused(&self) -> Option<(Timestamp, Fault)> {
        self.state().refused.clone()
    }

    /// The login was refused.
    pub(super) fn refuse(&self, at: Timestamp, fault: &Fault) {
        self.state().refused.get_or_insert((at, fault.clone()));
    }

    /// Holds the map back. The first picture stays.
    pub(super) fn open(&self, breaker: Breaker, map: &Map) {
        let mut state = self.state();
        if state.breaker.as_ref().is_some_and(|b| b.holds(map)) {
            return;
        }
        if let Some(file) = &self.file
            && let Err(e) = write(file, &breaker)
        {
            tracing::error!("{} cannot be written, so a restart will forget it: {e}", file.display());
        }
        state.stamp =
            self.file.as_ref().and_then(|f| fs::metadata(f).ok()).and_then(|m| Some((m.modified().ok()?, m.len())));
        state.breaker = Some(breaker);
    }

    /// A person has looked: nothing is held back any more. An error if the file stays.
    pub(super) fn release(&self) -> Result<(), Fault> {
        let mut state = self.state();
        if let Some(file) = self.file.as_ref().filter(|f| f.exists()) {
            fs::remove_file(file).map_err(|e| {
                Fault::transient(refusals::FAILED, format!("{} cannot be removed: {e}", file.display()))
            })?;
        }
        *state = State::default();
        Ok(())
    }
}

/// What the file says. One that cannot be read holds back nothing, and that is told: no map has its hash.
fn read(file: &Path) -> Option<Breaker> {
    let text = fs::read_to_string(file).ok()?;
    let read = serde_json::from_str(&text);
    if let Err(e) = &read {
        tracing::error!("{} cannot be read, and is passed over: {e}", file.display());
    }
    read.ok()
}

fn write(file: &Path, breaker: &Breaker) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = file.with_extension("new");
    fs::write(&beside, serde_json::to_vec_pretty(breaker)?)?;
    fs::rename(beside, file)
}
