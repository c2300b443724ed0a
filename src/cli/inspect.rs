//! `banyan inspect FILE`: guesses what a file is, and writes the `format:` that reads it.

use super::guess::{Guess, guess};
use super::{Done, Failure, Global, out};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// How much of the file is looked at.
const LOOKED_AT: u64 = 256 << 10;

/// Guess what a file is, and how to say so in the configuration.
#[derive(Debug, clap::Args)]
pub(super) struct Inspect {
    /// The file.
    file: PathBuf,
}

impl Inspect {
    pub(super) fn run(&self, global: &Global) -> Done {
        let unreadable = |e: std::io::Error| Failure::Because(format!("cannot read {}: {e}", self.file.display()));
        let mut bytes = Vec::new();
        let file = File::open(&self.file).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        file.take(LOOKED_AT).read_to_end(&mut bytes).map_err(unreadable)?;
        let guess = guess(&bytes, size > LOOKED_AT);
        match global.json {
            true => out::json(&guess.to_json()),
            false => out::answer(&text(&guess, &self.file.display().to_string(), size)),
        }
        Ok(())
    }
}

fn text(guess: &Guess, file: &str, size: u64) -> String {
    let mut text = format!("{file}: {size} bytes, {}\n", guess.what());
    if let Some(format) = &guess.format {
        text.push_str(&format!("\n        format: {format}\n"));
    }
    if !guess.columns.is_empty() {
        text.push_str(&format!("\ncolumns: {}\n", guess.columns.join(", ")));
    }
    for note in &guess.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}
