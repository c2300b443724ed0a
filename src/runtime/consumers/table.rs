//! What is known of who calls what, in memory: bounded, and as rows of the store.
//!
//! Invariant: at most [`MOST`] pairs of a consumer and a route are told apart. A pair that was not seen for [`KEPT`] days
//! makes room; what finds none counts as [`OTHERS`], route by route, so that nobody is overlooked.

use super::tally::Drained;
use banyan_store::evidence::{DayRow, PairRow};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs that are told apart.
pub const MOST: usize = 1_000;

/// Days that are kept one by one.
pub const KEPT: i64 = 90;

/// All consumers that could not be told apart.
pub const OTHERS: &str = "others";

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

/// What is known of a consumer and a route, but for its days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// When it was seen first, in milliseconds since 1970.
    pub first: i64,
    /// When it was seen last.
    pub last: i64,
    /// When it was last seen to need legacy: modern failed, it was bound to legacy, legacy had made its token.
    pub needed: [Option<i64>; 3],
    /// Fields that were asked for, each with the day on which it was last; `*` means all.
    pub fields: BTreeMap<String, i64>,
}

/// What was counted on a day, at a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls.
    pub calls: u64,
    /// Of them: legacy was needed, as in [`About::needed`].
    pub needs: [u64; 3],
}

/// A consumer and a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// What is known of the two.
    pub about: About,
    /// Counts, by day since 1970 and stage.
    pub days: BTreeMap<(i64, String), Counts>,
}

pub(super) type Name = (String, String);

/// All pairs.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) pairs: BTreeMap<Name, Pair>,
    /// Pairs that are told apart and have not been counted yet.
    coming: BTreeSet<Name>,
    dirty: BTreeSet<(Name, i64, String)>,
    gone: BTreeSet<Name>,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) pairs: Vec<PairRow>,
    pub(super) days: Vec<DayRow>,
    pub(super) gone: BTreeSet<Name>,
    marks: BTreeSet<(Name, i64, String)>,
}

impl Table {
    /// Of what the store knows. What cannot be read is as good as never seen.
    pub(super) fn of(pairs: Vec<PairRow>, days: Vec<DayRow>) -> Table {
        let mut table = Table::default();
        for row in pairs {
            let about = serde_json::from_str(&row.document).unwrap_or_default();
            table.pairs.insert((row.consumer, row.route), Pair { about, days: BTreeMap::new() });
        }
        for row in days {
            let needs = [row.fell_back, row.pinned, row.tokens];
            let pair = table.pairs.entry((row.consumer, row.route)).or_default();
            pair.days.insert((row.day, row.stage), Counts { calls: row.calls, needs });
        }
        table
    }

    /// Whether a pair is told apart, or is from now on.
    pub(super) fn admits(&mut self, name: &Name, now_ms: i64) -> bool {
        if name.0 == OTHERS || self.pairs.contains_key(name) || self.coming.contains(name) {
            return true;
        }
        let named = self.pairs.keys().filter(|n| n.0 != OTHERS).count();
        if named + self.coming.len() < MOST || self.makes_room(now_ms) {
            self.coming.insert(name.clone());
            return true;
        }
        false
    }

    /// Forgets the pair that was not seen for the longest time, if that is long enough.
    fn makes_room(&mut self, now_ms: i64) -> bool {
        let idle = self.pairs.iter().filter(|(n, _)| n.0 != OTHERS);
        let oldest = idle.min_by_key(|(_, p)| p.about.last).map(|(n, p)| (n.clone(), p.about.last));
        match oldest {
            Some((old, last)) if now_ms.saturating_sub(last) > KEPT * DAY_MS => {
                self.pairs.remove(&old);
                self.gone.insert(old);
                true
            }
            _ => false,
        }
    }

    /// Adds what was counted.
    pub(super) fn add(&mut self, name: Name, stage: &str, drained: Drained, now_ms: i64) {
        let day = now_ms.div_euclid(DAY_MS);
        let pair = self.pairs.entry(name.clone()).or_default();
        let about = &mut pair.about;
        if about.first == 0 {
            about.first = now_ms;
        }
        about.last = about.last.max(now_ms);
        about.fields.extend(drained.fields.into_iter().map(|f| (f, day)));
        let counts = pair.days.entry((day, stage.to_owned())).or_default();
        counts.calls += drained.calls;
        for (n, needed) in drained.needs.into_iter().enumerate() {
            counts.needs[n] += needed;
            if needed > 0 {
                about.needed[n] = Some(now_ms);
            }
        }
        self.gone.remove(&name);
        self.coming.remove(&name);
        self.dirty.insert((name, day, stage.to_owned()));
    }

    /// Forgets days that are too old; the first that is kept.
    pub(super) fn tidy(&mut self, now_ms: i64) -> i64 {
        let first = now_ms.div_euclid(DAY_MS) - KEPT;
        for pair in self.pairs.values_mut() {
            pair.days.retain(|(day, _), _| *day >= first);
        }
        first
    }

    /// What was changed since it was asked last.
    pub(super) fn changed(&mut self) -> Rows {
        let mut rows =
            Rows { marks: std::mem::take(&mut self.dirty), gone: std::mem::take(&mut self.gone), ..Rows::default() };
        let mut done: Option<&Name> = None;
        for (name, day, stage) in &rows.marks {
            let Some(pair) = self.pairs.get(name) else { continue };
            let (consumer, route) = name.clone();
            if done.replace(name) != Some(name) {
                let document = serde_json::to_string(&pair.about).unwrap_or_default();
                rows.pairs.push(PairRow { consumer: consumer.clone(), route: route.clone(), document });
            }
            let Some(c) = pair.days.get(&(*day, stage.clone())) else { continue };
            let [fell_back, pinned, tokens] = c.needs;
            let (day, stage, calls) = (*day, stage.clone(), c.calls);
            rows.days.push(DayRow { consumer, route, day, stage, calls, fell_back, pinned, tokens });
        }
        rows
    }

    /// It could not be written: it is still to be.
    pub(super) fn not_written(&mut self, rows: Rows) {
        self.dirty.extend(rows.marks);
        self.gone.extend(rows.gone.into_iter().filter(|n| !self.pairs.contains_key(n)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(n: u64, needs: [u64; 3]) -> Drained {
        Drained { calls: n, needs, fields: BTreeSet::from(["name".to_owned()]) }
    }

    fn name(consumer: &str) -> Name {
        (consumer.to_owned(), "/a".to_owned())
    }

    #[test]
    fn what_is_written_comes_back() {
        let mut table = Table::default();
        table.add(name("shop"), "modern", calls(3, [0, 0, 1]), 100 * DAY_MS);
        table.add(name("shop"), "modern", calls(2, [0, 0, 0]), 100 * DAY_MS + 5);
        table.add(name("shop"), "retired", calls(1, [0, 0, 0]), 101 * DAY_MS);
        table.add(name("x"), "modern", calls(1, [1, 0, 0]), 101 * DAY_MS);
        let rows = table.changed();
        assert_eq!((rows.pairs.len(), rows.days.len()), (2, 3));
        let again = Table::of(rows.pairs.clone(), rows.days.clone());
        assert_eq!(again.pairs, table.pairs);
        assert_eq!(again.pairs[&name("shop")].about.needed, [None, None, Some(100 * DAY_MS)]);
        assert!(table.changed().pairs.is_empty());
        table.not_written(rows);
        assert_eq!(table.changed().days.len(), 3, "a write that failed is made again");
        table.tidy((100 + KEPT + 1) * DAY_MS);
        assert_eq!(table.pairs[&name("shop")].days.len(), 1);
    }

    #[test]
    fn pairs_are_bounded_and_the_idle_make_room() {
        let mut table = Table::default();
        for n in 0..MOST {
            assert!(table.admits(&name(&n.to_string()), 0));
            table.add(name(&n.to_string()), "modern", calls(1, [0; 3]), 1_000 + n as i64);
        }
        assert!(!table.admits(&name("new"), 1_000), "all were seen of late");
        assert!(table.admits(&name(OTHERS), 1_000));
        assert!(table.admits(&name("7"), 1_000));
        let later = 2_000 + KEPT * DAY_MS;
        assert!(table.admits(&name("new"), later) && table.admits(&name("new"), later));
        assert!(!table.pairs.contains_key(&name("0")) && table.pairs.contains_key(&name("1")), "one made room for one");
        assert_eq!(table.changed().gone, BTreeSet::from([name("0")]));
    }
}
