//! `banyan screens replay`: a trace is the far side; what the map would do now is compared with what was done then.

use super::super::{Done, Failure, Global, out};
use super::source;
use banyan_screens::trace;
use serde_json::json;
use std::path::PathBuf;

/// Run a trace again without the far side, and tell where it differs.
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    /// The source.
    source: String,
    /// The trace's file.
    trace: PathBuf,
}

impl Replay {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, _, offline) = source(global, &self.source)?;
        let failed = |e| Failure::Because(format!("{} cannot be read: {e}", self.trace.display()));
        let text = std::fs::read_to_string(&self.trace).map_err(failed)?;
        let replayed = trace::replay(&offline.spec.map, &text);
        let (ran, differs) = match replayed {
            Ok(ran) => (Some(ran), None),
            Err(fault) => (None, Some(fault)),
        };
        if global.json {
            let end = ran.as_ref().map(|r| format!("{:?}", r.end));
            let fault = differs.as_ref().map(|f| json!({ "code": f.code, "message": f.message }));
            out::json(&json!({ "same": differs.is_none(), "end": end, "fault": fault }));
        } else if let Some(ran) = &ran {
            let n = ran.records.len();
            out::answer(&format!("the same as recorded: {n} record{}\n", if n == 1 { "" } else { "s" }));
        }
        match differs {
            None => Ok(()),
            Some(_) if global.json => Err(Failure::Told),
            Some(fault) => Err(Failure::Because(fault.to_string())),
        }
    }
}
