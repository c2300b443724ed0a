//! What the shadow hears, as evidence.
//!
//! Not here: asking the sides (`shadow`), what the answers mean ([`Evidence::observe`]).

use super::{Asked, Evidence, Exchange, Origin, Reply};
use crate::runtime::routes::Route;
use crate::runtime::shadow::{self, Witness};
use banyan_migration::stage::Side;
use banyan_words::Id;
use std::time::Duration;

/// Fields that choose between answers to one request. No others are handed on: they may hold secrets.
const CHOOSE: [&str; 3] = ["accept", "accept-language", "prefer"];
/// What tells which version of a thing an answer shows, the surest first.
const VERSION: [&str; 3] = ["etag", "banyan-as-of", "last-modified"];

impl Witness for Evidence {
    fn saw(&self, exchange: shadow::Exchange) {
        // A route that went with the last configuration is compared no more.
        if let Some(exchange) = evidence_of(self, exchange, Origin::Live) {
            self.observe(&exchange);
        }
    }

    fn answered(&self, route: &Route, side: Side, failed: bool, took: Duration) {
        Evidence::answered(self, &route.name, side, failed, took, route.standing().weight);
    }

    fn wants_second(&self, route: &Route) -> bool {
        Evidence::wants_second(self, &route.name)
    }
}

/// An exchange as the evidence room takes it; `None`: nothing is known of its route.
pub fn evidence_of(evidence: &Evidence, exchange: shadow::Exchange, origin: Origin) -> Option<Exchange> {
    let route = evidence.info(&exchange.route.name)?;
    let question = &exchange.question;
    let chosen = CHOOSE.iter().filter_map(|name| {
        let value = question.fields.text(name)?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    let path = question.target.split('?').next().unwrap_or_default();
    let entity = path.rsplit('/').next().and_then(Id::parse).filter(|_| exchange.route.entity.is_some());
    let request = Asked {
        method: question.method.to_string(),
        target: question.target.clone(),
        headers: chosen.collect(),
        entity: entity.map(|id| id.to_string()),
    };
    Some(Exchange {
        route,
        request,
        trace_id: exchange.trace_id,
        at_ms: exchange.at_ms,
        legacy: exchange.legacy.map(reply),
        legacy_again: exchange.legacy_again.map(|again| again.map(reply)),
        modern: exchange.modern.map(reply),
        origin,
    })
}

fn reply(reply: shadow::Reply) -> Reply {
    let value = |name: &&str| reply.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
    let version = VERSION.iter().find_map(value);
    Reply { status: reply.status, headers: reply.headers, body: reply.body, took: reply.took, version }
}
