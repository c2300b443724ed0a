//! `banyan restore`: a backup takes the store's place; the store that was there is kept beside it.
//!
//! Invariant: nothing is deleted and nothing is moved before the backup was copied, checked and found sound.

use super::admin_client::AdminClient;
use super::hands::store_fault;
use super::{Done, Failure, Global, out};
use crate::config::MissingSecret;
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
        let kept = self.put(store, &copy).inspect_err(|_| remove(&copy))?;
        drop(lock);
        let name = |p: &Path| p.display().to_string();
        match global.json {
            true => {
                out::json(&json!({ "store": name(store), "from": name(&self.file), "kept": kept.as_deref().map(name) }))
            }
            false => {
                let before = kept.map(|k| format!("; what was there is kept as {}", k.display())).unwrap_or_default();
                out::answer(&format!("{} is restored from {}{before}\n", store.display(), self.file.display()));
            }
        }
        Ok(())
    }

    /// Copies, checks, and changes places. Where the store that was there is kept.
    fn put(&self, store: &Path, copy: &Path) -> Result<Option<PathBuf>, Failure> {
        remove(copy);
        fs::copy(&self.file, copy).map_err(|e| fault("cannot copy the backup to", copy, &e))?;
        let synced = fs::File::options().write(true).open(copy).and_then(|f| f.sync_all());
        synced.map_err(|e| fault("cannot sync", copy, &e))?;
        let faults = SqliteStore::open_reader(copy).and_then(|s| s.verify()).map_err(store_fault)?;
        if let Some(first) = faults.first() {
            let message = format!("{} is damaged, nothing was changed: {first}", self.file.display());
            return Err(Failure::Because(message));
        }
        let kept = store.exists().then(|| {
            let now = Clock::system().now().strftime("%Y%m%dT%H%M%SZ").to_string();
            beside(store, &format!(".replaced-{now}"))
        });
        if let Some(kept) = &kept {
            if kept.exists() {
                return Err(Failure::Because(format!("{} is there already; try again in a second", kept.display())));
            }
            for suffix in ["-wal", "-shm", ""] {
                let from = beside(store, suffix);
                if from.exists() {
                    fs::rename(&from, beside(kept, suffix)).map_err(|e| fault("cannot set aside", &from, &e))?;
                }
            }
        }
        fs::rename(copy, store).map_err(|e| fault("cannot put the backup at", store, &e))?;
        remove(copy); // what checking left beside it
        Ok(kept)
    }
}

fn make_folder(store: &Path) -> Result<(), Failure> {
    let folder = store.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| fault("cannot make the folder", folder, &e))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(copy: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(copy, suffix));
    }
}

fn fault(what: &str, path: &Path, e: &std::io::Error) -> Failure {
    Failure::Because(format!("{what} {}: {e}", path.display()))
}
