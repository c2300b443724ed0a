//! `banyan screens record`: a person works in a session, and a draft of a map is written.

use super::super::{Done, Failure, Global, out};
use banyan_screens::record::{RawMode, Terminal};
use banyan_screens::transport::vt::{Config, record};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Work in a session of a terminal, and draft a map of what you saw and pressed.
///
/// Ctrl+] opens the recorder's own line: name the screen, mark fields, finish.
#[derive(Debug, clap::Args)]
pub(super) struct Record {
    /// Where the draft is written; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A host to reach by telnet, in place of a command.
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "command")]
    telnet: Option<String>,
    /// A program to start here, and its arguments; `ssh user@host`, say.
    #[arg(last = true, required_unless_present = "telnet")]
    command: Vec<String>,
}

impl Record {
    pub(super) fn run(&self, global: &Global) -> Done {
        let command = (!self.command.is_empty()).then(|| self.command.clone());
        let config = Config { command, telnet: self.telnet.clone(), ..Config::default() };
        let raw = RawMode::of(&std::io::stdin());
        let raw = raw.map_err(|e| Failure::Because(format!("the terminal cannot be prepared: {e}")))?;
        if raw.is_none() {
            let message = "a person records: standard input must be a terminal";
            return Err(Failure::Usage(message.to_owned()));
        }
        let terminal = Terminal { input: Box::new(std::io::stdin()), output: Box::new(std::io::stdout()) };
        let recorded = record(&config, Path::new("."), &self.out, terminal);
        drop(raw);
        let recorded = recorded.map_err(|fault| Failure::Because(fault.to_string()))?;
        match (global.json, &recorded.file) {
            (true, file) => {
                out::json(&json!({ "file": file, "screens": recorded.screens, "steps": recorded.steps }));
            }
            (false, Some(file)) => {
                let (file, screens, steps) = (file.display(), recorded.screens, recorded.steps);
                out::answer(&format!("{file}: a draft with {screens} screens and {steps} steps\n"));
            }
            (false, None) => out::answer("nothing was kept\n"),
        }
        Ok(())
    }
}
