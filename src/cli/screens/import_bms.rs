//! `banyan screens import-bms`: a draft of a map from CICS map source.

use super::super::{Done, Failure, Global, out};
use banyan_screens::bms;
use serde_json::json;
use std::path::PathBuf;

/// Draft a screen map from CICS map source (BMS macros), to be completed by hand.
#[derive(Debug, clap::Args)]
pub(super) struct ImportBms {
    /// The source: DFHMSD, DFHMDI and DFHMDF macros.
    file: PathBuf,
}

impl ImportBms {
    pub(super) fn run(&self, global: &Global) -> Done {
        let shown = self.file.display();
        let bytes = std::fs::read(&self.file).map_err(|e| Failure::Because(format!("{shown} cannot be read: {e}")))?;
        let name = self.file.file_stem().map_or_else(|| "map".into(), |n| n.to_string_lossy().to_lowercase());
        let imported = bms::import(&name, &String::from_utf8_lossy(&bytes));
        if imported.screens == 0 {
            let told = "there are no maps with fields (DFHMDI, DFHMDF) in it";
            return Err(Failure::Because(format!("{shown}: {told}")));
        }
        if global.json {
            let notes: Vec<_> = imported.notes.iter().map(|(l, m)| json!({ "line": l, "message": m })).collect();
            out::json(&json!({ "screens": imported.screens, "map": imported.yaml, "notes": notes }));
            return Ok(());
        }
        for (line, message) in &imported.notes {
            eprintln!("{shown}:{line}: {message}");
        }
        out::answer(&imported.yaml);
        Ok(())
    }
}
