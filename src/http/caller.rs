//! Who calls: named before the request is answered, counted afterwards; and what a route says of its end.
//!
//! Not here: by what a caller is known (`banyan_migration::consumer`), what is kept (`runtime/consumers`).

use super::dress::SERVED_BY;
use super::handle::{Whither, moved};
use super::route;
use super::worker::Worker;
use crate::runtime::consumers::{Cell, Key, Need};
use crate::runtime::routes::{Route, Turn};
use crate::runtime::serving::Serving;
use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use banyan_migration::consumer::{ANONYMOUS, Given, Headers};
use banyan_migration::route::Move;
use banyan_migration::stage::{Side, Stage};
use banyan_model::model::EntityNo;
use banyan_model::query::params;
use std::net::IpAddr;
use std::sync::Arc;

/// Where no route stands anywhere: the facade has it to itself.
const FACADE: &str = "facade";

/// A request's headers, as those by which consumers are known.
pub(super) struct Sent<'r> {
    pub(super) headers: &'r HeaderMap,
    /// Where they come from.
    pub(super) from: Option<IpAddr>,
}

impl Headers for Sent<'_> {
    fn given(&self, name: &str) -> Given<'_> {
        let mut all = self.headers.get_all(name);
        match (all.next(), all.next()) {
            (None, _) => Given::None,
            (Some(one), None) => Given::One(one.as_bytes()),
            _ => Given::Many,
        }
    }

    fn from(&self) -> Option<IpAddr> {
        self.from
    }
}

/// What a request sent, and from where.
pub(super) fn sent(request: &RequestHead) -> Sent<'_> {
    Sent { headers: &request.headers, from: request.peer_addr.map(|a| a.ip()) }
}

/// The place of the consumer who calls. `None`: anonymous.
pub(super) fn named(w: &mut Worker, request: &RequestHead) -> Option<usize> {
    w.serving.consumers.who(&sent(request), &mut w.memo)
}

/// A call under way.
pub(super) struct Call {
    cell: Option<Arc<Cell>>,
    need: Option<Need>,
    /// Modern was asked: if legacy answers, modern has failed.
    modern: bool,
    route: Option<Arc<Route>>,
}

/// Begins to count a call.
pub(super) fn begin(w: &mut Worker, request: &RequestHead, consumer: Option<usize>, whither: &Whither) -> Call {
    let mut call = Call { cell: None, need: None, modern: false, route: None };
    let Worker { tally, shared, serving, .. } = w;
    // Nobody has more consumers than this: it cannot be cut.
    let who = consumer.map_or(0, |no| u32::try_from(no).unwrap_or(u32::MAX).saturating_add(1));
    let (key, entity, stage): (Key, _, _) = match whither {
        Whither::Route(turn) => {
            let standing = turn.route.standing();
            let stage = if standing.killed { Stage::Legacy } else { standing.stage };
            call.modern = turn.way.answers == Side::Modern;
            call.need = need(turn, stage, request);
            if !turn.route.farewell.is_empty() {
                call.route = Some(turn.route.clone());
            }
            ((who, turn.route.number as u64 | 1 << 63, stage as u8), turn.route.entity, stage.name())
        }
        Whither::Facade => match operation(serving, request.uri.path()) {
            Some((entity, what)) => ((who, (entity as u64) << 8 | what as u64, u8::MAX), Some(entity), FACADE),
            None => return call,
        },
        Whither::Refused(_) | Whither::NotOffered(_) => return call,
    };
    let Some(callers) = shared.callers() else { return call };
    let cell = tally.cell(key, || {
        let name = consumer.and_then(|no| serving.consumers.names().get(no)).map_or(ANONYMOUS, String::as_str);
        match whither {
            Whither::Route(turn) => callers.cell(name, &turn.route.name, stage),
            _ => callers.cell(name, &operation_name(serving, key), stage),
        }
    });
    if let Some(entity) = entity {
        asked(serving, cell, entity, request.uri.query().unwrap_or_default());
    }
    call.cell = Some(cell.clone());
    call
}

impl Call {
    /// Counts it, now that it is answered, and announces the route's end.
    pub(super) fn end(self, mut response: HttpResponse) -> HttpResponse {
        if let Some(cell) = &self.cell {
            let legacy = || response.headers().get(SERVED_BY).is_some_and(|v| v == Side::Legacy.name());
            let fell_back = (self.modern && legacy()).then_some(Need::FellBack);
            cell.count(fell_back.or(self.need));
        }
        let headers = response.headers_mut();
        for (name, value) in self.route.iter().flat_map(|r| &r.farewell) {
            let Ok(value) = HeaderValue::from_str(value) else { continue };
            let name = HeaderName::from_static(name);
            // An answer may have links of its own; it has one end.
            if name != header::LINK {
                headers.remove(&name);
            }
            headers.append(name, value);
        }
        response
    }
}

/// Why legacy answers a call that modern might have answered.
fn need(turn: &Turn, stage: Stage, request: &RequestHead) -> Option<Need> {
    if turn.way.answers == Side::Modern || !matches!(stage, Stage::Canary | Stage::Modern) {
        return None;
    }
    let pins = &turn.route.config.canary.pin;
    let asks = request.headers.get("banyan-side").is_some_and(|v| v == Side::Legacy.name());
    let query = request.uri.query().unwrap_or_default();
    let goes_on = turn.way.beside.is_none() && (query.contains("cursor=") || query.contains("since="));
    match () {
        () if goes_on && turn.route.entity.is_some() => Some(Need::Token),
        () if asks || pins.get(&turn.who) == Some(&Side::Legacy) => Some(Need::Pinned),
        () => None,
    }
}

/// Notes which fields a call asks for.
fn asked(serving: &Serving, cell: &Cell, entity: EntityNo, query: &str) {
    if !query.contains("fields=") {
        return cell.asked_all();
    }
    let (given, e) = (params(query).unwrap_or_default(), &serving.catalog.entities[entity]);
    for name in given.iter().filter(|p| p.name == "fields").flat_map(|p| p.value.split(',')) {
        if e.field(name).is_some() {
            cell.asked(name);
        }
    }
}

/// The facade's operation of a path.
fn operation(serving: &Serving, path: &str) -> Option<(EntityNo, Move)> {
    if path.contains('%') {
        return moved(&route::find(serving, path).ok()?);
    }
    // Without reading the id: whatever it is, it is asked for.
    let rest = path.strip_prefix("/v1/")?;
    let (plural, rest) = rest.split_once('/').map_or((rest, None), |(plural, rest)| (plural, Some(rest)));
    match rest {
        None => match plural.strip_suffix(":lookup") {
            Some(plural) => Some((serving.collection(plural)?, Move::Lookup)),
            None => Some((serving.collection(plural)?, Move::List)),
        },
        Some("changes") => Some((serving.collection(plural)?, Move::Changes)),
        Some(rest) => {
            let what = match rest.split_once('/') {
                None => Move::Get,
                Some((_, "lineage")) => Move::Lineage,
                Some(_) => Move::Children,
            };
            Some((serving.collection(plural)?, what))
        }
    }
}

fn operation_name(serving: &Serving, (_, number, _): Key) -> String {
    const ALL: [Move; 6] = [Move::List, Move::Get, Move::Lookup, Move::Changes, Move::Lineage, Move::Children];
    let entity = usize::try_from(number >> 8).ok().and_then(|e| serving.catalog.entities.get(e));
    let what = ALL.into_iter().find(|m| *m as u64 == number & 0xff);
    format!("/v1/{} {}", entity.map_or("", |e| e.plural.as_str()), what.map_or("", Move::name))
}
