//! The gateway assembled: configuration → engine → ingest, facade and admin listener; and assembled again on reload.
//!
//! Invariant: a reload that has a problem changes nothing: the version in use stays, and says so. Requests under way end
//! with the version they began with.
//! Not here: how problems look (`config::render`), what each room does.

pub mod half;
mod moves;

pub use moves::{brownouts, routes};

use crate::adapters::KINDS;
use crate::config::{self, Built, Disk, MissingSecret};
use crate::ops::acts::Open;
use crate::ops::audit::{self, AuditLog};
use crate::ops::{About, AdminState, Running, serve_admin};
use crate::runtime::clock::Clock;
use crate::runtime::ingest::{self, Engine, Ingest, LiveQueue};
use crate::runtime::live::Live;
use crate::runtime::places::Places;
use crate::runtime::serving::{Serving, Shared};
use crate::runtime::sources::{Source, Sources, folders_of};
use anyhow::{Context, Result, anyhow};
use banyan_adapter::Audit;
use banyan_model::instance::Book;
use banyan_store::{Store, sqlite::SqliteStore};
use banyan_words::Problem;
use moves::{Begun, Configured, Moves};
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
    half::whole(&built.settings.store)?;
    Ok(Arc::new(SqliteStore::open(&built.settings.store)?))
}

/// What of a configuration is about routes and those who call them.
fn configured(built: &mut Built) -> Configured {
    let (consumers, brownouts) = (std::mem::take(&mut built.consumers), std::mem::take(&mut built.brownouts));
    Configured { moving: std::mem::take(&mut built.moving), consumers, brownouts }
}

/// What requests see of an engine.
fn serving(
    engine: &Engine,
    sources: &Sources,
    store: &Arc<SqliteStore>,
    queue: &Arc<LiveQueue>,
    moves: &Moves,
    configured: Configured,
) -> Result<Serving> {
    let mut serving = Serving::new(engine.catalog.clone(), store.clone())?;
    moves.put_in(configured, &mut serving);
    serving.live = Live::new(engine, sources, queue.clone());
    serving.places = Places::of(&engine.catalog, &engine.sources);
    Ok(serving)
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
    moves: Arc<Moves>,
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
        let configured = configured(&mut built);
        crate::ops::logs::hide(move |text| loaded.secrets.hide(text));
        let datasets = built.catalog.datasets.len();
        let engine = Arc::new(engine(built, &*self.store).map_err(fault)?);
        let opening = Sources::open(&engine, &*self.store, &self.clock, &self.audit, &self.folders);
        let sources = block_on(opening).map_err(|e| fault(e.into()))?.map_err(|e| fault(e.into()))?;
        let live = Arc::new(LiveQueue::default());
        let serving = serving(&engine, &sources, &self.store, &live, &self.moves, configured).map_err(fault)?;
        let open = open_sources(&sources);
        // The old feeds end before the new ones begin, so that no unit is read by both.
        let mut slot = self.ingest.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = slot.take() {
            old.stop();
        }
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = open;
        self.moves.take_up(&serving, self.shared.captures().map(|c| &**c));
        let serving = self.shared.swap(serving);
        let told = on_commit(&serving);
        let started = ingest::start(engine, &sources, self.store.clone(), self.clock.clone(), live, told);
        *slot = Some(started.map_err(|e| fault(e.into()))?);
        Ok(format!("the configuration was taken up: {datasets} datasets"))
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
    let configured = configured(&mut built);
    let engine = Arc::new(engine(built, &*store)?);
    let moves = Arc::new(Moves::open(&settings, &clock)?);
    let path = audit::path_of(&settings.store);
    let audit: Arc<dyn Audit> = Arc::new(AuditLog::new(path, Arc::new(clock.reader()))?);
    let folders = folders_of(&settings.store);
    let sources = Sources::open(&engine, &*store, &clock, &audit, &folders).await?;
    let live = Arc::new(LiveQueue::default());
    let serving = serving(&engine, &sources, &store, &live, &moves, configured)?;
    let told = on_commit(&serving);
    let Begun { shared, sweeps, replays } = moves.begin(serving)?;
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
        moves: moves.clone(),
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
    moves.show(&mut state, sweeps, replays);
    let admin = serve_admin(Arc::new(state), settings.admin).await?;
    moves.watch(&watched);
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
    tokio::task::spawn_blocking(move || moves.close()).await?;
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
    half::whole(&built.settings.store)?;
    if !built.settings.store.exists() {
        return Err(anyhow!("there is no store at {} yet; `banyan serve` makes it", built.settings.store.display()));
    }
    Ok(Arc::new(SqliteStore::open_reader(&built.settings.store)?))
}
