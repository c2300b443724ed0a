//! Lists of what is only read live: one search of a source for each page, merged with what is stored of its instances.
//!
//! Invariant: a page holds every instance whose record the source has in that stretch of its keys and that meets the
//! filters as it is answered, each at one record only: the one that gives its filtered value. What is found is tested
//! again, since a source may find more than was asked for; nothing is compared here that orders pages.
//! Not here: which filters are offered (`core/compile/pushed`), how a source is asked (adapters).

use super::keys::{keys_of, not_known};
use super::merge::{admit, outcome, withdraw};
use super::plan::decode;
use super::{Fresh, Live};
use crate::runtime::execute::{conditions, unreadable};
use crate::runtime::ingest::LiveRead;
use crate::runtime::looking::Looking;
use crate::runtime::serving::Serving;
use banyan_adapter::{Call, Condition, Fault, Search, Stop, Test};
use banyan_model::instance::{Book, Instance, key_of_fragment};
use banyan_model::mapping::{Draft, Fate, Runner};
use banyan_model::model::{DatasetNo, EntityNo, FieldNo, MappingNo};
use banyan_model::ownership::{self, Ruling};
use banyan_model::query::{ListIntent, Narrowing, Position, narrowed};
use banyan_model::refusal::{Flaw, Refusal};
use banyan_store::{Found, Reader};
use banyan_words::{Batch, Id, Row, Value, codec};
use std::sync::Arc;
use std::time::Instant;

/// A page that is to be asked for.
pub struct ListPlan {
    entity: EntityNo,
    mapping: MappingNo,
    dataset: DatasetNo,
    /// `None` where no record can be meant.
    search: Option<Search>,
    tests: Vec<(FieldNo, banyan_store::Test)>,
    limit: usize,
}

/// A page as it was read.
pub struct Listed {
    /// What it was read under.
    pub serving: Arc<Serving>,
    /// The entity, by its number there.
    pub entity: EntityNo,
    /// Its instances.
    pub rows: Vec<Found>,
    /// Where it goes on; `None` at the end.
    pub next: Option<Position>,
    /// As of when it speaks.
    pub fresh: Fresh,
}

impl Live {
    /// What is to be asked for a page; refused where the source cannot be asked for exactly that.
    pub fn plan_list(
        &self,
        serving: &Serving,
        reader: &mut dyn Reader,
        entity: EntityNo,
        intent: &ListIntent,
    ) -> Result<Option<ListPlan>, Refusal> {
        let e = &serving.catalog.entities[entity];
        let Some(list) = &e.live_list else { return Ok(None) };
        let dataset = serving.catalog.mappings[list.mapping].dataset;
        let Some(how) = self.how.get(dataset).and_then(Option::as_ref) else { return Ok(None) };
        let mut wanted = Vec::new();
        let mut nobody = false;
        for n in narrowed(e, list, &intent.filters)? {
            let test = match n.test {
                Narrowing::AnyOf(all) => Test::AnyOf(all),
                Narrowing::AtLeast(v) => Test::AtLeast(v),
                Narrowing::AtMost(v) => Test::AtMost(v),
                Narrowing::KeysOf { target, space, ids } => {
                    let keys = keys_of(serving, reader, target, (&space, n.columns.len()), &ids)?
                        .ok_or_else(|| not_known(serving, &e.fields[n.field].name, target))?;
                    nobody |= keys.is_empty();
                    Test::AnyOf(keys)
                }
            };
            wanted.push(Condition { columns: n.columns, test });
        }
        let after = match &intent.after {
            Some(at) => Some(key_of_position(at, serving.catalog.datasets[dataset].key.len())?),
            None => None,
        };
        let limit = intent.page_size();
        let of_field =
            |c: banyan_store::Condition| e.fields.iter().position(|f| f.stored == c.field).map(|field| (field, c.test));
        let tests = conditions(serving, reader, entity, intent)?.into_iter().filter_map(of_field).collect();
        let search = (!nobody).then(|| Search { dataset: how.name.clone(), conditions: wanted, after, limit });
        Ok(Some(ListPlan { entity, mapping: list.mapping, dataset, search, tests, limit }))
    }

    /// Asks the source. Dropping the future gives up the request there too.
    pub async fn ask_list(&self, serving: &Serving, plan: &ListPlan) -> Result<Option<Batch>, Fault> {
        let full = serving.catalog.datasets[plan.dataset].full.as_str();
        let Some(search) = &plan.search else { return Ok(None) };
        let gone = || Fault::permanent("not-live", "it cannot be read live any more");
        let how = self.how.get(plan.dataset).and_then(Option::as_ref).ok_or_else(gone)?;
        let lookup = how.source.lookup().ok_or_else(gone)?;
        let call = Call { stop: Stop::default(), deadline: Some(Instant::now() + how.timeout) };
        let begun = Instant::now();
        let heard = lookup.find(search, &call).await;
        let outcome = if heard.is_ok() { "ok" } else { "fault" };
        metrics::histogram!("banyan_live_read_seconds", "dataset" => full.to_owned(), "outcome" => outcome)
            .record(begun.elapsed().as_secs_f64());
        if let Err(fault) = &heard {
            tracing::warn!(dataset = full, code = %fault.code, "a live list failed: {}", fault.message);
        }
        heard.map(Some)
    }

    /// Merges what was found with what is stored, tests it, and queues it for the store.
    pub fn merge_list(
        &self,
        serving: Arc<Serving>,
        reader: &mut dyn Reader,
        plan: &ListPlan,
        batch: Option<Batch>,
    ) -> Result<Listed, Refusal> {
        let Some(batch) = batch else {
            let now = serving.clock.now_ms();
            let entity = plan.entity;
            return Ok(Listed { fresh: fresh(plan.dataset, now), serving, entity, rows: Vec::new(), next: None });
        };
        if super::drift::drifted(&serving, reader, plan.dataset, &batch)?.is_some() {
            let detail = "the columns of what is searched have changed; its operator finds the reason in the log";
            return Err(Refusal::new("source-unavailable", detail));
        }
        let next = match batch.len() > plan.limit {
            true => Some(position(&serving, plan, &batch)?),
            false => None,
        };
        let (rows, instances) = merge(&serving, reader, plan, &batch)?;
        let fresh = fresh(plan.dataset, batch.unit.as_of.as_millisecond());
        self.queue.put(LiveRead { dataset: plan.dataset, batch, absent: Vec::new(), instances });
        Ok(Listed { serving, entity: plan.entity, rows, next, fresh })
    }
}

fn fresh(dataset: DatasetNo, as_of: i64) -> Fresh {
    Fresh { found: None, as_of: vec![(dataset, as_of)], live: true, faults: Vec::new(), failed: false }
}

/// Records of a page: what comes on top only says that there is more.
fn page<'b>(plan: &ListPlan, batch: &'b Batch) -> impl Iterator<Item = Row<'b>> {
    batch.rows().take(plan.limit).filter(|r| *r.fate() == banyan_words::Fate::Record)
}

/// The place after the page: the key of its last record that has one. What could not be read after it comes again, and is
/// refused again.
fn position(serving: &Serving, plan: &ListPlan, batch: &Batch) -> Result<Position, Refusal> {
    let key = &serving.catalog.datasets[plan.dataset].key;
    let key_of = |row: Row<'_>| {
        let at = key.iter().map(|k| row.shape().position(k).map(|i| row.value(i).into_owned()));
        at.collect::<Option<Vec<Value<'static>>>>().filter(|k| k.iter().all(|v| !v.is_absent()))
    };
    let Some(last) = page(plan, batch).filter_map(key_of).last() else {
        let detail = "none of a page's records can be read, so there is no place to go on from; its operator finds the \
                      reason in the log";
        return Err(Refusal::new("source-unavailable", detail));
    };
    let mut bytes = Vec::new();
    last.iter().for_each(|v| codec::put_value(v, &mut bytes));
    Ok(Position { keys: vec![bytes], n: 0 })
}

fn key_of_position(at: &Position, parts: usize) -> Result<Vec<Value<'static>>, Refusal> {
    let read = || {
        let mut bytes = at.keys.first()?.as_slice();
        let key: Option<Vec<Value<'static>>> =
            (0..parts).map(|_| codec::take_value(&mut bytes).map(Value::into_owned)).collect();
        key.filter(|k| bytes.is_empty() && k.iter().all(|v| !v.is_absent()))
    };
    read().ok_or_else(|| {
        let detail = "`cursor` belongs to another collection, or to other filters or another sort";
        Refusal::flaws(vec![Flaw::parameter("cursor-mismatch", "cursor", detail)])
    })
}

/// The instances of a page, and all that its records speak of.
fn merge(
    serving: &Serving,
    reader: &mut dyn Reader,
    plan: &ListPlan,
    batch: &Batch,
) -> Result<(Vec<Found>, Vec<Id>), Refusal> {
    let catalog = &serving.catalog;
    // One search has one shape.
    let Some(first) = page(plan, batch).next() else { return Ok((Vec::new(), Vec::new())) };
    let runner = Runner::new(catalog, plan.mapping, first.shape());
    let of_shape = page(plan, batch).filter(|r| Arc::ptr_eq(r.shape(), first.shape()));
    let records: Vec<(Row<'_>, Id)> = of_shape.filter_map(|r| Some((r, runner.record_id(&r)?.ok()?))).collect();
    let ids: Vec<Id> = records.iter().map(|(_, id)| *id).collect();
    let known = reader.instances(catalog.entities[plan.entity].stored, &ids).map_err(unreadable)?;
    let world = Looking::new(catalog, reader).knowing(&batch.unit.order);
    let (mut rows, mut instances) = (Vec::with_capacity(records.len()), Vec::with_capacity(records.len()));
    let mut draft = Draft::default();
    for ((row, record), found) in records.iter().zip(known) {
        let (mut i, book) = match &found {
            Some(found) => decode(serving, found)?,
            None => (Instance::default(), Book::new(catalog)),
        };
        let (id, n) = found.as_ref().map_or((*record, 0), |f| (f.id, f.n));
        instances.push(id);
        let before = (i.etag, i.live);
        let fate = runner.run(row, *record, &world, &mut draft);
        match fate {
            Fate::Says => admit(serving, &world, &book, &mut i, plan.mapping, row, *record, &draft),
            Fate::Withdrawn | Fate::Skipped => withdraw(&world, &book, &mut i, plan.mapping, *record),
            // What it said before stays, as in ingest; the dead letter comes with the queue.
            Fate::Refused(_) => {}
        }
        ownership::derive(catalog, plan.entity, &book, &world, &mut i);
        if i.live && meets(serving, plan, &book, &world, &i, *record) {
            rows.push(outcome(serving, &book, i, (id, n), before));
        }
    }
    world.check().map_err(unreadable)?;
    Ok((rows, instances))
}

/// Whether an instance meets the filters, by what this record says of it.
fn meets(serving: &Serving, plan: &ListPlan, book: &Book, world: &Looking<'_>, i: &Instance, record: Id) -> bool {
    let catalog = &serving.catalog;
    let fields = &catalog.entities[plan.entity].fields;
    plan.tests.iter().all(|(field, test)| {
        let mut key = Vec::new();
        key_of_fragment(&fields[*field].ty, i.canonical.get(*field), &mut key);
        // An instance that was merged of several is found by each of its records, and shown at one.
        let speaks = match ownership::ruling(catalog, plan.entity, book, world, i, *field) {
            Ruling::From(o) => i.observations.get(o).is_some_and(|o| o.record == record),
            Ruling::Nobody | Ruling::Undecided => false,
        };
        speaks && holds(test, &key)
    })
}

/// Whether an order key meets a test; null meets none.
fn holds(test: &banyan_store::Test, key: &[u8]) -> bool {
    use banyan_store::Test;
    if key.first() == Some(&0xff) {
        return false;
    }
    match test {
        Test::Eq(k) => k == key,
        Test::Ne(k) => k != key,
        Test::In(ks) => ks.iter().any(|k| k == key),
        Test::Prefix(k) => key.starts_with(k),
        Test::Range { from, to } => {
            from.as_ref().is_none_or(|(k, counts)| key > k.as_slice() || (*counts && key == k.as_slice()))
                && to.as_ref().is_none_or(|(k, counts)| key < k.as_slice() || (*counts && key == k.as_slice()))
        }
    }
}
