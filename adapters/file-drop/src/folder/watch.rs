//! Events of the operating system, as hints where to look, and as evidence that a writer has not finished.
//!
//! Invariant: nothing depends on an event arriving; the sweep finds what events miss (a queue that overflowed, a
//! network folder). Reading a file is no event here, so that our own reading never wakes us.

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// More hints than this are not kept: a sweep is cheaper.
const MOST_HINTS: usize = 10_000;

/// What events told since the last look.
#[derive(Default)]
pub struct Told {
    /// Paths that something happened to.
    pub paths: HashSet<PathBuf>,
    /// Events were lost, or too many: look through the whole folder.
    pub sweep: bool,
}

#[derive(Default)]
struct State {
    told: Told,
    /// Files written to and not closed since, with the event's ordinal.
    writing: HashMap<PathBuf, u64>,
    events: u64,
}

/// Where events arrive.
#[derive(Default)]
pub struct Signals {
    state: Mutex<State>,
    arrived: Condvar,
}

impl Signals {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was told.
    pub fn take(&self) -> Told {
        std::mem::take(&mut self.lock().told)
    }

    /// Waits until something is told, at most so long.
    pub fn wait(&self, at_most: Duration) {
        let state = self.lock();
        if state.told.paths.is_empty() && !state.told.sweep {
            drop(self.arrived.wait_timeout(state, at_most));
        }
    }

    /// The ordinal of the last write to a file that was not closed since; `None` if none is known.
    pub fn writing(&self, path: &Path) -> Option<u64> {
        self.lock().writing.get(path).copied()
    }

    /// Takes note of an event.
    pub fn note(&self, event: notify::Result<notify::Event>) {
        let mut state = self.lock();
        state.events += 1;
        let ordinal = state.events;
        let Ok(event) = event else {
            state.told.sweep = true;
            self.arrived.notify_all();
            return;
        };
        if event.need_rescan() {
            state.told.sweep = true;
            state.writing.clear();
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                state.writing.retain(|p, _| !event.paths.contains(p));
            }
            // Elsewhere nothing tells of a close, and each file would wait in vain for one.
            EventKind::Modify(ModifyKind::Data(_)) if cfg!(target_os = "linux") => {
                state.writing.extend(event.paths.iter().map(|p| (p.clone(), ordinal)));
            }
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                state.writing.retain(|p, _| !event.paths.contains(p));
            }
            EventKind::Access(_) => return,
            _ => {}
        }
        if state.writing.len() > MOST_HINTS {
            state.writing.clear();
        }
        if state.told.paths.len() + event.paths.len() > MOST_HINTS {
            state.told = Told { paths: HashSet::new(), sweep: true };
        } else {
            state.told.paths.extend(event.paths);
        }
        self.arrived.notify_all();
    }
}

/// A watch on a folder; ends when dropped.
pub struct Watch {
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches `root`, with its sub-folders if `deep`.
    pub fn start(root: &Path, deep: bool, signals: &Arc<Signals>) -> notify::Result<Watch> {
        let signals = signals.clone();
        let mut watcher = notify::recommended_watcher(move |event| signals.note(event))?;
        watcher.watch(root, if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive })?;
        Ok(Watch { _watcher: watcher })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::Event;
    use notify::event::{CreateKind, DataChange, Flag};

    fn event(kind: EventKind) -> notify::Result<Event> {
        Ok(Event::new(kind).add_path("/drop/a.csv".into()))
    }

    #[test]
    fn reading_tells_nothing() {
        let s = Signals::default();
        s.note(event(EventKind::Access(AccessKind::Open(AccessMode::Any))));
        s.note(event(EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(s.take().paths.is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_writer_is_known_until_it_closes() {
        let s = Signals::default();
        s.note(event(EventKind::Create(CreateKind::File)));
        assert_eq!(s.writing(Path::new("/drop/a.csv")), None, "a link or a rename creates without writing");
        s.note(event(EventKind::Modify(ModifyKind::Data(DataChange::Any))));
        assert!(s.writing(Path::new("/drop/a.csv")).is_some());
        s.note(event(EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert_eq!(s.writing(Path::new("/drop/a.csv")), None);
        assert_eq!(s.take().paths.len(), 1);
    }

    #[test]
    fn an_overflow_asks_for_a_sweep() {
        let s = Signals::default();
        s.note(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(s.take().sweep);
        for i in 0..=MOST_HINTS {
            s.note(Ok(Event::new(EventKind::Create(CreateKind::File)).add_path(format!("/drop/{i}").into())));
        }
        assert!(s.take().sweep);
    }
}
