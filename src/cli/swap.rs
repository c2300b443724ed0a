//! The last part of a restore: what was copied and found sound takes the place of what is there.
//!
//! Invariant: from before the first file moves until the last one is on disk a mark stands beside the store, and nothing
//! opens the store meanwhile: what was restored is served whole or not at all. Interrupted at any moment it is done again,
//! with the same result. What was there is deleted at no time.
//! Not here: copying and checking (`restore`), the mark's words (`gateway::half`).

use super::parts::{Part, fault, write_new};
use super::{Failure, beside};
use crate::gateway::half::{self, Mark};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// See the module.
pub(super) struct Swap<'s> {
    store: &'s Path,
    mark: Mark,
    resumed: bool,
}

impl<'s> Swap<'s> {
    /// Begins, or goes on where one was interrupted. `now` names what is set aside.
    pub(super) fn of(store: &'s Path, from: &Path, now: &str) -> Result<Swap<'s>, Failure> {
        let at = half::mark_of(store);
        let before = half::mark(store).map_err(|e| fault("cannot read", &at, &e))?;
        let resumed = before.is_some();
        // The mark is whole before anything moves: one that cannot be read was cut, and nothing had moved.
        let stamp = before.map(|m| m.stamp).filter(|s| !s.is_empty()).unwrap_or_else(|| now.to_owned());
        let swap = Swap { store, mark: Mark { from: from.display().to_string(), stamp }, resumed };
        let all = Part::ALL.iter().map(|p| p.of_store(store)).chain([store.to_owned()]);
        match all.map(|p| swap.aside(&p)).find(|p| p.exists()).filter(|_| !resumed) {
            Some(there) => {
                Err(Failure::Because(format!("{} is there already; try again in a second", there.display())))
            }
            None => Ok(swap),
        }
    }

    /// Whether one was interrupted.
    pub(super) fn resumes(&self) -> bool {
        self.resumed
    }

    /// Where that file is set aside.
    pub(super) fn aside(&self, path: &Path) -> PathBuf {
        beside(path, &format!(".replaced-{}", self.mark.stamp))
    }

    /// Changes places; `copy` is the store's, those of the parts are beside theirs. `None` as parts: they stay as they are.
    /// Where the store that was there is kept. `step` comes before each change.
    pub(super) fn run(
        &self,
        copy: &Path,
        parts: Option<&[Part]>,
        step: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<Option<PathBuf>, Failure> {
        self.begin(step)?;
        // The store last: who finds it restored finds all of it restored.
        for part in parts.map(|_| Part::ALL).into_iter().flatten() {
            let (at, restored) = (part.of_store(self.store), parts.is_some_and(|p| p.contains(&part)));
            // Whoever switched a route off meanwhile must not find it on again.
            if part != Part::Switch || restored {
                self.set_aside(&at, step)?;
            }
            if restored {
                put(&part.restoring(self.store), &at, step)?;
            }
        }
        self.set_aside(self.store, step)?;
        put(copy, self.store, step)?;
        sync_folder(self.store)?;
        step()?;
        let mark = half::mark_of(self.store);
        fs::remove_file(&mark).map_err(|e| fault("all is restored, but cannot take away", &mark, &e))?;
        sync_folder(self.store)?;
        let kept = self.aside(self.store);
        Ok(kept.exists().then_some(kept))
    }

    fn begin(&self, step: &mut dyn FnMut() -> Result<(), Failure>) -> Result<(), Failure> {
        let (mark, new) = (half::mark_of(self.store), beside(&half::mark_of(self.store), ".new"));
        let text = serde_json::to_vec(&self.mark).map_err(|e| Failure::Because(e.to_string()))?;
        step()?;
        let _ = fs::remove_file(&new);
        write_new(&new, &text)?;
        step()?;
        fs::rename(&new, &mark).map_err(|e| fault("cannot write", &mark, &e))?;
        sync_folder(self.store)
    }

    /// Sets a file aside, with what SQLite keeps beside it. What stands where something was set aside already came from the
    /// restore that was interrupted.
    fn set_aside(&self, path: &Path, step: &mut dyn FnMut() -> Result<(), Failure>) -> Result<(), Failure> {
        let kept = self.aside(path);
        let kept = if kept.exists() { beside(&kept, ".again") } else { kept };
        for suffix in ["-wal", "-shm", ""] {
            let from = beside(path, suffix);
            if from.exists() {
                step()?;
                fs::rename(&from, beside(&kept, suffix)).map_err(|e| fault("cannot set aside", &from, &e))?;
            }
        }
        Ok(())
    }
}

fn put(copy: &Path, at: &Path, step: &mut dyn FnMut() -> Result<(), Failure>) -> Result<(), Failure> {
    step()?;
    fs::rename(copy, at).map_err(|e| fault("cannot put the backup at", at, &e))?;
    forget(copy); // what checking left beside it
    Ok(())
}

/// Takes away a copy, with what SQLite keeps beside it.
pub(super) fn forget(copy: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(copy, suffix));
    }
}

/// A name that was changed is on disk once its folder is.
fn sync_folder(of: &Path) -> Result<(), Failure> {
    let folder = of.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) {
        File::open(folder).and_then(|f| f.sync_all()).map_err(|e| fault("cannot sync", folder, &e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// All files there, by name; copies and the mark as well.
    fn all(folder: &Path) -> BTreeMap<String, String> {
        let files = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
        let name = |p: &Path| p.file_name().unwrap().to_string_lossy().into_owned();
        files.map(|p| (name(&p), fs::read_to_string(&p).unwrap())).collect()
    }

    fn copies(store: &Path) -> PathBuf {
        let copy = beside(store, ".restoring");
        fs::write(&copy, "new store").unwrap();
        fs::write(Part::Evidence.restoring(store), "new evidence").unwrap();
        fs::write(Part::Journal.restoring(store), "new journal").unwrap();
        copy
    }

    fn begun(folder: &Path) -> PathBuf {
        let store = folder.join("banyan.db");
        for (name, text) in [
            ("banyan.db", "old store"),
            ("banyan.db-wal", "old log"),
            ("banyan.evidence.db", "old evidence"),
            ("banyan.evidence.db-wal", "old log of it"),
            ("banyan.routes.jsonl", "old journal"),
            ("banyan.routes.kill", "/a"),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        store
    }

    /// Wherever it is interrupted: nothing opens the store, nothing that was there is lost, and done again it comes to what
    /// it would have come to.
    #[test]
    fn interrupted_after_each_step_it_is_refused_and_done_again() {
        let parts = [Part::Evidence, Part::Journal];
        let backup = Path::new("/backups/b.db");
        let whole = tempfile::tempdir().unwrap();
        let store = begun(whole.path());
        let copy = copies(&store);
        let mut steps = 0;
        let mut count = || {
            steps += 1;
            Ok(())
        };
        let kept = Swap::of(&store, backup, "1").unwrap().run(&copy, Some(&parts), &mut count).unwrap();
        assert_eq!(kept, Some(whole.path().join("banyan.db.replaced-1")));
        half::whole(&store).unwrap();
        let wanted = all(whole.path());
        assert_eq!(wanted["banyan.db"], "new store");
        assert_eq!(wanted["banyan.evidence.db.replaced-1-wal"], "old log of it");
        assert_eq!((wanted["banyan.routes.kill"].as_str(), wanted.len()), ("/a", 9), "{wanted:?}");
        assert!(steps > 8, "{steps}");
        for last in 0..steps {
            let folder = tempfile::tempdir().unwrap();
            let store = begun(folder.path());
            let copy = copies(&store);
            let mut left = last;
            let mut interrupted = || {
                left -= 1;
                if left < 0 { Err(Failure::Because("killed".to_owned())) } else { Ok(()) }
            };
            assert!(Swap::of(&store, backup, "1").unwrap().run(&copy, Some(&parts), &mut interrupted).is_err());
            let now = all(folder.path());
            for old in ["old store", "old log", "old evidence", "old log of it", "old journal"] {
                assert!(now.values().any(|text| text == old), "{last}: {old} is lost");
            }
            let untouched = begun_as(&now);
            match half::whole(&store) {
                Ok(()) => assert!(untouched, "{last}: it would be served half: {now:?}"),
                Err(e) => assert!(e.to_string().contains("run `banyan restore /backups/b.db` again"), "{e}"),
            }
            // It copies anew. Later, too: what was set aside keeps its name.
            let copy = copies(&store);
            let again = Swap::of(&store, backup, if untouched { "1" } else { "2" }).unwrap();
            assert_eq!(again.run(&copy, Some(&parts), &mut || Ok(())).unwrap(), kept_in(folder.path()), "{last}");
            half::whole(&store).unwrap();
            let mut found = all(folder.path());
            found.retain(|name, _| !name.contains(".again"));
            assert_eq!(found, wanted, "{last}");
        }
    }

    fn kept_in(folder: &Path) -> Option<PathBuf> {
        Some(folder.join("banyan.db.replaced-1"))
    }

    /// Whether all that counts is as it was.
    fn begun_as(now: &BTreeMap<String, String>) -> bool {
        let texts =
            ["banyan.db", "banyan.db-wal", "banyan.evidence.db", "banyan.evidence.db-wal", "banyan.routes.jsonl"];
        texts.iter().all(|name| now.get(*name).is_some_and(|text| text.starts_with("old")))
    }

    #[test]
    fn a_mark_that_was_cut_is_one_and_names_that_are_taken_are_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let store = begun(folder.path());
        fs::write(half::mark_of(&store), "{\"from\"").unwrap();
        assert!(half::whole(&store).unwrap_err().to_string().contains("run `banyan restore BACKUP` again"));
        let swap = Swap::of(&store, Path::new("b"), "3").unwrap();
        assert!(swap.resumes() && swap.aside(&store).ends_with("banyan.db.replaced-3"));
        fs::remove_file(half::mark_of(&store)).unwrap();
        fs::write(folder.path().join("banyan.routes.jsonl.replaced-3"), "older").unwrap();
        assert!(Swap::of(&store, Path::new("b"), "3").is_err());
    }
}
