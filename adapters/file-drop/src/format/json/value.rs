//! One JSON value from its text, exactly: no float in between.
//!
//! Invariant: a whole number of 64 bits is an integer, any other number the decimal it spells; a member named twice,
//! nesting beyond [`DEPTH`] and a number beyond 38 digits are errors, never guesses.

use banyan_words::{Decimal, Value};
use std::borrow::Cow;

/// How deep values may nest.
pub const DEPTH: usize = 64;

/// Why a text is no usable JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// One of the record codes.
    pub code: &'static str,
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

/// Reads the one value that `text` consists of.
pub fn parse(text: &str) -> Result<Value<'_>, Flaw> {
    let mut p = Parser { text, at: 0 };
    p.blank();
    let value = p.value(0)?;
    p.blank();
    if p.at < text.len() { Err(p.flaw("something follows the value")) } else { Ok(value) }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn flaw(&self, what: &str) -> Flaw {
        Flaw { code: "json-malformed", at: self.at, what: what.into() }
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, b: u8, what: &str) -> Result<(), Flaw> {
        if self.peek() != Some(b) {
            return Err(self.flaw(what));
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Value<'t>, Flaw> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{' | b'[') if depth >= DEPTH => {
                Err(Flaw { code: "json-too-deep", at: self.at, what: format!("nested more than {DEPTH} deep") })
            }
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, value) in
                    [("true", Value::Boolean(true)), ("false", Value::Boolean(false)), ("null", Value::Null)]
                {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.flaw("a value was expected"))
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value<'t>, Flaw> {
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(items));
        }
        loop {
            self.blank();
            items.push(self.value(depth + 1)?);
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.expect(b']', "`,` or `]` was expected")?;
        Ok(Value::List(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value<'t>, Flaw> {
        self.at += 1;
        let mut members: Vec<(Cow<'t, str>, Value<'t>)> = Vec::new();
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.flaw("a member's name was expected"));
            }
            let name = self.string()?;
            self.blank();
            self.expect(b':', "`:` was expected")?;
            self.blank();
            let value = self.value(depth + 1)?;
            members.push((name, value));
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.expect(b'}', "`,` or `}` was expected")?;
        if let Some(name) = repeated(&members) {
            let what = format!("the member `{name}` stands there twice");
            return Err(Flaw { code: "json-duplicate-member", at: self.at, what });
        }
        Ok(Value::Object(members))
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Flaw> {
        self.at += 1;
        let mut owned: Option<String> = None;
        loop {
            let rest = &self.text[self.at..];
            let Some(n) = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20) else {
                return Err(self.flaw("a text is not closed"));
            };
            let (plain, b) = (&rest[..n], rest.as_bytes()[n]);
            self.at += n;
            match b {
                b'"' => {
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(plain),
                        Some(mut t) => {
                            t.push_str(plain);
                            Cow::Owned(t)
                        }
                    });
                }
                b'\\' => {
                    let text = owned.get_or_insert_default();
                    text.push_str(plain);
                    let c = self.escape()?;
                    owned.get_or_insert_default().push(c);
                }
                _ => return Err(self.flaw("a control character in a text")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Flaw> {
        self.at += 1;
        let b = self.peek().ok_or_else(|| self.flaw("a text is not closed"))?;
        let simple = match b {
            b'"' | b'\\' | b'/' => char::from(b),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.flaw("an unknown escape")),
        };
        self.at += 1;
        Ok(simple)
    }

    fn unicode(&mut self) -> Result<char, Flaw> {
        let high = self.hex4()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.flaw("half a surrogate pair"));
        }
        if self.peek() != Some(b'\\') || self.text.as_bytes().get(self.at + 1) != Some(&b'u') {
            return Err(self.flaw("half a surrogate pair"));
        }
        self.at += 1;
        let low = self.hex4()?;
        let code = 0x10000 + ((high - 0xd800) << 10) + low.wrapping_sub(0xdc00);
        match low {
            0xdc00..0xe000 => char::from_u32(code).ok_or_else(|| self.flaw("half a surrogate pair")),
            _ => Err(self.flaw("half a surrogate pair")),
        }
    }

    /// The four digits behind a `u`.
    fn hex4(&mut self) -> Result<u32, Flaw> {
        self.at += 1;
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        let code = code.ok_or_else(|| self.flaw("four hexadecimal digits were expected"))?;
        self.at += 4;
        Ok(code)
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Value<'t>, Flaw> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (zero && whole > 1) {
            return Err(self.flaw("a number was expected"));
        }
        let mut plain = true;
        if self.peek() == Some(b'.') {
            plain = false;
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.flaw("digits were expected behind the point"));
            }
        }
        let mantissa = &self.text[from..self.at];
        let mut exponent = "";
        if matches!(self.peek(), Some(b'e' | b'E')) {
            plain = false;
            self.at += 1;
            let start = self.at;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.flaw("digits were expected in the exponent"));
            }
            exponent = &self.text[start..self.at];
        }
        if let (true, Ok(i)) = (plain, mantissa.parse()) {
            return Ok(Value::Integer(i));
        }
        exact(mantissa, exponent).map(Value::Decimal).ok_or_else(|| Flaw {
            code: "json-number-too-large",
            at: from,
            what: format!("`{}` has more than 38 digits", shorten(&self.text[from..self.at])),
        })
    }
}

fn shorten(text: &str) -> &str {
    text.get(..60).unwrap_or(text)
}

/// `mantissa × 10^exponent`, exactly. `None` beyond 38 digits.
fn exact(mantissa: &str, exponent: &str) -> Option<Decimal> {
    // A zero is zero whatever its exponent.
    if mantissa.bytes().all(|b| matches!(b, b'-' | b'0' | b'.')) {
        return if exponent.is_empty() { mantissa.parse().ok() } else { Some(Decimal::ZERO) };
    }
    if exponent.is_empty() {
        return mantissa.parse().ok();
    }
    let exponent: i64 = exponent.trim_start_matches('+').parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    // Trailing zeros of the digits may make room for a negative exponent.
    let kept = digits.trim_end_matches('0');
    let (digits, scale) = (kept, scale.checked_sub(i64::try_from(digits.len() - kept.len()).ok()?)?);
    let coefficient: i128 = digits.parse().ok()?;
    if scale >= 0 {
        return Decimal::new(coefficient, u8::try_from(scale).ok()?).ok();
    }
    let factor = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
    Decimal::new(coefficient.checked_mul(factor)?, 0).ok()
}

fn repeated<'m>(members: &'m [(Cow<'_, str>, Value<'_>)]) -> Option<&'m str> {
    if members.len() <= 16 {
        let twice = |i: usize| members[..i].iter().any(|(n, _)| *n == members[i].0);
        return (1..members.len()).find(|i| twice(*i)).map(|i| &*members[i].0);
    }
    let mut names: Vec<&str> = members.iter().map(|(n, _)| &**n).collect();
    names.sort_unstable();
    names.windows(2).find(|w| w[0] == w[1]).map(|w| w[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_exact() {
        let text = |t: &str| parse(t).unwrap().to_text().unwrap().into_owned();
        assert_eq!(parse("9223372036854775807").unwrap(), Value::Integer(i64::MAX));
        assert_eq!(text("9223372036854775808"), "9223372036854775808");
        assert_eq!(text("0.1"), "0.1");
        assert_eq!(text("12.50"), "12.50");
        assert_eq!(text("1e3"), "1000");
        assert_eq!(text("1.25E-2"), "0.0125");
        assert_eq!(text("1500e-2"), "15");
        assert_eq!(text("-0.0e99999999999"), "0");
        for bad in ["01", "1.", ".5", "-", "1e", "+1", "1e999", "123456789012345678901234567890123456789"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn doubt_is_an_error() {
        let code = |t: &str| parse(t).unwrap_err().code;
        assert_eq!(code(r#"{"a":1,"a":2}"#), "json-duplicate-member");
        assert_eq!(code(&("[".repeat(70) + &"]".repeat(70))), "json-too-deep");
        assert_eq!(code(r#""\ud800""#), "json-malformed");
        assert_eq!(code("[1,]"), "json-malformed");
        assert_eq!(code("nul"), "json-malformed");
        assert_eq!(code("\"a\nb\""), "json-malformed");
    }

    /// What serde_json makes of the text, without its floats.
    fn plain(v: &Value<'_>) -> serde_json::Value {
        match v {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(b) => (*b).into(),
            Value::Integer(i) => (*i).into(),
            Value::Text(t) => t.to_string().into(),
            Value::List(l) => l.iter().map(plain).collect::<Vec<_>>().into(),
            Value::Object(o) => serde_json::Value::Object(o.iter().map(|(k, v)| (k.to_string(), plain(v))).collect()),
            other => panic!("{other:?}"),
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(v in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&v) } else { serde_json::to_string(&v) }.unwrap();
            prop_assert_eq!(plain(&parse(&text).unwrap()), v);
        }

        #[test]
        fn refuses_what_serde_json_refuses(text in "[\\[\\]{}\",:0-9a-e.\\\\ntrue -]{0,24}") {
            if serde_json::from_str::<serde_json::Value>(&text).is_err() {
                prop_assert!(parse(&text).is_err());
            }
        }
    }
}
