//! Small populations: where 91 customers can never yield 1,148 distinct comparisons, every one of them is compared.
//!
//! Invariant: a census counts only if it is whole: all instances and all declared list shapes, each compared under one and
//! the same basis, none failed, none open.

use serde::{Deserialize, Serialize};

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

    /// How it stands, for people.
    pub fn told(&self) -> String {
        let Census { planned, equal, open, indeterminate, failed } = self;
        let left = planned.saturating_sub(equal + open + indeterminate + failed);
        format!(
            "{equal} of {planned} equal, {open} open, {indeterminate} indeterminate, {failed} failed, {left} to come"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
