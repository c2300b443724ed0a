//! The difference of two answers: status, headers that matter, body.

use super::diff::{Difference, Kind, Walk};
use super::rules::Rules;
use crate::json::Doc;

/// Headers that always matter.
const HEADERS: [&str; 2] = ["content-type", "location"];

/// What one side answered.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its status code.
    pub status: u16,
    /// Its headers; names in any case.
    pub headers: &'a [(String, String)],
    /// Its body, decoded.
    pub body: &'a [u8],
}

impl Answer<'_> {
    fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(if name == "content-type" { media_type(&found.1) } else { found.1.trim().to_owned() })
    }

    fn is_json(&self) -> bool {
        self.header("content-type").is_some_and(|t| {
            let essence = t.split(';').next().unwrap_or_default();
            essence == "application/json" || essence.ends_with("+json")
        })
    }
}

/// A media type as far as it says something: lower case, blanks gone, and no `charset=utf-8`, which JSON and text have
/// anyhow.
fn media_type(text: &str) -> String {
    let parts = text.split(';').map(|p| p.trim().to_ascii_lowercase().replace('"', ""));
    parts.filter(|p| p != "charset=utf-8" && !p.is_empty()).collect::<Vec<_>>().join(";")
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// The differences, a hundred of them at most (critical ones beyond that).
    pub differences: Vec<Difference>,
    /// How many there are in all.
    pub count: u64,
}

impl Compared {
    /// They say the same.
    pub fn is_equal(&self) -> bool {
        self.count == 0
    }

    /// Every difference was kept.
    pub fn is_whole(&self) -> bool {
        u64::try_from(self.differences.len()).is_ok_and(|n| n == self.count)
    }

    /// Legacy answered, modern did not, for that reason.
    pub fn no_answer(why: &str) -> Compared {
        let at = "no answer".to_owned();
        let modern = Some(why.chars().take(200).collect());
        let difference = Difference {
            cluster: at.clone(),
            at,
            kind: Kind::NoAnswer,
            legacy: None,
            modern,
            critical: false,
            personal: false,
        };
        Compared { differences: vec![difference], count: 1 }
    }

    /// The same without differences that a person accepted.
    #[must_use]
    pub fn without(mut self, accepted: impl Fn(&Difference) -> bool) -> Compared {
        let before = self.differences.len();
        self.differences.retain(|d| !accepted(d));
        self.count -= u64::try_from(before - self.differences.len()).unwrap_or(0);
        self
    }
}

/// Compares what the two sides answered to one request.
pub fn compare(legacy: Answer<'_>, modern: Answer<'_>, rules: &Rules) -> Compared {
    let mut walk = Walk::new(rules);
    if legacy.status != modern.status {
        let (l, m) = (legacy.status.to_string(), modern.status.to_string());
        told(&mut walk, "status", Kind::Status, Some(l), Some(m));
    }
    for name in HEADERS.iter().copied().chain(rules.headers.iter().map(String::as_str)) {
        let name = name.to_ascii_lowercase();
        let (l, m) = (legacy.header(&name), modern.header(&name));
        if l != m {
            told(&mut walk, &name, Kind::Header, l, m);
        }
    }
    // Bodies of different outcomes have nothing in common that could be told.
    if legacy.status / 100 == modern.status / 100 {
        bodies(legacy, modern, &mut walk);
    }
    Compared { count: walk.count, differences: walk.found }
}

fn bodies(legacy: Answer<'_>, modern: Answer<'_>, walk: &mut Walk<'_>) {
    if legacy.body == modern.body {
        return;
    }
    if legacy.is_json() && modern.is_json() {
        match (Doc::parse(legacy.body), Doc::parse(modern.body)) {
            (Ok(l), Ok(m)) => return walk.both(&l, &m),
            (Err(l), Err(m)) if l == m => {}
            (l, m) => {
                let told_of = |r: Result<Doc, crate::json::NotJson>| r.err().map(|e| e.to_string());
                return told(walk, "body", Kind::Body, told_of(l), told_of(m));
            }
        }
    }
    let size = |body: &[u8]| Some(format!("({} bytes)", body.len()));
    told(walk, "body", Kind::Body, size(legacy.body), size(modern.body));
}

/// A difference outside the document. One side refuses what the other answers: that is critical, whatever the rules say.
fn told(walk: &mut Walk<'_>, at: &str, kind: Kind, legacy: Option<String>, modern: Option<String>) {
    walk.count += 1;
    let class = |status: &Option<String>| status.as_deref().and_then(|s| s.chars().next());
    let critical = kind == Kind::Status && class(&legacy) != class(&modern);
    // Each pair of statuses is a cluster of its own: who accepts 200 for 203 has not accepted 404.
    let pair = || Some(format!("{at} {}/{}", legacy.as_deref()?, modern.as_deref()?));
    let cluster = if kind == Kind::Status { pair() } else { None }.unwrap_or_else(|| at.to_owned());
    let at = at.to_owned();
    walk.found.push(Difference { at, cluster, kind, legacy, modern, critical, personal: false });
}
