//! COBOL's zoned decimals: digits, the last of which may carry the sign as an overpunch.

use banyan_words::Decimal;

/// Reads digits whose last may be `{ABCDEFGHI` (+0 to +9) or `}JKLMNOPQR` (-0 to -9). Blanks and all else fail.
pub(crate) fn read(text: &str, scale: u8) -> Option<Decimal> {
    let (last, digits) = text.as_bytes().split_last()?;
    let mut c: i128 = 0;
    for b in digits {
        if !b.is_ascii_digit() {
            return None;
        }
        c = c.checked_mul(10)?.checked_add(i128::from(b - b'0'))?;
    }
    let (digit, negative) = match last {
        b'0'..=b'9' => (last - b'0', false),
        b'{' => (0, false),
        b'A'..=b'I' => (last - b'A' + 1, false),
        b'}' => (0, true),
        b'J'..=b'R' => (last - b'J' + 1, true),
        _ => return None,
    };
    c = c.checked_mul(10)?.checked_add(i128::from(digit))?;
    Decimal::new(if negative { -c } else { c }, scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_overpunch_is_read() {
        for (i, (plus, minus)) in "{ABCDEFGHI".chars().zip("}JKLMNOPQR".chars()).enumerate() {
            assert_eq!(read(&format!("1{plus}"), 0).unwrap(), Decimal::from(10 + i as i64));
            assert_eq!(read(&format!("1{minus}"), 0).unwrap(), Decimal::from(-10 - i as i64));
        }
        assert_eq!(read("00000019400{", 2).unwrap().to_string(), "1940.00");
        assert_eq!(read("123", 1).unwrap().to_string(), "12.3");
    }

    #[test]
    fn everything_else_fails() {
        for bad in ["", " ", "     ", " 12{", "12 ", "1-", "-1", "{1", "1S", "1a", "１", &"9".repeat(39)] {
            assert_eq!(read(bad, 2), None, "{bad:?}");
        }
    }
}
