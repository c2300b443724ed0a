//! XML: one record for each element at a path, fields by paths within it.
//!
//! Invariant: the document is passed through once and never held; only one record is. Entities are never expanded,
//! nothing is ever fetched. A record that cannot be read is bad; a document that is not well-formed is refused where
//! it ceases to be, and the records before that stay.

pub mod extract;
pub mod path;
pub mod scan;

use super::charset::{self, Charset, Declared};
use super::input::{Input, Sight};
use super::trouble::Trouble;
use super::{Limit, Reader};
use banyan_words::{Bad, BatchBuilder, Column, Place, Shape, Type, Value};
use path::{Name, Path};
use quick_xml::events::BytesStart;
use quick_xml::name::PrefixDeclaration;
use scan::{Passed, Scan, name_of};
use std::io::Read;
use std::sync::Arc;

/// What the configuration says of an XML file.
#[derive(Clone, Debug)]
pub struct Xml {
    /// Its encoding, if its own declaration does not count.
    pub encoding: Declared,
    /// The path to the records.
    pub record: Vec<Name>,
    /// Column names, and where in a record their values stand.
    pub fields: Vec<(String, Path)>,
    /// Bytes.
    pub max_record: usize,
}

impl Xml {
    /// The columns.
    pub fn columns(&self) -> Vec<Column> {
        let ty = |p: &Path| if p.is_list() { Type::List(Box::new(Type::Text)) } else { Type::Text };
        self.fields.iter().map(|(n, p)| Column { name: n.clone(), ty: ty(p) }).collect()
    }
}

/// An element around the records.
struct Outer {
    /// How many namespace bindings it brought.
    bindings: usize,
    /// It and all around it lie on the path to the records.
    on_path: bool,
}

/// Reads an XML file.
pub struct XmlReader {
    xml: Arc<Xml>,
    scan: Scan,
    shape: Arc<Shape>,
    outer: Vec<Outer>,
    bindings: Vec<(String, String)>,
    found: bool,
    /// The element right around the records was met.
    reached: bool,
}

impl XmlReader {
    /// Looks at the file's front and settles its encoding.
    pub fn open(xml: Arc<Xml>, dataset: &str, src: Box<dyn Read + Send>) -> Result<XmlReader, Trouble> {
        let input = Input::open(src, &xml.encoding, Sight::Unicode, declared_encoding)?;
        let shape = Arc::new(Shape { dataset: dataset.to_owned(), columns: xml.columns() });
        let scan = Scan::new(input, xml.max_record);
        Ok(XmlReader { xml, scan, shape, outer: Vec::new(), bindings: Vec::new(), found: false, reached: false })
    }

    /// Walks to the next record and appends it; false at the end.
    fn record(&mut self, out: &mut BatchBuilder, shape: u16) -> Result<bool, Trouble> {
        loop {
            let (xml, outer, bindings) = (&self.xml, &self.outer, &mut self.bindings);
            let (mut opened, mut place) = (Ok(Outer { bindings: 0, on_path: false }), Place::default());
            let passed = self.scan.next(|scan, tag| {
                place = scan.place();
                opened = open(xml, outer, bindings, tag);
                matches!(&opened, Ok(o) if o.on_path && outer.len() + 1 == xml.record.len())
            })?;
            match passed {
                Passed::Finished => return self.finish(),
                Passed::End => self.close(),
                Passed::Start { empty, .. } => {
                    let opened = opened.map_err(|what| self.scan.malformed(&what))?;
                    let is_record = opened.on_path && self.outer.len() + 1 == self.xml.record.len();
                    self.reached |= opened.on_path && self.outer.len() + 2 == self.xml.record.len();
                    self.outer.push(opened);
                    if is_record {
                        self.found = true;
                        self.whole(empty)?;
                        self.emit(out, shape, place);
                        self.close();
                        return Ok(true);
                    }
                    if empty {
                        self.close();
                    }
                }
            }
        }
    }

    fn close(&mut self) {
        if let Some(outer) = self.outer.pop() {
            self.bindings.truncate(self.bindings.len() - outer.bindings);
        }
    }

    /// Walks to the end of the record just begun.
    fn whole(&mut self, empty: bool) -> Result<(), Trouble> {
        if empty {
            return Ok(());
        }
        let depth = self.scan.depth();
        loop {
            match self.scan.next(|_, _| false)? {
                Passed::End if self.scan.depth() < depth => return Ok(()),
                Passed::Finished => return Err(self.scan.malformed("the file ends inside a record")),
                Passed::End | Passed::Start { .. } => {}
            }
        }
    }

    /// Appends the record held.
    fn emit(&mut self, out: &mut BatchBuilder, shape: u16, place: Place) {
        let bad = |code: &str, what: String, raw: Vec<u8>| Bad {
            code: code.into(),
            message: format!("line {}: {what}", place.line),
            raw,
        };
        let len = match self.scan.release() {
            Ok(len) => len,
            Err(raw) => {
                let what = format!("the record is longer than `max_record` ({} bytes)", self.xml.max_record);
                return out.end_bad(shape, place, bad("record-too-large", what, raw));
            }
        };
        let input = &self.scan.input;
        match input.decode(0..len) {
            None => {
                let what = input.malformed(0..len).unwrap_or_default();
                out.end_bad(shape, place, bad("bad-encoding", what, input.raw(0..len)));
            }
            Some(text) => {
                // The record's own tag binds its namespaces itself.
                let own = self.outer.last().map_or(0, |o| o.bindings);
                let around = &self.bindings[..self.bindings.len() - own];
                match cells(&self.xml, &text, around) {
                    Ok(values) => {
                        out.begin(shape);
                        values.into_iter().for_each(|v| out.value(v));
                        out.raw(&input.source(0..len));
                        out.end(place);
                    }
                    Err(flaw) => out.end_bad(shape, place, bad(flaw.code, flaw.what, input.raw(0..len))),
                }
            }
        }
        self.scan.input.take(len);
    }

    /// No records are well if the element that would hold them is there; else the path is not that of this file.
    fn finish(&self) -> Result<bool, Trouble> {
        if self.reached || self.found {
            return Ok(false);
        }
        let path: String = self.xml.record.iter().map(|n| format!("/{}", n.local)).collect();
        Err(Trouble::refused("xml-record-not-found", format!("the document has no element at {path}, nor around it")))
    }
}

fn cells(xml: &Xml, text: &str, around: &[(String, String)]) -> Result<Vec<Value<'static>>, extract::Flaw> {
    let element = extract::element(text, around)?;
    let mut values = Vec::with_capacity(xml.fields.len());
    for (name, path) in &xml.fields {
        let value = extract::value(&element, path)
            .map_err(|f| extract::Flaw { code: f.code, what: format!("field {name}: {}", f.what) })?;
        values.push(value);
    }
    Ok(values)
}

/// Takes note of a start tag outside records: its namespace bindings, and whether it lies on the path.
fn open(xml: &Xml, outer: &[Outer], bindings: &mut Vec<(String, String)>, tag: &str) -> Result<Outer, String> {
    let name = name_of(tag);
    let before = bindings.len();
    for attribute in BytesStart::from_content(tag, name.len()).attributes() {
        let attribute = match attribute {
            Ok(attribute) => attribute,
            // A record's own tag is judged with the record.
            Err(_) if outer.len() + 1 == xml.record.len() => break,
            Err(e) => return Err(e.to_string()),
        };
        match attribute.key.as_namespace_binding() {
            Some(PrefixDeclaration::Default) => bindings.push((String::new(), attribute.value.into_owned())),
            Some(PrefixDeclaration::Named(p)) => bindings.push((p.to_owned(), attribute.value.into_owned())),
            None => {}
        }
    }
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let space = bindings.iter().rev().find(|(p, _)| p == prefix).map_or("", |(_, uri)| uri.as_str());
    let step = xml.record.get(outer.len());
    let on_path = outer.last().is_none_or(|o| o.on_path) && step.is_some_and(|s| s.matches(space, local));
    Ok(Outer { bindings: bindings.len() - before, on_path })
}

/// What the file says of its own encoding: `<?xml version="1.0" encoding="windows-1252"?>`.
fn declared_encoding(front: &[u8]) -> Result<Option<Charset>, Trouble> {
    let Some(end) = memchr::memmem::find(&front[..front.len().min(1024)], b"?>") else { return Ok(None) };
    let declaration = String::from_utf8_lossy(&front[..end]).into_owned();
    let Some(rest) = declaration.strip_prefix("<?xml") else { return Ok(None) };
    let tag = format!("xml{rest}");
    for attribute in BytesStart::from_content(tag.as_str(), 3).attributes().flatten() {
        if attribute.key.0 != "encoding" {
            continue;
        }
        return match charset::named(&attribute.value) {
            // A declaration that could be read byte by byte is not UTF-16, whatever it says.
            Ok(Declared::Is(Charset::Utf16 { .. }) | Declared::Utf16) => Ok(None),
            Ok(Declared::Is(charset)) => Ok(Some(charset)),
            Ok(Declared::Auto) => Ok(None),
            Err(what) => Err(Trouble::refused(
                "wrong-encoding",
                format!("the file's own declaration says: {what}. Declare `encoding`"),
            )),
        };
    }
    Ok(None)
}

impl Reader for XmlReader {
    fn read(&mut self, out: &mut BatchBuilder, limit: Limit) -> Result<bool, Trouble> {
        let shape = out.shape(self.shape.clone());
        while !limit.reached(out) {
            if !self.record(out, shape)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
