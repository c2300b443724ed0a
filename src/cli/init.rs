//! `banyan init`: a small configuration to begin with, and a file it reads.
//!
//! Invariant: nothing that is there is overwritten.

use super::{Done, Failure, Global, out};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is written, by path.
const FILES: [(&str, &str); 3] = [
    ("banyan.yaml", include_str!("init/banyan.yaml")),
    ("lookups/category.csv", include_str!("init/category.csv")),
    ("drop/crm/contacts_20260101.csv", include_str!("init/contacts.csv")),
];

/// Write a small configuration to begin with.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The directory it goes to.
    #[arg(default_value = ".")]
    directory: PathBuf,
}

impl Init {
    pub(super) fn run(&self, global: &Global) -> Done {
        let there: Vec<&str> = FILES.iter().map(|f| f.0).filter(|f| self.directory.join(f).exists()).collect();
        if !there.is_empty() {
            let message = format!("{} is there already; nothing was written", there.join(", "));
            return Err(Failure::Because(message));
        }
        for (file, text) in FILES {
            write(&self.directory.join(file), text)?;
        }
        let config = self.directory.join("banyan.yaml");
        match global.json {
            true => out::json(&json!({ "written": FILES.map(|(file, _)| self.directory.join(file)) })),
            false => {
                for (file, _) in FILES {
                    out::answer(&format!("wrote {}\n", self.directory.join(file).display()));
                }
                let config = config.display();
                out::answer(&format!(
                    "\nnext:\n  banyan check --config {config}\n  banyan try {} --config {config}\n  banyan serve --config {config}\n",
                    self.directory.join("drop/crm/contacts_20260101.csv").display()
                ));
            }
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> Done {
    let failed = |e: std::io::Error| Failure::Because(format!("cannot write {}: {e}", path.display()));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
