//! Rendered instances, kept by each worker.
//!
//! Invariant: an entry is served only while the store's generation is the one it was read under, and the reader's view
//! is never older than the generation asked before it; so no answer is staler than a read would be. Bounded by slots and
//! bytes.

use super::conditional::ETag;
use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;
use banyan_model::model::{DatasetNo, EntityNo};
use banyan_words::Id;

const SETS: usize = 2048;
const WAYS: usize = 4;
/// Bytes of bodies a worker keeps.
const MOST_BYTES: usize = 8 << 20;
/// A larger body is not kept.
const LARGEST: usize = 64 << 10;

/// A rendered instance.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) entity: EntityNo,
    pub(super) id: Id,
    pub(super) generation: u64,
    pub(super) body: Bytes,
    pub(super) etag: ETag,
    pub(super) etag_header: HeaderValue,
    pub(super) last_modified: HeaderValue,
    pub(super) cache_control: HeaderValue,
    pub(super) contributors: Vec<DatasetNo>,
    /// As-of the header was made for.
    pub(super) as_of: Option<i64>,
    pub(super) as_of_header: HeaderValue,
    /// Age in seconds the header was made for.
    pub(super) age: i64,
    pub(super) age_header: HeaderValue,
}

/// See the module.
pub(super) struct Cache {
    slots: Vec<Option<Box<Entry>>>,
    bytes: usize,
    hand: usize,
}

impl Cache {
    /// An empty one.
    pub(super) fn new() -> Cache {
        Cache { slots: (0..SETS * WAYS).map(|_| None).collect(), bytes: 0, hand: 0 }
    }

    /// An entry, if it is of that generation.
    pub(super) fn get(&mut self, entity: EntityNo, id: Id, generation: u64) -> Option<&mut Entry> {
        let first = set_of(entity, id);
        let found = self.slots.get_mut(first..first + WAYS)?.iter_mut().flatten();
        found.into_iter().map(|b| &mut **b).find(|e| e.id == id && e.entity == entity && e.generation == generation)
    }

    /// Keeps an entry, in place of an older one of its set.
    pub(super) fn put(&mut self, entry: Entry) {
        let size = entry.body.len();
        if size > LARGEST {
            return;
        }
        let first = set_of(entry.entity, entry.id);
        let set = first..first + WAYS;
        let at = set.clone().find(|at| match &self.slots[*at] {
            None => true,
            Some(old) => old.generation != entry.generation || (old.id == entry.id && old.entity == entry.entity),
        });
        self.hand = self.hand.wrapping_add(1);
        let at = at.unwrap_or(first + self.hand % WAYS);
        self.bytes += size;
        if let Some(old) = self.slots[at].replace(Box::new(entry)) {
            self.bytes -= old.body.len();
        }
        let mut sweep = at;
        while self.bytes > MOST_BYTES {
            sweep = (sweep + 1) % self.slots.len();
            if let Some(old) = self.slots[sweep].take() {
                self.bytes -= old.body.len();
            }
        }
    }
}

/// Ids are hashes already; only ids that lead to an instance are kept, so nobody chooses a set.
fn set_of(entity: EntityNo, id: Id) -> usize {
    let [.., a, b, c, d] = id.0;
    (u32::from_le_bytes([a, b, c, d]) as usize ^ entity.wrapping_mul(0x9e37)) % SETS * WAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u8, generation: u64, size: usize) -> Entry {
        let nothing = HeaderValue::from_static("");
        Entry {
            entity: 0,
            id: Id([n; 16]),
            generation,
            body: Bytes::from(vec![n; size]),
            etag: ETag::of(0),
            etag_header: nothing.clone(),
            last_modified: nothing.clone(),
            cache_control: nothing.clone(),
            contributors: Vec::new(),
            as_of: None,
            as_of_header: nothing.clone(),
            age: 0,
            age_header: nothing,
        }
    }

    #[test]
    fn a_new_generation_forgets_and_bytes_are_bounded() {
        let mut c = Cache::new();
        c.put(entry(1, 7, 10));
        assert!(c.get(0, Id([1; 16]), 7).is_some());
        assert!(c.get(0, Id([1; 16]), 8).is_none());
        assert!(c.get(1, Id([1; 16]), 7).is_none());
        c.put(entry(1, 8, 20));
        assert_eq!(c.bytes, 20, "the older one made room");
        c.put(entry(2, 8, LARGEST + 1));
        assert!(c.get(0, Id([2; 16]), 8).is_none());
        for n in 0..=255 {
            c.put(entry(n, 8, LARGEST));
        }
        assert!(c.bytes <= MOST_BYTES);
        assert_eq!(c.bytes, c.slots.iter().flatten().map(|e| e.body.len()).sum::<usize>());
    }
}
