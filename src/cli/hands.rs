//! What commands act with: the running gateway, through its admin listener; else a desk of their own, which holds the store
//! meanwhile.
//!
//! Invariant: a store is never written beside a gateway; its lock sees to that, and says so.

use super::admin_client::AdminClient;
use super::{Failure, Global};
use crate::config::MissingSecret;
use crate::gateway;
use crate::ops::logs::{self, Style};
use crate::ops::{ActFault, Acts, Desktop};
use crate::runtime::clock::Clock;
use crate::runtime::ingest::Replayed;
use banyan_store::{DeadLetterFilter, DeadLetterState, Store, StoreError};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See the module.
pub(super) enum Hands {
    /// Of a running gateway.
    Gateway(AdminClient),
    /// Our own.
    Ours(Box<Ours>),
}

/// A desk of our own.
pub(super) struct Ours {
    desk: Desktop,
    store: Arc<dyn Store>,
}

/// How many letters a round looks at.
const ROUND: usize = 500;

impl Hands {
    /// Those of this configuration.
    pub(super) fn of(global: &Global) -> Result<Hands, Failure> {
        let (loaded, built) = global.built(MissingSecret::Warning)?;
        if let Some(gateway) = AdminClient::find(built.settings.admin, &built.settings.store)? {
            return Ok(Hands::Gateway(gateway));
        }
        existing(&built.settings.store)?;
        // Acts leave their line in a log, whoever carries them out.
        logs::install(if global.json { Style::Json } else { Style::Human }, Clock::system());
        logs::hide(move |text| loaded.secrets.hide(text));
        let store: Arc<dyn Store> = match gateway::open_store(&built) {
            Ok(store) => store,
            Err(e) => return Err(Failure::Because(locked(&e, built.settings.admin))),
        };
        let engine = gateway::engine(built, &*store).map_err(because)?;
        let desk = Desktop::new(Arc::new(engine), store.clone(), Clock::system()).map_err(|e| because(e.into()))?;
        Ok(Hands::Ours(Box::new(Ours { desk, store })))
    }

    /// Maps a dead letter's record again: the outcome, as the admin API tells it.
    pub(super) fn replay(&self, number: u64) -> Result<Value, Failure> {
        match self {
            Hands::Gateway(g) => g.act(&format!("/admin/v1/dead-letters/{number}/replay"), &json!({})),
            Hands::Ours(o) => match o.desk.replay(number).map_err(fault)? {
                Replayed::NotPossible { message } => Err(Failure::Because(message)),
                outcome => serde_json::to_value(outcome).map_err(|e| because(e.into())),
            },
        }
    }

    /// Maps all open dead letters of that dataset and code again: counts of outcomes. Tells of each round.
    pub(super) fn replay_all(
        &self,
        dataset: Option<&str>,
        code: Option<&str>,
        mut tell: impl FnMut(u64),
    ) -> Result<Counts, Failure> {
        let mut counts = Counts::default();
        match self {
            Hands::Gateway(g) => {
                let mut cursor = Value::Null;
                loop {
                    let ask = json!({ "dataset": dataset, "code": code, "cursor": cursor });
                    let round = g.act("/admin/v1/dead-letters:replay", &ask)?;
                    let count = |name: &str| round.get(name).and_then(Value::as_u64).unwrap_or(0);
                    counts.applied += count("applied");
                    counts.refused_again += count("refused_again");
                    counts.not_possible += count("not_possible");
                    cursor = round.get("next").cloned().unwrap_or(Value::Null);
                    if cursor.is_null() {
                        return Ok(counts);
                    }
                    tell(counts.sum());
                }
            }
            Hands::Ours(o) => {
                let dataset = dataset.map(|d| dataset_number(&*o.store, d)).transpose()?;
                let mut filter = DeadLetterFilter {
                    dataset,
                    code: code.map(str::to_owned),
                    state: Some(DeadLetterState::Open),
                    before: None,
                };
                loop {
                    let letters =
                        o.store.reader().and_then(|mut r| r.dead_letters(&filter, ROUND)).map_err(store_fault)?;
                    for l in &letters {
                        counts.count(&o.desk.replay(l.number).map_err(fault)?);
                    }
                    filter.before = letters.last().map(|l| l.number);
                    if letters.len() < ROUND {
                        return Ok(counts);
                    }
                    tell(counts.sum());
                }
            }
        }
    }

    /// Closes a dead letter for good.
    pub(super) fn discard(&self, number: u64, reason: &str) -> Result<(), Failure> {
        match self {
            Hands::Gateway(g) => {
                g.act(&format!("/admin/v1/dead-letters/{number}/discard"), &json!({ "reason": reason })).map(drop)
            }
            Hands::Ours(o) => match o.desk.discard(number, reason).map_err(fault)? {
                true => Ok(()),
                false => Err(Failure::Because(format!("there is no open dead letter {number}"))),
            },
        }
    }

    /// Accepts what a dataset waits for: what it was.
    pub(super) fn accept(&self, dataset: &str) -> Result<String, Failure> {
        match self {
            Hands::Gateway(g) => {
                let done = g.act(&format!("/admin/v1/datasets/{}/accept", segment(dataset)), &json!({}))?;
                Ok(done.get("done").and_then(Value::as_str).unwrap_or("accepted").to_owned())
            }
            Hands::Ours(o) => match o.desk.accept(dataset, None).map_err(fault)? {
                Some(what) => Ok(format!("accepted {what}")),
                None => Err(Failure::Because(format!("nothing of `{dataset}` waits to be accepted"))),
            },
        }
    }
}

/// What became of many replays.
#[derive(Default, serde::Serialize)]
pub(super) struct Counts {
    pub(super) applied: u64,
    pub(super) refused_again: u64,
    pub(super) not_possible: u64,
}

impl Counts {
    fn sum(&self) -> u64 {
        self.applied + self.refused_again + self.not_possible
    }

    fn count(&mut self, outcome: &Replayed) {
        match outcome {
            Replayed::Applied => self.applied += 1,
            Replayed::RefusedAgain { .. } => self.refused_again += 1,
            Replayed::NotPossible { .. } => self.not_possible += 1,
        }
    }
}

/// A store of that configuration for reading, beside a gateway or without one.
pub(super) fn reading(global: &Global) -> Result<(crate::config::Built, Arc<dyn Store>), Failure> {
    let (_, built) = global.built(MissingSecret::Warning)?;
    let store = gateway::read_store(&built).map_err(because)?;
    Ok((built, store))
}

/// A command that changes a store makes none.
pub(super) fn existing(store: &Path) -> Result<PathBuf, Failure> {
    gateway::half::whole(store).map_err(because)?;
    match store.exists() {
        true => Ok(store.to_owned()),
        false => {
            Err(Failure::Because(format!("there is no store at {} yet; `banyan serve` makes it", store.display())))
        }
    }
}

/// The store's number of a dataset, those of earlier configurations included.
pub(super) fn dataset_number(store: &dyn Store, full: &str) -> Result<u32, Failure> {
    let all = datasets(store)?;
    if let Some((number, _)) = all.iter().find(|(_, name)| name == full) {
        return Ok(*number);
    }
    let known: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).collect();
    Err(Failure::Because(format!("there is no dataset `{full}`; there are: {}", known.join(", "))))
}

/// Every dataset the store knows.
pub(super) fn datasets(store: &dyn Store) -> Result<Vec<(u32, String)>, Failure> {
    let mut out = Vec::new();
    for number in 1.. {
        match store.about("dataset", number).map_err(store_fault)? {
            Some((name, _)) => out.push((number, name)),
            None => break,
        }
    }
    Ok(out)
}

/// A failed read.
pub(super) fn store_fault(e: StoreError) -> Failure {
    Failure::Because(e.to_string())
}

/// Any failure, with its causes.
pub(super) fn because(e: anyhow::Error) -> Failure {
    Failure::Because(format!("{e:#}"))
}

fn fault(e: ActFault) -> Failure {
    Failure::Because(e.to_string())
}

fn locked(e: &anyhow::Error, admin: std::net::SocketAddr) -> String {
    match e.downcast_ref::<StoreError>() {
        Some(StoreError::Locked(_)) => {
            format!("{e:#} (no gateway answers at {admin}, the admin address of this configuration)")
        }
        _ => format!("{e:#}"),
    }
}

fn segment(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
