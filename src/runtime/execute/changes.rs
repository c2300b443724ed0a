//! The change feed.

use super::{Found, Reader, damaged, unreadable};
use crate::runtime::serving::Serving;
use banyan_model::instance::FactsHead;
use banyan_model::model::EntityNo;
use banyan_model::query::{ChangesIntent, change_token};
use banyan_model::refusal::Refusal;
use banyan_store::Since;

/// One change.
#[derive(Debug)]
pub struct Change {
    /// The instance as it is now.
    pub found: Found,
    /// Whether it is served; else it has ended.
    pub live: bool,
    /// When it changed, milliseconds since 1970.
    pub at: i64,
}

/// A page of changes.
#[derive(Debug)]
pub struct ChangesPage {
    /// Oldest first.
    pub changes: Vec<Change>,
    /// The token to go on from.
    pub next: String,
    /// Whether there is more already.
    pub more: bool,
}

/// What changed since.
pub fn changes(
    serving: &Serving,
    reader: &mut dyn Reader,
    entity: EntityNo,
    intent: &ChangesIntent,
) -> Result<ChangesPage, Refusal> {
    let e = &serving.catalog.entities[entity];
    let token = |s: Since| change_token(&e.id_name, s.slice, s.item);
    let Some((slice, item)) = intent.since else {
        let next = token(reader.newest_change().map_err(unreadable)?);
        return Ok(ChangesPage { changes: Vec::new(), next, more: false });
    };
    let page = reader.changes(e.stored, Since { slice, item }, intent.limit).map_err(unreadable)?;
    let mut changes = Vec::with_capacity(page.rows.len());
    for (found, at) in page.rows {
        let head = FactsHead::read(&found.facts).ok_or_else(|| damaged(&found))?;
        let live = head.live;
        // What never was served cannot have ended.
        if live || head.was_live {
            changes.push(Change { found, live, at });
        }
    }
    Ok(ChangesPage { changes, next: token(page.next), more: page.more })
}
