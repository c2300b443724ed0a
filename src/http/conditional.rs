//! ETags and `If-None-Match` (RFC 9110 sections 8.8.3 and 13.1.2).

use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// A strong ETag of 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ETag([u8; 18]);

impl ETag {
    /// Of that hash.
    pub(super) fn of(hash: u64) -> ETag {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'"'; 18];
        for (i, slot) in text[1..17].iter_mut().enumerate() {
            *slot = DIGITS[(hash >> (60 - 4 * i) & 15) as usize];
        }
        ETag(text)
    }

    /// Of a body.
    pub(super) fn of_body(body: &[u8]) -> ETag {
        ETag::of(banyan_words::codec::hash(body, 3))
    }

    /// Its text, quotes included.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("\"\"")
    }

    /// As a header.
    pub(super) fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// Whether a line of `If-None-Match` names it.
    pub(super) fn is_known(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::IF_NONE_MATCH).any(|line| self.matches(line.as_bytes()))
    }

    /// Whether `If-None-Match` names it. The comparison is weak, as that header wants it.
    fn matches(&self, if_none_match: &[u8]) -> bool {
        if_none_match.trim_ascii() == b"*"
            || if_none_match.split(|b| *b == b',').any(|t| {
                let t = t.trim_ascii();
                let t = t.strip_prefix(b"W/").unwrap_or(t);
                t == self.0 || self.is_gzipped_form(t)
            })
    }

    /// `"…-gzip"`: what a compressed answer carries, since its bytes are others.
    fn is_gzipped_form(&self, tag: &[u8]) -> bool {
        tag.strip_suffix(b"-gzip\"").is_some_and(|t| t == &self.0[..17])
    }

    /// See [`ETag::is_gzipped_form`].
    pub(super) fn gzipped(&self) -> HeaderValue {
        let text = format!("{}-gzip\"", self.text().trim_end_matches('"'));
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_lists_weak_tags_and_stars() {
        let e = ETag::of(0x0123_4567_89ab_cdef);
        assert_eq!(e.text(), "\"0123456789abcdef\"");
        for yes in [
            "*",
            "\"0123456789abcdef\"",
            "W/\"0123456789abcdef\"",
            "\"x\", \"0123456789abcdef\"",
            "\"0123456789abcdef-gzip\"",
        ] {
            assert!(e.matches(yes.as_bytes()), "{yes}");
        }
        let mut lines = HeaderMap::new();
        lines.append(header::IF_NONE_MATCH, HeaderValue::from_static("\"x\""));
        assert!(!e.is_known(&lines));
        lines.append(header::IF_NONE_MATCH, HeaderValue::from_static("W/\"0123456789abcdef\""));
        assert!(e.is_known(&lines), "a list may come in several lines");
        for no in ["", "\"\"", "0123456789abcdef", "\"0123456789abcdee\"", "\"0123456789abcdef-br\"", "*x"] {
            assert!(!e.matches(no.as_bytes()), "{no}");
        }
    }
}
