//! How alike two texts are: Jaro–Winkler, computed in whole numbers so that every machine gives the same digits.

use banyan_words::Decimal;

/// Characters beyond this many do not count, so that no text takes long.
pub(super) const MOST: usize = 500;

/// 0 to 1 with four digits. Case counts.
pub(super) fn jaro_winkler(a: &str, b: &str) -> Decimal {
    let a: Vec<char> = a.chars().take(MOST).collect();
    let b: Vec<char> = b.chars().take(MOST).collect();
    let prefix = a.iter().zip(&b).take(4).take_while(|(x, y)| x == y).count() as i64;
    let (n, d) = jaro(&a, &b);
    // j + prefix × 0.1 × (1 − j), over the denominator 10 d.
    let (n, d) = (10 * n + prefix * (d - n), 10 * d);
    Decimal::from(n).div_rounded(Decimal::from(d), 4).unwrap_or(Decimal::ZERO)
}

/// The Jaro likeness as a fraction.
fn jaro(a: &[char], b: &[char]) -> (i64, i64) {
    if a.is_empty() || b.is_empty() {
        return (i64::from(a.is_empty() && b.is_empty()), 1);
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut used = vec![false; b.len()];
    let mut from_a = Vec::new();
    for (i, x) in a.iter().enumerate() {
        let (lo, hi) = (i.saturating_sub(window), (i + window + 1).min(b.len()));
        for (y, u) in b.iter().zip(used.iter_mut()).take(hi).skip(lo) {
            if !*u && x == y {
                *u = true;
                from_a.push(*x);
                break;
            }
        }
    }
    if from_a.is_empty() {
        return (0, 1);
    }
    let from_b = b.iter().zip(&used).filter(|(_, u)| **u).map(|(y, _)| y);
    let swapped = from_a.iter().zip(from_b).filter(|(x, y)| x != y).count() as i64;
    let (m, la, lb) = (from_a.len() as i64, a.len() as i64, b.len() as i64);
    // (m/la + m/lb + (m − t)/m) / 3 with t = swapped/2, over the denominator 6 la lb m.
    let n = 2 * m * m * lb + 2 * m * m * la + (2 * m - swapped) * la * lb;
    (n, 6 * la * lb * m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_values() {
        for (a, b, want) in [
            ("MARTHA", "MARHTA", "0.9611"),
            ("DWAYNE", "DUANE", "0.8400"),
            ("DIXON", "DICKSONX", "0.8133"),
            ("", "", "1.0000"),
            ("a", "", "0.0000"),
            ("abc", "abc", "1.0000"),
            ("abc", "xyz", "0.0000"),
        ] {
            assert_eq!(jaro_winkler(a, b).to_string(), want, "{a} {b}");
        }
    }
}
