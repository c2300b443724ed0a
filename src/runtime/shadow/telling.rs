//! Hands what was mirrored to the evidence room.

use super::{Exchange, Reply, Witness};
use crate::runtime::evidence::{self, Asked, Evidence, Origin};
use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use banyan_words::Id;
use std::time::Duration;

/// Headers that choose between answers. No others are handed on: they may hold secrets.
const CHOOSING: [&str; 3] = ["accept", "accept-language", "prefer"];
/// What tells which version of a thing an answer shows, the surest first.
const VERSION: [&str; 3] = ["etag", "banyan-as-of", "last-modified"];

/// See the module.
pub struct Telling(Evidence);

impl Telling {
    /// To that room.
    pub fn new(evidence: Evidence) -> Telling {
        Telling(evidence)
    }
}

impl Witness for Telling {
    fn saw(&self, exchange: Exchange) {
        // A route that a reload took away rests on nothing any more.
        let Some(route) = self.0.info(&exchange.route.name) else { return };
        let question = &exchange.question;
        let chosen = CHOOSING.iter().filter_map(|name| {
            let value = question.headers.get(*name)?.to_str().ok()?;
            Some(((*name).to_owned(), value.to_owned()))
        });
        let path = question.target.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().and_then(Id::parse);
        let entity = last.filter(|_| exchange.route.entity.is_some()).map(|id| id.to_string());
        let request = Asked {
            method: question.method.as_str().to_owned(),
            target: question.target.clone(),
            headers: chosen.collect(),
            entity,
        };
        self.0.observe(&evidence::Exchange {
            route,
            request,
            trace_id: exchange.trace_id,
            at_ms: exchange.at_ms,
            legacy: exchange.legacy.map(reply),
            legacy_again: exchange.legacy_again.map(|r| r.map(reply)),
            modern: exchange.modern.map(reply),
            origin: Origin::Live,
        });
    }

    fn answered(&self, route: &Route, side: Side, failed: bool, took: Duration) {
        self.0.answered(&route.name, side, failed, took, route.standing().weight);
    }

    fn wants_second(&self, route: &Route) -> bool {
        self.0.wants_second(&route.name)
    }
}

fn reply(reply: Reply) -> evidence::Reply {
    let value = |name: &&str| reply.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let version = VERSION.iter().find_map(value);
    evidence::Reply { status: reply.status, headers: reply.headers, body: reply.body, took: reply.took, version }
}
