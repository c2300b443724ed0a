//! The front of a row, and what can be told of its observations without decoding them.
//!
//! Invariant: damaged bytes give `None`, never a panic. Not here: the layout and its codec (`facts`).

use super::RawAt;
use super::facts::{DIRECT, FORMAT, HAS_PARTS, HAS_PRIOR, LIVE, WAS_LIVE, WITHDRAWN, take_raw, take_seen};
use banyan_words::codec::{take, take_array, take_bytes, take_varint};

/// The front of a row: enough to serve it.
#[derive(Clone, Copy, Debug)]
pub struct FactsHead<'a> {
    /// See [`Instance::live`].
    pub live: bool,
    /// See [`Instance::was_live`].
    pub was_live: bool,
    /// See [`Instance::shape`].
    pub shape: u32,
    /// See [`Instance::etag`]; parts folded in.
    pub etag: u64,
    /// See [`Instance::changed`].
    pub changed: i64,
    canonical: &'a [u8],
}

impl<'a> FactsHead<'a> {
    /// Reads the front of a row; `None` if it is damaged or of a newer format.
    pub fn read(row: &'a [u8]) -> Option<FactsHead<'a>> {
        let mut at = row;
        let (head, _) = read_head(&mut at)?;
        Some(FactsHead { etag: with_parts(head.etag, head.parts), canonical: at, ..head.public() })
    }

    /// The canonical fragments in the order of the shape; an empty one is null.
    pub fn fragments(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut at = self.canonical;
        let mut left = take_varint(&mut at).unwrap_or(0);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            match take_varint(&mut at)? {
                0 => Some(&[][..]),
                n => take(&mut at, (n - 1) as usize),
            }
        })
    }

    /// Where the raw records of the observations are kept: withdrawn ones and prior ones too.
    pub fn for_each_raw(&self, mut each: impl FnMut(RawAt)) -> Option<()> {
        self.for_each_seen(|_, flags, mut after| {
            each(take_raw(&mut after)?);
            if flags & HAS_PRIOR != 0 {
                each(take_raw(&mut after)?);
            }
            Some(())
        })
    }

    /// The units that the observations came in, withdrawn ones too.
    pub fn for_each_unit(&self, mut each: impl FnMut(u32)) -> Option<()> {
        self.for_each_seen(|unit, _, _| {
            each(unit);
            Some(())
        })
    }

    /// Each observation's unit and flags, and what stands after its `seen`.
    fn for_each_seen(&self, mut each: impl FnMut(u32, u8, &[u8]) -> Option<()>) -> Option<()> {
        let mut at = self.observations()?;
        for _ in 0..take_varint(&mut at)? {
            let mut body = take_bytes(&mut at)?;
            take_varint(&mut body)?;
            let [flags] = take_array::<1>(&mut body)?;
            if flags & DIRECT == 0 {
                take(&mut body, 16)?;
            }
            let (unit, ..) = take_seen(&mut body)?;
            each(unit, flags, body)?;
        }
        Some(())
    }

    /// What follows the canonical fragments.
    fn observations(&self) -> Option<&'a [u8]> {
        let mut at = self.canonical;
        for _ in 0..take_varint(&mut at)? {
            let n = take_varint(&mut at)?;
            take(&mut at, n.saturating_sub(1) as usize)?;
        }
        Some(at)
    }

    /// The plan numbers of the observations, present ones only: which datasets the value rests on.
    pub fn for_each_plan(&self, mut each: impl FnMut(u32)) -> Option<()> {
        let mut at = self.observations()?;
        for _ in 0..take_varint(&mut at)? {
            let mut body = take_bytes(&mut at)?;
            let plan = take_varint(&mut body)? as u32;
            let [flags] = take_array::<1>(&mut body)?;
            if flags & WITHDRAWN == 0 {
                each(plan);
            }
        }
        Some(())
    }
}

/// The ETag of content and parts together.
pub fn with_parts(etag: u64, parts: u64) -> u64 {
    if parts == 0 { etag } else { banyan_words::codec::hash(&parts.to_le_bytes(), etag) }
}

pub(super) struct Head {
    pub(super) flags: u8,
    pub(super) shape: u32,
    pub(super) etag: u64,
    pub(super) parts: u64,
    pub(super) changed: i64,
}

impl Head {
    pub(super) fn public<'a>(&self) -> FactsHead<'a> {
        FactsHead {
            live: self.flags & LIVE != 0,
            was_live: self.flags & WAS_LIVE != 0,
            shape: self.shape,
            etag: self.etag,
            changed: self.changed,
            canonical: &[],
        }
    }
}

pub(super) fn read_head(at: &mut &[u8]) -> Option<(Head, ())> {
    let [format, flags] = take_array::<2>(at)?;
    if format != FORMAT {
        return None;
    }
    let shape = u32::try_from(take_varint(at)?).ok()?;
    let etag = u64::from_le_bytes(take_array(at)?);
    let parts = if flags & HAS_PARTS != 0 { u64::from_le_bytes(take_array(at)?) } else { 0 };
    let changed = take_varint(at)? as i64;
    Some((Head { flags, shape, etag, parts, changed }, ()))
}
