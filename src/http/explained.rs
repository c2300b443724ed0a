//! A request that is explained: who asks by it, to which side that sends it, and what its answer lacks.
//!
//! Invariant: it is answered by the same functions as real requests are.
//! Not here: which route it belongs to (`explain`).

use super::brownout;
use super::caller::Sent;
use super::handle::{SIDE, Whither, gone_on, turn_of};
use super::route;
use crate::runtime::consumers::Brownout;
use crate::runtime::routes::{Route, Routes, Turn, access};
use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use banyan_migration::consumer::{ANONYMOUS, By, Consumers, Trust};
use banyan_migration::route::OnlyConfig;
use banyan_migration::stage::{Side, Stage};
use banyan_model::model::Catalog;
use banyan_model::refusal::Refusal;
use jiff::Timestamp;
use std::sync::Arc;

/// What requests are answered by.
pub struct World<'w> {
    /// The catalog.
    pub catalog: &'w Arc<Catalog>,
    /// Routes, where they stand.
    pub routes: &'w Routes,
    /// Who is known by name.
    pub consumers: &'w Consumers,
    /// Fields that they go without for a while.
    pub brownouts: &'w [Brownout],
    /// Now.
    pub now: Timestamp,
}

/// A request.
pub struct Asked {
    head: RequestHead,
    consumer: Option<String>,
    anyone: bool,
}

impl Asked {
    /// Of its method, path and query, headers, and of who is said to ask: a consumer's name, or what a route tells callers
    /// apart by. `Err`: it is no request.
    pub fn new(
        method: &str,
        target: &str,
        headers: &[(String, String)],
        consumer: Option<&str>,
    ) -> Result<Asked, String> {
        let mut head = RequestHead::default();
        head.method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("`{method}` is no method"))?;
        head.uri = target.parse::<Uri>().map_err(|e| format!("`{target}` is no path of a request: {e}"))?;
        for (name, value) in headers {
            let read = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
            let (Ok(header), Ok(value)) = read else { return Err(format!("`{name}` is no header, or not its value")) };
            head.headers.append(header, value);
        }
        Ok(Asked { head, consumer: consumer.map(str::to_owned), anyone: headers.is_empty() && consumer.is_none() })
    }

    pub(super) fn method(&self) -> &str {
        self.head.method.as_str()
    }

    pub(super) fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// The place of the consumer who asks.
    fn place(&self, consumers: &Consumers) -> Option<usize> {
        let said = self.consumer.as_ref().and_then(|said| consumers.names().iter().position(|n| n == said));
        said.or_else(|| self.why(consumers).ok().flatten().map(|(no, _)| no))
    }

    /// By what it shows who asks. Explained is a request that comes through the proxy, where one is trusted.
    fn why(&self, consumers: &Consumers) -> Result<Option<(usize, By)>, String> {
        let consumers = consumers.clone().trusting(Trust::Everyone);
        consumers.why(&Sent { headers: &self.head.headers, from: None })
    }

    /// Whether a route is meant for it.
    pub(super) fn meets(&self, world: &World<'_>, only: &OnlyConfig) -> bool {
        let name = self.place(world.consumers).and_then(|no| world.consumers.names().get(no));
        only.meets(&Sent { headers: &self.head.headers, from: None }, name.map(String::as_str))
    }

    /// As whom it is counted, and why.
    pub(super) fn counted(&self, world: &World<'_>) -> String {
        let names = world.consumers.names();
        match (&self.consumer, self.why(world.consumers)) {
            (Some(said), _) if names.contains(said) => format!("`{said}`, as you say"),
            (_, Ok(Some((no, by)))) => format!("`{}`, by {by}", names.get(no).map_or("", String::as_str)),
            (_, Err(header)) => {
                format!("`{ANONYMOUS}`: it says `{header}` twice, and nobody could tell which of them others go by")
            }
            (_, Ok(None)) if names.is_empty() => format!("`{ANONYMOUS}`: no consumers are declared"),
            (Some(said), Ok(None)) => format!("`{ANONYMOUS}`: no consumer `{said}` is declared"),
            (None, Ok(None)) => format!("`{ANONYMOUS}`: it shows nothing by which a consumer is known"),
        }
    }

    /// Who answers, and whether that is because its list began there. `None`: nobody is said to ask.
    pub(super) fn turn(&self, world: &World<'_>, route: &Arc<Route>) -> Result<Option<(Turn, bool)>, Refusal> {
        let mut turn = turn_of(route, &self.head, self.place(world.consumers), world.consumers);
        if let Some(said) = self.consumer.as_ref().filter(|said| !world.consumers.names().contains(said)) {
            let way = route.way(access(self.method()), said, self.sent());
            turn = Turn { way, who: said.clone(), ..turn };
        }
        let own = turn.way;
        match gone_on(turn, &self.head) {
            Whither::Refused(refusal) => Err(refusal),
            Whither::Route(turn) if self.anyone && turn.way == own => Ok(None),
            Whither::Route(turn) => {
                let goes_on = turn.way != own;
                Ok(Some((turn, goes_on)))
            }
            Whither::Facade | Whither::NotOffered(_) => Ok(None),
        }
    }

    fn sent(&self) -> Option<Side> {
        let said = self.head.headers.get(SIDE)?;
        [Side::Legacy, Side::Modern].into_iter().find(|s| said == s.name())
    }

    fn pinned(&self, world: &World<'_>, route: &Route) -> bool {
        let place = self.place(world.consumers).and_then(|no| world.consumers.names().get(no));
        place.or(self.consumer.as_ref()).is_some_and(|name| route.config.canary.pin.contains_key(name))
    }

    /// What sends it to a side in a canary, before its share does.
    pub(super) fn sent_by(&self, world: &World<'_>, route: &Route) -> String {
        match (self.pinned(world, route), self.sent()) {
            (true, _) => ", whom the route pins to it".to_owned(),
            (false, Some(_)) => ", as its `Banyan-Side` asks".to_owned(),
            (false, None) => String::new(),
        }
    }

    /// What would send it to a side, but does not.
    pub(super) fn sent_in_vain(&self, world: &World<'_>, route: &Route) -> Option<String> {
        let standing = route.standing();
        if standing.stage == Stage::Canary && !standing.killed {
            return None;
        }
        let what = match (self.pinned(world, route), self.sent()) {
            (true, _) => "that it is pinned",
            (false, Some(_)) => "its `Banyan-Side`",
            (false, None) => return None,
        };
        Some(format!("; {what} counts in a canary only"))
    }

    /// What its answer lacks now.
    pub(super) fn lacks(&self, world: &World<'_>) -> Vec<String> {
        let collection = |plural: &str| world.catalog.entities.iter().position(|e| e.plural == plural);
        let Ok(target) = route::find_in(world.catalog, collection, self.path()) else { return Vec::new() };
        let hidden = brownout::hidden(world.brownouts, self.place(world.consumers), world.now);
        let query = self.head.uri.query().unwrap_or_default();
        brownout::of(world.catalog, hidden, &target, query).names().to_vec()
    }
}
