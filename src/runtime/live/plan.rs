//! Whether a request needs a live read, and what is to be asked.

use super::keys::turned_back;
use super::{Fresh, Heard, Live};
use crate::runtime::ingest::batch_of;
use crate::runtime::serving::Serving;
use banyan_adapter::Fault;
use banyan_model::instance::{Facts, Instance};
use banyan_model::mapping::Runner;
use banyan_model::model::{DatasetNo, EntityNo, Mapping, MappingNo};
use banyan_model::refusal::Refusal;
use banyan_store::{Found, Reader};
use banyan_words::{BatchBuilder, Id, Place, Shape, UnitRef, Value};
use std::sync::Arc;

/// What is to be asked.
pub struct Plan {
    pub(super) entity: EntityNo,
    pub(super) id: Id,
    pub(super) found: Option<Found>,
    pub(super) asks: Vec<Ask>,
}

/// One dataset to be asked for one record.
pub(super) struct Ask {
    pub(super) mapping: MappingNo,
    pub(super) dataset: DatasetNo,
    pub(super) full: String,
    pub(super) key: Vec<Value<'static>>,
    pub(super) record: Id,
}

/// What came of it, to be merged.
pub struct Asked {
    pub(super) plan: Plan,
    pub(super) heard: Vec<Heard>,
    pub(super) faults: Vec<(DatasetNo, Fault)>,
}

impl Asked {
    pub(super) fn new(plan: Plan, heard: Vec<Heard>, faults: Vec<(DatasetNo, Fault)>) -> Asked {
        Asked { plan, heard, faults }
    }
}

impl Live {
    /// What must be asked before an instance may be answered; `None` where what is stored will do. `key` is the key a
    /// lookup gave, with its space; `max_age` in seconds is what the request asks for.
    pub fn plan(
        &self,
        serving: &Serving,
        reader: &mut dyn Reader,
        entity: EntityNo,
        id: Id,
        key: Option<(&str, &[String])>,
        max_age: Option<u64>,
    ) -> Result<Option<Plan>, Refusal> {
        let catalog = &serving.catalog;
        let now = serving.clock.now_ms();
        let unreadable = crate::runtime::execute::unreadable;
        let needs = |d: DatasetNo, instance: Id| {
            let how = self.how[d].as_ref()?;
            let fed = serving.freshness.get(d).filter(|_| how.feeds);
            let as_of = self.queue.as_of(d, instance).max(fed);
            let promise = catalog.datasets[d].fresh.map(|f| f.as_secs());
            let most = match (max_age, how.feeds) {
                (Some(asked), _) => asked,
                (None, true) => return None,
                (None, false) => promise.unwrap_or(0),
            };
            let age = as_of.map(|a| u64::try_from((now - a).max(0)).unwrap_or(0) / 1000);
            // Nothing is fresh enough for `max-age=0`, however young.
            (most == 0 || age.is_none_or(|a| a > most)).then_some(())
        };
        if catalog.feeding(entity).all(|(_, m)| needs(m.dataset, id).is_none()) {
            return Ok(None);
        }
        let stored = catalog.entities[entity].stored;
        let found = reader.instance(stored, id).map_err(unreadable)?;
        let instance = found.as_ref().map(|f| decode(serving, f)).transpose()?;
        let canonical = found.as_ref().map_or(id, |f| f.id);
        // An id that only others speak of: the record that does so knows the key.
        let turned = match (&found, key) {
            (None, None) => turned_back(serving, reader, entity, id)?,
            _ => None,
        };
        let key = key.or(turned.as_ref().map(|(space, parts)| (space.as_str(), parts.as_slice())));
        let mut asks = Vec::new();
        for (no, m) in catalog.feeding(entity) {
            if needs(m.dataset, canonical).is_none() {
                continue;
            }
            let d = &catalog.datasets[m.dataset];
            let given = key.filter(|(space, _)| *space == m.key.space && m.key.columns == d.key);
            let key = match given {
                Some((_, parts)) => Some(parts.iter().map(|p| Value::text(p).into_owned()).collect()),
                None => match &instance {
                    Some((i, book)) => key_of(i, book, no, &d.key, reader).map_err(unreadable)?,
                    None => None,
                },
            };
            let Some(key) = key else { continue };
            if let Some(record) = record_id(serving, m, no, &key) {
                asks.push(Ask { mapping: no, dataset: m.dataset, full: d.full.clone(), key, record });
            }
        }
        Ok((!asks.is_empty()).then_some(Plan { entity, id, found, asks }))
    }

    /// Merges what was heard into the instance, by the rules that ingest follows, and queues it for the store.
    pub fn merge(&self, serving: &Serving, reader: &mut dyn Reader, asked: Asked) -> Result<Fresh, Refusal> {
        let Asked { plan, heard: all, mut faults } = asked;
        let mut heard = Vec::with_capacity(all.len());
        for h in all {
            match super::drift::drifted(serving, reader, h.dataset, &h.batch)? {
                Some(fault) => faults.push((h.dataset, fault)),
                None => heard.push(h),
            }
        }
        let mut as_of: Vec<(DatasetNo, i64)> =
            heard.iter().map(|h| (h.dataset, h.batch.unit.as_of.as_millisecond())).collect();
        let mut failed = false;
        for (d, _) in faults.iter().filter(|(d, _)| self.how[*d].as_ref().is_some_and(|h| !h.feeds)) {
            match self.stale(serving, reader, &plan, *d)? {
                Some(at) => as_of.push((*d, at)),
                None => failed = true,
            }
        }
        let live = !heard.is_empty();
        let found = super::merge::merge(serving, reader, &plan, &heard)?;
        // Nothing is stored of it, and a source that may have it was not heard: nobody knows that it does not exist.
        failed |= found.is_none() && !faults.is_empty();
        let instance = found.as_ref().map_or(plan.id, |f| f.id);
        for h in heard {
            self.queue.put(super::merge::queued(serving, h, instance));
        }
        Ok(Fresh { found, as_of, live, faults: faults.into_iter().map(|(_, f)| f).collect(), failed })
    }
}

impl Live {
    /// As of when the stored copy speaks for a dataset that cannot be asked now; `None` where there is none that may
    /// (`stale_if_error`).
    fn stale(
        &self,
        serving: &Serving,
        reader: &mut dyn Reader,
        plan: &Plan,
        dataset: DatasetNo,
    ) -> Result<Option<i64>, Refusal> {
        let catalog = &serving.catalog;
        let (Some(limit), Some(found)) = (catalog.datasets[dataset].stale_if_error, &plan.found) else {
            return Ok(None);
        };
        let mut as_of = self.queue.as_of(dataset, found.id);
        if as_of.is_none() {
            let (i, book) = decode(serving, found)?;
            let of = |plan: u32| book.plan(plan).and_then(|p| p.mapping).map(|m| catalog.mappings[m].dataset);
            let own = i.observations.iter().find(|o| !o.withdrawn && of(o.plan) == Some(dataset));
            let unit = own.map(|o| reader.unit(o.unit)).transpose().map_err(crate::runtime::execute::unreadable)?;
            as_of = unit.flatten().map(|u| u.key.as_of);
        }
        let oldest = serving.clock.now_ms() - i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        Ok(as_of.filter(|at| *at >= oldest))
    }
}

pub(super) type Decoded = (Instance, banyan_model::instance::Book);

pub(super) fn decode(serving: &Serving, found: &Found) -> Result<Decoded, Refusal> {
    let decoded = serving
        .with_book(|plans, book| Facts::decode(&found.facts, found.id, plans).map(|i| (i, book.clone())))
        .map_err(crate::runtime::execute::unreadable)?;
    decoded.ok_or_else(|| crate::runtime::execute::damaged(found))
}

/// The key of the record that a mapping's observation was made from.
fn key_of(
    i: &Instance,
    book: &banyan_model::instance::Book,
    mapping: MappingNo,
    columns: &[String],
    reader: &mut dyn Reader,
) -> banyan_store::Result<Option<Vec<Value<'static>>>> {
    let own = i.observations.iter().find(|o| book.plan(o.plan).and_then(|p| p.mapping) == Some(mapping));
    let Some(own) = own.filter(|o| o.raw.block != 0) else { return Ok(None) };
    let Some(batch) = reader.raw(own.raw)?.as_ref().and_then(batch_of) else { return Ok(None) };
    let row = batch.row(0);
    Ok(columns.iter().map(|c| row.shape().position(c).map(|at| row.value(at).into_owned())).collect())
}

/// The id that ingest gives a record with that key; `None` if the key is none.
fn record_id(serving: &Serving, m: &Mapping, no: MappingNo, key: &[Value<'static>]) -> Option<Id> {
    let d = &serving.catalog.datasets[m.dataset];
    let columns = d.key.iter().map(|c| banyan_words::Column { name: c.clone(), ty: banyan_words::Type::Any });
    let shape = Arc::new(Shape { dataset: d.feed.clone(), columns: columns.collect() });
    let unit = UnitRef {
        name: String::new(),
        version: String::new(),
        order: String::new(),
        as_of: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut b = BatchBuilder::new(Arc::new(unit));
    let s = b.shape(shape.clone());
    b.begin(s);
    key.iter().for_each(|v| b.value(v.clone()));
    b.end(Place::default());
    let batch = b.finish();
    Runner::new(&serving.catalog, no, &shape).record_id(&batch.row(0))?.ok()
}
