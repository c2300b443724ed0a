//! What request headers ask for.
//!
//! Headers that cannot be read are taken as not sent, as RFC 9110 wants of `Cache-Control` and `Prefer`; `Accept` is the
//! one that can end a request.

use super::media::{Media, choose};
use actix_web::http::header::{self, HeaderMap, HeaderName};
use banyan_model::refusal::Refusal;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What request headers ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants<'r> {
    /// The headers, where `If-None-Match` is among them: it may stand in several lines.
    pub(super) if_none_match: Option<&'r HeaderMap>,
    /// `Cache-Control: max-age`, in seconds.
    pub(super) max_age: Option<u64>,
    /// `Prefer: handling=strict`.
    pub(super) strict: bool,
    /// `Prefer: count=exact`.
    pub(super) count: bool,
    /// `Accept-Encoding` admits gzip.
    pub(super) gzip: bool,
}

impl<'r> Wants<'r> {
    /// Reads them.
    pub(super) fn of(headers: &'r HeaderMap) -> Wants<'r> {
        let text = |name: &HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
        let mut wants =
            Wants { if_none_match: headers.contains_key(header::IF_NONE_MATCH).then_some(headers), ..Wants::default() };
        if let Some(control) = text(&header::CACHE_CONTROL) {
            wants.max_age = directives(control).find_map(|(n, v)| (n == "max-age").then(|| v.parse().ok())?);
        }
        for prefer in headers.get_all(PREFER).filter_map(|v| v.to_str().ok()) {
            for (name, value) in directives(prefer) {
                wants.strict |= (name, value) == ("handling", "strict");
                wants.count |= (name, value) == ("count", "exact");
            }
        }
        if let Some(encodings) = text(&header::ACCEPT_ENCODING) {
            wants.gzip = encodings.split(',').any(|e| {
                let mut pieces = e.split(';').map(str::trim);
                let gzip = pieces.next().is_some_and(|n| n.eq_ignore_ascii_case("gzip"));
                gzip && pieces.all(|p| !matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            });
        }
        wants
    }
}

/// The media type to answer with.
pub(super) fn media(headers: &HeaderMap, offers: &[Media]) -> Result<Media, Refusal> {
    let mut lines = headers.get_all(header::ACCEPT).filter_map(|v| v.to_str().ok());
    let favourite = offers.first().copied().unwrap_or(Media::Json);
    let Some(first) = lines.next() else { return Ok(favourite) };
    // What nearly every client sends.
    if first == "*/*" || first == favourite.name() {
        return Ok(favourite);
    }
    let all = lines.fold(first.to_owned(), |all, line| format!("{all},{line}"));
    choose(&all, offers).ok_or_else(|| {
        let names: Vec<&str> = offers.iter().map(|m| m.name()).collect();
        Refusal::new("not-acceptable", format!("this path gives {}", names.join(", ")))
    })
}

fn directives(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split([',', ';']).map(|d| {
        let (name, value) = d.split_once('=').unwrap_or((d, ""));
        (name.trim(), value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn headers_are_read_leniently() {
        let mut h = HeaderMap::new();
        h.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-transform, max-age=\"60\""));
        h.append(PREFER, HeaderValue::from_static("count=exact; handling=strict"));
        h.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.5"));
        let w = Wants::of(&h);
        assert_eq!((w.max_age, w.strict, w.count, w.gzip), (Some(60), true, true, true));
        h.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=soon"));
        h.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip;q=0"));
        let w = Wants::of(&h);
        assert_eq!((w.max_age, w.gzip), (None, false));
    }
}
