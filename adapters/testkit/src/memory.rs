//! A memory of units in a map.

use banyan_adapter::{Memory, UnitMemo, UnitState};
use banyan_words::UnitRef;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was read, as the gateway's store remembers it: every version of every unit, in the order they were noted.
#[derive(Default)]
pub struct Store {
    units: Mutex<Vec<(String, UnitMemo)>>,
    positions: Mutex<BTreeMap<String, String>>,
}

impl Store {
    fn lock(&self) -> MutexGuard<'_, Vec<(String, UnitMemo)>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes where the next pass goes on.
    pub fn note_position(&self, dataset: &str, position: &str) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.insert(dataset.to_owned(), position.to_owned());
    }

    /// Notes what became of a unit.
    pub fn note(&self, dataset: &str, unit: &UnitRef, token: &str, state: UnitState) {
        let memo = UnitMemo {
            name: unit.name.clone(),
            version: unit.version.clone(),
            token: token.to_owned(),
            order: unit.order.clone(),
            state,
        };
        let mut units = self.lock();
        units.retain(|(d, m)| !(d == dataset && m.name == memo.name && m.version == memo.version));
        units.push((dataset.to_owned(), memo));
    }

    /// All notes of a dataset, oldest first.
    pub fn all(&self, dataset: &str) -> Vec<UnitMemo> {
        self.lock().iter().filter(|(d, _)| d == dataset).map(|(_, m)| m.clone()).collect()
    }
}

impl Memory for Store {
    fn unit(&self, dataset: &str, name: &str) -> Option<UnitMemo> {
        self.lock().iter().rev().find(|(d, m)| d == dataset && m.name == name).map(|(_, m)| m.clone())
    }

    fn with_content(&self, dataset: &str, version: &str) -> Option<UnitMemo> {
        let read = |m: &UnitMemo| matches!(m.state, UnitState::Done | UnitState::Unacknowledged);
        self.lock().iter().find(|(d, m)| d == dataset && m.version == version && read(m)).map(|(_, m)| m.clone())
    }

    fn unacknowledged(&self, dataset: &str) -> Vec<UnitMemo> {
        self.all(dataset).into_iter().filter(|m| m.state == UnitState::Unacknowledged).collect()
    }

    fn newest(&self, dataset: &str) -> Option<String> {
        let read = |m: &UnitMemo| matches!(m.state, UnitState::Done | UnitState::Unacknowledged);
        self.all(dataset).into_iter().filter(read).map(|m| m.order).max()
    }

    fn position(&self, dataset: &str) -> Option<String> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner).get(dataset).cloned()
    }
}
