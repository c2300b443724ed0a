//! Formats of texts that are checked. Any other word is for the OpenAPI document only.

use crate::formula::TextFormat;

/// The check that belongs to a format's name, if there is one.
pub(super) fn find(name: &str) -> Option<TextFormat> {
    FORMATS.iter().copied().find(|f| f.name == name)
}

const FORMATS: [TextFormat; 4] = [
    TextFormat { name: "email", check: is_email },
    TextFormat { name: "uri", check: is_uri },
    TextFormat { name: "uuid", check: is_uuid },
    TextFormat { name: "hostname", check: is_hostname },
];

/// One `@`, something before it without blanks, a host after it. Stricter would refuse addresses that work.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && !r#"()<>[]:;@\,""#.contains(c));
    local_ok && text.len() <= 254 && is_hostname(host)
}

/// A scheme and something after it, without blanks.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>\"{}|\\^`".contains(c))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn is_hostname(text: &str) -> bool {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !text.is_empty() && text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn formats_tell_good_from_bad() {
        let check = |name: &str, good: &[&str], bad: &[&str]| {
            let format = find(name).unwrap();
            good.iter().for_each(|t| assert!((format.check)(t), "{name} {t}"));
            bad.iter().for_each(|t| assert!(!(format.check)(t), "{name} {t}"));
        };
        check(
            "email",
            &["a@b.de", "o'hara+x@mail.example.org", "ä@bücher.example"],
            &["", "a", "a@", "@b", "a b@c", "a@b..c", "a@@b"],
        );
        check("uri", &["https://x.org/a?b#c", "urn:isbn:1"], &["", "x", "http:", "ht tp://x", "1a:b", "http://a b"]);
        check("uuid", &["123e4567-e89b-12d3-a456-426614174000"], &["", "123e4567e89b12d3a456426614174000"]);
        check("hostname", &["a", "a.b-c.org"], &["", "-a", "a.", "a_b"]);
        assert!(find("phone").is_none());
    }
}
