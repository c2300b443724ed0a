//! `banyan audit`: what was sent to legacy systems, and that nobody changed the record of it.

use super::{Done, Failure, Global, out};
use crate::config::MissingSecret;
use crate::ops::audit;
use clap::Subcommand;
use serde_json::Value;

/// Show what was sent to the sources, or prove that the record of it is whole.
#[derive(Debug, clap::Args)]
pub(super) struct AuditCommand {
    #[command(subcommand)]
    act: Act,
    /// What `discover`, `scaffold` and `screens` sent, which is written down apart.
    #[arg(long, global = true)]
    discover: bool,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Print the newest lines.
    List {
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Of this source only.
        #[arg(long)]
        source: Option<String>,
    },
    /// Follow the chain from the first line to the last.
    Verify,
}

impl AuditCommand {
    pub(super) fn run(self, global: &Global) -> Done {
        let (_, built) = global.built(MissingSecret::Warning)?;
        let path = match self.discover {
            true => audit::discover_path_of(&built.settings.store),
            false => audit::path_of(&built.settings.store),
        };
        match self.act {
            Act::Verify => {
                let found = audit::verify(&path).map_err(|e| Failure::Because(format!("{e:#}")))?;
                let text = format!("{} lines, none changed; {} cut by a kill\n", found.lines, found.cut);
                show(global, &serde_json::json!(found), &text);
            }
            Act::List { limit, source } => {
                let mut lines = std::collections::VecDeque::new();
                let listed = audit::each(&path, |_, _, text| {
                    let Ok(line) = serde_json::from_str::<Value>(text) else { return Ok(()) };
                    if source.as_ref().is_none_or(|s| line.get("source").and_then(Value::as_str) == Some(s)) {
                        lines.push_back(line);
                        if lines.len() > limit {
                            lines.pop_front();
                        }
                    }
                    Ok(())
                });
                listed.map_err(|e| Failure::Because(format!("{e:#}")))?;
                let text: String = lines.iter().map(row).collect();
                show(global, &serde_json::json!(lines), &text);
            }
        }
        Ok(())
    }
}

fn show(global: &Global, json: &Value, text: &str) {
    match global.json {
        true => out::json(json),
        false => out::answer(text),
    }
}

fn row(line: &Value) -> String {
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let number = |name: &str| line.get(name).and_then(Value::as_u64).unwrap_or(0);
    let fault = match text("fault") {
        none if none.is_empty() => String::new(),
        code => format!(" [{code}]"),
    };
    let what = text("what").split_whitespace().collect::<Vec<_>>().join(" ");
    let (at, source, dataset, purpose) = (text("at"), text("source"), text("dataset"), text("purpose"));
    let what = out::plain(&what);
    // A login is for the source as a whole.
    let of = if dataset.is_empty() { source.to_owned() } else { format!("{source}.{dataset}") };
    format!("{at}  {of}  {purpose}  {} rows  {} ms{fault}  {what}\n", number("rows"), number("millis"))
}
