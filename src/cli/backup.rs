//! `banyan backup`: a copy of the store while it works.

use super::hands::{reading, store_fault};
use super::{Done, Global, out};
use serde_json::json;
use std::path::PathBuf;

/// Copy the store, while the gateway works, into a new file.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The file to write; it must not be there yet.
    file: PathBuf,
}

impl Backup {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, store) = reading(global)?;
        store.backup(&self.file).map_err(store_fault)?;
        let bytes = std::fs::metadata(&self.file).map_or(0, |m| m.len());
        match global.json {
            true => out::json(&json!({ "file": self.file.display().to_string(), "bytes": bytes })),
            false => out::answer(&format!("backed up to {} ({bytes} bytes)\n", self.file.display())),
        }
        Ok(())
    }
}
