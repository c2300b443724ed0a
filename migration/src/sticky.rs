//! Who goes to the modern side while a route is in canary.
//!
//! Invariant: a caller's point depends on the route and the caller alone, so that a larger share holds everyone a smaller
//! one held, and every instance, before and after a restart, agrees.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// A share, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weight(u32);

impl Weight {
    /// Nobody.
    pub const NONE: Weight = Weight(0);
    /// Everybody.
    pub const ALL: Weight = Weight(1_000_000);

    /// So many millionths; `None` above a million.
    pub fn millionths(n: u32) -> Option<Weight> {
        (n <= 1_000_000).then_some(Weight(n))
    }

    /// In millionths.
    pub fn as_millionths(self) -> u32 {
        self.0
    }

    /// As a fraction between 0 and 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// Whether a caller at that point belongs to the share.
    pub fn holds(self, point: Point) -> bool {
        // 2^64 points times a million fit into 128 bits.
        u128::from(point.0) * 1_000_000 < (u128::from(self.0) << 64)
    }
}

impl FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> Result<Weight, String> {
        let wrong = || {
            format!("`{text}` is not a share\nwrite a percentage from 0% to 100%, with at most four decimals: 5%, 0.5%")
        };
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |t: &str| t.chars().all(|c| c.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 4 || number.ends_with('.') {
            return Err(wrong());
        }
        let n: u32 = format!("{whole}{fraction:0<4}").parse().map_err(|_| wrong())?;
        Weight::millionths(n).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Weight {
    type Error = String;

    fn try_from(text: String) -> Result<Weight, String> {
        text.parse()
    }
}

impl From<Weight> for String {
    fn from(weight: Weight) -> String {
        weight.to_string()
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000);
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Where a caller stands between nobody and everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point(u64);

/// The point of a caller (consumer, header, cookie, entity id: whatever the route chooses by) on a route.
pub fn point(route: &str, who: &str) -> Point {
    let mut digest = Sha256::new();
    for part in ["banyan-sticky-1", route, who] {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut first = [0; 8];
    first.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
    Point(u64::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_and_shown() {
        for text in ["0%", "0.5%", "5%", "33.3333%", "100%"] {
            assert_eq!(text.parse::<Weight>().unwrap().to_string(), text);
        }
        for text in ["101%", "5", "-1%", "0.00001%", "%", "5.%", "1e1%"] {
            assert!(text.parse::<Weight>().is_err(), "{text}");
        }
    }

    #[test]
    fn nobody_moves_back_while_the_share_grows() {
        let steps = ["0%", "1%", "5%", "25%", "50%", "100%"].map(|w| w.parse::<Weight>().unwrap());
        let mut counts = [0_u32; 6];
        for n in 0..20_000 {
            let point = point("/v1/customers", &format!("consumer-{n}"));
            let held = steps.map(|w| w.holds(point));
            assert!(held.windows(2).all(|w| w.first() <= w.last()), "{n}");
            counts.iter_mut().zip(held).for_each(|(c, h)| *c += u32::from(h));
        }
        assert_eq!((counts[0], counts[5]), (0, 20_000));
        for (count, share) in counts.iter().zip([0.0_f64, 0.01, 0.05, 0.25, 0.5, 1.0]) {
            // Five standard deviations of a binomial.
            let (mean, deviation) = (20_000.0 * share, (20_000.0 * share * (1.0 - share)).sqrt());
            assert!((f64::from(*count) - mean).abs() <= 5.0 * deviation, "{count} {share}");
        }
    }

    #[test]
    fn a_point_never_changes() {
        // Another build or machine must find the same: these were computed once.
        assert_eq!(point("/v1/customers", "acme").0 >> 32, GOLDEN.0);
        assert_eq!(point("/v1/orders", "acme").0 >> 32, GOLDEN.1);
    }

    const GOLDEN: (u64, u64) = (1_366_027_554, 1_266_947_430);
}
