//! A checked source of this kind: what `prepare` hands to `connect`.

use crate::map::{FlowNo, Map};
use crate::transport::{Text, Transport};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// See the module.
#[derive(Clone)]
pub struct Spec {
    /// The source's name.
    pub name: String,
    /// The map.
    pub map: Arc<Map>,
    /// The map's file, where it has one of its own: a proposed version is written beside it.
    pub file: Option<PathBuf>,
    /// How the far side is reached. Opens nothing by itself.
    pub transport: Arc<dyn Transport>,
    /// Who logs in (`login: { user, password }`); empty texts where the flow needs none.
    pub login: Login,
    /// Its datasets.
    pub datasets: Vec<Arc<DatasetSpec>>,
    /// How many traces are kept (`traces`, default 50).
    pub traces: usize,
}

/// Who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: Text,
    /// The password, a secret.
    pub password: Text,
}

/// A checked dataset. It has a pass, or a read, or both (checked).
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetSpec {
    /// Its name within the source.
    pub name: String,
    /// The columns of its key; empty where it has none.
    pub key: Vec<String>,
    /// How all of it is read.
    pub pass: Option<PassSpec>,
    /// How one record is read by key.
    pub read: Option<ReadSpec>,
}

/// `flow` and `sync: { mode: full, every }`.
#[derive(Clone, Debug, PartialEq)]
pub struct PassSpec {
    /// The flow. It commits nothing (checked).
    pub flow: FlowNo,
    /// What it is given, always the same.
    pub given: Vec<(String, String)>,
    /// How often.
    pub every: Duration,
}

/// `read: { flow, with }`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadSpec {
    /// The flow. It commits nothing (checked).
    pub flow: FlowNo,
    /// What it is given: name, and the place in [`DatasetSpec::key`] of the column whose value it takes.
    pub with: Vec<(String, usize)>,
}

impl Spec {
    /// The dataset of that name.
    pub fn dataset(&self, name: &str) -> Option<&Arc<DatasetSpec>> {
        self.datasets.iter().find(|d| d.name == name)
    }
}
