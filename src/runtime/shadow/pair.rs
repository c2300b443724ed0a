//! Both sides asked the same, where no consumer asked: sweeps and replays.
//!
//! Invariant: legacy is asked no more than it can spare, and nothing is asked for a route that is switched off.

use super::ask::{Facade, ask, plain};
use super::run::spared;
use super::{Exchange, Question, Skipped};
use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long to wait until legacy may be asked beside its consumers.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks legacy, modern, and legacy again where that is wanted. The two may be asked by different targets, where each
/// continues a list in its own way. To be called within a local set. An error is why they cannot be compared.
pub async fn pair(
    route: &Arc<Route>,
    question: Question,
    modern_target: Option<String>,
    twice: bool,
    (trace_id, at_ms): (String, i64),
    facade: &dyn Facade,
) -> Result<Exchange, Skipped> {
    let question = plain(question);
    let legacy = beside(route, Side::Legacy, &question, facade).await?;
    let modern = match modern_target {
        Some(target) => beside(route, Side::Modern, &Question { target, ..question.clone() }, facade).await?,
        None => beside(route, Side::Modern, &question, facade).await?,
    };
    let legacy_again = match twice {
        true => Some(beside(route, Side::Legacy, &question, facade).await?),
        false => None,
    };
    let (route, answered) = (route.clone(), Side::Legacy);
    Ok(Exchange { route, question, answered, trace_id, at_ms, legacy, legacy_again, modern })
}

async fn beside(
    route: &Route,
    side: Side,
    question: &Question,
    facade: &dyn Facade,
) -> Result<Result<super::Reply, String>, Skipped> {
    let begun = Instant::now();
    while !spared(route, side) {
        if begun.elapsed() > PATIENCE {
            return Err(Skipped::NoSpare);
        }
        sleep(Duration::from_millis(50)).await;
    }
    if route.standing().killed {
        return Err(Skipped::TurnedOff);
    }
    ask(route, side, question, facade).await
}
