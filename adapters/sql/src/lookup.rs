//! Reads while somebody waits.
//!
//! Invariant: keys are compared by the server, as parameters cast to their columns' types. Equal requests that run at the
//! same time are one request. When nobody waits any more, the server is told to stop. Not here: how conditions are told to
//! the server (`find`), what the records mean.

use crate::Sink;
use crate::config::spec::{DatasetSpec, Datasets};
use crate::feed::{Described, order};
use crate::find;
use crate::lane::{Desk, Lane};
use crate::task::Flight;
use crate::text::{Chosen, Compared, Text};
use banyan_adapter::{Call, Fault, Lookup, Probe, Purpose, Search, Stop, Task};
use banyan_words::{Batch, BatchBuilder, Column, Shape, UnitRef, Value, codec};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Keys of one statement at most.
const KEYS: usize = 100;
/// Connections kept for the next one at most.
const POOL: usize = 4;
/// Rows of one statement at most: more mean that the key is none.
const ROWS: u64 = 10_000;
/// Bytes of one reading from the connection, about.
const BYTES: usize = 4 << 20;
/// How long a live read may take where neither the caller nor the budget says.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often connections that nobody uses are looked at.
const TIDY: Duration = Duration::from_secs(1);
/// How long a table's columns are taken for granted.
const KNOWN: Duration = Duration::from_secs(300);

/// Reads by key, for all datasets of a source.
#[derive(Clone)]
pub(crate) struct Reads(Arc<Inner>);

struct Inner {
    desk: Arc<Desk>,
    datasets: Datasets,
    pool: Mutex<Vec<Lane>>,
    tables: Mutex<BTreeMap<String, (Instant, Arc<Described>)>>,
    flights: Mutex<HashMap<Vec<u8>, Arc<Flight<Answer>>>>,
    /// Somebody looks after the pool.
    tidied: AtomicBool,
}

type Answer = Result<Batch, Fault>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reads {
    /// For the datasets of a source.
    pub(crate) fn new(desk: Arc<Desk>, datasets: Datasets) -> Reads {
        let (pool, tables, flights) = (Mutex::default(), Mutex::default(), Mutex::default());
        Reads(Arc::new(Inner { desk, datasets, pool, tables, flights, tidied: AtomicBool::new(false) }))
    }
}

/// What is asked of a dataset.
enum Asked {
    Keys(Vec<Vec<Value<'static>>>),
    Search(Search),
}

impl Lookup for Reads {
    fn fetch<'a>(&'a self, probe: &'a Probe, call: &'a Call) -> Task<'a, Answer> {
        self.ask(&probe.dataset, name(probe), || Asked::Keys(probe.keys.clone()), call)
    }

    fn find<'a>(&'a self, search: &'a Search, call: &'a Call) -> Task<'a, Answer> {
        self.ask(&search.dataset, find::name(search), || Asked::Search(search.clone()), call)
    }
}

impl Reads {
    /// Joins the request of that name that is under way, or begins one.
    fn ask<'a>(&self, dataset: &str, name: Vec<u8>, asked: impl FnOnce() -> Asked, call: &Call) -> Task<'a, Answer> {
        let inner = &self.0;
        let Some(spec) = inner.datasets.get(dataset).filter(|d| d.live).cloned() else {
            let message = format!("`{dataset}` is not declared as `read: live`");
            return Box::pin(async move { Err(Fault::permanent("not-live", message)) });
        };
        if call.is_over() {
            return Box::pin(async { Err(Fault::transient("budget-timeout", "the request was over before it began")) });
        }
        let waiting = {
            let mut flights = lock(&inner.flights);
            match flights.get(&name).and_then(Flight::join) {
                Some(waiting) => Some(waiting),
                None => {
                    let flight = Flight::new();
                    let waiting = flight.join();
                    flights.insert(name.clone(), flight.clone());
                    drop(flights);
                    inner.start(&flight, name, spec, asked(), call.deadline);
                    waiting
                }
            }
        };
        Box::pin(async move {
            match waiting {
                Some(waiting) => waiting.await,
                None => Err(lost()),
            }
        })
    }
}

fn lost() -> Fault {
    Fault::transient("source-lost", "the work on the source died; it is tried again")
}

/// What makes two requests equal.
fn name(probe: &Probe) -> Vec<u8> {
    let mut name = vec![b'k'];
    codec::put_bytes(probe.dataset.as_bytes(), &mut name);
    for key in &probe.keys {
        codec::put_varint(key.len() as u64, &mut name);
        key.iter().for_each(|v| codec::put_value(v, &mut name));
    }
    name
}

impl Inner {
    fn start(
        self: &Arc<Self>,
        flight: &Arc<Flight<Answer>>,
        name: Vec<u8>,
        spec: Arc<DatasetSpec>,
        asked: Asked,
        deadline: Option<Instant>,
    ) {
        let (inner, after, mine) = (self.clone(), self.clone(), flight.clone());
        let work = move |stop: &Stop| {
            let deadline = deadline.or_else(|| Instant::now().checked_add(PATIENCE));
            inner.read(&spec, &asked, &Call { stop: stop.clone(), deadline })
        };
        flight.start(work, Err(lost()), move || {
            let mut flights = lock(&after.flights);
            // One that was given up may have been followed by another of the same name.
            if flights.get(&name).is_some_and(|f| Arc::ptr_eq(f, &mine)) {
                flights.remove(&name);
            }
        });
    }

    fn read(self: &Arc<Self>, spec: &DatasetSpec, asked: &Asked, call: &Call) -> Answer {
        let pooled = {
            let mut pool = lock(&self.pool);
            pool.retain(Lane::fresh);
            pool.pop()
        };
        let mut lane = pooled.unwrap_or_else(|| Lane::new(self.desk.clone()));
        let answer = self.read_on(&mut lane, spec, asked, call);
        if answer.is_err() {
            lane.give_up();
            lock(&self.tables).remove(&spec.name);
        }
        let mut pool = lock(&self.pool);
        if lane.fresh() && pool.len() < POOL {
            pool.push(lane);
            drop(pool);
            self.look_after();
        }
        answer
    }

    /// Connections that nobody has used for long, or that stand open while the source is to be left alone, are closed
    /// though nobody asks again.
    fn look_after(self: &Arc<Self>) {
        if self.tidied.swap(true, SeqCst) {
            return;
        }
        let inner = Arc::downgrade(self);
        let tidy = move || {
            loop {
                std::thread::sleep(TIDY);
                let Some(inner) = inner.upgrade() else { return };
                let closed = inner.desk.cx.budget.closed_until().is_some();
                let mut pool = lock(&inner.pool);
                let (kept, over): (Vec<Lane>, Vec<Lane>) = pool.drain(..).partition(|lane| !closed && lane.fresh());
                *pool = kept;
                // Whoever reads next begins again.
                let done = pool.is_empty();
                if done {
                    inner.tidied.store(false, SeqCst);
                }
                drop(pool);
                drop(over);
                if done {
                    return;
                }
            }
        };
        if std::thread::Builder::new().name("sql-pool".into()).spawn(tidy).is_err() {
            self.tidied.store(false, SeqCst);
        }
    }

    fn read_on(&self, lane: &mut Lane, spec: &DatasetSpec, asked: &Asked, call: &Call) -> Answer {
        let started = (self.desk.cx.clock)();
        let table = self.described(lane, spec, call)?;
        let key: Vec<Compared> = spec.key.iter().filter_map(|k| table.compared(k)).collect();
        let (picked, missing) = table.picked(spec, &self.desk.cx, None);
        if !missing.is_empty() || key.len() != spec.key.len() {
            let message = format!("{}: there is no column {}", spec.name, missing.join(", "));
            return Err(Fault::permanent("column-missing", message));
        }
        if table.whole {
            let message = format!("{}: the driver or the query knows no conditions", spec.name);
            return Err(Fault::permanent("mode-not-possible", message));
        }
        let order = order(started);
        let unit = UnitRef { name: format!("read {order}"), version: order.clone(), order, as_of: started };
        let mut reading = Reading { spec, picked, builder: BatchBuilder::new(Arc::new(unit)), shape: None, rows: 0 };
        match asked {
            Asked::Keys(keys) => {
                let sound = |k: &&Vec<Value<'static>>| k.len() == key.len() && k.iter().all(|v| !v.is_absent());
                let sound: Vec<Vec<Value<'static>>> =
                    keys.iter().filter(sound).filter_map(|k| find::fitted_key(&table, &spec.key, k)).collect();
                for some in sound.chunks(KEYS) {
                    let mut text = Text::select(table.dialect, &reading.picked, &table.from, None);
                    text.push(" WHERE ").keys(&key, some);
                    reading.take(lane, text, u64::MAX, call)?;
                }
            }
            Asked::Search(search) => {
                if let Some(text) = find::statement(spec, &table, &reading.picked, search)? {
                    reading.take(lane, text, find::most(search), call)?;
                }
            }
        }
        let batch = reading.builder.finish();
        match asked {
            Asked::Search(_) => find::one_by_one(spec, &batch).map(|()| batch),
            Asked::Keys(_) => Ok(batch),
        }
    }

    /// The table as the catalog had it lately.
    fn described(&self, lane: &mut Lane, spec: &DatasetSpec, call: &Call) -> Result<Arc<Described>, Fault> {
        let known = lock(&self.tables).get(&spec.name).filter(|(at, _)| at.elapsed() < KNOWN).map(|(_, t)| t.clone());
        if let Some(known) = known {
            return Ok(known);
        }
        let table = Arc::new(Described::ask(lane, spec, Purpose::Live, call)?);
        lock(&self.tables).insert(spec.name.clone(), (Instant::now(), table.clone()));
        Ok(table)
    }
}

/// Records on their way into one batch.
struct Reading<'s> {
    spec: &'s DatasetSpec,
    picked: Vec<Chosen>,
    builder: BatchBuilder,
    shape: Option<u16>,
    rows: u64,
}

impl Reading<'_> {
    /// Sends a statement and takes what it answers, at most so many rows.
    fn take(&mut self, lane: &mut Lane, text: Text, most: u64, call: &Call) -> Result<(), Fault> {
        let (spec, wide) = (self.spec, self.picked.len());
        let found = lane.select(text, &spec.name, Purpose::Live, call)?;
        if found.len() != wide {
            let message = format!("{}: {wide} columns were asked for, {} came", spec.name, found.len());
            return Err(Fault::transient("bad-answer", message));
        }
        let (builder, picked) = (&mut self.builder, &self.picked);
        let no = *self.shape.get_or_insert_with(|| builder.shape(Arc::new(shaped(spec, picked, found))));
        loop {
            let mut sink = Sink::new(&mut self.builder, no, self.rows);
            let left = usize::try_from(most.saturating_sub(self.rows)).unwrap_or(usize::MAX);
            let more = lane.fetch((left.min(1_000), BYTES), &mut sink, Purpose::Live, call)?;
            self.rows = sink.rows();
            if self.rows >= most {
                // Not every server can be told to end there.
                lane.enough();
                return Ok(());
            }
            if self.rows > ROWS {
                let message = format!("{}: more than {ROWS} rows came", spec.name);
                return Err(Fault::permanent("key-not-unique", message));
            }
            if !more {
                return Ok(());
            }
        }
    }
}

fn shaped(spec: &DatasetSpec, picked: &[Chosen], found: Vec<Column>) -> Shape {
    let columns = picked.iter().zip(found).map(|(a, c)| Column { name: a.name.clone(), ty: c.ty });
    Shape { dataset: spec.name.clone(), columns: columns.collect() }
}
