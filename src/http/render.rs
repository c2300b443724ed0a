//! Instances as JSON: stored fragments joined, nothing serialised.

use crate::runtime::execute::{Embedded, Fetched, Found, damaged, id_of};
use crate::runtime::serving::Serving;
use banyan_model::instance::FactsHead;
use banyan_model::model::{DatasetNo, EntityNo};
use banyan_model::query::{Embed, Link, Selection, cursor_token};
use banyan_model::refusal::Refusal;
use std::fmt::Write as _;

/// Appends a row as the selection wants it. `at` is its place among the fetched rows.
pub(super) fn row(
    serving: &Serving,
    entity: EntityNo,
    fetched: &Fetched,
    at: usize,
    selection: &Selection,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    write(serving, entity, fetched, at, selection.fields.as_deref(), &selection.embeds, out)
}

/// Appends a whole instance.
pub(super) fn whole(serving: &Serving, entity: EntityNo, found: &Found, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let head = FactsHead::read(&found.facts).ok_or_else(|| damaged(found))?;
    let face = serving.face(entity);
    if !face.write_plain(found.id, &head, out) {
        write_fields(serving, entity, found, &head, out, |no, fragment, out| {
            out.extend_from_slice(&face.prefixes[no]);
            value(fragment, out);
            Ok(())
        })?;
        out.push(b'}');
    }
    Ok(())
}

fn write(
    serving: &Serving,
    entity: EntityNo,
    fetched: &Fetched,
    at: usize,
    fields: Option<&[bool]>,
    embeds: &[Embed],
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let found = &fetched.rows[at];
    if fields.is_none() && embeds.is_empty() {
        return whole(serving, entity, found, out);
    }
    let head = FactsHead::read(&found.facts).ok_or_else(|| damaged(found))?;
    let found_embeds = || embeds.iter().zip(&fetched.embeds);
    write_fields(serving, entity, found, &head, out, |no, fragment, out| {
        let embedded = found_embeds().find(|(e, _)| matches!(e.link, Link::One { field, .. } if field == no));
        if let Some((e, Embedded::One { targets, of })) = embedded {
            out.extend_from_slice(&serving.face(entity).prefixes[no]);
            match id_of(fragment).and_then(|id| targets.get(&id)) {
                Some(row) => write(serving, e.link.entity(), of, *row, None, &e.inner, out)?,
                None => out.extend_from_slice(b"null"),
            }
            return Ok(());
        }
        if fields.is_some_and(|f| !f.get(no).copied().unwrap_or(false)) {
            return Ok(());
        }
        out.extend_from_slice(&serving.face(entity).prefixes[no]);
        value(fragment, out);
        Ok(())
    })?;
    for (e, embedded) in found_embeds() {
        let Embedded::Many { spans, of } = embedded else { continue };
        let Some(span) = spans.get(at) else { continue };
        children(serving, entity, found, e, of, span, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// Walks the fields of a row; `each` writes one, its prefix included, or leaves it out.
fn write_fields(
    serving: &Serving,
    entity: EntityNo,
    found: &Found,
    head: &FactsHead<'_>,
    out: &mut Vec<u8>,
    mut each: impl FnMut(usize, &[u8], &mut Vec<u8>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let face = serving.face(entity);
    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(&found.id.text());
    out.push(b'"');
    let fragments = face.fragments(head, || serving.book_knowing(&[], &[head.shape]).ok());
    for no in 0..face.prefixes.len() {
        each(no, fragments.get(no).copied().unwrap_or_default(), out)?;
    }
    Ok(())
}

fn children(
    serving: &Serving,
    entity: EntityNo,
    parent: &Found,
    e: &Embed,
    of: &Fetched,
    span: &crate::runtime::execute::Children,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let mut text = String::new();
    let _ = write!(text, ",\"{}\":{{\"items\":[", e.name);
    out.extend_from_slice(text.as_bytes());
    for (i, row) in span.rows.clone().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(serving, e.link.entity(), of, row, None, &e.inner, out)?;
    }
    out.extend_from_slice(b"],\"next\":");
    match &span.more {
        None => out.extend_from_slice(b"null"),
        Some(after) => {
            text.clear();
            let plural = &serving.catalog.entities[entity].plural;
            let _ = write!(text, "\"/v1/{plural}/{}/{}?limit=100", parent.id, e.name);
            if let Some(after) = after {
                let _ = write!(text, "&cursor={}", cursor_token(after, span.binding));
            }
            text.push('"');
            out.extend_from_slice(text.as_bytes());
        }
    }
    out.push(b'}');
    Ok(())
}

fn value(fragment: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(if fragment.is_empty() { b"null" } else { fragment });
}

/// Adds the datasets that everything fetched rests on.
pub(super) fn contributors(serving: &Serving, fetched: &Fetched, out: &mut Vec<DatasetNo>) {
    for found in &fetched.rows {
        if let Some(head) = FactsHead::read(&found.facts) {
            serving.contributors(&head, out);
        }
    }
    for e in &fetched.embeds {
        match e {
            Embedded::One { of, .. } | Embedded::Many { of, .. } => contributors(serving, of, out),
        }
    }
}
