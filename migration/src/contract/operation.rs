//! Operations: which of them belong together, their bodies and answers.

use super::Kind;
use super::parameters;
use super::place::{bases, shape};
use super::resolve::At;
use super::schema::{Comparer, Way};
use super::shape::Node;
use std::collections::{BTreeMap, BTreeSet};

const METHODS: [&str; 8] = ["get", "head", "options", "post", "put", "patch", "delete", "trace"];

/// Compares all operations that move; how many those are.
pub(super) fn compare<'a>(c: &mut Comparer<'a>, moved: &dyn Fn(&str, &str) -> Option<String>) -> usize {
    let theirs = paths(c);
    let mut compared = 0;
    for (path, item) in c.old.get("paths").map(|p| p.each()).unwrap_or_default() {
        let Ok(item) = c.old.follow(item) else { continue };
        let mut gone = false;
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let upper = method.to_ascii_uppercase();
            let Some(to) = moved(&upper, &path) else { continue };
            compared += 1;
            c.begin(&format!("{upper} {path}"));
            let Some((template, other)) = theirs.get(&shape(&to)) else {
                if !std::mem::replace(&mut gone, true) {
                    c.tell(true, Kind::RemovedPath, &format!("modern has no path {to}"), &item.pointer, "/paths");
                }
                continue;
            };
            let Some(new) = other.get(method) else {
                let what = format!("modern's {template} does not offer {upper}");
                c.tell(true, Kind::RemovedOperation, &what, &operation.pointer, &other.pointer);
                continue;
            };
            parameters::compare(c, (&item, &operation, &path), (other, &new, template));
            body(c, &operation, &new);
            answers(c, &operation, &new);
        }
    }
    if compared == 0 {
        c.begin("nothing was compared");
        c.tell(false, Kind::NotJudged, "the document in use has none of the operations that move", "/paths", "/paths");
    }
    compared
}

/// Modern's paths by their shape, as they are and behind its servers' paths.
fn paths<'a>(c: &Comparer<'a>) -> BTreeMap<String, (String, At<'a>)> {
    let mut out = BTreeMap::new();
    let all = c.new.get("paths").map(|p| p.each()).unwrap_or_default();
    let all: Vec<(String, At<'a>)> =
        all.into_iter().filter_map(|(path, item)| Some((path, c.new.follow(item).ok()?))).collect();
    for base in [String::new()].into_iter().chain(bases(c.new.root)) {
        for (path, item) in &all {
            // What stands there as it is counts first.
            out.entry(shape(&format!("{base}{path}"))).or_insert_with(|| (path.clone(), item.clone()));
        }
    }
    out
}

fn body<'a>(c: &mut Comparer<'a>, old: &At<'a>, new: &At<'a>) {
    let (before, after) = (old.get("requestBody"), new.get("requestBody"));
    let before = before.and_then(|b| c.old.follow(b).ok());
    let after = after.and_then(|b| c.new.follow(b).ok());
    match (before, after) {
        (None, None) => {}
        (None, Some(b)) if b.is("required") => {
            c.tell(true, Kind::RequiredBody, "a body is required now", &old.pointer, &b.pointer);
        }
        (None, Some(_)) => {}
        (Some(a), None) => c.tell(true, Kind::RemovedBody, "no body is taken", &a.pointer, &new.pointer),
        (Some(a), Some(b)) => {
            if b.is("required") && !a.is("required") {
                c.tell(true, Kind::RequiredBody, "the body is required now", &a.pointer, &b.pointer);
            }
            media(c, (&a, &b), Way::Request, "the body", "body");
        }
    }
}

fn answers<'a>(c: &mut Comparer<'a>, old: &At<'a>, new: &At<'a>) {
    let of = |at: &At<'a>| at.get("responses").map(|r| r.each()).unwrap_or_default();
    let (before, after) = (of(old), of(new));
    let good = |status: &str| status.starts_with('2');
    let any_good = after.iter().any(|(s, _)| good(s));
    for (status, a) in before.iter().filter(|(s, _)| good(s)) {
        let found = after.iter().find(|(s, _)| s == status).or_else(|| {
            let range = |s: &str| s.eq_ignore_ascii_case("2XX") || (s == "default" && !any_good);
            let in_range = status.eq_ignore_ascii_case("2XX");
            after.iter().find(|(s, _)| range(s) || (in_range && good(s)))
        });
        let Some((_, b)) = found else {
            let at = new.get("responses").map_or(new.pointer.clone(), |r| r.pointer);
            let what = format!("{status} is not answered");
            c.tell_at("", status, (true, Kind::RemovedStatus), &what, (&a.pointer, &at));
            continue;
        };
        let (Ok(a), Ok(b)) = (c.old.follow(a.clone()), c.new.follow(b.clone())) else {
            let what = format!("the answer {status} cannot be followed");
            c.tell_at("", status, (false, Kind::NotJudged), &what, (&a.pointer, &b.pointer));
            continue;
        };
        headers(c, &a, &b, status);
        media(c, (&a, &b), Way::Answer, &format!("the answer {status}"), status);
    }
    let known: BTreeSet<&str> = before.iter().map(|(s, _)| s.as_str()).collect();
    let ranged = known.contains("2XX") || known.contains("2xx");
    for (status, b) in after.iter().filter(|(s, _)| good(s) && !ranged && !known.contains(s.as_str())) {
        let what = format!("{status} is new");
        c.tell_at("", status, (false, Kind::AddedStatus), &what, (&old.pointer, &b.pointer));
    }
}

fn headers<'a>(c: &mut Comparer<'a>, old: &At<'a>, new: &At<'a>, status: &str) {
    let of = |at: &At<'a>| at.get("headers").map(|r| r.each()).unwrap_or_default();
    let after: BTreeSet<String> = of(new).into_iter().map(|(n, _)| n.to_ascii_lowercase()).collect();
    for (name, a) in of(old).iter().filter(|(n, _)| !after.contains(&n.to_ascii_lowercase())) {
        let what = format!("the answer {status} does not name the header {name}");
        let detail = format!("{status} {name}");
        c.tell_at("", &detail, (false, Kind::RemovedHeader), &what, (&a.pointer, &new.pointer));
    }
}

/// The contents of a body or an answer, by media type.
fn media<'a>(c: &mut Comparer<'a>, (old, new): (&At<'a>, &At<'a>), way: Way, what: &str, site: &str) {
    let of = |at: &At<'a>| at.get("content").map(|r| r.each()).unwrap_or_default();
    let plain = |m: &str| m.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let after: BTreeMap<String, At<'a>> = of(new).into_iter().map(|(m, at)| (plain(&m), at)).collect();
    let (within, operation) = (c.within.clone(), c.site.clone());
    for (name, a) in of(old) {
        let media = plain(&name);
        // JSON is what is meant where nothing else is said.
        let kind = if media == "application/json" { String::new() } else { format!(" {media}") };
        c.site = format!("{operation} {site}{kind}");
        let range = format!("{}/*", media.split('/').next().unwrap_or_default());
        let Some(b) = after.get(&media).or_else(|| after.get(&range)).or_else(|| after.get("*/*")) else {
            let told = format!("{what} is not there as {media}");
            c.tell(true, Kind::RemovedMediaType, &told, &a.pointer, &new.pointer);
            continue;
        };
        if let (Some(x), Some(y)) = (a.get("schema"), b.get("schema")) {
            c.within = format!("{within}, {what} ({media})");
            c.schema(&Node::new(x), &Node::new(y), way, "");
            c.within.clone_from(&within);
        } else if a.get("schema").is_some() && way == Way::Answer {
            let told = format!("{what} ({media}) cannot be judged: modern does not say what it is");
            c.tell(false, Kind::NotJudged, &told, &a.pointer, &b.pointer);
        }
    }
    c.site = operation;
}
