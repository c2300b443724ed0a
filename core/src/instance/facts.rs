//! The durable form of an instance: one row of the store.
//!
//! Layout, in order: format byte, flags, shape, etag, parts (if flagged), changed, the canonical fragments (varint
//! length + 1 each, 0 for null), then the observations. The canonical part comes first, so that a read by id walks a few
//! bytes and never decodes what sources said. An observation's value that equals the canonical fragment of its field is
//! stored as a reference to it: values are stored once (`ENGINE.md`: that halves the database).
//! Invariant: `decode(encode(x)) == x`; damaged bytes give `None`, never a panic.

use super::head::read_head;
use super::{Fragments, Instance, Observation, RawAt, Say};
use crate::mapping::{Draft, SayKind};
use banyan_words::codec::{put_bytes, put_varint, take, take_array, take_bytes, take_varint};
use banyan_words::{Id, Place};

pub(super) const FORMAT: u8 = 1;
pub(super) const LIVE: u8 = 1;
pub(super) const WAS_LIVE: u8 = 2;
pub(super) const HAS_PARTS: u8 = 4;
const DOUBTFUL: u8 = 8;

pub(super) const WITHDRAWN: u8 = 1;
pub(super) const DIRECT: u8 = 2;
const HAS_ALIASES: u8 = 4;
const HAS_CHANGED_AT: u8 = 8;
const HAS_PICK: u8 = 16;
const HELD: u8 = 32;
pub(super) const HAS_PRIOR: u8 = 64;

fn bit(on: bool, flag: u8) -> u8 {
    if on { flag } else { 0 }
}

/// What plan numbers mean, which the encoding of observations leans on.
pub trait Plans {
    /// For each field that plan fills, the field's position in the shape, where it has one.
    fn positions(&self, plan: u32, shape: u32) -> &[Option<u16>];
}

/// Encoding and decoding of whole rows.
pub struct Facts;

impl Facts {
    /// Appends the row of `i`, whose id is `id`.
    pub fn encode(i: &Instance, id: Id, plans: &dyn Plans, out: &mut Vec<u8>) {
        let front = FactsFront {
            live: i.live,
            was_live: i.was_live,
            doubtful: i.doubtful,
            shape: i.shape,
            etag: i.etag,
            parts: i.parts,
            changed: i.changed,
        };
        Facts::encode_front(&front, &i.canonical, out);
        put_varint(i.observations.len() as u64, out);
        let mut body = Vec::new();
        for o in &i.observations {
            body.clear();
            encode_observation(o, id, i, plans.positions(o.plan, i.shape), &mut body);
            put_bytes(&body, out);
        }
    }

    /// Appends what comes before the observations.
    pub fn encode_front(front: &FactsFront, canonical: &Fragments, out: &mut Vec<u8>) {
        let flags = bit(front.live, LIVE)
            | bit(front.was_live, WAS_LIVE)
            | bit(front.doubtful, DOUBTFUL)
            | bit(front.parts != 0, HAS_PARTS);
        out.extend_from_slice(&[FORMAT, flags]);
        put_varint(u64::from(front.shape), out);
        out.extend_from_slice(&front.etag.to_le_bytes());
        if front.parts != 0 {
            out.extend_from_slice(&front.parts.to_le_bytes());
        }
        put_varint(front.changed as u64, out);
        put_varint(canonical.len() as u64, out);
        for f in canonical.iter() {
            if f.is_empty() {
                out.push(0);
            } else {
                put_varint(f.len() as u64 + 1, out);
                out.extend_from_slice(f);
            }
        }
    }

    /// Reads a row; `None` if it is damaged.
    pub fn decode(row: &[u8], id: Id, plans: &dyn Plans) -> Option<Instance> {
        let mut at = row;
        let (head, ()) = read_head(&mut at)?;
        let mut canonical = Fragments::default();
        for _ in 0..take_varint(&mut at)? {
            match take_varint(&mut at)? {
                0 => canonical.push(&[]),
                n => canonical.push(take(&mut at, usize::try_from(n - 1).ok()?)?),
            }
        }
        let public = head.public();
        let mut i = Instance {
            live: public.live,
            was_live: public.was_live,
            doubtful: head.flags & DOUBTFUL != 0,
            shape: head.shape,
            etag: head.etag,
            parts: head.parts,
            changed: head.changed,
            canonical,
            observations: Vec::new(),
        };
        for _ in 0..take_varint(&mut at)? {
            let o = decode_observation(take_bytes(&mut at)?, id, &i, plans)?;
            i.observations.push(o);
        }
        at.is_empty().then_some(i)
    }
}

/// What stands before the observations of a row: see [`Instance`].
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct FactsFront {
    pub live: bool,
    pub was_live: bool,
    pub doubtful: bool,
    pub shape: u32,
    pub etag: u64,
    pub parts: u64,
    pub changed: i64,
}

/// Where an observation comes from: see [`Observation`].
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Lineage {
    pub plan: u32,
    pub record: Id,
    pub unit: u32,
    pub place: Place,
    pub raw: RawAt,
    pub hash: u64,
}

/// Appends, as the only observation of the instance that its record is, what a draft says. It claims no further keys.
pub fn put_lone(l: &Lineage, draft: &Draft, canonical: &Fragments, positions: &[Option<u16>], out: &mut Vec<u8>) {
    put_varint(1, out);
    // Its length comes first, and is known last.
    let start = out.len();
    put_varint(u64::from(l.plan), out);
    let (has_time, has_pick) = (!draft.changed_at.is_empty(), !draft.pick.is_empty());
    out.push(DIRECT | bit(has_time, HAS_CHANGED_AT) | bit(has_pick, HAS_PICK));
    put_seen((l.unit, l.place), out);
    put_raw(l.raw, out);
    out.extend_from_slice(&l.hash.to_le_bytes());
    if has_time {
        put_bytes(&draft.changed_at, out);
    }
    if has_pick {
        put_bytes(&draft.pick, out);
    }
    put_varint(draft.says.len() as u64, out);
    for (n, say) in draft.says.iter().enumerate() {
        let shown = positions.get(n).copied().flatten().map(|p| canonical.get(usize::from(p)));
        match say {
            SayKind::Missing => out.push(0),
            SayKind::Value => put_value(draft.fragments.get(n), shown, out),
            SayKind::Keep(code) => {
                out.push(3);
                put_bytes(code.as_bytes(), out);
            }
        }
    }
    let len = out.len() - start;
    put_varint(len as u64, out);
    let prefix = out.len() - start - len;
    out[start..].rotate_right(prefix);
}

fn put_value(v: &[u8], shown: Option<&[u8]>, out: &mut Vec<u8>) {
    if Some(v) == shown {
        out.push(1);
    } else if v == b"null" {
        out.push(5);
    } else {
        out.push(2);
        put_bytes(v, out);
    }
}

fn encode_observation(o: &Observation, id: Id, i: &Instance, positions: &[Option<u16>], out: &mut Vec<u8>) {
    put_varint(u64::from(o.plan), out);
    let flags = bit(o.withdrawn, WITHDRAWN)
        | bit(o.record == id, DIRECT)
        | bit(!o.aliases.is_empty(), HAS_ALIASES)
        | bit(!o.changed_at.is_empty(), HAS_CHANGED_AT)
        | bit(!o.pick.is_empty(), HAS_PICK)
        | bit(o.held, HELD)
        | bit(o.prior.block != 0, HAS_PRIOR);
    out.push(flags);
    if flags & DIRECT == 0 {
        out.extend_from_slice(&o.record.0);
    }
    put_seen((o.unit, o.place), out);
    put_raw(o.raw, out);
    if o.prior.block != 0 {
        put_raw(o.prior, out);
    }
    out.extend_from_slice(&o.hash.to_le_bytes());
    if flags & HAS_ALIASES != 0 {
        put_varint(o.aliases.len() as u64, out);
        o.aliases.iter().for_each(|a| out.extend_from_slice(&a.0));
    }
    if flags & HAS_CHANGED_AT != 0 {
        put_bytes(&o.changed_at, out);
    }
    if flags & HAS_PICK != 0 {
        put_bytes(&o.pick, out);
    }
    put_varint(o.says.len() as u64, out);
    for (n, say) in o.says.iter().enumerate() {
        let shown = positions.get(n).copied().flatten().map(|p| i.canonical.get(usize::from(p)));
        put_say(say, shown, out);
    }
}

fn put_raw(at: RawAt, out: &mut Vec<u8>) {
    put_varint(at.block, out);
    put_varint(u64::from(at.slot), out);
}

pub(super) fn take_raw(at: &mut &[u8]) -> Option<RawAt> {
    Some(RawAt { block: take_varint(at)?, slot: u32::try_from(take_varint(at)?).ok()? })
}

fn put_seen((unit, place): (u32, Place), out: &mut Vec<u8>) {
    put_varint(u64::from(unit), out);
    put_varint(place.line, out);
    put_varint(place.offset, out);
}

pub(super) fn take_seen(at: &mut &[u8]) -> Option<(u32, Place)> {
    let unit = u32::try_from(take_varint(at)?).ok()?;
    Some((unit, Place { line: take_varint(at)?, offset: take_varint(at)? }))
}

fn put_say(say: &Say, shown: Option<&[u8]>, out: &mut Vec<u8>) {
    match say {
        Say::Missing => out.push(0),
        Say::Value(v) => put_value(v, shown, out),
        Say::Keep { code, value, seen } => {
            out.push(match (value, seen) {
                (_, None) => 3,
                (Some(_), Some(_)) => 4,
                (None, Some(_)) => 6,
            });
            put_bytes(code.as_bytes(), out);
            if let Some(seen) = seen {
                if let Some(v) = value {
                    put_bytes(v, out);
                }
                put_seen(*seen, out);
            }
        }
    }
}

fn decode_observation(body: &[u8], id: Id, i: &Instance, plans: &dyn Plans) -> Option<Observation> {
    let mut at = body;
    let plan = u32::try_from(take_varint(&mut at)?).ok()?;
    let [flags] = take_array::<1>(&mut at)?;
    let record = if flags & DIRECT != 0 { id } else { Id(take_array(&mut at)?) };
    let (unit, place) = take_seen(&mut at)?;
    let raw = take_raw(&mut at)?;
    let prior = if flags & HAS_PRIOR != 0 { take_raw(&mut at)? } else { RawAt::default() };
    let hash = u64::from_le_bytes(take_array(&mut at)?);
    let mut aliases = Vec::new();
    if flags & HAS_ALIASES != 0 {
        for _ in 0..take_varint(&mut at)? {
            aliases.push(Id(take_array(&mut at)?));
        }
    }
    let mut optional = |flag| -> Option<Vec<u8>> {
        if flags & flag == 0 { Some(Vec::new()) } else { Some(take_bytes(&mut at)?.to_vec()) }
    };
    let changed_at = optional(HAS_CHANGED_AT)?;
    let pick = optional(HAS_PICK)?;
    let positions = plans.positions(plan, i.shape);
    let mut says = Vec::new();
    for n in 0..take_varint(&mut at)? as usize {
        let [tag] = take_array::<1>(&mut at)?;
        says.push(match tag {
            0 => Say::Missing,
            1 => Say::Value(i.canonical.get(usize::from((*positions.get(n)?)?)).into()),
            2 => Say::Value(take_bytes(&mut at)?.into()),
            5 => Say::Value(b"null"[..].into()),
            3 | 4 | 6 => {
                let code = std::str::from_utf8(take_bytes(&mut at)?).ok()?.into();
                let value = if tag == 4 { Some(take_bytes(&mut at)?.into()) } else { None };
                let seen = if tag == 3 { None } else { Some(take_seen(&mut at)?) };
                Say::Keep { code, value, seen }
            }
            _ => return None,
        });
    }
    let (withdrawn, held) = (flags & WITHDRAWN != 0, flags & HELD != 0);
    Some(Observation { plan, record, unit, place, raw, prior, hash, withdrawn, held, aliases, changed_at, pick, says })
}

#[cfg(test)]
mod tests {
    use super::super::FactsHead;
    use super::*;
    use proptest::prelude::*;

    struct All;
    impl Plans for All {
        fn positions(&self, _: u32, _: u32) -> &[Option<u16>] {
            &[Some(0), Some(1), None]
        }
    }

    fn say() -> impl Strategy<Value = Say> {
        let bytes = || proptest::collection::vec(any::<u8>(), 1..5).prop_map(Vec::into_boxed_slice);
        prop_oneof![
            Just(Say::Missing),
            bytes().prop_map(Say::Value),
            Just(Say::Value(b"\"x\"".to_vec().into())),
            (proptest::option::of(bytes()), any::<bool>()).prop_map(|(value, known)| {
                let seen = (known || value.is_some()).then_some((3, Place { line: 1, offset: 2 }));
                Say::Keep { code: "c".into(), value, seen }
            }),
        ]
    }

    proptest! {
        #[test]
        fn rows_round_trip(says in proptest::collection::vec(say(), 0..4), live: bool, parts: u64, withdrawn: bool,
                           direct: bool, aliases in proptest::collection::vec(any::<[u8; 16]>().prop_map(Id), 0..3)) {
            let id = Id([7; 16]);
            let mut canonical = Fragments::default();
            canonical.push(b"\"x\"");
            canonical.push(b"");
            let o = Observation {
                plan: 9, record: if direct { id } else { Id([8; 16]) }, unit: 4, place: Place { line: 300, offset: 70_000 },
                raw: RawAt { block: 1, slot: 2 }, hash: 5, withdrawn, held: direct,
                prior: RawAt { block: parts % 2, slot: (parts % 2) as u32 }, aliases, changed_at: vec![], pick: vec![1], says,
            };
            let i = Instance { live, was_live: true, doubtful: live, shape: 3, etag: 1, parts, changed: 1_700_000_000_000, canonical,
                observations: vec![o.clone(), o] };
            let mut row = Vec::new();
            Facts::encode(&i, id, &All, &mut row);
            prop_assert_eq!(Facts::decode(&row, id, &All), Some(i.clone()));
            let head = FactsHead::read(&row).unwrap();
            prop_assert_eq!(head.fragments().collect::<Vec<_>>(), vec![&b"\"x\""[..], &b""[..]]);
            let mut raws = Vec::new();
            head.for_each_raw(|at| raws.push(at)).unwrap();
            let kept = i.observations.iter().flat_map(|o| [o.raw, o.prior]).filter(|at| at.block != 0);
            prop_assert_eq!(raws, kept.collect::<Vec<_>>());
            for cut in 0..row.len() {
                prop_assert_eq!(Facts::decode(&row[..cut], id, &All), None);
            }
        }

        #[test]
        fn damaged_rows_never_panic(row in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Facts::decode(&row, Id([0; 16]), &All);
            if let Some(h) = FactsHead::read(&row) {
                let _ = h.fragments().count();
                let _ = h.for_each_plan(|_| {});
                let _ = h.for_each_raw(|_| {});
            }
        }
    }
}
