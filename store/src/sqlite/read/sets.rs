//! The conditions on a field as a set of keys: intervals, and single keys left out.

use crate::sqlite::names::NULL;
use crate::{Condition, Test};

/// Keys from `lo` on (or after it) up to `hi` (or before it); no `hi` reaches over null, the greatest of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) lo: (Vec<u8>, bool),
    pub(super) hi: Option<(Vec<u8>, bool)>,
}

impl Interval {
    pub(super) fn point(key: Vec<u8>) -> Interval {
        Interval { lo: (key.clone(), true), hi: Some((key, true)) }
    }

    fn all() -> Interval {
        Interval { lo: (Vec::new(), true), hi: None }
    }

    /// All values but null, from `lo` to `hi`.
    fn values(lo: Option<(Vec<u8>, bool)>, hi: Option<(Vec<u8>, bool)>) -> Interval {
        let hi = hi.filter(|(key, _)| key.as_slice() < NULL).unwrap_or_else(|| (NULL.to_vec(), false));
        Interval { lo: lo.unwrap_or_else(|| (Vec::new(), true)), hi: Some(hi) }
    }

    pub(super) fn is_point(&self) -> bool {
        self.lo.1 && self.hi.as_ref() == Some(&self.lo)
    }

    /// Whether it begins anywhere but at the very first key.
    pub(super) fn is_bounded(&self) -> bool {
        !self.lo.0.is_empty() || !self.lo.1
    }

    fn is_empty(&self) -> bool {
        match &self.hi {
            None => false,
            Some((hi, with)) => *hi < self.lo.0 || (*hi == self.lo.0 && !(*with && self.lo.1)),
        }
    }

    pub(super) fn has(&self, key: &[u8]) -> bool {
        let above = if self.lo.1 { key >= &self.lo.0[..] } else { key > &self.lo.0[..] };
        above && self.hi.as_ref().is_none_or(|(hi, with)| if *with { key <= &hi[..] } else { key < &hi[..] })
    }

    /// What both have.
    pub(super) fn and(&self, other: &Interval) -> Option<Interval> {
        // Of two lower bounds with one key the one that leaves it out is higher; so for upper bounds, mirrored.
        let lo = std::cmp::max_by_key(&self.lo, &other.lo, |(k, with)| (k.clone(), !with)).clone();
        let hi = match (&self.hi, &other.hi) {
            (None, hi) | (hi, None) => hi.clone(),
            (Some(a), Some(b)) => Some(a.min(b).clone()),
        };
        let both = Interval { lo, hi };
        (!both.is_empty()).then_some(both)
    }
}

/// The first key after all that begin with these bytes; `None` where nothing is.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// What the conditions on one field leave.
#[derive(Clone, Debug)]
pub(super) struct FieldSet {
    pub(super) field: u32,
    /// In order, without overlap.
    pub(super) intervals: Vec<Interval>,
    except: Vec<Vec<u8>>,
    /// Whether any condition names what is wanted, rather than what is not.
    pub(super) wanted: bool,
}

impl FieldSet {
    fn all(field: u32) -> FieldSet {
        FieldSet { field, intervals: vec![Interval::all()], except: Vec::new(), wanted: false }
    }

    fn restrict(&mut self, test: &Test) {
        let with = match test {
            Test::Ne(key) => return self.except.push(key.clone()),
            Test::Eq(key) => vec![Interval::point(key.clone())],
            Test::In(keys) => {
                let mut keys: Vec<_> = keys.iter().filter(|k| k.as_slice() != NULL).cloned().collect();
                keys.sort_unstable();
                keys.dedup();
                keys.into_iter().map(Interval::point).collect()
            }
            Test::Prefix(p) => vec![Interval::values(Some((p.clone(), true)), after_prefix(p).map(|k| (k, false)))],
            Test::Range { from, to } => vec![Interval::values(from.clone(), to.clone())],
        };
        self.wanted = true;
        let pairs = self.intervals.iter().flat_map(|a| with.iter().filter_map(move |b| a.and(b)));
        self.intervals = pairs.collect();
    }

    pub(super) fn has(&self, key: &[u8]) -> bool {
        // In order, so that a long list of values is searched in a few steps.
        let at = self.intervals.partition_point(|i| i.lo.0.as_slice() <= key);
        let near = self.intervals.get(at.saturating_sub(2)..at).unwrap_or_default();
        near.iter().any(|i| i.has(key)) && !self.except.iter().any(|e| e == key)
    }

    /// Keys left out of the intervals, each once.
    pub(super) fn excepted(&self) -> impl Iterator<Item = Vec<u8>> {
        let within = self.except.iter().filter(|e| self.intervals.iter().any(|i| i.has(e)));
        within.cloned().collect::<std::collections::BTreeSet<_>>().into_iter()
    }

    /// Exactly one key is wanted.
    pub(super) fn is_point(&self) -> bool {
        matches!(&self.intervals[..], [one] if one.is_point())
    }
}

/// A set for each field that has a condition, in the order of the conditions.
pub(super) fn sets(conditions: &[Condition]) -> Vec<FieldSet> {
    let mut out: Vec<FieldSet> = Vec::new();
    for c in conditions {
        let at = out.iter().position(|s| s.field == c.field).unwrap_or_else(|| {
            out.push(FieldSet::all(c.field));
            out.len() - 1
        });
        out[at].restrict(&c.test);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(NULL.to_vec()),
            proptest::collection::vec(0_u8..3, 0..3).prop_map(|mut k| {
                k.insert(0, 1);
                k
            })
        ]
    }

    fn bound() -> impl Strategy<Value = Option<(Vec<u8>, bool)>> {
        proptest::option::of((key(), any::<bool>()))
    }

    fn test() -> impl Strategy<Value = Test> {
        prop_oneof![
            key().prop_map(Test::Eq),
            key().prop_map(Test::Ne),
            proptest::collection::vec(key(), 0..5).prop_map(Test::In),
            proptest::collection::vec(0_u8..3, 0..3).prop_map(Test::Prefix),
            (bound(), bound()).prop_map(|(from, to)| Test::Range { from, to }),
        ]
    }

    fn meets(test: &Test, key: &[u8]) -> bool {
        let null = key == NULL;
        match test {
            Test::Eq(k) => k == key,
            Test::Ne(k) => k != key,
            Test::In(ks) => !null && ks.iter().any(|k| k == key),
            Test::Prefix(p) => !null && key.starts_with(p),
            Test::Range { from, to } => {
                !null
                    && from.as_ref().is_none_or(|(k, with)| key > &k[..] || (*with && key == &k[..]))
                    && to.as_ref().is_none_or(|(k, with)| key < &k[..] || (*with && key == &k[..]))
            }
        }
    }

    proptest! {
        #[test]
        fn a_set_has_what_meets_all_conditions(tests in proptest::collection::vec(test(), 0..4), keys in proptest::collection::vec(key(), 0..12)) {
            let conditions: Vec<_> = tests.iter().map(|t| Condition { field: 1, test: t.clone() }).collect();
            let sets = sets(&conditions);
            for k in keys {
                let expected = tests.iter().all(|t| meets(t, &k));
                prop_assert_eq!(sets.iter().all(|s| s.has(&k)), expected, "{:?} {:?}", tests, k);
                let within = sets.iter().all(|s| s.intervals.iter().any(|i| i.has(&k)));
                prop_assert!(within || !expected);
            }
            for s in &sets {
                prop_assert!(s.intervals.windows(2).all(|w| w[0].lo.0 <= w[1].lo.0));
                prop_assert!(s.intervals.iter().all(|i| !i.is_empty()));
            }
        }
    }
}
