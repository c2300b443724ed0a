//! Writes through screens: flows that commit.
//!
//! Invariant: a commit is sent once; what came of it is Done, Rejected or Unknown, and an error says that none was sent, or
//! that the verifying flow found nothing done. Not here: the queue of commands.

use super::desk::{Desk, Job};
use super::feed::order;
use super::keeper::look_after;
use super::place;
use super::rows::Rows;
use super::task::off_thread;
use crate::map::{End, Flow, FlowNo, Map};
use crate::refusals;
use banyan_adapter::{Actuator, Call, Fault, Outcome, Probed, Purpose, Step, Stop, Task};
use banyan_words::{Shape, UnitRef};
use std::sync::Arc;

/// See the module.
pub(super) struct Writes(pub Arc<Desk>);

/// The flow that a step means; one that commits.
fn flow<'m>(map: &'m Map, step: &Step) -> Result<(FlowNo, &'m Flow), Fault> {
    let found = map.flow(&step.what).and_then(|no| Some((no, map.flows.get(no)?)));
    match found {
        Some((no, flow)) if flow.verify.is_some() => Ok((no, flow)),
        Some(_) => {
            let message = format!("the flow `{}` commits nothing, so it is no way to write", step.what);
            Err(Fault::permanent(refusals::NO_SUCH_FLOW, message))
        }
        None => {
            let message = format!("the map {} has no flow `{}`", map.name, step.what);
            Err(Fault::permanent(refusals::NO_SUCH_FLOW, message))
        }
    }
}

impl Actuator for Writes {
    fn knows(&self, what: &str) -> bool {
        flow(self.0.map(), &Step { what: what.to_owned(), given: Vec::new() }).is_ok()
    }

    fn perform<'a>(&'a self, step: &'a Step, call: &'a Call) -> Task<'a, Result<Outcome, Fault>> {
        let (desk, step, deadline) = (self.0.clone(), step.clone(), call.deadline);
        Box::pin(off_thread(move |stop: &Stop, answer| {
            let (no, flow) = match flow(desk.map(), &step) {
                Ok(found) => found,
                Err(fault) => return answer.give(Err(fault)),
            };
            let started = (desk.cx.clock)();
            let order = order(started);
            let version = place::version(desk.map());
            let unit = UnitRef { name: format!("write {order}"), version, order, as_of: started };
            let shape = Arc::new(Shape::of_text(&step.what, flow.columns(desk.map())));
            let mut rows = Rows::new(Arc::new(unit), shape, Vec::new());
            let job = Job { flow: no, given: &step.given, purpose: Purpose::Live, about: &step.what, long: false };
            let answered = desk.run(&job, &mut rows, &Call { stop: stop.clone(), deadline });
            answer.give(match answered.end.clone() {
                Ok(End::Done) => {
                    Ok(Outcome::Done((rows.len() > 0).then(|| rows.finish().into_iter().next()).flatten()))
                }
                Ok(End::Rejected { code, message }) => Ok(Outcome::Rejected { code, message }),
                Ok(End::Unknown { message }) => Ok(Outcome::Unknown { message }),
                Ok(End::NotDone { message }) => Err(Fault::transient(refusals::NOT_DONE, message)),
                Ok(End::Absent) => {
                    let message = "what it is about does not exist".to_owned();
                    Ok(Outcome::Rejected { code: "absent".to_owned(), message })
                }
                Err(fault) => Err(fault),
            });
            drop(answered);
            look_after(&desk);
        }))
    }

    fn probe<'a>(&'a self, step: &'a Step, call: &'a Call) -> Task<'a, Result<Probed, Fault>> {
        let (desk, step, deadline) = (self.0.clone(), step.clone(), call.deadline);
        Box::pin(off_thread(move |stop: &Stop, answer| {
            let call = Call { stop: stop.clone(), deadline };
            let no = match flow(desk.map(), &step) {
                Ok((no, _)) => no,
                Err(fault) => return answer.give(Err(fault)),
            };
            let job = Job { flow: no, given: &step.given, purpose: Purpose::Probe, about: &step.what, long: false };
            match desk.enter(job.purpose, &call) {
                Err(fault) => answer.give(Err(fault)),
                Ok(mut leave) => {
                    answer.give(desk.probed(&mut leave, &job, &call));
                    drop(leave);
                }
            }
            look_after(&desk);
        }))
    }
}
