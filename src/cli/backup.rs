//! `banyan backup`: a copy of the store while it works, and of what belongs to its state (`parts`).

use super::hands::{reading, store_fault};
use super::{Done, Global, out, parts};
use crate::config::MissingSecret;
use serde_json::json;
use std::path::PathBuf;

/// Copy the store, evidence, and the journal of routes, while the gateway works, into new files.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The file to write; it must not be there yet, and neither its companions (FILE.evidence.db, …).
    file: PathBuf,
}

impl Backup {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, store) = reading(global)?;
        let (_, built) = global.built(MissingSecret::Warning)?;
        let with = parts::back_up(&built.settings.store, &self.file)?;
        // Last: a copy of the store is never there without what belongs to it.
        store.backup(&self.file).map_err(store_fault).inspect_err(|_| parts::forget(&self.file))?;
        let bytes = std::fs::metadata(&self.file).map_or(0, |m| m.len());
        match global.json {
            true => out::json(&json!({ "file": self.file.display().to_string(), "bytes": bytes, "parts": with })),
            false => out::answer(&format!("backed up to {} ({bytes} bytes)\n", self.file.display())),
        }
        Ok(())
    }
}
