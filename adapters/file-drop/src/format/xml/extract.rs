//! The fields of one record element, whose text is at hand.
//!
//! Invariant: nothing is expanded but the five predefined entities and character references. A field that occurs
//! more often than its path allows is an error, not a choice.

use super::path::{Path, Step};
use banyan_words::Value;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;
use std::borrow::Cow;

/// Why a record gives no fields.
#[derive(Debug, PartialEq, Eq)]
pub struct Flaw {
    /// One of the record codes.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
}

fn flaw(code: &'static str, what: impl Into<String>) -> Flaw {
    Flaw { code, what: what.into() }
}

/// An element, as far as fields need it.
pub struct Element<'t> {
    space: String,
    local: String,
    attributes: Vec<(String, String, String)>,
    content: Vec<Content<'t>>,
}

enum Content<'t> {
    Text(Cow<'t, str>),
    Element(Element<'t>),
}

/// Reads the element that `text` consists of. `spaces`: namespace bindings of the elements around it.
pub fn element<'t>(text: &'t str, spaces: &[(String, String)]) -> Result<Element<'t>, Flaw> {
    let mut reader = NsReader::from_str(text);
    for (prefix, uri) in spaces {
        let declaration = if prefix.is_empty() { PrefixDeclaration::Default } else { PrefixDeclaration::Named(prefix) };
        let added = reader.resolver_mut().add(declaration, Namespace(uri));
        added.map_err(|e| flaw("xml-record", format!("namespaces: {e}")))?;
    }
    let mut open: Vec<Element<'t>> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|e| flaw("xml-record", e.to_string()))?;
        match event {
            Event::Start(tag) => open.push(start(&reader, &tag)?),
            Event::Empty(tag) => {
                let element = start(&reader, &tag)?;
                match open.last_mut() {
                    Some(parent) => parent.content.push(Content::Element(element)),
                    None => return Ok(element),
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else { return Err(flaw("xml-record", "an end without a start")) };
                match open.last_mut() {
                    Some(parent) => parent.content.push(Content::Element(element)),
                    None => return Ok(element),
                }
            }
            Event::Text(t) => push(&mut open, t.xml10_content()),
            Event::CData(t) => push(&mut open, t.xml10_content()),
            Event::GeneralRef(r) => push(&mut open, Cow::Owned(reference(&r)?)),
            Event::Eof => return Err(flaw("xml-record", "the element does not end")),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => {}
        }
    }
}

fn push<'t>(open: &mut [Element<'t>], text: Cow<'t, str>) {
    if let Some(parent) = open.last_mut() {
        parent.content.push(Content::Text(text));
    }
}

fn reference(r: &quick_xml::events::BytesRef<'_>) -> Result<String, Flaw> {
    let unknown = || flaw("xml-entity", format!("`&{};` is not expanded", r.borrow().into_inner()));
    if r.is_char_ref() {
        let c = r.resolve_char_ref().ok().flatten().filter(|c| is_xml_char(*c)).ok_or_else(unknown)?;
        return Ok(c.to_string());
    }
    let c = match &*r.borrow().into_inner() {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return Err(unknown()),
    };
    Ok(c.to_string())
}

fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn start<'t>(reader: &NsReader<&'t [u8]>, tag: &BytesStart<'_>) -> Result<Element<'t>, Flaw> {
    let space = |resolved: ResolveResult<'_>| match resolved {
        ResolveResult::Bound(Namespace(uri)) => Ok(uri.to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(prefix) => {
            Err(flaw("xml-record", format!("the prefix `{prefix}` is bound to no namespace")))
        }
    };
    let (resolved, local) = reader.resolver().resolve_element(tag.name());
    let local = local.into_inner().to_owned();
    let mut element = Element { space: space(resolved)?, local, attributes: Vec::new(), content: Vec::new() };
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| flaw("xml-record", e.to_string()))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (resolved, local) = reader.resolver().resolve_attribute(attribute.key);
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|e| flaw("xml-entity", format!("attribute {}: {e}", attribute.key.0)))?;
        element.attributes.push((space(resolved)?, local.into_inner().to_owned(), value.into_owned()));
    }
    Ok(element)
}

/// The value at the end of a path: missing where there is none.
pub fn value(element: &Element<'_>, path: &Path) -> Result<Value<'static>, Flaw> {
    let mut found = Vec::new();
    walk(element, &path.steps, path, &mut found);
    if path.is_list() {
        return Ok(Value::List(found));
    }
    match found.len() {
        0 => Ok(Value::Missing),
        1 => Ok(found.remove(0)),
        n => Err(flaw("xml-many", format!("there are {n}; write `[]` behind the name for a list"))),
    }
}

fn walk(element: &Element<'_>, steps: &[Step], path: &Path, found: &mut Vec<Value<'static>>) {
    let Some((step, rest)) = steps.split_first() else {
        match &path.attribute {
            None => found.push(text(element)),
            Some(name) => {
                let attribute = element.attributes.iter().find(|(space, local, _)| name.matches(space, local));
                found.extend(attribute.map(|(.., value)| Value::Text(Cow::Owned(value.clone()))));
            }
        }
        return;
    };
    for content in &element.content {
        let Content::Element(child) = content else { continue };
        let wanted = step.name.matches(&child.space, &child.local)
            && step.filter.as_ref().is_none_or(|(name, value)| {
                child.attributes.iter().any(|(space, local, v)| name.matches(space, local) && v == value)
            });
        if wanted {
            walk(child, rest, path, found);
        }
    }
}

const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// All text in an element; null where it says `xsi:nil`.
fn text(element: &Element<'_>) -> Value<'static> {
    let nil = |(space, local, value): &(String, String, String)| {
        space == INSTANCE && local == "nil" && matches!(value.as_str(), "true" | "1")
    };
    if element.attributes.iter().any(nil) {
        return Value::Null;
    }
    let mut out = String::new();
    collect(element, &mut out);
    Value::Text(Cow::Owned(out))
}

fn collect(element: &Element<'_>, out: &mut String) {
    for content in &element.content {
        match content {
            Content::Text(t) => out.push_str(t),
            Content::Element(e) => collect(e, out),
        }
    }
}
