//! Tells most ids that are not stored from those that may be: a Bloom filter in blocks of one cache line.
//!
//! New rows are the dear ones: each would be looked for in a page of its own before it is known to be new (in a table of
//! a million ids that took more than half of a load). It is rebuilt from the table when it has grown too small, and
//! after a restart only once enough was missed to pay for it.
//! Invariant: an id in the table is never told to be missing.

use crate::Result;
use crate::sqlite::fault::Columns;
use banyan_words::Id;
use rusqlite::Connection;

/// Bits an id; with seven of them set, one of about a hundred new ids is looked for in vain.
const BITS: u64 = 10;
/// Beyond this it grows no more, and lets more and more through.
const MOST_BYTES: u64 = 8 << 20;

pub(super) struct Sieve {
    /// Blocks of eight words; a power of two of them.
    words: Vec<u64>,
    held: u64,
}

impl Sieve {
    pub(super) fn new(expected: u64) -> Sieve {
        let bytes = (expected.saturating_mul(BITS) / 8).next_power_of_two().clamp(256 << 10, MOST_BYTES);
        Sieve { words: vec![0; bytes as usize / 8], held: 0 }
    }

    /// Of all ids of a table.
    pub(super) fn of(conn: &Connection, table: &str, rows: u64) -> Result<Sieve> {
        let mut sieve = Sieve::new(rows.saturating_mul(4));
        let mut statement = conn.prepare_cached(&format!("SELECT id FROM {table}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            sieve.add(&row.id(0)?);
        }
        Ok(sieve)
    }

    /// Whether it should be made anew, larger.
    pub(super) fn is_full(&self) -> bool {
        let bytes = self.words.len() as u64 * 8;
        self.held > bytes * 8 / BITS && bytes < MOST_BYTES
    }

    /// The first word of an id's block, and seven bits to be set in it. Ids are hashes: their bits serve as they are.
    fn place(&self, id: &Id) -> (usize, u64) {
        let (mut block, mut bits) = ([0; 8], [0; 8]);
        block.copy_from_slice(&id.0[..8]);
        bits.copy_from_slice(&id.0[8..]);
        let mixed = u64::from_le_bytes(block).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let blocks = self.words.len() / 8;
        ((mixed as usize & (blocks - 1)) * 8, u64::from_le_bytes(bits))
    }

    pub(super) fn add(&mut self, id: &Id) {
        let (block, bits) = self.place(id);
        for i in 0..7 {
            let bit = bits >> (9 * i) & 511;
            self.words[block + (bit / 64) as usize] |= 1 << (bit % 64);
        }
        self.held += 1;
    }

    pub(super) fn may_have(&self, id: &Id) -> bool {
        let (block, bits) = self.place(id);
        (0..7).all(|i| {
            let bit = bits >> (9 * i) & 511;
            self.words[block + (bit / 64) as usize] >> (bit % 64) & 1 == 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_passes_and_little_else_does() {
        let id = |i: u32| Id::derive("e", "s", &[i.to_string()]);
        let mut sieve = Sieve::new(0);
        let full = (256 << 10) * 8 / BITS as u32;
        (0..full).for_each(|i| sieve.add(&id(i)));
        assert!((0..full).all(|i| sieve.may_have(&id(i))));
        let wrong = (full..2 * full).filter(|i| sieve.may_have(&id(*i))).count() as u32;
        assert!(wrong < full / 50, "{wrong} of {full} pass for nothing");
        assert!(!sieve.is_full());
        sieve.add(&id(full));
        assert!(sieve.is_full());
    }
}
