//! JSON numbers by value: `12500.00`, `12500.0` and `1.25e4` are one number, and no digit is ever lost.
//!
//! Invariant: two numbers are equal if and only if their values are; no float is involved.

use banyan_words::Decimal;

/// Exponents beyond this are compared as they are written: nobody means them.
const MOST: i64 = 1 << 40;

/// A JSON number.
#[derive(Clone, Debug)]
pub struct Number {
    text: String,
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// `digits × 10^exponent`, without zeros at either end; zero has no digits.
    Plain { negative: bool, digits: String, exponent: i64 },
    /// The exponent is out of all bounds.
    Verbatim(String),
}

impl Number {
    /// The number of a text that is valid JSON.
    pub fn new(text: &str) -> Number {
        Number { text: text.to_owned(), form: form(text).unwrap_or_else(|| Form::Verbatim(text.to_owned())) }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One text for all ways to write the value.
    pub fn normal(&self) -> String {
        match &self.form {
            Form::Plain { digits, .. } if digits.is_empty() => "0".to_owned(),
            Form::Plain { negative, digits, exponent } => {
                format!("{}{digits}e{exponent}", if *negative { "-" } else { "" })
            }
            Form::Verbatim(text) => text.clone(),
        }
    }

    /// Whether the two differ by at most `tolerance`. Numbers that 38 digits do not hold are only near if equal.
    pub fn is_near(&self, other: &Number, tolerance: Decimal) -> bool {
        if self == other {
            return true;
        }
        let apart = || {
            let difference = self.decimal()?.checked_sub(other.decimal()?).ok()?;
            let negated = Decimal::new(difference.coefficient().checked_neg()?, difference.scale()).ok()?;
            Some(difference.max(negated))
        };
        apart().is_some_and(|d| d <= tolerance)
    }

    /// The exact decimal; `None` where 38 digits do not hold it.
    fn decimal(&self) -> Option<Decimal> {
        let Form::Plain { negative, digits, exponent } = &self.form else { return None };
        let mut coefficient: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        if *negative {
            coefficient = -coefficient;
        }
        if *exponent >= 0 {
            let factor = 10_i128.checked_pow(u32::try_from(*exponent).ok()?)?;
            Decimal::new(coefficient.checked_mul(factor)?, 0).ok()
        } else {
            Decimal::new(coefficient, u8::try_from(-exponent).ok()?).ok()
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.form == other.form
    }
}

fn form(text: &str) -> Option<Form> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(i) => (rest.get(..i)?, rest.get(i + 1..)?.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - kept.len()).ok()?;
    let digits = kept.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Some(Form::Plain { negative: false, digits, exponent: 0 });
    }
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    (exponent.abs() <= MOST).then_some(Form::Plain { negative, digits, exponent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_write_a_number() {
        for (a, b) in [("12500.00", "12500.0"), ("1.25e4", "12500"), ("-0.0", "0"), ("100", "1E+2"), ("0.001", "1e-3")]
        {
            assert_eq!(Number::new(a), Number::new(b), "{a} {b}");
            assert_eq!(Number::new(a).normal(), Number::new(b).normal());
        }
        for (a, b) in
            [("1", "-1"), ("12345678901234567890.12", "12345678901234567890.13"), ("1", "10"), ("0.1", "0.01")]
        {
            assert_ne!(Number::new(a), Number::new(b), "{a} {b}");
        }
        let beyond = "1e99999999999999999999";
        assert_eq!(Number::new(beyond), Number::new(beyond));
        assert_ne!(Number::new(beyond), Number::new("1e99999999999999999998"));
    }

    #[test]
    fn near_is_a_matter_of_value_not_of_digits() {
        let tolerance: Decimal = "0.0001".parse().unwrap();
        assert!(Number::new("1.00005").is_near(&Number::new("1"), tolerance));
        assert!(Number::new("-1.0001").is_near(&Number::new("-1e0"), tolerance));
        assert!(!Number::new("1.00011").is_near(&Number::new("1"), tolerance));
        assert!(!Number::new("1e300").is_near(&Number::new("1.1e300"), tolerance));
    }
}
