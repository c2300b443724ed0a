//! The shadow's thread: one task for each request that is mirrored, a few of each route at a time.

use super::ask::{Facade, ask, plain};
use super::capture::Place;
use super::{Exchange, Question, Reply, Skipped, Witness, count, decode, roll};
use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{AbortHandle, spawn_local, yield_now};

/// A request to be mirrored.
pub(super) struct Job {
    pub(super) place: Place,
    pub(super) question: Question,
    pub(super) trace_id: String,
    pub(super) at_ms: i64,
    pub(super) answered: Side,
    /// What it answered; of modern: or how it broke off.
    pub(super) reply: Result<Reply, String>,
    /// How modern failed, where legacy answered in its place.
    pub(super) failed: Option<Result<Reply, String>>,
}

pub(super) enum Message {
    Job(Box<Job>),
    /// End what must not be sent any more, then say so.
    Settle(Sender<()>),
}

/// Tasks that have not ended.
type Tasks = Rc<RefCell<HashMap<u64, (Arc<Route>, AbortHandle)>>>;

/// Takes itself off the list, however it ends.
struct Listed {
    tasks: Tasks,
    number: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.tasks.borrow_mut().remove(&self.number);
    }
}

/// Mirrors until nobody is left to say what.
pub(super) async fn run(mut messages: UnboundedReceiver<Message>, witness: Arc<dyn Witness>, facade: Arc<dyn Facade>) {
    let tasks = Tasks::default();
    let mut number = 0;
    while let Some(message) = messages.recv().await {
        match message {
            Message::Job(job) => {
                number += 1;
                let route = job.place.route.clone();
                let listed = Listed { tasks: tasks.clone(), number };
                let (witness, facade) = (witness.clone(), facade.clone());
                let task = spawn_local(async move {
                    let _listed = listed;
                    mirror(*job, &*witness, &*facade).await;
                });
                tasks.borrow_mut().insert(number, (route, task.abort_handle()));
            }
            Message::Settle(told) => {
                settle(&tasks).await;
                let _ = told.send(());
            }
        }
    }
}

async fn settle(tasks: &Tasks) {
    let off = |route: &Route| !route.standing().mirrors();
    let ending: Vec<(Arc<Route>, AbortHandle)> =
        tasks.borrow().values().filter(|(route, _)| off(route)).cloned().collect();
    for (route, task) in &ending {
        task.abort();
        count(route, Skipped::TurnedOff.word());
    }
    // A task that was told to end is dropped when its turn comes, and its connection closed.
    while tasks.borrow().values().any(|(route, _)| off(route)) {
        yield_now().await;
    }
}

async fn mirror(job: Job, witness: &dyn Witness, facade: &dyn Facade) {
    let route = job.place.route.clone();
    let Ok(_turn) = route.lane.turns.acquire().await else { return };
    let known = if job.failed.is_some() { "fell-back" } else { "mirrored" };
    let result = match exchange(job, &route, witness, facade).await {
        Ok(exchange) => {
            witness.saw(exchange);
            known
        }
        Err(skipped) => skipped.word(),
    };
    count(&route, result);
}

async fn exchange(
    job: Job,
    route: &Arc<Route>,
    witness: &dyn Witness,
    facade: &dyn Facade,
) -> Result<Exchange, Skipped> {
    let reply = match job.reply {
        Ok(reply) => Ok(decode::plain(reply, route.lane.largest())?),
        Err(broke) => Err(broke),
    };
    if !route.standing().mirrors() {
        return Err(Skipped::TurnedOff);
    }
    let question = plain(job.question);
    let other = job.answered.other();
    // Where modern was to answer, what legacy can spare bounds how many are compared. Failures pass the same gate although
    // legacy need not be asked for them: else they would be compared more often than what went well.
    let burdened = if job.failed.is_some() { Side::Legacy } else { other };
    if !spared(route, burdened) {
        return Err(Skipped::NoSpare);
    }
    let said = match job.failed {
        Some(failed) => failure(failed, &reply),
        None => ask(route, other, &question, facade).await?,
    };
    let twice = route.lane.doubles(roll()) || witness.wants_second(route);
    let legacy_again = match twice && route.standing().mirrors() && spared(route, Side::Legacy) {
        true => Some(ask(route, Side::Legacy, &question, facade).await?),
        false => None,
    };
    let (legacy, modern) = match job.answered {
        Side::Legacy => (reply, said),
        Side::Modern => (said, reply),
    };
    let (trace_id, at_ms, answered) = (job.trace_id, job.at_ms, job.answered);
    Ok(Exchange { route: route.clone(), question, answered, trace_id, at_ms, legacy, legacy_again, modern })
}

/// How modern failed. Its body was not read: where legacy's status is of the same class bodies would be compared, and there
/// it counts as no answer.
fn failure(modern: Result<Reply, String>, legacy: &Result<Reply, String>) -> Result<Reply, String> {
    let class = |reply: &Reply| reply.status / 100;
    match (modern, legacy) {
        (Ok(modern), Ok(legacy)) if class(&modern) == class(legacy) => Err(format!("it answered {}", modern.status)),
        (modern, _) => modern,
    }
}

/// Whether a side may be asked beyond what consumers ask: legacy bears only so much.
pub(super) fn spared(route: &Route, side: Side) -> bool {
    side == Side::Modern || route.legacy.as_ref().is_none_or(|t| t.upstream.may_be_asked_beside())
}
