//! A comparison counts once: repeats of one request about one version of one entity are not independent.
//!
//! Invariant: what counted in a window does not count in it again. Memory is bounded; beyond the bound nothing counts,
//! rather than anything twice.

use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// What made a comparison distinct.
pub type Print = [u8; 16];

/// Names a comparison: the request (method, path, query, headers that choose), the entity asked for, its version.
pub fn print(request: &str, entity: &str, version: &str) -> Print {
    let mut digest = Sha256::new();
    for part in [request, entity, version] {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut print = Print::default();
    print.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
    print
}

/// The comparisons that counted of late: in this window and the one before, so that one at a window's edge is not counted
/// twice within its length.
#[derive(Clone, Debug)]
pub struct Window {
    length_ms: i64,
    most: usize,
    began_ms: i64,
    now: HashSet<Print>,
    before: HashSet<Print>,
    /// Comparisons that did not count because too many did.
    pub overflowed: u64,
}

impl Window {
    /// One of that length which remembers at most so many comparisons, about 40 bytes each, twice.
    pub fn new(length_ms: i64, most: usize) -> Window {
        Window { length_ms, most, began_ms: i64::MIN, now: HashSet::new(), before: HashSet::new(), overflowed: 0 }
    }

    /// Whether the comparison counts. If it does, it does not again.
    pub fn counts(&mut self, print: Print, now_ms: i64) -> bool {
        let age = now_ms.saturating_sub(self.began_ms);
        if self.began_ms == i64::MIN || age >= self.length_ms.saturating_mul(2) {
            self.before.clear();
            self.now.clear();
            self.began_ms = now_ms;
        } else if age >= self.length_ms {
            self.before = std::mem::take(&mut self.now);
            self.began_ms = self.began_ms.saturating_add(self.length_ms);
        }
        if self.now.contains(&print) || self.before.contains(&print) {
            return false;
        }
        if self.now.len() >= self.most {
            self.overflowed += 1;
            return false;
        }
        self.now.insert(print)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_do_not_count_and_another_version_does() {
        let mut window = Window::new(1_000, 10);
        let a = print("GET /v1/customers/1", "1", "v1");
        assert!(window.counts(a, 0));
        assert!(!window.counts(a, 999));
        assert!(!window.counts(a, 1_500), "at a window's edge it is still the same");
        assert!(window.counts(print("GET /v1/customers/1", "1", "v2"), 1_500));
        assert!(window.counts(a, 5_000));
        assert_ne!(print("ab", "c", ""), print("a", "bc", ""));
    }

    #[test]
    fn beyond_its_bound_nothing_counts() {
        let mut window = Window::new(1_000, 3);
        let counted = (0..10).filter(|n| window.counts(print("r", &n.to_string(), ""), 5)).count();
        assert_eq!((counted, window.overflowed), (3, 7));
        assert!(window.counts(print("r", "11", ""), 5_000));
    }

    #[test]
    fn a_clock_that_jumps_back_counts_nothing_twice() {
        let mut window = Window::new(1_000, 10);
        let a = print("r", "1", "");
        assert!(window.counts(a, 10_000));
        assert!(!window.counts(a, 0));
    }
}
