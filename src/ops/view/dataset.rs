//! A dataset: what state it is in, what it read last, how fresh it is, what waits for a person.

use super::{DatasetLedger, FeedView, FeedWord, Names, UnitView, UnitWord, feed_of, moment, totals};
use crate::ops::acts::Feed;
use crate::runtime::ingest::{ColumnState, DatasetState};
use crate::runtime::serving::Serving;
use banyan_model::model::{Content, DatasetNo};
use banyan_store::{Reader, Result};
use serde::Serialize;
use utoipa::ToSchema;

/// How many of a dataset's newest units are looked at for the last finished one.
const UNITS_LOOKED_AT: usize = 20;

/// How many refused files are shown.
const REFUSED_SHOWN: usize = 50;

/// A dataset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DatasetView {
    /// Its full name, as in `crm.contacts`.
    pub name: String,
    /// Its source.
    pub source: String,
    /// The state it is in; where several apply, the one that most wants a person.
    pub state: StateWord,
    /// `snapshot` or `changes`.
    pub content: String,
    /// The columns of its key; empty for records without one.
    pub key: Vec<String>,
    /// The mappings that read it.
    pub mappings: Vec<String>,
    /// What its feed is doing; null where no gateway runs.
    pub feed: Option<FeedView>,
    /// Start of the last successful pass that would have shown a change (for a file the date of its data).
    pub as_of: Option<String>,
    /// Seconds since then.
    pub age_seconds: Option<i64>,
    /// Its promise of freshness, if it makes one.
    pub promise: Option<PromiseView>,
    /// The newest unit, whatever became of it.
    pub last_unit: Option<UnitView>,
    /// The newest unit that was read to its end.
    pub last_finished: Option<UnitView>,
    /// Files that were refused as a whole, and neither read since under their name nor, in a snapshot, replaced by a newer
    /// one: what they hold is not served. Newest first, at most 50.
    pub refused: Vec<UnitView>,
    /// Sums over all units.
    pub ledger: DatasetLedger,
    /// Dead letters that wait.
    pub dead_letters_open: u64,
    /// Changed columns that wait for a person; the dataset stands still meanwhile.
    pub drift: Option<DriftView>,
    /// Deletions that wait for a person; everything else goes on.
    pub suspended: Option<SuspendedView>,
}

/// The state of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StateWord {
    /// Its source cannot be used now.
    Failing,
    /// Its columns changed; it stands still until a person accepts them.
    Drifted,
    /// Its newest unit was refused as a whole.
    Refused,
    /// Deletions wait for a person.
    Suspended,
    /// Its promise of freshness is broken.
    Late,
    /// A unit is being read.
    Reading,
    /// Its source is being opened.
    Starting,
    /// All is well; waiting for something new.
    Idle,
    /// No feed runs.
    Stopped,
}

impl StateWord {
    /// Every state.
    pub const ALL: [StateWord; 9] = [
        StateWord::Failing,
        StateWord::Drifted,
        StateWord::Refused,
        StateWord::Suspended,
        StateWord::Late,
        StateWord::Reading,
        StateWord::Starting,
        StateWord::Idle,
        StateWord::Stopped,
    ];

    /// As shown.
    pub fn word(self) -> &'static str {
        match self {
            StateWord::Failing => "failing",
            StateWord::Drifted => "drifted",
            StateWord::Refused => "refused",
            StateWord::Suspended => "suspended",
            StateWord::Late => "late",
            StateWord::Reading => "reading",
            StateWord::Starting => "starting",
            StateWord::Idle => "idle",
            StateWord::Stopped => "stopped",
        }
    }
}

/// A promise of freshness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PromiseView {
    /// At most so many seconds old.
    pub seconds: u64,
    /// Whether it is kept now. Before the first unit it is not.
    pub kept: bool,
}

/// Changed columns.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DriftView {
    /// The unit that showed them.
    pub unit: String,
    /// What differs, a sentence each.
    pub differences: Vec<String>,
    /// The columns that were accepted before.
    pub accepted: Vec<ColumnView>,
    /// The columns found.
    pub found: Vec<ColumnView>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ColumnView {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
}

/// Deletions that wait.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuspendedView {
    /// The snapshot's unit.
    pub unit: String,
    /// Why they wait.
    pub reason: String,
    /// Records that would be deleted.
    pub missing: u64,
    /// Records there are.
    pub of: u64,
    /// Accepted already: carried out when the unit is read again.
    pub accepted: bool,
}

/// All datasets of the catalog, in its order.
pub fn datasets(serving: &Serving, reader: &mut dyn Reader, feeds: &[Feed], now_ms: i64) -> Result<Vec<DatasetView>> {
    let names = Names::new(&*serving.store, Some(&serving.catalog));
    let open = reader.dead_letter_counts()?;
    let count = |stored| open.iter().find(|(d, _)| *d == stored).map_or(0, |(_, n)| *n);
    (0..serving.catalog.datasets.len())
        .map(|no| {
            let stored = serving.catalog.datasets[no].stored;
            dataset(serving, reader, &names, no, feeds, count(stored), now_ms)
        })
        .collect()
}

fn dataset(
    serving: &Serving,
    reader: &mut dyn Reader,
    names: &Names<'_>,
    no: DatasetNo,
    feeds: &[Feed],
    dead_letters_open: u64,
    now_ms: i64,
) -> Result<DatasetView> {
    let catalog = &serving.catalog;
    let d = &catalog.datasets[no];
    let source = &catalog.sources[d.source].name;
    let document = reader.dataset(d.stored)?;
    let kept: DatasetState = document.and_then(|d| serde_json::from_str(&d).ok()).unwrap_or_default();
    let units: Vec<UnitView> =
        reader.units(Some(d.stored), None, UNITS_LOOKED_AT)?.into_iter().map(UnitView::from).collect();
    let mut refused = reader.refused_units(d.stored, REFUSED_SHOWN)?;
    if d.content == Content::Snapshot
        && let Some(newest) = reader.newest_order(d.stored)?
    {
        refused.retain(|u| u.key.order > newest);
    }
    let read = |u: &&UnitView| matches!(u.state, UnitWord::Done | UnitWord::Unacknowledged);
    let as_of = serving.freshness.get(no);
    let age = as_of.map(|at| (now_ms - at).max(0));
    let promise = d.fresh.map(|fresh| PromiseView {
        seconds: fresh.as_secs(),
        kept: age.is_some_and(|age| age as u128 <= fresh.as_millis()),
    });
    let mut view = DatasetView {
        name: d.full.clone(),
        source: source.clone(),
        state: StateWord::Idle,
        content: if d.content == Content::Snapshot { "snapshot" } else { "changes" }.to_owned(),
        key: d.key.clone(),
        mappings: catalog.mappings_of(no).map(|(_, m)| m.name.clone()).collect(),
        feed: feed_of(feeds, source, &d.feed),
        as_of: as_of.map(moment),
        age_seconds: age.map(|ms| ms / 1000),
        promise,
        last_finished: units.iter().find(read).cloned(),
        refused: refused.into_iter().map(UnitView::from).collect(),
        last_unit: units.into_iter().next(),
        ledger: totals(reader, names, d.stored)?,
        dead_letters_open,
        drift: drift(&kept),
        suspended: suspended(&kept),
    };
    view.state = state(&view);
    Ok(view)
}

fn drift(kept: &DatasetState) -> Option<DriftView> {
    let columns = |cs: &[ColumnState]| {
        cs.iter().map(|c| ColumnView { name: c.name.clone(), ty: c.ty.to_string() }).collect::<Vec<_>>()
    };
    kept.drift.as_ref().map(|d| DriftView {
        unit: d.unit.clone(),
        differences: d.differences.clone(),
        accepted: columns(&kept.columns),
        found: columns(&d.columns),
    })
}

fn suspended(kept: &DatasetState) -> Option<SuspendedView> {
    kept.suspended.as_ref().map(|s| SuspendedView {
        unit: s.unit.clone(),
        reason: s.reason.clone(),
        missing: s.missing,
        of: s.of,
        accepted: s.accepted,
    })
}

/// What most wants a person comes first.
fn state(d: &DatasetView) -> StateWord {
    let feed = d.feed.as_ref().map(|f| f.is);
    if feed == Some(FeedWord::Failing) {
        StateWord::Failing
    } else if d.drift.is_some() {
        StateWord::Drifted
    } else if d.last_unit.as_ref().is_some_and(|u| u.state == UnitWord::Refused) {
        StateWord::Refused
    } else if d.suspended.as_ref().is_some_and(|s| !s.accepted) {
        StateWord::Suspended
    } else if d.promise.is_some_and(|p| !p.kept) {
        StateWord::Late
    } else {
        match feed {
            Some(FeedWord::Reading) => StateWord::Reading,
            Some(FeedWord::Starting) => StateWord::Starting,
            Some(FeedWord::Idle | FeedWord::Paused | FeedWord::Failing) => StateWord::Idle,
            Some(FeedWord::Stopped) | None => StateWord::Stopped,
        }
    }
}
