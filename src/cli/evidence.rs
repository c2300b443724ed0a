//! `banyan evidence`: what differs, what people say of it, and computing decisions again.

use super::migration::gateway;
use super::out::plain;
use super::sweep::Sweep;
use super::{Done, Failure, Global, out};
use crate::config::MissingSecret;
use crate::ops::view::times;
use banyan_migration::bundle::{self, Bundle, Cause};
use banyan_migration::dossier::{Dossier, verify};
use banyan_store::evidence::{EvidenceStore, path_of};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What differs, what people say of it; compute decisions again.
#[derive(Debug, clap::Args)]
pub(super) struct EvidenceCommand {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Compute decisions again from what was kept, offline. Exits with 1 if one does not hold.
    Verify {
        /// A bundle, as `export` writes it.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        file: Option<PathBuf>,
        /// All that are kept beside the store.
        #[arg(long)]
        all: bool,
    },
    /// Print a decision with all it rests on, for `verify` anywhere.
    Export {
        /// Its number, as `verify --all` shows it.
        number: u64,
    },
    /// Show the clusters of a route's mismatches, with samples.
    Clusters {
        /// The route's name, or its path.
        route: String,
    },
    /// Say what a cluster of mismatches is.
    Judge {
        /// The route's name, or its path.
        route: String,
        /// The cluster's number.
        cluster: u64,
        /// `modern-bug`: it stays open. `legacy-bug`, `accepted`: it counts as equal from now on, and the score starts
        /// again. `reopen` takes it back.
        verdict: Verdict,
        /// Why; it is journaled.
        #[arg(long)]
        reason: String,
        /// Who judges; by default the user of this terminal.
        #[arg(long)]
        author: Option<String>,
    },
    /// Compare everything an entity's route can show, where there is too little traffic for the score. Goes on where it
    /// ended; `banyan migration` tells how it stands.
    Sweep(Sweep),
    /// Start a route's score again: something was mended that no build and no hash tells.
    Restart {
        /// The route's name, or its path.
        route: String,
        /// Why; it is noted.
        #[arg(long)]
        reason: String,
        /// Who; by default the user of this terminal.
        #[arg(long)]
        author: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verdict {
    ModernBug,
    LegacyBug,
    Accepted,
    Reopen,
}

impl EvidenceCommand {
    pub(super) fn run(self, global: &Global) -> Done {
        match self.act {
            Act::Verify { file: Some(file), .. } => one(global, &file),
            Act::Verify { file: None, .. } => all(global),
            Act::Export { number } => {
                let found = store(global)?.map(|s| s.bundle(number)).transpose().map_err(because)?.flatten();
                let row = found.ok_or_else(|| {
                    Failure::Because(format!(
                        "there is no bundle {number}; `banyan evidence verify --all` lists those there are"
                    ))
                })?;
                out::json(&serde_json::from_str(&row.document).map_err(because)?);
                Ok(())
            }
            Act::Clusters { route } => clusters(global, &route),
            Act::Judge { route, cluster, verdict, reason, author } => {
                let word = match verdict {
                    Verdict::ModernBug => Some("modern-bug"),
                    Verdict::LegacyBug => Some("legacy-bug"),
                    Verdict::Accepted => Some("accepted"),
                    Verdict::Reopen => None,
                };
                let author = author.unwrap_or_else(super::routes::user);
                let ask =
                    json!({ "route": route, "cluster": cluster, "verdict": word, "reason": reason, "author": author });
                let (_, built) = global.built(MissingSecret::Warning)?;
                let line = gateway(&built)?.act("/admin/v1/migration:judge", &ask)?;
                let text = format!(
                    "{}: {}\n",
                    plain(line["cluster"].as_str().unwrap_or_default()),
                    word.unwrap_or("open again")
                );
                show(global, &line, &text);
                Ok(())
            }
            Act::Sweep(sweep) => sweep.run(global),
            Act::Restart { route, reason, author } => {
                let author = author.unwrap_or_else(super::routes::user);
                let ask = json!({ "route": route, "reason": reason, "author": author });
                let (_, built) = global.built(MissingSecret::Warning)?;
                let done = gateway(&built)?.act("/admin/v1/evidence:restart", &ask)?;
                show(global, &done, &format!("{}: its score starts again\n", plain(&route)));
                Ok(())
            }
        }
    }
}

fn because(e: impl std::fmt::Display) -> Failure {
    Failure::Because(e.to_string())
}

fn show(global: &Global, value: &Value, text: &str) {
    if global.json { out::json(value) } else { out::answer(text) }
}

/// The evidence beside the store, looked at only; `None` before there is any.
fn store(global: &Global) -> Result<Option<EvidenceStore>, Failure> {
    let (_, built) = global.built(MissingSecret::Warning)?;
    EvidenceStore::read(&path_of(&built.settings.store)).map_err(because)
}

/// A bundle's doubts; a file may hold the whole dossier, or the decision alone as the journal has it.
fn doubts(text: &str) -> Result<(Bundle, Vec<String>), String> {
    match serde_json::from_str::<Dossier>(text) {
        Ok(dossier) => {
            let doubts = verify(&dossier);
            Ok((dossier.bundle, doubts))
        }
        Err(e) => match serde_json::from_str::<Bundle>(text) {
            Ok(alone) => {
                let doubts = bundle::verify(&alone).err().map(|d| d.to_string());
                Ok((alone, doubts.into_iter().collect()))
            }
            Err(_) => Err(format!("it is no bundle: {e}")),
        },
    }
}

fn one(global: &Global, file: &Path) -> Done {
    let text = std::fs::read_to_string(file).map_err(|e| because(format!("{}: {e}", file.display())))?;
    let (bundle, doubts) = doubts(&text).map_err(|e| because(format!("{}: {e}", file.display())))?;
    let mut told = line(None, &bundle, &doubts);
    if doubts.is_empty() {
        told.push_str(match &bundle.cause {
            Cause::Person { stood: None, .. } => {
                "a person decided, and no figures go with it: there is nothing to compute\n"
            }
            Cause::Person { .. } => {
                "a person decided; how the evidence stood then, computed again from the file alone, is as told\n"
            }
            _ => "it holds: computed again from the file alone\n",
        });
    }
    show(global, &json!({ "route": bundle.route, "at": bundle.at, "doubts": doubts }), &told);
    if doubts.is_empty() { Ok(()) } else { Err(Failure::Told) }
}

fn all(global: &Global) -> Done {
    let Some(store) = store(global)? else {
        show(global, &json!([]), "there is no evidence yet\n");
        return Ok(());
    };
    let (mut before, mut rows, mut told, mut wrong, mut bare) = (None, Vec::new(), String::new(), 0, 0);
    loop {
        let page = store.bundles(None, before, 100).map_err(because)?;
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        for row in &page {
            let (bundle, doubts) = doubts(&row.document).map_err(|e| because(format!("bundle {}: {e}", row.number)))?;
            wrong += usize::from(!doubts.is_empty());
            bare += usize::from(!bundle.cause.has_figures());
            told.push_str(&line(Some(row.number), &bundle, &doubts));
            rows.push(json!({ "number": row.number, "route": bundle.route, "at": bundle.at, "doubts": doubts }));
        }
    }
    told.push_str(&format!("{} decisions computed again, {wrong} do not hold\n", rows.len() - bare));
    if bare > 0 {
        told.push_str(&format!("{bare} by people, with no figures to compute\n"));
    }
    show(global, &json!(rows), &told);
    if wrong == 0 { Ok(()) } else { Err(Failure::Told) }
}

fn line(number: Option<u64>, bundle: &Bundle, doubts: &[String]) -> String {
    let number = number.map(|n| format!("{n}  ")).unwrap_or_default();
    let (from, to) = (bundle.from.0, bundle.to.0);
    let mut told =
        format!("{number}{} {} {from} -> {to} by {}\n", bundle.at, plain(&bundle.route), plain(&bundle.author));
    doubts.iter().for_each(|d| told.push_str(&format!("   does not hold: {}\n", plain(d))));
    told
}

fn clusters(global: &Global, route: &str) -> Done {
    let (_, built) = global.built(MissingSecret::Warning)?;
    let path: String = route
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    let found = gateway(&built)?.get(&format!("/admin/v1/migration/{path}/clusters"))?;
    if global.json {
        out::json(&found);
        return Ok(());
    }
    let text = |v: &Value, key: &str| plain(v.get(key).and_then(Value::as_str).unwrap_or("-"));
    let mut told = String::new();
    for c in found["items"].as_array().into_iter().flatten() {
        let mut marks: Vec<String> = [("open", "open"), ("critical", "critical")]
            .iter()
            .filter(|(key, _)| c[*key] == true)
            .map(|(_, word)| (*word).to_owned())
            .collect();
        marks.extend(c["verdict"].as_str().map(|v| format!("{v}, said {}: {}", text(c, "by"), text(c, "reason"))));
        told.push_str(&format!(
            "[{}] {} {}: {}, last {}; {}\n",
            c["number"],
            text(c, "at"),
            text(c, "kind"),
            times(c["mismatches"].as_u64().unwrap_or_default()),
            text(c, "last"),
            marks.join(", ")
        ));
        for s in c["samples"].as_array().into_iter().flatten().take(3) {
            told.push_str(&format!(
                "    {} {}: legacy {}, modern {} (trace {})\n",
                text(s, "request"),
                text(s, "at_place"),
                text(s, "legacy"),
                text(s, "modern"),
                text(s, "trace_id")
            ));
            if let Some(dataset) = s["dataset"].as_str() {
                let cells = |key: &str| -> String {
                    let all: Vec<String> =
                        s[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(plain).collect();
                    all.join(", ")
                };
                told.push_str(&format!(
                    "      legacy: {} [{}] = [{}] by {}\n",
                    plain(dataset),
                    cells("columns"),
                    cells("raw"),
                    text(s, "formula")
                ));
            }
        }
    }
    out::answer(if told.is_empty() { "nothing differs\n" } else { &told });
    Ok(())
}
