//! A set of numbers as a bit each.

/// Grows with the largest number put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn set(&mut self, n: u64) {
        let word = (n / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (n % 64);
    }

    pub(super) fn has(&self, n: u64) -> bool {
        self.0.get((n / 64) as usize).is_some_and(|w| w >> (n % 64) & 1 == 1)
    }

    /// Keeps what the other has too.
    pub(super) fn and(&mut self, other: &Bits) {
        self.0.truncate(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }

    /// Drops what the other has.
    pub(super) fn without(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= !b);
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|w| u64::from(w.count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_are_a_set(a in proptest::collection::btree_set(0_u64..500, 0..60), b in proptest::collection::btree_set(0_u64..500, 0..60)) {
            let bits = |s: &std::collections::BTreeSet<u64>| { let mut x = Bits::default(); s.iter().for_each(|n| x.set(*n)); x };
            let mut both = bits(&a);
            both.and(&bits(&b));
            prop_assert_eq!(both.count(), a.intersection(&b).count() as u64);
            let mut rest = bits(&a);
            rest.without(&bits(&b));
            prop_assert_eq!(rest.count(), a.difference(&b).count() as u64);
            for n in 0..510 {
                prop_assert_eq!(both.has(n), a.contains(&n) && b.contains(&n));
            }
        }
    }
}
