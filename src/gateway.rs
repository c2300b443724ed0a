//! The gateway assembled: configuration → engine → ingest, facade and admin listener; and assembled again on reload.
//!
//! Invariant: a reload that has a problem changes nothing: the version in use stays, and says so. Requests under way end
//! with the version they began with.
//! Not here: how problems look (`config::render`), what each room does.

use crate::adapters::KINDS;
use crate::config::{self, Built, BuiltBrownout, Disk, MissingSecret, Moving};
use crate::http::plain_document;
use crate::ops::acts::Open;
use crate::ops::audit::{self, AuditLog};
use crate::ops::{About, AdminState, Running, serve_admin};
use crate::runtime::capture::{Captures, Replays, folder_of, to_evidence};
use crate::runtime::clock::Clock;
use crate::runtime::consumers::{Brownout, Callers, Retiring};
use crate::runtime::evidence::sweeps::Sweeps;
use crate::runtime::evidence::{self, Evidence, EvidenceJudge, RouteInfo};
use crate::runtime::ingest::{self, Engine, Ingest, LiveQueue};
use crate::runtime::live::Live;
use crate::runtime::places::Places;
use crate::runtime::routes::contract::{ContractJudge, Contracts};
use crate::runtime::routes::{Judge, NoEvidence, Routes, Standings, Target, journal, switch_path_of};
use crate::runtime::serving::{Serving, Shared};
use crate::runtime::shadow::{Nobody, Shadow, Witness};
use crate::runtime::sources::{Source, Sources, folders_of};
use anyhow::{Context, Result, anyhow};
use banyan_adapter::Audit;
use banyan_migration::consumer::Consumers;
use banyan_model::instance::Book;
use banyan_store::{Store, sqlite::SqliteStore};
use banyan_words::Problem;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// An engine over a store: names have numbers, tables are there, older versions can be read.
pub fn engine(built: Built, store: &dyn Store) -> Result<Engine> {
    let mut catalog = built.catalog;
    catalog.bind(&store.register(&catalog.names())?);
    store.prepare(&catalog)?;
    let mut book = Book::new(&catalog);
    for number in 1.. {
        let Some((_, about)) = store.about("shape", number)? else { break };
        if !book.knows_shape(number) {
            book.learn_shape(number, &about);
        }
    }
    for number in 1.. {
        let Some((_, about)) = store.about("plan", number)? else { break };
        if book.plan(number).is_none() {
            book.learn_plan(&catalog, number, &about);
        }
    }
    let keep_passes = built.settings.keep_passes;
    Ok(Engine { keep_passes, ..Engine::new(Arc::new(catalog), built.prepared, book) })
}

/// Opens the store of a configuration for writing.
pub fn open_store(built: &Built) -> Result<Arc<SqliteStore>> {
    Ok(Arc::new(SqliteStore::open(&built.settings.store)?))
}

/// The routes of a configuration, standing where the journal says.
pub fn routes(moving: Moving, standings: &Standings) -> Arc<Routes> {
    let upstreams = moving.upstreams.into_iter().map(|(name, _, upstream)| Target { name, upstream }).collect();
    let configs = moving.routes.into_iter().map(|r| (r.config, r.entity)).collect();
    Arc::new(Routes::new(upstreams, configs, moving.table, standings))
}

/// What requests see of an engine.
fn serving(
    engine: &Engine,
    sources: &Sources,
    store: &Arc<SqliteStore>,
    queue: &Arc<LiveQueue>,
    routes: Arc<Routes>,
    callers: (Consumers, Vec<BuiltBrownout>),
) -> Result<Serving> {
    let mut serving = Serving::new(engine.catalog.clone(), store.clone())?;
    serving.routes = routes;
    serving.consumers = Arc::new(callers.0);
    serving.brownouts = Arc::new(callers.1.into_iter().map(brownout).collect());
    serving.live = Live::new(engine, sources, queue.clone());
    serving.places = Places::of(&engine.catalog, &engine.sources);
    Ok(serving)
}

fn brownout(b: BuiltBrownout) -> Brownout {
    let BuiltBrownout { consumer, entity, field, name, at, zone, until } = b;
    Brownout { consumer, entity, field, name, at, zone, until }
}

/// Who calls, as far as it is kept beside the evidence.
fn open_callers(evidence: Option<&Evidence>, clock: &Clock) -> Option<Callers> {
    let opened = Callers::open(evidence?.clone(), clock.clone());
    opened.inspect_err(|e| tracing::error!("it is not counted who calls: {e}")).ok()
}

/// The evidence beside a store. A gateway whose evidence cannot be read serves all the same: nothing is promoted then.
fn open_evidence(store: &Path, clock: &Clock) -> Option<Evidence> {
    let path = banyan_store::evidence::path_of(store);
    match Evidence::open(&path, clock.clone()) {
        Ok(evidence) => Some(evidence),
        Err(e) => {
            tracing::error!("no evidence is kept, and no route goes forward but by force: {e}");
            None
        }
    }
}

/// Tells the evidence on what each route rests now.
fn take_up(evidence: Option<&Evidence>, serving: &Serving) {
    let Some(evidence) = evidence else { return };
    let infos = serving.routes.all.iter().map(|r| Arc::new(RouteInfo::of(r, &serving.catalog))).collect();
    if let Err(e) = evidence.take_up(infos) {
        tracing::error!("the evidence cannot be told of the configuration: {e}");
    }
}

/// A running gateway.
struct Gateway {
    config: PathBuf,
    store: Arc<SqliteStore>,
    shared: Arc<Shared>,
    ingest: Arc<RwLock<Option<Ingest>>>,
    clock: Clock,
    audit: Arc<dyn Audit>,
    folders: PathBuf,
    open: Arc<RwLock<Open>>,
    standings: Arc<Standings>,
    evidence: Option<Evidence>,
    contracts: Arc<Contracts>,
}

/// Tells requests how fresh the datasets are, after each commit.
fn on_commit(serving: &Serving) -> ingest::OnCommit {
    let freshness = serving.freshness.clone();
    Arc::new(move |states| {
        for (no, state) in states.0.iter().enumerate() {
            if let Some(as_of) = state.as_of {
                freshness.advance(no, as_of);
            }
        }
    })
}

impl Gateway {
    /// Takes up the configuration on disk. All or nothing.
    fn reload(&self) -> std::result::Result<String, Vec<Problem>> {
        let fault = |e: anyhow::Error| vec![Problem::error("reload-failed", "", format!("{e:#}"))];
        let mut loaded = config::load(&self.config, MissingSecret::Error);
        let Some(mut built) = config::build(&mut loaded, KINDS, &Disk) else { return Err(loaded.problems) };
        let moving = std::mem::take(&mut built.moving);
        let named = (std::mem::take(&mut built.consumers), std::mem::take(&mut built.brownouts));
        crate::ops::logs::hide(move |text| loaded.secrets.hide(text));
        let datasets = built.catalog.datasets.len();
        let engine = Arc::new(engine(built, &*self.store).map_err(fault)?);
        let opening = Sources::open(&engine, &*self.store, &self.clock, &self.audit, &self.folders);
        let sources = block_on(opening).map_err(|e| fault(e.into()))?.map_err(|e| fault(e.into()))?;
        let live = Arc::new(LiveQueue::default());
        let routes = routes(moving, &self.standings);
        let serving = serving(&engine, &sources, &self.store, &live, routes, named).map_err(fault)?;
        let open = open_sources(&sources);
        // The old feeds end before the new ones begin, so that no unit is read by both.
        let mut slot = self.ingest.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = slot.take() {
            old.stop();
        }
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = open;
        take_up(self.evidence.as_ref(), &serving);
        self.contracts.take_up(plain_document(&serving.catalog));
        if let Some(captures) = self.shared.captures() {
            captures.take_up(&serving.routes, &serving.catalog);
        }
        let serving = self.shared.swap(serving);
        let told = on_commit(&serving);
        let started = ingest::start(engine, &sources, self.store.clone(), self.clock.clone(), live, told);
        *slot = Some(started.map_err(|e| fault(e.into()))?);
        Ok(format!("the configuration was taken up: {datasets} datasets"))
    }
}

/// Takes what is due by the evidence, every second for as long as the gateway serves.
fn watch_evidence(evidence: Evidence, shared: &Arc<Shared>, standings: &Arc<Standings>) {
    let (shared, standings) = (Arc::downgrade(shared), Arc::downgrade(standings));
    let look = move || {
        while let (Some(shared), Some(standings)) = (shared.upgrade(), standings.upgrade()) {
            let routes = shared.get().routes.clone();
            drop(shared);
            evidence::decide(&evidence, &routes, &standings);
            drop(standings);
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    };
    if let Err(e) = std::thread::Builder::new().name("decisions".to_owned()).spawn(look) {
        tracing::error!("no route moves by itself: {e}");
    }
}

/// Looks at the switch twice a second for as long as the gateway serves, on a thread that waits for nobody else.
fn watch_switch(path: PathBuf, shared: Arc<Shared>, standings: Arc<Standings>) {
    let (shared, standings) = (Arc::downgrade(&shared), Arc::downgrade(&standings));
    let look = move || {
        while let (Some(shared), Some(standings)) = (shared.upgrade(), standings.upgrade()) {
            standings.obey(&path, &shared.get().routes);
            drop((shared, standings));
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
    };
    if let Err(e) = std::thread::Builder::new().name("switch".to_owned()).spawn(look) {
        tracing::error!("nobody watches the file that switches routes off: {e}");
    }
}

/// Those that could be opened.
fn open_sources(sources: &Sources) -> Open {
    let open = |(name, s): (&String, &Source)| Some((name.clone(), s.connected.as_ref().ok()?.clone()));
    sources.0.iter().filter_map(open).collect()
}

/// Runs a future on this (non-async) thread. Connecting to a source may wait, and a reload is called on a thread that may.
fn block_on<F: std::future::Future>(future: F) -> std::io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}

/// Told when the gateway serves.
pub struct Serves {
    /// Where the facade listens, as a URL.
    pub facade: String,
    /// Where the admin listener listens, as a URL.
    pub admin: String,
}

/// Serves until it is asked to stop (SIGINT, SIGTERM); SIGHUP takes up a changed configuration.
pub async fn serve(config: &Path, mut built: Built, tell: impl FnOnce(&Serves)) -> Result<()> {
    let clock = Clock::system();
    let metrics = crate::ops::metrics::install()?;
    let settings = built.settings.clone();
    let store = open_store(&built)?;
    let codes = KINDS.iter().flat_map(|k| k.refusals()).copied().collect();
    let moving = std::mem::take(&mut built.moving);
    let named = (std::mem::take(&mut built.consumers), std::mem::take(&mut built.brownouts));
    let engine = Arc::new(engine(built, &*store)?);
    let evidence = open_evidence(&settings.store, &clock);
    let judge: Arc<dyn Judge> = match &evidence {
        Some(evidence) => Arc::new(EvidenceJudge::new(evidence.clone())),
        None => Arc::new(NoEvidence),
    };
    let callers = open_callers(evidence.as_ref(), &clock);
    let contracts = Arc::new(Contracts::default());
    let judge = Arc::new(ContractJudge::new(judge, contracts.clone()));
    let standings = Standings::open(&journal::path_of(&settings.store), clock.clone(), judge)?;
    let standings = Arc::new(standings.with_callers(Arc::new(Retiring(callers.clone()))));
    let path = audit::path_of(&settings.store);
    let audit: Arc<dyn Audit> = Arc::new(AuditLog::new(path, Arc::new(clock.reader()))?);
    let folders = folders_of(&settings.store);
    let sources = Sources::open(&engine, &*store, &clock, &audit, &folders).await?;
    let live = Arc::new(LiveQueue::default());
    let routes = routes(moving, &standings);
    let serving = serving(&engine, &sources, &store, &live, routes, named)?;
    let told = on_commit(&serving);
    take_up(evidence.as_ref(), &serving);
    contracts.take_up(plain_document(&serving.catalog));
    let captures = Captures::start(folder_of(&settings.store), clock.clone())?;
    captures.take_up(&serving.routes, &serving.catalog);
    let shared = Arc::new(Shared::new(serving));
    if let Some(callers) = &callers {
        shared.with_callers(callers.clone());
    }
    shared.with_captures(Arc::new(captures));
    if let Some(evidence) = &evidence {
        evidence.with_lineage(evidence::lineage_of(&shared));
    }
    let witness: Arc<dyn Witness> = match &evidence {
        Some(evidence) => Arc::new(evidence.clone()),
        None => Arc::new(Nobody),
    };
    let inside = Arc::new(crate::http::Inside::new(&shared));
    let sweeps = evidence.as_ref().map(|e| Sweeps::new(e.clone(), &shared, inside.clone()));
    let replays =
        Replays::new(folder_of(&settings.store), inside.clone(), to_evidence(evidence.clone()), clock.clone());
    let shadow = Shadow::start(witness, inside, clock.clone())?;
    shared.with_shadow(shadow.clone());
    standings.then(Box::new(move || shadow.settle()));
    // Whatever let the configuration through: no unguarded door (promise 9).
    for (path, address) in [("gateway.listen", settings.listen), ("gateway.admin", settings.admin)] {
        config::check_listen(path, address).map_err(|p| anyhow!("{p}"))?;
    }
    let listener = TcpListener::bind(settings.listen)
        .with_context(|| format!("the facade cannot listen on {}", settings.listen))?;
    let facade = listener.local_addr()?;
    let server = crate::http::serve(shared.clone(), listener, crate::http::Limits::default())?;
    let open = Arc::new(RwLock::new(open_sources(&sources)));
    let started = ingest::start(engine, &sources, store.clone(), clock.clone(), live, told)?;
    let slot = Arc::new(RwLock::new(Some(started)));
    let gateway = Arc::new(Gateway {
        config: config.to_owned(),
        store: store.clone(),
        shared: shared.clone(),
        ingest: slot.clone(),
        clock: clock.clone(),
        audit,
        folders,
        open: open.clone(),
        standings: standings.clone(),
        evidence: evidence.clone(),
        contracts: contracts.clone(),
    });
    let reloads = gateway.clone();
    let running =
        Arc::new(Running::new(slot.clone()).with_sources(open).with_reload(Box::new(move || reloads.reload())));
    let about = About {
        version: env!("CARGO_PKG_VERSION").into(),
        config: config.display().to_string(),
        store: format!("sqlite:{}", settings.store.display()),
        facade: format!("http://{facade}"),
        started: clock.now().to_string(),
        process: std::process::id(),
    };
    let watched = shared.clone();
    let mut state = AdminState::new(shared, running.clone(), metrics, clock, about);
    state.store_file = Some(settings.store.clone());
    state.codes = codes;
    state.standings = Some(standings.clone());
    state.evidence = evidence.clone();
    state.sweeps = sweeps;
    state.contracts = Some(contracts);
    state.replays = Some(replays);
    let admin = serve_admin(Arc::new(state), settings.admin).await?;
    if let Some(evidence) = &evidence {
        watch_evidence(evidence.clone(), &watched, &standings);
    }
    watch_switch(switch_path_of(&settings.store), watched, standings);
    tell(&Serves { facade: format!("http://{facade}"), admin: format!("http://{}", admin.address) });
    let (facade_handle, admin_handle) = (server.handle(), admin.server.handle());
    let signals = signals(running);
    tokio::select! {
        ended = server => ended?,
        ended = admin.server => ended?,
        asked = signals => asked?,
    }
    tracing::info!("stopping: answers under way are finished, the transaction at work is committed");
    facade_handle.stop(true).await;
    admin_handle.stop(true).await;
    if let Some(evidence) = evidence {
        tokio::task::spawn_blocking(move || evidence.close()).await?;
    }
    if let Some(callers) = callers {
        tokio::task::spawn_blocking(move || callers.flush()).await?;
    }
    let ended = slot.write().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(ingest) = ended {
        tokio::task::spawn_blocking(move || ingest.stop()).await?;
    }
    Ok(())
}

/// Waits for the signal to stop; reloads on SIGHUP meanwhile.
async fn signals(running: Arc<Running>) -> Result<()> {
    use crate::ops::Acts;
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => {
                let running = running.clone();
                let done = tokio::task::spawn_blocking(move || running.reload()).await?;
                match done {
                    Ok(said) => tracing::info!("{said}"),
                    Err(e) => tracing::error!("reload refused: {e}"),
                }
            }
        }
    }
}

/// The store of a configuration, opened for reading beside a running gateway.
pub fn read_store(built: &Built) -> Result<Arc<SqliteStore>> {
    if !built.settings.store.exists() {
        return Err(anyhow!("there is no store at {} yet; `banyan serve` makes it", built.settings.store.display()));
    }
    Ok(Arc::new(SqliteStore::open_reader(&built.settings.store)?))
}
