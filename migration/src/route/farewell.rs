//! The headers by which a route announces its end.

use super::RouteConfig;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link`, as far as the route says when. Days begin at midnight, UTC.
pub fn farewell(route: &RouteConfig) -> Vec<(&'static str, String)> {
    let midnight = |day: &Option<String>| {
        let day: Date = day.as_ref()?.parse().ok()?;
        Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let mut headers = Vec::new();
    let mut relations = Vec::new();
    if let Some(from) = midnight(&route.deprecated) {
        headers.push(("deprecation", format!("@{}", from.as_second())));
        relations.push("deprecation");
    }
    if let Some(end) = midnight(&route.sunset) {
        headers.push(("sunset", end.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        relations.push("sunset");
    }
    if let Some(notice) = &route.notice {
        headers.extend(relations.into_iter().map(|rel| ("link", format!("<{notice}>; rel=\"{rel}\""))));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Vec<(&'static str, String)> {
        farewell(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn an_end_is_announced_as_the_standards_want() {
        let told = of(r#"{ "path": "/a", "deprecated": "2027-01-01", "sunset": "2027-06-30", "notice": "/docs/" }"#);
        let expected = [
            ("deprecation", "@1798761600"),
            ("sunset", "Wed, 30 Jun 2027 00:00:00 GMT"),
            ("link", "</docs/>; rel=\"deprecation\""),
            ("link", "</docs/>; rel=\"sunset\""),
        ];
        assert_eq!(told, expected.map(|(n, v)| (n, v.to_owned())));
        assert_eq!(of(r#"{ "path": "/a" }"#), []);
        assert_eq!(of(r#"{ "path": "/a", "sunset": "2027-06-30" }"#).len(), 1);
    }
}
