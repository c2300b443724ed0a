//! What a transaction has written and not yet handed to SQLite: rows in order of arrival, and where ids lead.
//!
//! Random ids go into the table sorted, many at a time (`ENGINE.md`: the largest single gain); until then they are
//! found here. Ids are hashes already, so that the map needs no hash function worth the name, and the same input gives
//! the same walk.

use crate::sqlite::slice::{Cell, Slice};
use banyan_words::Id;

/// Rows that wait, at most.
const FULL: usize = if cfg!(test) { 8 } else { 2048 };

/// What is known of an id: the number of its row, the unchanged test, and (records) the instance spoken about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) no: u64,
    pub(super) hash: u64,
    pub(super) to: u64,
}

/// Ids and where they lead, last word wins.
#[derive(Clone, Default)]
pub(super) struct PendingIds {
    entries: Vec<(Id, Hit)>,
    /// Open addressing: 0 is free, else an index into `entries` plus one in the lower bits, and some bits of the id in
    /// the upper ones, which spare most looks at the entry. A power of two, at most half full.
    slots: Vec<u32>,
}

const INDEX_BITS: u32 = 20;
const INDEX: u32 = (1 << INDEX_BITS) - 1;

impl PendingIds {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn each(&self, each: impl FnMut(&Id)) {
        self.entries.iter().map(|(id, _)| id).for_each(each);
    }

    /// Whether it takes no more.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= INDEX as usize
    }

    /// The slot that holds the id, or the free one where it belongs, and the id's bits in it. There is always a free one.
    fn slot(&self, id: &Id) -> (usize, u32) {
        let mut head = [0; 8];
        head.copy_from_slice(&id.0[..8]);
        let mixed = u64::from_le_bytes(head).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mask = self.slots.len() - 1;
        let tag = (mixed >> 32) as u32 & !INDEX;
        let mut at = (mixed >> 20) as usize & mask;
        loop {
            match self.slots[at] {
                0 => return (at, tag),
                i if i & !INDEX == tag && self.entries[(i & INDEX) as usize - 1].0 == *id => return (at, tag),
                _ => at = (at + 1) & mask,
            }
        }
    }

    pub(super) fn get(&self, id: &Id) -> Option<Hit> {
        if self.entries.is_empty() {
            return None;
        }
        let index = (self.slots[self.slot(id).0] & INDEX).checked_sub(1)?;
        Some(self.entries[index as usize].1)
    }

    /// Must not be called when it is full.
    pub(super) fn put(&mut self, id: Id, hit: Hit) {
        if self.entries.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let (slot, tag) = self.slot(&id);
        match self.slots[slot] & INDEX {
            0 => {
                self.entries.push((id, hit));
                self.slots[slot] = tag | (self.entries.len() as u32 & INDEX);
            }
            i => self.entries[i as usize - 1].1 = hit,
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(1024);
        self.slots.clear();
        self.slots.resize(size, 0);
        for i in 0..self.entries.len() {
            let (slot, tag) = self.slot(&self.entries[i].0);
            self.slots[slot] = tag | (i as u32 + 1);
        }
    }

    /// Sorts for insertion; nothing can be found any more until `clear`.
    pub(super) fn sort(&mut self) {
        self.entries.sort_unstable_by_key(|(id, _)| u128::from_be_bytes(id.0));
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.slots.fill(0);
    }
}

impl Slice for PendingIds {
    fn rows(&self) -> usize {
        self.entries.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let (id, hit) = &self.entries[row];
        if column == 0 { Cell::Number(hit.no) } else { Cell::Bytes(&id.0) }
    }
}

/// A row not yet in its table.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) hash: u64,
    /// The instance a record speaks about (records only).
    pub(super) to: u64,
    at: u32,
    len: u32,
}

/// Rows with numbers one after the other.
#[derive(Clone, Default)]
pub(super) struct PendingRows {
    first: u64,
    rows: Vec<Row>,
    bytes: Vec<u8>,
    /// Whether the last column is `to` instead of bytes.
    records: bool,
}

impl PendingRows {
    pub(super) fn of(records: bool) -> PendingRows {
        PendingRows { records, ..PendingRows::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= FULL || self.bytes.len() >= 512 * 1024
    }

    pub(super) fn push(&mut self, no: u64, id: Id, hash: u64, to: u64, facts: &[u8]) {
        if self.rows.is_empty() {
            self.first = no;
        }
        let at = self.keep(facts);
        self.rows.push(Row { id, hash, to, at, len: facts.len() as u32 });
    }

    fn keep(&mut self, facts: &[u8]) -> u32 {
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(facts);
        at
    }

    fn index(&self, no: u64) -> Option<usize> {
        let index = usize::try_from(no.checked_sub(self.first)?).ok()?;
        (index < self.rows.len()).then_some(index)
    }

    pub(super) fn get(&self, no: u64) -> Option<(Row, &[u8])> {
        let row = self.rows[self.index(no)?];
        Some((row, self.facts(&row)))
    }

    fn facts(&self, row: &Row) -> &[u8] {
        self.bytes.get(row.at as usize..row.at as usize + row.len as usize).unwrap_or_default()
    }

    /// Replaces what a waiting row says; false if it is not waiting.
    pub(super) fn set(&mut self, no: u64, hash: u64, to: u64, facts: &[u8]) -> bool {
        let Some(index) = self.index(no) else { return false };
        let at = self.keep(facts);
        let row = &mut self.rows[index];
        (row.hash, row.to, row.at, row.len) = (hash, to, at, facts.len() as u32);
        true
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.bytes.clear();
    }
}

impl Slice for PendingRows {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let r = &self.rows[row];
        match column {
            0 => Cell::Number(self.first + row as u64),
            1 => Cell::Bytes(&r.id.0),
            2 => Cell::Number(r.hash),
            _ if self.records => Cell::Number(r.to),
            _ => Cell::Bytes(self.facts(r)),
        }
    }
}

/// Ids to be looked up, sorted, with their place in the question.
#[derive(Clone, Default)]
pub(super) struct Probe(pub(super) Vec<(Id, u32)>);

impl Slice for Probe {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let (id, place) = &self.0[row];
        if column == 0 { Cell::Number(u64::from(*place)) } else { Cell::Bytes(&id.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_map_is_a_map(puts in proptest::collection::vec((0_u16..400, any::<u64>()), 0..3000)) {
            let mut ours = PendingIds::default();
            let mut plain = std::collections::BTreeMap::new();
            let id = |k: u16| { let mut i = [0; 16]; i[14..].copy_from_slice(&k.to_be_bytes()); Id(i) };
            for (k, no) in puts {
                let hit = Hit { no, hash: no / 2, to: 0 };
                ours.put(id(k), hit);
                plain.insert(id(k), hit);
            }
            for k in 0..420 {
                prop_assert_eq!(ours.get(&id(k)), plain.get(&id(k)).copied());
            }
            ours.sort();
            let sorted: Vec<_> = ours.entries.clone();
            prop_assert_eq!(sorted, plain.into_iter().collect::<Vec<_>>());
        }
    }
}
