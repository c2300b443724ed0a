//! Routes at run time: which one a request belongs to, where each stands, and how that changes.
//!
//! Purpose: [`Routes`] is one version of the configured routes; [`Standings`] outlives reloads: it knows where each route
//! stands, and every change goes through it into the [`journal`].
//! Invariant: a change that was acknowledged is on disk and is seen by every request that begins afterwards. A way back
//! to legacy is never refused, whatever the evidence, the store or the disk say.
//! Not here: sending requests (`http/proxy`), mirroring (`shadow`), what evidence says (`evidence`).

pub mod ask;
mod basis;
mod columns;
pub mod contract;
pub mod explain;
pub mod ids;
pub mod journal;
mod members;
pub mod plan;
mod prune;
mod rewrite;
mod standing;
mod standings;

pub use basis::{basis, places, rules};
pub use columns::without_columns;
pub use prune::prune;
pub use standings::{
    Ask, Judge, NoEvidence, Refused, Standings, StillCalling, Within, gives_to_modern, needs_evidence, switch_line,
    switch_path_of,
};

use super::shadow::Lane;
use banyan_migration::route::{Move, OnlyConfig, RouteConfig, Table, farewell};
use banyan_migration::stage::{Access, Side, Stage, Standing, Way, way};
use banyan_migration::sticky;
use banyan_model::model::EntityNo;
use banyan_upstream::Upstream;
use std::sync::Arc;

/// A side of a route that is not Banyan's own facade.
#[derive(Clone)]
pub struct Target {
    /// The upstream's name.
    pub name: String,
    /// The upstream.
    pub upstream: Arc<Upstream>,
}

/// A route of one version of the configuration.
pub struct Route {
    /// What tells it from every other route; the journal knows it by this.
    pub name: String,
    /// Its place in the configuration.
    pub number: usize,
    /// Its keys.
    pub config: RouteConfig,
    /// The entity whose operations it moves; its legacy side is the facade then.
    pub entity: Option<EntityNo>,
    /// The upstream that answers until it moved. `None`: the facade, or nobody.
    pub legacy: Option<Target>,
    /// The upstream it moves to.
    pub modern: Option<Target>,
    /// Its share of the shadow.
    pub lane: Lane,
    /// Headers that announce its end.
    pub farewell: Vec<(&'static str, String)>,
    cell: Arc<standing::Cell>,
}

impl Route {
    /// Where it stands now.
    pub fn standing(&self) -> Standing {
        self.cell.get()
    }

    /// One of its sides; `None`: the facade, or nobody.
    pub fn side(&self, side: Side) -> Option<&Target> {
        match side {
            Side::Legacy => self.legacy.as_ref(),
            Side::Modern => self.modern.as_ref(),
        }
    }

    /// Who answers a request of `who`, whom a header may have `sent` to one side. A consumer that is pinned goes where
    /// it is pinned.
    pub fn way(&self, access: Access, who: &str, sent: Option<Side>) -> Way {
        let standing = self.standing();
        let sent = self.config.canary.pin.get(who).copied().or(sent);
        let mut way = way(standing, access, || sticky::point(&self.name, who), sent);
        // A route without a second side has nothing to compare with and nothing to fall back to.
        if way.beside.is_some_and(|side| self.lacks(side)) {
            way.beside = None;
        }
        way.falls_back &= !self.lacks(Side::Legacy);
        way
    }

    fn lacks(&self, side: Side) -> bool {
        match side {
            Side::Modern => self.modern.is_none(),
            Side::Legacy => self.legacy.is_none() && self.entity.is_none(),
        }
    }

    /// Consumers that the configuration binds to legacy: they stay there in a canary, and cannot where modern answers all.
    pub fn bound_to_legacy(&self) -> Vec<&str> {
        let pins = self.config.canary.pin.iter();
        pins.filter(|(_, side)| **side == Side::Legacy).map(|(name, _)| name.as_str()).collect()
    }

    /// Whether two systems may have answered its callers.
    pub fn has_two_sides(&self) -> bool {
        !self.lacks(Side::Modern) && !self.lacks(Side::Legacy)
    }
}

impl Route {
    /// Who goes on from a place that one side made a token for: that side alone, while it answers here. `None`: it does
    /// not.
    pub fn way_on(&self, made_by: Side) -> Option<Way> {
        let standing = self.standing();
        let lives = match (made_by, standing.killed, standing.stage) {
            (Side::Legacy, true, _) => true,
            (Side::Legacy, false, stage) => stage != Stage::Retired,
            (Side::Modern, killed, stage) => !killed && stage >= Stage::Canary,
        };
        lives.then_some(Way { answers: made_by, beside: None, falls_back: false })
    }

    /// Whether callers may hold tokens of modern: it answered some once, or does.
    pub fn modern_answered(&self) -> bool {
        self.cell.went_far() || self.standing().stage >= Stage::Canary
    }
}

/// A request's route, and who answers it.
#[derive(Clone)]
pub struct Turn {
    /// The route.
    pub route: Arc<Route>,
    /// Who answers.
    pub way: Way,
    /// The side to which the configuration binds who asked.
    pub pinned: Option<Side>,
}

/// One version of all routes.
#[derive(Default)]
pub struct Routes {
    /// All, in the order of the configuration.
    pub all: Vec<Arc<Route>>,
    table: Table,
    /// The version's upstreams, by name.
    pub upstreams: Vec<Target>,
}

impl Routes {
    /// The routes of a configuration, standing where `standings` says.
    pub fn new(
        upstreams: Vec<Target>,
        configs: Vec<(RouteConfig, Option<EntityNo>)>,
        table: Table,
        standings: &Standings,
    ) -> Routes {
        let target = |name: &Option<String>| upstreams.iter().find(|t| name.as_ref() == Some(&t.name)).cloned();
        let routes = configs.into_iter().enumerate().map(|(number, (config, entity))| {
            let name = config.name();
            let cell = standings.cell(&name, config.first_standing());
            let (legacy, modern) = (target(&config.legacy), target(&config.modern));
            let lane = Lane::new(&config);
            let farewell = farewell(&config);
            Arc::new(Route { name, number, config, entity, legacy, modern, lane, farewell, cell })
        });
        Routes { all: routes.collect(), table, upstreams }
    }

    /// Whether there is none: requests need not look any further.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The route that moves an operation of an entity.
    pub fn of_entity(&self, entity: EntityNo, what: Move, method: &str) -> Option<&Arc<Route>> {
        self.all.iter().find(|r| r.entity == Some(entity) && r.config.moves_with(what) && r.config.takes(method))
    }

    /// The route of any other path, as it came; `meets` tells whether the request is one that a route is meant for.
    pub fn of_path(&self, method: &str, path: &str, meets: impl Fn(&OnlyConfig) -> bool) -> Option<&Arc<Route>> {
        self.all.get(self.table.find(method, path, meets)?.number)
    }

    /// The methods that routes offer at a path that some route has; `None` where no route has it.
    pub fn allow(&self, path: &str, meets: impl Fn(&OnlyConfig) -> bool) -> Option<Vec<String>> {
        self.table.allow(path, meets)
    }

    /// The route of that name, or the only one of that path.
    pub fn named(&self, name: &str) -> Option<&Arc<Route>> {
        let mut of_path = self.all.iter().filter(|r| r.config.path == name);
        let only = of_path.next().filter(|_| of_path.next().is_none());
        self.all.iter().find(|r| r.name == name).or(only)
    }
}

/// Whether a method is safe (RFC 9110, 9.2.1). TRACE is taken as unsafe: it is not mirrored.
pub fn access(method: &str) -> Access {
    if matches!(method, "GET" | "HEAD" | "OPTIONS") { Access::Read } else { Access::Write }
}
