//! All that moves routes, put together: journal, evidence, contracts, callers, captures, the shadow.
//!
//! Invariant: it outlives reloads. A gateway whose evidence cannot be read serves all the same: then nothing goes forward
//! but by force, and nobody is counted.
//! Not here: what each of these rooms does.

use crate::config::{BuiltBrownout, Moving, Settings};
use crate::http::{Inside, plain_document};
use crate::ops::AdminState;
use crate::runtime::capture::{Captures, Replays, folder_of, to_evidence};
use crate::runtime::clock::Clock;
use crate::runtime::consumers::{Brownout, Callers, Retiring};
use crate::runtime::evidence::sweeps::Sweeps;
use crate::runtime::evidence::{self, Evidence, EvidenceJudge, RouteInfo};
use crate::runtime::routes::contract::{ContractJudge, Contracts};
use crate::runtime::routes::{Judge, NoEvidence, Routes, Standings, Target, journal, switch_path_of};
use crate::runtime::serving::{Serving, Shared};
use crate::runtime::shadow::{Nobody, Shadow, Witness};
use anyhow::Result;
use banyan_migration::consumer::Consumers;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often the switch is looked at.
const SWITCH: Duration = Duration::from_millis(500);
/// How often the evidence is asked what is due.
const DUE: Duration = Duration::from_secs(1);

/// The routes of a configuration, standing where the journal says.
pub fn routes(moving: Moving, standings: &Standings) -> Arc<Routes> {
    let upstreams = moving.upstreams.into_iter().map(|(name, _, upstream)| Target { name, upstream }).collect();
    let configs = moving.routes.into_iter().map(|r| (r.config, r.entity)).collect();
    Arc::new(Routes::new(upstreams, configs, moving.table, standings))
}

/// What consumers go without for a while.
pub fn brownouts(built: Vec<BuiltBrownout>) -> Vec<Brownout> {
    let brownout = |b: BuiltBrownout| {
        let BuiltBrownout { consumer, entity, field, name, at, zone, until } = b;
        Brownout { consumer, entity, field, name, at, zone, until }
    };
    built.into_iter().map(brownout).collect()
}

/// What a configuration says of routes and of those who call them.
pub(super) struct Configured {
    /// Upstreams and routes.
    pub(super) moving: Moving,
    /// Who is named.
    pub(super) consumers: Consumers,
    /// Who goes without which field, and when.
    pub(super) brownouts: Vec<BuiltBrownout>,
}

/// See the module.
pub(super) struct Moves {
    settings: Settings,
    clock: Clock,
    standings: Arc<Standings>,
    evidence: Option<Evidence>,
    contracts: Arc<Contracts>,
    callers: Option<Callers>,
}

impl Moves {
    /// Opens what is kept beside the store.
    pub(super) fn open(settings: &Settings, clock: &Clock) -> Result<Moves> {
        let evidence = open_evidence(&settings.store, clock);
        let judge: Arc<dyn Judge> = match &evidence {
            Some(evidence) => Arc::new(EvidenceJudge::new(evidence.clone())),
            None => Arc::new(NoEvidence),
        };
        let callers = evidence.as_ref().and_then(|evidence| {
            let opened = Callers::open(evidence.clone(), clock.clone());
            opened.inspect_err(|e| tracing::error!("it is not counted who calls: {e}")).ok()
        });
        let contracts = Arc::new(Contracts::default());
        let judge = Arc::new(ContractJudge::new(judge, contracts.clone()));
        let standings = Standings::open(&journal::path_of(&settings.store), clock.clone(), judge)?;
        let standings = Arc::new(standings.with_callers(Arc::new(Retiring(callers.clone()))));
        let (settings, clock) = (settings.clone(), clock.clone());
        Ok(Moves { settings, clock, standings, evidence, contracts, callers })
    }

    /// Puts a configuration's routes and callers into what requests will see.
    pub(super) fn put_in(&self, configured: Configured, serving: &mut Serving) {
        serving.routes = routes(configured.moving, &self.standings);
        serving.consumers = Arc::new(configured.consumers);
        serving.brownouts = Arc::new(brownouts(configured.brownouts));
    }

    /// Tells everyone on what routes rest from now on: a change of rules, mappings or sides starts a score again.
    pub(super) fn take_up(&self, serving: &Serving, captures: Option<&Captures>) {
        if let Some(evidence) = &self.evidence {
            let infos = serving.routes.all.iter().map(|r| Arc::new(RouteInfo::of(r, &serving.catalog))).collect();
            if let Err(e) = evidence.take_up(infos) {
                tracing::error!("the evidence cannot be told of the configuration: {e}");
            }
        }
        self.contracts.take_up(plain_document(&serving.catalog));
        if let Some(captures) = captures {
            captures.take_up(&serving.routes, &serving.catalog);
        }
    }

    /// Begins to serve: requests are counted, captured and mirrored from now on.
    pub(super) fn begin(&self, serving: Serving) -> Result<Begun> {
        let folder = folder_of(&self.settings.store);
        let captures = Captures::start(folder.clone(), self.clock.clone())?;
        self.take_up(&serving, Some(&captures));
        let shared = Arc::new(Shared::new(serving));
        if let Some(callers) = &self.callers {
            shared.with_callers(callers.clone());
        }
        shared.with_captures(Arc::new(captures));
        if let Some(evidence) = &self.evidence {
            evidence.with_lineage(evidence::lineage_of(&shared));
        }
        let witness: Arc<dyn Witness> = match &self.evidence {
            Some(evidence) => Arc::new(evidence.clone()),
            None => Arc::new(Nobody),
        };
        let inside = Arc::new(Inside::new(&shared));
        let sweeps = self.evidence.as_ref().map(|e| Sweeps::new(e.clone(), &shared, inside.clone()));
        let replays = Replays::new(folder, inside.clone(), to_evidence(self.evidence.clone()), self.clock.clone());
        let shadow = Shadow::start(witness, inside, self.clock.clone())?;
        shared.with_shadow(shadow.clone());
        self.standings.then(Box::new(move || shadow.settle()));
        Ok(Begun { shared, sweeps, replays })
    }

    /// What people see and do.
    pub(super) fn show(&self, state: &mut AdminState, sweeps: Option<Arc<Sweeps>>, replays: Replays) {
        state.standings = Some(self.standings.clone());
        state.evidence = self.evidence.clone();
        state.sweeps = sweeps;
        state.contracts = Some(self.contracts.clone());
        state.replays = Some(replays);
    }

    /// Watches the switch, and takes the steps that evidence makes due, for as long as the gateway serves.
    pub(super) fn watch(&self, shared: &Arc<Shared>) {
        let switch: PathBuf = switch_path_of(&self.settings.store);
        // On a thread that waits for nobody else.
        watch("switch", SWITCH, shared, &self.standings, move |routes, standings| standings.obey(&switch, routes));
        if let Some(evidence) = self.evidence.clone() {
            watch("decisions", DUE, shared, &self.standings, move |routes, standings| {
                evidence::decide(&evidence, routes, standings);
            });
        }
    }

    /// Writes what is not written yet.
    pub(super) fn close(&self) {
        if let Some(callers) = &self.callers {
            callers.flush();
        }
        if let Some(evidence) = &self.evidence {
            evidence.close();
        }
    }
}

/// What serves, and what people can set going.
pub(super) struct Begun {
    /// What requests see.
    pub(super) shared: Arc<Shared>,
    /// Sweeps, where evidence is kept.
    pub(super) sweeps: Option<Arc<Sweeps>>,
    /// Captured requests asked again.
    pub(super) replays: Replays,
}

fn open_evidence(store: &Path, clock: &Clock) -> Option<Evidence> {
    let opened = Evidence::open(&banyan_store::evidence::path_of(store), clock.clone());
    opened.inspect_err(|e| tracing::error!("no evidence is kept, and no route goes forward but by force: {e}")).ok()
}

/// Does something about routes again and again for as long as the gateway serves.
fn watch(
    name: &str,
    every: Duration,
    shared: &Arc<Shared>,
    standings: &Arc<Standings>,
    act: impl Fn(&Routes, &Standings) + Send + 'static,
) {
    let (shared, standings) = (Arc::downgrade(shared), Arc::downgrade(standings));
    let look = move || {
        while let (Some(shared), Some(standings)) = (shared.upgrade(), standings.upgrade()) {
            let routes = shared.get().routes.clone();
            drop(shared);
            act(&routes, &standings);
            drop((standings, routes));
            std::thread::sleep(every);
        }
    };
    if let Err(e) = std::thread::Builder::new().name(name.to_owned()).spawn(look) {
        tracing::error!(thread = name, "no route is watched: {e}");
    }
}
