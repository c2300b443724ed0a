//! Instances as JSON: stored fragments joined, nothing serialised.

use crate::runtime::execute::{Children, Embedded, Fetched, Found, MAX_CHILDREN, MAX_EMBEDDED, damaged, id_of};
use crate::runtime::serving::Serving;
use banyan_model::instance::FactsHead;
use banyan_model::model::{DatasetNo, EntityNo};
use banyan_model::query::{Embed, Link, Selection, cursor_token};
use banyan_model::refusal::Refusal;

/// How many instances an answer may still embed. What is fetched once may be shown many times (a hundred orders of one
/// customer, each with all of the customer's orders), so what is shown is counted too.
pub(super) struct Left(usize);

impl Left {
    /// For a whole answer, or a page of a stream.
    pub(super) fn new() -> Left {
        Left(MAX_EMBEDDED)
    }

    fn take(&mut self, n: usize) -> bool {
        let enough = self.0 >= n;
        self.0 = self.0.saturating_sub(n);
        enough
    }
}

/// Appends a row as the selection wants it. `at` is its place among the fetched rows.
pub(super) fn row(
    serving: &Serving,
    entity: EntityNo,
    fetched: &Fetched,
    at: usize,
    selection: &Selection,
    left: &mut Left,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let mut writer = Writer { serving, left, out };
    writer.write(entity, fetched, at, selection.fields.as_deref(), &selection.embeds)
}

/// Appends a whole instance.
pub(super) fn whole(serving: &Serving, entity: EntityNo, found: &Found, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let head = FactsHead::read(&found.facts).ok_or_else(|| damaged(found))?;
    let face = serving.face(entity);
    if face.write_plain(found.id, &head, out) {
        return Ok(());
    }
    // A row of another shape, until it is derived again.
    begin(found, out);
    let fragments = face.fragments(&head, || serving.book_knowing(&[], &[head.shape]).ok());
    for (prefix, fragment) in face.prefixes.iter().zip(fragments) {
        out.extend_from_slice(prefix);
        value(fragment, out);
    }
    out.push(b'}');
    Ok(())
}

/// Rows with what is embedded in them, on their way into a buffer.
struct Writer<'w> {
    serving: &'w Serving,
    left: &'w mut Left,
    out: &'w mut Vec<u8>,
}

impl Writer<'_> {
    fn write(
        &mut self,
        entity: EntityNo,
        fetched: &Fetched,
        at: usize,
        fields: Option<&[bool]>,
        embeds: &[Embed],
    ) -> Result<(), Refusal> {
        let (serving, found) = (self.serving, &fetched.rows[at]);
        if fields.is_none() && embeds.is_empty() {
            return whole(serving, entity, found, self.out);
        }
        let head = FactsHead::read(&found.facts).ok_or_else(|| damaged(found))?;
        let face = serving.face(entity);
        begin(found, self.out);
        let fragments = face.fragments(&head, || serving.book_knowing(&[], &[head.shape]).ok());
        for (no, prefix) in face.prefixes.iter().enumerate() {
            let fragment = fragments.get(no).copied().unwrap_or_default();
            let one = |(e, _): &(&Embed, &Embedded)| matches!(e.link, Link::One { field, .. } if field == no);
            if let Some((e, Embedded::One { targets, of })) = embeds.iter().zip(&fetched.embeds).find(one) {
                self.out.extend_from_slice(prefix);
                match id_of(fragment).and_then(|id| targets.get(&id)) {
                    Some(row) => {
                        self.left.take(1);
                        self.write(e.link.entity(), of, *row, e.fields.as_deref(), &e.inner)?;
                    }
                    None => self.out.extend_from_slice(b"null"),
                }
            } else if fields.is_none_or(|f| f.get(no).copied().unwrap_or(false)) {
                self.out.extend_from_slice(prefix);
                value(fragment, self.out);
            }
        }
        for (e, embedded) in embeds.iter().zip(&fetched.embeds) {
            if let Embedded::Many { spans, of } = embedded
                && let Some(span) = spans.get(at)
            {
                self.children(entity, found, e, of, span)?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    fn children(
        &mut self,
        entity: EntityNo,
        parent: &Found,
        e: &Embed,
        of: &Fetched,
        span: &Children,
    ) -> Result<(), Refusal> {
        self.out.extend_from_slice(format!(",\"{}\":{{\"items\":[", e.name).as_bytes());
        let fits = self.left.take(span.rows.len());
        if fits {
            for (i, row) in span.rows.clone().enumerate() {
                if i > 0 {
                    self.out.push(b',');
                }
                self.write(e.link.entity(), of, row, e.fields.as_deref(), &e.inner)?;
            }
        }
        self.out.extend_from_slice(b"],\"next\":");
        // What does not fit is left out whole, and its address is that of the beginning.
        let more = if fits { span.more.as_ref() } else { Some(&None) };
        let next = more.map_or("null".to_owned(), |after| {
            let plural = &self.serving.catalog.entities[entity].plural;
            let cursor = after.as_ref().map(|a| format!("&cursor={}", cursor_token(a, span.binding)));
            format!("\"/v1/{plural}/{}/{}?limit={MAX_CHILDREN}{}\"", parent.id, e.name, cursor.unwrap_or_default())
        });
        self.out.extend_from_slice(next.as_bytes());
        self.out.push(b'}');
        Ok(())
    }
}

fn begin(found: &Found, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(&found.id.text());
    out.push(b'"');
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
