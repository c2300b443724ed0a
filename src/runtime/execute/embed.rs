//! What is embedded: targets of references fetched in one batch a level, sub-collections up to a bound.

use super::{Found, Reader, page, scope_of, unreadable};
use crate::runtime::serving::Serving;
use banyan_model::instance::FactsHead;
use banyan_model::model::{EntityNo, FieldNo};
use banyan_model::query::{Embed, Link, Position, Scope, plain_list};
use banyan_model::refusal::Refusal;
use banyan_words::Id;
use std::collections::HashMap;
use std::ops::Range;

/// How many members of a sub-collection are embedded; the rest is a link.
pub const MAX_CHILDREN: usize = 100;
/// How many rows one answer may embed altogether. Where it is used up, sub-collections are links only.
pub const MAX_EMBEDDED: usize = 10_000;

/// Rows, and what is embedded in them.
#[derive(Debug, Default)]
pub struct Fetched {
    /// The rows.
    pub rows: Vec<Found>,
    /// For each of the request's embeds at this level.
    pub embeds: Vec<Embedded>,
}

/// What one embed found for all rows of a level.
#[derive(Debug)]
pub enum Embedded {
    /// A reference's targets.
    One {
        /// Which row of `of` an id leads to; ids that lead nowhere are missing.
        targets: HashMap<Id, usize>,
        /// The targets.
        of: Fetched,
    },
    /// A sub-collection's members.
    Many {
        /// For each row of the level its members.
        spans: Vec<Children>,
        /// The members of all.
        of: Fetched,
    },
}

/// The members of one row's sub-collection.
#[derive(Debug)]
pub struct Children {
    /// Which rows they are.
    pub rows: Range<usize>,
    /// Whether there are more, and after which place.
    pub more: Option<Option<Position>>,
    /// What a cursor that goes on is bound to.
    pub binding: u64,
}

/// Fetches what `embeds` wants for `rows`.
pub fn fetch(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    rows: Vec<Found>,
    embeds: &[Embed],
) -> Result<Fetched, Refusal> {
    let mut left = MAX_EMBEDDED;
    level(serving, reader, entity, rows, embeds, &mut left)
}

fn level(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    rows: Vec<Found>,
    embeds: &[Embed],
    left: &mut usize,
) -> Result<Fetched, Refusal> {
    let mut out = Fetched { rows, embeds: Vec::with_capacity(embeds.len()) };
    for e in embeds {
        out.embeds.push(match e.link {
            Link::One { field, entity: target } => {
                let found = targets(serving, reader, entity, &out.rows, field, target)?;
                *left = left.saturating_sub(found.1.len());
                let of = level(serving, reader, target, found.1, &e.inner, left)?;
                Embedded::One { targets: found.0, of }
            }
            Link::Many { entity: child, field } => {
                let (spans, members) = children(serving, reader, entity, &out.rows, (child, field), left)?;
                Embedded::Many { spans, of: level(serving, reader, child, members, &e.inner, left)? }
            }
        });
    }
    Ok(out)
}

fn targets(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    rows: &[Found],
    field: FieldNo,
    target: EntityNo,
) -> Result<(HashMap<Id, usize>, Vec<Found>), Refusal> {
    let mut ids: Vec<Id> = rows.iter().filter_map(|r| reference(serving, entity, r, field)).collect();
    ids.sort_unstable();
    ids.dedup();
    let stored = serving.catalog.entities[target].stored;
    let mut by_id = HashMap::with_capacity(ids.len());
    let mut found = Vec::with_capacity(ids.len());
    for (id, row) in ids.iter().zip(reader.instances(stored, &ids).map_err(unreadable)?) {
        if let Some(row) = row
            && FactsHead::read(&row.facts).is_some_and(|h| h.live)
        {
            by_id.insert(*id, found.len());
            found.push(row);
        }
    }
    Ok((by_id, found))
}

/// The id a row's reference holds.
fn reference(serving: &Serving, entity: EntityNo, row: &Found, field: FieldNo) -> Option<Id> {
    let head = FactsHead::read(&row.facts)?;
    let book = || serving.book_knowing(&[], &[head.shape]).ok();
    id_of(serving.face(entity).fragments(&head, book).get(field)?)
}

/// The id a reference's fragment holds.
pub fn id_of(fragment: &[u8]) -> Option<Id> {
    let text = fragment.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Id::parse(std::str::from_utf8(text).ok()?)
}

fn children(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    rows: &[Found],
    child: (EntityNo, FieldNo),
    left: &mut usize,
) -> Result<(Vec<Children>, Vec<Found>), Refusal> {
    let (mut spans, mut all) = (Vec::with_capacity(rows.len()), Vec::new());
    for parent in rows {
        let intent = plain_list(&serving.catalog, child.0, &Scope::Children { parent: parent.id, field: child.1 });
        let at = all.len();
        let limit = MAX_CHILDREN.min(*left);
        if limit == 0 {
            spans.push(Children { rows: at..at, more: Some(None), binding: intent.binding });
            continue;
        }
        let scope = [scope_of(serving, reader, entity, parent, child)?];
        let found = page(serving, reader, child.0, &scope, &intent, None, limit)?;
        *left -= found.rows.len().min(*left);
        all.extend(found.rows);
        spans.push(Children { rows: at..all.len(), more: found.next.map(Some), binding: intent.binding });
    }
    Ok((spans, all))
}
