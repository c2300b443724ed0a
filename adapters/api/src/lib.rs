//! The ports between the gateway and its adapters.
//!
//! Purpose: what an adapter must be ([`Kind`] → [`Prepared`] → [`Connected`]) and what it may offer
//! ([`BlockingFeed`], [`Lookup`], [`Actuator`]).
//! Invariant: checking is apart from connecting. `prepare` is pure and offline and reports every problem at once;
//! `connect` never repeats it. An adapter knows nothing of entities, mappings or the store.
//! Not here: any runtime. Blocking adapters implement [`BlockingFeed`]; the gateway gives each a thread.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod actuator;
mod budget;
mod context;
mod fault;
mod feed;
mod inside;
mod lookup;

pub use actuator::{Actuator, Outcome, Probed, Step};
pub use banyan_words::UnitState;
pub use budget::{Budget, Limits, Permit, Purpose};
pub use context::{Audit, Call, Context, Memory, NoAudit, Sent, Stop, UnitMemo};
pub use fault::{Class, Fault, RefusalDef};
pub use feed::{Ask, BlockingFeed, Delivery, Scope, SnapshotPart, UnitDone, UnitRefused};
pub use inside::{Halted, Inside};
pub use lookup::{Condition, Lookup, Probe, Pushable, Search, Test};

use banyan_words::{Column, Place, Problem, UnitRef, node::Node};
use std::future::Future;
use std::pin::Pin;

/// Work that may wait.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An adapter kind, such as `file-drop`. One value of it, a `const`, is named in the gateway's `adapters.rs`.
pub trait Kind: Sync {
    /// The word after `adapter:`.
    fn name(&self) -> &'static str;
    /// JSON Schema of the keys this kind adds to a source.
    fn source_schema(&self) -> schemars::Schema;
    /// JSON Schema of the keys this kind adds to a dataset.
    fn dataset_schema(&self) -> schemars::Schema;
    /// Keys of a source that may name a YAML file (relative to the configuration). What stands in it is put in place of
    /// its name before [`Kind::prepare`] sees it, so that its faults are shown like those of the configuration.
    fn documents(&self) -> &'static [&'static str] {
        &[]
    }
    /// Every code this kind may give a record or a unit.
    fn refusals(&self) -> &'static [RefusalDef];
    /// Checks a source's configuration: offline, pure, every problem at once (warnings included).
    fn prepare(&self, raw: &RawSource) -> Result<Box<dyn Prepared>, Vec<Problem>>;
}

/// A source's configuration, less the keys that are common to all adapters.
#[derive(Clone, Debug)]
pub struct RawSource {
    /// The source's name.
    pub name: String,
    /// Where it stands, such as `sources.crm`.
    pub path: String,
    /// The directory relative paths start from (that of the configuration file).
    pub base: std::path::PathBuf,
    /// The adapter's own keys of the source.
    pub config: Node,
    /// Its datasets, in order.
    pub datasets: Vec<RawDataset>,
}

/// A dataset's configuration, less the keys that are common to all adapters.
#[derive(Clone, Debug)]
pub struct RawDataset {
    /// The dataset's name within its source.
    pub name: String,
    /// Where it stands, such as `sources.crm.datasets.contacts`.
    pub path: String,
    /// The adapter's own keys.
    pub config: Node,
    /// `content: snapshot`, which an adapter must know to say when a snapshot is complete.
    pub snapshot: bool,
    /// The columns of its `key`; empty for `key: none` and where none is declared.
    pub key: Vec<String>,
}

/// A checked source.
pub trait Prepared: Send + Sync {
    /// Warnings that came up while checking.
    fn warnings(&self) -> Vec<Problem> {
        Vec::new()
    }
    /// The dataset's columns, where the configuration alone tells them; `None` where only the source knows.
    fn columns(&self, dataset: &str) -> Option<Vec<Column>>;
    /// Whether the dataset has a feed: `sync`, files. A dataset without one is only read by key ([`Prepared::looks_up`]).
    fn feeds(&self, _dataset: &str) -> bool {
        true
    }
    /// Whether records of the dataset can be read by key while somebody waits (`read: live`).
    fn looks_up(&self, _dataset: &str) -> bool {
        false
    }
    /// Columns by which a dataset that is read live can be searched ([`Lookup::find`]): those its configuration names, and
    /// those of `indexed` that an index of the table begins with, as a kept schema tells. None where the source knows no
    /// conditions. `columns` are those that are known.
    fn pushes(&self, _dataset: &str, _columns: &[Column], _indexed: &[String]) -> Vec<Pushable> {
        Vec::new()
    }
    /// Whether passes show all there is, or all keys, whatever the dataset's `content` says: what is missing from one of
    /// them is deleted, so the shrink guard holds for it.
    fn whole(&self, _dataset: &str) -> bool {
        false
    }
    /// The dataset whose feed delivers this one as well, in units of their own that are committed as one; it may be this
    /// dataset itself. Batches then name the dataset they are of in their shapes. `None`: it has a feed of its own.
    fn together(&self, _dataset: &str) -> Option<String> {
        None
    }
    /// What must be equal for two readings of one record to mean the same: a hash of format, encoding and columns.
    fn reading_hash(&self, dataset: &str) -> u64;
    /// Where a value stood, for a person, where line and offset do not say it: screen, page, row and columns. `column`
    /// `None`: the whole record.
    fn locate(&self, _dataset: &str, _column: Option<&str>, _unit: &UnitRef, _place: Place) -> Option<String> {
        None
    }
    /// Reads one local file as that dataset would be read, for `banyan try` and `inspect`. At most `limit` rows.
    fn read_file(&self, dataset: &str, path: &std::path::Path, limit: usize)
    -> Result<Vec<banyan_words::Batch>, Fault>;
    /// Opens the source.
    fn connect(&self, cx: Context) -> Task<'_, Result<Box<dyn Connected>, Fault>>;
}

/// An open source.
pub trait Connected: Send + Sync {
    /// The feed of a dataset; `None` where it has none.
    fn feed(&self, dataset: &str) -> Option<Box<dyn BlockingFeed>>;
    /// Reads by key while somebody waits; `None` where the source cannot.
    fn lookup(&self) -> Option<&dyn Lookup> {
        None
    }
    /// Carries out steps; `None` where nothing is written.
    fn actuator(&self) -> Option<&dyn Actuator> {
        None
    }
    /// What goes on inside, for operators. Asks nobody.
    fn inside(&self) -> Inside {
        Inside::default()
    }
    /// A person has looked at the halt of that id (`None`: whatever it is) and lets the source go on; what was accepted,
    /// or `None` if nothing waits. Another halt than that one is not accepted.
    fn accept(&self, _halt: Option<&str>) -> Result<Option<String>, Fault> {
        Ok(None)
    }
    /// Whether the source can be used now, told for an operator.
    fn health(&self) -> Task<'_, Health>;
    /// What the source holds.
    fn discover(&self) -> Task<'_, Result<Vec<Found>, Fault>>;
    /// The same of what bears one of those names only: nothing else is looked at where the source can help it.
    fn discover_named(&self, names: Vec<String>) -> Task<'_, Result<Vec<Found>, Fault>> {
        Box::pin(async move {
            let mut found = self.discover().await?;
            found.retain(|f| names.iter().any(|n| f.answers_to(n)));
            Ok(found)
        })
    }
}

/// Whether a source can be used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// It can.
    pub ok: bool,
    /// What a person should know: `folder drop/crm is readable`, or what is wrong.
    pub message: String,
}

/// A dataset that discovery found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its name, or a proposal for one.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// A few records, each as the texts of its columns.
    pub sample: Vec<Vec<String>>,
    /// What a database's catalog tells besides.
    pub table: Option<FoundTable>,
}

impl Found {
    /// Whether a person who writes `name` may mean this: `CUSTMAS`, `dbo.CUSTMAS`, `dbo.[ORDER NO]`, in any case.
    pub fn answers_to(&self, name: &str) -> bool {
        let plain = |text: &str| text.replace(['[', ']', '"', '`'], "").to_lowercase();
        let name = plain(name);
        plain(&self.name) == name || self.table.as_ref().is_some_and(|t| plain(&t.name) == name)
    }
}

/// What a database's catalog tells of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundTable {
    /// Its schema (SQL Server: `dbo`), where the server has such.
    pub schema: Option<String>,
    /// Its name, as the server spells it.
    pub name: String,
    /// A view.
    pub view: bool,
    /// Columns of its primary key, or of a unique index without nulls; empty where there is none.
    pub key: Vec<String>,
    /// Its indexes: name, columns in order, and whether no two rows have the same.
    pub indexes: Vec<(String, Vec<String>, bool)>,
    /// Rows, as the server's statistics estimate them.
    pub rows: Option<u64>,
    /// For each column its type as the server spells it.
    pub server_types: Vec<String>,
    /// For each column whether it may be null.
    pub nullable: Vec<bool>,
    /// Its foreign keys; `None` where the catalog does not tell of any.
    pub references: Option<Vec<FoundReference>>,
}

/// A foreign key: whose key some columns of a table hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundReference {
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The other table's schema, where the server has such.
    pub schema: Option<String>,
    /// The other table.
    pub table: String,
    /// The columns there, in the same order; empty where the catalog does not say: then they are its key.
    pub theirs: Vec<String>,
}
