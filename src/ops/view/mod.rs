//! What operators are shown, as plain data: the admin API serves it, the dashboard draws it, the command line prints it.
//!
//! Invariant: everything is read from the store and the catalog at the moment of asking; nothing is remembered here.
//! Not here: HTTP (`admin`), HTML (`pages`).

pub mod consumer;
pub mod contract;
mod dataset;
mod entity;
mod ledger;
mod letter;
pub mod migration;
mod names;
pub mod replay;
mod review;
pub mod route;
mod sizes;
mod source;
mod unit;

pub use dataset::{ColumnView, DatasetView, DriftView, PromiseView, StateWord, SuspendedView, datasets};
pub use entity::{EntityView, FieldView, FormulaView, KeySpaceView, MappingView, entities, entity};
pub use ledger::{DatasetLedger, LedgerRowView, MappingSums, Sums, ledger, totals};
pub use letter::{DeadLetterView, dead_letter, hint_of};
pub use names::Names;
pub use review::{ReviewView, review};
pub use sizes::{Sizes, sizes};
pub use source::{FeedView, FeedWord, SourceView, feed_of, sources};
pub use unit::{UnitView, UnitWord};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list, as the facade's lists have it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, newest first where they have an age.
    pub items: Vec<T>,
    /// Pass it on as `cursor` for the next page; null on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is always whole.
    pub fn whole(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }
}

/// A moment as text (RFC 3339, UTC); empty for one that no calendar holds.
pub fn moment(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|t| t.to_string()).unwrap_or_default()
}

/// A duration in its two largest units.
pub fn duration(seconds: i64) -> String {
    let s = seconds.max(0);
    let two = |large: i64, unit: &str, small: i64, smaller: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {smaller}"),
    };
    match s {
        0..60 => format!("{s} s"),
        60..3_600 => format!("{} min", s / 60),
        3_600..86_400 => two(s / 3_600, "h", s / 60 % 60, "min"),
        _ => two(s / 86_400, "d", s / 3_600 % 24, "h"),
    }
}

/// So often, in words.
pub fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// A score to so many places, without the sign of a nothing.
pub fn figure(score: f64, places: usize) -> String {
    let told = format!("{score:.places$}");
    match told.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| matches!(b, b'0' | b'.')) => rest.to_owned(),
        _ => told,
    }
}
