//! A checked dataset, ready to be read.

use crate::Dialect;
use crate::fit::searchable;
use crate::text::ReadFrom;
use banyan_adapter::Pushable;
use banyan_words::{Column, Problem, Type, codec};
use std::sync::Arc;
use std::time::Duration;

/// A checked dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetSpec {
    /// Its name.
    pub name: String,
    /// What it is read from.
    pub from: ReadFrom,
    /// Its key; empty where there is none.
    pub key: Vec<String>,
    /// How it is brought up to date; `None` where it is only read live.
    pub sync: Option<SyncSpec>,
    /// It may be read by key while somebody waits.
    pub live: bool,
    /// Columns by which live lists may search.
    pub find_by: Vec<String>,
    /// Rows of one page.
    pub page_rows: usize,
}

/// How a dataset is brought up to date.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncSpec {
    /// The mode; `None`: the best the server allows.
    pub mode: Option<Mode>,
    /// The growing column, where one is named.
    pub column: Option<String>,
    /// How far back a watermark looks again, where it is said.
    pub lag: Option<Duration>,
    /// Time between the beginnings of two passes, where it is said.
    pub every: Option<Duration>,
    /// Time between two comparisons of all keys, where it is said.
    pub deletes: Option<Duration>,
    /// Datasets that are read and committed as one, in the order in which they are read; empty where this one is alone.
    pub together: Vec<String>,
}

/// How changes are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everything in one SELECT.
    Full,
    /// Everything, page by page along the key.
    Keyset,
    /// What a growing column says is new.
    Watermark,
    /// What SQL Server's rowversion says is new.
    Rowversion,
    /// What SQL Server's change tracking says changed.
    ChangeTracking,
}

impl Mode {
    /// As it is written in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Full => "full",
            Mode::Keyset => "keyset",
            Mode::Watermark => "watermark",
            Mode::Rowversion => "rowversion",
            Mode::ChangeTracking => "change-tracking",
        }
    }

    /// Time between passes, where the configuration says none.
    pub fn every(self) -> Duration {
        match self {
            Mode::Full | Mode::Keyset => Duration::from_secs(15 * 60),
            Mode::Watermark | Mode::Rowversion | Mode::ChangeTracking => Duration::from_secs(60),
        }
    }
}

/// What a mode can miss, for its users.
pub fn misses(mode: Mode) -> &'static str {
    match mode {
        Mode::Full => {
            "nothing that is there when a pass reads it; a record that came and went between two passes is never seen"
        }
        Mode::Keyset => {
            "a record whose key changes while a pass runs (that pass may not see it, and then it is deleted until the \
             next one); a record that came and went between two passes is never seen"
        }
        Mode::Watermark => {
            "deletions (unless `deletes` finds them), changes that do not set the column, records in which it is null \
             after the first pass, and transactions that commit later than `lag` after the time they wrote"
        }
        Mode::Rowversion => "deletions, unless `deletes` finds them",
        Mode::ChangeTracking => {
            "nothing within the server's retention; after a longer silence everything is read again, and a record that \
             came and went meanwhile is never seen"
        }
    }
}

/// The checked datasets of a source.
#[derive(Clone, Debug, Default)]
pub struct Datasets {
    /// They, in order.
    pub all: Vec<Arc<DatasetSpec>>,
    /// What is probably not as meant.
    pub warnings: Vec<Problem>,
    /// What the server will speak, where that is known before it is asked.
    pub dialect: Option<Dialect>,
}

impl Datasets {
    /// The one of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<DatasetSpec>> {
        self.all.iter().find(|d| d.name == name)
    }

    /// See [`banyan_adapter::Prepared::feeds`].
    pub fn feeds(&self, name: &str) -> bool {
        self.get(name).is_some_and(|d| d.sync.is_some())
    }

    /// See [`banyan_adapter::Prepared::together`].
    pub fn together(&self, name: &str) -> Option<String> {
        self.get(name)?.sync.as_ref()?.together.first().cloned()
    }

    /// See [`banyan_adapter::Prepared::looks_up`].
    pub fn looks_up(&self, name: &str) -> bool {
        self.get(name).is_some_and(|d| d.live)
    }

    /// See [`banyan_adapter::Prepared::pushes`].
    pub fn pushes(&self, name: &str, columns: &[Column], indexed: &[String]) -> Vec<Pushable> {
        // Of a query nobody knows the types to cast to, nor which index it leads to.
        let table = |d: &&Arc<DatasetSpec>| d.live && !d.key.is_empty() && matches!(d.from, ReadFrom::Table(_));
        let Some(d) = self.get(name).filter(table) else { return Vec::new() };
        let named = d.find_by.iter().enumerate().map(|(i, c)| (c, Some(format!("find_by[{i}]"))));
        let besides = indexed.iter().filter(|c| !d.find_by.contains(c)).map(|c| (c, None));
        let one = |(column, named): (&String, Option<String>)| {
            let known = columns.iter().find(|c| c.name == *column).filter(|c| c.ty != Type::Any);
            let (equal, range) = match (known, self.dialect) {
                (_, Some(Dialect::Bare)) => (false, false),
                (Some(c), Some(dialect)) => searchable(dialect, &c.ty),
                // What the server turns out not to compare safely is refused when it is asked.
                _ => (true, true),
            };
            Pushable { column: column.clone(), equal, range, named }
        };
        named.chain(besides).map(one).collect()
    }

    /// See [`banyan_adapter::Prepared::reading_hash`]: a table's values mean the same however they are fetched.
    pub fn reading_hash(&self, name: &str) -> u64 {
        self.get(name).map_or(0, |d| codec::hash(format!("{:?}", d.from).as_bytes(), 0x5153))
    }
}
