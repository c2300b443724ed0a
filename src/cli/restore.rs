//! `banyan restore`: a backup takes the store's place, with what belongs to its state; what was there is kept beside it.
//!
//! Invariant: nothing is deleted and nothing is moved before all of the backup was copied, checked and found sound. A route
//! that is switched off by a file now stays switched off.
//! Not here: how the copies take their places (`swap`).

use super::admin_client::AdminClient;
use super::hands::store_fault;
use super::parts::{self, Part, fault};
use super::swap::{Swap, forget};
use super::{Done, Failure, Global, beside, out};
use crate::config::MissingSecret;
use crate::gateway::half;
use crate::runtime::clock::Clock;
use banyan_store::sqlite::SqliteStore;
use banyan_store::{Store, StoreError};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Put a backup in the store's place, while no gateway works.
#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
}

impl Restore {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, built) = global.built(MissingSecret::Warning)?;
        let store = built.settings.store.as_path();
        let running = || Failure::Because("a gateway works on the store; stop it first".to_owned());
        if AdminClient::find(built.settings.admin, store).ok().flatten().is_some() {
            return Err(running());
        }
        if !self.file.is_file() {
            return Err(Failure::Because(format!("there is no backup at {}", self.file.display())));
        }
        // Opening brings what its log holds into the file. One that is damaged cannot be opened: that is what a restore is for.
        if store.exists()
            && let Err(StoreError::Locked(_)) = SqliteStore::open(store)
        {
            return Err(running());
        }
        make_folder(store)?;
        let at = beside(store, ".lock");
        let lock = fs::File::options().create(true).truncate(false).write(true).open(&at);
        let lock = lock.map_err(|e| fault("cannot open the lock file", &at, &e))?;
        if lock.try_lock().is_err() {
            return Err(running());
        }
        let copy = beside(store, ".restoring");
        let parts = parts::of_backup(&self.file)?;
        let now = Clock::system().now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let swap = Swap::of(store, &self.file, &now)?;
        let journal = Part::Journal.of_store(store);
        // Where one was interrupted the journal may be that of the backup already.
        let before = Some(swap.aside(&journal)).filter(|aside| swap.resumes() && aside.exists()).unwrap_or(journal);
        let stood = parts::standings(&before);
        let put = self.copy(store, &copy, parts.as_deref());
        let put = put.and_then(|()| swap.run(&copy, parts.as_deref(), &mut || Ok(())));
        let kept = put.inspect_err(|_| remove_all(store, &copy)).map_err(|e| unfinished(store, e))?;
        drop(lock);
        let name = |p: &Path| p.display().to_string();
        match global.json {
            true => {
                out::json(&json!({ "store": name(store), "from": name(&self.file), "kept": kept.as_deref().map(name),
                    "parts": parts }))
            }
            false => {
                let before = kept.map(|k| format!("; what was there is kept as {}", k.display())).unwrap_or_default();
                out::answer(&format!("{} is restored from {}{before}\n", store.display(), self.file.display()));
                match parts.as_deref() {
                    None => out::aside(
                        "this backup is of the store alone: evidence and the journal of routes stay as they are\n",
                    ),
                    Some(parts) => {
                        parts.iter().for_each(|p| out::answer(&format!("{} is restored\n", p.name())));
                        out::answer(&parts::moved(&stood, &parts::standings(&Part::Journal.of_store(store))));
                    }
                }
            }
        }
        Ok(())
    }

    /// Copies all of it beside its places, and checks the copies.
    fn copy(&self, store: &Path, copy: &Path, parts: Option<&[Part]>) -> Result<(), Failure> {
        forget(copy);
        fs::copy(&self.file, copy).map_err(|e| fault("cannot copy the backup to", copy, &e))?;
        let synced = fs::File::options().write(true).open(copy).and_then(|f| f.sync_all());
        synced.map_err(|e| fault("cannot sync", copy, &e))?;
        let faults = SqliteStore::open_reader(copy).and_then(|s| s.verify()).map_err(store_fault)?;
        if let Some(first) = faults.first() {
            let message = format!("{} is damaged, nothing was changed: {first}", self.file.display());
            return Err(Failure::Because(message));
        }
        for part in parts.unwrap_or_default() {
            self.prepare(*part, store)?;
        }
        Ok(())
    }

    /// Copies a part beside its place, and checks the copy.
    fn prepare(&self, part: Part, store: &Path) -> Result<(), Failure> {
        let (from, copy) = (part.of_backup(&self.file), part.restoring(store));
        forget(&copy);
        let mut bytes = Vec::new();
        if part == Part::Switch {
            // Those of the backup, and those that are switched off now.
            let now = part.of_store(store);
            for path in [&from, &now].into_iter().filter(|p| p.exists()) {
                bytes.extend(fs::read(path).map_err(|e| fault("cannot read", path, &e))?);
                bytes.push(b'\n');
            }
            parts::write_new(&copy, &bytes)?;
        } else {
            fs::copy(&from, &copy).map_err(|e| fault("cannot copy the backup to", &copy, &e))?;
            let synced = fs::File::options().write(true).open(&copy).and_then(|f| f.sync_all());
            synced.map_err(|e| fault("cannot sync", &copy, &e))?;
        }
        part.check(&copy)
    }
}

/// What is said where it fails once places have begun to change.
fn unfinished(store: &Path, why: Failure) -> Failure {
    match (half::mark(store), why) {
        (Ok(None), why) => why,
        (_, Failure::Because(why)) => Failure::Because(format!(
            "{why}; the restore is not finished: run it again, nothing opens {} before",
            store.display()
        )),
        (_, why) => why,
    }
}

fn remove_all(store: &Path, copy: &Path) {
    forget(copy);
    Part::ALL.iter().for_each(|p| forget(&p.restoring(store)));
}

fn make_folder(store: &Path) -> Result<(), Failure> {
    let folder = store.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| fault("cannot make the folder", folder, &e))
}
