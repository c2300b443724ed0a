//! Instances as CSV (RFC 4180): a header row, nested values as JSON text.
//!
//! Null is an empty cell, an empty text is `""`. Nothing is altered on the way: a cell that begins with `=` arrives as it
//! is in the source, so a spreadsheet that opens the file should be told to read it as text.

use super::render::{self, Left};
use crate::runtime::execute::Fetched;
use crate::runtime::serving::Serving;
use banyan_model::instance::json_scalar_text;
use banyan_model::model::EntityNo;
use banyan_model::query::{Link, Selection};
use banyan_model::refusal::Refusal;

/// Appends the header row.
pub(super) fn header(serving: &Serving, entity: EntityNo, selection: &Selection, out: &mut Vec<u8>) {
    out.extend_from_slice(b"id");
    for name in columns(serving, entity, selection) {
        out.push(b',');
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a row.
pub(super) fn row(
    serving: &Serving,
    entity: EntityNo,
    fetched: &Fetched,
    at: usize,
    selection: &Selection,
    left: &mut Left,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    // The row's JSON decides which members there are and in which order; the header names the same ones.
    let mut json = Vec::with_capacity(512);
    render::row(serving, entity, fetched, at, selection, left, &mut json)?;
    for (i, member) in Members(json.get(1..).unwrap_or_default()).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        cell(member, out);
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

fn columns<'s>(serving: &'s Serving, entity: EntityNo, selection: &'s Selection) -> impl Iterator<Item = &'s str> {
    let one =
        move |no: usize| selection.embeds.iter().any(|e| matches!(e.link, Link::One { field, .. } if field == no));
    let wanted = move |no: usize| selection.fields.as_ref().is_none_or(|f| f.get(no).copied().unwrap_or(false));
    let fields = serving.catalog.entities[entity].fields.iter().enumerate();
    let fields = fields.filter(move |(no, _)| one(*no) || wanted(*no)).map(|(_, f)| f.name.as_str());
    let many = selection.embeds.iter().filter(|e| matches!(e.link, Link::Many { .. })).map(|e| e.name.as_str());
    fields.chain(many)
}

fn cell(fragment: &[u8], out: &mut Vec<u8>) {
    if fragment == b"null" {
        return;
    }
    let text = json_scalar_text(fragment);
    let bytes = text.as_deref().map_or(fragment, str::as_bytes);
    if !bytes.is_empty() && !bytes.iter().any(|b| matches!(b, b',' | b'"' | b'\r' | b'\n')) {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for b in bytes {
        if *b == b'"' {
            out.push(b'"');
        }
        out.push(*b);
    }
    out.push(b'"');
}

/// The values of an object's members, as fragments. The input is an object we rendered, less its opening brace.
struct Members<'j>(&'j [u8]);

impl<'j> Iterator for Members<'j> {
    type Item = &'j [u8];

    fn next(&mut self) -> Option<&'j [u8]> {
        // Keys are names of the configuration: no escapes, no colons.
        let colon = self.0.iter().position(|b| *b == b':')?;
        let rest = self.0.get(colon + 1..)?;
        let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
        let end = rest.iter().position(|b| {
            match (quoted, *b) {
                (true, _) if escaped => escaped = false,
                (true, b'\\') => escaped = true,
                (_, b'"') => quoted = !quoted,
                (false, b'{' | b'[') => depth += 1,
                (false, b'}' | b']') if depth > 0 => depth -= 1,
                (false, b',' | b'}') if depth == 0 => return true,
                _ => {}
            }
            false
        })?;
        self.0 = rest.get(end..).filter(|r| r.starts_with(b",")).and_then(|r| r.get(1..)).unwrap_or_default();
        rest.get(..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_taken_apart() {
        let json = br#"{"id":"x","name":"a,\"b\\","n":null,"tags":["p,q",{"r":"}"}],"ok":true}"#;
        let all: Vec<&str> = Members(&json[1..]).map(|m| std::str::from_utf8(m).unwrap()).collect();
        assert_eq!(all, [r#""x""#, r#""a,\"b\\""#, "null", r#"["p,q",{"r":"}"}]"#, "true"]);
    }

    #[test]
    fn cells_follow_rfc_4180() {
        let told = |f: &str| {
            let mut out = Vec::new();
            cell(f.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        for (fragment, want) in [
            ("null", ""),
            ("\"\"", "\"\""),
            ("\"plain\"", "plain"),
            ("\"a,b\"", "\"a,b\""),
            (r#""say \"hi\"\r\n""#, "\"say \"\"hi\"\"\r\n\""),
            ("\"=1+1\"", "=1+1"),
            ("true", "true"),
            (r#"["a"]"#, r#""[""a""]""#),
        ] {
            assert_eq!(told(fragment), want);
        }
    }
}
