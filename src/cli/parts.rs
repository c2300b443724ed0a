//! What stands beside a store and belongs to its state: the evidence, the journal of routes, the switch.
//!
//! A backup has each beside it, and a list of them with their digests, so that one that was lost is missed.
//! Invariant: the list is written after the parts and before the store, so that a store's copy that is there is whole.
//! Not here: the store's own copy (`backup`, `restore`), captured requests and the audit log, which decide nothing.

use super::hands::store_fault;
use super::{Failure, beside};
use crate::runtime::routes::{journal, switch_path_of};
use banyan_migration::stage::Standing;
use banyan_store::evidence::{self, EvidenceStore};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// How the list is called.
const LIST: &str = ".parts.json";
/// Of the list.
const LAYOUT: u32 = 1;

/// A part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Part {
    /// What comparisons came to, and who called.
    Evidence,
    /// Decisions about routes.
    Journal,
    /// Routes that are switched off by a file.
    Switch,
}

/// A part of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Listed {
    part: Part,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct List {
    layout: u32,
    parts: Vec<Listed>,
}

impl Part {
    /// All, in the order in which they are copied. What the evidence knows of is journaled then, as after a kill.
    pub(super) const ALL: [Part; 3] = [Part::Evidence, Part::Journal, Part::Switch];

    /// What follows the name of a backup.
    fn suffix(self) -> &'static str {
        match self {
            Part::Evidence => ".evidence.db",
            Part::Journal => ".routes.jsonl",
            Part::Switch => ".routes.kill",
        }
    }

    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Evidence => "the evidence",
            Part::Journal => "the journal of routes",
            Part::Switch => "the switch",
        }
    }

    /// Where it is in a backup.
    pub(super) fn of_backup(self, backup: &Path) -> PathBuf {
        beside(backup, self.suffix())
    }

    /// Where it is beside a store.
    pub(super) fn of_store(self, store: &Path) -> PathBuf {
        match self {
            Part::Evidence => evidence::path_of(store),
            Part::Journal => journal::path_of(store),
            Part::Switch => switch_path_of(store),
        }
    }

    /// Where it is copied to before it is known to be sound.
    pub(super) fn restoring(self, store: &Path) -> PathBuf {
        beside(&self.of_store(store), ".restoring")
    }

    /// Writes it where a backup has it, whole and on disk. `false`: there is none.
    fn copy(self, store: &Path, backup: &Path) -> Result<bool, Failure> {
        let (from, to) = (self.of_store(store), self.of_backup(backup));
        let bytes = match self {
            Part::Evidence => {
                let Some(evidence) = EvidenceStore::read(&from).map_err(store_fault)? else { return Ok(false) };
                evidence.backup(&to).map_err(store_fault)?;
                return Ok(true);
            }
            Part::Journal => journal::whole(&from).map_err(|e| Failure::Because(e.to_string()))?,
            Part::Switch => match fs::read(&from) {
                Ok(bytes) => Some(bytes),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
                Err(e) => return Err(fault("cannot read", &from, &e)),
            },
        };
        let Some(bytes) = bytes else { return Ok(false) };
        write_new(&to, &bytes)?;
        Ok(true)
    }

    /// Whether a copy of it is sound.
    pub(super) fn check(self, copy: &Path) -> Result<(), Failure> {
        let damaged = |why: String| Failure::Because(format!("{} is damaged, nothing was changed: {why}", self.name()));
        match self {
            Part::Evidence => {
                let evidence = EvidenceStore::read(copy).map_err(|e| damaged(e.to_string()))?;
                let faults = evidence.map_or(Ok(Vec::new()), |e| e.verify()).map_err(|e| damaged(e.to_string()))?;
                faults.first().map_or(Ok(()), |first| Err(damaged(first.clone())))
            }
            Part::Journal => journal::read(copy).map(drop).map_err(|e| damaged(e.to_string())),
            Part::Switch => Ok(()),
        }
    }
}

/// Writes all parts of a backup that is begun. What was written, where it fails later: nothing of it is left.
pub(super) fn back_up(store: &Path, backup: &Path) -> Result<Vec<Listed>, Failure> {
    let list = beside(backup, LIST);
    let all = Part::ALL.iter().map(|p| p.of_backup(backup)).chain([list.clone(), backup.to_owned()]);
    if let Some(there) = all.into_iter().find(|p| p.exists()) {
        let message = format!("{} exists already; a backup overwrites nothing", there.display());
        return Err(Failure::Because(message));
    }
    let write = || {
        let mut parts = Vec::new();
        for part in Part::ALL {
            if part.copy(store, backup)? {
                parts.push(Listed { part, sha256: digest(&part.of_backup(backup))? });
            }
        }
        let text = serde_json::to_vec_pretty(&List { layout: LAYOUT, parts: parts.clone() });
        write_new(&list, &text.map_err(|e| Failure::Because(e.to_string()))?)?;
        Ok(parts)
    };
    write().inspect_err(|_| forget(backup))
}

/// Takes away the parts of a backup that did not come about.
pub(super) fn forget(backup: &Path) {
    for path in Part::ALL.iter().map(|p| p.of_backup(backup)).chain([beside(backup, LIST)]) {
        let _ = fs::remove_file(path);
    }
}

/// The parts of a backup, each as it was written. `None`: it is of the store alone.
pub(super) fn of_backup(backup: &Path) -> Result<Option<Vec<Part>>, Failure> {
    let list = beside(backup, LIST);
    let text = match fs::read(&list) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return none_without_list(backup),
        Err(e) => return Err(fault("cannot read", &list, &e)),
    };
    let unread =
        |why: String| Failure::Because(format!("{} cannot be read, nothing was changed: {why}", list.display()));
    let read: List = serde_json::from_slice(&text).map_err(|e| unread(e.to_string()))?;
    if read.layout != LAYOUT {
        return Err(unread(format!("it has layout {}, this version knows {LAYOUT}", read.layout)));
    }
    for listed in &read.parts {
        let path = listed.part.of_backup(backup);
        if !path.is_file() {
            let message = format!("{} is missing, nothing was changed: {}", listed.part.name(), path.display());
            return Err(Failure::Because(message));
        }
        if digest(&path)? != listed.sha256 {
            let name = listed.part.name();
            let message = format!("{name} is not as it was backed up, nothing was changed: {}", path.display());
            return Err(Failure::Because(message));
        }
    }
    Ok(Some(read.parts.iter().map(|l| l.part).collect()))
}

/// Where routes stand by that journal. Where it cannot be read, nowhere.
pub(super) fn standings(journal: &Path) -> BTreeMap<String, Standing> {
    journal::read(journal).map(|all| journal::standings(&all)).unwrap_or_default()
}

/// Which routes stand elsewhere than they did, for people.
pub(super) fn moved(before: &BTreeMap<String, Standing>, after: &BTreeMap<String, Standing>) -> String {
    let shown = |s: Option<&Standing>| s.map_or_else(|| "as configured".to_owned(), Standing::to_string);
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let moved = all.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let told = |name: &String| {
        format!("{name} stands at {}, it stood at {}\n", shown(after.get(name)), shown(before.get(name)))
    };
    moved.map(told).collect()
}

/// Parts without their list belong to nothing that can be told.
fn none_without_list(backup: &Path) -> Result<Option<Vec<Part>>, Failure> {
    match Part::ALL.iter().map(|p| p.of_backup(backup)).find(|p| p.exists()) {
        None => Ok(None),
        Some(part) => {
            let list = beside(backup, LIST);
            let message = format!("{} is there, but not {}, nothing was changed", part.display(), list.display());
            Err(Failure::Because(message))
        }
    }
}

fn digest(path: &Path) -> Result<String, Failure> {
    let cannot = |e: std::io::Error| fault("cannot read", path, &e);
    let mut file = File::open(path).map_err(cannot)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer).map_err(cannot)?;
        if read == 0 {
            return Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect());
        }
        hash.update(&buffer[..read]);
    }
}

/// Writes a file that is not there yet, whole and on disk.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || {
        let mut file = File::options().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|e| fault("cannot write", path, &e))
}

pub(super) fn fault(what: &str, path: &Path, e: &std::io::Error) -> Failure {
    Failure::Because(format!("{what} {}: {e}", path.display()))
}
