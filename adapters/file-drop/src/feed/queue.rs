//! The files a feed has noticed and not yet read: those that must still prove to be whole, and those that have.
//!
//! Time here is monotonic: a clock that jumps makes no file whole, and keeps none waiting.

use crate::folder::probe::Probe;
use crate::format::trouble::Refusal;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// A file that must still prove to be whole.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// What the last look saw, and since when it has looked so.
    pub seen: Option<(Probe, Duration)>,
    /// When to look again.
    pub due: Duration,
    /// A trailer that disagreed with that version.
    pub doubt: Option<(Probe, Refusal)>,
    /// The ordinal of the last write known, and since when nothing was heard.
    pub writing: Option<(u64, Duration)>,
}

/// A file that is whole.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Its name within the folder.
    pub name: String,
    /// What the last look saw.
    pub probe: Probe,
    /// How it waited, in case it must wait again.
    pub waited: Waiting,
}

/// The files of one feed.
#[derive(Default)]
pub struct Queue {
    waiting: BTreeMap<String, Waiting>,
    /// By order.
    whole: BTreeMap<String, Whole>,
    orders: HashMap<String, String>,
    /// Files that were dealt with, and the token they had.
    settled: HashMap<String, String>,
}

impl Queue {
    /// True if that file was noticed and not dealt with.
    pub fn knows(&self, name: &str) -> bool {
        self.waiting.contains_key(name) || self.orders.contains_key(name)
    }

    /// True if that file was dealt with in that state.
    pub fn is_settled(&self, name: &str, token: &str) -> bool {
        self.settled.get(name).is_some_and(|t| t == token)
    }

    /// What the last look at a waiting or whole file saw.
    pub fn last_seen(&self, name: &str) -> Option<Probe> {
        if let Some(waiting) = self.waiting.get(name) {
            return waiting.seen.map(|(probe, _)| probe);
        }
        self.orders.get(name).and_then(|o| self.whole.get(o)).map(|w| w.probe)
    }

    /// A file to look at.
    pub fn notice(&mut self, name: &str, due: Duration) {
        if let Some(order) = self.orders.remove(name) {
            // Something happened to a file that was whole: it must prove itself again.
            if let Some(whole) = self.whole.remove(&order) {
                self.waiting.insert(name.to_owned(), Waiting { due, ..whole.waited });
            }
            return;
        }
        let waiting = self.waiting.entry(name.to_owned()).or_default();
        waiting.due = waiting.due.min(due);
    }

    /// Looks at every waiting file at once: something happened that may concern any of them.
    pub fn nudge(&mut self, due: Duration) {
        self.waiting.values_mut().for_each(|w| w.due = w.due.min(due));
    }

    /// Takes out a file whose time to be looked at has come.
    pub fn take_due(&mut self, now: Duration) -> Vec<(String, Waiting)> {
        let due: Vec<String> = self.waiting.iter().filter(|(_, w)| w.due <= now).map(|(n, _)| n.clone()).collect();
        due.into_iter().filter_map(|n| self.waiting.remove_entry(&n)).collect()
    }

    /// When the next file is to be looked at.
    pub fn next_due(&self) -> Option<Duration> {
        self.waiting.values().map(|w| w.due).min()
    }

    /// Puts a file back to wait.
    pub fn wait(&mut self, name: String, waiting: Waiting) {
        self.waiting.insert(name, waiting);
    }

    /// A file proved to be whole.
    pub fn ready(&mut self, order: String, whole: Whole) {
        self.orders.insert(whole.name.clone(), order.clone());
        self.whole.insert(order, whole);
    }

    /// The oldest whole file.
    pub fn next_whole(&mut self) -> Option<Whole> {
        let (_, whole) = self.whole.pop_first()?;
        self.orders.remove(&whole.name);
        Some(whole)
    }

    /// A file was dealt with.
    pub fn settle(&mut self, name: &str, token: &str) {
        self.settled.insert(name.to_owned(), token.to_owned());
    }

    /// Forgets what was dealt with; the next sweep finds it, and whoever remembers says what became of it.
    pub fn unsettle(&mut self) {
        self.settled.clear();
    }
}
