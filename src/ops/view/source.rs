//! Sources, and what their feeds are doing.

use crate::ops::acts::Feed;
use crate::runtime::ingest::FeedState;
use banyan_model::model::Catalog;
use serde::Serialize;
use utoipa::ToSchema;

/// A legacy system.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceView {
    /// Its name.
    pub name: String,
    /// Which adapter reaches it.
    pub adapter: String,
    /// Its datasets, by full name.
    pub datasets: Vec<String>,
    /// What each of its feeds is doing.
    pub feeds: Vec<FeedView>,
}

/// What a feed is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FeedView {
    /// The dataset, as the adapter knows it (a file with several record types is one feed).
    pub dataset: String,
    /// What it is doing.
    pub is: FeedWord,
    /// The unit being read.
    pub unit: Option<String>,
    /// Why it fails: code.
    pub code: Option<String>,
    /// The same, for a person.
    pub message: Option<String>,
}

/// What a feed is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeedWord {
    /// Opening the source.
    Starting,
    /// Waiting for something new.
    Idle,
    /// Reading a unit.
    Reading,
    /// Waiting for a person to accept changed columns.
    Paused,
    /// The source cannot be used now; tried again.
    Failing,
    /// Stopped.
    Stopped,
}

impl FeedWord {
    /// As shown.
    pub fn word(self) -> &'static str {
        match self {
            FeedWord::Starting => "starting",
            FeedWord::Idle => "idle",
            FeedWord::Reading => "reading",
            FeedWord::Paused => "paused",
            FeedWord::Failing => "failing",
            FeedWord::Stopped => "stopped",
        }
    }
}

impl From<&Feed> for FeedView {
    fn from(feed: &Feed) -> FeedView {
        let is = match &feed.state {
            FeedState::Starting => FeedWord::Starting,
            FeedState::Idle => FeedWord::Idle,
            FeedState::Reading { .. } => FeedWord::Reading,
            FeedState::Paused => FeedWord::Paused,
            FeedState::Failing { .. } => FeedWord::Failing,
            FeedState::Stopped => FeedWord::Stopped,
        };
        let mut view = FeedView { dataset: feed.dataset.clone(), is, unit: None, code: None, message: None };
        match &feed.state {
            FeedState::Reading { unit } => view.unit = Some(unit.clone()),
            FeedState::Failing { code, message } => {
                (view.code, view.message) = (Some(code.clone()), Some(message.clone()));
            }
            _ => {}
        }
        view
    }
}

/// The feed of a dataset.
pub fn feed_of(feeds: &[Feed], source: &str, dataset: &str) -> Option<FeedView> {
    feeds.iter().find(|f| f.source == source && f.dataset == dataset).map(FeedView::from)
}

/// All sources.
pub fn sources(catalog: &Catalog, feeds: &[Feed]) -> Vec<SourceView> {
    let source = |(no, s): (usize, &banyan_model::model::Source)| SourceView {
        name: s.name.clone(),
        adapter: s.adapter.clone(),
        datasets: catalog.datasets.iter().filter(|d| d.source == no).map(|d| d.full.clone()).collect(),
        feeds: feeds.iter().filter(|f| f.source == s.name).map(FeedView::from).collect(),
    };
    catalog.sources.iter().enumerate().map(source).collect()
}
