//! Which records a snapshot has shown so far: a bitmap over the store's own numbers, an eighth of a byte a record.

/// Marks of one mapping in one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    words: Vec<u64>,
    /// How many are set.
    pub count: u64,
}

impl Marks {
    /// Marks number `n`; true if it was marked before.
    pub fn mark(&mut self, n: u64) -> bool {
        let (word, bit) = ((n / 64) as usize, 1_u64 << (n % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1 + word / 2, 0);
        }
        let before = self.words[word] & bit != 0;
        self.words[word] |= bit;
        self.count += u64::from(!before);
        before
    }

    /// Whether `n` is marked.
    pub fn has(&self, n: u64) -> bool {
        self.words.get((n / 64) as usize).is_some_and(|w| w & (1 << (n % 64)) != 0)
    }

    /// Durable form: runs of equal words, as hexadecimal text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let mut at = 0;
        while at < self.words.len() {
            let run = self.words[at..].iter().take_while(|w| **w == self.words[at]).count();
            out.push_str(&format!("{run:x}:{:x} ", self.words[at]));
            at += run;
        }
        out
    }

    /// Adds marks from their durable form.
    pub fn add_text(&mut self, text: &str) {
        let mut word = 0_u64;
        for run in text.split_ascii_whitespace() {
            let Some((n, bits)) = run.split_once(':') else { continue };
            let (Ok(n), Ok(bits)) = (u64::from_str_radix(n, 16), u64::from_str_radix(bits, 16)) else { continue };
            for _ in 0..n {
                (0..64).filter(|b| bits & (1 << b) != 0).for_each(|b| {
                    self.mark(word * 64 + b);
                });
                word += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn marks_survive_their_durable_form(ns in proptest::collection::vec(0_u64..2000, 0..200)) {
            let mut m = Marks::default();
            ns.iter().for_each(|n| { m.mark(*n); });
            let mut back = Marks::default();
            back.add_text(&m.to_text());
            prop_assert_eq!(back.count, m.count);
            prop_assert!((0..2000).all(|n| m.has(n) == back.has(n) && m.has(n) == ns.contains(&n)));
        }
    }
}
