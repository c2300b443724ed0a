//! The difference of two arrays: a missing element is one difference, not one for every element after it.

use super::diff::{Kind, Walk};
use super::normal::normal;
use crate::json::Doc;
use crate::path::Step;
use std::collections::HashMap;

/// Elements of a set that have no equal are compared each with each up to this many.
const PAIRED: usize = 32;

impl Walk<'_> {
    pub(super) fn lists(&mut self, legacy: &[Doc], modern: &[Doc]) {
        let unordered = self.rules.unordered(&self.place);
        let l = self.normals(legacy);
        let m = self.normals(modern);
        if l == m {
            return;
        }
        let (lost, gained) = apart(&l, &m);
        if lost.is_empty() && gained.is_empty() {
            if !unordered {
                self.differ(Kind::Order, Some(&Doc::List(legacy.to_vec())), Some(&Doc::List(modern.to_vec())));
            }
            return;
        }
        if unordered {
            self.unpaired(legacy, modern, lost, gained);
            return;
        }
        if legacy.len() == modern.len() && lost == gained {
            // The same places differ: element against element.
            for n in lost {
                if let (Some(l), Some(m)) = (legacy.get(n), modern.get(n)) {
                    self.at(Step::Index(n), |walk| walk.both(l, m));
                }
            }
        } else {
            self.each(legacy, modern, &lost, &gained, Step::Index);
        }
        // What both have must also come in the same order.
        let kept = |all: &[String], without: &[usize]| -> Vec<String> {
            let left = all.iter().enumerate().filter(|(n, _)| without.binary_search(n).is_err());
            left.map(|(_, text)| text.clone()).collect()
        };
        let (lost, gained) = apart(&l, &m);
        if kept(&l, &lost) != kept(&m, &gained) {
            self.differ(Kind::Order, Some(&Doc::List(legacy.to_vec())), Some(&Doc::List(modern.to_vec())));
        }
    }

    fn normals(&mut self, items: &[Doc]) -> Vec<String> {
        let mut texts = Vec::with_capacity(items.len());
        for (n, item) in items.iter().enumerate() {
            self.place.push(Step::Index(n));
            texts.push(normal(item, self.rules, &mut self.place));
            self.place.pop();
        }
        texts
    }

    fn each(&mut self, legacy: &[Doc], modern: &[Doc], lost: &[usize], gained: &[usize], step: impl Fn(usize) -> Step) {
        for (items, places, kind) in [(legacy, lost, Kind::Missing), (modern, gained, Kind::Extra)] {
            for n in places {
                if let Some(item) = items.get(*n) {
                    self.at(step(*n), |walk| walk.one(kind, item));
                }
            }
        }
    }

    /// Elements of a set without an equal on the other side: each is compared with the one it resembles most, so that a
    /// tolerance counts here too and a changed member is told as such.
    fn unpaired(&mut self, legacy: &[Doc], modern: &[Doc], lost: Vec<usize>, mut gained: Vec<usize>) {
        if lost.len() != gained.len() || lost.len() > PAIRED {
            self.each(legacy, modern, &lost, &gained, |_| Step::Any);
            return;
        }
        for n in lost {
            let Some(l) = legacy.get(n) else { continue };
            let resembling = gained.iter().enumerate().filter_map(|(slot, g)| {
                let m = modern.get(*g)?;
                Some((self.weigh(n, l, m), slot, m))
            });
            let Some((_, slot, m)) = resembling.min_by_key(|(count, slot, _)| (*count, *slot)) else { continue };
            gained.remove(slot);
            self.at(Step::Index(n), |walk| walk.both(l, m));
        }
    }

    /// How many differences the two would make at place `n`.
    fn weigh(&self, n: usize, legacy: &Doc, modern: &Doc) -> u64 {
        let mut trial = Walk::new(self.rules);
        trial.place = self.place.clone();
        trial.at(Step::Index(n), |walk| walk.both(legacy, modern));
        trial.count
    }
}

/// The places of elements that the other side lacks, counted with multiplicity; of equal elements the last ones.
fn apart(l: &[String], m: &[String]) -> (Vec<usize>, Vec<usize>) {
    let without = |of: &[String], other: &[String]| {
        let mut left: HashMap<&str, usize> = HashMap::new();
        other.iter().for_each(|text| *left.entry(text).or_default() += 1);
        let lacking = of.iter().enumerate().filter(|(_, text)| match left.get_mut(text.as_str()) {
            Some(n) if *n > 0 => {
                *n -= 1;
                false
            }
            _ => true,
        });
        lacking.map(|(n, _)| n).collect()
    };
    (without(l, m), without(m, l))
}
