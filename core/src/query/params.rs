//! A query string, taken apart. Strict: what is not properly encoded is refused, never guessed at.

use crate::refusal::Refusal;
use std::borrow::Cow;

/// One parameter, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param<'q> {
    /// Its name, operator included: `credit_limit[gte]`.
    pub name: Cow<'q, str>,
    /// Its value.
    pub value: Cow<'q, str>,
}

/// Takes a query string apart (without its `?`), in order. A parameter without `=` has an empty value; a `+` is a blank,
/// as HTML forms and most clients write it.
pub fn params(query: &str) -> Result<Vec<Param<'_>>, Refusal> {
    let mut out = Vec::new();
    for piece in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let part = |text, what| {
            decode(text, true).ok_or_else(|| {
                Refusal::new("bad-encoding", format!("the {what} in `{piece}` is not percent-encoded UTF-8"))
            })
        };
        out.push(Param { name: part(name, "name")?, value: part(value, "value")? });
    }
    Ok(out)
}

/// Percent-decodes; `None` for a stray `%` and for bytes that are not UTF-8.
pub fn decode(text: &str, plus_is_blank: bool) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|b| *b == b'%' || (plus_is_blank && *b == b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        at += 1;
        match b {
            b'%' => {
                let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
                let (high, low) = (digit(bytes.get(at))?, digit(bytes.get(at + 1))?);
                out.push((high << 4 | low) as u8);
                at += 2;
            }
            b'+' if plus_is_blank => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_query_apart() {
        let all = params("a=1&credit_limit%5Bgte%5D=100&name=A+%26+B&&flag").unwrap();
        let all: Vec<(&str, &str)> = all.iter().map(|p| (&*p.name, &*p.value)).collect();
        assert_eq!(all, [("a", "1"), ("credit_limit[gte]", "100"), ("name", "A & B"), ("flag", "")]);
    }

    #[test]
    fn refuses_what_is_not_encoded() {
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "%c3%28=1"] {
            assert_eq!(params(bad).unwrap_err().def.code, "bad-encoding", "{bad}");
        }
    }

    #[test]
    fn a_plus_is_itself_in_a_path() {
        assert_eq!(decode("a+b%2Bc", false).unwrap(), "a+b+c");
    }
}
