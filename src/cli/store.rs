//! `banyan store verify`: whether the store agrees with itself.

use super::hands::{reading, store_fault};
use super::{Done, Failure, Global, out};
use serde_json::json;

/// Look after the store.
#[derive(Debug, clap::Args)]
pub(super) struct StoreCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check that ids, indexes, ledger and raw records agree.
    Verify,
}

impl StoreCommand {
    pub(super) fn run(&self, global: &Global) -> Done {
        let What::Verify = self.what;
        let (_, store) = reading(global)?;
        let faults = store.verify().map_err(store_fault)?;
        match global.json {
            true => out::json(&json!({ "sound": faults.is_empty(), "faults": faults })),
            false if faults.is_empty() => out::answer("the store is sound\n"),
            false => out::answer(&faults.iter().map(|f| format!("{f}\n")).collect::<String>()),
        }
        if faults.is_empty() { Ok(()) } else { Err(Failure::Told) }
    }
}
