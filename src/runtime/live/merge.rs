//! What was read live, merged into an instance in memory.

use super::Heard;
use super::plan::{Plan, decode};
use crate::runtime::execute::unreadable;
use crate::runtime::ingest::LiveRead;
use crate::runtime::looking::{Looking, NOT_STORED};
use crate::runtime::serving::Serving;
use banyan_model::identity;
use banyan_model::instance::{Book, Facts, Instance, RawAt};
use banyan_model::mapping::{Draft, Fate, Runner};
use banyan_model::model::MappingNo;
use banyan_model::ownership;
use banyan_model::refusal::Refusal;
use banyan_store::{Found, Reader};
use banyan_words::{Id, Place, Row, codec};

/// The instance with what was heard. `None` where nothing is known of it even so.
pub(super) fn merge(
    serving: &Serving,
    reader: &mut dyn Reader,
    plan: &Plan,
    heard: &[Heard],
) -> Result<Option<Found>, Refusal> {
    let catalog = &serving.catalog;
    let (mut i, book) = match &plan.found {
        Some(found) => decode(serving, found)?,
        None => (Instance::default(), Book::new(catalog)),
    };
    let (id, n) = plan.found.as_ref().map_or((plan.id, 0), |f| (f.id, f.n));
    let before = (i.etag, i.live);
    let Some(order) = heard.iter().map(|h| h.batch.unit.order.as_str()).min() else {
        return Ok(plan.found.clone());
    };
    let world = Looking::new(catalog, reader).knowing(order);
    for h in heard {
        take(serving, &world, &book, &mut i, h, id);
    }
    ownership::derive(catalog, plan.entity, &book, &world, &mut i);
    world.check().map_err(unreadable)?;
    if i.observations.is_empty() {
        return Ok(None);
    }
    Ok(Some(outcome(serving, &book, i, (id, n), before)))
}

/// A derived instance as a row. `before`: its ETag and whether it was live, before what was read.
pub(super) fn outcome(
    serving: &Serving,
    book: &Book,
    mut i: Instance,
    (id, n): (Id, u64),
    before: (u64, bool),
) -> Found {
    if (i.etag, i.live) != before || i.changed == 0 {
        i.changed = serving.clock.now_ms();
    }
    let mut facts = Vec::new();
    Facts::encode(&i, id, book, &mut facts);
    Found { id, n, facts }
}

/// Admits what a record says now to its instance.
#[allow(clippy::too_many_arguments)]
pub(super) fn admit(
    serving: &Serving,
    world: &Looking<'_>,
    book: &Book,
    i: &mut Instance,
    mapping: MappingNo,
    row: &Row<'_>,
    record: Id,
    draft: &Draft,
) {
    let m = &serving.catalog.mappings[mapping];
    let mut o = draft.observation(m.plan, record, (NOT_STORED, Place::default()), RawAt::default(), 0);
    let mut cells = Vec::new();
    row.encode(&mut cells);
    o.hash = codec::hash(&cells, m.hash);
    identity::admit(i, o, book, world);
}

fn take(serving: &Serving, world: &Looking<'_>, book: &Book, i: &mut Instance, h: &Heard, id: Id) {
    let m = &serving.catalog.mappings[h.mapping];
    // What the driver could not read is there all the same: what it said before stays, as in ingest.
    let mut there = h.batch.rows().any(|r| *r.fate() != banyan_words::Fate::Record && shows(serving, h, &r));
    let mut draft = Draft::default();
    for row in h.batch.rows().filter(|r| *r.fate() == banyan_words::Fate::Record) {
        let runner = Runner::new(&serving.catalog, h.mapping, row.shape());
        let Some(Ok(record)) = runner.record_id(&row) else { continue };
        let fate = runner.run(&row, record, world, &mut draft);
        // A record that now speaks of another instance says nothing of this one.
        let about = draft.instance.unwrap_or(record);
        let mine = about == id || ownership::World::resolve(world, m.entity, about) == id;
        match fate {
            Fate::Says if mine => {
                there |= record == h.record;
                admit(serving, world, book, i, h.mapping, &row, record, &draft);
            }
            // It was refused: what it said before stays, as in ingest; the dead letter comes with the queue.
            Fate::Refused(_) => there |= record == h.record,
            Fate::Says | Fate::Withdrawn | Fate::Skipped => {}
        }
    }
    if !there {
        withdraw(world, book, i, h.mapping, h.record);
    }
}

/// A record says nothing any more.
pub(super) fn withdraw(world: &Looking<'_>, book: &Book, i: &mut Instance, mapping: MappingNo, record: Id) {
    let own = i
        .observations
        .iter_mut()
        .find(|o| o.record == record && book.plan(o.plan).and_then(|p| p.mapping) == Some(mapping));
    if let Some(own) = own
        && ownership::World::compare_units(world, own.unit, NOT_STORED).is_le()
    {
        own.withdraw((NOT_STORED, Place::default()));
    }
}

/// Whether a row is the record that was asked for. One whose key cannot be read came because its key was asked for.
fn shows(serving: &Serving, h: &Heard, row: &Row<'_>) -> bool {
    let record = Runner::new(&serving.catalog, h.mapping, row.shape()).record_id(row);
    match record {
        Some(Ok(record)) => record == h.record,
        _ => *row.fate() != banyan_words::Fate::Record,
    }
}

/// What goes to the store. A source that does not tell upper from lower case may have answered with another record.
pub(super) fn queued(serving: &Serving, h: Heard, instance: Id) -> LiveRead {
    let there = h.batch.rows().any(|row| shows(serving, &h, &row));
    let absent = if there { Vec::new() } else { vec![(h.mapping, h.record)] };
    LiveRead { dataset: h.dataset, batch: h.batch, absent, instances: vec![instance] }
}
