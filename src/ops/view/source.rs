//! Sources, and what their feeds are doing.

use crate::ops::acts::Feed;
use crate::runtime::ingest::FeedState;
use banyan_adapter::{Halted, Inside};
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
    /// What goes on inside it, told by its adapter.
    pub facts: Vec<FactView>,
    /// Why it stands still until a person has looked.
    pub halted: Option<HaltedView>,
}

/// A fact, with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FactView {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: String,
}

/// Why a source stands still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HaltedView {
    /// Names this halt; tell it when you accept.
    pub id: String,
    /// What kind it is.
    pub code: String,
    /// What happened, and what to do.
    pub message: String,
    /// Since when.
    pub since: String,
    /// Pictures of what was expected and what came.
    pub pictures: Vec<PictureView>,
    /// The path of the same as one drawing (SVG), on this listener, where there is one.
    pub drawing: Option<String>,
    /// What its configuration would have to say so that it goes on.
    pub proposal: Option<String>,
}

/// A picture, as lines of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PictureView {
    /// What it shows.
    pub caption: String,
    /// The lines.
    pub text: String,
}

impl HaltedView {
    fn new(source: &str, h: &Halted) -> HaltedView {
        let picture = |(caption, text): &(String, String)| PictureView { caption: caption.clone(), text: text.clone() };
        HaltedView {
            id: h.id.clone(),
            code: h.code.clone(),
            message: h.message.clone(),
            since: h.since.to_string(),
            pictures: h.pictures.iter().map(picture).collect(),
            // A source's name is one segment of a path as it is.
            drawing: h.drawing.as_ref().map(|_| format!("/sources/{source}/drawing.svg")),
            proposal: h.proposal.clone(),
        }
    }
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
pub fn sources(catalog: &Catalog, feeds: &[Feed], insides: &[(String, Inside)]) -> Vec<SourceView> {
    let fact = |(name, value): &(String, String)| FactView { name: name.clone(), value: value.clone() };
    let inside = |name: &str| insides.iter().find(|(n, _)| n == name).map(|(_, i)| i);
    let source = |(no, s): (usize, &banyan_model::model::Source)| SourceView {
        facts: inside(&s.name).map(|i| i.facts.iter().map(fact).collect()).unwrap_or_default(),
        halted: inside(&s.name).and_then(|i| i.halted.as_ref()).map(|h| HaltedView::new(&s.name, h)),
        name: s.name.clone(),
        adapter: s.adapter.clone(),
        datasets: catalog.datasets.iter().filter(|d| d.source == no).map(|d| d.full.clone()).collect(),
        feeds: feeds.iter().filter(|f| f.source == s.name).map(FeedView::from).collect(),
    };
    catalog.sources.iter().enumerate().map(source).collect()
}
