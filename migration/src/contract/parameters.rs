//! Parameters of an operation: of its path and its own, each known by where it stands and its name.

use super::Kind;
use super::place::names;
use super::resolve::{At, Doc};
use super::schema::{Comparer, Way};
use super::shape::Node;
use serde_json::Value;
use std::collections::BTreeMap;

struct Parameter<'a> {
    name: &'a str,
    at: At<'a>,
    required: bool,
    /// How it is written.
    style: (&'a str, bool),
    schema: Option<Node<'a>>,
}

/// Where it stands, and its name; of a path, its place in it, since names of placeholders do not count.
type Key = (String, String);

fn all<'a>(doc: &Doc<'a>, item: &At<'a>, operation: &At<'a>, path: &str) -> BTreeMap<Key, Parameter<'a>> {
    let mut out = BTreeMap::new();
    for of in [item, operation] {
        for (_, at) in of.get("parameters").map(|p| p.each()).unwrap_or_default() {
            let Ok(at) = doc.follow(at) else { continue };
            let (Some(name), Some(within)) = (at.text("name"), at.text("in")) else { continue };
            let known = match within {
                "path" => match names(path).iter().position(|n| *n == name) {
                    Some(place) => place.to_string(),
                    None => continue,
                },
                "header" => name.to_ascii_lowercase(),
                _ => name.to_owned(),
            };
            // These are told elsewhere in a document, and ignored here by its rules.
            if within == "header" && matches!(known.as_str(), "accept" | "content-type" | "authorization") {
                continue;
            }
            let usual = if matches!(within, "query" | "cookie") { "form" } else { "simple" };
            let style = at.text("style").unwrap_or(usual);
            let explode = at.value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
            let content = at.get("content").and_then(|c| c.each().into_iter().next()).map(|(_, m)| m);
            let schema = at.get("schema").or_else(|| content?.get("schema")).map(Node::new);
            let required = within == "path" || at.is("required");
            out.insert((within.to_owned(), known), Parameter { name, at, required, style: (style, explode), schema });
        }
    }
    out
}

/// Compares the parameters of an operation; each side is its path item, its operation and its path.
pub(super) fn compare<'a>(c: &mut Comparer<'a>, old: (&At<'a>, &At<'a>, &str), new: (&At<'a>, &At<'a>, &str)) {
    let (before, after) = (all(&c.old, old.0, old.1, old.2), all(&c.new, new.0, new.1, new.2));
    let (within, operation) = (c.within.clone(), c.site.clone());
    for (key, a) in &before {
        // Of a path it is the place that counts, and not the name.
        c.site = format!("{operation} {} {}", key.0, if key.0 == "path" { &key.1 } else { a.name });
        let what = format!("the {} parameter `{}`", key.0, a.name);
        let Some(b) = after.get(key) else {
            // A placeholder is in the path's shape; a field that nobody knows is ignored in HTTP.
            if key.0 != "path" {
                let told = format!("{what} is not taken");
                c.tell(key.0 != "header", Kind::RemovedParameter, &told, &a.at.pointer, &new.1.pointer);
            }
            continue;
        };
        if b.required && !a.required {
            let told = format!("{what} is required now");
            c.tell(true, Kind::RequiredParameter, &told, &a.at.pointer, &b.at.pointer);
        }
        if a.style != b.style && key.0 != "path" && many(c, a) {
            let told = format!("{what} is written another way: {}, was {}", style(b.style), style(a.style));
            c.tell(true, Kind::Style, &told, &a.at.pointer, &b.at.pointer);
        }
        if let (Some(x), Some(y)) = (&a.schema, &b.schema) {
            c.within = format!("{within}, {what}");
            c.schema(x, y, Way::Request, "");
            c.within.clone_from(&within);
        }
    }
    c.site.clone_from(&operation);
    for (key, b) in after.iter().filter(|(k, b)| b.required && !before.contains_key(*k) && k.0 != "path") {
        let told = format!("the {} parameter `{}` is new and required", key.0, b.name);
        let detail = format!("{} {}", key.0, b.name);
        c.tell_at("", &detail, (true, Kind::RequiredParameter), &told, (&old.1.pointer, &b.at.pointer));
    }
}

/// Whether it is made of several values: only then it matters how they are written.
fn many(c: &Comparer<'_>, p: &Parameter<'_>) -> bool {
    let Some(schema) = &p.schema else { return false };
    schema.shape(&c.old).types.is_some_and(|t| t.contains("array") || t.contains("object"))
}

fn style((style, explode): (&str, bool)) -> String {
    format!("{style}{}", if explode { ", exploded" } else { "" })
}
