//! The text at a path of an XML document that stands in a cell.
//!
//! Invariant: nothing is expanded but the five predefined entities and character references; a document type
//! declaration is refused; reading stops at the element looked for, and memory does not depend on the document.

use banyan_words::Value;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::borrow::Cow;

/// A compiled path: `/Store/Phone[2]/@kind`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    steps: Vec<Step>,
    attribute: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    name: String,
    /// Which of the equally named siblings, from 1.
    nth: u32,
}

impl Path {
    /// Reads a path; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Path, String> {
        let rest = text.strip_prefix('/').ok_or("a path begins with '/' and the root element")?;
        let (mut steps, mut attribute) = (Vec::new(), None);
        for part in rest.split('/') {
            if attribute.is_some() {
                return Err("an attribute ends the path".to_owned());
            }
            if let Some(name) = part.strip_prefix('@') {
                attribute = Some(named(name)?.to_owned());
                continue;
            }
            let (name, nth) = match part.strip_suffix(']').and_then(|p| p.split_once('[')) {
                Some((name, n)) => {
                    let n = n.parse().ok().filter(|n| *n > 0).ok_or("a position in brackets counts from 1")?;
                    (name, n)
                }
                None => (part, 1),
            };
            steps.push(Step { name: named(name)?.to_owned(), nth });
        }
        if steps.is_empty() {
            return Err("a path names the root element first".to_owned());
        }
        Ok(Path { steps, attribute })
    }
}

fn named(name: &str) -> Result<&str, String> {
    let bad = |c: char| c.is_whitespace() || "[]@*()'\"<>=&".contains(c);
    if name.is_empty() || name.contains(bad) { Err(format!("'{name}' is no element name")) } else { Ok(name) }
}

/// Without a prefix in the path, the document's prefixes do not count.
fn same(wanted: &str, name: &str) -> bool {
    if wanted.contains(':') { wanted == name } else { wanted == name.rsplit(':').next().unwrap_or(name) }
}

/// The value at the path: text, null for `xsi:nil`, or missing.
pub(crate) fn find<'t>(text: &'t str, path: &Path) -> Result<Value<'t>, String> {
    let mut reader = Reader::from_str(text);
    // How many leading steps the open elements match, how deep we are, and siblings seen at each matched level.
    let (mut matched, mut depth) = (0_usize, 0_usize);
    let mut seen = vec![0_u32; path.steps.len()];
    let mut any = false;
    loop {
        let (start, empty) = match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(s) => (s, false),
            Event::Empty(s) => (s, true),
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                matched = matched.min(depth);
                continue;
            }
            Event::DocType(_) => return Err("it has a document type declaration".to_owned()),
            Event::Eof if depth > 0 => return Err("it ends within an element".to_owned()),
            Event::Eof if !any => return Err("it has no element".to_owned()),
            Event::Eof => return Ok(Value::Missing),
            _ => continue,
        };
        any = true;
        if matched == depth && take_step(path, depth, &start, &mut seen) {
            if depth + 1 == path.steps.len() {
                return match &path.attribute {
                    Some(name) => attribute(&start, name),
                    None if nil(&start) => Ok(Value::Null),
                    None if empty => Ok(Value::text("")),
                    None => content(&mut reader),
                };
            }
            matched += usize::from(!empty);
        }
        depth += usize::from(!empty);
    }
}

/// Whether this element is the one that the path names at `depth`.
fn take_step(path: &Path, depth: usize, start: &BytesStart<'_>, seen: &mut [u32]) -> bool {
    let (Some(step), Some(count)) = (path.steps.get(depth), seen.get_mut(depth)) else { return false };
    if !same(&step.name, start.name().as_ref()) {
        return false;
    }
    *count += 1;
    let chosen = *count == step.nth;
    if chosen {
        seen.iter_mut().skip(depth + 1).for_each(|n| *n = 0);
    }
    chosen
}

fn nil(start: &BytesStart<'_>) -> bool {
    start.attributes().flatten().any(|a| {
        let name: &str = a.key.as_ref();
        name.ends_with(":nil") && matches!(a.value.as_ref(), "true" | "1")
    })
}

fn attribute<'t>(start: &BytesStart<'_>, wanted: &str) -> Result<Value<'t>, String> {
    for a in start.attributes() {
        let a = a.map_err(|e| e.to_string())?;
        if same(wanted, a.key.as_ref()) {
            let mut out = String::new();
            unescape(a.value.as_ref(), &mut out)?;
            return Ok(Value::Text(Cow::Owned(out)));
        }
    }
    Ok(Value::Missing)
}

/// Attribute values come with their references in them.
fn unescape(raw: &str, out: &mut String) -> Result<(), String> {
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (name, tail) = after.split_once(';').ok_or("an entity has no end")?;
        reference(&BytesRef::new(name), out)?;
        rest = tail;
    }
    out.push_str(rest);
    Ok(())
}

fn reference(r: &BytesRef<'_>, out: &mut String) -> Result<(), String> {
    if let Some(c) = r.resolve_char_ref().map_err(|e| e.to_string())? {
        out.push(c);
        return Ok(());
    }
    let name = r.xml10_content();
    match resolve_predefined_entity(&name) {
        Some(t) => out.push_str(t),
        None => return Err(format!("entity '{name}' is not known")),
    }
    Ok(())
}

/// The text up to the end of the element just opened, that of the elements within included.
fn content<'t>(reader: &mut Reader<&'t [u8]>) -> Result<Value<'t>, String> {
    let mut out: Cow<'t, str> = Cow::Borrowed("");
    let mut depth = 0_usize;
    let mut add = |t: Cow<'t, str>| {
        if out.is_empty() {
            out = t;
        } else {
            out.to_mut().push_str(&t);
        }
    };
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Text(t) => add(t.xml10_content()),
            Event::CData(t) => add(t.xml10_content()),
            Event::GeneralRef(r) => {
                let mut one = String::new();
                reference(&r, &mut one)?;
                add(Cow::Owned(one));
            }
            Event::Start(_) => depth += 1,
            Event::End(_) if depth == 0 => return Ok(Value::Text(out)),
            Event::End(_) => depth -= 1,
            Event::DocType(_) => return Err("it has a document type declaration".to_owned()),
            Event::Eof => return Err("it ends within an element".to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(xml: &str, path: &str) -> Result<String, String> {
        find(xml, &Path::parse(path).unwrap()).map(|v| super::super::outcome::show(&v))
    }

    const STORE: &str = concat!(
        "<?xml version=\"1.0\"?><s:Store xmlns:s='u' xmlns:xsi='i'><a><Phone>0</Phone></a><Phone kind='x'>1</Phone>",
        "<Other/><Phone kind=\"a&amp;b\">2<b> and </b><![CDATA[<3>]]>&lt;&#65;</Phone><Gone xsi:nil='true'/><E/><s:N>n</s:N></s:Store>"
    );

    #[test]
    fn paths_count_siblings_and_ignore_prefixes_unless_given() {
        for (path, want) in [
            ("/Store/Phone", "\"1\""),
            ("/Store/Phone[2]", "\"2 and <3><A\""),
            ("/Store/Phone[2]/@kind", "\"a&b\""),
            ("/Store/a/Phone", "\"0\""),
            ("/Store/Phone[3]", "MISSING"),
            ("/Store/Phone/@none", "MISSING"),
            ("/Phone", "MISSING"),
            ("/Store/Gone", "NULL"),
            ("/Store/E", "\"\""),
            ("/s:Store/s:N", "\"n\""),
            ("/t:Store/N", "MISSING"),
            ("/Store/E/N", "MISSING"),
        ] {
            assert_eq!(at(STORE, path).unwrap(), want, "{path}");
        }
    }

    #[test]
    fn the_second_group_has_siblings_of_its_own() {
        let xml = "<r><g><p>1</p><p>2</p></g><g><p>3</p><p>4</p></g></r>";
        assert_eq!(at(xml, "/r/g[2]/p[2]").unwrap(), "\"4\"");
        assert_eq!(at(xml, "/r/g[2]/p").unwrap(), "\"3\"");
    }

    #[test]
    fn what_is_no_plain_xml_is_refused() {
        for bad in [
            "",
            "plain",
            "<a>",
            "<a><b></a>",
            "<!DOCTYPE a [<!ENTITY x 'boom'>]><a>&x;</a>",
            "<a>&x;</a>",
            "<a b='&x;'/>",
        ] {
            assert!(at(bad, "/a").is_err() || at(bad, "/a/@b").is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_are_checked() {
        for bad in ["", "a", "/", "//a", "/@a", "/a/@b/c", "/a[0]", "/a[x]", "/a b"] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }
}
