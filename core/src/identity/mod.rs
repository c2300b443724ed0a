//! How observations come to an instance, and instances to each other.
//!
//! Invariant: admitting the same observations in any order, with any repeats, ends in the same set. A lower *seen*
//! (unit order, then place) never replaces a higher one.
//! Not here: which value wins (`ownership`), match rules and merges by people (they will build on [`absorb`]).

use crate::instance::{Book, Instance, Observation, Say};
use crate::ownership::World;
use banyan_words::Id;
use std::cmp::Ordering;

/// What became of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is part of the set now, and says something new.
    Applied,
    /// It is part of the set now, but what its record says is what was known.
    Unchanged,
    /// A newer one of the same record is known.
    Superseded,
}

/// Admits an observation. The record is told by mapping and record key.
pub fn admit(i: &mut Instance, new: Observation, book: &Book, world: &dyn World) -> Verdict {
    let mapping = mapping_of(book, &new);
    let at = i.observations.iter().position(|o| o.record == new.record && mapping_of(book, o) == mapping);
    let Some(at) = at else {
        let place = i.observations.partition_point(|o| sort_key(book, o) < sort_key(book, &new));
        i.observations.insert(place, new);
        return Verdict::Applied;
    };
    let old = &i.observations[at];
    if seen(old, &new, world) == Ordering::Greater {
        let mut kept = old.clone();
        let helped = fill_kept(&mut kept, &new, book, world);
        i.observations[at] = kept;
        return if helped { Verdict::Applied } else { Verdict::Superseded };
    }
    let mut new = new;
    fill_kept(&mut new, old, book, world);
    new.held = old.held;
    let same = new.withdrawn == old.withdrawn
        && new.says == old.says
        && new.plan == old.plan
        && new.changed_at == old.changed_at
        && new.pick == old.pick
        && new.aliases == old.aliases;
    i.observations[at] = new;
    if same { Verdict::Unchanged } else { Verdict::Applied }
}

/// Moves all that was said of `from` to `into`: a placeholder that waited under another key, or a merged instance.
pub fn absorb(into: &mut Instance, from: Instance, book: &Book, world: &dyn World) {
    for o in from.observations {
        admit(into, o, book, world);
    }
    into.parts = into.parts.wrapping_add(from.parts);
    into.was_live |= from.was_live;
}

/// Compares what two observations have seen.
pub fn seen(a: &Observation, b: &Observation, world: &dyn World) -> Ordering {
    compare_seen((a.unit, a.place), (b.unit, b.place), world)
}

/// Compares two records of one dataset by their units and places: which is the newer one. Two versions of a file that bear
/// one time are told apart by which of them came later: a line's place says nothing across them.
pub fn compare_seen(a: (u32, banyan_words::Place), b: (u32, banyan_words::Place), world: &dyn World) -> Ordering {
    if a.0 == b.0 {
        return a.1.cmp(&b.1);
    }
    world.compare_units(a.0, b.0).then(a.0.cmp(&b.0))
}

/// Tells the `KEEP` fields of `newer` what an `older` observation of the same record said of them for certain, where
/// that is newer than what they know: a value, or that there is none (nothing said, or withdrawn). True if a value
/// changed by it.
fn fill_kept(newer: &mut Observation, older: &Observation, book: &Book, world: &dyn World) -> bool {
    let (Some(new_plan), Some(old_plan)) = (book.plan(newer.plan), book.plan(older.plan)) else { return false };
    let mut changed = false;
    for (n, say) in newer.says.iter_mut().enumerate() {
        let Say::Keep { value, seen, .. } = say else { continue };
        let here = Some((older.unit, older.place));
        let name = new_plan.fields.get(n);
        let old = old_plan.fields.iter().position(|f| Some(f) == name).and_then(|at| older.says.get(at));
        let (known, when) = match old {
            Some(Say::Value(v)) => (Some(v.clone()), here),
            Some(Say::Keep { value, seen, .. }) => (value.clone(), *seen),
            Some(Say::Missing) | None => (None, here),
        };
        let Some(when) = when else { continue };
        if seen.is_none_or(|s| compare_seen(when, s, world).is_gt()) {
            changed |= *value != known;
            (*value, *seen) = (known, Some(when));
        }
    }
    changed
}

fn mapping_of(book: &Book, o: &Observation) -> Option<usize> {
    book.plan(o.plan).and_then(|p| p.mapping)
}

fn sort_key(book: &Book, o: &Observation) -> (usize, Id) {
    (mapping_of(book, o).unwrap_or(usize::MAX), o.record)
}

#[cfg(test)]
mod tests;
