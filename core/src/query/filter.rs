//! Filters: a declared operator, a value of the field's type, and the test on order keys they come to.

use crate::instance::{key_of_value, parse};
use crate::model::{Field, FieldNo, FilterOp};
use banyan_words::{Type, Value};

/// A condition on a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its position in the entity.
    pub field: FieldNo,
    /// What must hold.
    pub test: Test,
}

/// A test on a field's order key (`instance::key_of_value`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Is this.
    Eq(Vec<u8>),
    /// Is another, or null.
    Ne(Vec<u8>),
    /// Is one of these.
    In(Vec<Vec<u8>>),
    /// Begins with these bytes.
    Prefix(Vec<u8>),
    /// Lies between; the flag says whether the bound itself counts.
    Range {
        /// Lower bound.
        from: Option<(Vec<u8>, bool)>,
        /// Upper bound.
        to: Option<(Vec<u8>, bool)>,
    },
}

/// The test of an operator and a parameter's value; else what was expected.
pub(super) fn test(field: &Field, op: FilterOp, text: &str) -> Result<Test, String> {
    let key = |text: &str| key(&field.ty, text).ok_or_else(|| wrong(&field.ty, text));
    Ok(match op {
        FilterOp::Eq => Test::Eq(key(text)?),
        FilterOp::Ne => Test::Ne(key(text)?),
        FilterOp::In => Test::In(split(text).iter().map(|t| key(t)).collect::<Result<_, _>>()?),
        FilterOp::Lt => Test::Range { from: None, to: Some((key(text)?, false)) },
        FilterOp::Lte => Test::Range { from: None, to: Some((key(text)?, true)) },
        FilterOp::Gt => Test::Range { from: Some((key(text)?, false)), to: None },
        FilterOp::Gte => Test::Range { from: Some((key(text)?, true)), to: None },
        FilterOp::StartsWith => {
            // The beginning of an enum's word need not be one of its words.
            let mut out = Vec::new();
            key_of_value(&Value::text(text), &mut out);
            Test::Prefix(out)
        }
    })
}

/// Adds a filter; a lower and an upper bound of one field become one range, which an index answers in one walk.
pub(super) fn add(filters: &mut Vec<Filter>, field: FieldNo, test: Test) {
    if let Test::Range { from, to } = &test {
        for f in filters.iter_mut().filter(|f| f.field == field) {
            if let Test::Range { from: have_from, to: have_to } = &mut f.test {
                if from.is_some() && have_from.is_none() {
                    have_from.clone_from(from);
                    return;
                }
                if to.is_some() && have_to.is_none() {
                    have_to.clone_from(to);
                    return;
                }
            }
        }
    }
    filters.push(Filter { field, test });
}

fn key(ty: &Type, text: &str) -> Option<Vec<u8>> {
    if !well_formed(ty, text) {
        return None;
    }
    let value = parse(ty, text)?;
    if matches!(value, Value::Float(f, _) if !f.is_finite()) {
        return None;
    }
    let mut out = Vec::new();
    key_of_value(&value, &mut out);
    Some(out)
}

/// The documented form, where reading alone would be more lenient.
fn well_formed(ty: &Type, text: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let shape = |pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(t, p)| if p == b'9' { t.is_ascii_digit() } else { t == p })
    };
    match ty {
        Type::Integer => digits(text.strip_prefix('-').unwrap_or(text)),
        Type::Decimal { .. } => {
            let (whole, fraction) = match text.strip_prefix('-').unwrap_or(text).split_once('.') {
                Some((w, f)) => (w, Some(f)),
                None => (text.strip_prefix('-').unwrap_or(text), None),
            };
            digits(whole) && fraction.is_none_or(digits)
        }
        Type::Date => shape("9999-99-99"),
        Type::Time => text.len() >= 8 && text.as_bytes()[2] == b':' && text.as_bytes()[5] == b':',
        Type::DateTime | Type::Instant => {
            text.len() >= 19 && matches!(text.as_bytes()[10], b'T' | b't') && text.as_bytes()[4] == b'-'
        }
        _ => true,
    }
}

/// Splits a list at its commas. A value that holds a comma may stand in double quotes, a quote within those doubled;
/// what only begins like that is taken as it is.
fn split(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let (value, after) = quoted(rest).unwrap_or_else(|| {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest.get(..end).unwrap_or_default().to_owned(), rest.get(end..).unwrap_or_default())
        });
        out.push(value);
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => return out,
        }
    }
}

/// A quoted value at the front, and what follows it: a comma, or nothing.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c != '"' {
            value.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            value.push('"');
        } else {
            let after = inner.get(i + 1..)?;
            return (after.is_empty() || after.starts_with(',')).then_some((value, after));
        }
    }
    None
}

fn wrong(ty: &Type, text: &str) -> String {
    let shown: String = text.chars().take(60).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("`{shown}{more}` is not {}", expected(ty))
}

/// What a value of that type looks like, for messages and the document.
pub fn expected(ty: &Type) -> String {
    match ty {
        Type::Text => "a text".to_owned(),
        Type::Integer => "a whole number of 64 bits, such as 42".to_owned(),
        Type::Decimal { precision, scale: 0 } => format!("a whole number of at most {precision} digits"),
        Type::Decimal { precision, scale } => {
            let whole = precision.saturating_sub(*scale);
            format!("a decimal number of at most {whole} digits before and {scale} after the point, such as 12.5")
        }
        Type::Float => "a number".to_owned(),
        Type::Boolean => "true or false".to_owned(),
        Type::Date => "a date such as 2019-04-01".to_owned(),
        Type::Time => "a time such as 13:45:00".to_owned(),
        Type::DateTime => "a date and time such as 2019-04-01T13:45:00".to_owned(),
        Type::Instant => "a point in time such as 2019-04-01T13:45:00Z (write a + as %2B)".to_owned(),
        Type::Enum(values) => format!("one of {}", values.join(", ")),
        Type::Ref(_) => "an id of 26 characters".to_owned(),
        Type::Bytes | Type::List(_) | Type::Object(_) | Type::Any => "something that can be compared".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_may_quote() {
        assert_eq!(split("a,b"), ["a", "b"]);
        assert_eq!(split(""), [""]);
        assert_eq!(split(",a,"), ["", "a", ""]);
        assert_eq!(split("\"Smith, J\",x,\"say \"\"hi\"\"\""), ["Smith, J", "x", "say \"hi\""]);
        assert_eq!(split("\"open,b"), ["\"open", "b"]);
        assert_eq!(split("\"a\"b"), ["\"a\"b"]);
    }

    #[test]
    fn only_the_documented_forms_are_read() {
        let money = Type::Decimal { precision: 7, scale: 2 };
        for good in ["100", "-0.5", "99999.99"] {
            assert!(key(&money, good).is_some(), "{good}");
        }
        for bad in ["", "+1", "1.", ".5", "1e2", "100000", "0.001", "1,5", "NaN"] {
            assert!(key(&money, bad).is_none(), "{bad}");
        }
        assert!(key(&Type::Integer, "9223372036854775808").is_none());
        assert!(key(&Type::Date, "2019-04-01").is_some());
        for bad in ["20190401", "2019-02-30", "2019-04-01T00:00", "19-04-01"] {
            assert!(key(&Type::Date, bad).is_none(), "{bad}");
        }
        assert!(key(&Type::Float, "inf").is_none());
        assert!(key(&Type::Instant, "2019-04-01T00:00:00Z").is_some());
        assert!(key(&Type::Instant, "2019-04-01T00:00:00").is_none());
    }

    #[test]
    fn equal_values_have_one_key() {
        let money = Type::Decimal { precision: 7, scale: 2 };
        assert_eq!(key(&money, "100"), key(&money, "100.00"));
    }
}
