//! `banyan accept`: what a dataset waits for is meant.

use super::hands::Hands;
use super::{Done, Global, out};
use serde_json::json;

/// Accept a dataset's changed columns, or deletions that wait.
#[derive(Debug, clap::Args)]
pub(super) struct Accept {
    /// The dataset, as in `crm.contacts`.
    dataset: String,
}

impl Accept {
    pub(super) fn run(&self, global: &Global) -> Done {
        let said = Hands::of(global)?.accept(&self.dataset)?;
        match global.json {
            true => out::json(&json!({ "dataset": self.dataset, "done": said })),
            false => out::answer(&format!("{}: {}\n", self.dataset, out::plain(&said))),
        }
        Ok(())
    }
}
