//! Live reads: a request that wants fresher than what is stored, answered from the source itself.
//!
//! Invariant: a live answer is an observation like any other. It is merged in memory by the same rules, answered at once,
//! and queued for the store; so no request waits for ingest, and what is stored afterwards is what was answered.
//! Not here: how a source is asked (adapters), how the answer looks (`http`).

mod drift;
mod keys;
mod list;
mod merge;
mod plan;

pub use keys::key_in_space;
pub use list::{ListPlan, Listed};
pub use plan::{Asked, Plan};

use super::ingest::{Engine, LiveQueue};
use super::sources::Sources;
use banyan_adapter::{Call, Connected, Fault, Probe, Stop};
use banyan_model::model::{DatasetNo, EntityNo, MappingNo};
use banyan_store::Found;
use banyan_words::{Batch, Id};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a live read may take where the source's budget does not say.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a dataset can be asked.
struct How {
    source: Arc<dyn Connected>,
    /// The dataset's name within its source.
    name: String,
    /// Passes bring it as well; without them every request reads it.
    feeds: bool,
    timeout: Duration,
}

/// See the module.
pub struct Live {
    how: Vec<Option<How>>,
    entities: Vec<bool>,
    /// Whether any entity is listed by searching a source.
    lists: bool,
    queue: Arc<LiveQueue>,
}

/// What a live read brought.
#[derive(Debug)]
pub struct Fresh {
    /// The instance as it is with what was read; `None` where nothing is known of it even so.
    pub found: Option<Found>,
    /// For each dataset asked, as of when it speaks; milliseconds since 1970.
    pub as_of: Vec<(DatasetNo, i64)>,
    /// Something was read live: the answer is not only what was stored.
    pub live: bool,
    /// Why some could not be asked, where the answer rests on what is stored.
    pub faults: Vec<Fault>,
    /// A dataset that is only read live could not be asked, or one of which nothing is stored: there is nothing to answer
    /// from.
    pub failed: bool,
}

/// What one dataset said.
struct Heard {
    mapping: MappingNo,
    dataset: DatasetNo,
    record: Id,
    batch: Batch,
}

impl Live {
    /// `None` where no dataset can be read live: then no request pays for asking.
    pub fn new(engine: &Engine, sources: &Sources, queue: Arc<LiveQueue>) -> Option<Live> {
        let catalog = &engine.catalog;
        let how: Vec<Option<How>> = (catalog.datasets.iter())
            .map(|d| {
                let name = &catalog.sources[d.source].name;
                let (prepared, source) = (engine.sources.get(name)?, sources.0.get(name)?);
                let connected = source.connected.as_ref().ok()?;
                let timeout = source.budget.timeout().unwrap_or(PATIENCE);
                (prepared.looks_up(&d.feed) && connected.lookup().is_some()).then(|| How {
                    source: connected.clone(),
                    name: d.feed.clone(),
                    feeds: prepared.feeds(&d.feed),
                    timeout,
                })
            })
            .collect();
        let entities = (0..catalog.entities.len())
            .map(|e| catalog.feeding(e).any(|(_, m)| how[m.dataset].is_some() && !m.key.columns.is_empty()));
        let entities: Vec<bool> = entities.collect();
        let lists = catalog.entities.iter().any(|e| e.live_list.is_some());
        entities.contains(&true).then_some(Live { how, entities, lists, queue })
    }

    /// Whether any dataset of an entity can be read live.
    pub fn of(&self, entity: EntityNo) -> bool {
        self.entities.get(entity).copied().unwrap_or(false)
    }

    /// Whether any entity is listed by searching a source.
    pub fn lists(&self) -> bool {
        self.lists
    }

    /// When an instance was last read from a dataset, milliseconds since 1970; only what the store holds.
    pub fn as_of(&self, dataset: DatasetNo, instance: Id) -> Option<i64> {
        self.queue.as_of(dataset, instance)
    }

    /// Asks all datasets of a plan at the same time. Dropping the future gives up the requests at the sources too.
    async fn hear(&self, plan: &Plan) -> (Vec<Heard>, Vec<(DatasetNo, Fault)>) {
        let asks = plan.asks.iter().map(|ask| async move {
            let Some(how) = &self.how[ask.dataset] else {
                return Err((ask.dataset, Fault::permanent("not-live", "it cannot be read live any more")));
            };
            let Some(lookup) = how.source.lookup() else {
                return Err((ask.dataset, Fault::permanent("not-live", "its adapter cannot read by key")));
            };
            let probe = Probe { dataset: how.name.clone(), keys: vec![ask.key.clone()] };
            let call = Call { stop: Stop::default(), deadline: Some(Instant::now() + how.timeout) };
            let begun = Instant::now();
            let heard = lookup.fetch(&probe, &call).await;
            let outcome = if heard.is_ok() { "ok" } else { "fault" };
            metrics::histogram!("banyan_live_read_seconds", "dataset" => ask.full.clone(), "outcome" => outcome)
                .record(begun.elapsed().as_secs_f64());
            match heard {
                Ok(batch) => Ok(Heard { mapping: ask.mapping, dataset: ask.dataset, record: ask.record, batch }),
                Err(fault) => Err((ask.dataset, fault)),
            }
        });
        let (mut heard, mut faults) = (Vec::new(), Vec::new());
        for one in join_all(asks).await {
            match one {
                Ok(h) => heard.push(h),
                Err(f) => faults.push(f),
            }
        }
        (heard, faults)
    }

    /// Carries out a plan's requests; [`Heard`] is merged afterwards with a reader at hand.
    pub async fn ask(&self, plan: Plan) -> Asked {
        let (heard, faults) = self.hear(&plan).await;
        for (dataset, fault) in &faults {
            tracing::warn!(dataset, code = %fault.code, "a live read failed: {}", fault.message);
        }
        Asked::new(plan, heard, faults)
    }
}
