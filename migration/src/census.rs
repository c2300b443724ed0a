//! Small populations: where 91 customers can never yield 1,148 distinct comparisons, every one of them is compared.
//!
//! Invariant: a census counts only if it is whole: all instances and all declared list shapes, each compared under one and
//! the same basis, none failed, none open.

use serde::{Deserialize, Serialize};

/// Everything a route can show, as requests in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    shapes: Vec<Shape>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    target: String,
    entity: Option<String>,
    /// How many pages; 1 where it is no list.
    pages: u64,
}

/// One request of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned<'p> {
    /// Path and query, of a list its first page.
    pub target: &'p str,
    /// Which page, from 0.
    pub page: u64,
    /// The instance that is asked for.
    pub entity: Option<&'p str>,
}

impl Plan {
    /// Adds one instance, or another address that shows one thing.
    pub fn one(&mut self, target: impl Into<String>, entity: Option<String>) {
        self.shapes.push(Shape { target: target.into(), entity, pages: 1 });
    }

    /// Adds a list of so many pages.
    pub fn list(&mut self, target: impl Into<String>, pages: u64) {
        self.shapes.push(Shape { target: target.into(), entity: None, pages: pages.max(1) });
    }

    /// How many requests it has.
    pub fn len(&self) -> u64 {
        self.shapes.iter().map(|s| s.pages).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.shapes.is_empty()
    }

    /// Names it.
    pub fn hash(&self) -> String {
        let lines: Vec<String> = self.shapes.iter().map(|s| format!("{} {}", s.pages, s.target)).collect();
        let print = crate::distinct::print(&lines.join("\n"), "", "plan");
        print.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The requests with their numbers, from that one on; from its first page, where that is a later page of a list.
    pub fn from(&self, first: u64) -> impl Iterator<Item = (u64, Planned<'_>)> {
        let mut before = 0;
        let numbered = self.shapes.iter().map(move |shape| {
            let number = before;
            before += shape.pages;
            (number, shape)
        });
        numbered.filter(move |(number, shape)| number + shape.pages > first).flat_map(|(number, shape)| {
            (0..shape.pages).map(move |page| {
                (number + page, Planned { target: &shape.target, page, entity: shape.entity.as_deref() })
            })
        })
    }
}

/// A sweep over everything a route can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Requests that the sweep consists of: every instance, every declared list shape.
    pub planned: u64,
    /// Of these, compared and equal (or differing only where a person accepted it).
    pub equal: u64,
    /// Mismatches nobody has judged, or judged as a bug of modern.
    pub open: u64,
    /// Differing only where legacy disagrees with itself.
    pub indeterminate: u64,
    /// Not compared: one of the sides did not answer.
    pub failed: u64,
}

impl Census {
    /// Whether it proves parity.
    pub fn is_clean(&self) -> bool {
        self.planned > 0 && self.equal == self.planned && self.open == 0 && self.indeterminate == 0 && self.failed == 0
    }

    /// How many requests were asked, whatever came of them.
    pub fn asked(&self) -> u64 {
        self.equal + self.open + self.indeterminate + self.failed
    }

    /// How it stands, for people.
    pub fn told(&self) -> String {
        let Census { planned, equal, open, indeterminate, failed } = self;
        let left = planned.saturating_sub(self.asked());
        format!(
            "{equal} of {planned} equal, {open} open, {indeterminate} indeterminate, {failed} failed, {left} to come"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_goes_on_where_it_ended_and_pages_from_their_first() {
        let mut plan = Plan::default();
        plan.one("/a/1", Some("1".into()));
        plan.list("/a", 3);
        plan.list("/a?x=1", 1);
        assert_eq!(plan.len(), 5);
        let asked = |first| plan.from(first).map(|(n, p)| (n, p.target, p.page)).collect::<Vec<_>>();
        let all = [(0, "/a/1", 0), (1, "/a", 0), (2, "/a", 1), (3, "/a", 2), (4, "/a?x=1", 0)];
        assert_eq!(asked(0), all);
        assert_eq!(asked(3), all[1..], "the second page is known by the first alone");
        assert_eq!(asked(4), all[4..]);
        assert_eq!(asked(5), []);
    }

    #[test]
    fn it_counts_only_if_it_is_whole() {
        let whole = Census { planned: 91, equal: 91, ..Census::default() };
        assert!(whole.is_clean());
        assert!(!Census::default().is_clean(), "nothing proves nothing");
        assert!(!Census { equal: 90, ..whole }.is_clean());
        for broken in [Census { open: 1, ..whole }, Census { failed: 1, ..whole }, Census { indeterminate: 1, ..whole }]
        {
            assert!(!broken.is_clean());
        }
    }
}
