//! What keeps a source from being used until a person acts: a screen that drifted, a login that was refused.
//!
//! Invariant: a refused login is tried once, whoever asks; a drifted map is not used by any session; and neither after a
//! restart. Other processes with the same folder (`banyan screens`) see the same: the files are looked at before every
//! transaction. Another user or password ends what holds the former back.
//! Not here: what drift is ([`crate::drift`]).

use super::Login;
use crate::drift::Breaker;
use crate::engine::Fnv;
use crate::map::Map;
use crate::private;
use crate::refusals;
use banyan_adapter::Fault;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

const BREAKER: &str = "breaker.json";
const REFUSED: &str = "login.json";

/// See the module.
pub(super) struct Hold {
    folder: Option<PathBuf>,
    login: Login,
    /// Of the login that opening a session makes.
    opens: Vec<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    breaker: Kept<Breaker>,
    refused: Kept<Refused>,
}

/// A login that was refused.
#[derive(Clone, Serialize, Deserialize)]
struct Refused {
    since: Timestamp,
    code: String,
    message: String,
    /// Tells another login from this one, nearly always. No more than that: a byte gives no password away.
    mark: u8,
}

/// What a file says, and what it looked like when it was read or written.
struct Kept<T> {
    says: Option<T>,
    stamp: Option<(SystemTime, u64)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept { says: None, stamp: None }
    }
}

impl<T: DeserializeOwned + Serialize> Kept<T> {
    /// Reads it again, if it is another.
    fn look(&mut self, file: &Path) {
        let now = stamp(file);
        if now != self.stamp {
            self.stamp = now;
            self.says = now.and_then(|_| read(file));
        }
    }

    fn keep(&mut self, file: Option<PathBuf>, says: T) {
        if let Some(file) = file {
            if let Err(e) = write(&file, &says) {
                tracing::error!("{} cannot be written, so a restart will forget it: {e}", file.display());
            }
            self.stamp = stamp(&file);
        }
        self.says = Some(says);
    }
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    fs::metadata(file).ok().and_then(|m| Some((m.modified().ok()?, m.len())))
}

impl Hold {
    /// With what is kept in `folder`, for those who log in so.
    pub(super) fn new(folder: Option<&Path>, login: &Login, opens: &[&str]) -> Hold {
        let opens = opens.iter().map(|&text| text.to_owned()).collect();
        Hold { folder: folder.map(Path::to_owned), login: login.clone(), opens, state: Mutex::default() }
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|f| f.join(name))
    }

    fn mark(&self, since: Timestamp) -> u8 {
        let mut hash = Fnv::default();
        hash.number(u64::from_ne_bytes(since.as_millisecond().to_ne_bytes()));
        for text in [&self.login.user.plain, &self.login.password.plain].into_iter().chain(&self.opens) {
            text.bytes().for_each(|b| hash.number(u64::from(b)));
            hash.number(256);
        }
        hash.0.to_be_bytes().iter().fold(0, |all, byte| all ^ byte)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(breaker), Some(refused)) = (self.file(BREAKER), self.file(REFUSED)) {
            state.breaker.look(&breaker);
            state.refused.look(&refused);
        }
        state
    }

    /// Refuses while something waits for a person.
    pub(super) fn check(&self, map: &Map) -> Result<(), Fault> {
        self.check_login()?;
        match self.state().breaker.says.as_ref().filter(|b| b.holds(map)) {
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

    /// Refuses while a refused login waits for a person, whatever is with the map.
    pub(super) fn check_login(&self) -> Result<(), Fault> {
        let Some((since, fault)) = self.refused() else { return Ok(()) };
        let told =
            "It is not tried again, lest the user be locked: correct user and password, then reload, or accept it";
        let message = format!("{} (at {since}). {told}", fault.message.trim_end_matches('.'));
        Err(Fault::permanent(&fault.code, message))
    }

    /// The breaker that holds that map back.
    pub(super) fn breaker(&self, map: &Map) -> Option<Breaker> {
        self.state().breaker.says.clone().filter(|b| b.holds(map))
    }

    /// When this login was refused, and how.
    pub(super) fn refused(&self) -> Option<(Timestamp, Fault)> {
        let refused = self.state().refused.says.clone().filter(|r| r.mark == self.mark(r.since))?;
        Some((refused.since, Fault::permanent(&refused.code, refused.message)))
    }

    /// The login was refused.
    pub(super) fn refuse(&self, since: Timestamp, fault: &Fault) {
        if self.refused().is_some() {
            return;
        }
        let (code, message) = (fault.code.clone(), fault.message.clone());
        let refused = Refused { since, code, message, mark: self.mark(since) };
        self.state().refused.keep(self.file(REFUSED), refused);
    }

    /// Holds the map back. The first picture stays.
    pub(super) fn open(&self, breaker: Breaker, map: &Map) {
        let mut state = self.state();
        if state.breaker.says.as_ref().is_some_and(|b| b.holds(map)) {
            return;
        }
        state.breaker.keep(self.file(BREAKER), breaker);
    }

    /// A person has looked: nothing is held back any more. An error if the file stays.
    pub(super) fn release(&self) -> Result<(), Fault> {
        let mut state = self.state();
        for file in [BREAKER, REFUSED].into_iter().filter_map(|name| self.file(name)).filter(|f| f.exists()) {
            fs::remove_file(&file).map_err(|e| {
                Fault::transient(refusals::FAILED, format!("{} cannot be removed: {e}", file.display()))
            })?;
        }
        *state = State::default();
        Ok(())
    }
}

/// What the file says. One that cannot be read holds back nothing, and that is told: nobody knows what it was about.
fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    let text = fs::read_to_string(file).ok()?;
    let read = serde_json::from_str(&text);
    if let Err(e) = &read {
        tracing::error!("{} cannot be read, and is passed over: {e}", file.display());
    }
    read.ok()
}

fn write(file: &Path, says: &impl Serialize) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = file.with_extension("new");
    private::write(&beside, &serde_json::to_vec_pretty(says)?)?;
    fs::rename(beside, file)
}
