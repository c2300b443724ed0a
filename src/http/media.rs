//! Media types, and which of them a request accepts (RFC 9110 section 12.5.1).

/// A media type the facade gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    Ndjson,
    Csv,
}

impl Media {
    pub(super) fn name(self) -> &'static str {
        match self {
            Media::Json => "application/json",
            Media::Ndjson => "application/x-ndjson",
            Media::Csv => "text/csv",
        }
    }

    /// With its parameters, for `Content-Type`.
    pub(super) fn full(self) -> &'static str {
        match self {
            Media::Csv => "text/csv; charset=utf-8; header=present",
            other => other.name(),
        }
    }
}

/// The best of `offers` (the first is the favourite) that an `Accept` header admits.
pub(super) fn choose(accept: &str, offers: &[Media]) -> Option<Media> {
    let mut best: Option<(u16, Media)> = None;
    for offer in offers {
        let q = quality(accept, offer.name());
        if q > 0 && best.is_none_or(|(b, _)| q > b) {
            best = Some((q, *offer));
        }
    }
    best.map(|(_, m)| m)
}

/// The quality of a media type in thousandths: that of the most specific range that matches.
fn quality(accept: &str, name: &str) -> u16 {
    let (kind, _) = name.split_once('/').unwrap_or((name, ""));
    let mut found: Option<(u8, u16)> = None;
    for range in accept.split(',') {
        let mut pieces = range.split(';').map(str::trim);
        let range = pieces.next().unwrap_or_default();
        let specific = if range.eq_ignore_ascii_case(name) {
            2
        } else if range.strip_suffix("/*").is_some_and(|k| k.eq_ignore_ascii_case(kind)) {
            1
        } else if range == "*/*" || range == "*" {
            0
        } else {
            continue;
        };
        let q = pieces.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q="))).map_or(1000, thousandths);
        if found.is_none_or(|(s, _)| specific > s) {
            found = Some((specific, q));
        }
    }
    found.map_or(0, |(_, q)| q)
}

fn thousandths(q: &str) -> u16 {
    let f: f32 = q.trim().parse().unwrap_or(0.0);
    (f.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_counts() {
        let all = [Media::Json, Media::Ndjson, Media::Csv];
        let chosen = |a: &str| choose(a, &all);
        assert_eq!(chosen("*/*"), Some(Media::Json));
        assert_eq!(chosen("text/csv"), Some(Media::Csv));
        assert_eq!(chosen("text/html,application/xhtml+xml,*/*;q=0.8"), Some(Media::Json));
        assert_eq!(chosen("application/json;q=0.1, application/x-ndjson"), Some(Media::Ndjson));
        assert_eq!(chosen("application/*;q=0.5, application/json;q=0, text/*;q=0.2"), Some(Media::Ndjson));
        assert_eq!(chosen("image/png"), None);
        assert_eq!(chosen("*/*;q=0"), None);
        assert_eq!(choose("text/csv", &[Media::Json]), None);
        assert_eq!(chosen(""), None);
    }
}
