//! Both sides asked the same, where no consumer asked: sweeps and replays.

use super::ask::{Facade, ask, plain};
use super::{Exchange, Question, Skipped};
use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use std::sync::Arc;

/// Asks legacy, modern, and legacy again where that is wanted. The two may be asked by different targets, where each
/// continues a list in its own way. To be called within a runtime.
pub async fn pair(
    route: &Arc<Route>,
    question: Question,
    modern_target: Option<String>,
    twice: bool,
    (trace_id, at_ms): (String, i64),
    facade: &dyn Facade,
) -> Result<Exchange, Skipped> {
    let question = plain(question);
    let legacy = ask(route, Side::Legacy, &question, facade).await?;
    let modern = match modern_target {
        Some(target) => ask(route, Side::Modern, &Question { target, ..question.clone() }, facade).await?,
        None => ask(route, Side::Modern, &question, facade).await?,
    };
    let legacy_again = match twice {
        true => Some(ask(route, Side::Legacy, &question, facade).await?),
        false => None,
    };
    let (route, answered) = (route.clone(), Side::Legacy);
    Ok(Exchange { route, question, answered, trace_id, at_ms, legacy, legacy_again, modern })
}
