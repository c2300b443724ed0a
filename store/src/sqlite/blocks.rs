//! Raw records in blocks of about 64 KB, compressed together: records of one file resemble each other.
//!
//! A record: unit, shape, line, offset as varints, then its cells with their length.

use super::fault::damaged;
use crate::Result;
use banyan_words::Place;
use banyan_words::codec::{put_bytes, put_varint, take_bytes, take_varint};

/// A block is closed when it has grown to this; below 64 KB the packer gets by with its small table.
pub(super) const FULL: usize = if cfg!(test) { 300 } else { 60 * 1024 };

/// A record as it lies in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed<'a> {
    pub(super) unit: u32,
    pub(super) shape: u32,
    pub(super) place: Place,
    pub(super) cells: &'a [u8],
}

/// Appends a record.
pub(super) fn put(r: &Packed<'_>, out: &mut Vec<u8>) {
    put_varint(u64::from(r.unit), out);
    put_varint(u64::from(r.shape), out);
    put_varint(r.place.line, out);
    put_varint(r.place.offset, out);
    put_bytes(r.cells, out);
}

/// Takes a record off the front.
pub(super) fn take<'a>(at: &mut &'a [u8]) -> Result<Packed<'a>> {
    let mut read = || {
        Some(Packed {
            unit: u32::try_from(take_varint(at)?).ok()?,
            shape: u32::try_from(take_varint(at)?).ok()?,
            place: Place { line: take_varint(at)?, offset: take_varint(at)? },
            cells: take_bytes(at)?,
        })
    };
    read().ok_or_else(|| damaged("a raw block ends early"))
}

/// The record in that slot.
pub(super) fn slot(block: &[u8], slot: u32) -> Result<Option<Packed<'_>>> {
    let mut at = block;
    for _ in 0..slot {
        if at.is_empty() {
            return Ok(None);
        }
        take(&mut at)?;
    }
    if at.is_empty() { Ok(None) } else { take(&mut at).map(Some) }
}

/// Unpacks a block that holds `len` bytes.
pub(super) fn unpack(z: &[u8], len: u64) -> Result<Vec<u8>> {
    // LZ4 cannot do better than 255 to 1: a larger claim is damage, not a reason to allocate.
    if len > 255 * z.len() as u64 + 64 {
        return Err(damaged("a raw block claims an impossible size"));
    }
    let block = lz4_flex::block::decompress(z, len as usize).map_err(|e| damaged(format!("a raw block: {e}")))?;
    if block.len() as u64 == len { Ok(block) } else { Err(damaged("a raw block has another size than it says")) }
}

/// Packs blocks, keeping its tables between them.
pub(super) struct Packer {
    table: lz4_flex::block::CompressTable,
    out: Vec<u8>,
}

impl Packer {
    pub(super) fn new() -> Packer {
        Packer { table: lz4_flex::block::CompressTable::small(), out: Vec::new() }
    }

    pub(super) fn pack(&mut self, block: &[u8]) -> Result<&[u8]> {
        self.out.resize(lz4_flex::block::get_maximum_output_size(block.len()), 0);
        let len = lz4_flex::block::compress_into_with_table(block, &mut self.out, &mut self.table)
            .map_err(|e| damaged(format!("a raw block cannot be packed: {e}")))?;
        Ok(self.out.get(..len).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_block_gives_back_its_records() {
        let cells: Vec<Vec<u8>> = (0..50_u8).map(|i| vec![i; usize::from(i) * 3]).collect();
        let mut block = Vec::new();
        let record = |i: usize| Packed {
            unit: 7,
            shape: i as u32,
            place: Place { line: 300 * i as u64, offset: i as u64 },
            cells: &cells[i],
        };
        (0..50).for_each(|i| put(&record(i), &mut block));
        let mut packer = Packer::new();
        for _ in 0..2 {
            let back = unpack(packer.pack(&block).unwrap(), block.len() as u64).unwrap();
            for i in 0..50 {
                assert_eq!(slot(&back, i as u32).unwrap(), Some(record(i)));
            }
            assert_eq!(slot(&back, 50).unwrap(), None);
        }
    }

    proptest! {
        #[test]
        fn damaged_blocks_never_panic(z in proptest::collection::vec(any::<u8>(), 0..80), len in 0_u64..5000, n: u8) {
            let _ = unpack(&z, len);
            let _ = slot(&z, u32::from(n));
        }
    }
}
