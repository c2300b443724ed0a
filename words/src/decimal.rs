//! Exact decimals: a whole coefficient and a count of digits after the point. No float ever touches money.
//!
//! Invariant: every operation is exact or says that it is not. 38 digits, as SQL's DECIMAL(38).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The largest number of digits, and the largest scale.
pub const MAX_DIGITS: u8 = 38;

/// `coefficient × 10^-scale`. Scale is kept as written: `12.50` and `12.5` compare equal but print as they are.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    coefficient: i128,
    scale: u8,
}

/// Why a decimal could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// More than 38 digits would be needed.
    #[error("more than 38 digits")]
    TooLarge,
    /// The exact result has endless digits; round it.
    #[error("the result has no exact decimal form; say ROUND")]
    Inexact,
    /// Division by zero.
    #[error("division by zero")]
    ByZero,
}

const fn pow10(n: u8) -> Option<i128> {
    if n > MAX_DIGITS { None } else { Some(10_i128.pow(n as u32)) }
}

const LIMIT: i128 = 10_i128.pow(38);

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { coefficient: 0, scale: 0 };

    /// `coefficient × 10^-scale`; an error beyond 38 digits.
    pub fn new(coefficient: i128, scale: u8) -> Result<Decimal, DecimalError> {
        if coefficient <= -LIMIT || coefficient >= LIMIT || scale > MAX_DIGITS {
            return Err(DecimalError::TooLarge);
        }
        Ok(Decimal { coefficient, scale })
    }

    /// The whole coefficient.
    pub fn coefficient(&self) -> i128 {
        self.coefficient
    }

    /// Digits after the point.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// True if it has no more digits than `DECIMAL(precision, scale)` holds.
    pub fn fits(&self, precision: u8, scale: u8) -> bool {
        let n = self.normalised();
        if n.scale > scale {
            return false;
        }
        match pow10(precision.saturating_sub(scale - n.scale)) {
            Some(limit) => n.coefficient.unsigned_abs() < limit.unsigned_abs(),
            None => true,
        }
    }

    /// Without trailing zeros after the point.
    pub fn normalised(mut self) -> Decimal {
        while self.scale > 0 && self.coefficient % 10 == 0 {
            self.coefficient /= 10;
            self.scale -= 1;
        }
        self
    }

    /// The same number with exactly `scale` digits after the point; an error where digits would be lost.
    pub fn with_scale(self, scale: u8) -> Result<Decimal, DecimalError> {
        match self.scale.cmp(&scale) {
            Ordering::Equal => Ok(self),
            Ordering::Less => {
                let f = pow10(scale - self.scale).ok_or(DecimalError::TooLarge)?;
                Decimal::new(self.coefficient.checked_mul(f).ok_or(DecimalError::TooLarge)?, scale)
            }
            Ordering::Greater => {
                let f = pow10(self.scale - scale).ok_or(DecimalError::TooLarge)?;
                if self.coefficient % f != 0 {
                    return Err(DecimalError::Inexact);
                }
                Decimal::new(self.coefficient / f, scale)
            }
        }
    }

    /// Rounded to `scale` digits after the point, half away from zero (as spreadsheets and commerce do).
    pub fn round(self, scale: u8) -> Decimal {
        if self.scale <= scale {
            return self;
        }
        let Some(f) = pow10(self.scale - scale) else { return Decimal::ZERO };
        let (q, r) = (self.coefficient / f, self.coefficient % f);
        let up = r.unsigned_abs() * 2 >= f.unsigned_abs();
        Decimal { coefficient: if up { q + self.coefficient.signum() } else { q }, scale }
    }

    /// Sum, exact.
    pub fn checked_add(self, other: Decimal) -> Result<Decimal, DecimalError> {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.with_scale(scale)?, other.with_scale(scale)?);
        // Two numbers of 38 digits may exceed 128 bits.
        Decimal::new(a.coefficient.checked_add(b.coefficient).ok_or(DecimalError::TooLarge)?, scale)
    }

    /// Difference, exact.
    pub fn checked_sub(self, other: Decimal) -> Result<Decimal, DecimalError> {
        self.checked_add(Decimal { coefficient: -other.coefficient, scale: other.scale })
    }

    /// Product, exact.
    pub fn checked_mul(self, other: Decimal) -> Result<Decimal, DecimalError> {
        let (a, b) = (self.normalised(), other.normalised());
        let c = a.coefficient.checked_mul(b.coefficient).ok_or(DecimalError::TooLarge)?;
        let keep = self.scale.saturating_add(other.scale);
        let exact = Decimal::new(c, a.scale + b.scale)?;
        // Keep the scale a reader expects (2 + 2 digits give 4) where it fits.
        Ok(exact.with_scale(keep.min(MAX_DIGITS)).unwrap_or(exact))
    }

    /// Quotient where it ends within 38 digits, else [`DecimalError::Inexact`].
    pub fn checked_div(self, other: Decimal) -> Result<Decimal, DecimalError> {
        if other.coefficient == 0 {
            return Err(DecimalError::ByZero);
        }
        let (mut num, den) = (self.coefficient, other.coefficient);
        let mut scale = i32::from(self.scale) - i32::from(other.scale);
        while num % den != 0 || scale < 0 {
            num = num.checked_mul(10).ok_or(DecimalError::Inexact)?;
            scale += 1;
            if scale > i32::from(MAX_DIGITS) {
                return Err(DecimalError::Inexact);
            }
        }
        Decimal::new(num / den, u8::try_from(scale).map_err(|_| DecimalError::TooLarge)?)
    }

    /// Quotient rounded to `scale` digits, half away from zero.
    pub fn div_rounded(self, other: Decimal, scale: u8) -> Result<Decimal, DecimalError> {
        if other.coefficient == 0 {
            return Err(DecimalError::ByZero);
        }
        // self/other × 10^scale, numerator and denominator brought to whole numbers.
        let up = i32::from(scale) - i32::from(self.scale) + i32::from(other.scale);
        let (mut num, mut den) = (self.coefficient, other.coefficient);
        let f = pow10(u8::try_from(up.unsigned_abs()).map_err(|_| DecimalError::TooLarge)?)
            .ok_or(DecimalError::TooLarge)?;
        if up >= 0 {
            num = num.checked_mul(f).ok_or(DecimalError::TooLarge)?;
        } else {
            den = den.checked_mul(f).ok_or(DecimalError::TooLarge)?;
        }
        let (q, r) = (num / den, num % den);
        let half_up = r.unsigned_abs() >= den.unsigned_abs() - r.unsigned_abs();
        let sign = if (num < 0) == (den < 0) { 1 } else { -1 };
        Decimal::new(if half_up && r != 0 { q + sign } else { q }, scale)
    }

    /// The whole number, if it is one and fits 64 bits.
    pub fn to_i64(self) -> Option<i64> {
        self.with_scale(0).ok().and_then(|d| i64::try_from(d.coefficient).ok())
    }

    /// True below zero.
    pub fn is_negative(&self) -> bool {
        self.coefficient < 0
    }
}

impl From<i64> for Decimal {
    fn from(i: i64) -> Decimal {
        Decimal { coefficient: i128::from(i), scale: 0 }
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads `[+-]digits[.digits]`, at least one digit; no blanks, no exponent, no grouping.
    fn from_str(s: &str) -> Result<Decimal, DecimalError> {
        let bytes = s.as_bytes();
        let (negative, digits) = match bytes.first() {
            Some(b'-') => (true, &bytes[1..]),
            Some(b'+') => (false, &bytes[1..]),
            _ => (false, bytes),
        };
        let (mut c, mut scale, mut seen, mut point): (i128, u8, bool, bool) = (0, 0, false, false);
        for b in digits {
            match b {
                b'0'..=b'9' => {
                    seen = true;
                    c = c
                        .checked_mul(10)
                        .and_then(|c| c.checked_add(i128::from(b - b'0')))
                        .ok_or(DecimalError::TooLarge)?;
                    if point {
                        scale = scale.checked_add(1).ok_or(DecimalError::TooLarge)?;
                    }
                }
                b'.' if !point => point = true,
                _ => return Err(DecimalError::NotANumber),
            }
        }
        if !seen {
            return Err(DecimalError::NotANumber);
        }
        Decimal::new(if negative { -c } else { c }, scale)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written by hand into a fixed buffer: this runs for every amount of every record.
        let mut buf = [0_u8; 80];
        let mut at = buf.len();
        let mut n = self.coefficient.unsigned_abs();
        let mut written = 0;
        while n > 0 || written <= u32::from(self.scale) {
            if written == u32::from(self.scale) && self.scale > 0 {
                at -= 1;
                buf[at] = b'.';
            }
            at -= 1;
            // 64-bit division is several times cheaper than 128-bit.
            let digit = if let Ok(small) = u64::try_from(n) {
                n = u128::from(small / 10);
                (small % 10) as u8
            } else {
                let d = (n % 10) as u8;
                n /= 10;
                d
            };
            buf[at] = b'0' + digit;
            written += 1;
        }
        if self.coefficient < 0 {
            at -= 1;
            buf[at] = b'-';
        }
        f.write_str(std::str::from_utf8(&buf[at..]).unwrap_or("?"))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Decimal {}
impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Decimal {
    /// By value: `12.50` equals `12.5`.
    fn cmp(&self, other: &Decimal) -> Ordering {
        let (a, b) = (self.normalised(), other.normalised());
        if a.scale == b.scale {
            return a.coefficient.cmp(&b.coefficient);
        }
        // Whole parts first, so that no scaling can overflow; then the fractions at one scale.
        let (fa, fb) = (10_i128.pow(u32::from(a.scale)), 10_i128.pow(u32::from(b.scale)));
        (a.coefficient.div_euclid(fa)).cmp(&b.coefficient.div_euclid(fb)).then_with(|| {
            let (ra, rb) = (a.coefficient.rem_euclid(fa), b.coefficient.rem_euclid(fb));
            if a.scale < b.scale {
                (ra * 10_i128.pow(u32::from(b.scale - a.scale))).cmp(&rb)
            } else {
                ra.cmp(&(rb * 10_i128.pow(u32::from(a.scale - b.scale))))
            }
        })
    }
}

impl std::hash::Hash for Decimal {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let n = self.normalised();
        (n.coefficient, n.scale).hash(state);
    }
}

impl serde::Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(s: &str) -> Decimal {
        s.parse().unwrap()
    }

    #[test]
    fn reads_and_prints() {
        for s in ["0", "0.00", "-0.05", "12.50", "-99999999999999999999999999999999999999", "0.00000000000000000001"] {
            assert_eq!(d(s).to_string(), s);
        }
        assert_eq!(d(".5").to_string(), "0.5");
        for bad in ["", "-", ".", "1.2.3", "1e5", " 1", "1,000", "٣"] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad:?}");
        }
        assert_eq!("1".repeat(39).parse::<Decimal>(), Err(DecimalError::TooLarge));
        let most = d(&"9".repeat(38));
        assert_eq!(most.checked_add(most), Err(DecimalError::TooLarge));
    }

    #[test]
    fn rounds_half_away_from_zero() {
        for (s, scale, want) in [("2.345", 2, "2.35"), ("-2.345", 2, "-2.35"), ("2.344", 2, "2.34"), ("0.5", 0, "1")] {
            assert_eq!(d(s).round(scale).to_string(), want);
        }
    }

    #[test]
    fn divides_exactly_or_says_so() {
        assert_eq!(d("1250000").checked_div(d("100")).unwrap().to_string(), "12500");
        assert_eq!(d("1").checked_div(d("8")).unwrap().to_string(), "0.125");
        assert_eq!(d("1").checked_div(d("3")), Err(DecimalError::Inexact));
        assert_eq!(d("1").checked_div(d("0")), Err(DecimalError::ByZero));
        assert_eq!(d("2").div_rounded(d("3"), 4).unwrap().to_string(), "0.6667");
        assert_eq!(d("-2").div_rounded(d("3"), 4).unwrap().to_string(), "-0.6667");
    }

    #[test]
    fn fits_counts_digits() {
        assert!(d("999.99").fits(5, 2));
        assert!(!d("1000.00").fits(5, 2));
        assert!(!d("1.001").fits(5, 2));
        assert!(d("1.100").fits(5, 2));
    }

    proptest! {
        #[test]
        fn text_form_round_trips(c in -LIMIT+1..LIMIT, scale in 0_u8..=38) {
            let x = Decimal::new(c, scale).unwrap();
            let back: Decimal = x.to_string().parse().unwrap();
            prop_assert_eq!((back.coefficient, back.scale), (c, scale));
        }

        #[test]
        fn order_is_by_value(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000, sa in 0_u8..6, sb in 0_u8..6) {
            let (x, y) = (Decimal::new(i128::from(a), sa).unwrap(), Decimal::new(i128::from(b), sb).unwrap());
            let (fa, fb) = (i128::from(a) * 10_i128.pow(u32::from(6 - sa)), i128::from(b) * 10_i128.pow(u32::from(6 - sb)));
            prop_assert_eq!(x.cmp(&y), fa.cmp(&fb));
            prop_assert_eq!(x.checked_add(y).unwrap().checked_sub(y).unwrap(), x);
        }
    }
}
