//! Index entries of a transaction: collected, then handed to SQLite in the order of the table.
//!
//! Invariant: of several words about one entry the last counts. Inserting an entry twice, or removing one that is not
//! there, changes nothing.

use crate::sqlite::slice::{Cell, Slice, Tray};
use crate::{Result, StoreError};
use banyan_words::codec;
use rusqlite::Connection;
use std::sync::Arc;

#[derive(Clone, Copy)]
struct Entry {
    /// The first bytes: they decide most comparisons without a look at the key.
    prefix: u64,
    n: u64,
    at: u32,
    len: u32,
    /// Which word it is: of two about one entry the later counts.
    seq: u32,
    gone: bool,
}

/// Entries (key, number) to be written or removed.
#[derive(Clone, Default)]
pub(super) struct PendingKeys {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// Where keys seen lately lie, by their hash: most indexed fields repeat themselves, and equal keys in one place are
    /// compared, and read when they are written, from one place.
    lately: Vec<(u32, u32)>,
}

const LATELY: usize = 8192;

fn prefix(key: &[u8]) -> u64 {
    let mut head = [0; 8];
    let len = key.len().min(8);
    head[..len].copy_from_slice(&key[..len]);
    u64::from_be_bytes(head)
}

impl PendingKeys {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn push(&mut self, key: &[u8], n: u64, gone: bool) {
        let (at, len) = (self.keep(key), key.len() as u32);
        let seq = self.entries.len() as u32;
        self.entries.push(Entry { prefix: prefix(key), n, at, len, seq, gone });
    }

    /// Where the key lies.
    fn keep(&mut self, key: &[u8]) -> u32 {
        self.lately.resize(LATELY, (0, 0));
        let slot = codec::hash(key, 0) as usize % LATELY;
        let (at, len) = self.lately[slot];
        if self.bytes.get(at as usize..at as usize + len as usize) == Some(key) {
            return at;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(key);
        self.lately[slot] = (at, key.len() as u32);
        at
    }

    fn key(&self, e: &Entry) -> &[u8] {
        key(&self.bytes, e)
    }

    /// Whether anything is said about entries of that key.
    pub(super) fn speaks_of(&self, wanted: &[u8]) -> bool {
        let p = prefix(wanted);
        self.entries.iter().any(|e| e.prefix == p && self.key(e) == wanted)
    }

    /// Sorts, keeps the last word about each entry, and takes out the removals.
    fn settle(&mut self, mut removed: impl FnMut(&[u8], u64) -> Result<()>) -> Result<()> {
        let bytes = &self.bytes;
        self.entries.sort_unstable_by(|a, b| {
            (a.prefix.cmp(&b.prefix))
                .then_with(|| if a.at == b.at { a.len.cmp(&b.len) } else { key(bytes, a).cmp(key(bytes, b)) })
                .then(a.n.cmp(&b.n))
                .then(a.seq.cmp(&b.seq))
        });
        let mut kept = 0;
        for i in 0..self.entries.len() {
            let e = self.entries[i];
            let again = self.entries.get(i + 1).is_some_and(|next| next.n == e.n && key(bytes, next) == key(bytes, &e));
            if again {
                continue;
            }
            if e.gone {
                removed(key(bytes, &e), e.n)?;
            } else {
                self.entries[kept] = e;
                kept += 1;
            }
        }
        self.entries.truncate(kept);
        Ok(())
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
        self.lately.clear();
    }
}

fn key<'a>(bytes: &'a [u8], e: &Entry) -> &'a [u8] {
    bytes.get(e.at as usize..e.at as usize + e.len as usize).unwrap_or_default()
}

impl Slice for PendingKeys {
    fn rows(&self) -> usize {
        self.entries.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let e = &self.entries[row];
        if column == 0 { Cell::Number(e.n) } else { Cell::Bytes(self.key(e)) }
    }
}

/// Writes all of it into an index table.
pub(super) fn flush(keys: &mut Arc<PendingKeys>, table: &str, conn: &Connection, tray: &Tray) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let pending = Arc::make_mut(keys);
    let mut remove = conn.prepare_cached(&format!("DELETE FROM {table} WHERE v = ?1 AND n = ?2"))?;
    pending.settle(|key, n| remove.execute((key, n as i64)).map(drop).map_err(StoreError::from))?;
    if !keys.is_empty() {
        let sql = format!("INSERT OR IGNORE INTO {table}(v, n) SELECT b, a FROM slice");
        tray.execute(conn, &sql, keys.clone())?;
    }
    Arc::make_mut(keys).clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        #[test]
        fn the_last_word_counts_and_order_is_the_table_s(
            words in proptest::collection::vec((proptest::collection::vec(prop_oneof![Just(0), Just(1), Just(0xff_u8), any::<u8>()], 0..11), 0_u64..4, any::<bool>()), 0..300)
        ) {
            let mut pending = PendingKeys::default();
            let mut last = BTreeMap::new();
            for (key, n, gone) in words {
                pending.push(&key, n, gone);
                prop_assert!(pending.speaks_of(&key));
                last.insert((key, n), gone);
            }
            let mut removed = BTreeSet::new();
            pending.settle(|k, n| { removed.insert((k.to_vec(), n)); Ok(()) }).unwrap();
            let kept: Vec<_> = pending.entries.iter().map(|e| (pending.key(e).to_vec(), e.n)).collect();
            let expected: Vec<_> = last.iter().filter(|(_, gone)| !**gone).map(|(k, _)| k.clone()).collect();
            prop_assert_eq!(kept, expected);
            prop_assert_eq!(removed.len() + pending.len(), last.len());
        }
    }
}
