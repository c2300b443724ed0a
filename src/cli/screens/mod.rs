//! `banyan screens`: what people do with maps, flows and traces.
//!
//! Invariant: a flow that commits runs only if that is said; nothing is accepted that was not shown.
//! Not here: how a flow runs (`adapters/screens`).

mod accept;
mod import_bms;
mod record;
mod replay;
mod run;
mod show;

use super::discover::alone;
use super::{Done, Failure, Global};
use crate::config::{Alone, Loaded};
use banyan_screens::kind::{Offline, prepare};

/// Old screens: run a flow, look at screens and traces, accept a screen that changed, draft a map.
#[derive(Debug, clap::Args)]
pub(super) struct Screens {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Run a flow of a source's map, and print what it brings.
    Run(run::Run),
    /// Run a trace again without the far side, and tell where it differs.
    Replay(replay::Replay),
    /// Work in a session of a terminal, and draft a map of what you saw and pressed.
    Record(record::Record),
    /// Show the pictures of a trace, or a screen as kept traces saw it last.
    Show(show::Show),
    /// Look at the screen that stopped a map, keep the proposed new version, and let the source go on.
    Accept(accept::Accept),
    /// Draft a screen map from CICS map source (BMS macros).
    ImportBms(import_bms::ImportBms),
}

impl Screens {
    pub(super) fn run(&self, global: &Global) -> Done {
        match &self.what {
            What::Run(c) => c.run(global),
            What::Replay(c) => c.run(global),
            What::Record(c) => c.run(global),
            What::Show(c) => c.run(global),
            What::Accept(c) => c.run(global),
            What::ImportBms(c) => c.run(global),
        }
    }
}

/// A source of screens by itself, checked.
fn source(global: &Global, name: &str) -> Result<(Loaded, Alone, Offline), Failure> {
    let (loaded, part, alone) = alone(global, name)?;
    if part.keys.adapter != "screens" {
        let message = format!("`{name}` is reached by the adapter `{}`, which has no screens", part.keys.adapter);
        return Err(Failure::Usage(message));
    }
    // Its problems were told when it was prepared the first time.
    let offline = prepare(&alone.raw).map_err(|_| Failure::Told)?;
    Ok((loaded, alone, offline))
}
