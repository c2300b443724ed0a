//! A source whose records stand on screens: its sessions, feeds, live reads and writes.
//!
//! Invariant: at most `pool.max` sessions, one transaction at a time in each; a session that is not at rest is never used
//! again; after a commit nothing is repeated. Not here: how a flow runs ([`crate::engine`]).

mod desk;
mod feed;
mod hold;
mod inside;
mod keeper;
mod keys;
mod leave;
mod lookup;
mod place;
mod pool;
mod rows;
mod spec;
mod task;
mod told;
mod traces;
mod turn;
mod write;

pub use spec::{DatasetSpec, Login, PassSpec, ReadSpec, Spec};

use crate::engine::Record;
use crate::map::{End, FlowNo};
use banyan_adapter::{
    Actuator, BlockingFeed, Call, Connected, Context, Fault, Found, Health, Inside, Lookup, Purpose, Stop, Task,
};
use banyan_words::{Column, Place, Shape, Type, UnitRef};
use desk::{Desk, Job};
use feed::Feed;
use lookup::Reads;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use task::off_thread;
use told::Told;
use write::Writes;

/// Records of a sample.
const SAMPLE: usize = 5;

/// An open source.
pub struct Source {
    desk: Arc<Desk>,
    reads: Reads,
    writes: Writes,
}

/// What a run by hand came to.
#[derive(Debug)]
pub struct ByHand {
    /// How it ended. An error says that no commit was sent.
    pub end: Result<End, Fault>,
    /// The columns of its records.
    pub columns: Vec<String>,
    /// What was read; counts only with [`End::Done`].
    pub records: Vec<Record>,
    /// Its trace, where one was written.
    pub trace: Option<PathBuf>,
}

impl Source {
    /// Opens nothing yet: a far side that is away now may be there later.
    pub fn new(spec: Spec, cx: Context) -> Source {
        let desk = Arc::new(Desk::new(spec, cx));
        Source { reads: Reads(desk.clone()), writes: Writes(desk.clone()), desk }
    }

    /// Runs a flow for a person who waits; its session is at home, or closed, when this returns.
    pub fn by_hand(&self, flow: FlowNo, given: &[(String, String)], call: &Call) -> ByHand {
        let map = self.desk.map();
        let mut records = Vec::new();
        let job = Job { flow, given, purpose: Purpose::Live, about: "", long: false };
        let answered = self.desk.run(&job, &mut records, call);
        let columns = map.flows.get(flow).map(|f| f.columns(map)).unwrap_or_default();
        let columns = columns.into_iter().map(str::to_owned).collect();
        let (end, trace) = (answered.end.clone(), answered.trace.clone());
        drop(answered);
        ByHand { end, columns, records, trace }
    }
}

impl Source {
    /// Leaves the sessions that rest as a person would, and closes them.
    pub fn close(&self) {
        self.desk.sign_off_all();
    }
}

/// Opens a source. Waits for nobody: a far side that is away now may be there later, and feeds and health say so.
pub fn connect(spec: Spec, cx: Context) -> Task<'static, Result<Box<dyn Connected>, Fault>> {
    let source = Source::new(spec, cx);
    Box::pin(async move { Ok(Box::new(source) as Box<dyn Connected>) })
}

/// The columns of a dataset: those that its flow reads, all of them text.
pub fn columns(spec: &Spec, dataset: &str) -> Option<Vec<Column>> {
    let one = spec.dataset(dataset)?;
    let text = |name: &str| Column { name: name.to_owned(), ty: Type::Text };
    if let Some(pass) = &one.pass {
        return Some(spec.map.flows.get(pass.flow)?.columns(&spec.map).into_iter().map(text).collect());
    }
    Some(lookup::shape(&spec.map, one, one.read.as_ref()?).columns.clone())
}

/// Where a value stood, for a person: map version, screen, page, row and columns.
pub fn locate(spec: &Spec, dataset: &str, column: Option<&str>, unit: &UnitRef, place: Place) -> Option<String> {
    place::locate(&spec.map, spec.dataset(dataset)?, column, unit, place)
}

fn brief(stop: &Stop) -> Call {
    Call { stop: stop.clone(), deadline: Instant::now().checked_add(Duration::from_secs(60)) }
}

impl Connected for Source {
    fn feed(&self, dataset: &str) -> Option<Box<dyn BlockingFeed>> {
        let spec = self.desk.spec.dataset(dataset)?;
        let pass = spec.pass.clone()?;
        Some(Box::new(Feed::new(self.desk.clone(), spec.clone(), pass)))
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        let live = self.desk.spec.datasets.iter().any(|d| d.read.is_some());
        live.then_some(&self.reads as &dyn Lookup)
    }

    fn actuator(&self) -> Option<&dyn Actuator> {
        let writes = self.desk.map().flows.iter().any(|f| f.verify.is_some());
        writes.then_some(&self.writes as &dyn Actuator)
    }

    fn inside(&self) -> Inside {
        inside::inside(&self.desk)
    }

    fn accept(&self, halt: Option<&str>) -> Result<Option<String>, Fault> {
        inside::accept(&self.desk, halt)
    }

    fn health(&self) -> Task<'_, Health> {
        let desk = self.desk.clone();
        let asked = off_thread(move |stop: &Stop, answer| {
            answer.give(look(&desk, stop));
            keeper::look_after(&desk);
        });
        Box::pin(async move {
            match asked.await {
                Ok(message) => Health { ok: true, message },
                // Left alone on purpose is not broken.
                Err(fault) if fault.code == "source-closed" => Health { ok: true, message: fault.message },
                Err(fault) => Health { ok: false, message: fault.to_string() },
            }
        })
    }

    fn discover(&self) -> Task<'_, Result<Vec<Found>, Fault>> {
        let desk = self.desk.clone();
        Box::pin(off_thread(move |stop: &Stop, answer| {
            answer.give(discover(&desk, stop));
            keeper::look_after(&desk);
        }))
    }
}

/// Opens a session, or looks at one that rests.
fn look(desk: &Desk, stop: &Stop) -> Result<String, Fault> {
    let call = brief(stop);
    let mut leave = desk.enter(Purpose::Probe, &call)?;
    let mut told = Told::new(desk, ("", Purpose::Probe), "(look)", &[], true);
    let home =
        leave.sit(&call).and_then(|seat| told.means(&call, |means| crate::engine::go_home(&mut *seat.session, means)));
    told.close(0, home.as_ref().err());
    if home.is_err() {
        leave.destroy();
    }
    home?;
    let map = desk.map();
    let rest = map.screens.get(map.rest).map_or("", |s| s.name.as_str());
    Ok(format!("a session rests on the screen `{rest}` of map {}", map.name))
}

/// Flows that read and need nothing, each with a few records.
fn discover(desk: &Desk, stop: &Stop) -> Result<Vec<Found>, Fault> {
    let map = desk.map();
    let mut found = Vec::new();
    for (no, flow) in map.flows.iter().enumerate() {
        let columns = Shape::of_text(&flow.name, flow.columns(map)).columns;
        if columns.is_empty() || flow.verify.is_some() {
            continue;
        }
        let mut sample = Vec::new();
        if flow.given.is_empty() {
            let mut records: Vec<Record> = Vec::new();
            let job = Job { flow: no, given: &[], purpose: Purpose::Discover, about: "(discover)", long: true };
            let answered = desk.run(&job, &mut records, &brief(stop));
            if let Err(fault) = &answered.end {
                return Err(fault.clone());
            }
            let texts = |r: Record| r.values.into_iter().map(Option::unwrap_or_default).collect();
            sample = records.into_iter().take(SAMPLE).map(texts).collect();
        }
        found.push(Found { name: flow.name.clone(), columns, sample, table: None });
    }
    Ok(found)
}
