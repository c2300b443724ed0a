//! A schema as the comparison sees it: `allOf` merged, references followed, both ways of writing null made one.

use super::bounds::Bounds;
use super::resolve::{At, Doc};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Schemas that are merged into one at most.
const MOST_PARTS: usize = 200;

/// A schema that may be made of several, all of which hold.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Clone, Debug)]
struct Part<'a> {
    at: At<'a>,
    /// Its alternatives are chosen from already.
    chosen: bool,
}

/// What an object may hold beside its named fields.
#[derive(Clone, Debug, Default)]
pub(super) enum More<'a> {
    #[default]
    Anything,
    Nothing,
    Of(Node<'a>),
}

/// What a schema says.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape<'a> {
    /// Where it stands.
    pub(super) pointer: String,
    /// JSON types without null; `None`: any.
    pub(super) types: Option<BTreeSet<&'a str>>,
    pub(super) nullable: bool,
    pub(super) format: Option<&'a str>,
    /// Enumerated values without null, as JSON.
    pub(super) values: Option<BTreeSet<String>>,
    pub(super) fields: BTreeMap<&'a str, Node<'a>>,
    pub(super) required: BTreeSet<&'a str>,
    pub(super) items: Option<Node<'a>>,
    pub(super) more: More<'a>,
    pub(super) bounds: Bounds<'a>,
    pub(super) read_only: bool,
    pub(super) write_only: bool,
    /// One of these holds beside.
    pub(super) alternatives: Option<Vec<Node<'a>>>,
    /// Why it cannot be judged.
    pub(super) unclear: Option<String>,
}

impl<'a> Node<'a> {
    /// The schema at a place.
    pub(super) fn new(at: At<'a>) -> Node<'a> {
        Node { parts: vec![Part { at, chosen: false }] }
    }

    /// What tells it from others of its document.
    pub(super) fn key(&self, doc: &Doc<'a>) -> String {
        let one = |p: &Part<'a>| {
            let pointer = doc.follow(p.at.clone()).map_or(p.at.pointer.clone(), |a| a.pointer);
            format!("{pointer}{}", if p.chosen { "!" } else { "" })
        };
        self.parts.iter().map(one).collect::<Vec<_>>().join("&")
    }

    /// Where it stands.
    pub(super) fn pointer(&self) -> String {
        self.parts.first().map(|p| p.at.pointer.clone()).unwrap_or_default()
    }

    /// What it says.
    pub(super) fn shape(&self, doc: &Doc<'a>) -> Shape<'a> {
        let mut shape = Shape { pointer: self.pointer(), ..Shape::default() };
        // Parts that came by the same reference twice say nothing new.
        let mut seen = BTreeSet::new();
        let mut rest: Vec<Part<'a>> = self.parts.iter().rev().cloned().collect();
        let mut plain: Vec<Part<'a>> = Vec::new();
        let mut choices: Vec<Vec<At<'a>>> = Vec::new();
        while let Some(part) = rest.pop() {
            if seen.len() >= MOST_PARTS {
                shape.unclear = Some("it is merged from too many schemas".to_owned());
                break;
            }
            if !seen.insert(part.at.pointer.clone()) {
                continue;
            }
            let siblings = part.at.text("$ref").is_some() && part.at.value.as_object().is_some_and(|o| o.len() > 1);
            match doc.follow(part.at.clone()) {
                Ok(at) if at.pointer != part.at.pointer => {
                    if siblings {
                        shape.nullable |= part.at.is("nullable");
                        shape.read_only |= part.at.is("readOnly");
                        shape.write_only |= part.at.is("writeOnly");
                    }
                    rest.push(Part { at, chosen: part.chosen });
                    continue;
                }
                Ok(_) => {}
                Err(why) => {
                    shape.unclear = Some(why);
                    continue;
                }
            }
            for (_, at) in part.at.get("allOf").map(|a| a.each()).unwrap_or_default().into_iter().rev() {
                rest.push(Part { at, chosen: false });
            }
            if !part.chosen {
                for key in ["oneOf", "anyOf"] {
                    let Some(all) = part.at.get(key) else { continue };
                    let (nulls, others): (Vec<At<'a>>, Vec<At<'a>>) =
                        all.each().into_iter().map(|(_, at)| at).partition(is_null);
                    shape.nullable |= !nulls.is_empty();
                    match <[At<'a>; 1]>::try_from(others) {
                        Ok([only]) => rest.push(Part { at: only, chosen: false }),
                        Err(others) if others.is_empty() => {}
                        Err(others) => choices.push(others),
                    }
                }
            }
            if part.at.value.get("not").is_some() || part.at.value.get("if").is_some() {
                shape.unclear = Some("it says what it is not, or depends on conditions".to_owned());
            }
            shape.take(&part.at);
            plain.push(part);
        }
        // Where something is said, rather than where others are named that say it.
        let says = |p: &&Part<'a>| {
            ["type", "properties", "enum", "const", "items", "format"].iter().any(|k| p.at.value.get(k).is_some())
        };
        if let Some(part) = plain.iter().find(says).or(plain.first()) {
            shape.pointer.clone_from(&part.at.pointer);
        }
        if choices.len() > 1 {
            shape.unclear = Some("it chooses among alternatives more than once".to_owned());
        }
        if let Some(others) = choices.into_iter().next() {
            let base = || plain.iter().map(|p| Part { at: p.at.clone(), chosen: true });
            let of = |at| Node { parts: std::iter::once(Part { at, chosen: false }).chain(base()).collect() };
            shape.alternatives = Some(others.into_iter().map(of).collect());
        }
        shape
    }
}

/// Whether a schema allows null alone.
fn is_null(at: &At<'_>) -> bool {
    at.text("type") == Some("null")
        || at.value.get("const").is_some_and(Value::is_null)
        || at.value.get("enum").and_then(Value::as_array).is_some_and(|v| !v.is_empty() && v.iter().all(Value::is_null))
}

impl<'a> Shape<'a> {
    /// Adds what one schema says itself.
    fn take(&mut self, at: &At<'a>) {
        let Some(schema) = at.value.as_object() else {
            if at.value == &Value::Bool(false) {
                self.types = Some(BTreeSet::new());
            }
            return;
        };
        let written: Option<BTreeSet<&'a str>> = match schema.get("type") {
            Some(Value::String(one)) => Some([one.as_str()].into()),
            Some(Value::Array(some)) => Some(some.iter().filter_map(Value::as_str).collect()),
            _ if schema.contains_key("properties") => Some(["object"].into()),
            _ if schema.contains_key("items") => Some(["array"].into()),
            _ => None,
        };
        if let Some(mut types) = written {
            self.nullable |= types.remove("null");
            self.types = Some(match self.types.take() {
                Some(before) => both(&before, &types),
                None => types,
            });
        }
        self.nullable |= at.is("nullable");
        self.read_only |= at.is("readOnly");
        self.write_only |= at.is("writeOnly");
        self.format = self.format.or(at.text("format"));
        let values = match (schema.get("enum"), schema.get("const")) {
            (Some(Value::Array(values)), _) => Some(values.as_slice()),
            (_, Some(one)) => Some(std::slice::from_ref(one)),
            _ => None,
        };
        if let Some(values) = values {
            self.nullable |= values.iter().any(Value::is_null);
            let values: BTreeSet<String> = values.iter().filter(|v| !v.is_null()).map(Value::to_string).collect();
            self.values = Some(match self.values.take() {
                Some(before) => before.intersection(&values).cloned().collect(),
                None => values,
            });
        }
        if let (Some(Value::Object(fields)), Some(of)) = (schema.get("properties"), at.get("properties")) {
            for name in fields.keys() {
                let Some(field) = of.get(name) else { continue };
                let part = Part { at: field, chosen: false };
                self.fields.entry(name.as_str()).or_insert_with(|| Node { parts: Vec::new() }).parts.push(part);
            }
        }
        let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        self.required.extend(required.iter().filter_map(Value::as_str));
        if let Some(items) = at.get("items") {
            let part = Part { at: items, chosen: false };
            self.items.get_or_insert_with(|| Node { parts: Vec::new() }).parts.push(part);
        }
        if schema.contains_key("prefixItems") || schema.contains_key("patternProperties") {
            self.unclear = Some("its elements or members are told by place or pattern".to_owned());
        }
        match at.get("additionalProperties") {
            Some(At { value: Value::Bool(false), .. }) => self.more = More::Nothing,
            Some(of) if of.value.as_object().is_some_and(|o| !o.is_empty()) => self.more = More::Of(Node::new(of)),
            _ => {}
        }
        self.bounds.add(schema);
    }
}

/// Types that both allow; every integer is a number.
fn both<'a>(a: &BTreeSet<&'a str>, b: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let mut out: BTreeSet<&'a str> = a.intersection(b).copied().collect();
    if (a.contains("number") && b.contains("integer")) || (a.contains("integer") && b.contains("number")) {
        out.insert("integer");
    }
    out
}
