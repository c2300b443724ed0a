//! One request that both sides answered, as the shadow hands it in, and what is known of its route.

use banyan_migration::account::Autos;
use banyan_migration::compare::{Outcome as Found, Rules};
use banyan_migration::coverage::Wanted;
use banyan_migration::gate::Basis;
use banyan_migration::route::{Move, RouteConfig};
use banyan_migration::score::Policy;
use banyan_model::model::{Catalog, Entity};
use banyan_words::Type;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::runtime::routes::{Route, basis, places, rules};

/// What one side answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status code.
    pub status: u16,
    /// Its headers; names in any case.
    pub headers: Vec<(String, String)>,
    /// Its body, decoded.
    pub body: Bytes,
    /// How long it took.
    pub took: Duration,
    /// Which version of what was asked for it shows (`ETag`, or when it was true), if it tells.
    pub version: Option<String>,
}

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers that choose between answers, such as `accept`.
    pub headers: Vec<(String, String)>,
    /// The id of the instance that is asked for, if one is.
    pub entity: Option<String>,
}

/// Why both sides were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A consumer asked.
    Live,
    /// A sweep did.
    Sweep,
    /// A captured request was played again.
    Replay,
}

impl Origin {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Live => "live",
            Origin::Sweep => "sweep",
            Origin::Replay => "replay",
        }
    }
}

/// One request that both sides answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its route.
    pub route: Arc<RouteInfo>,
    /// The request.
    pub request: Asked,
    /// Its trace.
    pub trace_id: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What legacy answered, or why it did not.
    pub legacy: Result<Reply, String>,
    /// What legacy answered a second time, after modern.
    pub legacy_again: Option<Result<Reply, String>>,
    /// What modern answered, or why it did not.
    pub modern: Result<Reply, String>,
    /// Why both were asked.
    pub origin: Origin,
}

/// What became of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the comparison says; `None`: it could not be compared.
    pub found: Option<Found>,
    /// Whether it counted: a repeat does not.
    pub counted: bool,
    /// Why it could not be compared, or was not counted.
    pub why: Option<&'static str>,
}

/// What evidence needs to know of a route.
#[derive(Clone, Debug)]
pub struct RouteInfo {
    /// The route's name.
    pub name: String,
    /// What may differ, what is critical, what is personal.
    pub rules: Rules,
    /// What is asked before it moves on.
    pub policy: Policy,
    /// What comparisons must have shown.
    pub wanted: Wanted,
    /// The header by which modern tells its build.
    pub build: Option<String>,
    /// On what its configuration rests; the build is empty here.
    pub basis: Basis,
    /// What it does by itself.
    pub autos: Autos,
    /// The entity it moves, singular.
    pub entity: Option<String>,
}

impl RouteInfo {
    /// Of a route of a configuration.
    pub fn of(route: &Route, catalog: &Catalog) -> RouteInfo {
        let config = &route.config;
        let entity = route.entity.and_then(|e| catalog.entities.get(e));
        let mut wanted = Wanted { classes: [2].into(), ..Wanted::default() };
        if let Some(entity) = entity {
            cover(entity, config, &mut wanted);
        }
        let autos = Autos {
            promote: config.promote.auto,
            rollback: config.rollback.auto,
            dwell_ms: config.promote.dwell_ms(),
            first: config.first_weight(),
            writes_only: config.writes_only(),
        };
        RouteInfo {
            name: route.name.clone(),
            rules: rules(route, catalog),
            policy: config.promote.policy(),
            wanted,
            build: config.compare.build.clone(),
            basis: basis(route, catalog),
            autos,
            entity: entity.map(|e| e.name.clone()),
        }
    }
}

/// What an entity's contract says its answers can show.
fn cover(entity: &Entity, config: &RouteConfig, wanted: &mut Wanted) {
    if !config.takes("GET") {
        return;
    }
    let (list, get) = (config.moves_with(Move::List), config.moves_with(Move::Get));
    if get {
        wanted.classes.insert(4);
    }
    for field in &entity.fields {
        let Type::Enum(values) = &field.ty else { continue };
        let values: BTreeSet<String> = values.iter().cloned().collect();
        // One sight of a value is enough, wherever it can stand: a list shows instances as they are.
        let place = places(&field.name).into_iter().nth(usize::from(list));
        if let Some(place) = place.filter(|_| list || get) {
            wanted.values.insert(place, values);
        }
    }
}
