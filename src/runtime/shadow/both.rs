//! Asks both sides a question that no consumer waits for.

use super::ask::{ask, plain};
use super::run::spared;
use super::{Exchange, Facade, Question, Skipped};
use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long to wait until legacy may be asked beside its consumers.
const PATIENCE: Duration = Duration::from_secs(30);

/// What both sides say, legacy first. Waits while legacy has borne what it may be asked beyond its consumers. To be called
/// within a local set. An error is why the two cannot be compared.
pub async fn both(
    route: &Arc<Route>,
    question: Question,
    trace_id: String,
    at_ms: i64,
    facade: &dyn Facade,
) -> Result<Exchange, Skipped> {
    let begun = Instant::now();
    while !spared(route, Side::Legacy) {
        if begun.elapsed() > PATIENCE {
            return Err(Skipped::NoSpare);
        }
        sleep(Duration::from_millis(50)).await;
    }
    if route.standing().killed {
        return Err(Skipped::TurnedOff);
    }
    let question = plain(question);
    let legacy = ask(route, Side::Legacy, &question, facade).await?;
    if route.standing().killed {
        return Err(Skipped::TurnedOff);
    }
    let modern = ask(route, Side::Modern, &question, facade).await?;
    let (route, answered) = (route.clone(), Side::Legacy);
    Ok(Exchange { route, question, answered, trace_id, at_ms, legacy, legacy_again: None, modern })
}
