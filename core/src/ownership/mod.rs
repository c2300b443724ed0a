//! Observations -> canonical value, with reasons and losers.
//!
//! Invariant: `derive` is a pure function of the set of observations; it never looks at what was canonical before. Where
//! the configured rules do not decide, the field is served as null and a person is asked: nothing is guessed.
//! Not here: how observations come to an instance (`identity`), what a record says (`mapping`).

mod lone;

pub use lone::{Lone, same_row};

use crate::instance::{Book, Fragments, Instance, Observation};
use crate::model::{Catalog, Entity, EntityNo, Field, ForeignChange, MappingNo, Owner, Pick};
use banyan_words::{Id, codec};
use std::cmp::Ordering;

/// What the rules need to know beyond the observations.
pub trait World {
    /// Compares two units: which is newer (`UnitRef::order`).
    fn compare_units(&self, a: u32, b: u32) -> Ordering;
    /// The id an id leads to: itself, unless it is an alias of an instance that has arrived.
    fn resolve(&self, entity: EntityNo, id: Id) -> Id;
}

/// A question that came up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Several records of one mapping speak about one instance, and no `pick` says which.
    SeveralRecords {
        /// The mapping.
        mapping: MappingNo,
    },
    /// `owner: review`, and they disagree.
    OwnersDisagree {
        /// The field.
        field: usize,
    },
    /// A source that does not rule the field says something else (`on_foreign_change: review`).
    ForeignChange {
        /// The field.
        field: usize,
        /// Who says so.
        mapping: MappingNo,
    },
}

/// Why a field has its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// This observation (position in the instance) gave it.
    From(usize),
    /// Nobody says anything.
    Nobody,
    /// The rules do not decide.
    Undecided,
}

/// Derives the canonical value into `i`: liveness, fragments, etag. Returns the questions that came up.
pub fn derive(catalog: &Catalog, entity_no: EntityNo, book: &Book, world: &dyn World, i: &mut Instance) -> Vec<Doubt> {
    let entity = &catalog.entities[entity_no];
    let mut doubts = Vec::new();
    let speakers = speakers(catalog, book, world, i, &mut doubts);
    let mut canonical = Fragments::default();
    for (no, field) in entity.fields.iter().enumerate() {
        let ruling = rule(field, no, &speakers, book, i, world);
        if ruling == Ruling::Undecided {
            doubts.push(Doubt::OwnersDisagree { field: no });
        }
        let value = match ruling {
            Ruling::From(o) => said(book, &i.observations[o], no).unwrap_or(b""),
            Ruling::Nobody | Ruling::Undecided => b"",
        };
        canonical.push_with(|out| render(field, value, world, out));
        if field.on_foreign_change == ForeignChange::Review {
            foreign(field, no, &speakers, book, i, canonical.get(no), &mut doubts);
        }
    }
    i.live = i.observations.iter().any(|o| {
        !o.withdrawn && book.plan(o.plan).and_then(|p| p.mapping).is_some_and(|m| catalog.mappings[m].creates)
    });
    i.was_live |= i.live;
    i.etag = etag_of(entity, &canonical);
    i.shape = entity.shape;
    i.canonical = canonical;
    doubts
}

/// Which observation rules a field of a derived instance, for lineage.
pub fn ruling(
    catalog: &Catalog,
    entity: EntityNo,
    book: &Book,
    world: &dyn World,
    i: &Instance,
    field: usize,
) -> Ruling {
    let speakers = speakers(catalog, book, world, i, &mut Vec::new());
    rule(&catalog.entities[entity].fields[field], field, &speakers, book, i, world)
}

/// The ETag's hash: over names and fragments, so that it is the same in every store.
fn etag_of(entity: &Entity, canonical: &Fragments) -> u64 {
    let mut h = codec::hash(entity.id_name.as_bytes(), 1);
    for (f, fragment) in entity.fields.iter().zip(canonical.iter()) {
        // A null field leaves no mark, so that adding an empty field to an entity keeps every ETag.
        if !fragment.is_empty() {
            h = codec::hash(fragment, codec::hash(f.name.as_bytes(), h));
        }
    }
    h
}

fn render(field: &Field, value: &[u8], world: &dyn World, out: &mut Vec<u8>) {
    if value == b"null" {
        return;
    }
    if let Some(target) = field.refers_to {
        let id = value.get(1..value.len().saturating_sub(1)).and_then(|t| std::str::from_utf8(t).ok());
        if let Some(id) = id.and_then(Id::parse) {
            out.push(b'"');
            out.extend_from_slice(&world.resolve(target, id).text());
            out.push(b'"');
            return;
        }
    }
    out.extend_from_slice(value);
}

/// What an observation says of a field: a value, or the last good one that it keeps.
pub fn said<'o>(book: &Book, o: &'o Observation, field: usize) -> Option<&'o [u8]> {
    let n = (*book.plan(o.plan)?.say_of.get(field)?)?;
    o.says.get(usize::from(n))?.value()
}

/// The observation that speaks for each mapping, in rank order.
fn speakers(
    catalog: &Catalog,
    book: &Book,
    world: &dyn World,
    i: &Instance,
    doubts: &mut Vec<Doubt>,
) -> Vec<(MappingNo, usize)> {
    let mut out: Vec<(MappingNo, usize)> = Vec::with_capacity(i.observations.len());
    let mut undecided: Vec<MappingNo> = Vec::new();
    for (at, o) in i.observations.iter().enumerate() {
        let Some(mapping) = book.plan(o.plan).and_then(|p| p.mapping) else { continue };
        if o.withdrawn {
            continue;
        }
        let Some(slot) = out.iter_mut().find(|(m, _)| *m == mapping) else {
            out.push((mapping, at));
            continue;
        };
        match &catalog.mappings[mapping].pick {
            Some(pick) => {
                if picks(pick, o, &i.observations[slot.1], world) {
                    slot.1 = at;
                }
            }
            None => undecided.push(mapping),
        }
    }
    undecided.dedup();
    for mapping in undecided {
        out.retain(|(m, _)| *m != mapping);
        doubts.push(Doubt::SeveralRecords { mapping });
    }
    out.sort_unstable();
    out
}

/// Whether `a` is picked over `b`. Ties fall to the record's key, which never depends on arrival.
fn picks(pick: &Pick, a: &Observation, b: &Observation, world: &dyn World) -> bool {
    let order = if pick.by.is_empty() {
        world.compare_units(a.unit, b.unit).then_with(|| a.place.cmp(&b.place))
    } else {
        a.pick.cmp(&b.pick)
    };
    let order = order.then_with(|| a.record.cmp(&b.record));
    if pick.last { order.is_gt() } else { order.is_lt() }
}

fn rule(
    field: &Field,
    no: usize,
    speakers: &[(MappingNo, usize)],
    book: &Book,
    i: &Instance,
    world: &dyn World,
) -> Ruling {
    let says = |m: MappingNo| {
        let (_, at) = speakers.iter().find(|(s, _)| *s == m)?;
        said(book, &i.observations[*at], no).map(|v| (*at, v))
    };
    match &field.owner {
        Owner::First(list) => list
            .iter()
            .flat_map(|(_, mappings)| mappings)
            .find_map(|m| says(*m))
            .map_or(Ruling::Nobody, |(at, _)| Ruling::From(at)),
        Owner::Latest(mappings) => mappings
            .iter()
            .filter_map(|m| says(*m))
            // `max_by` keeps the last of equals; reversed, the highest rank wins a tie.
            .rev()
            .max_by(|(a, _), (b, _)| later(&i.observations[*a], &i.observations[*b], world))
            .map_or(Ruling::Nobody, |(at, _)| Ruling::From(at)),
        Owner::Review(mappings) => {
            let mut all = mappings.iter().filter_map(|m| says(*m));
            let Some((at, first)) = all.next() else { return Ruling::Nobody };
            if all.all(|(_, v)| v == first) { Ruling::From(at) } else { Ruling::Undecided }
        }
    }
}

fn later(a: &Observation, b: &Observation, world: &dyn World) -> Ordering {
    a.changed_at
        .cmp(&b.changed_at)
        .then_with(|| if a.changed_at.is_empty() { world.compare_units(a.unit, b.unit) } else { Ordering::Equal })
}

fn foreign(
    field: &Field,
    no: usize,
    speakers: &[(MappingNo, usize)],
    book: &Book,
    i: &Instance,
    canonical: &[u8],
    doubts: &mut Vec<Doubt>,
) {
    for (mapping, at) in speakers {
        if field.owner.names(*mapping) {
            continue;
        }
        if let Some(v) = said(book, &i.observations[*at], no)
            && v != canonical
            && !(v == b"null" && canonical.is_empty())
        {
            doubts.push(Doubt::ForeignChange { field: no, mapping: *mapping });
        }
    }
}

impl Owner {
    /// Whether a mapping is among those that rule.
    pub fn names(&self, mapping: MappingNo) -> bool {
        match self {
            Owner::First(list) => list.iter().any(|(_, ms)| ms.contains(&mapping)),
            Owner::Latest(ms) | Owner::Review(ms) => ms.contains(&mapping),
        }
    }
}
