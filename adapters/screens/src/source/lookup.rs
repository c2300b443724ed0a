//! Reads by key while somebody waits: the flow that `read` names, once for each key.
//!
//! Invariant: a record that is not the one asked for is never answered; a screen that shows another is a fault. When nobody
//! waits any more, the run ends where it stands and its session goes home, or is closed.

use super::desk::{Desk, Job};
use super::feed::{order, refused};
use super::keeper::look_after;
use super::rows::{Collect, Rows};
use super::task::off_thread;
use super::{DatasetSpec, ReadSpec, place};
use crate::map::{End, Map};
use crate::refusals;
use banyan_adapter::{Call, Fault, Lookup, Probe, Purpose, Stop, Task};
use banyan_words::{Batch, BatchBuilder, Column, Shape, Type, UnitRef, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a live read may take where neither the caller nor the budget says.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct Reads(pub Arc<Desk>);

impl Lookup for Reads {
    fn fetch<'a>(&'a self, probe: &'a Probe, call: &'a Call) -> Task<'a, Result<Batch, Fault>> {
        let spec = self.0.spec.dataset(&probe.dataset).cloned();
        let Some((spec, read)) = spec.and_then(|s| Some((s.clone(), s.read.clone()?))) else {
            let message = format!("`{}` has no `read: {{ flow, with }}`", probe.dataset);
            return Box::pin(async move { Err(Fault::permanent(refusals::NOT_LIVE, message)) });
        };
        let (desk, keys) = (self.0.clone(), probe.keys.clone());
        let deadline = call.deadline.or_else(|| Instant::now().checked_add(PATIENCE));
        Box::pin(off_thread(move |stop: &Stop, answer| {
            let call = Call { stop: stop.clone(), deadline };
            let started = (desk.cx.clock)();
            let order = order(started);
            let version = place::version(desk.map());
            let unit = Arc::new(UnitRef { name: format!("read {order}"), version, order, as_of: started });
            let mut homing = None;
            let mut found = Vec::new();
            let mut fault = None;
            for key in &keys {
                // One transaction at a time: the session of the last key is taken along.
                drop(homing.take());
                let (batches, leave) = one(&desk, &spec, &read, &unit, key, &call);
                homing = leave;
                match batches {
                    Ok(more) => found.extend(more),
                    Err(e) => {
                        fault = Some(e);
                        break;
                    }
                }
            }
            answer.give(fault.map_or_else(|| Ok(joined(&unit, found)), Err));
            drop(homing);
            look_after(&desk);
        }))
    }
}

type Homing<'d> = Option<super::desk::Answered<'d>>;

/// The records of one key.
fn one<'d>(
    desk: &'d Desk,
    spec: &DatasetSpec,
    read: &ReadSpec,
    unit: &Arc<UnitRef>,
    key: &[Value<'static>],
    call: &Call,
) -> (Result<Vec<Batch>, Fault>, Homing<'d>) {
    let map = desk.map();
    let text = |at: usize| key.get(at).and_then(Value::to_text).map(|t| t.into_owned());
    let asked: Option<Vec<String>> = (0..spec.key.len()).map(text).collect();
    // A key that is null, or has other parts, is nobody's.
    let Some(asked) = asked.filter(|_| key.len() == spec.key.len()) else { return (Ok(Vec::new()), None) };
    let given: Vec<(String, String)> =
        read.with.iter().filter_map(|(name, at)| Some((name.clone(), asked.get(*at)?.clone()))).collect();
    let shape = shape(map, spec, read);
    let more =
        spec.key.iter().zip(&asked).filter(|(name, _)| !shows(map, read, name)).map(|(_, v)| v.clone()).collect();
    let mut rows = Rows::new(unit.clone(), shape.clone(), more);
    let job = Job { flow: read.flow, given: &given, purpose: Purpose::Live, about: &spec.name, long: false };
    let answered = desk.run(&job, &mut rows, call);
    let found = match &answered.end {
        Ok(End::Done) => checked(rows.finish(), spec, &shape, &asked),
        Ok(End::Absent) => {
            rows.clear();
            Ok(Vec::new())
        }
        Ok(other) => Err(refused(other.clone())),
        Err(fault) => Err(fault.clone()),
    };
    (found, Some(answered))
}

fn shows(map: &Map, read: &ReadSpec, column: &str) -> bool {
    map.flows.get(read.flow).is_some_and(|f| f.columns(map).contains(&column))
}

/// The columns of a dataset that is read by that flow: what it reads, and the parts of the key that it does not show.
pub(super) fn shape(map: &Map, spec: &DatasetSpec, read: &ReadSpec) -> Arc<Shape> {
    let flow = map.flows.get(read.flow);
    let mut names: Vec<String> =
        flow.map(|f| f.columns(map)).unwrap_or_default().into_iter().map(str::to_owned).collect();
    names.extend(spec.key.iter().filter(|k| !shows(map, read, k)).cloned());
    let columns = names.into_iter().map(|name| Column { name, ty: Type::Text });
    Arc::new(Shape { dataset: spec.name.clone(), columns: columns.collect() })
}

/// A record of another key means that a screen was read that was not meant.
fn checked(batches: Vec<Batch>, spec: &DatasetSpec, shape: &Shape, asked: &[String]) -> Result<Vec<Batch>, Fault> {
    for row in batches.iter().flat_map(Batch::rows) {
        for (name, wanted) in spec.key.iter().zip(asked) {
            let shown = shape.position(name).map(|at| row.value(at));
            let shown = shown.as_ref().and_then(Value::to_text).unwrap_or_default();
            if shown != *wanted {
                let message = format!(
                    "{}: the screen shows {name} {shown:?}, and {wanted:?} was asked for; nothing of it is used. Write the \
                     key as the screen shows it",
                    spec.name
                );
                return Err(Fault::transient(refusals::OTHER_RECORD, message));
            }
        }
    }
    Ok(batches)
}

/// One batch of all.
fn joined(unit: &Arc<UnitRef>, mut batches: Vec<Batch>) -> Batch {
    if batches.len() == 1
        && let Some(only) = batches.pop()
    {
        return only;
    }
    let mut all = BatchBuilder::new(unit.clone());
    for row in batches.iter().flat_map(Batch::rows) {
        let shape = all.shape(row.shape().clone());
        all.begin(shape);
        (0..row.shape().columns.len()).for_each(|at| all.value(row.value(at)));
        match row.fate() {
            banyan_words::Fate::Record => all.end(row.place()),
            banyan_words::Fate::Bad(bad) => all.end_bad(shape, row.place(), (**bad).clone()),
        }
    }
    all.finish()
}
